//! Everything that one scenario has in its hands, and the one place where it waits.
//!
//! A scenario is one task. Whenever it waits, for whatever reason, [`World::drive`] serves all
//! sockets of all its actors: it reads what comes, answers by reflex, writes what waits. So
//! nothing depends on the order in which tasks happen to run, and a message is judged by when it
//! was read, not by when a step looks at it.

use std::collections::HashMap;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::actor::{Actor, Due, Item, ItemKind};
use super::connection::READ_SIZE;
use super::datagrams::DATAGRAM_SIZE;
use super::lateness::Lateness;
use super::listening::dropped;
use super::names::{Generator, UsedNames};
use super::outgoing::address;
use super::session::{Arrival, Session};
use super::sockets::socket_variable;
use super::subject::Subject;
use super::target::Shared;
use crate::matching::{Amount, Lookup, Reference, evaluate};
use crate::plan::{CLIENT_PORT, PROGRAM, ProtocolPlan, ScenarioPlan, StepPlace, WireName};
use crate::protocol::Transport;
use crate::scenario::{Quantity, Variable, parse_duration};
use crate::source::Span;
use crate::stable_hash::stable_hash;
use crate::transcript::{Bytes, Cause, End, Transcript, Use, What};
use crate::verdict::Finding;
use crate::wire::{EncodeError, Message, Value};

/// The longest that a scenario may take.
const MAX_SCENARIO: Duration = Duration::from_secs(600);

/// Reads of one socket in one turn; then the others have theirs.
const READS_PER_TURN: usize = 2;

/// How many messages of all sockets are taken in one turn: a flood must not keep this thread from
/// feeling its own pulse.
const MESSAGES_PER_TURN: usize = 100;

/// How long a scenario may keep its thread to itself.
const TURN: Duration = Duration::from_millis(5);

/// How many times it may go on without a look at the clock.
const TURNS_PER_LOOK: usize = 8;

/// The most automatic answers of one actor that wait for their time.
const MAX_DUE: usize = 10_000;

pub(super) struct World {
    pub protocol: Arc<ProtocolPlan>,
    pub scenario: Arc<ScenarioPlan>,
    pub shared: Arc<Shared>,
    pub subject: Subject,
    pub actors: Vec<Actor>,
    /// The name on the wire of a client program.
    pub program_name: String,
    /// What of its standard output and standard error steps have taken already, in lines.
    pub read_up_to: [usize; 2],
    pub transcript: Transcript,
    pub findings: Vec<Finding>,
    pub start: Instant,
    /// What the clock said when it was last looked at.
    pub clock: Instant,
    /// The run was interrupted, and this scenario has noticed.
    pub stopped: bool,
    pub last_action: Instant,
    pub last_send: Option<Instant>,
    /// Captured values and loop variables.
    pub saved: HashMap<Arc<str>, Value>,
    pub marks: HashMap<Arc<str>, Instant>,
    /// Values of parameters on this target.
    pub params: HashMap<Arc<str>, String>,
    /// The probes of fences so far: text and prober.
    pub probes: Vec<(String, usize)>,
    /// The last of them is under way.
    pub probing: bool,
    /// A message of somebody who is not of this scenario was seen.
    pub strangers: bool,
    /// The setup runs: whatever it breaks, the scenario cannot be judged on top of it.
    pub setting_up: bool,
    /// Findings, by index, that show by themselves which rule is broken.
    pub named: Vec<usize>,
    /// The step that is running, for the transcript.
    pub step: Option<Span>,
    /// The step that is running, for blame.
    pub place: Arc<StepPlace>,
    /// When the scenario is given up.
    pub must_end: Instant,
    /// What the probes of this scenario begin with.
    pub nonce_prefix: String,
    pub lateness: Lateness,
    /// How many datagrams the system had lost at the server's socket before.
    pub lost_before: u64,
    pub rng: StdRng,
    /// What is read goes here first. Kept, since clearing it anew would cost more than the reading.
    space: Box<[u8]>,
    /// What was read and is not in an inbox yet. Kept for the same reason.
    arrivals: Vec<Arrival>,
    timer: Pin<Box<Sleep>>,
    interrupted: Pin<Box<WaitForCancellationFutureOwned>>,
    /// The greatest delay with which this task itself was woken when its time had come.
    pub worst_delay: Duration,
    /// An inbox has room again, so its socket must be looked at once more.
    pub look_again: bool,
    /// Whose turn it is to be read first: that of the one whom a flood on others kept waiting.
    next_served: usize,
    /// Since when this scenario has had its thread to itself.
    turn_began: Instant,
    /// How often it could have let others run.
    turns: usize,
}

/// What a world is made of.
pub(super) struct Setting {
    pub protocol: Arc<ProtocolPlan>,
    pub scenario: Arc<ScenarioPlan>,
    pub shared: Arc<Shared>,
    pub subject: Subject,
    pub params: HashMap<Arc<str>, String>,
    pub lateness: Lateness,
    pub rng: StdRng,
}

impl World {
    pub(super) fn new(setting: Setting, used: &UsedNames) -> Self {
        let now = Instant::now();
        let Setting {
            protocol,
            scenario,
            shared,
            subject,
            params,
            lateness,
            mut rng,
        } = setting;
        let scenario_span = scenario.id.span.clone();
        let mut names = wire_names(&protocol, &scenario, used, &mut rng);
        let program_name = names.pop_if(|_| scenario.program.is_some());
        let actor = |(plan, name): (&crate::plan::ActorPlan, String)| {
            Actor::new(Arc::clone(&plan.label), name, &protocol)
        };
        let mut actors: Vec<Actor> = scenario.actors.iter().zip(names).map(actor).collect();
        for (index, actor) in actors.iter_mut().enumerate() {
            actor.owner = index;
        }
        let space = match protocol.transport {
            Transport::Tcp => READ_SIZE,
            Transport::Udp => DATAGRAM_SIZE,
        };
        let interrupted = Box::pin(shared.stop.clone().cancelled_owned());
        let mut world = Self {
            protocol,
            scenario,
            shared,
            subject,
            actors,
            program_name: String::new(),
            read_up_to: [0; 2],
            transcript: Transcript::default(),
            findings: Vec::new(),
            start: now,
            clock: now,
            stopped: false,
            last_action: now,
            last_send: None,
            saved: HashMap::new(),
            marks: HashMap::new(),
            params,
            probes: Vec::new(),
            probing: false,
            strangers: false,
            setting_up: false,
            named: Vec::new(),
            step: None,
            place: Arc::new(StepPlace {
                span: scenario_span,
                used_at: None,
                rules: Vec::new(),
                macro_rule: None,
            }),
            must_end: now + MAX_SCENARIO,
            nonce_prefix: String::new(),
            lateness,
            lost_before: 0,
            rng,
            space: vec![0; space].into_boxed_slice(),
            arrivals: Vec::new(),
            timer: Box::pin(tokio::time::sleep_until(now)),
            interrupted,
            worst_delay: Duration::ZERO,
            look_again: false,
            next_served: 0,
            turn_began: now,
            turns: 0,
        };
        world.fix_names();
        world.name_program(program_name.unwrap_or_default());
        if world.has_datagrams() {
            world.lost_before = dropped(&[world.subject.address().port()]);
        }
        world
    }

    /// The name of the client program, and what else of it steps can name.
    fn name_program(&mut self, generated: String) {
        let scenario = Arc::clone(&self.scenario);
        let Some(program) = &scenario.program else {
            return;
        };
        self.program_name = match &program.wire_name {
            WireName::Fixed(expr) => match expr.evaluate(&self.names(None)) {
                Ok(Some(Value::Text(text))) => text,
                _ => generated,
            },
            _ => generated,
        };
        let name = Value::Text(self.program_name.clone());
        self.saved.insert(PROGRAM.into(), name);
        let port = Value::Int(self.subject.address().port().into());
        self.saved.insert(CLIENT_PORT.into(), port);
    }

    /// Names that the scenario gives itself; they may refer to generated ones.
    fn fix_names(&mut self) {
        let scenario = Arc::clone(&self.scenario);
        for (index, actor) in scenario.actors.iter().enumerate() {
            if let WireName::Fixed(expr) = &actor.wire_name {
                let value = expr.evaluate(&self.names(Some(index)));
                if let Ok(Some(Value::Text(text))) = value {
                    self.actors[index].name = text;
                }
            }
        }
    }

    /// What the clock says. Where it need not be exact, [`clock`](Self::clock) costs less.
    pub(super) fn look_at_clock(&mut self) -> Instant {
        self.clock = Instant::now();
        self.clock
    }

    /// Time since the start of the scenario.
    pub(super) fn elapsed(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.start)
    }

    /// Adds an event that happens now, to the running step.
    pub(super) fn note(&mut self, actor: Option<usize>, what: What) -> usize {
        let label = actor.map(|index| Arc::clone(&self.actors[index].label));
        let at = self.elapsed(Instant::now());
        self.transcript.add(at, label, self.step.clone(), what)
    }

    /// Serves all sockets until `ready` gives something or the time has come.
    pub(super) async fn drive<R>(
        &mut self,
        until: Instant,
        mut ready: impl FnMut(&mut Self) -> Option<R>,
    ) -> Option<R> {
        let mut waits_since = None;
        poll_fn(|cx| {
            loop {
                self.serve(cx);
                if let Some(found) = ready(self) {
                    return Poll::Ready(Some(found));
                }
                if std::mem::take(&mut self.look_again) {
                    continue;
                }
                if self.interrupted.as_mut().poll(cx).is_ready() {
                    self.stopped = true;
                    return Poll::Ready(None);
                }
                let next = self.next_due();
                let wake = next.map_or(until, |due| due.min(until));
                // One that fires too early costs less than setting it for each message.
                if self.timer.is_elapsed() || self.timer.deadline() > wake {
                    self.timer.as_mut().reset(wake);
                }
                if self.timer.as_mut().poll(cx).is_pending() {
                    waits_since.get_or_insert(self.clock);
                    return Poll::Pending;
                }
                let now = self.look_at_clock();
                if now >= until {
                    // Time that the scenario itself has spent before is no delay of the thread.
                    let due = until.max(*waits_since.get_or_insert(now));
                    let delay = now.saturating_duration_since(due);
                    self.worst_delay = self.worst_delay.max(delay);
                    return Poll::Ready(None);
                }
            }
        })
        .await
    }

    /// Serves all sockets, and waits for nothing.
    pub(super) async fn serve_once(&mut self) {
        poll_fn(|cx| {
            self.serve(cx);
            Poll::Ready(())
        })
        .await;
    }

    /// Serves all sockets while a future that does not need them runs.
    pub(super) async fn drive_beside<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        poll_fn(|cx| {
            self.serve(cx);
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            if let Some(due) = self.next_due() {
                self.timer.as_mut().reset(due);
                if self.timer.as_mut().poll(cx).is_ready() {
                    cx.waker().wake_by_ref();
                }
            }
            Poll::Pending
        })
        .await
    }

    /// When something is due without anything happening on a socket.
    fn next_due(&self) -> Option<Instant> {
        let codec = &self.protocol.codec;
        let due = |actor: &Actor| {
            let session = actor
                .session
                .as_ref()
                .filter(|_| actor.reading && !actor.is_full());
            let rest = session.and_then(|session| session.rest_due(codec));
            actor.next_due().into_iter().chain(rest).min()
        };
        self.actors.iter().filter_map(due).min()
    }

    fn serve(&mut self, cx: &mut Context<'_>) {
        let count = self.actors.len();
        let mut budget = MESSAGES_PER_TURN;
        let begin = std::mem::take(&mut self.next_served);
        for index in (0..count).map(|step| (begin + step) % count) {
            if self.actors[index].session.is_none() {
                continue;
            }
            if budget > 0 {
                self.read(index, cx, &mut budget);
                if budget == 0 {
                    self.next_served = (index + 1) % count;
                    cx.waker().wake_by_ref();
                }
            }
            self.answer(index);
            self.write(index, cx);
        }
        self.take_program_events(cx);
    }

    /// Lets others run when this scenario has had its thread for a while.
    pub(super) async fn share_thread(&mut self) {
        self.turns += 1;
        if !self.turns.is_multiple_of(TURNS_PER_LOOK) {
            return;
        }
        self.stopped |= self.shared.stop.is_cancelled();
        if self.look_at_clock().duration_since(self.turn_began) >= TURN {
            tokio::task::yield_now().await;
            self.turn_began = self.look_at_clock();
        }
    }

    fn read(&mut self, index: usize, cx: &mut Context<'_>, budget: &mut usize) {
        for turn in 0..=READS_PER_TURN {
            let actor = &mut self.actors[index];
            if !actor.reading || actor.is_full() {
                return;
            }
            if turn == READS_PER_TURN || *budget == 0 {
                come_back_later(cx);
                return;
            }
            let Some(session) = &mut actor.session else {
                return;
            };
            let codec = &self.protocol.codec;
            let arrivals = &mut self.arrivals;
            let mut keep = |arrival| arrivals.push(arrival);
            let more = session.poll_read(cx, codec, *budget, &mut self.space, &mut keep);
            let rested = session
                .rest_due(codec)
                .is_some_and(|due| due <= Instant::now());
            if rested && more.is_pending() {
                session.rest(codec, *budget, &mut keep);
            }
            let last = session.last_read();
            *budget = budget.saturating_sub(self.arrivals.len());
            self.take_in(index, last);
            if !matches!(more, Poll::Ready(true)) {
                return;
            }
        }
    }

    /// Puts what was read into the inbox; it came when its last byte did, at `moment`, or now.
    fn take_in(&mut self, index: usize, moment: Option<Instant>) {
        if self.arrivals.is_empty() {
            return;
        }
        let now = moment.unwrap_or_else(Instant::now);
        self.clock = self.clock.max(now);
        let mut arrivals = std::mem::take(&mut self.arrivals);
        for arrival in arrivals.drain(..) {
            let at = match arrival {
                Arrival::Ended(_) => Instant::now(),
                _ => now,
            };
            self.arrived(index, at, arrival);
        }
        self.arrivals = arrivals;
    }

    fn arrived(&mut self, index: usize, now: Instant, arrival: Arrival) {
        let direction = self.protocol.receives();
        let mut from = None;
        let (size, what, kind) = match arrival {
            Arrival::Message {
                message,
                bytes,
                source,
            } => {
                from = source;
                self.trigger(index, now, &message, source);
                let size = bytes.total;
                let message = Arc::new(message);
                let what = What::Received {
                    direction,
                    message: Arc::clone(&message),
                    bytes,
                    use_: Use::Unread,
                };
                (size, what, ItemKind::Message(message))
            }
            Arrival::Malformed {
                offset,
                reason,
                bytes,
            } => {
                let shown = Bytes::from(bytes.as_slice());
                let what = What::Malformed {
                    direction,
                    bytes: shown,
                    reason: reason.clone(),
                };
                (bytes.len(), what, ItemKind::Malformed { offset, reason })
            }
            Arrival::Unfinished { missing, bytes } => {
                let shown = Bytes::from(bytes.as_slice());
                let what = What::Unfinished {
                    direction,
                    bytes: shown,
                    missing: missing.clone(),
                };
                (bytes.len(), what, ItemKind::Unfinished { missing })
            }
            Arrival::Ended(how) => {
                self.actors[index].ended = Some(how);
                (0, What::Ended(how), ItemKind::Ended(how))
            }
        };
        let label = Arc::clone(&self.actors[index].label);
        let at = self.elapsed(now);
        let event = self.transcript.add(at, Some(label), None, what);
        if from.is_some() {
            self.subject.note_accepted(&self.shared);
        }
        let actor = &mut self.actors[index];
        if actor.closed.is_none() {
            let mut item = Item::new(now, event, size, kind);
            item.source = from;
            actor.put(item);
        } else if actor.ended.is_some() {
            actor.session = None;
        }
    }

    /// A connection that was refused is over before it has begun.
    pub(super) fn refuse(&mut self, index: usize) {
        self.actors[index].forget_connection();
        self.arrived(index, Instant::now(), Arrival::Ended(End::Reset));
    }

    /// Makes the automatic answers to a message.
    fn trigger(
        &mut self,
        index: usize,
        now: Instant,
        message: &Message,
        source: Option<SocketAddr>,
    ) {
        let protocol = Arc::clone(&self.protocol);
        let owner = self.owner(index);
        for (number, reflex) in protocol.reflexes.iter().enumerate() {
            if !reflex.when.contains(&message.kind) {
                continue;
            }
            let actor = &self.actors[index];
            if actor.closed.is_some() || actor.due.len() >= MAX_DUE {
                continue;
            }
            if !self.actors[owner].reflexes[number] {
                self.actors[owner].unanswered += 1;
                continue;
            }
            let names = Names {
                got: Some(message),
                source,
                ..self.names(Some(index))
            };
            let mut fields = Vec::with_capacity(reflex.with.len());
            let mut absent = Vec::new();
            for (name, expr) in &reflex.with {
                match expr.evaluate(&names) {
                    Ok(Some(value)) => fields.push((name.as_str(), value)),
                    Ok(None) => absent.push(name.as_str()),
                    Err(_) => {}
                }
            }
            let to = reflex.to.as_ref().and_then(|to| to.evaluate(&names).ok()?);
            let to = to.as_ref().and_then(address).or(source);
            let delay = reflex
                .delay
                .as_ref()
                .and_then(|delay| self.time(delay).ok());
            match self.encode(index, &reflex.send, fields, &absent, &[]) {
                Ok((bytes, sent)) => {
                    let at = now + delay.unwrap_or_default();
                    self.actors[index].due.push_back(Due {
                        at,
                        bytes,
                        message: sent,
                        to,
                    });
                }
                Err(error) => {
                    let text = format!("the reflex {} could not answer: {error}", reflex.name);
                    self.note(Some(index), What::Note(text));
                }
            }
        }
    }

    /// Queues the answers whose time has come.
    fn answer(&mut self, index: usize) {
        while self.actors[index]
            .next_due()
            .is_some_and(|due| due <= Instant::now())
        {
            let Some(due) = self.actors[index].due.pop_front() else {
                return;
            };
            let session = self.actors[index].session.as_ref();
            if !session.is_some_and(Session::has_room_for_answers) {
                continue;
            }
            let copies = self.actors[self.owner(index)].copies.unwrap_or(1);
            for _ in 0..copies {
                let (bytes, message) = (due.bytes.clone(), due.message.clone());
                self.queue(index, bytes, message, Cause::Reflex, due.to);
            }
        }
    }

    /// Puts bytes behind those that wait to be written, and writes that down.
    pub(super) fn queue(
        &mut self,
        index: usize,
        bytes: Vec<u8>,
        message: Option<Message>,
        cause: Cause,
        to: Option<SocketAddr>,
    ) {
        let session = self.actors[index].session.as_mut();
        let queued = session.is_none_or(|session| session.queue(&bytes, to));
        let direction = self.protocol.sends();
        let label = Arc::clone(&self.actors[index].label);
        let step = if cause == Cause::Step {
            self.step.clone()
        } else {
            None
        };
        let what = What::Sent {
            direction,
            message,
            bytes: bytes.into(),
            cause,
        };
        let at = self.elapsed(Instant::now());
        self.transcript.add(at, Some(label), step, what);
        if !queued {
            let text = "not sent: too many bytes wait already".to_owned();
            self.note(Some(index), What::WriteFailed(text));
        }
    }

    /// Writes what the system takes at once.
    pub(super) async fn write_now(&mut self, actors: &[usize]) {
        poll_fn(|cx| {
            for &actor in actors {
                self.write(actor, cx);
            }
            Poll::Ready(())
        })
        .await;
    }

    fn write(&mut self, index: usize, cx: &mut Context<'_>) {
        let Some(session) = &mut self.actors[index].session else {
            return;
        };
        if let Some(error) = session.poll_write(cx) {
            self.note(Some(index), What::WriteFailed(error.to_string()));
        }
    }

    /// The bytes of a message, and the message as it is decoded.
    pub(super) fn encode(
        &self,
        index: usize,
        kind: &str,
        fields: Vec<(&str, Value)>,
        absent: &[&str],
        bends: &[crate::wire::Bend],
    ) -> Result<(Vec<u8>, Option<Message>), EncodeError> {
        let actor = &self.actors[self.owner(index)];
        let own = |name: &str| own_value(actor, name);
        let codec = &self.protocol.codec;
        let direction = self.protocol.sends();
        codec.encode_and_read(direction, kind, fields, absent, bends, &own)
    }

    /// Values of variables, as a step of this actor sees them.
    pub(super) fn names(&self, actor: Option<usize>) -> Names<'_> {
        Names {
            world: self,
            actor: actor.map(|index| self.owner(index)),
            locals: &[],
            got: None,
            source: None,
            nonce: None,
        }
    }

    /// Computes a quantity from numbers, parameters, captured values and marks.
    pub(super) fn amount(&self, quantity: &Quantity) -> Result<Amount, String> {
        let name = |variable: &Variable| self.named_amount(&variable.name);
        evaluate(quantity, &name).map_err(|unknown| unknown.0)
    }

    pub(super) fn named_amount(&self, name: &str) -> Option<Amount> {
        let nanos = |time: Duration| i128::try_from(time.as_nanos()).ok().map(Amount::Time);
        if let Some(moment) = self.moment(name) {
            return nanos(self.elapsed(moment));
        }
        let text = match self.saved.get(name) {
            Some(Value::Int(number)) => return Some(Amount::Number(*number)),
            Some(Value::Text(text)) => text.clone(),
            Some(_) => return None,
            None => self.params.get(name)?.clone(),
        };
        match text.trim().parse() {
            Ok(number) => Some(Amount::Number(number)),
            Err(_) => parse_duration(&text).and_then(nanos),
        }
    }

    /// The moment that a mark names.
    pub(super) fn moment(&self, name: &str) -> Option<Instant> {
        if name == "last_sent" {
            return self.last_send;
        }
        self.marks.get(name).copied()
    }

    /// A quantity that is a time; negative ones count as zero.
    pub(super) fn time(&self, quantity: &Quantity) -> Result<Duration, String> {
        match self.amount(quantity)? {
            Amount::Time(nanos) => Ok(duration(nanos)),
            Amount::Number(0) => Ok(Duration::ZERO),
            Amount::Number(number) => Err(format!("{number} is a number and no time")),
        }
    }
}

/// Has the task polled again after everything else had its turn, timers and other sockets
/// included: who floods one actor delays nobody else.
fn come_back_later(cx: &mut Context<'_>) {
    let _ = std::pin::pin!(tokio::task::yield_now()).poll(cx);
}

pub(super) fn duration(nanos: i128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos.max(0)).unwrap_or(u64::MAX / 2))
}

fn wire_names(
    protocol: &ProtocolPlan,
    scenario: &ScenarioPlan,
    used: &UsedNames,
    rng: &mut StdRng,
) -> Vec<String> {
    let shape = StdRng::seed_from_u64(stable_hash(&scenario.id.title));
    let mut generator = Generator::new(&protocol.names, used, shape);
    let mut names: Vec<String> = Vec::new();
    for actor in &scenario.actors {
        names.push(match &actor.wire_name {
            WireName::SameLengthAs(_) => String::new(),
            WireName::Generated | WireName::Fixed(_) => generator.next(rng),
        });
    }
    if scenario.program.is_some() {
        names.push(generator.next(rng));
    }
    for (index, actor) in scenario.actors.iter().enumerate() {
        if let WireName::SameLengthAs(other) = actor.wire_name {
            let length = names.get(other).map_or(0, String::len);
            names[index] = generator.of_length(length, rng);
        }
    }
    names
}

fn own_value(actor: &Actor, name: &str) -> Option<Value> {
    match name {
        "name" => Some(Value::Text(actor.name.clone())),
        name => {
            let variable = actor.variables.get(name).cloned();
            variable.or_else(|| socket_variable(actor, name))
        }
    }
}

/// Values of variables as one step sees them.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub world: &'a World,
    pub actor: Option<usize>,
    pub locals: &'a [(Arc<str>, Value)],
    pub got: Option<&'a Message>,
    pub source: Option<SocketAddr>,
    pub nonce: Option<&'a str>,
}

impl Names<'_> {
    /// The actor that a word means here: itself, or the member of a crowd that does the step.
    fn member(&self, group: usize) -> Option<&Actor> {
        let group = self.world.scenario.groups.get(group)?;
        let own = self.actor.filter(|actor| group.members.contains(actor));
        let index = own.or_else(|| (group.members.len() == 1).then_some(group.members.start))?;
        self.world.actors.get(index)
    }
}

impl Lookup for Names<'_> {
    fn value(&self, reference: &Reference) -> Option<Value> {
        match reference {
            Reference::NameOf(group) => Some(Value::Text(self.member(*group)?.name.clone())),
            Reference::VariableOf(group, name) => own_value(self.member(*group)?, name),
            Reference::Own(name) => own_value(self.world.actors.get(self.actor?)?, name),
            Reference::Got(field) => self.got?.field(field).cloned(),
            Reference::Nonce => Some(Value::Text(self.nonce?.to_owned())),
            Reference::Source => Some(Value::Text(self.source?.to_string())),
            Reference::Named(name) => {
                let local = self.locals.iter().find(|(known, _)| known == name);
                if let Some((_, value)) = local {
                    return Some(value.clone());
                }
                if let Some(value) = self.world.saved.get(name) {
                    return Some(value.clone());
                }
                if let Some(text) = self.world.params.get(name) {
                    return Some(
                        text.parse()
                            .map_or_else(|_| Value::Text(text.clone()), Value::Int),
                    );
                }
                let consts = self.world.protocol.codec.consts();
                consts
                    .iter()
                    .find(|(known, _)| **known == **name)
                    .map(|(_, value)| value.clone())
            }
        }
    }
}

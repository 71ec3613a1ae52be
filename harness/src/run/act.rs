//! What actors do.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::outgoing::part_of;
use super::problem::Problem;
use super::session::MAX_UNSENT;
use super::stop::{Done, Stop, undecided};
use super::world::{Names, World};
use crate::plan::{ActPlan, PartPlan, PayloadPlan, SendPlan, StepPlace, Who, count_of};
use crate::scenario::Order;
use crate::transcript::{Cause, Close, End, What};
use crate::wire::{Bend, EncodeError, Message, Value};

/// How long a write may wait for a peer that does not read, and automatic answers for their turn.
const WRITE_PATIENCE: Duration = Duration::from_secs(2);

/// The pause between the pieces of one message, when the step names none: enough that they
/// travel apart.
const GAP: Duration = Duration::from_millis(1);

/// The most times that one part of a write is repeated.
const MAX_REPEAT: usize = 1_000_000;

/// Bytes, the message that they are, and the kind that a step has named.
pub(super) type Piece = (Vec<u8>, Option<Message>, Option<Arc<str>>);

impl World {
    /// Does what a step says, one member of a group after the other.
    pub(super) async fn act(&mut self, place: &Arc<StepPlace>, who: Who, act: &ActPlan) -> Done {
        for actor in self.members(who) {
            match act {
                ActPlan::Connect { fresh } => {
                    let known = &self.actors[actor];
                    if *fresh || !known.is_open() {
                        self.connect(actor, place).await?;
                    }
                }
                ActPlan::Send(send) => self.send(place, actor, send).await?,
                ActPlan::Never(pattern) => {
                    self.ensure_connected(actor, place).await?;
                    let place = Arc::clone(place);
                    let saved = self.saved.iter();
                    let never = super::actor::Never {
                        pattern: Arc::clone(pattern),
                        locals: saved.map(|(n, v)| (Arc::clone(n), v.clone())).collect(),
                        place,
                    };
                    self.actors[actor].never.push(never);
                }
                ActPlan::Open => self.check_open(place, actor).await?,
                ActPlan::Close(close, mark) => {
                    self.ensure_connected(actor, place).await?;
                    self.pace(actor).await;
                    self.begin_close(actor, *close);
                    self.finish_close(actor, *close).await;
                    self.action_done(mark.as_ref());
                }
                ActPlan::Reflexes(on) => {
                    for (number, reflex) in self.actors[actor].reflexes.iter_mut().enumerate() {
                        *reflex = on.contains(&number);
                    }
                }
                ActPlan::Ignore(kinds) => {
                    let known = &mut self.actors[actor];
                    known.ignored.extend(kinds.iter().cloned());
                    known.judged.retain(|judged| !kinds.contains(judged));
                }
                ActPlan::Judge(kinds) => {
                    let known = &mut self.actors[actor];
                    known.judged.extend(kinds.iter().cloned());
                    known.ignored.retain(|ignored| !kinds.contains(ignored));
                }
                ActPlan::Set(values) => {
                    for (name, expr) in values {
                        let value = expr.evaluate(&self.names(Some(actor))).map_err(undecided)?;
                        let value = value.unwrap_or(Value::Null);
                        self.actors[actor].variables.insert(name.clone(), value);
                    }
                }
                ActPlan::Reading(reading) => {
                    for inbox in self.inboxes(actor) {
                        self.actors[inbox].reading = *reading;
                    }
                }
                ActPlan::Network { copies } => self.actors[actor].copies = *copies,
                ActPlan::ReceiveBuffer(size) => self.actors[actor].receive_buffer = Some(*size),
            }
        }
        Ok(())
    }

    /// Something was done: windows count from now.
    pub(super) fn action_done(&mut self, mark: Option<&Arc<str>>) {
        let now = self.look_at_clock();
        self.last_action = now;
        if let Some(mark) = mark {
            self.marks.insert(Arc::clone(mark), now);
        }
    }

    async fn send(&mut self, place: &Arc<StepPlace>, actor: usize, send: &SendPlan) -> Done {
        self.ensure_connected(actor, place).await?;
        if self.actors[actor].closed.is_some() {
            return Err(undecided(format!(
                "{} has closed its connection and cannot send; connect it again first",
                self.actors[actor].label
            )));
        }
        if self.has_datagrams() {
            self.wait_for_listener(actor, place).await?;
            let outgoing = self.datagrams(place, actor, send).await?;
            self.pace(actor).await;
            self.note_sent(actor, &outgoing);
            let (turn, event) = (self.transcript.turns() + 1, self.transcript.len() + 1);
            let used = self.put_out(actor, outgoing, Cause::Step)?;
            if send.order == Order::Shuffled {
                for event in event..=self.transcript.len() {
                    self.transcript.share_turn(event, turn);
                }
            }
            self.flush(&used).await;
            self.last_send = Some(Instant::now());
            self.action_done(send.mark.as_ref());
            return Ok(());
        }
        let pieces = self.compose(actor, send)?;
        self.pace(actor).await;
        self.note_answers(actor, &pieces);
        if send.chunks.is_empty() {
            let (bytes, messages) = joined(pieces, send);
            self.enqueue(actor, bytes, messages);
            self.flush(&[actor]).await;
        } else {
            self.send_in_chunks(actor, send, pieces).await?;
        }
        self.action_done(send.mark.as_ref());
        self.last_send = Some(self.last_action);
        Ok(())
    }

    /// Writes of several actors back to back.
    pub(super) async fn together(&mut self, steps: &[crate::plan::StepPlan]) -> Done {
        use crate::plan::StepPlanKind as Kind;
        let mut writes = Vec::new();
        for step in steps {
            let Kind::Act(who, act) = &step.kind else {
                continue;
            };
            for actor in self.members(*who) {
                self.ensure_connected(actor, &step.place).await?;
                let (mut pieces, mut outgoing) = (Vec::new(), Vec::new());
                match act {
                    ActPlan::Send(send) if self.has_datagrams() => {
                        outgoing = self.datagrams(&step.place, actor, send).await?;
                    }
                    ActPlan::Send(send) => pieces = self.compose(actor, send)?,
                    _ => {}
                }
                writes.push((actor, act, (pieces, outgoing), &step.place));
            }
        }
        for (actor, ..) in &writes {
            self.pace(*actor).await;
        }
        let mut actors: Vec<usize> = writes.iter().map(|(actor, ..)| *actor).collect();
        let mut closing = Vec::new();
        for (actor, act, (pieces, outgoing), place) in writes {
            self.step = Some(place.span.clone());
            match act {
                ActPlan::Send(_) if self.has_datagrams() => {
                    self.note_sent(actor, &outgoing);
                    actors.extend(self.put_out(actor, outgoing, Cause::Step)?);
                }
                ActPlan::Send(send) => {
                    self.note_answers(actor, &pieces);
                    let (bytes, messages) = joined(pieces, send);
                    self.enqueue(actor, bytes, messages);
                }
                ActPlan::Close(close, _) => {
                    self.begin_close(actor, *close);
                    closing.push((actor, *close));
                }
                _ => {}
            }
        }
        self.flush(&actors).await;
        for (actor, close) in closing {
            self.finish_close(actor, close).await;
        }
        let now = Instant::now();
        self.last_send = Some(now);
        self.last_action = now;
        for step in steps {
            if let Kind::Act(_, ActPlan::Send(send)) = &step.kind
                && let Some(mark) = &send.mark
            {
                self.marks.insert(Arc::clone(mark), now);
            }
        }
        Ok(())
    }

    /// The bytes of a step, message by message.
    pub(super) fn compose(&self, actor: usize, send: &SendPlan) -> Result<Vec<Piece>, Stop> {
        let mut pieces = Vec::with_capacity(send.parts.len());
        let mut total = 0;
        for part in &send.parts {
            let (count, variable) = self.repetition(actor, part)?;
            for turn in 1..=count {
                let local = variable.map(|name| {
                    (
                        Arc::clone(name),
                        Value::Int(i128::try_from(turn).unwrap_or(i128::MAX)),
                    )
                });
                let locals: Vec<(Arc<str>, Value)> = local.into_iter().collect();
                let names = Names {
                    locals: &locals,
                    ..self.names(Some(actor))
                };
                let (bytes, message) = self.payload(actor, &part.payload, &names)?;
                let kind = match &part.payload {
                    PayloadPlan::Message { kind, .. } => Some(Arc::clone(kind)),
                    PayloadPlan::Raw(_) => None,
                };
                let piece = (bytes, message, kind);
                total += piece.0.len();
                if total > MAX_UNSENT {
                    return Err(undecided("a step may send at most 64 MiB"));
                }
                pieces.push(piece);
            }
        }
        Ok(pieces)
    }

    fn repetition<'p>(
        &self,
        actor: usize,
        part: &'p PartPlan,
    ) -> Result<(usize, Option<&'p Arc<str>>), Stop> {
        let Some((count, variable)) = &part.repeat else {
            return Ok((1, None));
        };
        let value = count
            .evaluate(&self.names(Some(actor)))
            .map_err(undecided)?;
        match count_of(value.as_ref()).filter(|count| *count <= MAX_REPEAT) {
            Some(count) => Ok((count, variable.as_ref())),
            None => Err(undecided(format!(
                "`repeat` is a number up to {MAX_REPEAT}"
            ))),
        }
    }

    pub(super) fn payload(
        &self,
        actor: usize,
        payload: &PayloadPlan,
        names: &Names<'_>,
    ) -> Result<(Vec<u8>, Option<Message>), Stop> {
        match payload {
            PayloadPlan::Raw(expr) => match expr.evaluate(names).map_err(undecided)? {
                Some(Value::Bytes(bytes)) => Ok((bytes, None)),
                Some(Value::Text(text)) => Ok((text.into_bytes(), None)),
                _ => Err(undecided("`raw` is bytes or text")),
            },
            PayloadPlan::Message { kind, with, bend } => {
                let mut fields = Vec::with_capacity(with.len());
                let mut absent = Vec::new();
                for (name, expr) in with {
                    match expr.evaluate(names).map_err(undecided)? {
                        Some(value) => fields.push((name.as_str(), value)),
                        None => absent.push(name.as_str()),
                    }
                }
                let mut bends = Vec::new();
                for (path, expr) in bend {
                    match expr.evaluate(names).map_err(undecided)? {
                        Some(Value::Int(value)) => bends.push(Bend {
                            path: path.clone(),
                            value,
                        }),
                        _ => return Err(undecided(format!("`bend` of {path} is a number"))),
                    }
                }
                self.encode(actor, kind, fields, &absent, &bends)
                    .map_err(unsaid)
            }
        }
    }

    /// Lets due answers out first, and keeps the pause that a fragile implementation needs.
    pub(super) async fn pace(&mut self, actor: usize) {
        let settled = |world: &mut Self| {
            let actor = &world.actors[actor];
            let flushed = actor
                .session
                .as_ref()
                .is_none_or(super::session::Session::flushed);
            (actor.due.is_empty() && flushed).then_some(())
        };
        self.serve_once().await;
        if settled(self).is_none() {
            let patience = Instant::now() + WRITE_PATIENCE;
            self.drive(patience, settled).await;
        }
        let pace = self.scenario.pace;
        if let Some(last) = self.last_send.filter(|_| !pace.is_zero()) {
            let _: Option<()> = self.drive(last + pace, |_| None).await;
        }
    }

    fn note_answers(&mut self, actor: usize, pieces: &[Piece]) {
        for (_, message, _) in pieces {
            self.note_answer(actor, message.as_ref());
        }
    }

    /// A message by hand that a switched-off reflex would have sent counts as that answer.
    pub(super) fn note_answer(&mut self, actor: usize, message: Option<&Message>) {
        let Some(message) = message else { return };
        let is_answer = self
            .protocol
            .reflexes
            .iter()
            .any(|reflex| reflex.send == message.kind);
        if is_answer {
            let unanswered = &mut self.actors[actor].unanswered;
            *unanswered = unanswered.saturating_sub(1);
        }
    }

    fn enqueue(&mut self, actor: usize, bytes: Vec<u8>, messages: Vec<Piece>) {
        if messages.is_empty() {
            self.queue(actor, bytes, None, Cause::Step, None);
        }
        for (bytes, message, _) in messages {
            self.queue(actor, bytes, message, Cause::Step, None);
        }
    }

    /// Waits until what was queued is written, as far as the peer reads.
    pub(super) async fn flush(&mut self, actors: &[usize]) {
        let written = |world: &mut Self| {
            let flushed = |actor: &usize| {
                let session = world.actors[*actor].session.as_ref();
                session.is_none_or(super::session::Session::flushed)
            };
            actors.iter().all(flushed).then_some(())
        };
        // Mostly the system takes everything at once.
        self.write_now(actors).await;
        if written(self).is_some() {
            return;
        }
        let until = Instant::now() + WRITE_PATIENCE;
        if self.drive(until, written).await.is_none() {
            let text = "the peer does not take more bytes; the rest waits".to_owned();
            self.note(actors.first().copied(), What::Note(text));
        }
    }

    async fn send_in_chunks(&mut self, actor: usize, send: &SendPlan, pieces: Vec<Piece>) -> Done {
        let gap = match &send.gap {
            Some(gap) => self.time(gap).map_err(undecided)?,
            None => GAP,
        };
        let (mut bytes, messages) = joined(pieces, send);
        if !messages.is_empty() {
            bytes = messages.into_iter().flat_map(|(bytes, ..)| bytes).collect();
        }
        let mut rest = bytes.as_slice();
        let mut sizes = send.chunks.iter();
        let mut size = None;
        self.actors[actor].mid_message = true;
        while !rest.is_empty() {
            size = sizes.next().copied().or(size);
            let len = size.flatten().unwrap_or(rest.len()).min(rest.len());
            let (chunk, tail) = rest.split_at(len);
            let chunk = chunk.to_vec();
            rest = tail;
            self.queue(actor, chunk, None, Cause::Step, None);
            self.flush(&[actor]).await;
            // Who has ended the connection takes nothing more.
            let ended = |world: &mut Self| world.actors[actor].ended.map(|_| ());
            let pause = Instant::now() + gap;
            if !rest.is_empty() && self.drive(pause, ended).await.is_some() {
                break;
            }
        }
        self.actors[actor].mid_message = false;
        Ok(())
    }

    async fn check_open(&mut self, place: &Arc<StepPlace>, actor: usize) -> Done {
        self.ensure_connected(actor, place).await?;
        // What has come already is looked at; nothing is waited for.
        let now = Instant::now();
        let _: Option<()> = self.drive(now, |_| None).await;
        let end = |item: &super::actor::Item| match item.what {
            super::actor::ItemKind::Ended(how) => Some((item.event, how)),
            _ => None,
        };
        let found = self.actors[actor].inbox.iter().find_map(end);
        match (found, self.actors[actor].ended) {
            (Some((event, how)), _) => {
                self.fail_plainly(place, Some(actor), Problem::Ended { event, how })
                    .await
            }
            (None, Some(how)) => {
                let problem = Problem::Told {
                    problem: format!(
                        "the {} has ended the connection",
                        self.protocol.subject_word()
                    ),
                    expected: Some("an open connection".to_owned()),
                    received: Some(match how {
                        End::EndOfStream => "end of stream".to_owned(),
                        End::Reset => "a reset".to_owned(),
                    }),
                    timed: false,
                };
                self.fail_plainly(place, Some(actor), problem).await
            }
            (None, None) => Ok(()),
        }
    }

    pub(super) fn begin_close(&mut self, actor: usize, close: Close) {
        self.note(Some(actor), What::Closed(close));
        if self.judges_client() {
            // A client whose server goes may go as well.
            self.subject.expect_end();
        }
        match close {
            Close::Fin if self.has_datagrams() => {
                self.actors[actor].closed = Some(close);
                for inbox in self.inboxes(actor) {
                    self.actors[inbox].session = None;
                }
            }
            Close::Fin => {
                self.actors[actor].closed = Some(close);
                self.shut_down(actor);
            }
            Close::Write => self.shut_down(actor),
            Close::Reset => {
                self.actors[actor].closed = Some(close);
                if let Some(session) = self.actors[actor].session.take()
                    && let Err(error) = session.reset()
                {
                    let text = format!("the connection could not be reset: {error}");
                    self.note(Some(actor), What::Note(text));
                }
            }
        }
    }

    fn shut_down(&mut self, actor: usize) {
        if let Some(session) = &mut self.actors[actor].session {
            session.shut_down();
        }
    }

    /// Waits until the end of the writing side is on its way.
    pub(super) async fn finish_close(&mut self, actor: usize, close: Close) {
        if close == Close::Reset {
            return;
        }
        let until = Instant::now() + WRITE_PATIENCE;
        let gone = |world: &mut Self| {
            let session = world.actors[actor].session.as_ref();
            session
                .is_none_or(super::session::Session::is_shut_down)
                .then_some(())
        };
        self.drive(until, gone).await;
    }
}

/// What a dialect has no form for cannot be asked of those who speak it.
fn unsaid(error: EncodeError) -> Stop {
    match error {
        EncodeError::NotRepresentable { .. } => Stop::NotHere(error.to_string()),
        error => undecided(error),
    }
}

/// All pieces in one write; a part of it, with `first` or `skip`, is no message.
fn joined(pieces: Vec<Piece>, send: &SendPlan) -> (Vec<u8>, Vec<Piece>) {
    if send.first.is_none() && send.skip.is_none() {
        return (Vec::new(), pieces);
    }
    let bytes = pieces.into_iter().flat_map(|(bytes, ..)| bytes).collect();
    (part_of(bytes, send), Vec::new())
}

//! Waiting for expectations: what comes is offered to the branches until they have what they want.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::actor::ItemKind;
use super::problem::Problem;
use super::session::Session;
use super::stop::{Done, Stop, undecided};
use super::watch::{Branch, Expected, Watch};
use super::world::{Names, World};
use crate::plan::Variable;
use crate::scenario::sockets::SOURCE;
use crate::transcript::Use;
use crate::wire::{Message, Value};

/// How old the beginning of a message is when the message can be called unfinished.
const STALLED: Duration = Duration::from_millis(200);

/// Fields, and the variables that take their values.
type Captures<'a> = &'a [(Arc<str>, Variable)];

/// How branches are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    /// All of them, in any order.
    All,
    /// The first that fits.
    First,
}

/// Branches that wait side by side.
pub(super) struct Race<'p> {
    runners: Vec<Runner<'p>>,
    join: Join,
    /// Turns of the transcript before it began, when its order is free.
    block: Option<usize>,
}

/// One of the branches.
struct Runner<'p> {
    branch: Branch<'p>,
    /// It is still in; of [`Join::All`] all always are.
    alive: bool,
    /// Its head wants the item that is being looked at.
    fits: bool,
}

impl<'p> Race<'p> {
    fn is_over(&self) -> bool {
        let mut in_it = self.runners.iter().filter(|runner| runner.alive);
        match self.join {
            Join::All => in_it.all(|runner| runner.branch.is_empty()),
            Join::First => in_it.any(|runner| runner.branch.is_empty()),
        }
    }

    /// The expectations whose turn it is.
    pub(super) fn heads(&self) -> impl Iterator<Item = (usize, &Watch<'p>)> {
        let in_it = self.runners.iter().enumerate();
        let in_it = in_it.filter(|(_, runner)| runner.alive);
        in_it.filter_map(|(index, runner)| Some((index, runner.branch.front()?)))
    }

    pub(super) fn heads_of(&self, actor: usize) -> impl Iterator<Item = (usize, &Watch<'p>)> {
        self.heads().filter(move |(_, watch)| watch.actor == actor)
    }

    fn others_are_in(&self, index: usize) -> bool {
        self.runners
            .iter()
            .enumerate()
            .any(|(other, runner)| runner.alive && other != index)
    }

    /// One more message was taken by the head of a branch.
    fn advance(&mut self, index: usize) {
        let branch = &mut self.runners[index].branch;
        if let Some(watch) = branch.front_mut() {
            watch.count();
            if watch.is_full() {
                branch.pop_front();
            }
        }
    }
}

impl World {
    /// Waits until all branches, or the first that fits, have what they expect.
    pub(super) async fn observe<'p>(
        &mut self,
        branches: impl IntoIterator<Item = Branch<'p>>,
        join: Join,
    ) -> Done {
        let runner = |branch| Runner {
            branch,
            alive: true,
            fits: false,
        };
        let runners: Vec<Runner<'p>> = branches.into_iter().map(runner).collect();
        let free = runners.len() > 1 && join == Join::All;
        let block = free.then(|| self.transcript.turns());
        self.run(Race {
            runners,
            join,
            block,
        })
        .await
    }

    async fn run(&mut self, mut race: Race<'_>) -> Done {
        let mut overdue = false;
        loop {
            self.take_items(&mut race).await?;
            if race.is_over() {
                return Ok(());
            }
            let latest = race
                .heads()
                .filter_map(|(_, watch)| self.waits_until(watch));
            let Some(until) = latest.min() else {
                return Ok(());
            };
            let something = |world: &mut Self| {
                race.heads()
                    .any(|(_, watch)| world.actors[watch.actor].has_news())
                    .then_some(())
            };
            let found = self.drive(until, something).await.is_some();
            if !found {
                self.go_on()?;
            }
            // Once the time is up, what is there already is looked at, and no more: a flood of
            // messages that nobody wants would never end.
            if !found || overdue {
                self.expire(&mut race).await?;
            }
            let latest = race
                .heads()
                .filter_map(|(_, watch)| self.waits_until(watch));
            overdue = latest.min().is_some_and(|until| self.clock >= until);
        }
    }

    /// When the time is up for an expectation. What came in time may be a message only when nothing
    /// has followed it for a while.
    fn waits_until(&self, watch: &Watch<'_>) -> Option<Instant> {
        let latest = watch.time_span()?.latest;
        let session = self.actors[watch.actor].session.as_ref();
        let in_time = |session: &&Session| session.last_read().is_some_and(|last| last <= latest);
        let came = session.filter(in_time);
        let rest = came.and_then(|session| session.rest_due(&self.protocol.codec));
        Some(rest.map_or(latest, |rest| latest.max(rest)))
    }

    fn begin_windows(&self, race: &mut Race<'_>) -> Done {
        for runner in &mut race.runners {
            let Some(watch) = runner.branch.front_mut() else {
                continue;
            };
            if watch.time_span().is_none() {
                let span = self.window(watch.window, watch.actor)?;
                watch.begin(span);
            }
        }
        Ok(())
    }

    /// Offers what is in the inboxes to the branches until they need more.
    async fn take_items(&mut self, race: &mut Race<'_>) -> Done {
        loop {
            self.share_thread().await;
            self.begin_windows(race)?;
            if race.is_over() {
                return Ok(());
            }
            let Some(actor) = self.bring_news(race)? else {
                return Ok(());
            };
            self.offer(actor, race).await?;
        }
    }

    /// Offers the first item of an inbox to the branches that wait for this actor.
    async fn offer(&mut self, actor: usize, race: &mut Race<'_>) -> Done {
        self.check_item(actor).await?;
        let Some(item) = self.actors[actor].inbox.front() else {
            return Ok(());
        };
        let event = item.event;
        for runner in &mut race.runners {
            let head = runner.branch.front().filter(|_| runner.alive);
            runner.fits = match head.filter(|watch| watch.actor == actor) {
                Some(watch) => self.fits(watch, &item.what)?,
                None => false,
            };
        }
        if let Some(first) = race.runners.iter().position(|runner| runner.fits) {
            return self.take_for(actor, event, first, race).await;
        }
        if self.skip_if_free(actor) {
            return Ok(());
        }
        if self.actors[actor].is_unordered() && self.may_wait(actor) {
            self.absorb(actor)?;
            return Ok(());
        }
        let satisfied: Vec<usize> = race
            .heads_of(actor)
            .filter(|(_, watch)| watch.is_satisfied())
            .map(|(index, _)| index)
            .collect();
        if !satisfied.is_empty() {
            for index in satisfied {
                race.runners[index].branch.pop_front();
            }
            return Ok(());
        }
        if self.absorb(actor)? {
            return Ok(());
        }
        let concerned: Vec<usize> = race.heads_of(actor).map(|(index, _)| index).collect();
        for index in concerned {
            if race.join == Join::First && race.others_are_in(index) {
                race.runners[index].alive = false;
                continue;
            }
            let branch = &mut race.runners[index].branch;
            let Some(watch) = branch.front().cloned() else {
                continue;
            };
            self.unexpected(&watch).await?;
            self.spend(actor, &watch, branch);
            return Ok(());
        }
        Ok(())
    }

    /// Only a rule of the level `should` was broken. The message that broke it is spent, so that it
    /// is not blamed a second time as a stray one; what was expected may still come behind it,
    /// unless this was it in a wrong form.
    fn spend(&mut self, actor: usize, watch: &Watch<'_>, branch: &mut Branch<'_>) {
        let Some(item) = self.actors[actor].inbox.front() else {
            return;
        };
        let ItemKind::Message(message) = &item.what else {
            branch.pop_front();
            return;
        };
        let was_it = match watch.what {
            Expected::Message(pattern, ..) => pattern.takes_kind(&message.kind),
            Expected::End => false,
        };
        self.pop(actor);
        match branch.front_mut() {
            Some(head) if !was_it => head.give_up(),
            _ => drop(branch.pop_front()),
        }
    }

    /// Takes an item that the heads of some branches want, the first of them first.
    async fn take_for(
        &mut self,
        actor: usize,
        event: usize,
        first: usize,
        race: &mut Race<'_>,
    ) -> Done {
        let branch = &mut race.runners[first].branch;
        let Some(watch) = branch.front_mut() else {
            return Ok(());
        };
        if watch.is_satisfied() && self.came_after(watch) {
            branch.pop_front();
            return Ok(());
        }
        self.in_time(watch).await?;
        self.take(actor, watch);
        if watch.is_satisfied() {
            // It need not have come.
            self.transcript.forget_turn(event);
        } else if watch.takes_several() {
            let turn = watch.first_turn(self.transcript.turns());
            self.transcript.share_turn(event, turn);
        }
        if let Some(block) = race.block {
            self.transcript.set_branch(event, block, first);
        }
        if race.join == Join::All {
            race.advance(first);
            return Ok(());
        }
        for index in 0..race.runners.len() {
            let runner = &mut race.runners[index];
            if runner.fits {
                race.advance(index);
            } else if let Some(watch) = runner.branch.front()
                && watch.actor == actor
                && !watch.is_satisfied()
            {
                runner.alive = false;
            }
        }
        Ok(())
    }

    /// The time is up for some branch.
    async fn expire(&mut self, race: &mut Race<'_>) -> Done {
        let now = Instant::now();
        for index in 0..race.runners.len() {
            let runner = &race.runners[index];
            let Some(watch) = runner.branch.front().filter(|_| runner.alive) else {
                continue;
            };
            if self.waits_until(watch).is_none_or(|until| until > now) {
                continue;
            }
            if watch.is_satisfied() {
                race.runners[index].branch.pop_front();
            } else if race.join == Join::First && race.others_are_in(index) {
                race.runners[index].alive = false;
            } else {
                self.missing(watch).await?;
                race.runners[index].branch.pop_front();
            }
        }
        Ok(())
    }

    pub(super) fn fits(&self, watch: &Watch<'_>, item: &ItemKind) -> Result<bool, Stop> {
        match (&watch.what, item) {
            (Expected::End, ItemKind::Ended(_)) => Ok(true),
            (Expected::Message(pattern, ..), ItemKind::Message(message)) => {
                let names = self.watch_names(watch);
                pattern
                    .fits(message, &self.protocol.codec, &names)
                    .map_err(undecided)
            }
            _ => Ok(false),
        }
    }

    /// Values of variables as an expectation sees them.
    pub(super) fn watch_names<'a>(&'a self, watch: &'a Watch<'_>) -> Names<'a> {
        Names {
            locals: &watch.locals,
            nonce: watch.nonce.as_ref().map(|(_, text)| &**text),
            ..self.names(Some(watch.actor))
        }
    }

    /// What came has missed the window, which nobody had noticed yet. Something optional is then
    /// absent, and not late.
    fn came_after(&self, watch: &Watch<'_>) -> bool {
        let item = self.actors[watch.actor].inbox.front();
        let latest = watch.time_span().map(|span| span.latest);
        item.zip(latest)
            .is_some_and(|(item, latest)| item.at > latest)
    }

    /// Complains when what came is too early or too late.
    async fn in_time(&mut self, watch: &Watch<'_>) -> Done {
        let Some(item) = self.actors[watch.actor].inbox.front() else {
            return Ok(());
        };
        let (at, event) = (item.at, item.event);
        let Some(span) = watch.time_span() else {
            return Ok(());
        };
        if span.earliest.is_some_and(|earliest| at < earliest) {
            return self
                .fail(watch, Problem::TooEarly { event, at, span })
                .await;
        }
        if at > span.latest {
            return self.fail(watch, Problem::TooLate { event, at, span }).await;
        }
        Ok(())
    }

    /// Takes the first item of an inbox for an expectation.
    fn take(&mut self, actor: usize, watch: &Watch<'_>) {
        let ends = matches!(watch.what, Expected::End);
        let Some((at, event)) = self.actors[actor].inbox.front().map(|i| (i.at, i.event)) else {
            return;
        };
        self.transcript
            .set_use(event, Use::Matched, Some(&watch.place.span));
        if watch.nonce.is_some() {
            self.transcript.set_use(event, Use::Fence, None);
        }
        let owner = self.owner(actor);
        self.actors[owner].last_taken = Some(at);
        if let Some(mark) = watch.mark {
            self.marks.insert(Arc::clone(mark), at);
        }
        if let Some((number, _)) = &watch.nonce {
            self.actors[owner].fences_seen.push(*number);
        }
        // The end of a connection stays: whoever expects a message after it must see it.
        if ends {
            self.actors[actor].end_expected = true;
            return;
        }
        let Some(item) = self.pop(actor) else { return };
        if let (ItemKind::Message(message), Expected::Message(_, save, gather)) =
            (&item.what, watch.what)
        {
            self.capture(owner, message, item.source, (save, gather));
        }
    }

    fn capture(
        &mut self,
        actor: usize,
        message: &Message,
        source: Option<SocketAddr>,
        (save, gather): (Captures<'_>, Captures<'_>),
    ) {
        let value = |field: &str| match (field, source) {
            (SOURCE, Some(source)) => Value::Text(source.to_string()),
            _ => message.field(field).cloned().unwrap_or(Value::Null),
        };
        for (field, variable) in save {
            *self.variable(actor, variable) = value(field);
        }
        for (field, variable) in gather {
            let kept = self.variable(actor, variable);
            match kept {
                Value::List(items) => items.push(value(field)),
                _ => *kept = Value::List(vec![value(field)]),
            }
        }
    }

    /// The place of a captured value.
    fn variable(&mut self, actor: usize, variable: &Variable) -> &mut Value {
        match variable {
            Variable::Shared(name) => self.saved.entry(Arc::clone(name)).or_insert(Value::Null),
            Variable::Own(name) => self.actors[actor]
                .variables
                .entry(name.to_string())
                .or_insert(Value::Null),
        }
    }

    async fn missing(&mut self, watch: &Watch<'_>) -> Done {
        if let Some((missing, bytes)) = self.stalled_message(watch.actor) {
            let what = crate::transcript::What::Unfinished {
                direction: self.protocol.receives(),
                bytes: bytes.as_slice().into(),
                missing: missing.clone(),
            };
            let event = self.note(Some(watch.actor), what);
            return self
                .fail(watch, Problem::Unfinished { event, missing })
                .await;
        }
        let Some(message) = self.bring_rival(watch) else {
            return self.fail(watch, Problem::Nothing).await;
        };
        // That it is missing is a matter of time, whatever came instead.
        let since = watch.time_span().map_or(self.last_action, |span| span.base);
        self.refuse_if_late(&Problem::Nothing, since).await?;
        let event = self.actors[watch.actor]
            .inbox
            .front()
            .map_or(0, |item| item.event);
        let other = self.fail(watch, Problem::Other { event, message }).await;
        self.pop(watch.actor);
        other
    }

    /// The bytes of a message that an actor has begun to receive, and what it waits for.
    pub(super) fn unfinished_message(&self, actor: usize) -> Option<(String, Vec<u8>)> {
        let session = self.actors[actor].session.as_ref()?;
        session.unfinished(&self.protocol.codec)
    }

    /// The same for a message that does not go on although the actor reads. In a stream that
    /// flows, some message has always just begun.
    pub(super) fn stalled_message(&self, actor: usize) -> Option<(String, Vec<u8>)> {
        let known = &self.actors[actor];
        let reads = known.reading && !known.is_full();
        let stalled = known.session.as_ref()?.begun_for() >= STALLED;
        (reads && stalled)
            .then(|| self.unfinished_message(actor))
            .flatten()
    }

    /// The first item of an actor's inbox is not what an expectation wants.
    async fn unexpected(&mut self, watch: &Watch<'_>) -> Done {
        let Some(item) = self.actors[watch.actor].inbox.front() else {
            return Ok(());
        };
        let event = item.event;
        let problem = match &item.what {
            ItemKind::Message(message) if watch.nonce.is_some() => {
                let probe = match watch.what {
                    Expected::Message(pattern, ..) => {
                        Some(pattern.describe(&self.protocol.codec, &self.watch_names(watch)))
                    }
                    Expected::End => None,
                };
                let message = Arc::clone(message);
                let stray = Problem::Stray {
                    event,
                    message,
                    probe,
                };
                let place = Arc::clone(&watch.place);
                return self.fail_plainly(&place, Some(watch.actor), stray).await;
            }
            ItemKind::Message(message) => Problem::Other {
                event,
                message: Arc::clone(message),
            },
            ItemKind::Malformed { offset, reason } => Problem::Malformed {
                event,
                offset: *offset,
                reason: reason.clone(),
            },
            ItemKind::Unfinished { missing } => Problem::Unfinished {
                event,
                missing: missing.clone(),
            },
            ItemKind::Ended(how) => Problem::Ended { event, how: *how },
        };
        self.fail(watch, problem).await
    }
}

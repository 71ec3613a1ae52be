//! Expectations of actors, ready to be waited for.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use super::observe::Join;
use super::stop::{Done, Stop, undecided};
use super::world::{Names, World};
use crate::matching::Pattern;
use crate::plan::{ObservePlan, StepPlace, StepPlan, StepPlanKind, Variable, Who, WindowPlan};
use crate::scenario::Times;
use crate::wire::Value;

/// One expectation of one actor.
#[derive(Clone)]
pub(super) struct Watch<'p> {
    pub place: Arc<StepPlace>,
    pub actor: usize,
    pub what: Expected<'p>,
    pub window: &'p WindowPlan,
    pub times: Times,
    pub mark: Option<&'p Arc<str>>,
    /// Loop variables and the like.
    pub locals: Vec<(Arc<str>, Value)>,
    /// The text of a fence's probe.
    pub nonce: Option<(usize, Arc<str>)>,
    matched: usize,
    /// The turn of the first message of several.
    first_turn: Option<usize>,
    span_of_time: Option<TimeSpan>,
}

/// What is expected.
#[derive(Clone, Copy)]
pub(super) enum Expected<'p> {
    Message(
        &'p Pattern,
        &'p [(Arc<str>, Variable)],
        &'p [(Arc<str>, Variable)],
    ),
    End,
}

/// When something must happen, as moments.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeSpan {
    /// What times are counted from.
    pub base: Instant,
    pub earliest: Option<Instant>,
    pub latest: Instant,
}

/// Expectations in their order.
pub(super) type Branch<'p> = VecDeque<Watch<'p>>;

/// No time window of its own.
pub(super) static ANY_TIME: WindowPlan = WindowPlan {
    since: None,
    after: None,
    within: None,
};

/// The most expectations that branches may unroll to.
const MAX_UNROLLED: usize = 200_000;

impl<'p> Watch<'p> {
    pub(super) fn message(place: Arc<StepPlace>, actor: usize, pattern: &'p Pattern) -> Self {
        Self {
            place,
            actor,
            what: Expected::Message(pattern, &[], &[]),
            window: &ANY_TIME,
            times: Times::ONCE,
            mark: None,
            locals: Vec::new(),
            nonce: None,
            matched: 0,
            first_turn: None,
            span_of_time: None,
        }
    }

    /// One more message was taken for it.
    pub(super) fn count(&mut self) {
        self.matched += 1;
    }

    /// It was blamed already: from now on it may be left without what it expects.
    pub(super) fn give_up(&mut self) {
        self.times.min = 0;
    }

    /// Its time begins.
    pub(super) fn begin(&mut self, span: TimeSpan) {
        self.span_of_time = Some(span);
    }

    pub(super) fn is_satisfied(&self) -> bool {
        self.matched >= self.times.min
    }

    pub(super) fn is_full(&self) -> bool {
        self.times.max.is_some_and(|max| self.matched >= max)
    }

    /// It takes several messages, in any order.
    pub(super) fn takes_several(&self) -> bool {
        self.times.max.is_none_or(|max| max > 1)
    }

    /// The turn of the first message that it took; `newest` when this is the first.
    pub(super) fn first_turn(&mut self, newest: usize) -> usize {
        *self.first_turn.get_or_insert(newest)
    }

    /// How long it waits at most, once it has begun.
    pub(super) fn time_span(&self) -> Option<TimeSpan> {
        self.span_of_time
    }
}

impl World {
    /// Waits for an expectation of every member of a group.
    pub(super) async fn expect(
        &mut self,
        place: &Arc<StepPlace>,
        who: Who,
        what: &ObservePlan,
    ) -> Done {
        for actor in self.members(who) {
            self.ensure_connected(actor, place).await?;
            let inbox = self.inbox(actor, at(what))?;
            let Some(watch) = Self::watch(place, inbox, what, &[]) else {
                continue;
            };
            self.observe([VecDeque::from([watch])], Join::All).await?;
        }
        Ok(())
    }

    /// Waits for branches.
    pub(super) async fn expect_branches(&mut self, branches: &[Vec<StepPlan>], join: Join) -> Done {
        let mut unrolled: Vec<Branch<'_>> = Vec::new();
        let mut budget = MAX_UNROLLED;
        for steps in branches {
            let mut branch = VecDeque::new();
            self.unroll(steps, &[], &mut branch, &mut budget)?;
            unrolled.push(branch);
        }
        for branch in &unrolled {
            for watch in branch {
                let (actor, place) = (watch.actor, Arc::clone(&watch.place));
                self.ensure_connected(actor, &place).await?;
            }
        }
        self.observe(unrolled, join).await
    }

    fn unroll<'p>(
        &self,
        steps: &'p [StepPlan],
        locals: &[(Arc<str>, Value)],
        branch: &mut Branch<'p>,
        budget: &mut usize,
    ) -> Done {
        for step in steps {
            match &step.kind {
                StepPlanKind::Observe(who, what) => {
                    for actor in self.members(*who) {
                        *budget = budget
                            .checked_sub(1)
                            .ok_or_else(|| undecided("too many repetitions in a branch"))?;
                        let inbox = self.inbox(actor, at(what))?;
                        branch.extend(Self::watch(&step.place, inbox, what, locals));
                    }
                }
                StepPlanKind::Group(steps) => self.unroll(steps, locals, branch, budget)?,
                StepPlanKind::Repeat(count, variable, steps) => {
                    let names = Names {
                        locals,
                        ..self.names(None)
                    };
                    let count = count.evaluate(&names).map_err(undecided)?;
                    let count = crate::plan::count_of(count.as_ref())
                        .ok_or_else(|| undecided("`repeat` needs a number"))?;
                    for turn in 1..=count {
                        let mut locals = locals.to_vec();
                        if let Some(name) = variable {
                            let turn = i128::try_from(turn).unwrap_or(i128::MAX);
                            locals.push((Arc::clone(name), Value::Int(turn)));
                        }
                        self.unroll(steps, &locals, branch, budget)?;
                    }
                }
                _ => return Err(undecided("a branch can only expect")),
            }
        }
        Ok(())
    }

    fn watch<'p>(
        place: &Arc<StepPlace>,
        actor: usize,
        what: &'p ObservePlan,
        locals: &[(Arc<str>, Value)],
    ) -> Option<Watch<'p>> {
        let (what, window, times, mark) = match what {
            ObservePlan::Recv(recv) => (
                Expected::Message(&recv.pattern, &recv.save, &recv.gather),
                &recv.window,
                recv.times,
                recv.mark.as_ref(),
            ),
            ObservePlan::Closed { window, mark } => {
                (Expected::End, window, Times::ONCE, mark.as_ref())
            }
            ObservePlan::Silence(_) => return None,
        };
        let place = Arc::clone(place);
        let locals = locals.to_vec();
        Some(Watch {
            place,
            actor,
            what,
            window,
            times,
            mark,
            locals,
            nonce: None,
            matched: 0,
            first_turn: None,
            span_of_time: None,
        })
    }

    /// The moments of a window for an actor.
    pub(super) fn window(&self, window: &WindowPlan, actor: usize) -> Result<TimeSpan, Stop> {
        let since = match &window.since {
            None => None,
            Some(mark) => {
                let moment = self.moment(mark);
                Some(moment.ok_or_else(|| undecided(format!("the mark `{mark}` was not set")))?)
            }
        };
        let time = |quantity| self.time(quantity).map_err(undecided);
        let base = since.unwrap_or(self.last_action);
        let earliest = match &window.after {
            None => None,
            Some(quantity) => Some(base + time(quantity)?),
        };
        let latest = match &window.within {
            Some(quantity) => base + time(quantity)?,
            None => {
                let arrival = self.actors[self.owner(actor)].last_taken.unwrap_or(base);
                let from = base.max(arrival).max(earliest.unwrap_or(base));
                from + self.protocol.deadline
            }
        };
        Ok(TimeSpan {
            base,
            earliest,
            latest,
        })
    }
}

/// The socket that an expectation names.
fn at(what: &ObservePlan) -> Option<&str> {
    match what {
        ObservePlan::Recv(recv) => recv.at.as_deref(),
        ObservePlan::Closed { .. } | ObservePlan::Silence(_) => None,
    }
}

//! Running steps one after the other.

use std::pin::Pin;
use std::sync::Arc;

use tokio::time::Instant;

use super::actor::{Actor, Item, ItemKind};
use super::observe::Join;
use super::problem::Problem;
use super::stop::{Done, Stop, undecided};
use super::world::World;
use crate::matching::Check;
use crate::plan::{ObservePlan, StepPlan, StepPlanKind, count_of};
use crate::scenario::Quantity;
use crate::source::Span;
use crate::transcript::What;
use crate::wire::Value;

impl World {
    /// Stops what has no more time: nothing waits any longer once the run was interrupted.
    pub(super) fn go_on(&self) -> Done {
        if self.stopped || self.shared.stop.is_cancelled() {
            return Err(undecided("interrupted"));
        }
        Ok(())
    }

    /// Runs steps in order; counts those that could not run any more.
    pub(super) async fn run_steps(&mut self, steps: &[StepPlan], not_run: &mut usize) -> Done {
        for (index, step) in steps.iter().enumerate() {
            if let Err(stop) = self.run_step(step).await {
                *not_run += steps.len() - index - 1;
                return Err(stop);
            }
        }
        Ok(())
    }

    async fn run_step(&mut self, step: &StepPlan) -> Done {
        self.share_thread().await;
        if self.stopped {
            return Err(undecided("interrupted"));
        }
        if self.clock > self.must_end {
            return Err(undecided("the scenario took too long"));
        }
        let place = &step.place;
        self.step = Some(place.span.clone());
        self.place = Arc::clone(place);
        match &step.kind {
            StepPlanKind::Act(who, act) => self.act(place, *who, act).await,
            StepPlanKind::Observe(who, ObservePlan::Silence(quantity)) => {
                let how_long = self.time(quantity).map_err(undecided)?;
                self.silence(place, *who, how_long).await
            }
            StepPlanKind::Observe(who, what) => self.expect(place, *who, what).await,
            StepPlanKind::Fence(who) => self.fence(place, who.as_deref()).await,
            StepPlanKind::Together(steps) => self.together(steps).await,
            StepPlanKind::AnyOrder(branches) => self.expect_branches(branches, Join::All).await,
            StepPlanKind::Either(branches) => self.expect_branches(branches, Join::First).await,
            StepPlanKind::Group(steps) => self.repeat(1, None, steps).await,
            StepPlanKind::Repeat(count, variable, steps) => {
                let value = count.evaluate(&self.names(None)).map_err(undecided)?;
                let count =
                    count_of(value.as_ref()).ok_or_else(|| undecided("`repeat` needs a number"))?;
                self.repeat(count, variable.as_ref(), steps).await
            }
            StepPlanKind::Eventually {
                within,
                every,
                steps,
            } => self.eventually(within, every, steps).await,
            StepPlanKind::Server(action) => self.server_step(place, action).await,
            StepPlanKind::Expect(checks) => self.check_values(checks).await,
            StepPlanKind::Pause(quantity) => {
                let until = Instant::now() + self.time(quantity).map_err(undecided)?;
                let _: Option<()> = self.drive(until, |_| None).await;
                self.last_action = Instant::now();
                Ok(())
            }
        }
    }

    fn repeat<'a>(
        &'a mut self,
        count: usize,
        variable: Option<&'a Arc<str>>,
        steps: &'a [StepPlan],
    ) -> Pin<Box<dyn Future<Output = Done> + 'a>> {
        Box::pin(async move {
            for turn in 1..=count {
                if let Some(name) = variable {
                    let turn = i128::try_from(turn).unwrap_or(i128::MAX);
                    self.saved.insert(Arc::clone(name), Value::Int(turn));
                }
                for step in steps {
                    self.run_step(step).await?;
                }
            }
            Ok(())
        })
    }

    /// Attempts until one passes; the last failure counts when none does.
    async fn eventually(
        &mut self,
        within: &Quantity,
        every: &Quantity,
        steps: &[StepPlan],
    ) -> Done {
        let until = Instant::now() + self.time(within).map_err(undecided)?;
        let every = self.time(every).map_err(undecided)?;
        let findings = self.findings.len();
        for attempt in 1_usize.. {
            let turns = self.transcript.turns();
            let outcome = self.repeat(1, None, steps).await;
            let failed = self.findings.len() > findings || outcome == Err(Stop::Failed);
            if !failed || matches!(outcome, Err(Stop::Undecided(_) | Stop::NotHere(_))) {
                return outcome;
            }
            if Instant::now() + every >= until {
                if attempt > 1
                    && let Some(finding) = self.findings.get_mut(findings)
                {
                    let hint =
                        format!("this was the last of {attempt} attempts, all of which failed");
                    finding.hints.push(hint);
                }
                return outcome;
            }
            let blamed: Vec<usize> = self
                .findings
                .drain(findings..)
                .filter_map(|f| f.event)
                .collect();
            self.transcript.forget_turns(turns);
            self.note(
                None,
                What::Note("not yet; another attempt follows".to_owned()),
            );
            let _: Option<()> = self.drive(Instant::now() + every, |_| None).await;
            for event in blamed {
                self.give_up(event).await?;
            }
        }
        Ok(())
    }

    /// What made an attempt fail is no answer to the next one, nor is what came behind it on the
    /// same socket; what must not come at all is still looked for among it.
    async fn give_up(&mut self, event: usize) -> Done {
        let is_first = |actor: &Actor| actor.inbox.front().is_some_and(|item| item.event == event);
        let Some(actor) = self.actors.iter().position(is_first) else {
            return Ok(());
        };
        let is_message = |item: &Item| matches!(item.what, ItemKind::Message(_));
        while self.actors[actor].inbox.front().is_some_and(is_message) {
            self.check_item(actor).await?;
            self.pop(actor);
        }
        Ok(())
    }

    async fn check_values(&mut self, checks: &[(Quantity, Check, Span)]) -> Done {
        for (quantity, check, span) in checks {
            let name = |variable: &crate::scenario::Variable| self.named_amount(&variable.name);
            let names = self.names(None);
            let (holds, shown) = match crate::matching::evaluate(quantity, &name) {
                Ok(amount) => {
                    let holds = check
                        .holds_for_amount(amount, &name, &names)
                        .map_err(undecided)?;
                    (holds, amount.to_string())
                }
                Err(unknown) => match self.plain_value(quantity) {
                    Some(value) => {
                        let holds = check.holds(Some(&value), &names).map_err(undecided)?;
                        (holds, value.to_string())
                    }
                    None => return Err(undecided(unknown)),
                },
            };
            if !holds {
                let problem = Problem::Told {
                    problem: format!("`{}` is not as it should be", span.text()),
                    expected: Some(check.describe(&names)),
                    received: Some(shown),
                    timed: true,
                };
                let place = self.here();
                self.fail_plainly(&place, None, problem).await?;
            }
        }
        Ok(())
    }

    /// A captured value that is no number: text, bytes or a list.
    fn plain_value(&self, quantity: &Quantity) -> Option<Value> {
        match quantity {
            Quantity::Name(variable) => self.saved.get(variable.name.as_str()).cloned(),
            _ => None,
        }
    }
}

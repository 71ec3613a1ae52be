//! Judging one program: a run with everybody who listens to it.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::known::Known;
use super::snapshots::Keeper;
use super::{Exit, say};
use crate::event::{RunEvent, RunPlan};
use crate::plan::{ScenarioPlan, Suite};
use crate::report::Reporters;
use crate::run::{Progress, Run, Settings, Target};
use crate::verdict::{Outcome, Summary, Verdict};

/// What is judged, and by what.
pub(super) struct Assignment<'a> {
    pub suites: &'a [Suite],
    pub target: Target,
    pub settings: Settings,
    pub plan: &'a RunPlan,
}

/// What came of it.
pub(super) struct Judged {
    pub summary: Summary,
    pub interrupted: bool,
    /// How many entries of a list of expected failures are out of date.
    pub complaints: usize,
    /// Every scenario had its verdict.
    complete: bool,
    /// It is a part of a run in which others may have judged something.
    is_part: bool,
}

impl Assignment<'_> {
    /// Runs everything and tells the reporters.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub(super) fn judge(
        self,
        known: &mut Known,
        mut keeper: Option<&mut Keeper>,
        reporters: &mut Reporters,
    ) -> io::Result<Judged> {
        let plan = self.plan;
        let fail_fast = self.settings.fail_fast;
        let scenarios: Vec<&Arc<ScenarioPlan>> = self
            .suites
            .iter()
            .flat_map(|suite| &suite.scenarios)
            .collect();
        let began = Instant::now();
        let stop = CancellationToken::new();
        let mut run = Run::start(self.suites, self.target, self.settings, stop.clone())?;
        reporters.event(&RunEvent::Started { plan });
        let mut summary = Summary::default();
        let mut finished = |index: usize, outcome: &Outcome, reporters: &mut Reporters| {
            summary.add(outcome);
            known.take(index % scenarios.len(), outcome);
            if let Some(keeper) = &mut keeper {
                keeper.take(outcome);
            }
            reporters.event(&RunEvent::ScenarioFinished { index, outcome });
        };
        while let Some(progress) = run.next_progress() {
            match progress {
                Progress::Started { index } => {
                    let id = &scenarios[index % scenarios.len()].id;
                    reporters.event(&RunEvent::ScenarioStarted { index, id });
                }
                Progress::Finished { index, outcome } => finished(index, &outcome, reporters),
            }
        }
        if let Err(error) = run.finish() {
            say(&format!("a part of the run could not work: {error}"));
        }
        let interrupted = stop.is_cancelled();
        let complete = !interrupted && summary.total() == plan.scenarios();
        let ended_early = interrupted || (fail_fast && summary.failed() > 0);
        let complaints = known.complaints(!ended_early);
        for diagnostic in &complaints {
            reporters.event(&RunEvent::Complaint { diagnostic });
        }
        reporters.event(&RunEvent::Finished {
            summary: &summary,
            took: began.elapsed(),
            interrupted,
        });
        Ok(Judged {
            summary,
            interrupted,
            complaints: complaints.len(),
            complete,
            is_part: plan.part.is_some(),
        })
    }
}

impl Judged {
    /// How the program ends that ran it.
    pub(super) fn exit(&self) -> Exit {
        if self.interrupted {
            return Exit::Interrupted;
        }
        if self.summary.failed() > 0 || self.complaints > 0 {
            return Exit::DoesNotConform;
        }
        let undecided = self.summary.count(Verdict::Inconclusive) > 0;
        // Whether all parts together judged anything is told when they are put together.
        let nothing = self.summary.judged() == 0 && !self.is_part;
        if undecided || nothing || !self.complete {
            return Exit::NotJudged;
        }
        Exit::Conforms
    }
}

//! Running scenarios against programs with faults.

use std::io;
use std::sync::Arc;

use super::{Caught, Exceptions, Settings, Tried, is_about};
use crate::plan::{ScenarioPlan, Suite};
use crate::run::embedded::Fault;
use crate::run::{Progress, Run, Settings as RunSettings, Target, Trial};
use crate::scenario::SubjectWord;
use crate::verdict::{Outcome, RuleId, Side, Verdict};

/// How many scenarios run at once that could not be decided the first time.
const AGAIN_AT_ONCE: usize = 4;

/// How often a fault is tried again that its scenarios have missed: a race need not show it every
/// time, and on a busy machine a scenario cannot always decide.
const TRIES_AGAIN: usize = 3;

/// How many faults scenarios try that have caught nothing, before it is seen whether they still
/// have caught nothing.
const FAULTS_AT_A_TIME: usize = 10;

/// The side that a scenario judges.
pub(super) fn side(scenario: &ScenarioPlan) -> Side {
    match scenario.subject {
        SubjectWord::Server => Side::Server,
        SubjectWord::Client => Side::Client,
    }
}

/// How often a scenario that names a fault's rule is to try it.
pub(super) fn count(scenarios: &[Arc<ScenarioPlan>], faults: &[Fault]) -> usize {
    let tries = |fault: &Fault| {
        let tries = |scenario: &&Arc<ScenarioPlan>| {
            side(scenario) == fault.side && is_about(scenario, fault.rule)
        };
        scenarios.iter().filter(tries).count()
    };
    faults.iter().map(tries).sum()
}

/// Tries all faults.
pub(super) fn run(
    suite: &Suite,
    scenarios: &[Arc<ScenarioPlan>],
    faults: &[Fault],
    exceptions: &Exceptions,
    settings: &Settings,
) -> io::Result<Vec<Tried>> {
    let mut laboratory = Laboratory {
        suite,
        scenarios,
        faults,
        exceptions,
        settings,
        results: vec![vec![Found::NotTried; scenarios.len()]; faults.len()],
    };
    let about = |fault: &Fault, scenario: &ScenarioPlan| is_about(scenario, fault.rule);
    let jobs = settings.jobs.get();
    laboratory.try_out(jobs, |lab, fault, scenario| {
        settings.all || about(&lab.faults[fault], &lab.scenarios[scenario])
    })?;
    laboratory.try_out(AGAIN_AT_ONCE, |lab, fault, scenario| {
        !lab.is_caught(fault) && lab.results[fault][scenario].is_undecided()
    })?;
    laboratory.try_out(jobs, |lab, fault, scenario| {
        !lab.is_caught(fault) && lab.results[fault][scenario] == Found::NotTried
    })?;
    for _ in 0..TRIES_AGAIN {
        laboratory.try_out(AGAIN_AT_ONCE, |lab, fault, scenario| {
            lab.is_missed(fault)
                && (about(&lab.faults[fault], &lab.scenarios[scenario])
                    || lab.results[fault][scenario].is_undecided())
        })?;
    }
    let others = if settings.whole { faults.len() } else { 0 };
    for first in (0..others).step_by(FAULTS_AT_A_TIME) {
        laboratory.try_out(jobs, |lab, fault, scenario| {
            (first..first + FAULTS_AT_A_TIME).contains(&fault)
                && lab.is_idle(scenario)
                && lab.results[fault][scenario] == Found::NotTried
        })?;
    }
    Ok(laboratory.conclude())
}

/// What a scenario found with a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    NotTried,
    Nothing,
    Undecided,
    /// Undecided, and tried again and again because the machine was too slow.
    TooSlow,
    Broken(RuleId),
}

impl Found {
    fn is_undecided(&self) -> bool {
        matches!(self, Self::Undecided | Self::TooSlow)
    }
}

struct Laboratory<'a> {
    suite: &'a Suite,
    scenarios: &'a [Arc<ScenarioPlan>],
    faults: &'a [Fault],
    exceptions: &'a Exceptions,
    settings: &'a Settings,
    /// By fault, by scenario.
    results: Vec<Vec<Found>>,
}

impl Laboratory<'_> {
    fn is_caught(&self, fault: usize) -> bool {
        let broken = |found: &Found| matches!(found, Found::Broken(_));
        self.results[fault].iter().any(broken)
    }

    /// Whether no scenario that names a fault's rule has caught it, without a reason known before.
    fn is_missed(&self, fault: usize) -> bool {
        let rule = self.faults[fault].rule;
        let tried = self.results[fault].iter().zip(self.scenarios);
        let mut caught = tried.filter(|(found, _)| matches!(found, Found::Broken(_)));
        !self.exceptions.is_uncaught(&self.faults[fault])
            && !caught.any(|(_, scenario)| is_about(scenario, rule))
    }

    /// Whether a scenario has caught nothing so far, in none of its variants, and nothing says so
    /// beforehand.
    fn is_idle(&self, scenario: usize) -> bool {
        let about = &self.scenarios[scenario];
        let variants = self.scenarios.iter().enumerate();
        let variants = variants.filter(|(_, other)| is_variant(other, about));
        let mut variants = variants.map(|(index, _)| index);
        let caught = |index| {
            let broken = |found: &Vec<Found>| matches!(found[index], Found::Broken(_));
            self.results.iter().any(broken)
        };
        !self.exceptions.is_idle(&about.id.title) && !variants.any(caught)
    }

    /// Runs the scenarios that are chosen for each fault, of those that judge its side, so many at
    /// once.
    fn try_out(
        &mut self,
        jobs: usize,
        chosen: impl Fn(&Self, usize, usize) -> bool,
    ) -> io::Result<()> {
        let mut trials = Vec::new();
        let mut places = Vec::new();
        for (place, fault) in self.faults.iter().enumerate() {
            let all = 0..self.scenarios.len();
            let judging = all.filter(|index| side(&self.scenarios[*index]) == fault.side);
            let indices = judging.filter(|index| chosen(self, place, *index));
            let indices: Vec<usize> = indices.collect();
            let scenarios = indices
                .iter()
                .map(|index| Arc::clone(&self.scenarios[*index]));
            trials.push(Trial {
                target: Target::Embedded {
                    fault: Some(*fault),
                },
                scenarios: scenarios.collect(),
            });
            places.extend(indices.into_iter().map(|index| (place, index)));
        }
        if places.is_empty() || self.settings.stop.is_cancelled() {
            return Ok(());
        }
        let settings = RunSettings {
            jobs,
            seed: self.settings.seed,
            strict: false,
            fail_fast: false,
            repeat: 1,
            expected: Arc::default(),
        };
        let stop = self.settings.stop.clone();
        let mut run = Run::on_several(self.suite, &trials, settings, stop)?;
        while let Some(progress) = run.next_progress() {
            if let Progress::Finished { index, outcome } = progress
                && let Some((fault, scenario)) = places.get(index)
            {
                self.results[*fault][*scenario] = found(&outcome);
            }
        }
        run.finish()
    }

    fn conclude(self) -> Vec<Tried> {
        let mut tried = Vec::new();
        for (fault, results) in self.faults.iter().zip(&self.results) {
            let caught = results.iter().enumerate();
            let caught = caught.filter_map(|(scenario, found)| match found {
                Found::Broken(blamed) => Some(self.judge(scenario, fault, blamed)),
                _ => None,
            });
            let about = results.iter().zip(self.scenarios);
            let mut about = about.filter(|(_, scenario)| is_about(scenario, fault.rule));
            tried.push(Tried {
                fault: *fault,
                caught: caught.collect(),
                excused: self.exceptions.is_uncaught(fault),
                too_slow: about.any(|(found, _)| *found == Found::TooSlow),
            });
        }
        tried
    }

    fn judge(&self, scenario: usize, fault: &Fault, blamed: &RuleId) -> Caught {
        let right = blamed.as_str() == fault.rule || self.exceptions.may_be_blamed(fault, blamed);
        Caught {
            scenario,
            blamed: blamed.clone(),
            right,
            about: is_about(&self.scenarios[scenario], fault.rule),
        }
    }
}

/// Whether two scenarios stand in one place: they are variants of one.
pub(super) fn is_variant(one: &ScenarioPlan, other: &ScenarioPlan) -> bool {
    let (one, other) = (&one.id.span, &other.id.span);
    one.start == other.start && one.file.path == other.file.path
}

fn found(outcome: &Outcome) -> Found {
    match (outcome.verdict, outcome.findings.first()) {
        (Verdict::Fail | Verdict::Warn, Some(finding)) => Found::Broken(finding.rule.id.clone()),
        (Verdict::Inconclusive, _) if outcome.retries > 0 => Found::TooSlow,
        (Verdict::Inconclusive, _) => Found::Undecided,
        _ => Found::Nothing,
    }
}

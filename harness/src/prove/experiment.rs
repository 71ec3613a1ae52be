//! Running scenarios against servers with faults.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::{Caught, Exceptions, Settings, Tried, is_about};
use crate::plan::{ScenarioPlan, Suite};
use crate::run::embedded::Fault;
use crate::run::{Progress, Run, Settings as RunSettings, Target};
use crate::scenario::SubjectWord;
use crate::verdict::{RuleId, Verdict};

/// How many scenarios run at once with one fault.
const AT_ONCE: usize = 12;

/// The scenarios that judge servers.
pub(super) fn that_judge_servers(suite: &Suite) -> Vec<Arc<ScenarioPlan>> {
    let judges = |scenario: &&Arc<ScenarioPlan>| scenario.subject == SubjectWord::Server;
    suite.scenarios.iter().filter(judges).cloned().collect()
}

/// Tries all faults, several at once.
pub(super) fn run(
    suite: &Suite,
    scenarios: &[Arc<ScenarioPlan>],
    faults: &[Fault],
    exceptions: &Exceptions,
    settings: &Settings,
) -> io::Result<Vec<Tried>> {
    let laboratory = Laboratory {
        suite,
        scenarios,
        exceptions,
        settings,
        tried: faults.iter().map(|_| Mutex::default()).collect(),
    };
    laboratory.with_each(faults, |place, fault| laboratory.catch(place, fault))?;
    laboratory.with_each(faults, |place, fault| laboratory.occupy(place, fault))?;
    let caught = laboratory.tried.into_iter().map(|trials| {
        let trials = trials.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut caught: Vec<Caught> = trials
            .into_iter()
            .filter_map(|(_, caught)| caught)
            .collect();
        caught.sort_by_key(|caught| caught.scenario);
        caught
    });
    let tried = faults.iter().zip(caught).map(|(fault, caught)| Tried {
        fault: *fault,
        caught,
        excused: exceptions.is_uncaught(fault),
    });
    Ok(tried.collect())
}

/// Scenarios that were run with a fault, and what came of it.
type Trials = Vec<(usize, Option<Caught>)>;

struct Laboratory<'a> {
    suite: &'a Suite,
    scenarios: &'a [Arc<ScenarioPlan>],
    exceptions: &'a Exceptions,
    settings: &'a Settings,
    /// By fault.
    tried: Vec<Mutex<Trials>>,
}

impl Laboratory<'_> {
    /// Does something with each fault, with several at once.
    fn with_each(
        &self,
        faults: &[Fault],
        work: impl Fn(usize, &Fault) -> io::Result<()> + Sync,
    ) -> io::Result<()> {
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some((place, fault)) = {
                let place = next.fetch_add(1, Ordering::Relaxed);
                faults.get(place).map(|fault| (place, fault))
            } {
                work(place, fault)?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..self.settings.jobs.get())
                .map(|_| scope.spawn(work))
                .collect();
            let mut result = Ok(());
            for worker in workers {
                match worker.join() {
                    Ok(Ok(())) => {}
                    Ok(error) => result = error,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            result
        })
    }

    /// First those that name the rule, then the others.
    fn catch(&self, place: usize, fault: &Fault) -> io::Result<()> {
        let all = 0..self.scenarios.len();
        let (about, others): (Vec<_>, Vec<_>) =
            all.partition(|index| is_about(&self.scenarios[*index], fault.rule));
        self.try_out(place, fault, &about)?;
        if self.settings.all || !self.is_caught(place) {
            self.try_out(place, fault, &others)?;
        }
        Ok(())
    }

    /// Those that have caught nothing so far.
    fn occupy(&self, place: usize, fault: &Fault) -> io::Result<()> {
        let mut idle = vec![true; self.scenarios.len()];
        for (at, trials) in self.tried.iter().enumerate() {
            let trials = trials.lock().unwrap_or_else(PoisonError::into_inner);
            for (index, caught) in trials.iter() {
                if at == place || caught.is_some() {
                    idle[*index] = false;
                }
            }
        }
        let idle: Vec<usize> = (0..idle.len()).filter(|index| idle[*index]).collect();
        self.try_out(place, fault, &idle)
    }

    fn is_caught(&self, place: usize) -> bool {
        let trials = self.tried[place].lock();
        let trials = trials.unwrap_or_else(PoisonError::into_inner);
        trials.iter().any(|(_, caught)| caught.is_some())
    }

    fn try_out(&self, place: usize, fault: &Fault, chosen: &[usize]) -> io::Result<()> {
        if chosen.is_empty() || self.settings.stop.is_cancelled() {
            return Ok(());
        }
        let suite = Suite {
            protocol: Arc::clone(&self.suite.protocol),
            scenarios: chosen
                .iter()
                .map(|index| Arc::clone(&self.scenarios[*index]))
                .collect(),
        };
        let settings = RunSettings {
            jobs: AT_ONCE,
            seed: self.settings.seed,
            strict: false,
            fail_fast: false,
            repeat: 1,
        };
        let target = Target::Embedded {
            fault: Some(fault.name.to_owned()),
        };
        let mut run = Run::start(&[suite], target, settings, self.settings.stop.clone())?;
        while let Some(progress) = run.next_progress() {
            let Progress::Finished { index, outcome } = progress else {
                continue;
            };
            let Some(scenario) = chosen.get(index).copied() else {
                continue;
            };
            let catches = matches!(outcome.verdict, Verdict::Fail | Verdict::Warn);
            let blamed = outcome.findings.first().filter(|_| catches);
            let caught = blamed.map(|finding| self.judge(scenario, fault, finding.rule.id.clone()));
            let mut trials = self.tried[place]
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            trials.push((scenario, caught));
        }
        run.finish()
    }

    fn judge(&self, scenario: usize, fault: &Fault, blamed: RuleId) -> Caught {
        let right = blamed.as_str() == fault.rule || self.exceptions.may_be_blamed(fault, &blamed);
        Caught {
            scenario,
            blamed,
            right,
            about: is_about(&self.scenarios[scenario], fault.rule),
        }
    }
}

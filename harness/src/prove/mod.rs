//! What the scenarios are worth: they are run against reference servers and clients that break one
//! rule each, and what they miss, or blame on another rule, is told.
//!
//! A fault is first tried by the scenarios that name its rule. Only when none of them catches it
//! do the others try, and then those that name it again, a few at once, before it counts as missed;
//! and, where all faults take part, scenarios that have caught nothing by then try all other faults. What
//! is known to be otherwise than usual stands, with the reason, in a protocol's
//! [`faults.yaml`](FILE).

mod coverage;
mod exceptions;
mod experiment;

use std::num::NonZero;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub use coverage::Coverage;
pub use exceptions::{Exceptions, FILE};

use crate::plan::{ScenarioPlan, Suite};
use crate::run::embedded::Fault;
use crate::verdict::{RuleId, Side};

/// How scenarios are tried.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Every scenario with every fault, not only until each has been caught.
    pub all: bool,
    /// All faults of the protocol take part, so that scenarios which have caught nothing try those
    /// that others have caught.
    pub whole: bool,
    /// How many scenarios run at once.
    pub jobs: NonZero<usize>,
    /// What is random comes from this.
    pub seed: u64,
    /// Ends it early.
    pub stop: CancellationToken,
}

/// What is known of the scenarios of one protocol.
#[derive(Debug)]
pub struct Proof {
    /// The protocol's name.
    pub protocol: Arc<str>,
    /// All faults that were tried.
    pub faults: Vec<Tried>,
    /// The scenarios that judge a side that has faults.
    pub scenarios: Vec<Arc<ScenarioPlan>>,
    /// The scenarios that caught nothing in any of their variants although nothing says so
    /// beforehand, by index.
    pub idle: Vec<usize>,
    /// Rules for a side that has faults, that no scenario is about.
    pub without_scenario: Vec<RuleId>,
    /// How many faults the rules for a side that has faults have.
    pub coverage: Coverage,
}

/// A fault, and who caught it.
#[derive(Debug)]
pub struct Tried {
    /// The fault.
    pub fault: Fault,
    /// The scenarios that caught it, in file order.
    pub caught: Vec<Caught>,
    /// It is known beforehand that nobody catches it.
    pub excused: bool,
    /// A scenario that names its rule could not be decided because the machine was too slow.
    pub too_slow: bool,
}

/// A scenario that caught a fault.
#[derive(Debug, Clone)]
pub struct Caught {
    /// Its index.
    pub scenario: usize,
    /// The rule that it says is broken: that of its primary finding.
    pub blamed: RuleId,
    /// Whether that is the rule that the fault breaks, or one that is as right.
    pub right: bool,
    /// Whether it names the rule that the fault breaks.
    pub about: bool,
}

impl Tried {
    /// Whether nobody caught it, and neither a reason known before nor the machine excuses that.
    pub fn is_missed(&self) -> bool {
        self.caught.is_empty() && !self.excused && !self.too_slow
    }

    /// Whether it was caught, and only by scenarios that do not name its rule.
    pub fn is_caught_by_others_only(&self) -> bool {
        !self.caught.is_empty() && self.caught.iter().all(|caught| !caught.about)
    }

    /// The failures in which the right rule is blamed, and all failures.
    pub fn blame(&self) -> (usize, usize) {
        let right = self.caught.iter().filter(|caught| caught.right).count();
        (right, self.caught.len())
    }
}

impl Proof {
    /// Whether every fault was caught and, when all scenarios and faults took part (`whole`), every
    /// rule has a scenario, and two faults or a reason why it has fewer.
    pub fn holds(&self, whole: bool) -> bool {
        let complete = self.without_scenario.is_empty() && self.coverage.is_complete();
        !self.faults.iter().any(Tried::is_missed) && (!whole || complete)
    }
}

/// The most scenarios of one protocol that run at once: more of them hinder each other.
const MOST_AT_ONCE: usize = 64;

/// The part of all that each protocol has, however little there is to try: what there is may take long.
const LEAST_PART: usize = 6;

/// How many scenarios of each protocol run at once where `jobs` of all run: where there is more to try
/// more do.
pub fn shares(
    suites: &[Suite],
    wanted: &dyn Fn(&Fault) -> bool,
    jobs: NonZero<usize>,
) -> Vec<NonZero<usize>> {
    let count = |suite: &Suite| {
        let faults = crate::run::embedded::faults(&suite.protocol.name);
        let faults: Vec<Fault> = faults.into_iter().filter(wanted).collect();
        experiment::count(&suite.scenarios, &faults)
    };
    let counts: Vec<usize> = suites.iter().map(count).collect();
    let all = counts.iter().sum::<usize>().max(1);
    let least = jobs.get() / LEAST_PART;
    let share = |count: usize| (jobs.get() * count).div_ceil(all).max(least);
    let share = |count: usize| share(count).min(MOST_AT_ONCE);
    let share = |count| NonZero::new(share(count)).unwrap_or(NonZero::<usize>::MIN);
    counts.into_iter().map(share).collect()
}

/// Tries the faults of one protocol, those that `wanted` says.
///
/// # Errors
/// When the system gives no threads.
pub fn prove(
    suite: &Suite,
    exceptions: &Exceptions,
    wanted: &dyn Fn(&Fault) -> bool,
    settings: &Settings,
) -> std::io::Result<Proof> {
    let faults = crate::run::embedded::faults(&suite.protocol.name);
    let rules = suite.protocol.rules.iter();
    let has_faults = |side: Side| faults.iter().any(|fault| fault.side == side);
    let rules: Vec<&RuleId> = rules
        .filter(|rule| has_faults(rule.side))
        .map(|rule| &rule.id)
        .collect();
    let judged = |rule: &RuleId| {
        let about = |scenario: &Arc<ScenarioPlan>| is_about(scenario, rule.as_str());
        suite.scenarios.iter().any(about)
    };
    let breaking = |rule: &str| faults.iter().filter(|fault| fault.rule == rule).count();
    let coverage = Coverage::of(&rules, breaking, exceptions);
    let without_scenario = rules
        .iter()
        .filter(|rule| !judged(rule))
        .map(|rule| (*rule).clone())
        .collect();
    let scenarios = suite.scenarios.iter();
    let scenarios: Vec<Arc<ScenarioPlan>> = scenarios
        .filter(|scenario| has_faults(experiment::side(scenario)))
        .cloned()
        .collect();
    let chosen: Vec<Fault> = faults.into_iter().filter(wanted).collect();
    let faults = experiment::run(suite, &scenarios, &chosen, exceptions, settings)?;
    let idle = (0..scenarios.len())
        .filter(|index| {
            let this = &scenarios[*index];
            let by = |caught: &Caught| experiment::is_variant(&scenarios[caught.scenario], this);
            let caught = |tried: &Tried| tried.caught.iter().any(by);
            !faults.iter().any(caught) && !exceptions.is_idle(&this.id.title)
        })
        .collect();
    Ok(Proof {
        protocol: Arc::clone(&suite.protocol.name),
        faults,
        scenarios,
        idle,
        without_scenario,
        coverage,
    })
}

/// Whether a scenario names a rule.
fn is_about(scenario: &ScenarioPlan, rule: &str) -> bool {
    scenario.rules.iter().any(|known| known.id.as_str() == rule)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::plan::{Selection, load};
    use crate::source::Diagnostics;

    fn tried(caught: bool) -> Tried {
        let fault = crate::run::embedded::faults("bcp").remove(0);
        let by = Caught {
            scenario: 0,
            blamed: RuleId::new(fault.rule),
            right: true,
            about: true,
        };
        Tried {
            fault,
            caught: caught.then_some(by).into_iter().collect(),
            excused: false,
            too_slow: false,
        }
    }

    fn proof(faults: Vec<Tried>, without_scenario: &[&str]) -> Proof {
        Proof {
            protocol: "bcp".into(),
            faults,
            scenarios: Vec::new(),
            idle: Vec::new(),
            without_scenario: without_scenario.iter().map(|id| RuleId::new(id)).collect(),
            coverage: Coverage::default(),
        }
    }

    #[test]
    fn a_fault_that_nobody_catches_is_no_proof() {
        assert!(proof(vec![tried(true)], &[]).holds(true));
        assert!(!proof(vec![tried(true), tried(false)], &[]).holds(true));
        assert!(!proof(vec![tried(false)], &[]).holds(false));
    }

    #[test]
    fn what_is_known_and_what_the_machine_cannot_decide_is_no_miss() {
        let excused = Tried {
            excused: true,
            ..tried(false)
        };
        let too_slow = Tried {
            too_slow: true,
            ..tried(false)
        };
        assert!(proof(vec![excused, too_slow], &[]).holds(true));
    }

    #[test]
    fn a_rule_without_a_scenario_is_no_proof_where_all_scenarios_took_part() {
        assert!(!proof(vec![tried(true)], &["BCP-1"]).holds(true));
        assert!(proof(vec![tried(true)], &["BCP-1"]).holds(false));
    }

    #[test]
    fn protocols_with_more_to_try_have_more_at_once() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let selection = Selection {
            paths: vec![repository.join("scenarios")],
            ..Selection::default()
        };
        let suites = load(&selection, &mut Diagnostics::default());
        let all = |_: &Fault| true;
        let jobs = |count| NonZero::new(count).unwrap();
        let many = shares(&suites, &all, jobs(120));
        assert!(many.iter().all(|share| (20..=64).contains(&share.get())));
        assert!(many.iter().max() > many.iter().min(), "{many:?}");
        let one = shares(&suites[..1], &all, jobs(140));
        assert_eq!(one, [jobs(64)]);
        let few = shares(&suites, &all, jobs(1));
        assert_eq!(few, vec![jobs(1); suites.len()]);
    }

    #[test]
    fn a_rule_with_one_fault_is_no_proof_where_all_faults_took_part() {
        let mut proof = proof(vec![tried(true)], &[]);
        proof.coverage.with_one_fault.push(RuleId::new("BCP-1"));
        assert!(!proof.holds(true));
        assert!(proof.holds(false));
    }
}

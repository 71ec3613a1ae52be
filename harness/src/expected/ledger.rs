//! Which entries came true in a run, and what is wrong with the others.

use std::sync::Arc;

use super::{Date, Entry, Expected, Kind, setup_failed};
use crate::source::{Diagnostic, Span, closest};
use crate::verdict::{Outcome, Rule, ScenarioId, Verdict};

/// A scenario that there is, whether it was selected or not.
#[derive(Debug, Clone)]
pub struct Known {
    /// Which one.
    pub id: ScenarioId,
    /// It is among those that run.
    pub selected: bool,
    /// The program that this run judges is the one that it judges.
    pub judged: bool,
}

/// Notes what comes of each entry.
#[derive(Debug)]
pub struct Ledger {
    expected: Arc<Expected>,
    /// Every scenario of the protocols of this run.
    scenarios: Vec<Known>,
    /// Every rule of these protocols.
    rules: Vec<Arc<Rule>>,
    tallies: Vec<Tally>,
}

/// What came of one entry.
#[derive(Debug, Default, Clone)]
struct Tally {
    /// Outcomes as the entry says.
    met: usize,
    /// Outcomes that are clear, and otherwise.
    otherwise: usize,
    /// Outcomes that are not clear.
    open: usize,
    /// Scenarios that passed and were told as such.
    told: usize,
}

impl Ledger {
    /// A ledger for a run of these protocols.
    pub fn new(expected: Arc<Expected>, scenarios: Vec<Known>, rules: Vec<Arc<Rule>>) -> Self {
        Self {
            tallies: vec![Tally::default(); expected.entries.len()],
            expected,
            scenarios,
            rules,
        }
    }

    /// Takes note of an outcome after it was [`judged`](Expected::judged).
    pub fn take(&mut self, outcome: &Outcome) {
        for (entry, tally) in self.expected.entries.iter().zip(&mut self.tallies) {
            if entry.is_about(&outcome.scenario) {
                tally.take(entry, outcome);
            }
        }
    }

    /// What is wrong with the entries themselves. `complete` says that every selected scenario had
    /// its turn; `exists` tells whether there is such a protocol beside those of the run.
    pub fn complaints(
        &self,
        today: Date,
        complete: bool,
        exists: impl Fn(&str) -> bool,
    ) -> Vec<Diagnostic> {
        let entries = self.expected.entries.iter().zip(&self.tallies);
        let elsewhere = |entry: &Entry| {
            let own = |name: &String| {
                self.scenarios
                    .iter()
                    .all(|known| *known.id.protocol != **name)
            };
            entry
                .protocol
                .as_ref()
                .is_some_and(|name| own(name) && exists(name))
        };
        entries
            .filter(|(entry, _)| !elsewhere(entry))
            .filter_map(|(entry, tally)| {
                expired(entry, today)
                    .or_else(|| self.unfit(entry))
                    .or_else(|| self.stale(entry, tally, complete))
            })
            .collect()
    }

    /// A complaint about an entry that can be about nothing.
    fn unfit(&self, entry: &Entry) -> Option<Diagnostic> {
        let other_dialect = entry.dialect.is_some()
            && !self
                .scenarios
                .iter()
                .any(|known| known.id.dialect.as_deref() == entry.dialect.as_deref());
        if other_dialect {
            return None;
        }
        for pattern in &entry.rules {
            if !self.rules.iter().any(|rule| pattern.fits(rule.id.as_str())) {
                let message = format!("no rule fits `{}`", pattern.as_str());
                let names = self.rules.iter().map(|rule| rule.id.as_str());
                return Some(nothing(entry, message, closest(pattern.as_str(), names)));
            }
        }
        if self.scenarios.iter().any(|known| entry.is_about(&known.id)) {
            return None;
        }
        let elsewhere = entry.protocol.as_ref().is_some_and(|name| {
            let mut scenarios = self.scenarios.iter();
            scenarios.all(|known| *known.id.protocol != **name)
        });
        let Some(pattern) = entry.scenario.as_ref().filter(|_| !elsewhere) else {
            let message = "this entry fits no scenario of this run".to_owned();
            return Some(nothing(entry, message, None));
        };
        let message = format!("no scenario fits `{}`", pattern.as_str());
        let names = self.scenarios.iter().map(|known| known.id.title.as_str());
        Some(nothing(entry, message, closest(pattern.as_str(), names)))
    }

    /// A complaint about an entry whose failure is gone.
    fn stale(&self, entry: &Entry, tally: &Tally, complete: bool) -> Option<Diagnostic> {
        let all_ran = self
            .scenarios
            .iter()
            .filter(|known| known.judged && entry.is_about(&known.id))
            .all(|known| known.selected);
        let silent = entry.kind == Kind::Flaky || tally.told > 0 || tally.met > 0;
        if silent || !complete || !all_ran || tally.open > 0 || tally.otherwise == 0 {
            return None;
        }
        let (message, label) = match (entry.kind, entry.rules.is_empty()) {
            (Kind::Undecided, _) => ("what should be undecided was decided", "no longer so"),
            (_, true) => ("what should fail did not", "nothing of this failed"),
            (_, false) => (
                "what should break a rule did not",
                "nothing of this broke it",
            ),
        };
        let help = "take the entry out, or say what is still so";
        Some(Diagnostic::error(message).at(&entry.span, label).help(help))
    }
}

impl Tally {
    fn take(&mut self, entry: &Entry, outcome: &Outcome) {
        let said = outcome.findings.iter().any(|finding| entry.says(finding));
        match (entry.kind, outcome.verdict) {
            (Kind::Undecided, Verdict::Skip | Verdict::Inconclusive) if setup_failed(outcome) => {
                self.met += 1;
            }
            (_, Verdict::Inconclusive) => self.open += 1,
            (_, Verdict::Skip) => {}
            (_, Verdict::UnexpectedPass) => self.told += 1,
            (Kind::Fails | Kind::Flaky, _) if said => self.met += 1,
            _ => self.otherwise += 1,
        }
    }
}

fn expired(entry: &Entry, today: Date) -> Option<Diagnostic> {
    let until = entry.until.filter(|_| entry.is_expired(today))?;
    let message = format!("this entry counted until {until}: {}", entry.reason);
    let who = match &entry.owner {
        Some(owner) => format!("ask its owner, {owner}"),
        None => "ask whoever wrote it".to_owned(),
    };
    let help = format!("{who}; take it out when it is mended, else give it a new day");
    Some(
        Diagnostic::error(message)
            .at(&entry.span, "expired")
            .help(help),
    )
}

fn nothing(entry: &Entry, message: String, near: Option<&str>) -> Diagnostic {
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "take it out, or say with `protocol:` which protocol it is for".to_owned(),
    };
    let place: &Span = &entry.span;
    Diagnostic::error(message)
        .at(place, "fits nothing")
        .help(help)
}

//! Failures that are known: a list that somebody keeps beside a program that does not conform yet,
//! so that only what is new fails a run, and what is mended is noticed.
//!
//! An entry excuses no more than it says: a scenario that also breaks another rule fails, and one
//! that cannot be decided is not decided. An entry that is out of date fails the run itself.

mod file;
mod first;
mod ledger;
mod pattern;
#[cfg(test)]
mod tests;

pub use crate::calendar::{Date, NoDate};
pub use first::{First, TO_BE_SAID};
pub use ledger::{Known, Ledger};
pub use pattern::Pattern;

use std::fmt::Write as _;

use crate::source::Span;
use crate::verdict::{Finding, Level, Outcome, SETUP_FAILED, ScenarioId, Verdict};

/// The entries of the files that a run was given.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// In the order in which they are written.
    pub entries: Vec<Entry>,
    /// Breaking a `should` rule is a failure, too.
    pub strict: bool,
}

/// One failure that is known, or several of a kind.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it stands.
    pub span: Span,
    /// The titles of its scenarios; `None` where only the rule counts.
    pub scenario: Option<Pattern>,
    /// The rules that they break; empty where any may be.
    pub rules: Vec<Pattern>,
    /// Only this protocol.
    pub protocol: Option<String>,
    /// Only this dialect.
    pub dialect: Option<String>,
    /// What is known of it.
    pub kind: Kind,
    /// Why it is so.
    pub reason: String,
    /// Who is going to mend it.
    pub owner: Option<String>,
    /// The last day on which it counts.
    pub until: Option<Date>,
}

/// What is known of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It fails.
    Fails,
    /// It fails now and then.
    Flaky,
    /// It cannot be decided, because its setup fails.
    Undecided,
}

impl Entry {
    /// Whether it speaks of this scenario (by its rules alone: of any that may break them).
    pub fn is_about(&self, id: &ScenarioId) -> bool {
        let fits_title = |pattern: &Pattern| {
            let whole = pattern.fits(&id.title);
            whole
                || id
                    .title
                    .split_once(" [")
                    .is_some_and(|(title, _)| pattern.fits(title))
        };
        self.is_in_scope(&id.protocol, id.dialect.as_deref())
            && self.scenario.as_ref().is_none_or(fits_title)
    }

    /// Whether it speaks of this protocol in this dialect; `None` is the protocol's own.
    pub fn is_in_scope(&self, protocol: &str, dialect: Option<&str>) -> bool {
        let protocol_fits = self.protocol.as_deref().is_none_or(|name| name == protocol);
        protocol_fits && (self.dialect.is_none() || self.dialect.as_deref() == dialect)
    }

    /// Whether it names this very scenario, so that it must fail.
    pub fn is_exactly(&self, id: &ScenarioId) -> bool {
        let exact = |pattern: &Pattern| pattern.is_exact() && pattern.fits(&id.title);
        self.kind == Kind::Fails && self.scenario.as_ref().is_some_and(exact) && self.is_about(id)
    }

    /// Whether it says that this rule is broken.
    pub fn says(&self, finding: &Finding) -> bool {
        let fits = |pattern: &Pattern| pattern.fits(finding.rule.id.as_str());
        self.rules.is_empty() || self.rules.iter().any(fits)
    }

    /// Whether its last day is over.
    pub fn is_expired(&self, today: Date) -> bool {
        self.until.is_some_and(|until| until < today)
    }

    /// Its reason with who and where: `the server echoes (owner: chat team; known.yaml:4:5)`.
    pub fn because(&self) -> String {
        let mut text = format!("{} (", self.reason);
        // Writing to a string does not fail.
        if let Some(owner) = &self.owner {
            let _ = write!(text, "owner: {owner}; ");
        }
        let _ = write!(text, "{})", self.span);
        text
    }
}

impl Expected {
    /// The outcome with the verdict that it has for somebody who knows the entries.
    #[must_use]
    pub fn judged(&self, outcome: Outcome, today: Date) -> Outcome {
        let entries = self.entries.iter();
        let about = |entry: &&Entry| !entry.is_expired(today) && entry.is_about(&outcome.scenario);
        let entries: Vec<&Entry> = entries.filter(about).collect();
        match outcome.verdict {
            _ if entries.is_empty() => outcome,
            Verdict::Fail => self.failed(outcome, &entries),
            Verdict::Inconclusive => undecided(outcome, &entries),
            Verdict::Pass | Verdict::Warn => passed(outcome, &entries),
            _ => outcome,
        }
    }

    /// Whether a finding fails its scenario.
    fn fails(&self, finding: &Finding) -> bool {
        self.strict || finding.rule.level == Level::Must
    }

    fn failed(&self, mut outcome: Outcome, entries: &[&Entry]) -> Outcome {
        let excuse = |finding: &Finding| {
            let mut fitting = entries.iter().filter(|entry| entry.kind != Kind::Undecided);
            fitting.find(|entry| entry.says(finding)).copied()
        };
        // What is new is told first.
        outcome
            .findings
            .sort_by_key(|finding| excuse(finding).is_some());
        let open = |finding: &&Finding| excuse(finding).is_none();
        let verdict = match outcome.findings.iter().find(open) {
            None => Verdict::ExpectedFailure,
            Some(_)
                if outcome
                    .findings
                    .iter()
                    .filter(open)
                    .any(|found| self.fails(found)) =>
            {
                Verdict::Fail
            }
            Some(_) => Verdict::Warn,
        };
        if verdict == Verdict::ExpectedFailure {
            outcome.reason = outcome
                .findings
                .first()
                .and_then(excuse)
                .map(Entry::because);
        }
        for finding in &mut outcome.findings {
            if let Some(entry) = excuse(finding) {
                finding
                    .hints
                    .push(format!("this is expected: {}", entry.because()));
            }
        }
        outcome.verdict = verdict;
        outcome
    }
}

/// Excuses a scenario whose setup fails; that the machine was busy is known by nobody before.
fn undecided(mut outcome: Outcome, entries: &[&Entry]) -> Outcome {
    let mut entries = entries.iter();
    let known = entries.find(|entry| entry.kind == Kind::Undecided);
    if let Some(entry) = known.filter(|_| setup_failed(&outcome)) {
        let reason = outcome.reason.as_deref().unwrap_or(SETUP_FAILED);
        outcome.reason = Some(format!("{reason}; expected: {}", entry.because()));
        outcome.verdict = Verdict::Skip;
    }
    outcome
}

/// Whether a scenario could not be decided for a reason that can be known before.
fn setup_failed(outcome: &Outcome) -> bool {
    let mut reason = outcome.reason.iter();
    reason.any(|reason| reason.starts_with(SETUP_FAILED))
}

/// A warning that an entry knows is no surprise; everything else that was to fail has not.
fn passed(mut outcome: Outcome, entries: &[&Entry]) -> Outcome {
    let surprising = entries.iter().find(|entry| {
        let known = outcome.findings.iter().any(|finding| entry.says(finding));
        entry.is_exactly(&outcome.scenario) && !known
    });
    if let Some(entry) = surprising {
        let because = entry.because();
        outcome.reason = Some(format!("it should fail: {because}; take the entry out"));
        outcome.verdict = Verdict::UnexpectedPass;
    }
    outcome
}

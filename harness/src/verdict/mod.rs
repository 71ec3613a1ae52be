//! What was found out: findings about single rules, folded into one verdict a scenario.

mod rules;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use rules::{Level, Rule, RuleId, Rules, Side};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::source::Span;
use crate::transcript::Transcript;
use crate::wire::Segment;

/// Something that the program under test did against a rule.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule that it breaks.
    pub rule: Arc<Rule>,
    /// The step that noticed it; for a step of a macro, the place in the macro.
    pub step: Span,
    /// Where the scenario used the macro that `step` stands in, if it does.
    pub used_at: Option<Span>,
    /// Whose connection shows it.
    pub actor: Option<Arc<str>>,
    /// What happened instead of what should have, in one sentence.
    pub problem: String,
    /// What the step wanted, in words: `recv status with code 0 (ok)`.
    pub expected: Option<String>,
    /// What came, in words: `deliver from "x" message "hi"`, `nothing within 2 s`.
    pub received: Option<String>,
    /// Field by field, when a message came that should have been another.
    pub fields: Vec<FieldRow>,
    /// The bytes of the message that shows it.
    pub bytes: Option<Evidence>,
    /// The event that shows it.
    pub event: Option<usize>,
    /// What may help: "event 14 would match".
    pub hints: Vec<String>,
}

/// One field of a message compared with what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRow {
    /// The field's name.
    pub field: String,
    /// What was wanted, in words; `None` where anything goes.
    pub expected: Option<String>,
    /// What came, in words; `None` where the field is missing.
    pub received: Option<String>,
    /// Whether that fits.
    pub fits: bool,
    /// Both values in full where both are text and differ.
    pub texts: Option<Texts>,
}

/// Two texts that should have been one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// What was wanted.
    pub expected: String,
    /// What came.
    pub received: String,
}

/// Bytes with what each range of them means.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The bytes, not more than the transcript keeps.
    pub bytes: Vec<u8>,
    /// How many there were.
    pub total: usize,
    /// Their meaning, range by range.
    pub segments: Vec<Segment>,
}

/// How a scenario ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every check held.
    Pass,
    /// Only rules of the level `should` were broken.
    Warn,
    /// A rule of the level `must` was broken.
    Fail,
    /// It could not be decided.
    Inconclusive,
    /// It does not apply here.
    Skip,
    /// It failed, and was expected to.
    ExpectedFailure,
    /// It passed, and was expected to fail.
    UnexpectedPass,
}

/// How the reason begins of a scenario that could not be decided because its setup failed.
pub const SETUP_FAILED: &str = "its setup failed";

/// How a scenario came to its end, before rules are weighed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completion {
    /// Every step ran, or the first finding ended it.
    Judged,
    /// It could not be decided, and why.
    Undecided(String),
    /// It does not apply here, and why.
    Skipped(String),
}

/// The result of one scenario (of one variant of it).
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Which scenario.
    pub scenario: ScenarioId,
    /// The rules that it is about.
    pub rules: Vec<Arc<Rule>>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it was skipped or could not be decided; what is expected of it, where it fails as
    /// expected or passes though it should not.
    pub reason: Option<String>,
    /// What was found, the primary cause first.
    pub findings: Vec<Finding>,
    /// Steps that did not run because of it.
    pub not_run: usize,
    /// What happened.
    pub transcript: Transcript,
    /// Names and the like that differ from run to run, with what they stand for: value, label.
    pub names: Vec<(String, String)>,
    /// How long it took.
    pub took: Duration,
    /// How often it was tried again because the machine was too slow to decide.
    pub retries: usize,
}

/// What names a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioId {
    /// The protocol's name.
    pub protocol: Arc<str>,
    /// The dialect, if not the default one.
    pub dialect: Option<Arc<str>>,
    /// The folder below `server/` or `client/`: `registration`.
    pub area: String,
    /// The title with its variant: `a name is free again [how=fin]`.
    pub title: String,
    /// Where it stands.
    pub span: Span,
}

/// The verdict of a scenario: a pure fold over what was found.
///
/// A finding against a `must` rule fails, whatever else happened; with `strict`, so does one
/// against a `should` rule.
pub fn judge(completion: &Completion, findings: &[Finding], strict: bool) -> Verdict {
    let breaks_must = |finding: &Finding| strict || finding.rule.level == Level::Must;
    if findings.iter().any(breaks_must) {
        return Verdict::Fail;
    }
    match completion {
        Completion::Undecided(_) => Verdict::Inconclusive,
        Completion::Skipped(_) => Verdict::Skip,
        Completion::Judged if findings.is_empty() => Verdict::Pass,
        Completion::Judged => Verdict::Warn,
    }
}

/// Counts and broken rules of a whole run.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// How many scenarios ended how.
    pub counts: BTreeMap<Verdict, usize>,
    /// For each broken rule, in how many scenarios it was the primary cause.
    pub broken: BTreeMap<RuleId, (Arc<Rule>, usize)>,
}

impl Summary {
    /// Takes one more outcome into account.
    pub fn add(&mut self, outcome: &Outcome) {
        *self.counts.entry(outcome.verdict).or_default() += 1;
        let mut seen: Vec<&RuleId> = Vec::new();
        for finding in &outcome.findings {
            if !seen.contains(&&finding.rule.id) {
                seen.push(&finding.rule.id);
                let entry = self.broken.entry(finding.rule.id.clone());
                entry.or_insert_with(|| (Arc::clone(&finding.rule), 0)).1 += 1;
            }
        }
    }

    /// How many scenarios ended with this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.counts.get(&verdict).copied().unwrap_or_default()
    }

    /// How many scenarios fail the run.
    pub fn failed(&self) -> usize {
        self.count(Verdict::Fail) + self.count(Verdict::UnexpectedPass)
    }

    /// How many scenarios say something about the program.
    pub fn judged(&self) -> usize {
        let met = [Verdict::Pass, Verdict::Warn, Verdict::ExpectedFailure];
        let met: usize = met.into_iter().map(|verdict| self.count(verdict)).sum();
        met + self.failed()
    }

    /// How many scenarios there were.
    pub fn total(&self) -> usize {
        self.counts.values().sum()
    }
}

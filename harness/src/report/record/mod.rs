//! What a run found, as data: what every report but the terminal is made from, what is written as
//! JSON, and what later commands read back.
//!
//! A record holds no more than what helps: of scenarios that passed the beginning of the exchange,
//! of all others everything that the transcript kept. [`bounds`] says how much that is. Its text is
//! what the peer sent, and not made safe for any place where it may be shown.

pub mod bounds;
mod clock;
mod event;
mod file;
mod finding;
mod json;
mod merge;
mod recorder;
mod scenario;

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use event::{EventKind, EventRecord, FieldRecord, MessageRecord, OutputRecord};
pub use file::{Sink, check_place, replace};
pub use finding::{
    BytesRecord, FieldRowRecord, FindingRecord, PlaceRecord, SegmentRecord, TextsRecord,
};
pub use json::{Json, ReadError, read, write};
pub(crate) use merge::badness;
pub use merge::{MergeError, Merged, Part, merge};
pub use recorder::{Explain, NamedWriter, Recorder, Writer};
pub use scenario::{NameRecord, ScenarioRecord, SourceRecord};

use crate::event::{PartOfRun, PlannedProtocol};
use crate::source::Diagnostic;
use crate::verdict::{Level, Rule, RuleId, Side, Verdict};

/// The version of the form in which records are written.
pub const FORMAT: u32 = 1;

/// Everything that one run found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// The version of this form: [`FORMAT`].
    pub format: u32,
    /// The version of the harness that wrote it.
    pub harness: String,
    /// When the run began, UTC as in RFC 3339: `2026-01-31T09:30:00Z`.
    pub started: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The program under test in words: `127.0.0.1:9001`, `the embedded reference server`.
    pub target: String,
    /// Where all that is random came from; written as text, since it may be greater than what
    /// JavaScript takes for a number.
    #[serde(with = "seed")]
    #[schemars(with = "String", regex(pattern = "^[0-9]+$"))]
    pub seed: u64,
    /// How many scenarios ran at the same time.
    pub jobs: usize,
    /// The arguments that running one scenario again needs too, besides path, filter and seed.
    pub arguments: Vec<String>,
    /// The user ended it before every scenario had run.
    pub interrupted: bool,
    /// Which part of the selected scenarios this run judged, when it was only a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardRecord>,
    /// The protocols with something to run, in file order.
    pub protocols: Vec<ProtocolRecord>,
    /// Protocols that were selected and do not fit the target.
    pub left_out: Vec<ProtocolRecord>,
    /// What was said about the whole run, one sentence each.
    pub notes: Vec<String>,
    /// What makes the run fail beside the scenarios: entries of lists of expected failures that are
    /// out of date.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub complaints: Vec<ComplaintRecord>,
    /// The rules that the scenarios are about or found broken, ordered by protocol and number.
    pub rules: Vec<RuleRecord>,
    /// What came of each scenario, in file order; those that never ran are missing.
    pub scenarios: Vec<ScenarioRecord>,
    /// Counts and broken rules; follows from `scenarios`.
    pub summary: SummaryRecord,
}

impl RunRecord {
    /// What it says about the program as a whole. `complete` says that nothing is missing beside
    /// what the record itself shows.
    pub fn conformance(&self, complete: bool) -> Conformance {
        let failed = [Verdict::Fail, Verdict::UnexpectedPass];
        let judged = [Verdict::Pass, Verdict::Warn, Verdict::ExpectedFailure];
        let count = |of: &[Verdict]| {
            of.iter()
                .map(|each| self.summary.count(*each))
                .sum::<usize>()
        };
        let planned: usize = self.protocols.iter().map(|each| each.scenarios).sum();
        if count(&failed) > 0 || !self.complaints.is_empty() {
            return Conformance::DoesNotConform;
        }
        let undecided = self.summary.count(Verdict::Inconclusive) > 0;
        let nothing = count(&judged) == 0;
        let missing = self.interrupted || !complete || self.scenarios.len() < planned;
        if undecided || nothing || missing {
            return Conformance::NotJudged;
        }
        Conformance::Conforms
    }

    /// The rule with this name.
    pub fn rule(&self, protocol: &str, id: &str) -> Option<&RuleRecord> {
        self.rules
            .iter()
            .find(|rule| rule.protocol == protocol && rule.id == id)
    }
}

/// What a run says about the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conformance {
    /// Everything that was judged conforms.
    Conforms,
    /// Something does not.
    DoesNotConform,
    /// Not everything could be judged.
    NotJudged,
}

/// One protocol of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProtocolRecord {
    /// Its name.
    pub name: String,
    /// The dialect, if not the default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// How many scenarios of it were to run.
    pub scenarios: usize,
}

impl From<&PlannedProtocol> for ProtocolRecord {
    fn from(planned: &PlannedProtocol) -> Self {
        Self {
            name: planned.name.to_string(),
            dialect: planned.dialect.as_deref().map(str::to_owned),
            scenarios: planned.scenarios,
        }
    }
}

/// A part of the selected scenarios.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShardRecord {
    /// Which part, from 1.
    pub index: u32,
    /// How many parts there are.
    pub of: u32,
    /// How many scenarios all parts have together.
    pub whole: usize,
}

impl From<PartOfRun> for ShardRecord {
    fn from(part: PartOfRun) -> Self {
        Self {
            index: part.number,
            of: part.of,
            whole: part.whole,
        }
    }
}

/// Something other than a verdict that makes the run fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComplaintRecord {
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceRecord>,
    /// What would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl From<&Diagnostic> for ComplaintRecord {
    fn from(diagnostic: &Diagnostic) -> Self {
        let place = diagnostic.primary.as_ref();
        Self {
            message: diagnostic.message.clone(),
            place: place.map(|(span, _)| PlaceRecord::of(span)),
            help: diagnostic.help.clone(),
        }
    }
}

/// A rule of a protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleRecord {
    /// The protocol's name.
    pub protocol: String,
    /// Its name: `BCP-7`.
    pub id: String,
    /// How binding it is.
    pub level: Level,
    /// Whom it binds.
    pub side: Side,
    /// What it asks for.
    pub text: String,
    /// Where the document says so.
    pub source: String,
}

impl RuleRecord {
    fn new(protocol: &str, rule: &Rule) -> Self {
        Self {
            protocol: protocol.to_owned(),
            id: rule.id.to_string(),
            level: rule.level,
            side: rule.side,
            text: rule.text.clone(),
            source: rule.source.clone(),
        }
    }
}

/// Rules of several protocols, each once, in the order in which people count.
#[derive(Debug, Default)]
struct RuleSet(BTreeMap<(Arc<str>, RuleId), Arc<Rule>>);

impl RuleSet {
    fn add(&mut self, protocol: &Arc<str>, rule: &Arc<Rule>) {
        let key = (Arc::clone(protocol), rule.id.clone());
        self.0.entry(key).or_insert_with(|| Arc::clone(rule));
    }

    fn records(&self) -> Vec<RuleRecord> {
        let record = |((protocol, _), rule): (&(Arc<str>, RuleId), &Arc<Rule>)| {
            RuleRecord::new(protocol, rule)
        };
        self.0.iter().map(record).collect()
    }
}

/// Counts and broken rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SummaryRecord {
    /// How many scenarios ended how; verdicts that nobody had are missing.
    pub counts: BTreeMap<Verdict, usize>,
    /// The broken rules, those broken in most scenarios first.
    pub broken: Vec<BrokenRecord>,
}

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BrokenRecord {
    /// The protocol's name.
    pub protocol: String,
    /// The rule's name.
    pub rule: String,
    /// In how many scenarios it was found broken.
    pub scenarios: usize,
}

impl SummaryRecord {
    /// What follows from these scenarios.
    pub fn of(scenarios: &[ScenarioRecord]) -> Self {
        let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
        let mut broken: BTreeMap<(&str, RuleId), usize> = BTreeMap::new();
        for scenario in scenarios {
            *counts.entry(scenario.verdict).or_default() += 1;
            for rule in scenario.broken() {
                let key = (scenario.protocol.as_str(), RuleId::new(rule));
                *broken.entry(key).or_default() += 1;
            }
        }
        let record = |((protocol, rule), scenarios): ((&str, RuleId), usize)| BrokenRecord {
            protocol: protocol.to_owned(),
            rule: rule.to_string(),
            scenarios,
        };
        let mut broken: Vec<BrokenRecord> = broken.into_iter().map(record).collect();
        broken.sort_by_key(|each| std::cmp::Reverse(each.scenarios));
        Self { counts, broken }
    }

    /// How many scenarios ended with this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.counts.get(&verdict).copied().unwrap_or_default()
    }

    /// How many scenarios there were.
    pub fn total(&self) -> usize {
        self.counts.values().sum()
    }
}

/// A seed as text.
mod seed {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
    pub(super) fn serialize<S: Serializer>(seed: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(seed)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<u64, D::Error> {
        let text = String::deserialize(input)?;
        text.parse().map_err(D::Error::custom)
    }
}

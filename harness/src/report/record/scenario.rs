use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bounds::{self, cut};
use super::event::{self, EventRecord, Events, ExplainBytes, OutputRecord};
use super::finding::FindingRecord;
use crate::report::failure::{self, Rerun};
use crate::slug::slug;
use crate::source::Span;
use crate::verdict::{Outcome, ScenarioId, Side, Verdict};

/// Findings that are recorded of one scenario.
const MAX_FINDINGS: usize = 100;

/// Characters of a scenario's source that are recorded.
const MAX_SOURCE: usize = 64 * 1024;

/// The result of one scenario (of one variant of it).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioRecord {
    /// What names it, the same in every run: protocol, dialect, side, area and title in ASCII
    /// letters, digits and `-_./~`: `bcp.rpchat/server/registration/a-name-is-free-again`. A page
    /// has it as an anchor. Where a run has it several times, `~2` and so on follow.
    pub id: String,
    /// The protocol's name.
    pub protocol: String,
    /// The dialect, if not the default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// The folder below `server/`: `registration`; of clients with `client/` before it.
    pub area: String,
    /// The title with its variant: `a name is free again [how=fin]`.
    pub title: String,
    /// The file, as the user would write it.
    pub file: String,
    /// The line in it, from 1.
    pub line: usize,
    /// Which program it judges.
    pub subject: Side,
    /// The names of the rules that it is about, the first blamed by default.
    pub rules: Vec<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it was skipped or could not be decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// How often it was tried again because the machine was too slow to decide.
    #[serde(default)]
    pub retries: usize,
    /// Steps that did not run because of what was found.
    #[serde(default)]
    pub not_run: usize,
    /// What was found, the primary cause first.
    pub findings: Vec<FindingRecord>,
    /// The exchange without what the program printed.
    pub events: Vec<EventRecord>,
    /// How many events are not recorded.
    #[serde(default)]
    pub events_dropped: usize,
    /// What the program printed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<OutputRecord>,
    /// How many earlier lines of it are not recorded.
    #[serde(default)]
    pub output_dropped: usize,
    /// Names that were made up for this run and what they stand for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<NameRecord>,
    /// The scenario as it is written.
    pub source: SourceRecord,
    /// The command that runs just this scenario again.
    pub rerun: String,
}

/// A name that differs from run to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NameRecord {
    /// The name on the wire.
    pub value: String,
    /// What it stands for: the name of an actor.
    pub stands_for: String,
}

/// A part of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceRecord {
    /// The number of its first line, from 1.
    pub line: usize,
    /// Its text.
    pub text: String,
}

impl ScenarioRecord {
    pub(super) fn new(outcome: &Outcome, rerun: &Rerun, explain: ExplainBytes<'_>) -> Self {
        let bounds = bounds::of(outcome.verdict);
        let scenario = &outcome.scenario;
        let subject = subject(outcome);
        let mut events = Events {
            bounds,
            file: &scenario.span.file,
            explain,
            bytes: 0,
            segments: 0,
        };
        let (events, events_dropped) = events.events(&outcome.transcript);
        let (output, output_dropped) = event::output(&outcome.transcript, &bounds);
        let name = |(value, label): &(String, String)| NameRecord {
            value: cut(value, bounds.text),
            stands_for: label.clone(),
        };
        Self {
            id: id(scenario, subject),
            protocol: scenario.protocol.to_string(),
            dialect: scenario.dialect.as_deref().map(str::to_owned),
            area: scenario.area.clone(),
            title: scenario.title.clone(),
            file: scenario.span.file.path.to_string_lossy().into_owned(),
            line: scenario.span.line,
            subject,
            rules: outcome
                .rules
                .iter()
                .map(|rule| rule.id.to_string())
                .collect(),
            verdict: outcome.verdict,
            reason: outcome.reason.as_ref().map(|text| cut(text, bounds.text)),
            took_ms: outcome.took.as_millis().try_into().unwrap_or(u64::MAX),
            retries: outcome.retries,
            not_run: outcome.not_run,
            findings: (outcome.findings.iter().take(MAX_FINDINGS))
                .map(|finding| FindingRecord::new(finding, &bounds))
                .collect(),
            events,
            events_dropped,
            output,
            output_dropped,
            names: outcome.names.iter().map(name).collect(),
            source: document(&scenario.span),
            rerun: failure::command(outcome, rerun),
        }
    }

    /// The names of the rules that it found broken, each once, the primary cause first.
    pub fn broken(&self) -> Vec<&str> {
        let mut broken: Vec<&str> = Vec::new();
        for finding in &self.findings {
            if !broken.contains(&finding.rule.as_str()) {
                broken.push(&finding.rule);
            }
        }
        broken
    }
}

/// The side that the scenario's rules bind.
fn subject(outcome: &Outcome) -> Side {
    outcome.rules.first().map_or(Side::Server, |rule| rule.side)
}

/// What names a scenario in every run.
fn id(scenario: &ScenarioId, subject: Side) -> String {
    let dialect = scenario.dialect.as_deref();
    let dialect = dialect.map(|name| format!(".{}", slug(name)));
    let side = match subject {
        Side::Server => "server",
        Side::Client => "client",
    };
    // The areas of scenarios for clients begin with the side already.
    let area = scenario.area.split('/').filter(|part| *part != side);
    let area: Vec<String> = area.map(slug).collect();
    format!(
        "{}{}/{side}/{}/{}",
        slug(&scenario.protocol),
        dialect.unwrap_or_default(),
        area.join("/"),
        slug(&scenario.title)
    )
}

/// The YAML document that a place stands in.
fn document(span: &Span) -> SourceRecord {
    let mut record = SourceRecord {
        line: 1,
        text: String::new(),
    };
    let mut at = 0;
    for (index, line) in span.file.text.split_inclusive('\n').enumerate() {
        let begins = line.starts_with("---");
        if begins && at > span.start {
            break;
        }
        at += line.len();
        if begins {
            record.text.clear();
            continue;
        }
        if record.text.is_empty() {
            if line.trim().is_empty() {
                continue;
            }
            record.line = index + 1;
        }
        record.text.push_str(line);
    }
    record.text = cut(record.text.trim_end(), MAX_SOURCE);
    record
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::SourceFile;

    fn span(text: &str, needle: &str) -> Span {
        let start = text.find(needle).unwrap();
        Span {
            file: Arc::new(SourceFile {
                path: "t.yaml".into(),
                text: text.to_owned(),
            }),
            start,
            end: start + 1,
            line: text[..start].matches('\n').count() + 1,
            column: 1,
        }
    }

    #[test]
    fn a_scenario_has_the_text_of_its_document() {
        let text = "# first\na: 1\n---\n\nb: 2\nb: 3\n\n--- # third\nc: 4\n";
        let of = |needle| {
            let record = document(&span(text, needle));
            (record.line, record.text)
        };
        assert_eq!(of("a: 1"), (1, "# first\na: 1".to_owned()));
        assert_eq!(of("b: 3"), (5, "b: 2\nb: 3".to_owned()));
        assert_eq!(of("c: 4"), (9, "c: 4".to_owned()));
    }
}

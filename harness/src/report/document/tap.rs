//! TAP 14: one line for each scenario, with what is wrong as a YAML block below it.

use std::fmt::Write as _;

use super::explained;
use crate::report::record::{RunRecord, ScenarioRecord};
use crate::report::safe::safe;
use crate::verdict::Verdict;

/// The report as text.
pub(super) fn tap(record: &RunRecord) -> String {
    let mut text = String::from("TAP version 14\n");
    let points = record.scenarios.len() + record.complaints.len();
    let _ = writeln!(text, "1..{points}");
    let _ = writeln!(text, "# target {}", comment(&record.target));
    let _ = writeln!(text, "# seed {}", record.seed);
    for (index, scenario) in record.scenarios.iter().enumerate() {
        point(&mut text, index + 1, scenario);
        if !matches!(scenario.verdict, Verdict::Pass | Verdict::Skip) {
            block(&mut text, record, scenario);
        }
    }
    for (index, complaint) in record.complaints.iter().enumerate() {
        let place = complaint.place.as_ref();
        let place = place.map(|place| format!("{}:{}: ", place.file, place.line));
        let what = format!("{}{}", place.unwrap_or_default(), complaint.message);
        let number = record.scenarios.len() + index + 1;
        let _ = writeln!(text, "not ok {number} - {}", description(&what));
    }
    if record.interrupted {
        text.push_str("Bail out! interrupted: what had not run is not judged\n");
    }
    text
}

fn point(text: &mut String, number: usize, scenario: &ScenarioRecord) {
    let name = format!("{}: {}", explained::group(scenario), scenario.title);
    let name = description(&name);
    let reason = || description(scenario.reason.as_deref().unwrap_or("no reason was given"));
    // Writing to a string does not fail.
    let _ = match scenario.verdict {
        Verdict::Pass | Verdict::Warn => writeln!(text, "ok {number} - {name}"),
        Verdict::Skip => writeln!(text, "ok {number} - {name} # SKIP {}", reason()),
        Verdict::ExpectedFailure => writeln!(text, "not ok {number} - {name} # TODO {}", reason()),
        Verdict::Fail | Verdict::UnexpectedPass | Verdict::Inconclusive => {
            writeln!(text, "not ok {number} - {name}")
        }
    };
}

fn block(text: &mut String, record: &RunRecord, scenario: &ScenarioRecord) {
    let place = scenario.findings.first().map(|finding| &finding.step);
    let (file, line) = place.map_or((&scenario.file, scenario.line), |place| {
        (&place.file, place.line)
    });
    let severity = match scenario.verdict {
        Verdict::Warn => "warn",
        Verdict::Inconclusive => "undecided",
        Verdict::ExpectedFailure => "expected",
        Verdict::UnexpectedPass => "passed unexpectedly",
        _ => "fail",
    };
    let _ = writeln!(text, "  ---");
    let _ = writeln!(text, "  message: {}", value(&explained::in_short(scenario)));
    let _ = writeln!(text, "  severity: {}", value(severity));
    let _ = writeln!(text, "  at: {}", value(&format!("{file}:{line}")));
    let rules: Vec<String> = scenario.broken().into_iter().map(value).collect();
    let _ = writeln!(text, "  rules: [{}]", rules.join(", "));
    let _ = writeln!(text, "  details:");
    for line in explained::lines(record, scenario) {
        let _ = writeln!(text, "    - {}", value(&line));
    }
    let _ = writeln!(text, "  ...");
}

/// Text behind a test point: `#` would begin a directive.
fn description(text: &str) -> String {
    safe(text).replace('\\', r"\\").replace('#', r"\#")
}

fn comment(text: &str) -> String {
    safe(text).into_owned()
}

/// A text as a value of YAML, which takes JSON's strings.
fn value(text: &str) -> String {
    serde_json::Value::from(&*safe(text)).to_string()
}

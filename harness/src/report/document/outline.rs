//! A record in short, for a terminal.

use std::fmt::Write as _;

use super::explained;
use crate::report::record::RunRecord;
use crate::report::safe::safe;
use crate::report::{summary, words};
use crate::verdict::Verdict;

/// What fails and what is undecided with a line each, what is to be said of the whole, and the
/// counts.
pub fn outline(record: &RunRecord) -> String {
    let mut text = String::new();
    for scenario in &record.scenarios {
        let told = [
            Verdict::Fail,
            Verdict::UnexpectedPass,
            Verdict::Inconclusive,
        ];
        if told.contains(&scenario.verdict) {
            let word = words::verdict(scenario.verdict);
            // Writing to a string does not fail.
            let _ = writeln!(text, "{word}  {}", safe(&explained::name(scenario)));
            let _ = writeln!(text, "      {}", explained::in_short(scenario));
            let _ = writeln!(text, "      {}:{}", safe(&scenario.file), scenario.line);
        }
    }
    for complaint in &record.complaints {
        let place = complaint.place.as_ref();
        let place = place.map(|place| format!("{}:{}: ", place.file, place.line));
        let place = place.unwrap_or_default();
        let _ = writeln!(text, "FAIL  {}{}", safe(&place), safe(&complaint.message));
    }
    for note in &record.notes {
        let _ = writeln!(text, "note: {}", safe(note));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    let counts = record.summary.counts.iter();
    let counts: Vec<String> = counts
        .map(|(verdict, count)| format!("{count} {}", summary::counted(*verdict).0))
        .collect();
    let counts = match counts.as_slice() {
        [] => "nothing was judged".to_owned(),
        some => some.join(", "),
    };
    let scenarios = words::count(record.scenarios.len(), "scenario");
    let _ = writeln!(text, "{scenarios}: {counts}");
    text
}

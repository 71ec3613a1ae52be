//! Markdown for a comment on a pull request: the counts, what fails, and the details folded away.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::explained;
use crate::report::record::{RunRecord, ScenarioRecord};
use crate::report::safe::safe;
use crate::report::{summary, words};
use crate::verdict::Verdict;

/// The characters that a comment on GitHub can have are 65,536; some are left for what others put
/// around it.
pub(in crate::report) const MAX_CHARS: usize = 60_000;

/// Characters for the part that is not folded away.
const MAX_HEAD: usize = 20_000;

/// Characters for the details of one scenario.
const MAX_DETAILS: usize = 6_000;

/// How many scenarios are listed of a kind.
const MAX_LISTED: usize = 50;

/// The report as text of at most [`MAX_CHARS`] characters.
pub(super) fn markdown(record: &RunRecord) -> String {
    let mut text = head(record);
    let told = [
        Verdict::Fail,
        Verdict::UnexpectedPass,
        Verdict::Inconclusive,
        Verdict::Warn,
    ];
    let mut left = Vec::new();
    for verdict in told {
        let scenarios = record
            .scenarios
            .iter()
            .filter(|scenario| scenario.verdict == verdict);
        for scenario in scenarios {
            let details = details(record, scenario);
            if chars(&text) + chars(&details) + 200 < MAX_CHARS {
                text.push_str(&details);
            } else {
                left.push(scenario);
            }
        }
    }
    if !left.is_empty() {
        let more = words::count(left.len(), "more scenario");
        let _ = writeln!(text, "\nThe details of {more} do not fit into a comment.");
    }
    text
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

fn head(record: &RunRecord) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "### Conformance: {}\n", counts(record));
    let _ = write!(
        text,
        "{} against {}",
        words::count(record.scenarios.len(), "scenario"),
        code(&record.target)
    );
    let _ = writeln!(
        text,
        " in {:.1} s, seed {}.",
        seconds(record.took_ms),
        record.seed
    );
    if let Some(shard) = record.shard {
        let _ = writeln!(
            text,
            "Shard {} of {}, of {}.",
            shard.index,
            shard.of,
            words::count(shard.whole, "scenario")
        );
    }
    if record.interrupted {
        text.push_str("\n**Interrupted: what had not run is not judged.**\n");
    }
    table(&mut text, record);
    broken(&mut text, record);
    complaints(&mut text, record);
    let mut lists = String::new();
    listed(
        &mut lists,
        record,
        Verdict::ExpectedFailure,
        "Failed as expected",
    );
    skipped(&mut lists, record);
    if chars(&text) + chars(&lists) < MAX_HEAD {
        text.push_str(&lists);
    }
    text
}

pub(in crate::report) fn counts(record: &RunRecord) -> String {
    let words =
        |(verdict, count): (&Verdict, &usize)| format!("{count} {}", summary::counted(*verdict).0);
    let mut parts: Vec<String> = record.summary.counts.iter().map(words).collect();
    if !record.complaints.is_empty() {
        let count = record.complaints.len();
        parts.push(words::count(count, "expected failure") + " out of date");
    }
    if parts.is_empty() {
        return "nothing was judged".to_owned();
    }
    parts.join(", ")
}

const COLUMNS: [Verdict; 7] = [
    Verdict::Pass,
    Verdict::Warn,
    Verdict::Fail,
    Verdict::Inconclusive,
    Verdict::Skip,
    Verdict::ExpectedFailure,
    Verdict::UnexpectedPass,
];

/// Protocols and areas with the counts of their verdicts; only the verdicts that there are.
fn table(text: &mut String, record: &RunRecord) {
    let used: Vec<Verdict> = COLUMNS
        .into_iter()
        .filter(|verdict| record.summary.count(*verdict) > 0)
        .collect();
    if used.is_empty() {
        return;
    }
    let mut rows: BTreeMap<String, BTreeMap<Verdict, usize>> = BTreeMap::new();
    for scenario in &record.scenarios {
        let row = rows.entry(explained::group(scenario)).or_default();
        *row.entry(scenario.verdict).or_default() += 1;
    }
    let names: Vec<&str> = used
        .iter()
        .map(|verdict| summary::counted(*verdict).0)
        .collect();
    let _ = writeln!(text, "\n| | {} |", names.join(" | "));
    let _ = writeln!(text, "|---|{}", "---:|".repeat(used.len()));
    for (group, row) in rows.iter().take(MAX_LISTED) {
        let cells: Vec<String> = used
            .iter()
            .map(|verdict| row.get(verdict).map_or(String::new(), usize::to_string))
            .collect();
        let _ = writeln!(text, "| {} | {} |", escaped(group), cells.join(" | "));
    }
}

fn broken(text: &mut String, record: &RunRecord) {
    if record.summary.broken.is_empty() {
        return;
    }
    text.push_str("\n**Rules broken**\n\n");
    for each in record.summary.broken.iter().take(MAX_LISTED) {
        let rule = record.rule(&each.protocol, &each.rule);
        let level = rule.map_or("", |rule| words::level(rule.level));
        let about = rule.map_or(String::new(), |rule| escaped(&rule.text));
        let scenarios = words::count(each.scenarios, "scenario");
        let _ = writeln!(
            text,
            "- **{}** ({level}, {scenarios}): {about}",
            escaped(&each.rule)
        );
    }
}

fn complaints(text: &mut String, record: &RunRecord) {
    if record.complaints.is_empty() {
        return;
    }
    text.push_str("\n**Expected failures that are out of date**\n\n");
    for complaint in record.complaints.iter().take(MAX_LISTED) {
        let place = complaint.place.as_ref();
        let place = place.map(|place| format!("{}:{}", place.file, place.line));
        let _ = writeln!(
            text,
            "- {}: {}",
            code(&place.unwrap_or_default()),
            escaped(&complaint.message)
        );
    }
}

fn listed(text: &mut String, record: &RunRecord, verdict: Verdict, title: &str) {
    let scenarios: Vec<&ScenarioRecord> = record
        .scenarios
        .iter()
        .filter(|scenario| scenario.verdict == verdict)
        .collect();
    if scenarios.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\n<details><summary>{title}: {}</summary>\n",
        scenarios.len()
    );
    for scenario in scenarios.iter().take(MAX_LISTED) {
        let reason = scenario.reason.as_deref().unwrap_or_default();
        let _ = writeln!(text, "- {}: {}", name(scenario), code(reason));
    }
    if scenarios.len() > MAX_LISTED {
        let _ = writeln!(text, "- and {} more", scenarios.len() - MAX_LISTED);
    }
    text.push_str("\n</details>\n");
}

/// Why scenarios were skipped, with how many of them.
fn skipped(text: &mut String, record: &RunRecord) {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for scenario in record
        .scenarios
        .iter()
        .filter(|each| each.verdict == Verdict::Skip)
    {
        let reason = scenario.reason.as_deref().unwrap_or("no reason was given");
        *reasons.entry(reason).or_default() += 1;
    }
    if reasons.is_empty() {
        return;
    }
    let total: usize = reasons.values().sum();
    let _ = writeln!(text, "\n<details><summary>Skipped: {total}</summary>\n");
    for (reason, count) in reasons.iter().take(MAX_LISTED) {
        let _ = writeln!(text, "- {count}: {}", code(reason));
    }
    text.push_str("\n</details>\n");
}

fn details(record: &RunRecord, scenario: &ScenarioRecord) -> String {
    let lines = explained::lines(record, scenario);
    let mut block = String::new();
    for line in &lines {
        if chars(&block) + chars(line) > MAX_DETAILS {
            block.push_str("…\n");
            break;
        }
        block.push_str(line);
        block.push('\n');
    }
    let fence = "`".repeat((longest_run(&block) + 1).max(3));
    let word = words::verdict(scenario.verdict);
    let rules: Vec<String> = scenario.broken().into_iter().take(5).map(escaped).collect();
    format!(
        "\n<details><summary>{word}: {} {}</summary>\n\n{fence}text\n{block}{fence}\n\n</details>\n",
        name(scenario),
        rules.join(", ")
    )
}

fn name(scenario: &ScenarioRecord) -> String {
    escaped(&explained::name(scenario))
}

/// The most backticks in a row.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default()
}

/// Text that is neither Markdown nor HTML, links nothing and calls nobody.
pub(in crate::report) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in safe(text).chars() {
        match c {
            // A mention is recognised in the finished page, so that an entity would not do.
            '@' | '#' => {
                let _ = write!(out, "&#{};&#8203;", c as u32);
            }
            c if c.is_ascii_punctuation() && !"-.,()=".contains(c) => {
                let _ = write!(out, "&#{};", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

/// Text of peers within a line: as code, in which nothing is recognised.
fn code(text: &str) -> String {
    let shown = safe(text);
    let mut out = String::from("<code>");
    for c in shown.chars() {
        if c.is_ascii_punctuation() {
            let _ = write!(out, "&#{};", c as u32);
        } else {
            out.push(c);
        }
    }
    out.push_str("</code>");
    out
}

#[expect(clippy::cast_precision_loss, reason = "only some digits are shown")]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1_000.0
}

//! One scenario of a record as lines of plain text, for reports that have no better form.

use crate::report::record::{
    BytesRecord, EventKind, EventRecord, FieldRowRecord, FindingRecord, PlaceRecord, RunRecord,
    ScenarioRecord,
};
use crate::report::safe::{cut, safe};
use crate::report::words;
use crate::transcript::{Cause, Use};
use crate::verdict::Verdict;

/// How many findings of one scenario are told.
const MAX_FINDINGS: usize = 10;

/// How many events before and after the one that shows it.
const AROUND: usize = 20;

/// Columns for one statement.
const STATEMENT: usize = 500;

/// Bytes on one line.
const BYTES_A_LINE: usize = 16;

/// How many lines of bytes.
const MAX_BYTE_LINES: usize = 32;

/// How many of the last lines that the program printed.
const MAX_OUTPUT: usize = 20;

/// The area of a scenario with its protocol: `bcp (rpchat)/delivery`.
pub(super) fn group(scenario: &ScenarioRecord) -> String {
    match &scenario.dialect {
        Some(dialect) => format!("{} ({dialect})/{}", scenario.protocol, scenario.area),
        None => format!("{}/{}", scenario.protocol, scenario.area),
    }
}

/// What names a scenario: `bcp/delivery: a title`.
pub(in crate::report) fn name(scenario: &ScenarioRecord) -> String {
    format!("{}: {}", group(scenario), scenario.title)
}

/// What is wrong in one sentence.
pub(super) fn in_short(scenario: &ScenarioRecord) -> String {
    let reason = scenario.reason.as_deref();
    match (scenario.verdict, scenario.findings.first()) {
        (Verdict::Fail | Verdict::Warn, Some(finding)) => {
            let actor = finding.actor.as_deref();
            let actor = actor.map_or(String::new(), |actor| format!("{actor}: "));
            statement(&format!("{}: {actor}{}", finding.rule, finding.problem))
        }
        (_, _) => statement(reason.unwrap_or("no reason was given")),
    }
}

/// Everything that helps to mend it.
pub(super) fn lines(record: &RunRecord, scenario: &ScenarioRecord) -> Vec<String> {
    let mut lines = Vec::new();
    let passes = matches!(scenario.verdict, Verdict::Fail | Verdict::Warn);
    if let Some(reason) = scenario.reason.as_ref().filter(|_| !passes) {
        lines.push(statement(reason));
    }
    for (index, finding) in scenario.findings.iter().take(MAX_FINDINGS).enumerate() {
        if index > 0 {
            lines.push(String::new());
        }
        lines.extend(about(record, scenario, finding));
    }
    if scenario.findings.is_empty() {
        lines.push(format!(
            "at        {}:{}",
            safe(&scenario.file),
            scenario.line
        ));
    }
    lines.extend(events(scenario));
    lines.extend(output(scenario));
    lines.push(String::new());
    lines.push(format!("rerun     {}", one_line(&scenario.rerun)));
    lines
}

fn about(record: &RunRecord, scenario: &ScenarioRecord, finding: &FindingRecord) -> Vec<String> {
    let mut lines = Vec::new();
    let actor = finding.actor.as_deref();
    let actor = actor.map_or(String::new(), |actor| format!("{actor}: "));
    lines.push(statement(&format!("{actor}{}", finding.problem)));
    lines.push(String::new());
    match record.rule(&scenario.protocol, &finding.rule) {
        Some(rule) => {
            let level = words::level(rule.level);
            lines.push(format!(
                "rule      {} ({level})  {}",
                safe(&rule.id),
                one_line(&rule.text)
            ));
            lines.push(format!("source    {}", one_line(&rule.source)));
        }
        None => lines.push(format!("rule      {}", safe(&finding.rule))),
    }
    lines.push(place("at", &finding.step));
    lines.extend(
        finding
            .used_at
            .as_ref()
            .map(|used_at| place("used at", used_at)),
    );
    lines.push(format!("          {}", safe(finding.step.text.trim())));
    let labelled = [
        ("expected", &finding.expected),
        ("received", &finding.received),
    ];
    for (label, text) in labelled {
        lines.extend(
            text.as_ref()
                .map(|text| format!("{label}  {}", statement(text))),
        );
    }
    lines.extend(finding.fields.iter().filter(|row| !row.fits).map(field));
    lines.extend(finding.bytes.iter().flat_map(bytes));
    lines.extend(
        finding
            .hints
            .iter()
            .map(|hint| format!("hint      {}", statement(hint))),
    );
    lines
}

fn place(label: &str, place: &PlaceRecord) -> String {
    format!(
        "{label:<10}{}:{}:{}",
        safe(&place.file),
        place.line,
        place.column
    )
}

fn field(row: &FieldRowRecord) -> String {
    let or =
        |value: &Option<String>, none: &str| value.as_deref().map_or(none.to_owned(), statement);
    format!(
        "field     {}: expected {}, received {}",
        safe(&row.field),
        or(&row.expected, "anything"),
        or(&row.received, "nothing")
    )
}

fn bytes(bytes: &BytesRecord) -> Vec<String> {
    let pairs: Vec<&str> = bytes
        .hex
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).unwrap_or_default())
        .collect();
    let mut lines = vec![format!("bytes     {} of {}", pairs.len(), bytes.total)];
    for (index, row) in pairs.chunks(BYTES_A_LINE).take(MAX_BYTE_LINES).enumerate() {
        let letters: String = row.iter().map(|pair| letter(pair)).collect();
        let width = BYTES_A_LINE * 3;
        lines.push(format!(
            "  {:04x}  {:<width$} {letters}",
            index * BYTES_A_LINE,
            row.join(" ")
        ));
    }
    if pairs.len() > BYTES_A_LINE * MAX_BYTE_LINES {
        lines.push("  …".to_owned());
    }
    lines
}

/// The letter of a byte, where it is a visible one.
fn letter(pair: &str) -> char {
    match u8::from_str_radix(pair, 16) {
        Ok(byte) if byte == b' ' || byte.is_ascii_graphic() => char::from(byte),
        _ => '.',
    }
}

/// The events around the one that shows it, else the last ones.
fn events(scenario: &ScenarioRecord) -> Vec<String> {
    let all = &scenario.events;
    let shown = scenario.findings.first().and_then(|finding| finding.event);
    let at = shown.and_then(|number| all.iter().position(|event| event.number == number));
    let end = at.map_or(all.len(), |at| (at + AROUND / 4).min(all.len()));
    let start = end.saturating_sub(AROUND);
    if all.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![
        String::new(),
        "what happened (-> to the program under test, <- from it)".to_owned(),
    ];
    if start > 0 {
        lines.push(format!("  … {} before", words::count(start, "event")));
    }
    lines.extend(all[start..end].iter().map(|each| event(each, shown)));
    if end < all.len() {
        lines.push(format!(
            "  … {} after",
            words::count(all.len() - end, "event")
        ));
    }
    lines
}

fn event(event: &EventRecord, shown: Option<usize>) -> String {
    let mark = if shown == Some(event.number) {
        ">"
    } else {
        " "
    };
    let actor = event.actor.as_deref().unwrap_or("(program)");
    let arrow = match event.kind {
        EventKind::Sent | EventKind::Typed => "->",
        EventKind::Received | EventKind::Malformed | EventKind::Unfinished | EventKind::Ended => {
            "<-"
        }
        _ => "--",
    };
    let what = match (&event.message, &event.text, &event.bytes) {
        (Some(message), _, _) => {
            let fields = message.fields.iter();
            let fields: Vec<String> = fields
                .map(|field| format!(" {} {}", field.name, field.value))
                .collect();
            format!("{}{}", message.name, fields.concat())
        }
        (None, Some(text), None) => text.clone(),
        (None, text, Some(bytes)) => {
            let text = text.as_deref().unwrap_or_default();
            format!("{} bytes {} {text}", bytes.total, cut(&bytes.hex, 80))
        }
        (None, None, None) => String::new(),
    };
    let at = std::time::Duration::from_micros(event.at_us);
    format!(
        "{mark} {:>4} {:>10}  {:<9}  {arrow} {}{}",
        event.number,
        words::seconds(at),
        safe(actor),
        statement(what.trim_end()),
        remark(event)
    )
}

fn remark(event: &EventRecord) -> &'static str {
    match (event.cause, event.use_) {
        (Some(Cause::Reflex), _) => " (automatic)",
        (Some(Cause::Fence), _) | (_, Some(Use::Fence)) => " (probe)",
        (_, Some(Use::Ignored)) => " (ignored)",
        (_, Some(Use::Ambient)) => " (of others)",
        _ => "",
    }
}

/// The last lines that the program printed.
pub(super) fn output(scenario: &ScenarioRecord) -> Vec<String> {
    if scenario.output.is_empty() {
        return Vec::new();
    }
    let skipped = scenario.output.len().saturating_sub(MAX_OUTPUT);
    let mut lines = vec![String::new(), "what the program printed".to_owned()];
    let earlier = skipped + scenario.output_dropped;
    if earlier > 0 {
        lines.push(format!("  … {} before", words::count(earlier, "line")));
    }
    let shown = scenario.output.iter().skip(skipped);
    lines.extend(shown.map(|line| {
        let from = if line.stderr { "stderr" } else { "stdout" };
        format!("  {from}  {}", statement(&line.text))
    }));
    lines
}

/// A sentence that may quote the peer at length.
fn statement(text: &str) -> String {
    cut(&safe(text), STATEMENT).into_owned()
}

/// Text of the user's files, without its line breaks.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    safe(&words.join(" ")).into_owned()
}

//! The file that lists what is known to fail.

use std::path::Path;

use super::{Date, Entry, Expected, Kind, Pattern};
use crate::source::{Diagnostic, Diagnostics, Fields, Node, documents, read_file};

/// The words for what is known, and what they mean.
const KINDS: [(&str, Kind); 3] = [
    ("fails", Kind::Fails),
    ("flaky", Kind::Flaky),
    ("undecided", Kind::Undecided),
];

/// What every complaint about a missing end says.
const SAY_UNTIL: &str = "say until when, for example `until: 2027-01-31`";

impl Expected {
    /// Adds the entries of a file. What is wrong with it is in `diagnostics`.
    pub fn read(&mut self, path: &Path, diagnostics: &mut Diagnostics) {
        let Some(file) = read_file(path, diagnostics) else {
            return;
        };
        let roots = documents(&file, diagnostics);
        if roots.is_empty() && !diagnostics.has_errors() {
            let message = format!("{}: there is nothing in it", path.display());
            let help = "`expected: []` is a list without entries";
            diagnostics.add(Diagnostic::error(message).help(help));
        }
        for root in &roots {
            self.take(root, diagnostics);
        }
    }

    /// Adds the entries of one document.
    pub fn take(&mut self, root: &Node, diagnostics: &mut Diagnostics) {
        let Some(fields) = Fields::of(root, "a list of expected failures", diagnostics) else {
            return;
        };
        let nodes = fields.require("expected", diagnostics);
        fields.finish(diagnostics);
        let Some(nodes) = nodes else { return };
        let Some(nodes) = nodes.items() else {
            let message = format!("`expected` is a list, this is {}", nodes.describe());
            diagnostics.error(&nodes.span, message, "expected a list of entries");
            return;
        };
        let entries = nodes.iter().filter_map(|node| entry(node, diagnostics));
        self.entries.extend(entries);
    }
}

fn entry(node: &Node, diagnostics: &mut Diagnostics) -> Option<Entry> {
    let fields = Fields::of(node, "an expected failure", diagnostics)?;
    let scenario = fields.text("scenario", diagnostics).map(Pattern::new);
    let nodes = fields.list("rule");
    let rules: Vec<Pattern> = nodes
        .iter()
        .filter_map(Node::text)
        .map(Pattern::new)
        .collect();
    for node in nodes.iter().filter(|node| node.text().is_none()) {
        let message = format!("`rule` is the id of a rule, this is {}", node.describe());
        diagnostics.error(&node.span, message, "expected an id such as `BCP-6a`");
    }
    let named =
        |key, diagnostics: &mut Diagnostics| fields.text(key, diagnostics).map(str::to_owned);
    let protocol = named("protocol", diagnostics);
    let dialect = named("dialect", diagnostics);
    let owner = named("owner", diagnostics);
    let kind = kind(&fields, diagnostics);
    let until = until(&fields, diagnostics);
    let reason = reason(&fields, diagnostics);
    fields.finish(diagnostics);
    let entry = Entry {
        span: node.span.clone(),
        scenario,
        rules,
        protocol,
        dialect,
        kind: kind?,
        reason: reason?,
        owner,
        until,
    };
    check(&entry, diagnostics);
    Some(entry)
}

fn kind(fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Kind> {
    let Some(node) = fields.get("kind") else {
        return Some(Kind::Fails);
    };
    let found = KINDS.iter().find(|(word, _)| node.text() == Some(word));
    if found.is_none() {
        let message = format!(
            "`kind` is `fails`, `flaky` or `undecided`, this is {}",
            node.describe()
        );
        diagnostics.error(&node.span, message, "not one of these");
    }
    found.map(|(_, kind)| *kind)
}

fn until(fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Date> {
    let node = fields.get("until")?;
    let date = node.text().and_then(|text| text.parse().ok());
    if date.is_none() {
        let message = format!("`until` is a day, this is {}", node.describe());
        diagnostics.add(
            Diagnostic::error(message)
                .at(&node.span, "no day of the calendar")
                .help("write year, month and day: `until: 2027-01-31`"),
        );
    }
    date
}

fn reason(fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> Option<String> {
    let node = fields.require("reason", diagnostics)?;
    let text = node.text().map(str::trim).filter(|text| !text.is_empty());
    if text.is_none() {
        let message = "`reason` says in words why this is so";
        diagnostics.error(&node.span, message, "no reason");
    }
    text.map(str::to_owned)
}

/// What no entry may say, for it would hide more than anybody meant.
fn check(entry: &Entry, diagnostics: &mut Diagnostics) {
    let mut complain = |message: &str, label: &str, help: &str| {
        diagnostics.add(Diagnostic::error(message).at(&entry.span, label).help(help));
    };
    let all = |pattern: &Pattern| pattern.as_str().chars().all(|c| c == '*');
    let names_scenario = entry.scenario.as_ref().is_some_and(|pattern| !all(pattern));
    let names_rule = !entry.rules.is_empty() && !entry.rules.iter().any(all);
    if !names_scenario && !names_rule {
        complain(
            "an entry names a scenario or a rule",
            "this would excuse everything",
            "say which: `scenario: TITLE`, `rule: BCP-6a`, or both",
        );
    }
    if entry.kind == Kind::Undecided && (!names_scenario || !entry.rules.is_empty()) {
        complain(
            "what is undecided breaks no rule: such an entry names a scenario only",
            "`kind: undecided`",
            "say `scenario: TITLE` and leave out `rule`",
        );
    }
    if entry.kind == Kind::Flaky && entry.until.is_none() {
        complain(
            "a flaky entry needs `until`: nobody would notice that it is mended",
            "has no end",
            SAY_UNTIL,
        );
    }
}

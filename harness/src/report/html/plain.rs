//! The result without a script: counts, what did not pass, and the rules.

use std::borrow::Cow;
use std::io::{self, Write};

use super::super::record::{RuleRecord, RunRecord, ScenarioRecord};
use crate::report::{safe, words};
use crate::verdict::Verdict;

/// Scenarios that did not pass and are listed.
const MAX_ROWS: usize = 500;

/// The text for HTML, also within quoted attributes; what acts on its surroundings is escaped as on
/// terminals.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in safe(text).chars() {
        let entity: Cow<'_, str> = match c {
            '&' => "&amp;".into(),
            '<' => "&lt;".into(),
            '>' => "&gt;".into(),
            '"' => "&quot;".into(),
            '\'' => "&#39;".into(),
            c => c.to_string().into(),
        };
        out.push_str(&entity);
    }
    out
}

/// A heading and tables.
pub(super) fn write(record: &RunRecord, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<main class=\"page\">")?;
    writeln!(out, "<h1>Conformance of {}</h1>", escaped(&record.target))?;
    writeln!(
        out,
        "<p>Without JavaScript this page shows a summary only.</p>"
    )?;
    writeln!(out, "<table><caption>Scenarios</caption><tbody>")?;
    for (verdict, count) in &record.summary.counts {
        let word = words::verdict(*verdict);
        writeln!(
            out,
            "<tr><th scope=\"row\">{word}</th><td>{count}</td></tr>"
        )?;
    }
    writeln!(out, "</tbody></table>")?;
    scenarios(record, out)?;
    rules(record, out)?;
    writeln!(out, "</main>")
}

fn scenarios(record: &RunRecord, out: &mut dyn Write) -> io::Result<()> {
    let all = record.scenarios.iter();
    let wrong: Vec<&ScenarioRecord> = all.filter(|each| each.verdict != Verdict::Pass).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let head = "<thead><tr><th scope=\"col\">Verdict</th><th scope=\"col\">Scenario</th>\
                <th scope=\"col\">Rules broken</th><th scope=\"col\">Why</th></tr></thead>";
    writeln!(
        out,
        "<table><caption>What did not pass</caption>{head}<tbody>"
    )?;
    for scenario in wrong.iter().take(MAX_ROWS) {
        let found = scenario.findings.first();
        let why = found.map(|finding| finding.problem.as_str());
        writeln!(
            out,
            "<tr><td>{}</td><td>{}/{}: {}</td><td>{}</td><td>{}</td></tr>",
            words::verdict(scenario.verdict),
            escaped(&scenario.protocol),
            escaped(&scenario.area),
            escaped(&scenario.title),
            escaped(&scenario.broken().join(", ")),
            escaped(why.or(scenario.reason.as_deref()).unwrap_or_default()),
        )?;
    }
    writeln!(out, "</tbody></table>")?;
    if wrong.len() > MAX_ROWS {
        writeln!(out, "<p>… and {} more</p>", wrong.len() - MAX_ROWS)?;
    }
    Ok(())
}

fn rules(record: &RunRecord, out: &mut dyn Write) -> io::Result<()> {
    if record.summary.broken.is_empty() {
        return Ok(());
    }
    let head = "<thead><tr><th scope=\"col\">Rule</th><th scope=\"col\">Broken by</th>\
                <th scope=\"col\">Text</th><th scope=\"col\">Source</th></tr></thead>";
    writeln!(out, "<table><caption>Broken rules</caption>{head}<tbody>")?;
    for broken in &record.summary.broken {
        let rule = record.rule(&broken.protocol, &broken.rule);
        let of =
            |part: fn(&RuleRecord) -> &String| escaped(rule.map(part).map_or("", String::as_str));
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&broken.rule),
            words::count(broken.scenarios, "scenario"),
            of(|rule| &rule.text),
            of(|rule| &rule.source),
        )?;
    }
    writeln!(out, "</tbody></table>")
}

//! What is wrong with the program under test, told so that it can be mended from this alone.

mod bytes;
mod events;
mod fields;
mod place;
#[cfg(test)]
mod tests;

pub(super) use events::in_words;

use crate::report::safe::{cut, safe};
use crate::report::styled::{Line, Rendered, Role};
use crate::report::words;
use crate::source::Span;
use crate::verdict::{Finding, Outcome, Rule, RuleId, Verdict};

/// Columns of the labels at the left.
const LABELS: usize = 10;

/// Columns by which the parts stand to the right of the title.
const INDENT: usize = 4;

/// How many findings beside the first are shown.
const MAX_ALSO: usize = 10;

/// How many hints are shown.
const MAX_HINTS: usize = 5;

/// Columns for one statement; more of it would hide the rest.
const STATEMENT: usize = 500;

/// What is needed to run one scenario again.
#[derive(Debug, Clone, Default)]
pub struct Rerun {
    /// Where all that is random comes from.
    pub seed: u64,
    /// Arguments besides path, filter and seed.
    pub arguments: Vec<String>,
}

/// The line that names a scenario and its verdict.
pub fn headline(outcome: &Outcome) -> Line {
    let role = match outcome.verdict {
        Verdict::Pass | Verdict::ExpectedFailure => Role::Good,
        Verdict::Fail | Verdict::UnexpectedPass => Role::Bad,
        Verdict::Warn | Verdict::Inconclusive => Role::Caution,
        Verdict::Skip => Role::Faint,
    };
    let line = Line::of("  ").add(role, words::verdict(outcome.verdict));
    let line = line.then("  ").hang_here();
    let line = line.add(Role::Heading, &outcome.scenario.title);
    let line = broken(outcome).fold(line, |line, id| {
        line.then("  ").add(Role::Name, id.as_str())
    });
    let took = format!("  ({})", words::seconds(outcome.took));
    match (&outcome.reason, outcome.verdict) {
        (Some(reason), Verdict::Skip | Verdict::ExpectedFailure) => {
            line.add(Role::Faint, format!("  {reason}"))
        }
        (Some(reason), Verdict::UnexpectedPass) => line.then("  ").then(reason),
        (_, Verdict::Skip) => line,
        _ => line.add(Role::Faint, took),
    }
}

/// The rules that a scenario found broken, each once.
fn broken(outcome: &Outcome) -> impl Iterator<Item = &RuleId> {
    let findings = &outcome.findings;
    let ids = findings.iter().map(|finding| &finding.rule.id);
    ids.enumerate()
        .filter(|(index, id)| !findings[..*index].iter().any(|found| found.rule.id == **id))
        .map(|(_, id)| id)
        .take(MAX_ALSO)
}

/// Everything about a scenario that did not simply pass, wrapped at `width` columns.
pub fn outcome(outcome: &Outcome, rerun: &Rerun, width: usize) -> Rendered {
    let inner = width.saturating_sub(INDENT);
    let mut body = Rendered::default();
    if outcome.verdict == Verdict::Inconclusive {
        body.section(undecided(outcome));
    }
    let primary = outcome.findings.first();
    match primary {
        Some(finding) => body.section(cause(finding, inner)),
        None => body.section(place::shown(&outcome.scenario.span, inner)),
    }
    body.section(events::shown(
        &outcome.transcript,
        primary.and_then(|finding| finding.event),
        inner,
    ));
    body.section(events::output(&outcome.transcript, inner));
    for finding in outcome.findings.iter().skip(1).take(MAX_ALSO) {
        body.section(also(finding));
    }
    body.section(closing(outcome, rerun));
    let mut whole = Rendered::default();
    whole.push(headline(outcome));
    whole.gap();
    whole.append(body, INDENT);
    whole.wrapped(width)
}

fn label(word: &str) -> Line {
    Line::default()
        .add(Role::Faint, word)
        .pad(LABELS)
        .hang_here()
}

fn undecided(outcome: &Outcome) -> Rendered {
    let reason = outcome.reason.as_deref().unwrap_or("nobody knows why");
    let mut part = Rendered::default();
    part.push(
        Line::default()
            .add(Role::Heading, "it could not be decided: ")
            .then(reason),
    );
    if outcome.retries > 0 {
        let tried = words::count(outcome.retries + 1, "attempt");
        part.push(Line::of(format!("the same in {tried}")));
    }
    part
}

/// The first finding in full.
fn cause(finding: &Finding, width: usize) -> Rendered {
    let mut part = Rendered::default();
    part.push(problem(finding));
    part.section(rule(&finding.rule));
    part.section(place::shown(&finding.step, width));
    if let Some(used_at) = &finding.used_at {
        part.push(Line::default().add(Role::Faint, "used here"));
        part.append(place::shown(used_at, width), 0);
    }
    part.section(comparison(finding));
    part.section(fields::shown(&finding.fields, width));
    if let Some(evidence) = &finding.bytes {
        part.section(bytes::shown(evidence, width));
    }
    part
}

fn problem(finding: &Finding) -> Line {
    let line = match &finding.actor {
        Some(actor) => Line::default().add(Role::Name, actor).then(": "),
        None => Line::default(),
    };
    line.add(Role::Heading, statement(&finding.problem))
}

/// A sentence that may quote the peer at length.
fn statement(text: &str) -> String {
    cut(&safe(text), STATEMENT).into_owned()
}

fn rule(rule: &Rule) -> Rendered {
    let name = format!("{} ({})", rule.id, words::level(rule.level));
    Rendered::from_iter([
        label("rule")
            .add(Role::Name, name)
            .then(format!("  {}", rule.text)),
        label("source").then(&rule.source),
    ])
}

fn comparison(finding: &Finding) -> Rendered {
    let line = |word, text: &Option<String>| {
        text.as_deref()
            .map(|text| label(word).then(statement(text)))
    };
    let expected = line("expected", &finding.expected);
    let received = line("received", &finding.received);
    expected.into_iter().chain(received).collect()
}

/// Another finding, in short.
fn also(finding: &Finding) -> Rendered {
    let rule = format!(" ({}) ", words::level(finding.rule.level));
    let heading = Line::default()
        .add(Role::Caution, "also ")
        .add(Role::Name, finding.rule.id.as_str())
        .add(Role::Faint, rule);
    let actor = finding.actor.as_deref().map(|actor| format!("{actor}: "));
    let mut part = Rendered::default();
    part.push(
        heading
            .then(actor.unwrap_or_default())
            .then(&finding.problem),
    );
    let mut more = comparison(finding);
    more.push(label("rule").then(&finding.rule.text));
    more.push(
        label("at")
            .add(Role::Place, finding.step.to_string())
            .whole(),
    );
    if let Some(number) = finding.event {
        more.push(label("event").then(number.to_string()));
    }
    for hint in finding.hints.iter().take(MAX_HINTS) {
        more.push(label("hint").then(statement(hint)));
    }
    part.append(more, 2);
    part
}

fn closing(outcome: &Outcome, rerun: &Rerun) -> Rendered {
    let mut part = Rendered::default();
    let hints = outcome.findings.first().map(|finding| &finding.hints);
    for hint in hints.into_iter().flatten().take(MAX_HINTS) {
        part.push(label("hint").then(statement(hint)));
    }
    if outcome.findings.len() > MAX_ALSO + 1 {
        let more = words::count(outcome.findings.len() - MAX_ALSO - 1, "more finding");
        part.push(label("also").then(more));
    }
    if outcome.not_run > 0 {
        let steps = words::count(outcome.not_run, "step");
        part.push(label("not run").then(format!("{steps} after this")));
    }
    if outcome.retries > 0 && outcome.verdict != Verdict::Inconclusive {
        let times = words::count(outcome.retries, "time");
        part.push(label("retried").then(format!("{times}, the machine was busy")));
    }
    part.push(
        label("rerun")
            .add(Role::Place, command(outcome, rerun))
            .whole(),
    );
    part
}

/// The command that runs just this scenario again.
pub(super) fn command(outcome: &Outcome, rerun: &Rerun) -> String {
    let path = outcome.scenario.span.file.path.to_string_lossy();
    let mut words = vec![
        "harness",
        "run",
        &*path,
        "--filter",
        &outcome.scenario.title,
    ];
    words.extend(rerun.arguments.iter().map(String::as_str));
    let seed = rerun.seed.to_string();
    words.extend(["--seed", seed.as_str()]);
    let words: Vec<String> = words.into_iter().map(words::quoted).collect();
    words.join(" ")
}

/// The line of a file that a span begins in, without its line break.
pub(super) fn line_of(span: &Span) -> &str {
    let text = &span.file.text;
    let start = text.get(..span.start).and_then(|before| before.rfind('\n'));
    let rest = text.get(start.map_or(0, |at| at + 1)..).unwrap_or_default();
    rest.lines().next().unwrap_or_default()
}

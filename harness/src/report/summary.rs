//! The end of a run in a few lines.

use std::collections::BTreeMap;
use std::time::Duration;

use super::styled::{Line, Rendered, Role};
use super::words;
use crate::event::RunPlan;
use crate::verdict::{Outcome, RuleId, Summary, Verdict};

/// Reasons shown of scenarios that were skipped or could not be decided.
const MAX_REASONS: usize = 20;

/// What is said about a whole run besides its counts.
#[derive(Debug, Default)]
pub(super) struct Reasons {
    skipped: BTreeMap<String, usize>,
    undecided: BTreeMap<String, usize>,
}

impl Reasons {
    /// Keeps the reason of an outcome that has one.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        let of = match outcome.verdict {
            Verdict::Skip => &mut self.skipped,
            Verdict::Inconclusive => &mut self.undecided,
            _ => return,
        };
        let reason = outcome.reason.as_deref().unwrap_or("no reason was given");
        let reason = super::safe(reason).into_owned();
        if of.len() < MAX_REASONS || of.contains_key(&reason) {
            *of.entry(reason).or_default() += 1;
        } else {
            *of.entry("other reasons".to_owned()).or_default() += 1;
        }
    }
}

/// How a run ended.
pub(super) struct Ending<'a> {
    pub(super) summary: &'a Summary,
    pub(super) took: Duration,
    pub(super) interrupted: bool,
}

/// Counts, time and seed in one line.
pub(super) fn counts(plan: &RunPlan, ending: &Ending<'_>) -> Line {
    let total = ending.summary.total();
    let of = if total == plan.scenarios() {
        words::count(total, "scenario")
    } else {
        format!("{total} of {}", words::count(plan.scenarios(), "scenario"))
    };
    let part = plan.part.map(|part| format!(" ({})", words::part(part)));
    let mut line = Line::default().add(Role::Heading, of);
    line = line.then(part.unwrap_or_default());
    line = line.then(format!(" in {:.2} s: ", ending.took.as_secs_f64()));
    for (index, (verdict, count)) in ending.summary.counts.iter().enumerate() {
        let (word, role) = counted(*verdict);
        let comma = if index == 0 { "" } else { ", " };
        line = line.then(comma).add(role, format!("{count} {word}"));
    }
    if ending.summary.counts.is_empty() {
        line = line.add(Role::Bad, "nothing was judged");
    }
    line.add(Role::Faint, format!("  (seed {})", plan.seed))
}

pub(super) fn counted(verdict: Verdict) -> (&'static str, Role) {
    match verdict {
        Verdict::Pass => ("passed", Role::Good),
        Verdict::Warn => ("with warnings", Role::Caution),
        Verdict::Fail => ("failed", Role::Bad),
        Verdict::Inconclusive => ("undecided", Role::Caution),
        Verdict::Skip => ("skipped", Role::Faint),
        Verdict::ExpectedFailure => ("failed as expected", Role::Plain),
        Verdict::UnexpectedPass => ("passed unexpectedly", Role::Bad),
    }
}

/// Everything at the end of a run: why not all was judged, rules broken, counts last.
pub(super) fn shown(plan: &RunPlan, ending: &Ending<'_>, reasons: &Reasons) -> Rendered {
    let mut rendered = Rendered::default();
    rendered.section(grouped("skipped", &reasons.skipped));
    rendered.section(grouped("undecided", &reasons.undecided));
    rendered.section(left_out(plan));
    rendered.section(broken(&ending.summary.broken));
    if ending.interrupted {
        let text = "interrupted: what had not run is not judged";
        rendered.section(Rendered::from_iter([
            Line::default().add(Role::Caution, text)
        ]));
    }
    rendered.section(Rendered::from_iter([counts(plan, ending)]));
    rendered
}

fn grouped(word: &str, reasons: &BTreeMap<String, usize>) -> Rendered {
    let mut rendered = Rendered::default();
    if reasons.is_empty() {
        return rendered;
    }
    rendered.push(Line::default().add(Role::Heading, word));
    let mut sorted: Vec<_> = reasons.iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (reason, count) in sorted {
        let line = Line::default().add(Role::Faint, format!("{count:>5}  "));
        rendered.push(line.hang_here().then(reason));
    }
    rendered
}

fn left_out(plan: &RunPlan) -> Rendered {
    let line = |protocol: &crate::event::PlannedProtocol| {
        let scenarios = words::count(protocol.scenarios, "scenario");
        let text = format!("left out: {scenarios} of {}", protocol.name);
        Line::default().add(Role::Faint, text)
    };
    plan.left_out.iter().map(line).collect()
}

type Broken = BTreeMap<RuleId, (std::sync::Arc<crate::verdict::Rule>, usize)>;

fn broken(rules: &Broken) -> Rendered {
    let mut rendered = Rendered::default();
    if rules.is_empty() {
        return rendered;
    }
    rendered.push(Line::default().add(Role::Heading, "rules broken"));
    for (id, (rule, count)) in rules {
        let scenarios = words::count(*count, "scenario");
        let line = Line::of("  ").hang_here().add(Role::Name, id.as_str());
        let level = format!(" ({}) broken by {scenarios}: ", words::level(rule.level));
        rendered.push(line.then(level).add(Role::Faint, &rule.text));
    }
    rendered
}

//! What a person sees while a run goes on and at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::context::{Context, Detail, Verbosity, detail};
use super::failure::{self, Rerun};
use super::safe::{cut, safe};
use super::styled::{Line, Rendered, Role};
use super::summary::{self, Ending, Reasons};
use super::words;
use crate::event::{Reporter, RunEvent, RunPlan};
use crate::source::Diagnostic;
use crate::verdict::{Outcome, ScenarioId, Verdict};

/// Writes results to `out` in file order and progress to standard error.
pub struct Terminal<W> {
    out: W,
    context: Context,
    plan: RunPlan,
    rerun: Rerun,
    bar: Option<ProgressBar>,
    failed: usize,
    results: InOrder<Shown>,
    group: Option<String>,
    after_gap: bool,
    reasons: Reasons,
    /// Reasons that were told in full.
    told: BTreeSet<String>,
}

/// What is shown of one outcome.
struct Shown {
    group: String,
    text: Rendered,
    detail: Detail,
}

/// Gives out what comes in any order by its place.
struct InOrder<T> {
    next: usize,
    waiting: BTreeMap<usize, T>,
}

impl<T> InOrder<T> {
    fn add(&mut self, index: usize, value: T) {
        self.waiting.insert(index, value);
    }

    /// The next one, once it and all before it are there.
    fn take(&mut self) -> Option<T> {
        let value = self.waiting.remove(&self.next)?;
        self.next += 1;
        Some(value)
    }

    /// All others, when no more are coming.
    fn rest(&mut self) -> Vec<T> {
        std::mem::take(&mut self.waiting).into_values().collect()
    }
}

impl<W: Write> Terminal<W> {
    /// A report that writes to `out`.
    pub fn new(out: W, context: Context) -> Self {
        Self {
            out,
            context,
            plan: RunPlan::default(),
            rerun: Rerun::default(),
            bar: None,
            failed: 0,
            results: InOrder {
                next: 0,
                waiting: BTreeMap::new(),
            },
            group: None,
            after_gap: true,
            reasons: Reasons::default(),
            told: BTreeSet::new(),
        }
    }

    fn started(&mut self, plan: &RunPlan) -> io::Result<()> {
        self.plan = plan.clone();
        self.rerun = Rerun {
            seed: plan.seed,
            arguments: plan.arguments.clone(),
        };
        if self.context.progress {
            self.bar = Some(progress_bar(plan.scenarios()));
        }
        if self.context.verbosity == Verbosity::Quiet {
            return Ok(());
        }
        self.write(Rendered::from_iter([opening(plan)]))
    }

    fn scenario_started(&self, id: &ScenarioId) {
        if let Some(bar) = &self.bar {
            bar.set_message(progress_text(self.failed, &id.title));
        }
    }

    /// What could not be decided is told in full once for each reason.
    fn detail(&mut self, outcome: &Outcome) -> Detail {
        let detail = detail(self.context.verbosity, outcome.verdict);
        let known = match &outcome.reason {
            Some(reason) if outcome.verdict == Verdict::Inconclusive => {
                !self.told.insert(reason.clone())
            }
            _ => false,
        };
        if known {
            detail.min(Detail::Line)
        } else {
            detail
        }
    }

    fn finished_one(&mut self, index: usize, outcome: &Outcome) -> io::Result<()> {
        self.reasons.add(outcome);
        self.failed += usize::from(matches!(
            outcome.verdict,
            Verdict::Fail | Verdict::UnexpectedPass
        ));
        let detail = self.detail(outcome);
        let text = match detail {
            Detail::Nothing => Rendered::default(),
            Detail::Line => Rendered::from_iter([failure::headline(outcome)]),
            Detail::Full => failure::outcome(outcome, &self.rerun, self.context.width),
        };
        let group = words::group(&outcome.scenario);
        self.results.add(
            index,
            Shown {
                group,
                text,
                detail,
            },
        );
        while let Some(shown) = self.results.take() {
            self.show(shown)?;
        }
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        Ok(())
    }

    fn show(&mut self, shown: Shown) -> io::Result<()> {
        if shown.text.is_empty() {
            return Ok(());
        }
        let mut rendered = Rendered::default();
        if self.group.as_ref() != Some(&shown.group) {
            self.gap(&mut rendered);
            rendered.push(Line::default().add(Role::Heading, &shown.group));
            self.group = Some(shown.group);
        }
        rendered.append(shown.text, 0);
        if shown.detail == Detail::Full {
            rendered.gap();
        }
        self.write(rendered)
    }

    fn note(&mut self, text: &str) -> io::Result<()> {
        if self.context.verbosity == Verbosity::Quiet {
            return Ok(());
        }
        let line = Line::default().add(Role::Caution, "note: ").hang_here();
        self.write(Rendered::from_iter([line.then(text)]))
    }

    /// What the program has printed before stands above it, so it comes after all results.
    fn complaint(&mut self, diagnostic: &Diagnostic) -> io::Result<()> {
        for shown in self.results.rest() {
            self.show(shown)?;
        }
        let mut rendered = Rendered::default();
        if self.context.verbosity == Verbosity::Quiet {
            let place = diagnostic
                .primary
                .as_ref()
                .map(|(span, _)| format!("{span}: "));
            let line = Line::of("  ").add(Role::Bad, words::verdict(Verdict::Fail));
            let line = line.then("  ").hang_here().then(place.unwrap_or_default());
            rendered.push(line.add(Role::Heading, &diagnostic.message));
            return self.write(rendered);
        }
        self.gap(&mut rendered);
        for line in diagnostic.render(false).lines() {
            rendered.push(Line::of(safe(line)).whole());
        }
        rendered.push(Line::default());
        self.write(rendered)
    }

    fn finished(&mut self, ending: &Ending<'_>) -> io::Result<()> {
        for shown in self.results.rest() {
            self.show(shown)?;
        }
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        let mut rendered = Rendered::default();
        if self.context.verbosity == Verbosity::Quiet {
            self.gap(&mut rendered);
            rendered.push(summary::counts(&self.plan, ending));
        } else {
            self.gap(&mut rendered);
            let summary = summary::shown(&self.plan, ending, &self.reasons);
            rendered.append(summary, 0);
        }
        self.write(rendered)?;
        self.out.flush()
    }

    /// Begins with an empty line, unless one stands above or nothing does.
    fn gap(&self, rendered: &mut Rendered) {
        if !self.after_gap {
            rendered.push(Line::default());
        }
    }

    fn write(&mut self, rendered: Rendered) -> io::Result<()> {
        let text = rendered.wrapped(self.context.width);
        let text = text.to_text(self.context.colors);
        self.after_gap = text.ends_with("\n\n");
        let out = &mut self.out;
        let mut write = || out.write_all(text.as_bytes()).and_then(|()| out.flush());
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

impl<W: Write> Reporter for Terminal<W> {
    fn event(&mut self, event: &RunEvent<'_>) -> io::Result<()> {
        match *event {
            RunEvent::Started { plan } => self.started(plan),
            RunEvent::ScenarioStarted { id, .. } => {
                self.scenario_started(id);
                Ok(())
            }
            RunEvent::ScenarioFinished { index, outcome } => self.finished_one(index, outcome),
            RunEvent::Note { text } => self.note(text),
            RunEvent::Complaint { diagnostic } => self.complaint(diagnostic),
            RunEvent::Finished {
                summary,
                took,
                interrupted,
            } => self.finished(&Ending {
                summary,
                took,
                interrupted,
            }),
        }
    }
}

/// The first line: what is judged.
fn opening(plan: &RunPlan) -> Line {
    let each = |protocol: &crate::event::PlannedProtocol| match &protocol.dialect {
        Some(dialect) => format!("{} ({dialect})", protocol.name),
        None => protocol.name.to_string(),
    };
    let protocols: Vec<String> = plan.protocols.iter().map(each).collect();
    let scenarios = words::count(plan.scenarios(), "scenario");
    let jobs = match plan.jobs {
        0 | 1 => String::new(),
        jobs => format!(", {jobs} at a time"),
    };
    let part = plan.part.map(|part| format!(", {}", words::part(part)));
    let part = part.unwrap_or_default();
    Line::default()
        .add(Role::Heading, protocols.join(", "))
        .then(format!(": {scenarios} against {}{jobs}{part}", plan.target))
        .add(Role::Faint, format!(" (seed {})", plan.seed))
}

fn progress_bar(scenarios: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(
        Some(scenarios.try_into().unwrap_or(u64::MAX)),
        ProgressDrawTarget::stderr(),
    );
    let template = "{bar:24} {pos}/{len} {elapsed} {msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// What stands beside the bar; it must not be wider than any terminal.
fn progress_text(failed: usize, title: &str) -> String {
    let title = safe(title);
    let title = cut(&title, 40);
    match failed {
        0 => title.into_owned(),
        failed => format!("{failed} failed  {title}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::event::PlannedProtocol;
    use crate::report::sample::{closed, joined, outcome, wrong_field};
    use crate::verdict::Summary;

    fn plan(scenarios: usize) -> RunPlan {
        RunPlan {
            protocols: vec![PlannedProtocol {
                name: "bcp".into(),
                dialect: None,
                scenarios,
            }],
            left_out: vec![PlannedProtocol {
                name: "chatapp".into(),
                dialect: None,
                scenarios: 12,
            }],
            target: "127.0.0.1:9001".to_owned(),
            seed: 4711,
            jobs: 1,
            arguments: vec!["--target".to_owned(), "127.0.0.1:9001".to_owned()],
            part: None,
        }
    }

    fn context(verbosity: Verbosity) -> Context {
        Context {
            colors: false,
            progress: false,
            width: 100,
            verbosity,
        }
    }

    fn with(verdict: Verdict, title: &str, area: &str, reason: Option<&str>) -> Outcome {
        let mut result = outcome(verdict, Vec::new(), joined());
        result.scenario.title = title.to_owned();
        result.scenario.area = area.to_owned();
        result.reason = reason.map(str::to_owned);
        result
    }

    /// A run whose scenarios end in another order than they stand in the files.
    fn run(verbosity: Verbosity, interrupted: bool) -> String {
        let outcomes = [
            with(Verdict::Pass, "a name is accepted", "registration", None),
            with(
                Verdict::Skip,
                "SIGINT ends it",
                "registration",
                Some("the server is not ours"),
            ),
            wrong_field("a", "b"),
            closed(),
            with(
                Verdict::Skip,
                "it restarts",
                "shutdown",
                Some("the server is not ours"),
            ),
            with(Verdict::Pass, "it stays", "shutdown", None),
            with(Verdict::ExpectedFailure, "it is known", "shutdown", None),
            with(Verdict::UnexpectedPass, "it is mended", "shutdown", None),
        ];
        let mut out = Vec::new();
        let mut terminal = Terminal::new(&mut out, context(verbosity));
        let mut summary = Summary::default();
        let plan = plan(outcomes.len());
        terminal.event(&RunEvent::Started { plan: &plan }).unwrap();
        let text = "the fence does not work here; silence is waited for";
        terminal.event(&RunEvent::Note { text }).unwrap();
        for index in [3, 1, 0, 7, 2, 5, 6, 4] {
            if interrupted && index == 4 {
                continue;
            }
            let outcome = &outcomes[index];
            let id = &outcome.scenario;
            terminal
                .event(&RunEvent::ScenarioStarted { index, id })
                .unwrap();
            summary.add(outcome);
            terminal
                .event(&RunEvent::ScenarioFinished { index, outcome })
                .unwrap();
        }
        let finished = RunEvent::Finished {
            summary: &summary,
            took: Duration::from_millis(1_834),
            interrupted,
        };
        terminal.event(&finished).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_run_as_it_looks() {
        insta::assert_snapshot!(run(Verbosity::Normal, false));
    }

    #[test]
    fn a_quiet_run() {
        insta::assert_snapshot!(run(Verbosity::Quiet, false));
    }

    #[test]
    fn every_scenario_has_its_line_in_file_order() {
        let text = run(Verbosity::Verbose, false);
        let words = ["PASS", "SKIP", "FAIL", "WARN", "EXPECTED", "UNEXPECTED"];
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| {
                let word = line.trim_start().split(' ').next().unwrap_or_default();
                words.contains(&word) || line.starts_with("bcp/")
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn an_interrupted_run_shows_what_there_is() {
        let text = run(Verbosity::Normal, true);
        let from = text.find("UNEXPECTED").unwrap();
        insta::assert_snapshot!(&text[from..]);
    }

    #[test]
    fn a_run_without_faults_is_short() {
        let mut out = Vec::new();
        let mut terminal = Terminal::new(&mut out, context(Verbosity::Normal));
        let mut summary = Summary::default();
        let mut plan = plan(2);
        plan.left_out.clear();
        terminal.event(&RunEvent::Started { plan: &plan }).unwrap();
        for index in 0..2 {
            let outcome = with(Verdict::Pass, "fine", "delivery", None);
            summary.add(&outcome);
            let outcome = &outcome;
            terminal
                .event(&RunEvent::ScenarioFinished { index, outcome })
                .unwrap();
        }
        let took = Duration::from_millis(12);
        let interrupted = false;
        let summary = &summary;
        let finished = RunEvent::Finished {
            summary,
            took,
            interrupted,
        };
        terminal.event(&finished).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }
}

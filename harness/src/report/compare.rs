//! Two records side by side: what broke, what was mended, what is new and what is gone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::document::escaped;
use super::record::{RunRecord, ScenarioRecord, badness};
use super::safe::safe;
use super::{summary, words};
use crate::verdict::Verdict;

/// How one scenario differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Protocol, area and title.
    pub name: String,
    /// Its verdict in the older record.
    pub was: Option<Verdict>,
    /// Its verdict in the newer record.
    pub is: Option<Verdict>,
    /// The rules that it breaks now; where it breaks none, those that it broke.
    pub rules: Vec<String>,
}

/// What a change means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meaning {
    /// It fails now, or breaks a rule more.
    Broke,
    /// It can no longer be decided.
    Lost,
    /// It warns now.
    Warns,
    /// It is no longer judged: skipped.
    Unjudged,
    /// It failed, and does no longer.
    Mended,
    /// It is new.
    New,
    /// It is gone.
    Gone,
}

/// Two records compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The changes by what they mean.
    pub changes: BTreeMap<Meaning, Vec<Change>>,
    /// How many scenarios are as they were.
    pub same: usize,
    /// Why the newer record does not tell everything.
    pub incomplete: Option<&'static str>,
}

impl Meaning {
    const ALL: [Self; 7] = [
        Self::Broke,
        Self::Lost,
        Self::Warns,
        Self::Unjudged,
        Self::Mended,
        Self::New,
        Self::Gone,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Broke => "broke",
            Self::Lost => "no longer decided",
            Self::Warns => "new warnings",
            Self::Unjudged => "no longer judged",
            Self::Mended => "mended",
            Self::New => "new",
            Self::Gone => "gone",
        }
    }

    fn of(was: Option<&ScenarioRecord>, is: Option<&ScenarioRecord>) -> Option<Self> {
        let (Some(was), Some(is)) = (was, is) else {
            return Some(if is.is_some() { Self::New } else { Self::Gone });
        };
        let breaks_more = || is.broken().iter().any(|rule| !was.broken().contains(rule));
        let failed = |verdict| matches!(verdict, Verdict::Fail | Verdict::UnexpectedPass);
        match (was.verdict, is.verdict) {
            (before, now) if failed(now) && !failed(before) => Some(Self::Broke),
            (_, Verdict::Fail) if breaks_more() => Some(Self::Broke),
            (before, now) if failed(now) && failed(before) => None,
            (before, Verdict::Inconclusive) if before != Verdict::Inconclusive => Some(Self::Lost),
            (_, Verdict::Inconclusive) => None,
            (Verdict::Skip, Verdict::Skip) => None,
            (_, Verdict::Skip) => Some(Self::Unjudged),
            (before, _) if failed(before) => Some(Self::Mended),
            (_, Verdict::Warn) if breaks_more() => Some(Self::Warns),
            _ => None,
        }
    }
}

/// Compares an older record with a newer one. Of a scenario that ran several times the worst
/// verdict counts.
pub fn compare(old: &RunRecord, new: &RunRecord) -> Comparison {
    let (before, after) = (worst(old), worst(new));
    let mut changes: BTreeMap<Meaning, Vec<Change>> = BTreeMap::new();
    let mut same = 0;
    let mut add = |was: Option<&ScenarioRecord>, is: Option<&ScenarioRecord>| match (
        Meaning::of(was, is),
        is.or(was),
    ) {
        (Some(meaning), Some(known)) => {
            changes
                .entry(meaning)
                .or_default()
                .push(Change::new(known, was, is));
        }
        _ => same += 1,
    };
    for (id, is) in &after {
        add(before.get(id).copied(), Some(is));
    }
    for (id, was) in &before {
        if !after.contains_key(id) {
            add(Some(was), None);
        }
    }
    let incomplete = if new.interrupted {
        Some("the newer run was interrupted")
    } else if new.scenarios.is_empty() {
        Some("the newer run judged nothing")
    } else {
        None
    };
    Comparison {
        changes,
        same,
        incomplete,
    }
}

/// The worst result of each scenario.
fn worst(record: &RunRecord) -> BTreeMap<&str, &ScenarioRecord> {
    let mut worst: BTreeMap<&str, &ScenarioRecord> = BTreeMap::new();
    for scenario in &record.scenarios {
        let id = scenario.id.split('~').next().unwrap_or_default();
        let known = worst.entry(id).or_insert(scenario);
        if badness(scenario.verdict) > badness(known.verdict) {
            *known = scenario;
        }
    }
    worst
}

impl Change {
    fn new(
        known: &ScenarioRecord,
        was: Option<&ScenarioRecord>,
        is: Option<&ScenarioRecord>,
    ) -> Self {
        let now = is.map(ScenarioRecord::broken).unwrap_or_default();
        let before = was.map(ScenarioRecord::broken).unwrap_or_default();
        let rules = if now.is_empty() { before } else { now };
        Self {
            name: super::document::name(known),
            was: was.map(|each| each.verdict),
            is: is.map(|each| each.verdict),
            rules: rules.into_iter().map(str::to_owned).collect(),
        }
    }

    /// `passed -> failed`.
    fn step(&self) -> String {
        let word = |verdict: Option<Verdict>| verdict.map(|verdict| summary::counted(verdict).0);
        match (word(self.was), word(self.is)) {
            (Some(was), Some(is)) => format!("{was} -> {is}"),
            (only, None) | (None, only) => only.unwrap_or_default().to_owned(),
        }
    }
}

impl Comparison {
    /// Something that did not fail does now.
    pub fn has_regressions(&self) -> bool {
        self.changes.contains_key(&Meaning::Broke)
    }

    /// The newer record tells enough to say that nothing broke.
    pub fn is_conclusive(&self) -> bool {
        self.incomplete.is_none() && !self.changes.contains_key(&Meaning::Lost)
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (meaning, changes) in self.sections() {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{} ({})", meaning.title(), changes.len());
            for change in changes {
                let rules = change.rules.join(" ");
                let _ = write!(text, "  {}  ({})", safe(&change.name), change.step());
                let _ = writeln!(text, "  {}", safe(&rules));
            }
            text.push('\n');
        }
        let _ = writeln!(text, "{}", self.counts());
        text.lines()
            .map(str::trim_end)
            .collect::<Vec<_>>()
            .join("\n")
            + "\n"
    }

    /// For a comment on a pull request; scenarios are left out where it would be too long.
    pub fn markdown(&self) -> String {
        let mut text = format!("### Compared: {}\n", self.counts());
        let mut left_out = 0;
        for (meaning, changes) in self.sections() {
            let _ = writeln!(text, "\n**{}** ({})\n", meaning.title(), changes.len());
            for change in changes {
                let rules: Vec<String> = change.rules.iter().map(|rule| escaped(rule)).collect();
                let name = escaped(&change.name);
                let line = format!(
                    "- {name} ({}) {}\n",
                    escaped(&change.step()),
                    rules.join(", ")
                );
                if text.chars().count() + line.chars().count() > super::document::MAX_CHARS {
                    left_out += 1;
                } else {
                    text.push_str(&line);
                }
            }
        }
        if left_out > 0 {
            let _ = writeln!(text, "\n{left_out} more do not fit into a comment.");
        }
        text
    }

    fn sections(&self) -> impl Iterator<Item = (Meaning, &Vec<Change>)> {
        let found = |meaning: Meaning| self.changes.get(&meaning).map(|list| (meaning, list));
        Meaning::ALL.into_iter().filter_map(found)
    }

    fn counts(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        for (meaning, changes) in self.sections() {
            parts.push(format!("{} {}", changes.len(), meaning.title()));
        }
        parts.push(format!("{} as before", words::count(self.same, "scenario")));
        parts.extend(self.incomplete.map(str::to_owned));
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{finding, outcome, recorded};
    use crate::transcript::Transcript;
    use crate::verdict::Level;

    fn run(scenarios: &[(&str, Verdict, &[&str])]) -> RunRecord {
        let outcomes: Vec<_> = scenarios
            .iter()
            .map(|(title, verdict, rules)| {
                let found = |rule: &&str| finding(rule, Level::Must, "{ silence: 300ms }", "x");
                let findings = rules.iter().map(found).collect();
                let mut outcome = outcome(*verdict, findings, Transcript::default());
                outcome.scenario.title = (*title).to_owned();
                outcome
            })
            .collect();
        recorded(&outcomes)
    }

    fn meaning(was: (Verdict, &[&str]), is: (Verdict, &[&str])) -> Option<Meaning> {
        let found = compare(&run(&[("a", was.0, was.1)]), &run(&[("a", is.0, is.1)]));
        assert_eq!(found.same, usize::from(found.changes.is_empty()));
        found.changes.into_keys().next()
    }

    #[test]
    fn what_each_change_means() {
        use Verdict::{ExpectedFailure, Fail, Inconclusive, Pass, Skip, UnexpectedPass, Warn};
        let none: &[&str] = &[];
        for (was, is, wanted) in [
            ((Pass, none), (Pass, none), None),
            ((Pass, none), (Fail, &["X-1"][..]), Some(Meaning::Broke)),
            ((Skip, none), (Fail, &["X-1"]), Some(Meaning::Broke)),
            (
                (ExpectedFailure, &["X-1"]),
                (Fail, &["X-2"]),
                Some(Meaning::Broke),
            ),
            (
                (ExpectedFailure, &["X-1"]),
                (UnexpectedPass, none),
                Some(Meaning::Broke),
            ),
            ((Fail, &["X-1"]), (Fail, &["X-1"]), None),
            (
                (Fail, &["X-1"]),
                (Fail, &["X-1", "X-2"]),
                Some(Meaning::Broke),
            ),
            ((Fail, &["X-1", "X-2"]), (Fail, &["X-2"]), None),
            ((Fail, &["X-1"]), (Pass, none), Some(Meaning::Mended)),
            (
                (Fail, &["X-1"]),
                (ExpectedFailure, &["X-1"]),
                Some(Meaning::Mended),
            ),
            ((Fail, &["X-1"]), (Inconclusive, none), Some(Meaning::Lost)),
            ((Inconclusive, none), (Inconclusive, none), None),
            ((Inconclusive, none), (Pass, none), None),
            ((Pass, none), (Skip, none), Some(Meaning::Unjudged)),
            ((Fail, &["X-1"]), (Skip, none), Some(Meaning::Unjudged)),
            ((Pass, none), (Warn, &["X-1"]), Some(Meaning::Warns)),
            ((Warn, &["X-1"]), (Warn, &["X-1"]), None),
            ((Warn, &["X-1"]), (Pass, none), None),
        ] {
            assert_eq!(meaning(was, is), wanted, "{was:?} {is:?}");
        }
    }

    #[test]
    fn new_and_gone_scenarios_are_told() {
        let none: &[&str] = &[];
        let old = run(&[("a", Verdict::Pass, none), ("b", Verdict::Pass, none)]);
        let new = run(&[("b", Verdict::Pass, none), ("c", Verdict::Fail, &["X-1"])]);
        let found = compare(&old, &new);
        assert!(!found.has_regressions() && found.is_conclusive());
        insta::assert_snapshot!(format!("{}\n{}", found.text(), found.markdown()));
    }

    #[test]
    fn the_worst_of_several_times_counts() {
        let none: &[&str] = &[];
        let old = run(&[("a", Verdict::Pass, none)]);
        let new = run(&[("a", Verdict::Fail, &["X-1"]), ("a", Verdict::Pass, none)]);
        assert!(compare(&old, &new).has_regressions());
        assert!(!compare(&new, &new).has_regressions());
    }

    #[test]
    fn a_run_that_was_cut_short_tells_nothing() {
        let none: &[&str] = &[];
        let old = run(&[("a", Verdict::Pass, none)]);
        let mut new = old.clone();
        new.interrupted = true;
        assert!(!compare(&old, &new).is_conclusive());
        assert!(!compare(&old, &run(&[])).is_conclusive());
    }

    #[test]
    fn a_comparison_fits_a_comment() {
        let titles: Vec<String> = (0..2_000)
            .map(|n| format!("{n}{}", "@".repeat(100)))
            .collect();
        let all: Vec<_> = titles
            .iter()
            .map(|t| (&**t, Verdict::Fail, &["X-1"][..]))
            .collect();
        let text = compare(&run(&[]), &run(&all)).markdown();
        assert!(text.chars().count() < 65_536 && text.contains("do not fit"));
        assert!(!text.contains('@'));
    }
}

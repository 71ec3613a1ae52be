//! `--expected` and `--write-expected`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::arguments::RunArgs;
use super::{complain, say};
use crate::expected::{Date, Expected, First, Known as KnownScenario, Ledger, TO_BE_SAID};
use crate::plan::{ScenarioPlan, Selection, Suite, load};
use crate::source::{Diagnostic, Diagnostics};
use crate::verdict::Outcome;

/// What is known to fail in this run, and what is to be known in the next one.
pub(super) struct Known {
    expected: Arc<Expected>,
    ledger: Option<Ledger>,
    /// Where the folders of the protocols of this run stand.
    around: Vec<PathBuf>,
    first: Option<(PathBuf, First)>,
}

/// Reads what is known to fail; `None` when the files cannot be used, which was said.
pub(super) fn read(arguments: &RunArgs) -> Option<Arc<Expected>> {
    let mut expected = Expected {
        strict: arguments.strict,
        ..Expected::default()
    };
    let mut diagnostics = Diagnostics::default();
    for path in &arguments.expected {
        expected.read(path, &mut diagnostics);
    }
    if diagnostics.has_errors() {
        complain(&diagnostics);
        return None;
    }
    if let Some(path) = arguments
        .write_expected
        .as_deref()
        .filter(|path| path.exists())
    {
        say(&format!(
            "--write-expected {0}: the file is there, and what somebody wrote into it would be lost; \
             name another, or judge by it with --expected {0}",
            path.display()
        ));
        return None;
    }
    Some(Arc::new(expected))
}

impl Known {
    /// Begins to take note for a run of these suites.
    pub(super) fn new(
        arguments: &RunArgs,
        expected: Arc<Expected>,
        suites: &[Suite],
        is_judged: impl Fn(&ScenarioPlan) -> bool,
    ) -> Self {
        let folders: Vec<PathBuf> = suites
            .iter()
            .map(|suite| suite.protocol.folder.clone())
            .collect();
        let ledger = (!arguments.expected.is_empty()).then(|| {
            ledger(
                arguments,
                Arc::clone(&expected),
                suites,
                &folders,
                is_judged,
            )
        });
        let around = folders
            .iter()
            .filter_map(|folder| Some(folder.parent()?.to_owned()));
        let first = arguments.write_expected.clone();
        Self {
            expected,
            ledger,
            around: around.collect(),
            first: first.map(|path| (path, First::new(arguments.strict))),
        }
    }

    /// What is known to fail.
    pub(super) fn expected(&self) -> Arc<Expected> {
        Arc::clone(&self.expected)
    }

    /// Takes note of an outcome.
    pub(super) fn take(&mut self, place: usize, outcome: &Outcome) {
        if let Some(ledger) = &mut self.ledger {
            ledger.take(outcome);
        }
        if let Some((_, first)) = &mut self.first {
            first.take(place, outcome);
        }
    }

    /// What is wrong with the entries.
    pub(super) fn complaints(&self, complete: bool) -> Vec<Diagnostic> {
        let exists = |name: &str| {
            let file = Path::new(name).join("protocol.yaml");
            self.around
                .iter()
                .any(|folder| folder.join(&file).is_file())
        };
        let ledger = self.ledger.as_ref();
        ledger.map_or_else(Vec::new, |ledger| {
            ledger.complaints(Date::today(), complete, exists)
        })
    }

    /// Writes the first list where that is asked for, and tells of reasons that nobody has given.
    /// Gives false when it could not be written, which was said.
    pub(super) fn finish(&self, target: &str) -> bool {
        let unsaid = self.expected.entries.iter();
        let unsaid = unsaid.filter(|entry| entry.reason == TO_BE_SAID).count();
        if unsaid > 0 {
            say(&format!(
                "{unsaid} expected failures still have no reason: put one in place of `{TO_BE_SAID}`"
            ));
        }
        let Some((path, first)) = &self.first else {
            return true;
        };
        let text = first.to_yaml(&format!("Written from a run against {target}."));
        let written =
            std::fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
        if let Err(error) = written {
            say(&format!("--write-expected {}: {error}", path.display()));
            return false;
        }
        say(&format!(
            "{}: {} expected failures; give each a reason, and run again with --expected {0}",
            path.display(),
            first.len()
        ));
        true
    }
}

/// A ledger that knows all scenarios of the protocols, selected or not.
fn ledger(
    arguments: &RunArgs,
    expected: Arc<Expected>,
    suites: &[Suite],
    folders: &[PathBuf],
    is_judged: impl Fn(&ScenarioPlan) -> bool,
) -> Ledger {
    let selection = Selection {
        paths: folders.to_vec(),
        dialect: arguments.selection.dialect.clone(),
        params: arguments.selection.params.clone(),
        ..Selection::default()
    };
    // What is wrong outside of what was selected is no concern of this run.
    let all = load(&selection, &mut Diagnostics::default());
    let selected = |plan: &ScenarioPlan| {
        let mut plans = suites.iter().flat_map(|suite| &suite.scenarios);
        plans.any(|other| other.id.protocol == plan.id.protocol && other.id.title == plan.id.title)
    };
    let plans = all.iter().flat_map(|suite| &suite.scenarios);
    let scenarios = plans
        .map(|plan| KnownScenario {
            id: plan.id.clone(),
            selected: selected(plan),
            judged: is_judged(plan),
        })
        .collect();
    let rules = suites.iter().flat_map(|suite| suite.protocol.rules.iter());
    Ledger::new(expected, scenarios, rules.cloned().collect())
}

use std::collections::HashMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;

use super::arguments::{SnapshotsAction, SnapshotsArgs};
use super::{Exit, say};
use crate::plan::Suite;
use crate::report::Context;
use crate::snapshot::{
    Comparison, Redactions, SnapshotError, Store, Tally, accept, pending, render, review,
};
use crate::verdict::{Outcome, ScenarioId, Verdict};

/// `harness snapshots`.
pub(super) fn snapshots(arguments: &SnapshotsArgs, context: Context) -> Exit {
    let (folder, reviewing) = match &arguments.action {
        SnapshotsAction::Review { folder } => (folder, true),
        SnapshotsAction::Accept { folder } => (folder, false),
    };
    let outcome = pending(folder).and_then(|found| {
        if reviewing {
            let stdin = std::io::stdin();
            review(
                &found,
                stdin.is_terminal(),
                &context,
                stdin.lock(),
                std::io::stdout().lock(),
            )
        } else {
            accept(&found)
        }
    });
    match outcome {
        Ok(Tally {
            accepted,
            rejected,
            skipped,
        }) => {
            let line = format!("{accepted} accepted, {rejected} rejected, {skipped} left pending");
            let _ = writeln!(std::io::stdout().lock(), "{line}");
            Exit::Conforms
        }
        Err(error) => {
            say(&error.to_string());
            Exit::Usage
        }
    }
}

/// Compares the transcripts of a run with their snapshots.
pub(super) struct Keeper {
    stores: HashMap<Arc<str>, Store>,
    /// In CI nothing is written: somebody has to look.
    writes: bool,
    known: HashMap<Arc<str>, Vec<ScenarioId>>,
    differences: Vec<(String, Comparison)>,
    errors: Vec<SnapshotError>,
    complete: bool,
}

impl Keeper {
    /// Snapshots under a label; a dialect has its own.
    pub(super) fn new(suites: &[Suite], label: &str) -> Result<Self, SnapshotError> {
        let mut stores = HashMap::new();
        let mut known = HashMap::new();
        for suite in suites {
            let protocol = &suite.protocol;
            let label = if protocol.default_dialect {
                label.to_owned()
            } else {
                format!("{label}-{}", protocol.dialect)
            };
            stores.insert(
                Arc::clone(&protocol.name),
                Store::new(&protocol.folder, &label)?,
            );
            let ids = suite
                .scenarios
                .iter()
                .filter(|scenario| scenario.snapshot)
                .map(|scenario| scenario.id.clone())
                .collect();
            known.insert(Arc::clone(&protocol.name), ids);
        }
        let writes = std::env::var_os("CI").is_none_or(|value| value.is_empty());
        Ok(Self {
            stores,
            writes,
            known,
            differences: Vec::new(),
            errors: Vec::new(),
            complete: true,
        })
    }

    /// Compares the transcript of a scenario that ran to its end.
    pub(super) fn take(&mut self, outcome: &Outcome) {
        if !matches!(outcome.verdict, Verdict::Pass | Verdict::Warn) {
            self.complete = false;
            return;
        }
        let protocol = &outcome.scenario.protocol;
        let known = self.known.get(protocol).map(Vec::as_slice);
        let compared = known.unwrap_or_default().contains(&outcome.scenario);
        let Some(store) = self.stores.get(protocol).filter(|_| compared) else {
            return;
        };
        let mut names = Redactions::default();
        for (value, label) in &outcome.names {
            names.add(value, label);
        }
        let text = render(outcome, &names);
        let compared = store
            .compare(&outcome.scenario, &text)
            .and_then(|comparison| {
                match comparison {
                    Comparison::Same => store.withdraw(&outcome.scenario)?,
                    _ if self.writes => drop(store.propose(&outcome.scenario, &text)?),
                    _ => {}
                }
                Ok(comparison)
            });
        match compared {
            Ok(Comparison::Same) => {}
            Ok(comparison) => {
                let id = &outcome.scenario;
                let title = format!("{}/{}: {}", id.protocol, id.area, id.title);
                self.differences.push((title, comparison));
            }
            Err(error) => self.errors.push(error),
        }
    }

    /// Tells what differs; true when anything does.
    pub(super) fn tell(self, context: Context) -> bool {
        for error in &self.errors {
            say(&error.to_string());
        }
        let mut stdout = std::io::stdout().lock();
        for (title, comparison) in &self.differences {
            let _ = match comparison {
                Comparison::Same => Ok(()),
                Comparison::New => writeln!(stdout, "\nno snapshot yet: {title}"),
                Comparison::Different(diff) => {
                    let text = diff.clone().wrapped(context.width).to_text(context.colors);
                    writeln!(stdout, "\nthe snapshot differs: {title}\n{text}")
                }
            };
        }
        if !self.differences.is_empty() {
            let count = self.differences.len();
            let what = if self.writes {
                "`harness snapshots review` shows them"
            } else {
                "with CI set nothing is written"
            };
            let differ = match count {
                1 => "transcript differs from its snapshot",
                _ => "transcripts differ from their snapshots",
            };
            let _ = writeln!(stdout, "\n{count} {differ} ({what})");
        }
        for (protocol, store) in self.stores.iter().filter(|_| self.complete) {
            let ids = self
                .known
                .get(protocol)
                .map(Vec::as_slice)
                .unwrap_or_default();
            for path in store.unused(ids).unwrap_or_default() {
                let _ = writeln!(
                    stdout,
                    "no scenario uses this snapshot any more: {}",
                    path.display()
                );
            }
        }
        !self.differences.is_empty() || !self.errors.is_empty()
    }
}

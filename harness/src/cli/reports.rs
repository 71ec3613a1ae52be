//! `--report KIND=PATH`.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use crate::plan::Suite;
use crate::report::record::{self, Explain, Json, Recorder, Writer};
use crate::verdict::ScenarioId;
use crate::wire::{Codec, Direction, Segment};

/// What the report that keeps a run is called in messages.
pub(super) const NAME: &str = "of the run";

/// A report that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReportArg {
    pub kind: ReportKind,
    pub path: PathBuf,
}

/// The kinds of reports that are written to files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReportKind {
    /// The whole record, for programs.
    Json,
}

/// Each kind with its word.
const KINDS: &[(&str, ReportKind)] = &[("json", ReportKind::Json)];

impl ReportKind {
    fn word(self) -> &'static str {
        let known = KINDS.iter().find(|(_, kind)| *kind == self);
        known.map_or("", |(word, _)| word)
    }
}

impl ReportArg {
    /// How the user asked for it.
    fn words(&self) -> String {
        format!("{}={}", self.kind.word(), self.path.display())
    }

    /// The file that is written.
    fn file(&self) -> PathBuf {
        match self.kind {
            ReportKind::Json => self.path.clone(),
        }
    }

    fn writer(&self) -> Box<dyn Writer> {
        match self.kind {
            ReportKind::Json => Box::new(Json::new(self.file())),
        }
    }
}

/// Reads the value of the flag.
///
/// # Errors
/// One sentence about what is wrong with it.
pub(super) fn report(text: &str) -> Result<ReportArg, String> {
    let words: Vec<&str> = KINDS.iter().map(|(word, _)| *word).collect();
    let wanted = format!("write KIND=PATH, KIND being {}", words.join(", "));
    let Some((word, path)) = text.split_once('=') else {
        return Err(wanted);
    };
    let Some((_, kind)) = KINDS.iter().find(|(known, _)| *known == word) else {
        return Err(format!("there is no report `{word}`; {wanted}"));
    };
    if path.is_empty() {
        return Err(wanted);
    }
    Ok(ReportArg {
        kind: *kind,
        path: path.into(),
    })
}

/// What keeps the run for the reports that were asked for; `None` when none was.
///
/// # Errors
/// One sentence about a report that cannot be written.
pub(super) fn recorder(
    reports: &[ReportArg],
    suites: &[Suite],
) -> Result<Option<Recorder>, String> {
    let mut recorder = Recorder::new(explain(suites));
    let mut files = BTreeSet::new();
    for report in reports {
        let words = report.words();
        record::check_place(&report.file())
            .map_err(|error| format!("--report {words}: cannot be written: {error}"))?;
        if !files.insert(report.file()) {
            return Err(format!(
                "--report {words}: another report goes to the same file"
            ));
        }
        recorder.add(words, report.writer());
    }
    Ok((!recorder.is_empty()).then_some(recorder))
}

/// Explains bytes with the codec of the scenario's protocol.
fn explain(suites: &[Suite]) -> Explain {
    type Name = (Arc<str>, Option<Arc<str>>);
    let codecs: HashMap<Name, Arc<Codec>> = suites
        .iter()
        .map(|suite| {
            let protocol = &suite.protocol;
            let dialect = (!protocol.default_dialect).then(|| Arc::clone(&protocol.dialect));
            let name = (Arc::clone(&protocol.name), dialect);
            (name, Arc::clone(&protocol.codec))
        })
        .collect();
    Box::new(
        move |id: &ScenarioId, direction: Direction, bytes: &[u8]| -> Vec<Segment> {
            let name = (Arc::clone(&id.protocol), id.dialect.clone());
            codecs
                .get(&name)
                .map(|codec| codec.explain(direction, bytes))
                .unwrap_or_default()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_and_named_alike() {
        for (word, kind) in KINDS {
            let arg = report(&format!("{word}=a/b=c")).unwrap();
            assert_eq!((arg.kind, arg.path.to_str()), (*kind, Some("a/b=c")));
            assert_eq!(arg.words(), format!("{word}=a/b=c"));
        }
        for wrong in ["json", "json=", "=x", "", "xml=x"] {
            assert!(report(wrong).is_err(), "{wrong}");
        }
    }
}

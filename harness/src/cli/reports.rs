//! `--report KIND=PATH`.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use crate::plan::Suite;
use crate::report::document::{Text, TextKind};
use crate::report::html::{Html, PAGE};
use crate::report::record::{Explain, Json, NamedWriter, Recorder, Sink, Writer};
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
    /// A page for a browser.
    Html,
    /// The whole record, for programs.
    Json,
    /// A text.
    Text(TextKind),
}

/// Each kind with its word.
const KINDS: &[(&str, ReportKind)] = &[
    ("html", ReportKind::Html),
    ("json", ReportKind::Json),
    ("junit", ReportKind::Text(TextKind::Junit)),
    ("md", ReportKind::Text(TextKind::Markdown)),
    ("tap", ReportKind::Text(TextKind::Tap)),
];

impl ReportKind {
    fn word(self) -> &'static str {
        let known = KINDS.iter().find(|(_, kind)| *kind == self);
        known.map_or("", |(word, _)| word)
    }
}

impl ReportArg {
    /// How the user asked for it.
    pub(super) fn words(&self) -> String {
        format!("{}={}", self.kind.word(), self.path.display())
    }

    /// Where it goes: `-` is standard output.
    pub(super) fn sink(&self) -> Sink {
        match self.kind {
            ReportKind::Html => Sink::File(self.path.join(PAGE)),
            _ if self.path.as_os_str() == "-" => Sink::Stdout,
            ReportKind::Json | ReportKind::Text(_) => Sink::File(self.path.clone()),
        }
    }

    /// Whether it goes to standard output, where nothing else may be then.
    pub(super) fn is_on_stdout(&self) -> bool {
        self.sink() == Sink::Stdout
    }

    fn writer(&self) -> Box<dyn Writer> {
        match self.kind {
            ReportKind::Html => Box::new(Html::new(&self.path)),
            ReportKind::Json => Box::new(Json::new(self.sink())),
            ReportKind::Text(kind) => Box::new(Text::new(kind, self.sink())),
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
    let writers = writers(reports)?;
    Ok((!writers.is_empty()).then(|| recorder_for(suites, writers)))
}

/// What keeps a run for these writers.
pub(super) fn recorder_for(suites: &[Suite], writers: Vec<NamedWriter>) -> Recorder {
    let mut recorder = Recorder::new(explain(suites));
    for (words, writer) in writers {
        recorder.add(words, writer);
    }
    recorder
}

/// Who writes the reports that were asked for, with how they were asked for.
///
/// # Errors
/// One sentence about a report that cannot be written.
pub(super) fn writers(reports: &[ReportArg]) -> Result<Vec<NamedWriter>, String> {
    let mut writers = Vec::new();
    let mut files = BTreeSet::new();
    for report in reports {
        let words = report.words();
        report
            .sink()
            .check()
            .map_err(|error| format!("--report {words}: cannot be written: {error}"))?;
        if !files.insert(report.sink()) {
            return Err(format!(
                "--report {words}: another report goes to the same file"
            ));
        }
        writers.push((words, report.writer()));
    }
    Ok(writers)
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

use std::io::Write as _;
use std::path::Path;

use super::arguments::MergeArgs;
use super::reports::{ReportArg, writers};
use super::{Exit, say};
use crate::report::document::outline;
use crate::report::record::{Conformance, Part, RunRecord, merge as put_together, read};

/// `harness merge`.
pub(super) fn merge(arguments: &MergeArgs) -> Exit {
    let mut parts = Vec::new();
    for path in &arguments.records {
        let Some(record) = record(path) else {
            return Exit::Usage;
        };
        let name = path.display().to_string();
        parts.push(Part { name, record });
    }
    let merged = match put_together(&parts) {
        Ok(merged) => merged,
        Err(error) => {
            say(&error.to_string());
            return Exit::Usage;
        }
    };
    drop(parts);
    let written = match write(&arguments.reports, &merged.record) {
        Ok(written) => written,
        Err(message) => {
            say(&message);
            return Exit::Usage;
        }
    };
    let text = outline(&merged.record);
    // A closed pipe (`| head`) is no error.
    let _ = if arguments.reports.iter().any(ReportArg::is_on_stdout) {
        std::io::stderr().lock().write_all(text.as_bytes())
    } else {
        std::io::stdout().lock().write_all(text.as_bytes())
    };
    match merged.record.conformance(merged.complete) {
        Conformance::DoesNotConform => Exit::DoesNotConform,
        Conformance::NotJudged => Exit::NotJudged,
        Conformance::Conforms if !written => Exit::Incomplete,
        Conformance::Conforms => Exit::Conforms,
    }
}

/// Writes every report and says which could not be; whether all could.
fn write(reports: &[ReportArg], record: &RunRecord) -> Result<bool, String> {
    let mut written = true;
    for (words, mut writer) in writers(reports)? {
        if let Err(error) = writer.write(record) {
            say(&format!("the report {words} could not be written: {error}"));
            written = false;
        }
    }
    Ok(written)
}

/// Reads a record; `None` when it cannot be used, which was said.
pub(super) fn record(path: &Path) -> Option<RunRecord> {
    let read = std::fs::File::open(path)
        .map_err(|error| format!("cannot be read: {error}"))
        .and_then(|file| read(file).map_err(|error| error.to_string()));
    match read {
        Ok(record) => Some(record),
        Err(error) => {
            say(&format!(
                "{}: {error}; `harness run --report json=FILE` writes records",
                path.display()
            ));
            None
        }
    }
}

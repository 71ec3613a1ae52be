//! `harness matrix`: several implementations, one after the other.

use std::cell::RefCell;
use std::io::Write as _;
use std::path::Path;
use std::rc::Rc;

use super::arguments::{MatrixArgs, RunArgs, SelectionArgs};
use super::judging::Assignment;
use super::reports::{ReportArg, ReportKind, recorder_for};
use super::run::{Prepared, prepare};
use super::{Exit, complain, say};
use crate::matrix::{Implementation, Matrix, Place};
use crate::report::document::TextKind;
use crate::report::html::Html;
use crate::report::matrix::{Column, html, markdown, text};
use crate::report::record::{Conformance, NamedWriter, RunRecord, Sink, Writer};
use crate::report::{Context, Reporters, Verbosity};
use crate::slug::slug;
use crate::source::Diagnostics;

/// Keeps the record of a run.
struct Kept(Rc<RefCell<Option<RunRecord>>>);

impl Writer for Kept {
    fn write(&mut self, record: &RunRecord) -> std::io::Result<()> {
        *self.0.borrow_mut() = Some(record.clone());
        Ok(())
    }
}

/// `harness matrix`.
pub(super) fn matrix(arguments: &MatrixArgs, context: Context) -> Exit {
    let mut diagnostics = Diagnostics::default();
    let matrix = Matrix::read(&arguments.file, &mut diagnostics);
    if !diagnostics.is_empty() {
        complain(&diagnostics);
    }
    if diagnostics.has_errors() {
        return Exit::Usage;
    }
    if let Err(message) = check(&arguments.reports) {
        say(&message);
        return Exit::Usage;
    }
    let mut columns = Vec::new();
    let mut usage = false;
    let mut written = true;
    for implementation in &matrix.implementations {
        say(&format!("{} …", implementation.name));
        let slug = format!("{}-{}", columns.len() + 1, slug(&implementation.name));
        let run = run_arguments(implementation, &matrix, arguments);
        let pages = pages(&arguments.reports, &slug);
        let record = match judge(&run, pages) {
            Ok((record, all_pages)) => {
                written &= all_pages;
                record
            }
            Err(Exit::Interrupted) => return Exit::Interrupted,
            Err(exit) => {
                usage |= exit == Exit::Usage;
                None
            }
        };
        columns.push(Column {
            name: implementation.name.clone(),
            slug,
            record,
        });
        let done = columns.last().map_or("", Column::in_words);
        say(&format!("{}: {done}", implementation.name));
    }
    let all = context.verbosity == Verbosity::Verbose;
    let shown = text(&columns, all);
    // A closed pipe (`| head`) is no error.
    let _ = if arguments.reports.iter().any(ReportArg::is_on_stdout) {
        std::io::stderr().lock().write_all(shown.as_bytes())
    } else {
        std::io::stdout().lock().write_all(shown.as_bytes())
    };
    written &= write(&arguments.reports, &columns);
    exit(&columns, usage, written)
}

fn exit(columns: &[Column], usage: bool, written: bool) -> Exit {
    let any = |wanted| columns.iter().any(|column| column.conformance() == wanted);
    if any(Conformance::DoesNotConform) {
        Exit::DoesNotConform
    } else if usage {
        Exit::Usage
    } else if any(Conformance::NotJudged) {
        Exit::NotJudged
    } else if written {
        Exit::Conforms
    } else {
        Exit::Incomplete
    }
}

/// A matrix has fewer forms than a run.
fn check(reports: &[ReportArg]) -> Result<(), String> {
    for report in reports {
        if !matches!(
            report.kind,
            ReportKind::Html | ReportKind::Text(TextKind::Markdown)
        ) {
            return Err(format!(
                "--report {}: a matrix is written as html=FOLDER or md=FILE; \
                 `harness run` writes the others for one implementation",
                report.words()
            ));
        }
        let place = report.sink().check();
        place
            .map_err(|error| format!("--report {}: cannot be written: {error}", report.words()))?;
    }
    Ok(())
}

/// The arguments that judge one implementation alone.
fn run_arguments(one: &Implementation, matrix: &Matrix, arguments: &MatrixArgs) -> RunArgs {
    let mut run = RunArgs {
        selection: SelectionArgs {
            paths: matrix.scenarios.clone(),
            protocol: vec![one.protocol.clone()],
            dialect: one.dialect.clone(),
            filter: arguments.filter.clone(),
            params: one.params.clone(),
        },
        port: one.port,
        jobs: arguments.jobs,
        seed: arguments.seed,
        repeat: 1,
        strict: arguments.strict,
        expected: one.expected.iter().cloned().collect(),
        ..RunArgs::default()
    };
    match one.place.clone() {
        Place::Target(target) => run.target = Some(target),
        Place::Spawn(command) => run.spawn = Some(command),
        Place::Client(command) => run.client = Some(command),
        Place::Embedded(subject) => run.subject = Some(subject),
    }
    run
}

/// The pages of one implementation, one in each folder that a matrix is written to.
fn pages(reports: &[ReportArg], slug: &str) -> Vec<NamedWriter> {
    let html = reports
        .iter()
        .filter(|report| report.kind == ReportKind::Html);
    html.map(|report| {
        let folder = report.path.join(slug);
        let name = format!("html={}", folder.display());
        (name, Box::new(Html::new(&folder)) as Box<dyn Writer>)
    })
    .collect()
}

/// Judges one implementation; gives its record and whether its pages could be written.
fn judge(
    arguments: &RunArgs,
    mut writers: Vec<NamedWriter>,
) -> Result<(Option<RunRecord>, bool), Exit> {
    let Prepared {
        suites,
        target,
        settings,
        plan,
        mut known,
    } = prepare(arguments)?;
    let kept = Rc::new(RefCell::new(None));
    writers.push(("of the matrix".to_owned(), Box::new(Kept(Rc::clone(&kept)))));
    let mut reporters = Reporters::default();
    reporters.add(super::reports::NAME, recorder_for(&suites, writers));
    let assignment = Assignment {
        suites: &suites,
        target,
        settings,
        plan: &plan,
    };
    let judged = assignment
        .judge(&mut known, None, &mut reporters)
        .map_err(|error| {
            say(&format!("cannot start: {error}"));
            Exit::NotJudged
        })?;
    if judged.interrupted {
        return Err(Exit::Interrupted);
    }
    let written = !super::run::reports_failed(&reporters);
    let record = kept.borrow_mut().take();
    Ok((record, written))
}

/// Writes the tables and says which could not be; whether all could.
fn write(reports: &[ReportArg], columns: &[Column]) -> bool {
    let mut written = true;
    for report in reports {
        let text = match report.kind {
            ReportKind::Html => html(columns),
            _ => markdown(columns),
        };
        if let Err(error) = put(&report.sink(), &text) {
            say(&format!(
                "the report {} could not be written: {error}",
                report.words()
            ));
            written = false;
        }
    }
    written
}

fn put(sink: &Sink, text: &str) -> std::io::Result<()> {
    if let Sink::File(path) = sink {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
    }
    sink.put(|out| out.write_all(text.as_bytes()))
}

//! The command line: reads flags, calls the library, turns the outcome into an exit code.

mod arguments;
mod check;
mod compare;
mod docs;
mod exit;
mod judging;
mod known;
mod list;
mod manual;
mod matrix;
mod merge;
mod prove;
mod reports;
mod run;
mod schema;
mod selection;
mod shard;
mod snapshots;
mod target;

use std::ffi::OsString;
use std::io::Write as _;

use clap::Parser as _;

pub use exit::Exit;

use crate::report::{Context, Surroundings, Verbosity};
use crate::run::embedded;
use crate::source::Diagnostics;
use arguments::{Cli, Command};

/// Runs the command that the arguments ask for; the first one is the program's name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> std::process::ExitCode {
    let mut arguments = arguments.into_iter().peekable();
    let program = arguments.next().unwrap_or_else(|| "harness".into());
    if arguments
        .peek()
        .is_some_and(|first| first == embedded::SUBCOMMAND)
    {
        return embedded::main(arguments.skip(1));
    }
    if arguments
        .peek()
        .is_some_and(|first| first == embedded::CLIENT_SUBCOMMAND)
    {
        return embedded::client_main(arguments.skip(1));
    }
    let cli = match Cli::try_parse_from(std::iter::once(program).chain(arguments)) {
        Ok(cli) => cli,
        Err(error) => return exit::of_usage(&error).into(),
    };
    let surroundings = Surroundings::read();
    dispatch(cli, &surroundings).into()
}

fn dispatch(cli: Cli, surroundings: &Surroundings) -> Exit {
    let verbosity = match &cli.command {
        Command::Run(run) if run.quiet => Verbosity::Quiet,
        Command::Run(run) if run.verbose => Verbosity::Verbose,
        Command::Matrix(matrix) if matrix.verbose => Verbosity::Verbose,
        Command::Prove(prove) if prove.verbose => Verbosity::Verbose,
        Command::List(list) if list.verbose => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let context = Context::new(cli.color, verbosity, surroundings);
    match cli.command {
        Command::Run(run) => run::run(&run, context),
        Command::Check(check) => check::check(&check, context),
        Command::List(list) => list::list(&list, context),
        Command::Prove(prove) => prove::prove(&prove, context),
        Command::Matrix(matrix) => matrix::matrix(&matrix, context),
        Command::Merge(merge) => merge::merge(&merge),
        Command::Compare(compare) => compare::compare(&compare),
        Command::Completions(completions) => manual::completions(&completions),
        Command::Man(man) => manual::man(&man),
        Command::Schema(schema) => schema::schema(&schema, context),
        Command::Docs(docs) => docs::docs(&docs),
        Command::Snapshots(snapshots) => snapshots::snapshots(&snapshots, context),
    }
}

/// Tells what is wrong with the files, on standard error.
pub(crate) fn complain(diagnostics: &Diagnostics) {
    let mut stderr = anstream::stderr().lock();
    for diagnostic in diagnostics.iter() {
        // Nobody is left to be told when standard error is gone.
        let _ = writeln!(stderr, "{}\n", diagnostic.render(true));
    }
    let errors = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == crate::source::Severity::Error)
        .count();
    if errors > 0 {
        let noun = if errors == 1 { "error" } else { "errors" };
        let _ = writeln!(stderr, "{errors} {noun} in the files; nothing was run");
    }
}

/// Says one sentence about what went wrong, on standard error.
pub(crate) fn say(message: &str) {
    let _ = writeln!(anstream::stderr().lock(), "harness: {message}");
}

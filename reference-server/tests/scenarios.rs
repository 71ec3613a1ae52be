//! What the scenarios say about this very server, started as anybody's server is: by a harness that was
//! built before, and that shares nothing with it but a socket. Mutation testing asks nothing else
//! (`MUTANTS.md`).

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "what fails here fails the test, and says why"
)]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;

/// Names the program of the harness, by an absolute path.
const HARNESS: &str = "HARNESS";

/// What `cargo mutants` writes beside whatever it changes.
const CHANGED: &str = "changed by cargo-mutants";

/// How many scenarios run at once; fewer in a second try, after one that could not decide everything
/// because the machine was busy or the server strange.
const JOBS: [&str; 2] = ["16", "4"];

/// The exit status of a harness that found something wrong.
const DOES_NOT_CONFORM: i32 = 1;

#[test]
fn bcp() {
    let options = "--idle-timeout {idle_timeout} --check-interval {check_interval}";
    conforms("bcp", options, &["spec", "rpchat"]);
}

#[test]
fn chatapp() {
    let options = "--db {dir}/server.db --answer-timeout {answer_timeout}";
    conforms("chatapp", options, &[""]);
}

#[test]
fn chatbooth() {
    let options = "--idle-timeout {idle_timeout} --check-interval {check_interval}";
    conforms("chatbooth", options, &[""]);
}

#[test]
fn csc328() {
    let options = "--shutdown-delay {shutdown_delay}";
    let dialects = ["word", "json16", "json32", "typed", "struct", "line"];
    conforms("csc328", options, &dialects);
}

#[test]
fn wireproto() {
    conforms("wireproto", "", &[""]);
}

/// Has the scenarios of a protocol judge its server in each of its dialects. A server with a mutant fails
/// when it is accused; one as it is must pass.
fn conforms(protocol: &str, options: &str, dialects: &[&str]) {
    let Some(harness) = std::env::var_os(HARNESS) else {
        eprintln!("left out: {protocol} by its scenarios: {HARNESS} names no harness");
        return;
    };
    let mutant = mutant();
    if mutant
        .as_deref()
        .is_some_and(|file| is_elsewhere(file, protocol))
    {
        eprintln!("left out: {protocol}: what is changed is not in its server");
        return;
    }
    for dialect in dialects {
        let output = judged(&harness, protocol, options, dialect);
        let accused = output.status.code() == Some(DOES_NOT_CONFORM);
        let words = String::from_utf8_lossy(&output.stdout);
        let conforms = output.status.success() && words.contains(" passed");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            !accused && (conforms || mutant.is_some()),
            "{words}\n{errors}"
        );
        eprintln!("{words}");
    }
}

/// What the harness says; a second time when it could not decide.
fn judged(harness: &OsStr, protocol: &str, options: &str, dialect: &str) -> Output {
    let judge = |jobs| {
        let mut command = command(harness, protocol, options, dialect);
        command.args(["--jobs", jobs]).output().unwrap()
    };
    let [first, second] = JOBS;
    let output = judge(first);
    match output.status.code() {
        Some(0 | DOES_NOT_CONFORM) => output,
        _ => judge(second),
    }
}

fn command(harness: &OsStr, protocol: &str, options: &str, dialect: &str) -> Command {
    let scenarios = root().join("../scenarios").join(protocol).join("server");
    let program = cargo_bin("reference-server");
    let program = program.to_str().unwrap();
    let mut spawn = format!("'{program}' {protocol} -p {{port}} -l {{log}} {options}");
    let mut command = Command::new(harness);
    command.arg("run").arg(scenarios);
    command.args(["--strict", "--fail-fast", "--seed", "1"]);
    if !dialect.is_empty() {
        command.args(["--dialect", dialect]);
        spawn.push_str(" --dialect ");
        spawn.push_str(dialect);
    }
    if options.contains("{check_interval}") {
        command.args(["--param", "check_interval=1s"]);
    }
    command.args(["--spawn", &spawn]);
    command
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The file that `cargo mutants` has changed, below `src`.
fn mutant() -> Option<PathBuf> {
    changed_below(&root().join("src"))
}

fn changed_below(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths = entries.map(|entry| entry.unwrap().path());
    paths.find_map(|path| {
        if path.is_dir() {
            return changed_below(&path);
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        text.contains(CHANGED).then_some(path)
    })
}

/// Whether a file is in the folder of another protocol.
fn is_elsewhere(file: &Path, protocol: &str) -> bool {
    let below = file.strip_prefix(root().join("src")).unwrap();
    below.components().count() > 1 && !below.starts_with(protocol)
}

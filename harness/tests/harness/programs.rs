//! Programs that the harness starts: they crash, hang, shout, refuse to end. No process is left
//! behind, whatever happens.

use std::time::Duration;

use crate::program::{Ended, Running, eventually, expect_all_gone, processes, run_with};

/// Enough for all that is waited for here, on a busy machine.
const SOON: Duration = Duration::from_secs(25);

/// Runs the scenarios that fit against `programs/server.py`.
fn spawned(mode: &str, filter: &str) -> Ended {
    run_with(|| {
        let command = format!("python3 programs/server.py {mode} {{port}}");
        let words = [
            "run",
            "protocols/talk",
            "--seed",
            "7",
            "--jobs",
            "1",
            "--filter",
            filter,
            "--spawn",
            &command,
        ];
        ((), words.map(str::to_owned).to_vec())
    })
    .within(SOON)
}

#[test]
fn dies_in_the_middle() {
    let ended = spawned("crash", "do not take long").expect(1);
    // What is printed and what is sent come on different ways: which is first is open.
    let numbers = regex::Regex::new(r"(?m)^ +\d+ (   0\.000 s)").unwrap();
    let shown = numbers
        .replace_all(&ended.shown(), "      . $1")
        .into_owned();
    insta::assert_snapshot!("dies_in_the_middle", shown);
}

#[test]
fn serves_what_it_can() {
    spawned("good", "is welcomed").expect(0).says("1 passed");
}

#[test]
fn quits_at_once() {
    let ended = spawned("quits", "is welcomed").expect(3);
    insta::assert_snapshot!("quits_at_once", ended.shown());
}

#[test]
fn never_listens() {
    spawned("deaf", "is welcomed")
        .expect(3)
        .says("nothing listens at");
}

#[test]
fn prints_without_end() {
    spawned("chatty", "is welcomed").expect(0).says("1 passed");
}

#[test]
fn closes_its_output() {
    spawned("closes", "is welcomed").expect(0).says("1 passed");
}

#[test]
fn closes_its_port_after_the_first_connection() {
    spawned("once", "everybody else hears")
        .expect(1)
        .says("T-10 (must)")
        .says("no longer accepts connections");
}

#[test]
fn does_not_exist() {
    let ended = run_with(|| {
        let words = ["run", "protocols/talk", "-f", "is welcomed", "--spawn"];
        let mut words: Vec<String> = words.map(str::to_owned).to_vec();
        words.push("./no-such-program {port}".to_owned());
        ((), words)
    });
    ended
        .expect(3)
        .says("cannot start `./no-such-program")
        .within(SOON);
}

#[test]
fn ignores_signals_and_has_a_child() {
    let folder = tempfile::TempDir::new().unwrap();
    let pids = folder.path().join("pids");
    let mode = format!("stubborn {{port}} {}", pids.display());
    let ended = run_with(|| {
        let command = format!("python3 programs/server.py {mode}");
        let words = [
            "run",
            "protocols/talk",
            "-f",
            "is welcomed",
            "--spawn",
            &command,
        ];
        ((), words.map(str::to_owned).to_vec())
    });
    ended.expect(0).within(SOON);
    expect_all_gone(&pids, 2);
}

/// Neither the process group nor the parent tells to whom such processes belong.
#[cfg(target_os = "linux")]
#[test]
fn leaves_daemons_behind() {
    let folder = tempfile::TempDir::new().unwrap();
    let pids = folder.path().join("pids");
    let ended = run_with(|| {
        let command = format!(
            "sh programs/scatter.sh {} python3 programs/server.py good {{port}}",
            pids.display()
        );
        let words = [
            "run",
            "protocols/talk",
            "-f",
            "is welcomed",
            "--spawn",
            &command,
        ];
        ((), words.map(str::to_owned).to_vec())
    });
    ended.expect(0).says("1 passed").within(SOON);
    expect_all_gone(&pids, 3);
}

/// Interrupts a run while it waits for a server that says nothing more.
fn interrupted(signal: rustix::process::Signal) {
    let folder = tempfile::TempDir::new().unwrap();
    let pids = folder.path().join("pids");
    let command = format!(
        "python3 programs/server.py stubborn {{port}} {}",
        pids.display()
    );
    let mut run = Running::start(&["run", "protocols/patient", "--spawn", &command]);
    eventually("the start of the server", || {
        (processes(&pids).len() == 2).then_some(())
    });
    let own = rustix::process::Pid::from_raw(i32::try_from(run.pid()).unwrap()).unwrap();
    rustix::process::kill_process(own, signal).unwrap();
    run.finish(|_| ()).expect(130).within(SOON);
    expect_all_gone(&pids, 2);
}

#[test]
fn the_harness_is_interrupted() {
    interrupted(rustix::process::Signal::INT);
}

#[test]
fn the_harness_is_terminated() {
    interrupted(rustix::process::Signal::TERM);
}

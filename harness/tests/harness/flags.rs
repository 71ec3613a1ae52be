//! The command line: every flag and every verb, right and wrong.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::peer::{Fault, faulty};
use crate::program::{Ended, redacted, repository, run, run_once, run_with, tests_folder};

const TALK: &str = "protocols/talk";

/// A run of what fits `filter` against a server that keeps all rules.
fn good(filter: &str, more: &[&str]) -> Ended {
    judged(Fault::None, filter, more)
}

fn judged(fault: Fault, filter: &str, more: &[&str]) -> Ended {
    run_with(|| {
        let peer = faulty(fault);
        let target = peer.target();
        let words = [&["run", TALK, "-f", filter, "--target", &target], more].concat();
        (peer, words.into_iter().map(str::to_owned).collect())
    })
}

#[test]
fn help_is_held() {
    let mut text = String::new();
    for verb in [
        &["--help"][..],
        &["run", "--help"],
        &["check", "--help"],
        &["list", "--help"],
        &["matrix", "--help"],
        &["merge", "--help"],
        &["compare", "--help"],
        &["schema", "--help"],
        &["snapshots", "--help"],
        &["snapshots", "review", "--help"],
        &["snapshots", "accept", "--help"],
    ] {
        let ended = run_once(verb).expect(0);
        text.push_str(&format!("$ harness {}\n{}\n", verb.join(" "), ended.stdout));
    }
    insta::assert_snapshot!("help", text);
}

#[test]
fn without_arguments_there_is_help_and_no_success() {
    run_once(&[]).expect(2).complains("Usage");
    run_once(&["--version"]).expect(0).says("harness ");
}

#[test]
fn wrong_flags_are_explained() {
    let mut text = String::new();
    for words in [
        &["rum"][..],
        &["run"],
        &["run", TALK, "--target", "nowhere"],
        &["run", TALK, "--target", "127.0.0.1:0"],
        &["run", TALK, "--target", "127.0.0.1:99999"],
        &["run", TALK, "--target", ""],
        &["run", TALK, "--target", "9001", "--spawn", "x {port}"],
        &["run", TALK, "--jobs", "0"],
        &["run", TALK, "--jobs", "many"],
        &["run", TALK, "--repeat", "0"],
        &["run", TALK, "--seed", "x"],
        &["run", TALK, "--param", "patience"],
        &["run", TALK, "--param", "=5s"],
        &["run", TALK, "--param", "patiense=5s"],
        &["run", TALK, "--spawn", "server"],
        &["run", TALK, "--spawn", ""],
        &["run", TALK, "--spawn", "server '{port}"],
        &["run", TALK, "--spawn", "server {port} {colour}"],
        &["run", TALK, "--port", "9001"],
        &["run", TALK, "--quiet", "--verbose"],
        &["run", TALK, "--color", "sometimes"],
        &["run", TALK, "--dialect", "shuot"],
        &["run", TALK, "--protocol", "tolk"],
        &["list", TALK, "--rules", "--params"],
        &["snapshots"],
    ] {
        let ended = run_once(words).expect(2);
        assert_eq!(ended.stdout, "", "{words:?}");
        let shown = redacted(&ended.stderr);
        text.push_str(&format!("$ harness {}\n{}\n", words.join(" "), shown));
    }
    insta::assert_snapshot!("wrong_flags", text);
}

#[test]
fn a_protocol_without_scenarios_is_in_order_and_judges_nobody() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["protocol.yaml", "rules.yaml"] {
        let kept = tests_folder().join(TALK).join(file);
        std::fs::copy(kept, folder.path().join(file)).unwrap();
    }
    let folder = folder.path().to_str().unwrap();
    let checked = run_once(&["check", folder]);
    checked.expect(0).says("0 scenarios");
    for verb in ["run", "list"] {
        run_once(&[verb, folder])
            .expect(3)
            .complains("there are no scenarios yet");
    }
}

#[test]
fn filters_that_fit_nothing_are_no_success() {
    for verb in ["run", "check", "list"] {
        run_once(&[verb, TALK, "--filter", "no such thing"])
            .expect(3)
            .complains("nothing is selected");
    }
}

#[test]
fn filters_choose_by_text_area_and_rule() {
    for (filter, count) in [("TALKING", 4), ("t-8a", 1), ("who has", 2), ("talk/odd", 2)] {
        let ended = run_once(&["list", TALK, "--json", "-f", filter]).expect(0);
        let entries: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(
            entries.as_array().unwrap().len(),
            count,
            "{filter}: {entries}"
        );
    }
    let ended = run_once(&["list", TALK, "--json", "-f", "t-8a", "-f", "who has"]).expect(0);
    let entries: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(entries.as_array().unwrap().len(), 3);
}

#[test]
fn lists_are_held() {
    let mut text = String::new();
    for more in [
        &[][..],
        &["--rules"],
        &["--rules", "-v", "-f", "is welcomed"],
        &["--params"],
        &["--json"],
        &["--rules", "--json"],
        &["--dialect", "shout", "--rules", "-f", "is welcomed"],
    ] {
        let words = [&["list", TALK], more].concat();
        let ended = run_once(&words).expect(0);
        assert_eq!(ended.stderr, "");
        text.push_str(&format!(
            "$ harness {}\n{}\n",
            words.join(" "),
            ended.stdout
        ));
    }
    insta::assert_snapshot!("lists", text);
}

#[test]
fn check_counts_what_is_in_order() {
    run_once(&["check", TALK])
        .expect(0)
        .says("talk (spec): 11 scenarios, 15 rules, 5 messages: in order")
        .complains("no selected scenario is about T-9");
    run_once(&["check", "protocols/talk/server/odd"])
        .expect(0)
        .says("2 scenarios");
    run_once(&[
        "check",
        "protocols",
        "--protocol",
        "talk",
        "--dialect",
        "shout",
    ])
    .expect(0)
    .says("talk (shout)");
}

/// The names that a run gave to the actors of a scenario that fails, as they went to the server.
fn names(seed: &str) -> Vec<String> {
    let ended = run_with(|| {
        let peer = faulty(Fault::RefusesAll);
        let target = peer.target();
        let words = [
            "run",
            "protocols/patient",
            "--seed",
            seed,
            "--target",
            &target,
        ];
        (peer, words.map(str::to_owned).to_vec())
    })
    .expect(1);
    let lines = ended.stdout.lines();
    lines
        .filter_map(|line| {
            line.split_once("-> enter name ")
                .map(|(_, name)| name.to_owned())
        })
        .collect()
}

#[test]
fn a_seed_gives_the_same_names_again() {
    let first = names("11");
    assert!(!first.is_empty());
    assert_eq!(first, names("11"));
    assert_ne!(first, names("12"));
}

#[test]
fn a_run_says_its_seed() {
    good("is welcomed", &["--seed", "4711"])
        .expect(0)
        .says("(seed 4711)");
    good("is welcomed", &[]).expect(0).says("(seed ");
}

#[test]
fn repeated_runs_are_counted() {
    good("is welcomed", &["--repeat", "3"])
        .expect(0)
        .says("3 scenarios")
        .says("3 passed");
}

#[test]
fn the_first_failure_can_end_a_run() {
    judged(Fault::RefusesAll, "talk", &["--fail-fast"])
        .expect(1)
        .says("10 skipped")
        .says("--fail-fast after a failure");
}

#[test]
fn quiet_and_verbose_runs() {
    let quiet = good("talk", &["--quiet"]).expect(0);
    assert_eq!(quiet.stdout.lines().count(), 1, "{}", quiet.stdout);
    let verbose = good("talk", &["-v"]).expect(0);
    let passed = verbose
        .stdout
        .lines()
        .filter(|line| line.contains("PASS"))
        .count();
    assert_eq!(passed, 11, "{}", verbose.stdout);
}

#[test]
fn colours_come_when_they_are_asked_for() {
    let plain = judged(Fault::Lost, "everybody else hears", &[]).expect(1);
    assert!(!plain.stdout.contains('\x1b'));
    let coloured = judged(Fault::Lost, "everybody else hears", &["--color", "always"]).expect(1);
    assert!(coloured.stdout.contains('\x1b'));
}

#[test]
fn complaints_without_a_terminal_have_no_colours() {
    let ended = run_once(&["check", "protocols/nowhere"]).expect(2);
    assert!(!ended.stderr.contains('\x1b'));
}

#[test]
fn parameters_are_taken() {
    good("is welcomed", &["--param", "ack_delay=1ms"]).expect(0);
}

#[test]
fn several_protocols_need_a_choice() {
    run(&["run", "protocols", "--target", "127.0.0.1:9"])
        .expect(3)
        .complains("--protocol NAME");
    run(&[
        "run",
        "protocols",
        "--target",
        "127.0.0.1:9",
        "--protocol",
        "talk",
        "-f",
        "welcomed",
    ])
    .expect(3)
    .says("cannot be reached");
}

/// Reads the first line of what a command prints, and then no more.
fn first_line_of(arguments: &[&str]) -> (String, Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_harness"))
        .args(arguments)
        .current_dir(tests_folder())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (line, output.status.code(), stderr)
}

#[test]
fn nobody_who_listens_is_no_reason_to_panic() {
    let scenarios = repository().join("scenarios");
    let scenarios = scenarios.to_string_lossy();
    for (words, code) in [
        (&["list", &scenarios, "--json"][..], 0),
        (&["list", &scenarios, "--rules"], 0),
        (&["check", &scenarios], 0),
        (&["run", "--help"], 0),
        (&["run", TALK, "--target", "127.0.0.1:9", "-v"], 3),
    ] {
        let (line, status, stderr) = first_line_of(words);
        assert!(!line.is_empty(), "{words:?}");
        assert!(!stderr.contains("panicked"), "{words:?}: {stderr}");
        assert_eq!(status, Some(code), "{words:?}: {stderr}");
    }
}

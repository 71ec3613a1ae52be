//! The faults that clients can be told to have, as a list, and a client that has one.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use reference_client::faults;
use reference_codecs::faults::{MOST, check};

const PROTOCOLS: [&str; 5] = ["bcp", "chatapp", "chatbooth", "csc328", "wireproto"];

fn command(args: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("reference-client")
        .unwrap()
        .args(args)
        .assert()
}

#[test]
fn each_fault_has_a_name_of_its_own_and_breaks_a_rule_that_exists() {
    for protocol in PROTOCOLS {
        let rules = format!("../scenarios/{protocol}/rules.yaml");
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join(rules);
        let rules = std::fs::read_to_string(rules).unwrap();
        // A server's fault is named in the same places, such as `harness prove --fault`.
        let servers = reference_server::cli::faults(protocol);
        let table = faults(protocol);
        assert!((1..=MOST).contains(&table.len()), "{protocol}");
        assert_eq!(check(&table, &servers, &rules), Ok(()), "{protocol}");
    }
}

#[test]
fn faults_are_listed_with_their_rules() {
    let line = predicate::str::is_match("bcp +end-ok +BCP-C7a +a connection that is lost").unwrap();
    command(&["faults"])
        .success()
        .stdout(line.and(predicate::str::contains("CSC328-C3")));
    command(&["faults", "--protocol", "csc328"])
        .success()
        .stdout(predicate::str::contains("BCP-").not());
    command(&["faults", "--protocol", "other"])
        .code(2)
        .stderr(predicate::str::contains("write one of bcp"));
}

#[test]
fn an_unknown_fault_is_a_mistake() {
    command(&["bcp", "-u", "alice", "--fault", "no-such-fault"])
        .code(2)
        .stderr(predicate::str::contains("`faults` lists them"));
}

#[test]
fn what_cannot_be_used_is_told_unless_a_fault_hides_it() {
    let wrong = ["bcp", "-u", "two words"];
    command(&wrong)
        .code(2)
        .stderr(predicate::str::contains("without spaces"));
    let hidden = [&wrong[..], &["--fault", "argument-untold"]].concat();
    command(&hidden).code(2).stderr("");
    let other = [&wrong[..], &["--fault", "argument-status"]].concat();
    command(&other).code(1);
}

#[test]
fn what_cannot_be_a_port_is_told_in_other_words_by_a_fault() {
    let wrong = ["chatapp", "-c", "alice", "127.0.0.1", "80", "4001"];
    let limits = predicate::str::contains("between 1024 and 65535");
    command(&wrong).code(2).stderr(limits.clone());
    let faulty = [&wrong[..], &["--fault", "port-limits-unsaid"]].concat();
    command(&faulty).code(2).stderr(limits.not());
}

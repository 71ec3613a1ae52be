//! The faults that servers can be told to have, as a list.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use reference_codecs::faults::check;
use reference_server::cli::faults;
use reference_server::faults::MOST;

const PROTOCOLS: [&str; 5] = ["bcp", "chatapp", "chatbooth", "csc328", "wireproto"];

fn command(args: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("reference-server")
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
        let table = faults(protocol);
        assert!((1..=MOST).contains(&table.len()), "{protocol}");
        assert_eq!(check(&table, &[], &rules), Ok(()), "{protocol}");
    }
}

#[test]
fn faults_are_listed_with_their_rules() {
    let line = predicate::str::is_match("bcp +echo +BCP-6a +a message is delivered").unwrap();
    command(&["faults"])
        .success()
        .stdout(line.and(predicate::str::contains("CSC328-5")));
    command(&["faults", "--protocol", "csc328"])
        .success()
        .stdout(predicate::str::contains("BCP-").not());
    command(&["faults", "--protocol", "other"])
        .code(2)
        .stderr(predicate::str::contains("write one of bcp"));
}

#[test]
fn an_unknown_fault_is_a_mistake() {
    command(&["bcp", "-p", "0", "--fault", "no-such-fault"])
        .code(2)
        .stderr(predicate::str::contains("`faults` lists them"));
}

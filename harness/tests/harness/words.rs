//! Words of the languages that stand in no other files of these tests: what passes, and what fails as it
//! should. That each word is somewhere is seen to in `src/language/tests.rs`.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{TRIES, run, run_once, tests_folder};

const WORDS: &str = "protocols/words";

/// The command of a reference program of bcp, whose bytes are those of `protocols/words`.
fn reference(side: &str, arguments: &str) -> String {
    let harness = env!("CARGO_BIN_EXE_harness");
    format!("'{harness}' reference-{side} bcp {arguments}")
}

#[test]
fn scenarios_for_servers_pass() {
    let server = reference("server", "-p {port}");
    run(&["run", WORDS, "--spawn", &server])
        .expect(0)
        .says("1 passed");
}

#[test]
fn scenarios_for_clients_pass() {
    let client = reference("client", "-u {name} -s {host} -p {port}");
    run(&["run", WORDS, "--client", &client])
        .expect(0)
        .says("1 passed");
}

#[test]
fn descriptions_fit_their_bytes() {
    run_once(&["check", WORDS, "protocols/forms"]).expect(0);
}

#[test]
fn a_list_of_expected_failures_has_every_word() {
    let server = reference("server", "-p {port}");
    run(&[
        "run",
        WORDS,
        "--spawn",
        &server,
        "--expected",
        "expected/all_words.yaml",
    ])
    .expect(0);
}

/// A protocol's folder with the scenarios that fail.
fn failing() -> TempDir {
    let folder = TempDir::new().unwrap();
    let put = |from: &str, to: &str| {
        fs::copy(tests_folder().join(from), folder.path().join(to)).unwrap();
    };
    fs::create_dir(folder.path().join("server")).unwrap();
    put("protocols/words/protocol.yaml", "protocol.yaml");
    put("protocols/words/rules.yaml", "rules.yaml");
    put("words/failing.yaml", "server/failing.yaml");
    folder
}

/// The titles of the scenarios, and what is to be said of each.
fn expectations() -> BTreeMap<String, String> {
    let text = fs::read_to_string(tests_folder().join("words/failing.yaml")).unwrap();
    let value =
        |line: &str, key: &str| Some(line.strip_prefix(key)?.trim().trim_matches('"').to_owned());
    let titles = text.lines().filter_map(|line| value(line, "scenario:"));
    let said = text.lines().filter_map(|line| value(line, "about:"));
    titles.zip(said).collect()
}

/// Runs scenarios; gives the verdict of each and what is said about it.
fn judged(folder: &TempDir, titles: &BTreeMap<String, String>) -> Vec<(String, String, String)> {
    let report = folder.path().join("report.json");
    let to = format!("json={}", report.display());
    let server = reference("server", "-p {port}");
    let path = folder.path().display().to_string();
    let mut words = vec![
        "run", &path, "--jobs", "4", "--spawn", &server, "--report", &to,
    ];
    for title in titles.keys() {
        words.extend(["--filter", title]);
    }
    let ended = run_once(&words);
    assert!(
        matches!(ended.code, Some(1 | 3)),
        "{}{}",
        ended.stdout,
        ended.stderr
    );
    let report: Value = serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let scenarios = report["scenarios"].as_array().unwrap().iter();
    let of = |scenario: &Value| {
        let finding = &scenario["findings"][0];
        let said = format!(
            "{}: {}",
            text(&finding["problem"]),
            text(&finding["expected"])
        );
        (text(&scenario["title"]), text(&scenario["verdict"]), said)
    };
    scenarios.map(of).collect()
}

/// What a busy machine leaves undecided is tried again.
#[test]
fn what_judges_fails_with_its_words() {
    let folder = failing();
    let mut left = expectations();
    assert!(left.len() > 30, "{}", left.len());
    for _ in 0..TRIES {
        for (title, verdict, said) in judged(&folder, &left) {
            if verdict == "inconclusive" {
                continue;
            }
            let expected = left.remove(&title).unwrap();
            assert_eq!(verdict, "fail", "{title}");
            assert!(
                said.contains(&expected),
                "{title}: `{expected}` is not in `{said}`"
            );
        }
        if left.is_empty() {
            break;
        }
    }
    assert!(left.len() < 30, "nothing could be decided");
}

/// What breaks a `should` rule and is in nobody's way is a warning, and not a stray message as well.
#[test]
fn what_was_complained_about_is_not_blamed_again() {
    let folder = failing();
    let wish = "  W-3: { side: server, level: should, text: It keeps quiet., source: tests }\n";
    let rules = folder.path().join("rules.yaml");
    let text = fs::read_to_string(&rules).unwrap() + wish;
    fs::write(rules, text).unwrap();
    let scenario = |title: &str, step: &str| {
        format!(
            "scenario: {title}\nrules: [W-3, W-1]\nclients: {{ alice: {{}}, bob: {{}} }}\nsetup:\n  \
             - {{ use: enter, with: {{ who: alice }} }}\n  - {{ use: enter, with: {{ who: bob }} }}\n\
             steps:\n{step}"
        )
    };
    let silence = "  - bob: { send: say, with: { text: hello } }\n  - bob: { recv: status }\n  \
                   - { alice: { silence: 5s }, rule: W-3 }\n";
    let never = "  - { alice: { never: heard, with: { from: $bob } }, rule: W-3 }\n  \
                 - bob: { send: say, with: { text: hello } }\n  - bob: { recv: status }\n  \
                 - { alice: { silence: 5s }, rule: W-3 }\n";
    let both = [scenario("quiet", silence), scenario("never", never)].join("---\n");
    fs::write(folder.path().join("server/failing.yaml"), both).unwrap();
    let server = reference("server", "-p {port}");
    let path = folder.path().display().to_string();
    run(&["run", &path, "--spawn", &server])
        .expect(0)
        .says("2 with warnings");
}

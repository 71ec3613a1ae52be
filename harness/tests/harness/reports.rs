//! `--report`, `merge`, `compare`, `completions` and `man`: every form for servers that conform,
//! fail, crash and do not answer.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::peer::{Fault, faulty};
use crate::program::{Ended, TRIES, repository, run_once, run_with};

const TALK: &str = "protocols/talk";

/// A run of what fits `filter` against a server with a fault.
fn judged(fault: Fault, filter: &str, more: &[&str]) -> Ended {
    run_with(|| {
        let peer = faulty(fault);
        let target = peer.target();
        let words = [&["run", TALK, "-f", filter, "--target", &target], more].concat();
        (peer, words.into_iter().map(str::to_owned).collect())
    })
}

fn path(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

fn json(path: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn schema() -> jsonschema::Validator {
    let kept = repository().join("scenarios/schema/record.schema.json");
    jsonschema::draft202012::new(&json(kept.to_str().unwrap())).unwrap()
}

#[test]
fn records_of_all_kinds_of_runs_fit_the_schema_that_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let schema = schema();
    let scenarios = repository().join("scenarios/bcp/server/delivery/basic.yaml");
    let scenarios = scenarios.to_str().unwrap();
    let crash = "sh -c 'exit 3' {port}";
    for (name, words, codes) in [
        ("embedded", vec!["run", scenarios], &[0, 3][..]),
        ("crashed", vec!["run", scenarios, "--spawn", crash], &[1, 3]),
        (
            "unreachable",
            vec!["run", TALK, "--target", "127.0.0.1:9"],
            &[3],
        ),
        (
            "shard",
            vec!["run", TALK, "--target", "127.0.0.1:9", "--shard", "1/200"],
            &[0, 3],
        ),
    ] {
        let file = path(&folder, &format!("{name}.json"));
        let report = format!("json={file}");
        let ended = run_once(&[&words[..], &["--report", &report]].concat());
        assert!(
            codes.contains(&ended.code.unwrap()),
            "{name}: {}",
            ended.stderr
        );
        let record = json(&file);
        let found: Vec<String> = schema
            .iter_errors(&record)
            .map(|error| error.to_string())
            .collect();
        assert!(found.is_empty(), "{name}: {}", found.join("\n"));
        assert_eq!(record["format"], 1);
    }
    let file = path(&folder, "failing.json");
    judged(
        Fault::SharesNames,
        "talk",
        &["--report", &format!("json={file}")],
    )
    .expect(1);
    let record = json(&file);
    let found: Vec<String> = schema
        .iter_errors(&record)
        .map(|error| error.to_string())
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    let spoilt = serde_json::json!({ "format": "1" });
    assert!(!schema.is_valid(&spoilt));
}

#[test]
fn every_form_says_what_failed() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["json", "junit", "md", "tap"].map(|kind| (kind, path(&folder, kind)));
    let mut words = Vec::new();
    for (kind, file) in &files {
        words.extend(["--report".to_owned(), format!("{kind}={file}")]);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    judged(Fault::SharesNames, "taken only once", &words).expect(1);
    for (kind, file) in &files {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.contains("a name is taken only once"), "{kind}: {text}");
        assert!(text.contains("T-2"), "{kind}: {text}");
        assert!(text.contains("names.yaml"), "{kind}: {text}");
    }
}

#[test]
fn a_report_can_have_standard_output_for_itself() {
    let ended = judged(Fault::None, "is welcomed", &["--report", "json=-"]).expect(0);
    let record: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(record["scenarios"][0]["verdict"], "pass");
    let ended = ended.complains("1 passed");
    assert!(!ended.stdout.contains("1 passed"));
    let ended = judged(Fault::None, "is welcomed", &["--report", "tap=-"]).expect(0);
    assert!(
        ended.stdout.starts_with("TAP version 14\n1..1\n"),
        "{}",
        ended.stdout
    );
}

#[test]
fn reports_that_cannot_be_written_are_told_and_lose_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let good = path(&folder, "good.json");
    run_once(&[
        "run",
        TALK,
        "--target",
        "127.0.0.1:9",
        "--report",
        "json=/dev/null/x",
    ])
    .expect(2)
    .complains("json=/dev/null/x");
    for wrong in ["xml=x", "json", "json="] {
        run_once(&["run", TALK, "--report", wrong])
            .expect(2)
            .complains("KIND=PATH");
    }
    let report = format!("json={good}");
    let both = ["--report", "junit=/dev/full", "--report", &report];
    judged(Fault::None, "is welcomed", &both)
        .expect(4)
        .says("1 passed")
        .complains("junit=/dev/full");
    assert_eq!(json(&good)["scenarios"][0]["verdict"], "pass");
    judged(Fault::SharesNames, "taken only once", &both)
        .expect(1)
        .complains("junit=/dev/full");
}

/// The record of one run, again when the machine was too busy for a verdict.
fn record(fault: Fault, more: &[&str], file: &Path) -> PathBuf {
    for _ in 0..TRIES {
        let peer = faulty(fault);
        let target = peer.target();
        let report = format!("json={}", file.display());
        let words = ["run", TALK, "--target", &target, "--report", &report];
        let ended = run_once(&[&words[..], more].concat());
        if !ended.stdout.contains("the machine is busy") {
            return file.to_owned();
        }
    }
    panic!("the machine was busy all the time");
}

#[test]
fn shards_are_put_together_again() {
    let folder = tempfile::tempdir().unwrap();
    let shards = ["1/3", "2/3", "3/3"].map(|shard| {
        let file = folder.path().join(format!("{}.json", &shard[..1]));
        record(Fault::SharesNames, &["--shard", shard], &file)
            .display()
            .to_string()
    });
    let whole = path(&folder, "whole.json");
    let tap = path(&folder, "whole.tap");
    let [one, two, three] = &shards;
    run_once(&[
        "merge",
        one,
        two,
        three,
        "--report",
        &format!("json={whole}"),
        "--report",
        &format!("tap={tap}"),
    ])
    .expect(1)
    .says("11 scenarios: ")
    .says("a name is taken only once");
    let record = json(&whole);
    assert_eq!(record["scenarios"].as_array().unwrap().len(), 11);
    assert!(schema().is_valid(&record));
    assert!(std::fs::read_to_string(tap).unwrap().contains("1..11"));
    run_once(&["merge", one, three]).says("of 3 shards these are missing: 2");
    run_once(&["merge", one, one])
        .says("shard 1 is there twice")
        .says("these are missing: 2, 3");
}

#[test]
fn a_missing_shard_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("1.json");
    let one = record(Fault::None, &["--shard", "1/2"], &file)
        .display()
        .to_string();
    run_once(&["merge", &one])
        .expect(3)
        .says("these are missing: 2");
    let file = folder.path().join("2.json");
    let two = record(Fault::None, &["--shard", "2/2"], &file)
        .display()
        .to_string();
    run_once(&["merge", &two, &one])
        .expect(0)
        .says("11 scenarios: ");
    let nothing = path(&folder, "nothing.json");
    run_once(&["merge", &nothing])
        .expect(2)
        .complains("cannot be read");
    std::fs::write(&nothing, "{}").unwrap();
    run_once(&["merge", &nothing])
        .expect(2)
        .complains("--report json=FILE");
}

#[test]
fn comparing_tells_what_broke_and_what_was_mended() {
    let folder = tempfile::tempdir().unwrap();
    let good = record(Fault::None, &[], &folder.path().join("good.json"))
        .display()
        .to_string();
    let bad = record(Fault::SharesNames, &[], &folder.path().join("bad.json"));
    let bad = bad.display().to_string();
    run_once(&["compare", &good, &bad])
        .expect(1)
        .says("broke (1)")
        .says("talk/entering: a name is taken only once  (passed -> failed)  T-2");
    run_once(&["compare", &bad, &good])
        .expect(0)
        .says("mended (1)");
    run_once(&["compare", &good, &good])
        .expect(0)
        .says("11 scenarios as before");
    run_once(&["compare", &good, &bad, "--format", "md"])
        .expect(1)
        .says("### Compared: 1 broke")
        .says("**broke** (1)");
    run_once(&["compare", &good, "no/such.json"])
        .expect(2)
        .complains("cannot be read");
}

#[test]
fn shells_and_man_learn_the_command_line() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        run_once(&["completions", shell])
            .expect(0)
            .says("--expected");
    }
    run_once(&["completions", "tcsh"])
        .expect(2)
        .complains("bash");
    let folder = tempfile::tempdir().unwrap();
    let pages = path(&folder, "man");
    run_once(&["man", &pages]).expect(0).says("harness-run.1");
    for page in [
        "harness.1",
        "harness-run.1",
        "harness-merge.1",
        "harness-snapshots-review.1",
    ] {
        let text = std::fs::read_to_string(Path::new(&pages).join(page)).unwrap();
        assert!(text.contains(".SH NAME") && text.contains(".TH "), "{page}");
    }
}

//! `--expected`, `--write-expected` and `--shard`: only what is new fails a run, and no entry hides
//! more than it says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::peer::{Fault, faulty};
use crate::program::{Ended, TRIES, run, run_once, run_with};

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

/// A list of expected failures in a folder of its own.
struct List {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn list(text: &str) -> List {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("known.yaml");
    std::fs::write(&path, text).unwrap();
    List {
        _folder: folder,
        path,
    }
}

fn with(list: &List) -> [&str; 2] {
    ["--expected", list.path.to_str().unwrap()]
}

const TAKEN: &str = "a name is taken only once";

#[test]
fn a_known_failure_does_not_fail_the_run() {
    let known = list(&format!(
        "expected:\n  - scenario: {TAKEN}\n    rule: T-2\n    reason: issue 12\n    owner: us\n"
    ));
    judged(Fault::SharesNames, TAKEN, &with(&known))
        .expect(0)
        .says("1 failed as expected");
    judged(
        Fault::SharesNames,
        TAKEN,
        &[&with(&known)[..], &["-v"]].concat(),
    )
    .expect(0)
    .says("EXPECTED FAILURE")
    .says("issue 12 (owner: us;");
    judged(
        Fault::SharesNames,
        TAKEN,
        &[&with(&known)[..], &["--fail-fast"]].concat(),
    )
    .expect(0);
}

#[test]
fn another_rule_than_the_known_one_fails_the_run() {
    let known = list(&format!(
        "expected:\n  - {{ scenario: {TAKEN}, rule: T-3, reason: issue 12 }}\n"
    ));
    judged(Fault::SharesNames, TAKEN, &with(&known))
        .expect(1)
        .says("1 failed")
        .says("what should break a rule did not")
        .says("known.yaml:2:5");
}

#[test]
fn what_is_mended_is_noticed() {
    let known = list(&format!(
        "expected:\n  - {{ scenario: {TAKEN}, reason: issue 12 }}\n"
    ));
    judged(Fault::None, TAKEN, &with(&known))
        .expect(1)
        .says("UNEXPECTED PASS")
        .says("issue 12")
        .says("known.yaml:2:5");
    let by_rule = list("expected:\n  - { rule: T-2, reason: issue 12 }\n");
    // Others might break it, and they do not run here.
    judged(Fault::None, TAKEN, &with(&by_rule)).expect(0);
    judged(Fault::None, "talk", &with(&by_rule))
        .expect(1)
        .says("what should break a rule did not")
        .says("known.yaml:2:5");
    judged(
        Fault::None,
        "talk",
        &[&with(&by_rule)[..], &["-q"]].concat(),
    )
    .expect(1)
    .says("known.yaml:2:5: what should break a rule did not");
}

#[test]
fn entries_that_are_over_or_fit_nothing_fail_the_run() {
    for (entry, said) in [
        (
            format!("{{ scenario: {TAKEN}, reason: r, until: 2020-02-29 }}"),
            "this entry counted until 2020-02-29",
        ),
        (
            "{ scenario: a name is taken onely once, reason: r }".to_owned(),
            "did you mean `a name is taken only once`?",
        ),
        (
            "{ rule: T-99, reason: r }".to_owned(),
            "no rule fits `T-99`",
        ),
        (
            format!("{{ scenario: {TAKEN}, protocol: tolk, reason: r }}"),
            "fits no scenario of this run",
        ),
    ] {
        let known = list(&format!("expected:\n  - {entry}\n"));
        judged(Fault::None, TAKEN, &with(&known))
            .expect(1)
            .says("1 passed")
            .says(said)
            .says("known.yaml:2:5");
    }
    // This one is for a protocol that is not run here.
    let elsewhere = list("expected:\n  - { rule: P-77, protocol: post, reason: r }\n");
    judged(Fault::None, TAKEN, &with(&elsewhere)).expect(0);
}

#[test]
fn nothing_undecided_is_excused_as_a_failure() {
    let known =
        list("expected:\n  - { scenario: everybody else hears what one says, reason: r }\n");
    judged(Fault::RefusesAll, "everybody else hears", &with(&known))
        .expect(3)
        .says("1 undecided");
    let open = list(
        "expected:\n  - { scenario: everybody else hears what one says, kind: undecided, reason: r }\n",
    );
    // Nothing else is judged here.
    judged(Fault::RefusesAll, "everybody else hears", &with(&open))
        .expect(3)
        .says("1 skipped")
        .says("expected: r (");
    run(&[&["run", TALK, "--target", "127.0.0.1:9"], &with(&known)[..]].concat())
        .expect(3)
        .says("undecided");
}

#[test]
fn lists_that_cannot_be_used_are_refused_before_anything_runs() {
    let mut text = String::new();
    for written in [
        "",
        "expected: 5\n",
        "expected:\n  - { scenario: a }\n",
        "expected:\n  - { scenario: a, reason: r, until: soon, ownr: me }\n",
        "expected:\n  - { reason: r }\n",
        "expected:\n  - { rule: T-1, kind: flaky, reason: r }\n",
        "expected: [\n",
    ] {
        let known = list(written);
        let ended =
            run_once(&[&["run", TALK, "--target", "127.0.0.1:9"], &with(&known)[..]].concat());
        let ended = ended.expect(2);
        assert_eq!(ended.stdout, "");
        let folder = known.path.parent().unwrap().to_str().unwrap();
        text.push_str(&ended.stderr.replace(folder, "FOLDER"));
        text.push('\n');
    }
    insta::assert_snapshot!("lists_that_cannot_be_used", text);
    run_once(&[
        "run",
        TALK,
        "--target",
        "127.0.0.1:9",
        "--expected",
        "no/such.yaml",
    ])
    .expect(2)
    .complains("no/such.yaml: cannot be read");
}

/// Writes a first list, again when the machine was too busy for a verdict.
fn first_list(fault: Fault, folder: &Path) -> (PathBuf, Ended) {
    for attempt in 0..TRIES {
        let path = folder.join(format!("{attempt}.yaml"));
        let peer = faulty(fault);
        let target = peer.target();
        let path_text = path.to_str().unwrap();
        let ended = run_once(&[
            "run",
            TALK,
            "--target",
            &target,
            "--write-expected",
            path_text,
        ]);
        if !ended.stdout.contains("the machine is busy") {
            return (path, ended);
        }
    }
    panic!("the machine was busy all the time");
}

#[test]
fn with_the_first_list_the_next_run_succeeds() {
    for fault in [Fault::SharesNames, Fault::RefusesAll, Fault::None] {
        let folder = tempfile::tempdir().unwrap();
        let (path, ended) = first_list(fault, folder.path());
        let ended = ended.complains("give each a reason");
        let path = path.to_str().unwrap();
        let next = judged(fault, "talk", &["--expected", path]);
        let written = std::fs::read_to_string(path).unwrap();
        if fault == Fault::RefusesAll {
            // Nearly everything needs somebody who has entered, and that is what is known.
            assert_eq!(ended.code, Some(1));
            assert!(written.contains("kind: undecided"), "{written}");
        }
        let next = next.expect(0);
        assert_eq!(written.contains("TODO"), fault != Fault::None, "{written}");
        if fault != Fault::None {
            next.complains("still have no reason");
        }
        run_once(&[
            "run",
            TALK,
            "--target",
            "127.0.0.1:9",
            "--write-expected",
            path,
        ])
        .expect(2)
        .complains("the file is there");
    }
}

#[test]
fn a_first_list_that_cannot_be_written_is_told() {
    judged(
        Fault::None,
        TAKEN,
        &["--write-expected", "no/such/folder/known.yaml"],
    )
    .expect(4)
    .says("1 passed")
    .complains("no/such/folder/known.yaml");
}

#[test]
fn shards_share_all_scenarios() {
    let mut seen = BTreeSet::new();
    let mut total = 0;
    for part in ["1/3", "2/3", "3/3"] {
        let ended = judged(Fault::None, "talk", &["-v", "--shard", part]).expect(0);
        let ended = ended.says(&format!("shard {} of 3, of 11 scenarios", &part[..1]));
        for line in ended
            .stdout
            .lines()
            .filter(|line| line.contains("  PASS  "))
        {
            total += 1;
            seen.insert(line.split("  (").next().unwrap().to_owned());
        }
    }
    assert_eq!((total, seen.len()), (11, 11), "{seen:?}");
}

#[test]
fn an_empty_shard_is_no_error_and_no_success_of_anything() {
    let ends: Vec<Ended> = ["1/2", "2/2"]
        .map(|part| judged(Fault::None, "is welcomed", &["--shard", part]).expect(0))
        .into();
    let empty = ends
        .iter()
        .filter(|ended| ended.stdout.contains("nothing was judged"));
    assert_eq!(empty.count(), 1, "{}\n{}", ends[0].stdout, ends[1].stdout);
    // Where there is nothing at all, no shard hides it.
    run_once(&["run", TALK, "-f", "no such thing", "--shard", "1/2"])
        .expect(3)
        .complains("nothing is selected");
    for wrong in ["0/2", "3/2", "two", "1/0"] {
        run_once(&["run", TALK, "--shard", wrong])
            .expect(2)
            .complains("for example 2/8");
    }
}

//! Files that are wrong, each beside what is said about it: `tests/mistakes/KIND/NAME.yaml` and
//! `NAME.snap`. Every complaint names the place and what would be right; nothing is run.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::program::{Ended, harness, redacted, repository, run_once, tests_folder};

/// A copy of the protocol of these tests, to be spoilt.
struct Spoilt {
    folder: TempDir,
}

impl Spoilt {
    fn new() -> Self {
        Self::of("talk", "server/entering/names.yaml")
    }

    /// A copy of a protocol with one of its scenario files; it stands in `talk` whatever it is.
    fn of(protocol: &str, scenarios: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let copy = Self { folder };
        for name in ["protocol.yaml", "rules.yaml", scenarios] {
            let text =
                fs::read(tests_folder().join("protocols").join(protocol).join(name)).unwrap();
            copy.put(name, &text);
        }
        copy
    }

    fn put(&self, name: &str, text: &[u8]) {
        let path = self.folder.path().join("talk").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("talk").join(name)
    }

    /// What `harness` says about it.
    fn harness(&self, arguments: &[&str]) -> Ended {
        let output = harness()
            .current_dir(self.folder.path())
            .args(arguments)
            .output()
            .unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            took: std::time::Duration::ZERO,
        }
    }
}

/// Checks all files of a kind; `put` says where they belong.
fn hold(kind: &str, put: &str, arguments: &[&str]) {
    hold_in(kind, Spoilt::new, put, arguments);
}

fn hold_in(kind: &str, spoilt: impl Fn() -> Spoilt, put: &str, arguments: &[&str]) {
    let folder = tests_folder().join("mistakes").join(kind);
    let mut wrong = Vec::new();
    for path in broken_files(&folder) {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let spoilt = spoilt();
        spoilt.put(put, &fs::read(&path).unwrap());
        let ended = spoilt.harness(arguments);
        assert!(
            !ended.stderr.contains("panicked"),
            "{name}:\n{}",
            ended.stderr
        );
        assert_eq!(
            ended.code,
            Some(2),
            "{name}:\n{}{}",
            ended.stdout,
            ended.stderr
        );
        assert_eq!(ended.stdout, "", "{name}");
        let held = std::panic::catch_unwind(|| compare(&folder, &name, &ended.stderr));
        if held.is_err() {
            wrong.push(name);
        }
    }
    assert!(
        wrong.is_empty(),
        "other words than held about {kind}: {wrong:?}"
    );
}

fn broken_files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

fn compare(folder: &Path, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, redacted(text)));
}

#[test]
fn in_scenarios() {
    hold(
        "scenario",
        "server/broken.yaml",
        &["check", "talk/server/broken.yaml"],
    );
}

#[test]
fn in_scenarios_of_datagrams() {
    hold_in(
        "datagrams",
        || Spoilt::of("post", "server/talking/basic.yaml"),
        "server/broken.yaml",
        &["check", "talk/server/broken.yaml"],
    );
}

#[test]
fn in_protocols() {
    hold("protocol", "protocol.yaml", &["check", "talk"]);
}

#[test]
fn in_rules() {
    hold("rules", "rules.yaml", &["check", "talk"]);
}

#[test]
fn in_dialects() {
    hold(
        "dialect",
        "dialects/broken.yaml",
        &["check", "talk", "--dialect", "broken"],
    );
}

#[test]
fn a_scenario_below_the_wrong_folder() {
    let spoilt = Spoilt::new();
    fs::create_dir_all(spoilt.path("client")).unwrap();
    fs::rename(
        spoilt.path("server/entering/names.yaml"),
        spoilt.path("client/names.yaml"),
    )
    .unwrap();
    let ended = spoilt.harness(&["check", "talk"]).expect(2);
    insta::assert_snapshot!("wrong_folder", ended.shown());
}

#[test]
fn files_that_are_not_there() {
    let spoilt = Spoilt::new();
    fs::remove_file(spoilt.path("rules.yaml")).unwrap();
    fs::create_dir_all(spoilt.path("server/empty")).unwrap();
    fs::create_dir_all(spoilt.folder.path().join("nothing")).unwrap();
    let mut shown = String::new();
    for path in [
        "talk",
        "talk/server/empty",
        "talk/server/none.yaml",
        "nothing",
        "none",
        "",
    ] {
        let ended = spoilt.harness(&["check", path]).expect(2);
        shown.push_str(&format!("# check '{path}'\n{}\n", ended.shown()));
    }
    insta::assert_snapshot!("missing_files", shown);
}

#[test]
fn files_that_are_no_text() {
    let spoilt = Spoilt::new();
    let mut shown = String::new();
    let mut tell = |what: &str, bytes: &[u8]| {
        spoilt.put("server/broken.yaml", bytes);
        let ended = spoilt
            .harness(&["check", "talk/server/broken.yaml"])
            .expect(2);
        shown.push_str(&format!("# {what}\n{}\n", ended.shown()));
    };
    tell("no UTF-8", b"scenario: caf\xe9\n");
    tell("five MiB", &b"# nothing but a remark\n".repeat(230_000));
    tell("zeroes", &[0; 64]);
    insta::assert_snapshot!("no_text", shown);
}

#[test]
fn great_and_deep_files_are_refused_soon() {
    let spoilt = Spoilt::new();
    let list = format!("scenario: a\nrules: [{}]\n", "T-1, ".repeat(100_000));
    let deep = format!("scenario: {}{}\n", "[".repeat(50_000), "]".repeat(50_000));
    let maps = format!("scenario: a\nsteps:\n{}", deep_steps(50_000));
    for text in [list, deep, maps] {
        spoilt.put("server/broken.yaml", text.as_bytes());
        let ended = spoilt
            .harness(&["check", "talk/server/broken.yaml"])
            .expect(2);
        assert!(
            ended.stderr.len() < 200_000,
            "{} bytes are said",
            ended.stderr.len()
        );
    }
}

/// Steps within steps, in the block style.
fn deep_steps(depth: usize) -> String {
    let depth = depth.min(700);
    let line = |level: usize| format!("{}- steps:\n", "  ".repeat(level + 1));
    (0..depth).map(line).collect()
}

#[test]
fn folders_in_the_place_of_files() {
    let spoilt = Spoilt::new();
    fs::remove_file(spoilt.path("rules.yaml")).unwrap();
    fs::create_dir(spoilt.path("rules.yaml")).unwrap();
    let ended = spoilt.harness(&["check", "talk"]).expect(2);
    insta::assert_snapshot!("folder_as_file", ended.shown());
}

#[test]
fn nothing_is_run_when_one_file_is_wrong() {
    let spoilt = Spoilt::new();
    spoilt.put("server/broken.yaml", b"scenario: broken\n");
    spoilt
        .harness(&["run", "talk", "--target", "127.0.0.1:9"])
        .expect(2)
        .complains("nothing was run");
    spoilt.harness(&["list", "talk"]).expect(2);
}

#[test]
fn the_scenarios_that_come_with_it_are_in_order() {
    let scenarios = repository().join("scenarios");
    run_once(&["check", &scenarios.to_string_lossy()]).expect(0);
}

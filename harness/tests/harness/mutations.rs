//! Files that somebody or something has spoilt at random are read without a panic, and what is
//! said about them can be shown.

use std::fs;
use std::path::{Path, PathBuf};

use harness::plan::{Selection, load};
use harness::source::Diagnostics;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::program::{repository, tests_folder};

/// One change of a file.
#[derive(Debug, Clone)]
enum Change {
    Flip {
        at: prop::sample::Index,
        bit: u8,
    },
    Put {
        at: prop::sample::Index,
        byte: u8,
    },
    Delete {
        at: prop::sample::Index,
        count: usize,
    },
    RepeatLine {
        line: prop::sample::Index,
    },
    SwapLines {
        one: prop::sample::Index,
        other: prop::sample::Index,
    },
    Indent {
        line: prop::sample::Index,
        by: usize,
    },
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), 0_u8..8).prop_map(|(at, bit)| Change::Flip { at, bit }),
        (
            index(),
            prop::sample::select(b"{}[]:,-#$'\"\\ \n\t0x&*!|>%@`~?".to_vec())
        )
            .prop_map(|(at, byte)| Change::Put { at, byte }),
        (index(), 1_usize..40).prop_map(|(at, count)| Change::Delete { at, count }),
        index().prop_map(|line| Change::RepeatLine { line }),
        (index(), index()).prop_map(|(one, other)| Change::SwapLines { one, other }),
        (index(), 0_usize..9).prop_map(|(line, by)| Change::Indent { line, by }),
    ]
}

impl Change {
    fn apply(&self, text: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        match self {
            Self::Flip { at, bit } => {
                let at = at.index(text.len());
                text[at] ^= 1 << bit;
            }
            Self::Put { at, byte } => text.insert(at.index(text.len()), *byte),
            Self::Delete { at, count } => {
                let at = at.index(text.len());
                let end = (at + count).min(text.len());
                text.drain(at..end);
            }
            _ => {
                let mut lines: Vec<Vec<u8>> = text
                    .split(|byte| *byte == b'\n')
                    .map(<[u8]>::to_vec)
                    .collect();
                self.apply_to_lines(&mut lines);
                *text = lines.join(&b'\n');
            }
        }
    }

    fn apply_to_lines(&self, lines: &mut Vec<Vec<u8>>) {
        let count = lines.len();
        match self {
            Self::RepeatLine { line } => {
                let at = line.index(count);
                lines.insert(at, lines[at].clone());
            }
            Self::SwapLines { one, other } => lines.swap(one.index(count), other.index(count)),
            Self::Indent { line, by } => {
                let line = &mut lines[line.index(count)];
                let text = line.trim_ascii_start().to_vec();
                *line = [&vec![b' '; *by][..], &text].concat();
            }
            _ => {}
        }
    }
}

/// Files below a folder, relative to it.
fn files(folder: &Path, below: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder.join(below))
        .unwrap()
        .map(|entry| below.join(entry.unwrap().file_name()))
        .collect();
    entries.sort();
    for path in entries {
        if folder.join(&path).is_dir() {
            files(folder, &path, found);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            found.push(path);
        }
    }
}

/// A copy of a protocol's folder of which one file at a time is spoilt.
struct Copy {
    original: PathBuf,
    folder: TempDir,
    files: Vec<PathBuf>,
}

impl Copy {
    fn of(original: PathBuf) -> Self {
        let mut all = Vec::new();
        files(&original, Path::new(""), &mut all);
        let copy = Self {
            original,
            folder: TempDir::new().unwrap(),
            files: all,
        };
        for file in &copy.files {
            copy.put(file, &copy.text(file));
        }
        copy
    }

    fn text(&self, file: &Path) -> Vec<u8> {
        fs::read(self.original.join(file)).unwrap()
    }

    fn put(&self, file: &Path, text: &[u8]) {
        let path = self.folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Reads it with one spoilt file: that alone if it holds scenarios, else everything.
    fn load_spoilt(&self, file: &Path, changes: &[Change], dialect: Option<&str>) {
        let mut text = self.text(file);
        for change in changes {
            change.apply(&mut text);
        }
        self.put(file, &text);
        let holds_scenarios = file.components().count() > 2;
        let path = if holds_scenarios {
            self.folder.path().join(file)
        } else {
            self.folder.path().to_owned()
        };
        let selection = Selection {
            paths: vec![path],
            dialect: dialect.map(str::to_owned),
            ..Selection::default()
        };
        let mut diagnostics = Diagnostics::default();
        let suites = load(&selection, &mut diagnostics);
        for suite in &suites {
            suite.protocol.codec.check_vectors(&mut diagnostics);
            suite.protocol.codec.check_shadows(&mut diagnostics);
        }
        let shown = diagnostics.to_plain_text();
        assert!(shown.len() < 2_000_000, "{} bytes are said", shown.len());
        self.put(file, &self.text(file));
    }
}

fn spoil(original: PathBuf, dialect: Option<&str>, cases: u32) {
    let copy = Copy::of(original);
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let which = any::<prop::sample::Index>();
    let changes = prop::collection::vec(change(), 1..5);
    proptest!(config, |(which in which, changes in changes)| {
        let file = which.get(&copy.files).clone();
        copy.load_spoilt(&file, &changes, dialect);
    });
}

#[test]
fn of_the_protocol_of_these_tests() {
    spoil(tests_folder().join("protocols/talk"), Some("shout"), 400);
}

#[test]
fn of_the_protocols_that_come_with_it() {
    let mut folders: Vec<PathBuf> = fs::read_dir(repository().join("scenarios"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("protocol.yaml").exists())
        .collect();
    folders.sort();
    for folder in folders {
        spoil(folder, None, 60);
    }
}

//! The table against the readers: they ask for its words and for no others.

mod wrong;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::{Language, Section, Word, markdown};
use crate::expected::Expected;
use crate::matrix::Matrix;
use crate::scenario::{Scenario, step_words};
use crate::source::{Diagnostics, SourceFile, asked, documents};
use crate::verdict::Rules;
use crate::wire::{Codec, VECTOR_KEYS};

/// Reads a document of a language with the readers of the product.
fn read(language: Language, text: &str) -> Diagnostics {
    let file = Arc::new(SourceFile {
        // Beside the `.proto` file that examples name.
        path: "src/wire/tests/example.yaml".into(),
        text: text.to_owned(),
    });
    let mut diagnostics = Diagnostics::default();
    for node in documents(&file, &mut diagnostics) {
        match language {
            Language::Scenarios => drop(Scenario::read(&node, &mut diagnostics)),
            Language::Rules => drop(Rules::read(&node, &mut diagnostics)),
            Language::Expected => Expected::default().take(&node, &mut diagnostics),
            Language::Matrix => drop(Matrix::of(&node, &mut diagnostics)),
            Language::Wire => {
                drop(crate::protocol::read(&node, &mut diagnostics));
                drop(Codec::compile(&node, &mut diagnostics));
            }
        }
    }
    diagnostics
}

fn words() -> impl Iterator<Item = (&'static Section, &'static Word)> {
    Section::all().flat_map(|section| section.words.iter().map(move |word| (section, word)))
}

#[test]
fn every_example_can_be_read() {
    for (section, word) in words() {
        let text = section.document(word);
        let diagnostics = read(section.language, &text);
        assert!(
            diagnostics.is_empty(),
            "{}, `{}`:\n{text}\n{}",
            section.what,
            word.word,
            diagnostics.to_plain_text()
        );
    }
}

#[test]
fn readers_ask_for_the_words_of_the_table_and_no_others() {
    asked::forget();
    for (section, word) in words() {
        let _ = read(section.language, &section.document(word));
    }
    for path in files(Path::new("../scenarios")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let language = match path.file_name().and_then(|name| name.to_str()) {
            Some("rules.yaml") => Language::Rules,
            Some("protocol.yaml") => Language::Wire,
            Some("matrix.yaml") => Language::Matrix,
            _ if path.to_string_lossy().contains("/dialects/") => continue,
            _ => Language::Scenarios,
        };
        read(language, &text);
    }
    let mut asked: BTreeSet<(&str, &str)> = asked::all()
        .into_iter()
        .map(|(what, key)| {
            (
                if what == "a protocol" {
                    "a protocol file"
                } else {
                    what
                },
                key,
            )
        })
        .collect();
    let by_list = [
        ("a step", step_words::HEADS),
        ("a step", step_words::PARTS),
        ("a remark on a step", step_words::BESIDE),
        ("a vector", &VECTOR_KEYS),
    ];
    for (what, keys) in by_list {
        asked.extend(keys.iter().map(|key| (what, *key)));
    }
    // Read without a list of keys, each by its own name.
    let by_name = ["a client's name", "a value", "a matcher"];
    let known: BTreeSet<(&str, &str)> = words()
        .map(|(section, word)| (section.what, word.word))
        .filter(|(what, _)| !by_name.contains(what))
        .collect();
    let missing: Vec<_> = asked.difference(&known).collect();
    let unread: Vec<_> = known.difference(&asked).collect();
    assert!(missing.is_empty(), "not in the table: {missing:?}");
    assert!(
        unread.is_empty(),
        "in the table, but never asked for: {unread:?}"
    );
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_word_stands_once_in_a_section_and_says_something() {
    let mut seen = BTreeSet::new();
    for (section, word) in words() {
        assert!(
            seen.insert((section.what, word.word)),
            "{} twice",
            word.word
        );
        assert!(
            word.about.ends_with(['.', ')']),
            "{}: {}",
            word.word,
            word.about
        );
        assert!(!word.example.contains('`'), "{}", word.word);
    }
}

#[test]
fn the_reference_names_every_word() {
    for language in Language::ALL {
        let text = markdown(language);
        for (section, word) in words().filter(|(section, _)| section.language == language) {
            assert!(text.contains(&format!("## {}\n", section.title)));
            assert!(text.contains(&format!("- **`{}`**", word.word)));
        }
    }
}

/// What is known to work: scenarios that the reference programs pass (`tests/harness/reference.rs`,
/// `harness run scenarios/`), and descriptions that their vectors hold.
const THAT_PASS: [&str; 4] = [
    "../scenarios",
    "tests/protocols",
    "tests/expected",
    "tests/matrix",
];

/// Each word stands in something that passes.
#[test]
fn every_word_is_in_something_that_passes() {
    asked::forget();
    let mut text = String::new();
    for folder in THAT_PASS {
        for path in files(Path::new(folder)) {
            let file = std::fs::read_to_string(&path).unwrap();
            let language = match path.file_name().and_then(|name| name.to_str()) {
                Some("rules.yaml") => Language::Rules,
                Some("protocol.yaml") => Language::Wire,
                _ if path.starts_with("tests/expected") => Language::Expected,
                _ if path.starts_with("tests/matrix") => Language::Matrix,
                _ if path.to_string_lossy().contains("/dialects/") => Language::Wire,
                _ => Language::Scenarios,
            };
            read(language, &file);
            text.push_str(&file);
        }
    }
    let found = asked::found();
    let by_name = [
        "a step",
        "a remark on a step",
        "a vector",
        "a client's name",
        "a value",
        "a matcher",
    ];
    let missing: Vec<String> = words()
        .filter(|(section, word)| {
            let what = if section.what == "a protocol file" {
                "a protocol"
            } else {
                section.what
            };
            let there =
                found.contains(&(what, word.word)) || found.contains(&(section.what, word.word));
            let written = text.contains(&format!("{}:", word.word));
            !(there || by_name.contains(&section.what) && written)
        })
        .map(|(section, word)| format!("{}: {}", section.what, word.word))
        .collect();
    assert!(missing.is_empty(), "in nothing that passes: {missing:#?}");
}

/// The words that judge what a program does: each has a scenario that fails for it
/// (`tests/harness/words.rs`). What all others can be wrong about is said before anything runs.
const THAT_JUDGE: [(&str, &[&str]); 5] = [
    (
        "an actor's step",
        &[
            "recv", "never", "silence", "closed", "open", "exact", "times", "gather", "since",
            "after", "within",
        ],
    ),
    ("a step", &["any_order", "either", "eventually", "expect"]),
    (
        "a server's step",
        &["stdout", "stderr", "output", "exit", "within"],
    ),
    ("`closed`", &["within"]),
    ("`exit`", &["within", "status"]),
];

#[test]
fn every_word_that_judges_is_in_something_that_fails() {
    asked::forget();
    let file = std::fs::read_to_string("tests/words/failing.yaml").unwrap();
    read(Language::Scenarios, &file);
    let found = asked::found();
    let matchers = Section::of("a matcher").unwrap().words.iter();
    let matchers = matchers.map(|word| ("a matcher", word.word));
    let judging = THAT_JUDGE
        .iter()
        .flat_map(|(what, keys)| keys.iter().map(move |key| (*what, *key)));
    for (what, key) in judging.chain(matchers) {
        assert!(
            Section::of(what)
                .and_then(|section| section.word(key))
                .is_some(),
            "{what}: {key}"
        );
        let written = ["a step", "a matcher"].contains(&what) && file.contains(&format!("{key}:"));
        assert!(
            written || found.contains(&(what, key)),
            "{what}: {key} is in nothing that fails"
        );
    }
}

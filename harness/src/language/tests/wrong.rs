//! Each word with what cannot stand behind it, beside what is said about that: `snapshots/`.

use std::fs;

use super::{read, words};
use crate::language::{Language, Section, Takes, Word};
use crate::plan::{Selection, load};
use crate::source::Diagnostics;

/// What nobody can mean.
const LIST: &str = "[ [] ]";
const TEXT: &str = "nonsense";
const MAP: &str = "{ $nonsense: 1 }";
const NAMES: &str = "{ $nonsense: $nonsense }";

const RULES: &str = "\
rules:
  X-1: { side: server, level: must, text: A text., source: a document }
  X-2: { side: client, level: must, text: A text., source: a document }";

/// Words of a reflex that stand in no example, or in one for datagrams.
const IN_A_REFLEX: [(&str, &str); 2] = [("to", "to: { $nonsense: 1 }"), ("delay", "delay: [ [] ]")];

/// What cannot stand behind a word that takes this.
fn wrong(takes: Takes) -> &'static str {
    match takes {
        Takes::Value | Takes::Matcher | Takes::PrintedOrMatcher | Takes::Bytes => MAP,
        Takes::Variants | Takes::Arguments | Takes::Conditions | Takes::Matchers => TEXT,
        Takes::SentFields | Takes::ReceivedFields | Takes::MessageFields => TEXT,
        Takes::Bends | Takes::Captures | Takes::Checks | Takes::Params => TEXT,
        Takes::Nothing | Takes::Connect | Takes::ServerStep => TEXT,
        Takes::Map(_) | Takes::Named(_) | Takes::List(_) => TEXT,
        Takes::Steps | Takes::Branches | Takes::Batch | Takes::Vectors => TEXT,
        Takes::Fields | Takes::TemplateTypes | Takes::Constants | Takes::ArgumentKinds => TEXT,
        Takes::KindFields | Takes::Lacks => TEXT,
        Takes::Flag | Takes::Choice(_) | Takes::ChoiceOrVariable(_) | Takes::Choices(_) => TEXT,
        Takes::Time | Takes::Times | Takes::Chunks | Takes::Date | Takes::Number(..) => TEXT,
        Takes::Hex | Takes::HexParts => TEXT,
        Takes::Text | Takes::Texts | Takes::Count | Takes::Quantity | Takes::NewName => LIST,
        Takes::Mark | Takes::SentKind | Takes::ReceivedKinds | Takes::Kinds => LIST,
        Takes::Ignored | Takes::Rule | Takes::Rules | Takes::Reflexes => LIST,
        Takes::Dialects | Takes::MacroName | Takes::Actors => LIST,
        Takes::Body | Takes::Type | Takes::Length => LIST,
        Takes::Values => TEXT,
        Takes::Typed | Takes::ClientName => NAMES,
        Takes::Template => "\"{unfinished\"",
    }
}

/// The document of a word, with something else behind the word. Everything stands in flow style
/// there, or on lines of its own.
fn spoilt(section: &Section, word: &Word) -> String {
    let in_a_reflex = IN_A_REFLEX.iter().find(|(key, _)| *key == word.word);
    if let Some((_, text)) = in_a_reflex.filter(|_| section.what == "a reflex") {
        return section.frame.replace("with: { text: hi }", text);
    }
    let text = section.document(word);
    let key = format!("{}:", word.word);
    let example = text.find(word.example).unwrap_or_default();
    let begins = |at: &usize| {
        let before = text[..*at].chars().next_back();
        before.is_none_or(|char| !(char.is_alphanumeric() || char == '_' || char == '$'))
    };
    let mut places = text.match_indices(&key).map(|(at, _)| at).filter(begins);
    let first = places.clone().next();
    let Some(at) = places.find(|at| *at >= example).or(first) else {
        // In no example.
        let wrong = wrong(word.takes);
        return section.frame.replace('…', &format!("{key} {wrong}"));
    };
    let at = at + key.len();
    let opened = text[..at].matches(['{', '[']).count();
    let closed = text[..at].matches(['}', ']']).count();
    let end = at + value_length(&text[at..], opened > closed);
    let wrong = match section.what {
        // A text is a line there.
        "what is typed" if word.takes == Takes::Values => NAMES,
        _ => wrong(word.takes),
    };
    format!("{} {wrong} {}", &text[..at], &text[end..])
}

/// How long the value is that begins here; `in_flow` within brackets.
fn value_length(text: &str, in_flow: bool) -> usize {
    let mut depth = 0_usize;
    let mut quoted = false;
    let mut escaped = false;
    for (at, char) in text.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => depth += 1,
            '\n' if depth == 0 => return at,
            '}' | ']' | ',' if depth == 0 && in_flow => return at,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}

/// What is said when it is read or, where nothing is, when its names are resolved.
fn complaints(section: &Section, word: &Word, text: &str) -> Diagnostics {
    let read = read(section.language, text);
    let alone = matches!(section.language, Language::Expected | Language::Matrix);
    if read.has_errors() || alone {
        return read;
    }
    let before = resolved(section.language, &section.document(word));
    let after = resolved(section.language, text);
    let same = shown(&before) == shown(&after);
    if same { read } else { after }
}

/// What is said about a document in a protocol's folder.
fn resolved(language: Language, text: &str) -> Diagnostics {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    };
    let kept = |path: &str| fs::read_to_string(path).unwrap();
    let path = if language == Language::Scenarios {
        put("protocol.yaml", &kept("../scenarios/bcp/protocol.yaml"));
        put("rules.yaml", &kept("../scenarios/bcp/rules.yaml"));
        let for_clients = text.contains("subject: client");
        let side = if for_clients { "client" } else { "server" };
        put(&format!("{side}/word.yaml"), text)
    } else {
        put("protocol.yaml", text);
        put("rules.yaml", RULES);
        put("chat.proto", &kept("src/wire/tests/chat.proto"));
        folder.path().to_owned()
    };
    let mut diagnostics = Diagnostics::default();
    let selection = Selection {
        paths: vec![path],
        ..Selection::default()
    };
    load(&selection, &mut diagnostics);
    diagnostics
}

/// Without where the folder is.
fn shown(diagnostics: &Diagnostics) -> String {
    let text = diagnostics.to_plain_text();
    let folder = regex::Regex::new(r"\S*/((?:word|protocol|rules|example)\.yaml)").unwrap();
    folder.replace_all(text.trim_end(), "$1").into_owned()
}

fn hold(language: Language) {
    let (mut said, mut unsaid) = (String::new(), Vec::new());
    for (section, word) in words().filter(|(section, _)| section.language == language) {
        let name = format!("{}: {}", section.what, word.word);
        let text = spoilt(section, word);
        let complaints = complaints(section, word, &text);
        if complaints.has_errors() {
            said.push_str(&format!("# {name}\n{}\n\n", shown(&complaints)));
        } else {
            unsaid.push(format!("{name}\n{text}"));
        }
    }
    let unsaid = unsaid.join("\n\n");
    assert!(unsaid.is_empty(), "nothing is said about\n{unsaid}");
    insta::assert_snapshot!(language.name(), said);
}

#[test]
fn in_scenarios() {
    hold(Language::Scenarios);
}

#[test]
fn in_protocols() {
    hold(Language::Wire);
}

#[test]
fn in_rules() {
    hold(Language::Rules);
}

#[test]
fn in_matrices() {
    hold(Language::Matrix);
}

#[test]
fn in_lists_of_expected_failures() {
    hold(Language::Expected);
}

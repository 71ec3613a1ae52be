use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::steps::ACTIONS;
use super::{
    Vocabulary, of_all_protocols, of_dialects, of_expected, of_matrices, of_protocols, of_rules,
    of_scenarios,
};
use crate::language::{Language, Section};
use crate::plan::{Selection, describe};
use crate::source::Diagnostics;

const SCENARIOS: &str = "../scenarios";

fn vocabularies() -> Vec<(PathBuf, Vocabulary)> {
    let selection = Selection {
        paths: vec![SCENARIOS.into()],
        ..Selection::default()
    };
    let mut diagnostics = Diagnostics::default();
    let found = describe(&selection, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{}", diagnostics.to_plain_text());
    let with_folder = |forms: &Vec<crate::plan::Described>| {
        let folder = forms.first().unwrap().plan.folder.clone();
        (folder, Vocabulary::of(forms).unwrap())
    };
    found.iter().map(with_folder).collect()
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::meta::validate(schema).unwrap();
    jsonschema::draft202012::new(schema).unwrap()
}

fn bcp() -> Validator {
    let found = vocabularies();
    let (_, bcp) = found
        .iter()
        .find(|(_, vocabulary)| vocabulary.name == "bcp")
        .unwrap();
    validator(&of_scenarios(bcp))
}

/// The documents of a file as an editor sees them, read by another reader than the product's.
fn documents(text: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(text);
    documents
        .map(|one| Value::deserialize(one).unwrap())
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            found.push(path);
        }
    }
    found
}

fn complaints(validator: &Validator, document: &Value) -> Vec<String> {
    let line =
        |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
    validator.iter_errors(document).map(line).collect()
}

#[track_caller]
fn fits(validator: &Validator, text: &str, what: &str) {
    for document in documents(text) {
        let found = complaints(validator, &document);
        assert!(found.is_empty(), "{what}\n{}", found.join("\n"));
    }
}

#[test]
fn all_files_of_all_protocols_fit_their_schemas() {
    for (folder, vocabulary) in vocabularies() {
        let scenarios = validator(&of_scenarios(&vocabulary));
        let mut seen = 0;
        for side in ["server", "client"] {
            for path in files(&folder.join(side)) {
                seen += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                fits(&scenarios, &text, &path.display().to_string());
            }
        }
        assert!(seen > 0, "{} has no scenarios", vocabulary.name);
        let mut others = vec![
            (folder.join("protocol.yaml"), of_protocols()),
            (folder.join("rules.yaml"), of_rules()),
        ];
        let dialects = files(&folder.join("dialects"));
        others.extend(dialects.into_iter().map(|path| (path, of_dialects())));
        for (path, schema) in others {
            let text = std::fs::read_to_string(&path).unwrap();
            fits(&validator(&schema), &text, &path.display().to_string());
        }
    }
}

#[test]
fn the_matrix_of_this_repository_fits_its_schema() {
    let path = Path::new(SCENARIOS).join("matrix.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    fits(&validator(&of_matrices()), &text, "matrix.yaml");
}

/// `harness schema scenarios --write` brings them up to date.
#[test]
fn the_kept_schemas_are_up_to_date() {
    let folder = Path::new(SCENARIOS).join("schema");
    let own = vocabularies().into_iter().map(|(_, vocabulary)| {
        let name = format!("{}.schema.json", vocabulary.name);
        (name, of_scenarios(&vocabulary))
    });
    let general = of_all_protocols().map(|(name, schema)| (name.to_owned(), schema));
    for (name, schema) in own.chain(general) {
        let kept = std::fs::read_to_string(folder.join(&name)).unwrap_or_default();
        let current = super::to_text(&schema).unwrap();
        assert!(
            kept == current,
            "{name} is old: harness schema scenarios --write"
        );
    }
}

#[test]
fn every_example_of_the_language_fits() {
    let scenarios = bcp();
    let (protocols, rules) = (validator(&of_protocols()), validator(&of_rules()));
    let expected = validator(&of_expected());
    let matrices = validator(&of_matrices());
    for section in Section::all() {
        let validator = match section.language {
            Language::Scenarios => &scenarios,
            Language::Wire => &protocols,
            Language::Rules => &rules,
            Language::Expected => &expected,
            Language::Matrix => &matrices,
        };
        for word in section.words {
            let text = section.document(word);
            fits(validator, &text, &text);
        }
    }
}

/// A scenario with this as its only step.
fn with_step(step: &str) -> String {
    format!(
        "scenario: x\nrules: [BCP-1]\nclients: {{ alice: {{}}, bob: {{}} }}\nsteps:\n  - {step}\n"
    )
}

/// Steps with a mistake, where it is, and what is said of it.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "alice: { sned: send }",
        "/steps/0/alice",
        "'sned' was unexpected",
    ),
    (
        "alice: { send: sned }",
        "/steps/0/alice/send",
        "\"sned\" is not one of",
    ),
    (
        "alice: { send: send }",
        "/steps/0/alice",
        "\"with\" is a required property",
    ),
    (
        "alice: { send: send, with: { text: a } }",
        "/steps/0/alice/with",
        "'text' was unexpected",
    ),
    (
        "alice: { send: send, with: { message: a }, times: 2 }",
        "/steps/0/alice",
        "\"times\" is not one of",
    ),
    (
        "alice: { recv: status, with: { code: okay } }",
        "/steps/0/alice/with/code",
        "\"okay\" is not one of",
    ),
    (
        "alice: { recv: status, with: { code: 256 } }",
        "/steps/0/alice/with/code",
        "256 is greater than the maximum of 255",
    ),
    (
        "alice: { recv: status, with: { code: { $contain: ok } } }",
        "/steps/0/alice/with/code",
        "'$contain' was unexpected",
    ),
    (
        "alice: { recv: registered }",
        "/steps/0/alice/recv",
        "\"registered\" is not one of",
    ),
    (
        "alice: { recv: [notice, deliver], with: { code: ok, text: a } }",
        "/steps/0/alice/with",
        "'text' was unexpected",
    ),
    (
        "alice: { recv: deliver, within: soon! }",
        "/steps/0/alice/within",
        "does not match",
    ),
    (
        "alice: { send: status, recv: status }",
        "/steps/0/alice",
        "is not one of",
    ),
    (
        "{ use: jion, with: { who: alice } }",
        "/steps/0/use",
        "\"jion\" is not one of",
    ),
    (
        "{ use: join }",
        "/steps/0",
        "\"with\" is a required property",
    ),
    (
        "{ use: join, with: { whom: alice } }",
        "/steps/0/with",
        "'whom' was unexpected",
    ),
    (
        "{ repeat: 3 }",
        "/steps/0",
        "\"steps\" is a required property",
    ),
    (
        "fence: all\n    rule: BCP-999",
        "/steps/0/rule",
        "\"BCP-999\" is not one of",
    ),
    ("server: kil", "/steps/0/server", "\"kil\" is not one of"),
    (
        "server: { singal: SIGINT }",
        "/steps/0/server",
        "'singal' was unexpected",
    ),
    (
        "alice: { close: fine }",
        "/steps/0/alice/close",
        "\"fine\" is not one of",
    ),
    (
        "alice: { raw: \"0g\" }",
        "/steps/0/alice/raw",
        "does not match",
    ),
];

#[test]
fn mistakes_are_found_where_they_are() {
    let validator = bcp();
    for (step, place, part) in MISTAKES {
        for document in documents(&with_step(step)) {
            let found = complaints(&validator, &document);
            let said = found
                .iter()
                .any(|line| line.starts_with(&format!("{place}: ")) && line.contains(part));
            assert!(
                said,
                "{step}: wanted {place}: …{part}…, found\n{}",
                found.join("\n")
            );
        }
    }
    let missing = json!({ "scenario": "x", "rules": ["BCP-1"], "clients": {} });
    assert!(!validator.is_valid(&missing));
    let unknown =
        json!({ "scenario": "x", "rules": ["BCP-1"], "clients": {}, "steps": [], "step": 1 });
    assert!(!validator.is_valid(&unknown));
}

/// An option that the reader refuses beside an action is refused by the schema, and no other.
#[test]
fn the_reader_and_the_schema_agree_on_options() {
    let section = Section::of("an actor's step").unwrap();
    let is_action = |name: &str| ACTIONS.iter().any(|(action, _)| *action == name);
    for word in section.words.iter().filter(|word| is_action(word.word)) {
        let (_, options) = ACTIONS
            .iter()
            .find(|(action, _)| *action == word.word)
            .unwrap();
        for option in section
            .words
            .iter()
            .filter(|option| !is_action(option.word))
        {
            let only_action = word.example.split(", ").next().unwrap();
            let step = format!(
                "{{ {}: {}, {}: ~ }}",
                word.word,
                value_of(only_action),
                option.word
            );
            let refused = refuses(&with_step(&format!("alice: {step}")), option.word);
            assert_eq!(refused, !options.contains(&option.word), "{step}");
        }
    }
}

/// A value that the action can be read with; what it holds does not matter here.
fn value_of(example: &str) -> &str {
    match example.split_once(": ") {
        Some((_, value)) if !value.starts_with(['{', '[']) => value,
        _ => "{}",
    }
}

fn refuses(text: &str, option: &str) -> bool {
    let file = std::sync::Arc::new(crate::source::SourceFile {
        path: "x.yaml".into(),
        text: text.to_owned(),
    });
    let mut diagnostics = Diagnostics::default();
    for node in crate::source::documents(&file, &mut diagnostics) {
        let _ = crate::scenario::Scenario::read(&node, &mut diagnostics);
    }
    let refusal = format!("an actor's step has no `{option}`");
    diagnostics
        .iter()
        .any(|diagnostic| diagnostic.message == refusal)
}

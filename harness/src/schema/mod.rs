//! JSON Schemas (2020-12) of scenario files, protocol files and rules, for editors. Keys and their
//! descriptions come from the table of the [`crate::language`]'s words; what a protocol has (kinds,
//! fields, macros, rules and so on) from its files.

mod fields;
mod forms;
mod steps;
mod vocabulary;

#[cfg(test)]
mod tests;

pub use vocabulary::Vocabulary;

use serde_json::{Map, Value, json};

use crate::language::{Language, Section};
use crate::report::record::RunRecord;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of a protocol's scenario files: of one of their documents.
pub fn of_scenarios(vocabulary: &Vocabulary) -> Value {
    let title = format!("Scenario of the {}", vocabulary.title);
    Generator::new(Some(vocabulary), false).root("a scenario", &title)
}

/// The schema of any `protocol.yaml`.
pub fn of_protocols() -> Value {
    Generator::new(None, false).root("a protocol file", "Protocol")
}

/// The schema of any dialect: it may leave out everything, and take keys away.
pub fn of_dialects() -> Value {
    Generator::new(None, true).root("a protocol file", "Dialect of a protocol")
}

/// The schema of any `rules.yaml`.
pub fn of_rules() -> Value {
    Generator::new(None, false).root("a rules file", "Rules of a protocol")
}

/// The schema of lists of expected failures.
pub fn of_expected() -> Value {
    Generator::new(None, false).root("a list of expected failures", "Expected failures")
}

/// The schema of lists of implementations.
pub fn of_matrices() -> Value {
    Generator::new(None, false).root("a matrix", "Implementations")
}

/// The schema of what `--report json=FILE` writes.
pub fn of_records() -> Value {
    schemars::schema_for!(RunRecord).to_value()
}

/// The schemas that are the same for all protocols, with the names of their files.
pub fn of_all_protocols() -> [(&'static str, Value); 6] {
    [
        ("protocol.schema.json", of_protocols()),
        ("dialect.schema.json", of_dialects()),
        ("rules.schema.json", of_rules()),
        ("expected.schema.json", of_expected()),
        ("matrix.schema.json", of_matrices()),
        ("record.schema.json", of_records()),
    ]
}

/// A schema as it stands in a file.
///
/// # Errors
/// None that the value can cause; the writer's are passed on.
pub fn to_text(schema: &Value) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(schema)? + "\n")
}

/// Makes one schema; what is used more than once stands under `$defs`.
struct Generator<'v> {
    vocabulary: Option<&'v Vocabulary>,
    /// Nothing is required, and `null` takes a key away.
    partial: bool,
    defs: Map<String, Value>,
}

impl<'v> Generator<'v> {
    fn new(vocabulary: Option<&'v Vocabulary>, partial: bool) -> Self {
        Self {
            vocabulary,
            partial,
            defs: Map::new(),
        }
    }

    fn root(mut self, what: &str, title: &str) -> Value {
        let mut root = json!({ "$schema": DIALECT, "title": title });
        extend(&mut root, self.map(what));
        extend(&mut root, json!({ "$defs": self.defs }));
        root
    }

    /// The map of a section, with its words and no others.
    fn map(&mut self, what: &str) -> Value {
        let Some(section) = Section::of(what) else {
            return json!({});
        };
        let nothing_needed = self.partial || section.required().next().is_none();
        let kinds = if nothing_needed {
            json!(["object", "null"])
        } else {
            json!("object")
        };
        let mut schema = json!({
            "type": kinds,
            "properties": self.properties(section),
            "additionalProperties": false,
        });
        let required: Vec<&str> = section.required().collect();
        if !self.partial && !required.is_empty() {
            extend(&mut schema, json!({ "required": required }));
        }
        schema
    }

    fn properties(&mut self, section: &Section) -> Value {
        let mut properties = Map::new();
        for word in section.words {
            let mut about = word.about.to_owned();
            if !word.default.is_empty() && word.default != crate::language::REQUIRED {
                about = format!("{about} Default: {}.", word.default);
            }
            let mut schema = json!({ "description": about });
            let mut form = self.form(word.takes);
            if self.partial && section.language == Language::Wire {
                allow_null(&mut form);
            }
            extend(&mut schema, form);
            properties.insert(word.word.to_owned(), schema);
        }
        Value::Object(properties)
    }

    /// A reference to a definition that is made at its first use.
    fn define(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Value) -> Value {
        let key: String = name
            .chars()
            .filter(|c| !matches!(c, '`' | '\''))
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '-' {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        if !self.defs.contains_key(&key) {
            // It may contain itself.
            self.defs.insert(key.clone(), Value::Null);
            let schema = make(self);
            self.defs.insert(key.clone(), schema);
        }
        json!({ "$ref": format!("#/$defs/{key}") })
    }

    fn section(&mut self, what: &str) -> Value {
        self.define(what, |generator| generator.map(what))
    }
}

/// Adds the keys of one object to another; those that are there give way.
fn extend(schema: &mut Value, more: Value) {
    if let (Value::Object(schema), Value::Object(more)) = (schema, more) {
        schema.extend(more);
    }
}

/// Lets `null` be a value, too.
fn allow_null(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    match schema.get_mut("type") {
        Some(Value::Array(types)) if !types.contains(&json!("null")) => types.push(json!("null")),
        Some(Value::String(one)) => {
            let both = json!([one.clone(), "null"]);
            schema.insert("type".to_owned(), both);
        }
        _ => {}
    }
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.push(Value::Null);
    }
}

/// One such value, or a list of them.
fn one_or_list(item: &Value) -> Value {
    json!({ "if": { "type": "array" }, "then": { "items": item }, "else": item })
}

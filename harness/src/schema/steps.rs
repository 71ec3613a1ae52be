//! Steps: what stands beside what, and what depends on the kind or macro that is named.

use serde_json::{Map, Value, json};

use super::fields::{Side, required};
use super::vocabulary::{FieldWords, KindWords};
use super::{Generator, extend};
use crate::language::Section;
use crate::scenario::sockets::SOURCE;

/// How bytes go out.
const WRITING: &[&str] = &[
    "chunks", "gap", "first", "skip", "mark", "via", "to", "copies", "order",
];

/// The actions of an actor, each with the options that may stand beside it.
pub(super) const ACTIONS: &[(&str, &[&str])] = &[
    ("connect", &[]),
    (
        "send",
        &[
            "with", "bend", "chunks", "gap", "first", "skip", "mark", "via", "to", "copies",
            "order",
        ],
    ),
    ("raw", WRITING),
    ("batch", WRITING),
    (
        "recv",
        &[
            "with", "exact", "optional", "times", "save", "gather", "mark", "since", "after",
            "within", "at",
        ],
    ),
    ("never", &["with", "exact"]),
    ("silence", &[]),
    ("closed", &["mark"]),
    ("open", &[]),
    ("close", &["mark"]),
    ("reflexes", &[]),
    ("ignore", &[]),
    ("judge", &[]),
    ("set", &[]),
    ("reading", &[]),
    ("receive_buffer", &[]),
    ("network", &[]),
];

impl Generator<'_> {
    /// A step: one thing to do, or an actor and what it does, with remarks.
    pub(super) fn step(&mut self) -> Value {
        self.define("a step", |generator| {
            let mut properties = Map::new();
            for what in ["a step", "a remark on a step"] {
                let words = Section::of(what).map(|section| generator.properties(section));
                if let Some(Value::Object(words)) = words {
                    properties.extend(words);
                }
            }
            let mut action = json!({ "description": "What this actor does." });
            extend(&mut action, generator.action());
            let mut schema = json!({
                "type": "object",
                "minProperties": 1,
                "properties": properties,
                "additionalProperties": action,
                "dependentRequired": { "with": ["use"], "as": ["repeat"], "repeat": ["steps"] },
            });
            all_of(&mut schema, &generator.macros());
            schema
        })
    }

    /// `with` as the macro needs it.
    fn macros(&mut self) -> Vec<Value> {
        let Some(vocabulary) = self.vocabulary else {
            return Vec::new();
        };
        let mut cases = Vec::new();
        for (index, one) in vocabulary.macros.iter().enumerate() {
            if vocabulary.macros[..index]
                .iter()
                .any(|known| known.name == one.name)
            {
                continue;
            }
            // Servers and clients may have macros of the same name.
            let same = vocabulary
                .macros
                .iter()
                .filter(|other| other.name == one.name);
            let mut forms: Vec<Value> = same.map(|each| self.arguments_of(each)).collect();
            let with = match forms.len() {
                1 => forms.remove(0),
                _ => json!({ "anyOf": forms }),
            };
            let mut then = json!({ "properties": { "with": with } });
            if !one.args.is_empty() {
                extend(&mut then, json!({ "required": ["with"] }));
            }
            cases.push(case("use", &json!({ "const": one.name }), &then));
        }
        cases
    }

    fn action(&mut self) -> Value {
        self.define("an actor's step", |generator| {
            let mut schema = generator.map("an actor's step");
            let mut cases: Vec<Value> = Vec::new();
            for (action, options) in ACTIONS {
                let mut together: Vec<&str> = vec![action];
                together.extend_from_slice(options);
                let only = json!({ "propertyNames": { "enum": together } });
                cases.push(json!({ "if": { "required": [action] }, "then": only }));
            }
            cases.extend(generator.kinds());
            let one_of_them: Vec<Value> = ACTIONS
                .iter()
                .map(|(action, _)| json!({ "required": [action] }))
                .collect();
            extend(
                &mut schema,
                json!({ "type": "object", "anyOf": one_of_them, "allOf": cases }),
            );
            schema
        })
    }

    /// `with` and its like as the kind of the message needs them.
    fn kinds(&mut self) -> Vec<Value> {
        let Some(vocabulary) = self.vocabulary else {
            return Vec::new();
        };
        let mut cases = self.sent_kinds(&vocabulary.sent);
        for kind in &vocabulary.received {
            let with = self.with_of(kind, Side::Received);
            let captures = captures(&kind.fields, vocabulary.datagrams);
            let is_it = json!({ "const": kind.name });
            let then =
                json!({ "properties": { "with": with, "save": captures, "gather": captures } });
            cases.push(case("recv", &is_it, &then));
            cases.push(case(
                "never",
                &is_it,
                &json!({ "properties": { "with": with } }),
            ));
        }
        let all = all_fields(&vocabulary.received);
        let with = self.define("recv several", |generator| {
            generator.fields(&all, Side::Received)
        });
        let several = json!({ "type": "array" });
        let then = json!({ "properties": { "with": with } });
        cases.push(case("recv", &several, &then));
        cases.push(case("never", &several, &then));
        cases
    }

    fn sent_kinds(&mut self, kinds: &[KindWords]) -> Vec<Value> {
        let mut cases = Vec::new();
        for kind in kinds {
            let with = self.with_of(kind, Side::Sent);
            let bend = self.form(crate::language::Takes::Bends);
            let mut bends = Map::new();
            for path in &kind.bends {
                bends.insert(path.clone(), bend["additionalProperties"].clone());
            }
            let bend =
                json!({ "type": "object", "properties": bends, "additionalProperties": false });
            let mut then = json!({ "properties": { "with": with, "bend": bend } });
            if required(kind).next().is_some() {
                extend(&mut then, json!({ "required": ["with"] }));
            }
            cases.push(case("send", &json!({ "const": kind.name }), &then));
        }
        cases
    }

    /// A message or bytes in a batch.
    pub(super) fn batch_part(&mut self) -> Value {
        self.define("a part of a batch", |generator| {
            let mut schema = generator.map("a part of a batch");
            let kinds = generator.vocabulary.map(|v| generator.sent_kinds(&v.sent));
            let either = json!([{ "required": ["send"] }, { "required": ["raw"] }]);
            extend(&mut schema, json!({ "type": "object", "oneOf": either }));
            all_of(&mut schema, &kinds.unwrap_or_default());
            schema
        })
    }
}

/// Adds cases; an empty list would be no schema.
fn all_of(schema: &mut Value, cases: &[Value]) {
    if !cases.is_empty() {
        extend(schema, json!({ "allOf": cases }));
    }
}

fn case(key: &str, value: &Value, then: &Value) -> Value {
    json!({ "if": { "properties": { key: value }, "required": [key] }, "then": then })
}

fn captures(fields: &[FieldWords], datagrams: bool) -> Value {
    let mut properties = Map::new();
    if datagrams {
        properties.insert(SOURCE.to_owned(), super::forms::captured());
    }
    for field in fields {
        properties.insert(field.name.clone(), super::forms::captured());
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// The fields of all kinds; of those that share a name, one.
fn all_fields(kinds: &[KindWords]) -> Vec<FieldWords> {
    let mut all: Vec<FieldWords> = Vec::new();
    for field in kinds.iter().flat_map(|kind| &kind.fields) {
        match all.iter_mut().find(|known| known.name == field.name) {
            Some(known) => {
                known.constant = None;
                if known.class != field.class {
                    known.class = None;
                }
            }
            None => all.push(field.clone()),
        }
    }
    all
}

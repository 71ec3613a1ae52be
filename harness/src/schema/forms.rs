//! What may stand behind a word.

use serde_json::{Map, Value, json};

use super::{Generator, extend, one_or_list};
use crate::language::{Section, Takes};

/// A time such as `150ms`; the reader's units.
const TIME: &str = r"^([0-9][0-9.]*(us|ms|s|m|min|h)|0)$";

/// A day such as `2027-01-31`.
const DATE: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";

/// Times, numbers and names with `+ - * /` between them.
const QUANTITY: &str = r"^[\s$0-9A-Za-z_.+*/-]+$";

/// A whole number that a YAML reader takes for text: `0x1f`, `4_096`.
const NUMBER: &str = r"^-?(0x[0-9A-Fa-f_]+|[0-9][0-9_]*)$";

/// A name that the writer gives.
const NAME: &str = "^[A-Za-z_][A-Za-z0-9_]*$";

const VARIABLE: &str = r"^\$";

impl Generator<'_> {
    pub(super) fn form(&mut self, takes: Takes) -> Value {
        match takes {
            Takes::Text => text(),
            Takes::Texts => one_or_list(&text()),
            Takes::Hex => json!({ "type": ["string", "integer"] }),
            Takes::HexParts => {
                let part = json!({ "type": ["string", "integer", "object"] });
                json!({ "type": ["string", "integer", "array"], "items": part })
            }
            Takes::Flag => json!({ "type": "boolean" }),
            Takes::Number(min, max) => number(min, max),
            Takes::Count => json!({ "type": ["integer", "string"], "minimum": 0 }),
            Takes::Choice(words) => json!({ "enum": words }),
            Takes::ChoiceOrVariable(words) => word_or_variable(&json!({ "enum": words })),
            Takes::Choices(words) => one_or_list(&json!({ "enum": words })),
            Takes::Time => {
                json!({ "type": ["string", "integer"], "pattern": TIME, "minimum": 0, "maximum": 0 })
            }
            Takes::Date => json!({ "type": "string", "pattern": DATE }),
            Takes::Quantity => json!({ "type": ["string", "number"], "pattern": QUANTITY }),
            Takes::NewName => json!({ "type": "string", "pattern": NAME }),
            Takes::Mark => json!({ "type": "string" }),
            Takes::Times => json!({
                "type": ["integer", "string"],
                "minimum": 0,
                "pattern": r"^[0-9]+(\.\.([0-9]+)?)?$",
            }),
            Takes::Chunks => one_or_list(
                &json!({ "type": ["integer", "string"], "minimum": 1, "pattern": "^rest$" }),
            ),
            Takes::Connect => json!({
                "type": ["object", "null", "string"],
                "maxProperties": 0,
                "pattern": "^fresh$",
            }),
            Takes::Nothing => json!({ "type": ["object", "null"], "maxProperties": 0 }),
            Takes::Actors => one_or_list(&json!({ "type": "string" })),
            Takes::Map(what) => self.section(what),
            Takes::Named(what) => {
                let entry = self.section(what);
                json!({ "type": "object", "additionalProperties": entry })
            }
            Takes::List(what) => {
                let item = self.section(what);
                one_or_list(&item)
            }
            _ => self.named_form(takes),
        }
    }

    /// Forms that name something of the protocol or of the step.
    fn named_form(&mut self, takes: Takes) -> Value {
        match takes {
            Takes::Steps => {
                let step = self.step();
                json!({ "type": "array", "items": step })
            }
            Takes::Branches => {
                let step = self.step();
                json!({ "type": "array", "items": one_or_list(&step) })
            }
            Takes::Rule => self.rule(),
            Takes::Rules => {
                let rule = self.rule();
                one_or_list(&rule)
            }
            Takes::SentKind => {
                let names = self
                    .vocabulary
                    .map(|v| names(v.sent.iter().map(|kind| &kind.name)));
                named(names)
            }
            Takes::ReceivedKinds => {
                let kinds = self.vocabulary.map(|v| &v.received);
                let names = kinds.map(|kinds| names(kinds.iter().map(|kind| &kind.name)));
                one_or_list(&named(names))
            }
            Takes::Kinds => one_or_list(&text()),
            Takes::Ignored => {
                let message = self.section("an expected message");
                one_or_list(&json!({ "if": { "type": "object" }, "then": message, "else": text() }))
            }
            Takes::MacroName => {
                let names = self
                    .vocabulary
                    .map(|v| names(v.macros.iter().map(|one| &one.name)));
                named(names)
            }
            Takes::Reflexes => {
                let names = self.vocabulary.map(|v| names(&v.reflexes));
                one_or_list(&named(names))
            }
            Takes::Dialects => {
                let dialects = self.vocabulary.map(|v| json!({ "enum": v.dialects }));
                one_or_list(&dialects.unwrap_or_else(text))
            }
            Takes::Params => self.params(false),
            Takes::Conditions => self.params(true),
            Takes::ServerStep => {
                let step = self.section("a server's step");
                json!({ "if": { "type": "string" }, "then": { "enum": ["kill", "restart"] }, "else": step })
            }
            Takes::Typed => {
                let more = self.section("what is typed");
                let value = self.value();
                let either = json!([{ "required": ["lines"] }, { "required": ["raw"] }]);
                let is_map = json!({ "type": "object", "anyOf": either });
                let plain = one_or_list(&value);
                json!({ "if": is_map, "then": more, "else": plain })
            }
            Takes::PrintedOrMatcher => {
                let more = self.section("what is printed");
                let matcher = self.matcher();
                let is_map = json!({ "type": "object", "required": ["text"] });
                json!({ "if": is_map, "then": more, "else": matcher })
            }
            _ => self.value_form(takes),
        }
    }

    /// Forms that hold values.
    fn value_form(&mut self, takes: Takes) -> Value {
        match takes {
            Takes::Value => self.value(),
            Takes::Bytes => {
                let value = self.value();
                json!({ "if": { "type": "string" }, "then": { "pattern": r"^(\$|[0-9A-Fa-f\s]*$)" }, "else": value })
            }
            Takes::Values => {
                let value = self.value();
                json!({ "type": ["object", "array"], "additionalProperties": value, "items": value })
            }
            Takes::Variants => {
                let value = self.value();
                let list = json!({ "type": "array", "items": value, "minItems": 1 });
                json!({ "type": "object", "additionalProperties": list })
            }
            Takes::SentFields | Takes::Arguments => {
                let value = self.value();
                json!({ "type": "object", "additionalProperties": value })
            }
            Takes::ReceivedFields | Takes::MessageFields | Takes::Checks => {
                let matcher = self.matcher();
                json!({ "type": "object", "additionalProperties": matcher })
            }
            Takes::Matcher => self.matcher(),
            Takes::Matchers => {
                let matcher = self.matcher();
                json!({ "type": "array", "items": matcher })
            }
            Takes::Bends => {
                let number = json!({ "type": ["integer", "string"] });
                json!({ "type": "object", "additionalProperties": number })
            }
            Takes::Captures => {
                let name = captured();
                json!({ "type": "object", "additionalProperties": name })
            }
            Takes::ClientName => self.client_name(),
            Takes::Batch => {
                let part = self.batch_part();
                one_or_list(&part)
            }
            _ => self.wire_form(takes),
        }
    }

    /// Forms of protocol files.
    fn wire_form(&mut self, takes: Takes) -> Value {
        match takes {
            Takes::Fields => {
                let field = self.field_type();
                json!({ "type": ["object", "null"], "additionalProperties": field })
            }
            Takes::Body => {
                let field = self.field_type();
                json!({ "type": ["object", "null", "string"], "additionalProperties": field })
            }
            Takes::Type => self.field_type(),
            Takes::Length => {
                let field = self.field_type();
                json!({ "type": ["string", "integer", "object"], "if": { "type": "object" }, "then": field })
            }
            Takes::Constants => {
                let value = self.value();
                json!({ "type": "object", "additionalProperties": value })
            }
            Takes::TemplateTypes => {
                let one = self.section("the type of a field");
                json!({ "type": "object", "additionalProperties": one })
            }
            Takes::KindFields => json!({ "type": "object", "additionalProperties": text() }),
            Takes::Lacks => {
                json!({ "type": "object", "additionalProperties": one_or_list(&text()) })
            }
            Takes::ArgumentKinds => {
                json!({ "type": "object", "additionalProperties": { "enum": ["actor", "value"] } })
            }
            Takes::Vectors => {
                let mut vector = self.map("a vector");
                let value = self.value();
                let fields = json!({ "type": ["object", "null"], "additionalProperties": value });
                extend(&mut vector, json!({ "additionalProperties": fields }));
                json!({ "type": "array", "items": vector })
            }
            // A template is any JSON value; everything else has its form above.
            _ => json!({}),
        }
    }

    /// A type: its name or a map.
    fn field_type(&mut self) -> Value {
        self.define("a field", |generator| {
            let mut field = generator.map("a field");
            extend(&mut field, json!({ "type": ["string", "object"] }));
            field
        })
    }

    fn rule(&mut self) -> Value {
        let Some(vocabulary) = self.vocabulary else {
            return text();
        };
        self.define("rule", |_| {
            let ids: Vec<&str> = vocabulary.rules.iter().map(|(id, _)| id.as_str()).collect();
            let texts: Vec<&str> = vocabulary
                .rules
                .iter()
                .map(|(_, text)| text.as_str())
                .collect();
            json!({ "enum": ids, "enumDescriptions": texts })
        })
    }

    fn params(&mut self, others_too: bool) -> Value {
        let Some(vocabulary) = self.vocabulary else {
            return json!({ "type": "object" });
        };
        let mut properties = Map::new();
        for (name, about) in &vocabulary.params {
            let mut schema = if others_too {
                one_or_list(&text())
            } else {
                text()
            };
            extend(&mut schema, json!({ "description": about }));
            properties.insert(name.clone(), schema);
        }
        let mut schema = json!({ "type": "object", "properties": properties });
        if !others_too {
            extend(&mut schema, json!({ "additionalProperties": false }));
        }
        schema
    }

    /// Any value that can be sent.
    pub(super) fn value(&mut self) -> Value {
        self.define("a value", |generator| {
            generator.special("a value", &json!({ "$ref": "#/$defs/a_value" }))
        })
    }

    /// What a field must be like.
    pub(super) fn matcher(&mut self) -> Value {
        self.define("a matcher", |generator| {
            generator.special("a matcher", &json!({ "$ref": "#/$defs/a_matcher" }))
        })
    }

    /// Anything; a map may have the words of the section, and keys that are no such words.
    fn special(&mut self, what: &str, inner: &Value) -> Value {
        let properties = Section::of(what).map(|section| self.properties(section));
        json!({
            "properties": properties,
            "patternProperties": { "^[^$]": inner },
            "additionalProperties": false,
            "items": inner,
        })
    }

    fn client_name(&mut self) -> Value {
        let value = self.value();
        let generated = self.section("a client's name");
        let says_so = json!({ "type": "object", "required": ["same_length_as"] });
        json!({ "if": says_so, "then": generated, "else": value })
    }
}

/// A scalar: readers take any for text.
pub(super) fn text() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

/// The variable that takes a captured value.
pub(super) fn captured() -> Value {
    json!({ "type": "string", "pattern": r"^(\$self\.)?[A-Za-z_][A-Za-z0-9_]*$" })
}

fn number(min: i64, max: i64) -> Value {
    let mut schema = json!({ "type": ["integer", "string"], "pattern": NUMBER });
    if min > i64::MIN {
        extend(&mut schema, json!({ "minimum": min }));
    }
    if max < i64::MAX {
        extend(&mut schema, json!({ "maximum": max }));
    }
    schema
}

fn names<'a>(names: impl IntoIterator<Item = &'a String>) -> Value {
    let names: Vec<&String> = names.into_iter().collect();
    json!({ "enum": names })
}

/// One of these names, or a variable that is one; any name where there are none.
fn named(names: Option<Value>) -> Value {
    match names {
        Some(names) => word_or_variable(&names),
        None => text(),
    }
}

fn word_or_variable(words: &Value) -> Value {
    let variable = json!({ "type": "string", "pattern": VARIABLE });
    json!({ "if": variable, "then": {}, "else": words })
}

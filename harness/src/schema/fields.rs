//! The fields of messages, kind by kind.

use serde_json::{Map, Value, json};

use super::vocabulary::{FieldWords, KindWords, MacroWords};
use super::{Generator, extend};
use crate::wire::Class;

/// Which side of a message is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Sent,
    Received,
}

impl Generator<'_> {
    /// `with` of a message of this kind.
    pub(super) fn with_of(&mut self, kind: &KindWords, side: Side) -> Value {
        let prefix = if side == Side::Sent { "send" } else { "recv" };
        let name = format!("{prefix}-{}", kind.name);
        self.define(&name, |generator| {
            let mut schema = generator.fields(&kind.fields, side);
            let required: Vec<&str> = required(kind).collect();
            if side == Side::Sent && !required.is_empty() {
                extend(&mut schema, json!({ "required": required }));
            }
            schema
        })
    }

    /// A map of these fields and no others.
    pub(super) fn fields(&mut self, fields: &[FieldWords], side: Side) -> Value {
        let mut properties = Map::new();
        for field in fields {
            let mut schema = json!({ "description": describe(field) });
            extend(&mut schema, self.field_value(field, side));
            properties.insert(field.name.clone(), schema);
        }
        json!({ "type": "object", "properties": properties, "additionalProperties": false })
    }

    fn field_value(&mut self, field: &FieldWords, side: Side) -> Value {
        let made = match side {
            Side::Sent => self.value(),
            Side::Received => self.matcher(),
        };
        let structured = json!({ "type": ["object", "array"] });
        match &field.class {
            None | Some(Class::Json | Class::List(_) | Class::Map(_)) => made,
            Some(Class::Text | Class::Bytes) => {
                json!({ "type": ["string", "number", "boolean", "object"], "if": structured, "then": made })
            }
            Some(Class::Truth) => {
                json!({ "type": ["boolean", "string", "object"], "if": structured, "then": made })
            }
            Some(Class::Integer { min, max, names }) => {
                let names: Vec<&str> = names.iter().map(|(name, _)| name).collect();
                let plain = json!({
                    "type": "string",
                    "pattern": r"^(\$|-?0x[0-9A-Fa-f_]+$|-?[0-9][0-9_]*$)",
                });
                let word = json!({ "if": plain, "then": {}, "else": { "enum": names } });
                let scalar = json!({
                    "if": { "type": "string" },
                    "then": word,
                    "else": { "type": "integer", "minimum": number(*min), "maximum": number(*max) },
                });
                json!({ "if": structured, "then": made, "else": scalar })
            }
        }
    }

    /// `with` of `use` for this macro.
    pub(super) fn arguments_of(&mut self, one: &MacroWords) -> Value {
        let mut properties = Map::new();
        for (name, is_actor) in &one.args {
            let schema = if *is_actor {
                json!({ "type": "string", "description": "An actor." })
            } else {
                let mut schema = json!({ "description": "A value." });
                extend(&mut schema, self.value());
                schema
            };
            properties.insert(name.clone(), schema);
        }
        let names: Vec<&str> = one.args.iter().map(|(name, _)| name.as_str()).collect();
        json!({
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
            "required": names,
        })
    }
}

/// The fields that must be given to send it.
pub(super) fn required(kind: &KindWords) -> impl Iterator<Item = &str> {
    let required = kind.fields.iter().filter(|field| field.required);
    required.map(|field| field.name.as_str())
}

fn describe(field: &FieldWords) -> String {
    let what = match &field.class {
        None => "What it is differs between dialects".to_owned(),
        Some(Class::Integer { min, max, names }) => {
            let named: Vec<String> = names
                .iter()
                .map(|(name, value)| format!("{name} = {value}"))
                .collect();
            match named.as_slice() {
                [] => format!("A whole number from {min} to {max}"),
                _ => format!("A whole number from {min} to {max}: {}", named.join(", ")),
            }
        }
        Some(Class::Text) => "Text".to_owned(),
        Some(Class::Bytes) => "Bytes".to_owned(),
        Some(Class::Truth) => "`true` or `false`".to_owned(),
        Some(Class::Json) => "Any value".to_owned(),
        Some(Class::List(_)) => "A list".to_owned(),
        Some(Class::Map(_)) => "A map".to_owned(),
    };
    match &field.constant {
        Some(value) => format!("{what}; always {value}."),
        None => format!("{what}."),
    }
}

/// JSON has no integers of 128 bits; what is outside of 64 bits is written as a float.
fn number(value: i128) -> Value {
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(value), _) => json!(value),
        (_, Ok(value)) => json!(value),
        _ if value < 0 => json!(i64::MIN),
        _ => json!(u64::MAX),
    }
}

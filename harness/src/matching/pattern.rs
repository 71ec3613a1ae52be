use std::sync::Arc;

use super::{Check, Expr, Lookup, Unknown};
use crate::source::Span;
use crate::verdict::{FieldRow, Texts};
use crate::wire::{Codec, Direction, Message, Value};

/// What a message must be like, its names resolved.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// One of these kinds.
    pub kinds: Vec<Arc<str>>,
    /// The listed fields.
    pub fields: Vec<FieldCheck>,
    /// No other fields.
    pub exact: bool,
    /// Which way such messages go.
    pub direction: Direction,
    /// Where it stands.
    pub span: Span,
}

/// What one field must be like.
#[derive(Debug, Clone)]
pub struct FieldCheck {
    /// The field.
    pub name: Arc<str>,
    /// What it must be like.
    pub check: Check,
}

impl Pattern {
    /// Whether a message is of one of the kinds.
    pub fn takes_kind(&self, kind: &str) -> bool {
        self.kinds.iter().any(|name| **name == *kind)
    }

    /// Whether a message is as asked.
    ///
    /// # Errors
    /// When a variable has no value.
    pub fn fits(
        &self,
        message: &Message,
        codec: &Codec,
        lookup: &dyn Lookup,
    ) -> Result<bool, Unknown> {
        if !self.takes_kind(&message.kind) {
            return Ok(false);
        }
        for field in &self.fields {
            if !self.field_fits(field, message, codec, lookup)? {
                return Ok(false);
            }
        }
        let listed = |name: &str| self.fields.iter().any(|field| *field.name == *name);
        Ok(!self.exact || message.fields.iter().all(|(name, _)| listed(name)))
    }

    fn field_fits(
        &self,
        field: &FieldCheck,
        message: &Message,
        codec: &Codec,
        lookup: &dyn Lookup,
    ) -> Result<bool, Unknown> {
        let received = message.field(&field.name);
        if let Check::Equal(expected @ (Expr::Variable(_) | Expr::Text(_))) = &field.check
            && let Some(expected) = expected.evaluate(lookup)?
            && let Some(kind) = codec.kind(&message.kind)
            && let Ok(expected) = kind.coerce(self.direction, &field.name, expected)
        {
            return Check::Equal(Expr::Value(expected)).holds(received, lookup);
        }
        field.check.holds(received, lookup)
    }

    /// Field by field what was asked for and what came.
    pub fn rows(&self, message: &Message, codec: &Codec, lookup: &dyn Lookup) -> Vec<FieldRow> {
        let kind = codec.kind(&message.kind);
        let show = |name: &str, value: &Value| match kind {
            Some(kind) => kind.show(self.direction, name, value),
            None => value.to_string(),
        };
        let mut rows: Vec<FieldRow> = Vec::new();
        for field in &self.fields {
            let fits = self
                .field_fits(field, message, codec, lookup)
                .unwrap_or(false);
            rows.push(FieldRow {
                field: field.name.to_string(),
                expected: Some(Self::wanted(field, &show, lookup)),
                received: message
                    .field(&field.name)
                    .map(|value| show(&field.name, value)),
                fits,
                texts: if fits {
                    None
                } else {
                    texts(field, message, lookup)
                },
            });
        }
        for (name, value) in &message.fields {
            if !self.fields.iter().any(|field| field.name == *name) {
                rows.push(FieldRow {
                    field: name.to_string(),
                    expected: self.exact.then(|| "nothing".to_owned()),
                    received: Some(show(name, value)),
                    fits: !self.exact,
                    texts: None,
                });
            }
        }
        rows
    }

    fn wanted(
        field: &FieldCheck,
        show: &dyn Fn(&str, &Value) -> String,
        lookup: &dyn Lookup,
    ) -> String {
        match &field.check {
            Check::Equal(Expr::Value(value)) => show(&field.name, value),
            check => check.describe(lookup),
        }
    }

    /// What is asked for, in words: `status with code 0 (ok)`.
    pub fn describe(&self, codec: &Codec, lookup: &dyn Lookup) -> String {
        let kinds: Vec<&str> = self.kinds.iter().map(|kind| &**kind).collect();
        let mut words = kinds.join(" or ");
        let kind = self.kinds.first().and_then(|name| codec.kind(name));
        let show = |name: &str, value: &Value| match kind {
            Some(kind) => kind.show(self.direction, name, value),
            None => value.to_string(),
        };
        for (index, field) in self.fields.iter().enumerate() {
            words.push_str(if index == 0 { " with " } else { ", " });
            words.push_str(&format!(
                "{} {}",
                field.name,
                Self::wanted(field, &show, lookup)
            ));
        }
        words
    }
}

/// Both texts in full, where a text was wanted and another came.
fn texts(field: &FieldCheck, message: &Message, lookup: &dyn Lookup) -> Option<Texts> {
    let Check::Equal(expected) = &field.check else {
        return None;
    };
    match (
        expected.evaluate(lookup).ok()??,
        message.field(&field.name)?,
    ) {
        (Value::Text(expected), Value::Text(received)) => Some(Texts {
            expected,
            received: received.clone(),
        }),
        _ => None,
    }
}

/// A message in words: `deliver from "bob", message "hi"`.
pub fn describe_message(codec: &Codec, direction: Direction, message: &Message) -> String {
    let kind = codec.kind(&message.kind);
    let mut words = message.kind.to_string();
    for (index, (name, value)) in message.fields.iter().enumerate() {
        let value = match kind {
            Some(kind) => kind.show(direction, name, value),
            None => value.to_string(),
        };
        words.push_str(if index == 0 { " with " } else { ", " });
        words.push_str(&format!("{name} {value}"));
    }
    words
}

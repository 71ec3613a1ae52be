use std::sync::Arc;

use crate::wire::Value;

/// A value whose names are resolved to what they refer to.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A value that is known.
    Value(Value),
    /// The value of a variable.
    Variable(Reference),
    /// Text with variables in it.
    Text(Vec<TextPiece>),
    /// A list.
    List(Vec<Expr>),
    /// A map.
    Map(Vec<(String, Expr)>),
    /// A unit repeated up to a length in bytes.
    Fill(Box<Expr>, Box<Expr>),
    /// Values one behind the other.
    Concat(Vec<Expr>),
    /// To be left out.
    Absent,
}

/// A piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextPiece {
    /// Fixed text.
    Fixed(String),
    /// A variable.
    Variable(Reference),
}

/// What a variable refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// The name on the wire of an actor, or of the member of a crowd that does the step.
    NameOf(usize),
    /// A variable of an actor.
    VariableOf(usize, String),
    /// A variable of the actor that does the step; `name` is its name on the wire.
    Own(String),
    /// A parameter, a constant, a captured value or a loop variable.
    Named(Arc<str>),
    /// A field of the message that triggered a reflex.
    Got(String),
    /// The text that makes a fence's probe unique.
    Nonce,
    /// Where the message that triggered a reflex came from.
    Source,
}

/// Gives the values of variables.
pub trait Lookup {
    /// The value, if there is one at this time.
    fn value(&self, reference: &Reference) -> Option<Value>;
}

/// A variable that has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unknown(pub String);

/// The longest text or byte string that an expression may build, in bytes.
const MAX_LEN: usize = 64 * 1024 * 1024;

impl Expr {
    /// The value; `None` for [`Expr::Absent`].
    ///
    /// # Errors
    /// When a variable has no value, or parts do not fit together.
    pub fn evaluate(&self, lookup: &dyn Lookup) -> Result<Option<Value>, Unknown> {
        Ok(Some(match self {
            Self::Value(value) => value.clone(),
            Self::Absent => return Ok(None),
            Self::Variable(reference) => variable(reference, lookup)?,
            Self::Text(pieces) => Value::Text(text(pieces, lookup, |text| text)?),
            Self::List(items) => {
                let values: Result<Vec<_>, _> = items.iter().map(|i| i.evaluate(lookup)).collect();
                Value::List(values?.into_iter().flatten().collect())
            }
            Self::Map(entries) => {
                let mut values = Vec::with_capacity(entries.len());
                for (key, entry) in entries {
                    if let Some(value) = entry.evaluate(lookup)? {
                        values.push((key.clone(), value));
                    }
                }
                Value::Map(values)
            }
            Self::Fill(unit, len) => fill(unit, len, lookup)?,
            Self::Concat(items) => {
                let mut bytes = Vec::new();
                for item in items {
                    bytes.extend(bytes_of(item, lookup)?);
                }
                text_or_bytes(bytes)
            }
        }))
    }
}

fn variable(reference: &Reference, lookup: &dyn Lookup) -> Result<Value, Unknown> {
    lookup
        .value(reference)
        .ok_or_else(|| Unknown(format!("{reference} has no value yet")))
}

/// Joins text pieces; `quote` is applied to the values of variables.
pub(super) fn text(
    pieces: &[TextPiece],
    lookup: &dyn Lookup,
    quote: impl Fn(String) -> String,
) -> Result<String, Unknown> {
    let mut joined = String::new();
    for piece in pieces {
        match piece {
            TextPiece::Fixed(text) => joined.push_str(text),
            TextPiece::Variable(reference) => {
                joined.push_str(&quote(as_text(&variable(reference, lookup)?)));
            }
        }
    }
    Ok(joined)
}

fn as_text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => other.to_string(),
    }
}

fn bytes_of(item: &Expr, lookup: &dyn Lookup) -> Result<Vec<u8>, Unknown> {
    Ok(match item.evaluate(lookup)? {
        None => Vec::new(),
        Some(Value::Bytes(bytes)) => bytes,
        Some(value) => as_text(&value).into_bytes(),
    })
}

fn fill(unit: &Expr, len: &Expr, lookup: &dyn Lookup) -> Result<Value, Unknown> {
    let unit = bytes_of(unit, lookup)?;
    let len = match len.evaluate(lookup)? {
        Some(Value::Int(len)) => usize::try_from(len).ok().filter(|len| *len <= MAX_LEN),
        Some(Value::Text(text)) => text.parse().ok().filter(|len| *len <= MAX_LEN),
        _ => None,
    };
    let len = len.ok_or_else(|| Unknown(format!("`len` is a number of bytes up to {MAX_LEN}")))?;
    if unit.is_empty() {
        return Err(Unknown("`$fill` needs something to fill with".to_owned()));
    }
    Ok(text_or_bytes(
        unit.iter().copied().cycle().take(len).collect(),
    ))
}

fn text_or_bytes(bytes: Vec<u8>) -> Value {
    match String::from_utf8(bytes) {
        Ok(text) => Value::Text(text),
        Err(error) => Value::Bytes(error.into_bytes()),
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NameOf(_) => f.write_str("the actor's name"),
            Self::VariableOf(_, name) => write!(f, "the actor's variable `{name}`"),
            Self::Own(name) => write!(f, "`$self.{name}`"),
            Self::Named(name) => write!(f, "`${name}`"),
            Self::Got(name) => write!(f, "`$got.{name}`"),
            Self::Nonce => f.write_str("`$nonce`"),
            Self::Source => f.write_str("`$source`"),
        }
    }
}

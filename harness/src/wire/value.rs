use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::source::{Scalar, parse_integer};

/// Who sends a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Direction {
    /// From a client to the server, `c2s` in the files.
    #[serde(rename = "c2s")]
    ToServer,
    /// From the server to a client, `s2c` in the files.
    #[serde(rename = "s2c")]
    ToClient,
}

impl Direction {
    /// The word for it in protocol files.
    pub fn word(self) -> &'static str {
        match self {
            Self::ToServer => "c2s",
            Self::ToClient => "s2c",
        }
    }

    /// The other way.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }
}

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// JSON's null.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer of any width; a named number is its number.
    Int(i128),
    /// A number with a fraction (JSON and protobuf only).
    Float(f64),
    /// Text.
    Text(String),
    /// Bytes, and text that is not valid UTF-8.
    Bytes(Vec<u8>),
    /// A list (JSON and protobuf only).
    List(Vec<Value>),
    /// A map in the order of its keys on the wire (JSON and protobuf only).
    Map(Vec<(String, Value)>),
}

impl Value {
    /// What a scalar of a file looks like: an unquoted number or truth value, else text.
    pub fn of_scalar(raw: &Scalar) -> Self {
        if !raw.plain {
            return Self::Text(raw.text.clone());
        }
        if let Some(number) = parse_integer(&raw.text) {
            return Self::Int(number);
        }
        match raw.text.as_str() {
            "true" => return Self::Bool(true),
            "false" => return Self::Bool(false),
            _ => {}
        }
        match raw.text.parse::<f64>() {
            Ok(number) if looks_decimal(&raw.text) => Self::Float(number),
            _ => Self::Text(raw.text.clone()),
        }
    }
}

/// `1.5` is a number in a file, `1e3` and `nan` are words.
fn looks_decimal(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix('-')
        .unwrap_or(text)
        .split_once('.')
        .is_some_and(|(whole, fraction)| digits(whole) && digits(fraction))
}

/// Text and bytes longer than this are shown shortened, with their length.
const SHOWN: usize = 60;

/// The same where more is asked for.
const SHOWN_AT_LENGTH: usize = 2_000;

impl fmt::Display for Value {
    /// A short form for people: text quoted and escaped, long values cut with their length; `{:#}`
    /// shows more of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(text) => write_text(f, text),
            Self::Bytes(bytes) => write_bytes(f, bytes),
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    f.write_str(comma)?;
                    fmt::Display::fmt(item, f)?;
                }
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    let comma = if index == 0 { " " } else { ", " };
                    write!(f, "{comma}{}: ", key.escape_debug())?;
                    fmt::Display::fmt(value, f)?;
                }
                f.write_str(" }")
            }
        }
    }
}

/// How much of one value is shown.
fn shown(f: &fmt::Formatter<'_>) -> usize {
    if f.alternate() {
        SHOWN_AT_LENGTH
    } else {
        SHOWN
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let cut = text.char_indices().nth(shown(f)).map(|(at, _)| at);
    let shown = &text[..cut.unwrap_or(text.len())];
    write!(f, "\"{}", shown.escape_debug())?;
    match cut {
        Some(_) => write!(f, "…\" ({} bytes)", text.len()),
        None => f.write_str("\""),
    }
}

fn write_bytes(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    let most = shown(f) / 3;
    f.write_str("bytes")?;
    for byte in bytes.iter().take(most) {
        write!(f, " {byte:02x}")?;
    }
    if bytes.len() > most {
        write!(f, " … ({} bytes)", bytes.len())?;
    }
    Ok(())
}

/// A message as its fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The kind's name in the protocol file.
    pub kind: Arc<str>,
    /// The body's fields in wire order; layout fields (tags, lengths) are not among them.
    pub fields: Vec<(Arc<str>, Value)>,
}

impl Message {
    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields
            .iter()
            .find(|(field, _)| &**field == name)
            .map(|(_, value)| value)
    }
}

/// A range of a message's bytes and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The bytes.
    pub range: std::ops::Range<usize>,
    /// The field: `username`, `len(username)` for the length before it.
    pub field: String,
    /// The value in words.
    pub meaning: String,
    /// What is wrong with it.
    pub problem: Option<String>,
}

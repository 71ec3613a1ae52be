use std::fmt;
use std::sync::Arc;

use super::Value;
use crate::source::{Scalar, closest};

/// What values a field can have.
#[derive(Debug, Clone, PartialEq)]
pub enum Class {
    /// Text; bytes that are not valid in its encoding come as [`Value::Bytes`].
    Text,
    /// A whole number.
    Integer {
        /// The smallest value.
        min: i128,
        /// The largest value.
        max: i128,
        /// Names of values.
        names: Names,
    },
    /// Any bytes.
    Bytes,
    /// A truth value.
    Truth,
    /// Any JSON value, lists and maps included.
    Json,
    /// A list of such values.
    List(Box<Class>),
    /// A map with these keys.
    Map(Vec<(Arc<str>, Class)>),
}

/// The names that some values of an integer have.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Names(pub(super) Vec<(Arc<str>, i128)>);

impl Names {
    /// The names with their values, as written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i128)> {
        self.0.iter().map(|(name, value)| (&**name, *value))
    }

    /// The value of a name.
    pub fn value(&self, name: &str) -> Option<i128> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// The name of a value.
    pub fn name(&self, value: i128) -> Option<&str> {
        self.iter()
            .find(|(_, known)| *known == value)
            .map(|(name, _)| name)
    }

    /// True when no value has a name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Class {
    /// Brings a value into the form that decoding gives, or says what is wrong with it: a name
    /// becomes its number, a number becomes text in a text field.
    pub fn coerce(&self, value: Value) -> Result<Value, String> {
        match (self, value) {
            (Self::Json, value)
            | (Self::Text, value @ Value::Text(_))
            | (Self::Bytes, value @ Value::Bytes(_))
            | (Self::Truth, value @ Value::Bool(_)) => Ok(value),
            (Self::Text, Value::Bytes(bytes)) => Ok(match String::from_utf8(bytes) {
                Ok(text) => Value::Text(text),
                Err(error) => Value::Bytes(error.into_bytes()),
            }),
            (Self::Text, value @ (Value::Int(_) | Value::Float(_) | Value::Bool(_))) => {
                Ok(Value::Text(value.to_string()))
            }
            (Self::Bytes, Value::Text(text)) => Ok(Value::Bytes(text.into_bytes())),
            (Self::Integer { .. }, Value::Int(number)) => self.in_range(number),
            (Self::Integer { .. }, Value::Text(text)) => self.number(&text),
            (Self::List(item), Value::List(items)) => {
                let items = items.into_iter().map(|value| item.coerce(value));
                items.collect::<Result<_, _>>().map(Value::List)
            }
            (Self::Map(fields), Value::Map(entries)) => coerce_map(fields, entries),
            (_, value) => Err(format!("expected {self}, found {value}")),
        }
    }

    /// Like [`Class::coerce`] for a scalar of a file: `007` stays `007` in a text field.
    pub fn coerce_scalar(&self, raw: &Scalar) -> Result<Value, String> {
        match self {
            Self::Text => Ok(Value::Text(raw.text.clone())),
            Self::Bytes => Ok(Value::Bytes(raw.text.clone().into_bytes())),
            Self::Integer { .. } => self.number(&raw.text),
            _ => self.coerce(Value::of_scalar(raw)),
        }
    }

    /// The value for people: a number with its name, everything else as it displays.
    pub fn show(&self, value: &Value) -> String {
        match (self, value) {
            (Self::Integer { names, .. }, Value::Int(number)) => match names.name(*number) {
                Some(name) => format!("{number} ({name})"),
                None => number.to_string(),
            },
            _ => value.to_string(),
        }
    }

    fn in_range(&self, number: i128) -> Result<Value, String> {
        match self {
            Self::Integer { min, max, .. } if number < *min || number > *max => {
                Err(format!("{number} is not within {min} to {max}"))
            }
            _ => Ok(Value::Int(number)),
        }
    }

    fn number(&self, text: &str) -> Result<Value, String> {
        let Self::Integer { names, .. } = self else {
            return Err(format!("expected {self}, found {text:?}"));
        };
        if let Some(number) = names.value(text) {
            return Ok(Value::Int(number));
        }
        if let Some(number) = crate::source::parse_integer(text) {
            return self.in_range(number);
        }
        let known = || names.iter().map(|(name, _)| name);
        Err(match closest(text, known()) {
            _ if names.is_empty() => format!("expected a whole number, found {text:?}"),
            Some(name) => format!("{text:?} is no name of a value, did you mean `{name}`?"),
            None => {
                let list: Vec<&str> = known().collect();
                format!(
                    "{text:?} is neither a number nor one of: {}",
                    list.join(", ")
                )
            }
        })
    }
}

fn coerce_map(
    fields: &[(Arc<str>, Class)],
    entries: Vec<(String, Value)>,
) -> Result<Value, String> {
    let mut values = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let Some((_, class)) = fields.iter().find(|(name, _)| **name == *key) else {
            let names: Vec<&str> = fields.iter().map(|(name, _)| &**name).collect();
            return Err(format!("no field `{key}`; there are: {}", names.join(", ")));
        };
        let value = class
            .coerce(value)
            .map_err(|problem| format!("`{key}`: {problem}"))?;
        values.push((key, value));
    }
    Ok(Value::Map(values))
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Integer { .. } => "a whole number",
            Self::Bytes => "bytes",
            Self::Truth => "`true` or `false`",
            Self::Json => "any value",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> Class {
        Class::Integer {
            min: 0,
            max: 255,
            names: Names(vec![("ok".into(), 0), ("refused".into(), 1)]),
        }
    }

    fn scalar(text: &str) -> Scalar {
        Scalar {
            text: text.to_owned(),
            plain: true,
        }
    }

    #[test]
    fn names_and_numbers_become_numbers() {
        assert_eq!(code().coerce(Value::Text("ok".into())), Ok(Value::Int(0)));
        assert_eq!(code().coerce_scalar(&scalar("0x10")), Ok(Value::Int(16)));
        assert_eq!(code().show(&Value::Int(1)), "1 (refused)");
        assert_eq!(code().show(&Value::Int(7)), "7");
        for (text, part) in [
            ("256", "not within 0 to 255"),
            ("refusd", "did you mean `refused`?"),
            ("zzz", "neither a number nor one of: ok, refused"),
        ] {
            let problem = code().coerce_scalar(&scalar(text)).unwrap_err();
            assert!(problem.contains(part), "{problem}");
        }
    }

    #[test]
    fn text_keeps_what_was_written() {
        assert_eq!(
            Class::Text.coerce_scalar(&scalar("007")),
            Ok(Value::Text("007".into()))
        );
        assert_eq!(
            Class::Text.coerce(Value::Int(7)),
            Ok(Value::Text("7".into()))
        );
        assert_eq!(
            Class::Text.coerce(Value::Bytes(b"hi".to_vec())),
            Ok(Value::Text("hi".into()))
        );
        let broken = Value::Bytes(vec![0xc3, 0x28]);
        assert_eq!(Class::Text.coerce(broken.clone()), Ok(broken));
        assert!(Class::Text.coerce(Value::List(Vec::new())).is_err());
        assert_eq!(
            Class::Json.coerce_scalar(&scalar("true")),
            Ok(Value::Bool(true))
        );
        assert_eq!(
            Class::Bytes.coerce(Value::Text("x".into())),
            Ok(Value::Bytes(b"x".to_vec()))
        );
    }
}

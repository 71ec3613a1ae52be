//! From messages to bytes. Lengths are computed unless they are bent.

use std::sync::Arc;

use super::shape::Shape;
use super::writer::Writer;
use super::{
    Codec, Decoded, DefaultValue, Direction, EncodeError, FieldInfo, Kind, Message, Value,
};

/// A number that is sent as something else than what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bend {
    /// `len(username)` for the length of a field, or the name of a number in the layout or the
    /// body, such as `op`.
    pub path: String,
    /// What is sent instead; it must fit into the same bytes.
    pub value: i128,
}

impl Codec {
    /// The bytes of a message. `fields` has its values (missing ones take their default), `own`
    /// gives the value of an actor's variable such as `name` for `$self.name`.
    pub fn encode(
        &self,
        direction: Direction,
        kind: &str,
        fields: &[(String, Value)],
        bends: &[Bend],
        own: &dyn Fn(&str) -> Option<Value>,
    ) -> Result<Vec<u8>, EncodeError> {
        let fields = fields.iter();
        let fields = fields.map(|(name, value)| (name.as_str(), value.clone()));
        self.encode_without(direction, kind, fields.collect(), &[], bends, own)
    }

    /// Like [`Codec::encode`] with some fields left out on purpose, even where a default would
    /// stand in: their keys are not written in a JSON body, optional fields are not sent.
    pub fn encode_without(
        &self,
        direction: Direction,
        kind: &str,
        fields: Vec<(&str, Value)>,
        absent: &[&str],
        bends: &[Bend],
        own: &dyn Fn(&str) -> Option<Value>,
    ) -> Result<Vec<u8>, EncodeError> {
        let (kind, shape) = self.shape(direction, kind)?;
        let values = values(kind, direction, fields, absent, own)?;
        Writer::new(kind, shape, &values, bends).write()
    }

    /// Like [`Codec::encode_without`], with the message that the bytes are read as: not always the
    /// one that was written, and none where they are bent so that they are no message.
    pub fn encode_and_read(
        &self,
        direction: Direction,
        kind: &str,
        fields: Vec<(&str, Value)>,
        absent: &[&str],
        bends: &[Bend],
        own: &dyn Fn(&str) -> Option<Value>,
    ) -> Result<(Vec<u8>, Option<Message>), EncodeError> {
        let (kind, shape) = self.shape(direction, kind)?;
        let values = values(kind, direction, fields, absent, own)?;
        let bytes = Writer::new(kind, shape, &values, bends).write()?;
        let as_written = absent.is_empty() && bends.is_empty() && bytes.len() <= self.max_message;
        if !shape.plain || !as_written {
            let message = self.read_back(direction, &bytes);
            return Ok((bytes, message));
        }
        let fields = shape.fields.iter().zip(values);
        let fields =
            fields.filter_map(|(field, sent)| Some((Arc::clone(&field.name), sent.value?)));
        let message = Some(Message {
            kind: Arc::clone(&kind.name),
            fields: fields.collect(),
        });
        debug_assert_eq!(message, self.read_back(direction, &bytes));
        Ok((bytes, message))
    }

    fn read_back(&self, direction: Direction, bytes: &[u8]) -> Option<Message> {
        match self.decode_rested(direction, bytes) {
            Decoded::Message { message, len } if len == bytes.len() => Some(message),
            _ => None,
        }
    }

    fn shape(&self, direction: Direction, kind: &str) -> Result<(&Kind, &Shape), EncodeError> {
        let Some(known) = self.kind(kind) else {
            let kind = kind.to_owned();
            return Err(EncodeError::UnknownKind { kind });
        };
        match known.shape(direction) {
            Some(shape) => Ok((known, shape)),
            None => Err(EncodeError::WrongWay {
                kind: kind.to_owned(),
                direction,
            }),
        }
    }
}

/// The value of a field that is sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent {
    pub(super) value: Option<Value>,
    /// It was given, and is no default.
    pub(super) given: bool,
    /// It is to be left out.
    pub(super) absent: bool,
}

/// The value of each field, in the order of the shape's fields.
fn values(
    kind: &Kind,
    direction: Direction,
    given: Vec<(&str, Value)>,
    absent: &[&str],
    own: &dyn Fn(&str) -> Option<Value>,
) -> Result<Vec<Sent>, EncodeError> {
    let fields = kind.fields(direction);
    let mut values: Vec<Sent> = vec![Sent::default(); fields.len()];
    for (name, value) in given {
        let Some(at) = fields.iter().position(|field| *field.name == *name) else {
            let problem = kind.no_such_field(direction, name);
            return Err(EncodeError::UnknownField { problem });
        };
        let value = fields[at]
            .class
            .coerce(value)
            .map_err(|problem| EncodeError::WrongValue {
                field: name.to_owned(),
                problem,
            })?;
        if let Some(constant) = fields[at].constant.as_ref().filter(|same| **same != value) {
            return Err(EncodeError::Constant {
                field: name.to_owned(),
                constant: constant.clone(),
            });
        }
        values[at] = Sent {
            value: Some(value),
            given: true,
            absent: false,
        };
    }
    for name in absent {
        let at = fields.iter().position(|field| *field.name == **name);
        let problem = || kind.no_such_field(direction, name);
        let at = at.ok_or_else(|| EncodeError::UnknownField { problem: problem() })?;
        values[at].absent = true;
    }
    for (sent, field) in values.iter_mut().zip(fields) {
        if !sent.given && !sent.absent {
            sent.value = default(kind, field, own)?;
        }
    }
    Ok(values)
}

fn default(
    kind: &Kind,
    field: &FieldInfo,
    own: &dyn Fn(&str) -> Option<Value>,
) -> Result<Option<Value>, EncodeError> {
    match (&field.constant, &field.default) {
        (Some(value), _) | (None, Some(DefaultValue::Literal(value))) => Ok(Some(value.clone())),
        (None, Some(DefaultValue::Own(variable))) => {
            let name = || field.name.to_string();
            let value = own(variable).ok_or_else(|| EncodeError::NoVariable {
                field: name(),
                variable: variable.clone(),
            })?;
            let problem = |problem| EncodeError::WrongValue {
                field: name(),
                problem,
            };
            field.class.coerce(value).map(Some).map_err(problem)
        }
        (None, None) if field.optional => Ok(None),
        (None, None) => Err(EncodeError::Missing {
            kind: kind.name.to_string(),
            field: field.name.to_string(),
        }),
    }
}

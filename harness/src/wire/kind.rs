use std::sync::Arc;

use super::shape::Shape;
use super::{Class, Direction, Value};
use crate::source::{Scalar, Span, closest};

/// A kind of message: what the protocol file writes under one key of `messages`.
#[derive(Debug)]
pub struct Kind {
    pub(super) name: Arc<str>,
    pub(super) span: Span,
    pub(super) to_server: Option<Shape>,
    pub(super) to_client: Option<Shape>,
    pub(super) comes_to: Option<Arc<str>>,
    pub(super) goes_from: Option<Arc<str>>,
}

/// A field that messages of a kind have.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldInfo {
    /// Its name.
    pub name: Arc<str>,
    /// What values it can have.
    pub class: Class,
    /// True when it must be given to send the message: it has neither a constant nor a default.
    pub required: bool,
    /// The only value it can have.
    pub constant: Option<Value>,
    /// True when messages without it are messages of this kind too.
    pub optional: bool,
    /// The value that is sent when none is given.
    pub default: Option<DefaultValue>,
}

/// The value that is sent when none is given.
#[derive(Debug, Clone, PartialEq)]
pub enum DefaultValue {
    /// This one.
    Literal(Value),
    /// The sending actor's variable of this name, such as `name` for `$self.name`.
    Own(String),
}

impl Kind {
    /// Its name in the protocol file.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Where it is described.
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// For datagrams: the socket of a client that such messages come to, when the file says.
    pub fn comes_to(&self) -> Option<&Arc<str>> {
        self.comes_to.as_ref()
    }

    /// For datagrams: the socket of a client that such messages go out from, when the file says.
    pub fn goes_from(&self) -> Option<&Arc<str>> {
        self.goes_from.as_ref()
    }

    /// True when such messages go that way.
    pub fn goes(&self, direction: Direction) -> bool {
        self.shape(direction).is_some()
    }

    /// The fields of messages that go that way, in wire order; none when none go that way.
    pub fn fields(&self, direction: Direction) -> &[FieldInfo] {
        self.shape(direction).map_or(&[], |shape| &shape.fields)
    }

    /// The field of that name.
    pub fn field(&self, direction: Direction, name: &str) -> Option<&FieldInfo> {
        self.fields(direction)
            .iter()
            .find(|field| &*field.name == name)
    }

    /// The paths that a [`super::Bend`] can name.
    pub fn bendable(&self, direction: Direction) -> Vec<Arc<str>> {
        self.shape(direction)
            .map(Shape::bendable)
            .unwrap_or_default()
    }

    /// Brings a value of a scenario into the form that decoding gives, or says what is wrong.
    pub fn coerce(&self, direction: Direction, field: &str, value: Value) -> Result<Value, String> {
        self.known(direction, field)?.class.coerce(value)
    }

    /// Like [`Kind::coerce`] for a scalar as written: `007` for a text field stays `007`.
    pub fn coerce_scalar(
        &self,
        direction: Direction,
        field: &str,
        raw: &Scalar,
    ) -> Result<Value, String> {
        self.known(direction, field)?.class.coerce_scalar(raw)
    }

    /// The value for people: `0 (ok)` where a number has a name.
    pub fn show(&self, direction: Direction, field: &str, value: &Value) -> String {
        match self.field(direction, field) {
            Some(field) => field.class.show(value),
            None => value.to_string(),
        }
    }

    pub(super) fn shape(&self, direction: Direction) -> Option<&Shape> {
        match direction {
            Direction::ToServer => self.to_server.as_ref(),
            Direction::ToClient => self.to_client.as_ref(),
        }
    }

    fn known(&self, direction: Direction, name: &str) -> Result<&FieldInfo, String> {
        self.field(direction, name)
            .ok_or_else(|| self.no_such_field(direction, name))
    }

    /// One sentence about a field that messages of this kind do not have.
    pub(super) fn no_such_field(&self, direction: Direction, name: &str) -> String {
        let names: Vec<&str> = self.fields(direction).iter().map(|f| &*f.name).collect();
        let advice = match closest(name, names.iter().copied()) {
            _ if !self.goes(direction) => format!("it does not go {}", direction.word()),
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "it has no fields".to_owned(),
            None => format!("it has: {}", names.join(", ")),
        };
        format!("`{}` has no field `{name}`; {advice}", self.name)
    }
}

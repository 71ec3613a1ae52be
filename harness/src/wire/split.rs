//! Messages without a length, told apart by the field with which each begins.

use std::time::Duration;

use super::Codec;
use super::proto_read::{self, NoField};
use crate::scenario::parse_duration;
use crate::source::{Diagnostic, Diagnostics, Fields};

/// How long a stream rests behind a message where the protocol file does not say.
const DEFAULT_PAUSE: Duration = Duration::from_millis(200);

/// How messages without a length are told apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Split {
    /// The number of the field with which every message begins.
    pub(super) begins: u32,
    /// The rest that ends the last message.
    pub(super) pause: Duration,
}

/// What bytes are that follow a message without a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continued {
    /// The beginning of the next message.
    No,
    /// So many bytes that belong to the message before, and change nothing in it.
    By(usize),
    /// Something that belongs to the message before, and is not complete.
    Incomplete,
}

impl Split {
    /// Reads `split` of a protocol.
    pub(super) fn read(root: &Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Self> {
        let node = root.get("split")?;
        let fields = Fields::of(node, "`split`", diagnostics)?;
        let begins = fields.require("begins", diagnostics);
        let pause = fields.get("pause");
        fields.finish(diagnostics);
        let number = begins?
            .integer()
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| *number > 0);
        if let (None, Some(node)) = (number, begins) {
            let message = "`begins` is the number of the field that every message begins with";
            diagnostics.error(&node.span, message, "no field has it");
        }
        let time = pause.map_or(Some(DEFAULT_PAUSE), |node| {
            let time = node.text().and_then(parse_duration);
            time.filter(|time| !time.is_zero())
        });
        if let (None, Some(node)) = (time, pause) {
            let message = format!("`pause` is a time, this is {}", node.describe());
            let diagnostic = Diagnostic::error(message).at(&node.span, "not a time");
            diagnostics.add(diagnostic.help("such as `pause: 200ms`"));
        }
        Some(Self {
            begins: number?,
            pause: time?,
        })
    }
}

impl Codec {
    /// How long a stream has to rest until the last message has ended, for messages without a
    /// length; `None` when every message has an end of its own.
    pub fn pause(&self) -> Option<Duration> {
        self.split.map(|split| split.pause)
    }

    /// What bytes are that came less than [`Codec::pause`] after a message.
    pub fn continued(&self, bytes: &[u8]) -> Continued {
        let Some(split) = &self.split else {
            return Continued::No;
        };
        let mut at = 0;
        let incomplete = loop {
            match proto_read::field(bytes, at) {
                Ok(field) if field.number != split.begins => at = field.value.end,
                Err(NoField::Ended {
                    number: Some(number),
                    ..
                }) => break number != split.begins,
                _ => break false,
            }
        };
        match (at, incomplete) {
            (0, true) => Continued::Incomplete,
            (0, false) => Continued::No,
            (len, _) => Continued::By(len),
        }
    }
}

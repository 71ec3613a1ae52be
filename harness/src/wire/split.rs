//! Messages without a length, told apart by the field with which each begins, or by pauses alone.

use std::time::Duration;

use super::Codec;
use super::proto_read::{self, NoField};
use crate::scenario::parse_duration;
use crate::source::{Diagnostic, Diagnostics, Fields, Node};

/// How long a stream rests behind a message where the protocol file does not say.
const DEFAULT_PAUSE: Duration = Duration::from_millis(200);

/// How messages without a length are told apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Split {
    /// The number of the field with which every message begins; `None` when all that comes until the
    /// stream rests is one message.
    pub(super) begins: Option<u32>,
    /// The rest that ends a message that nothing follows.
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
        let begins = fields.get("begins");
        let pause = fields.get("pause");
        fields.finish(diagnostics);
        if begins.is_none() && pause.is_none() {
            let diagnostic = Diagnostic::error("`split` needs `begins` or `pause`");
            let diagnostic = diagnostic.at(&node.span, "neither is here");
            diagnostics.add(diagnostic.help("such as `split: { pause: 100ms }`"));
            return None;
        }
        let number = begins
            .and_then(Node::integer)
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
        (number.is_some() || begins.is_none()).then_some(Self {
            begins: number,
            pause: time?,
        })
    }

    /// Whether all that comes until the stream rests is one message.
    pub(super) fn is_by_pause(self) -> bool {
        self.begins.is_none()
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
        let Some(begins) = self.split.and_then(|split| split.begins) else {
            return Continued::No;
        };
        let mut at = 0;
        let incomplete = loop {
            match proto_read::field(bytes, at) {
                Ok(field) if field.number != begins => at = field.value.end,
                Err(NoField::Ended {
                    number: Some(number),
                    ..
                }) => break number != begins,
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

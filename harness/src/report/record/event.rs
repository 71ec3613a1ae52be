use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bounds::{Bounds, FEW_BYTES, cut};
use super::finding::{BytesRecord, SegmentRecord};
use crate::report::failure::in_words;
use crate::source::SourceFile;
use crate::transcript::{Bytes, Cause, Event, Transcript, Use, What};
use crate::wire::{Direction, Message, Segment};

/// One thing that happened, except for what the program printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventRecord {
    /// Its number within the scenario, from 1; output is counted too.
    pub number: usize,
    /// When, in microseconds from the start of the scenario.
    pub at_us: u64,
    /// Whose connection it was; missing for the program under test and remarks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What happened.
    pub kind: EventKind,
    /// Which way the bytes went in the protocol's terms: `c2s` or `s2c`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// What the bytes mean, when they are a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageRecord>,
    /// The bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<BytesRecord>,
    /// What became of a received message.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<Use>,
    /// Why something was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// What else there is to say: an address, the reason why bytes are no message, a status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The line of the step that did it or that consumed it, if it stands in the scenario's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// The kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// A connection is there; `text` names its other side.
    Connected,
    /// The harness wrote bytes; without `message` they are none as described.
    Sent,
    /// A whole message came.
    Received,
    /// Bytes came that are no message; `text` says where and why.
    Malformed,
    /// A message had begun and did not end; `text` says what is missing.
    Unfinished,
    /// The program under test ended the connection, `text` says how.
    Ended,
    /// The harness ended it or one half of it, `text` says how.
    Closed,
    /// Writing failed.
    WriteFailed,
    /// No connection could be made.
    ConnectFailed,
    /// The program under test was started.
    Started,
    /// A signal was sent to it.
    Signalled,
    /// It ended; `text` is its status.
    Exited,
    /// It was given `text` on its standard input.
    Typed,
    /// A remark of the harness.
    Note,
}

/// A message as its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageRecord {
    /// The kind's name in the protocol file.
    pub name: String,
    /// The fields in the order of the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldRecord>,
}

/// A field of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldRecord {
    /// Its name.
    pub name: String,
    /// Its value in words: text quoted and escaped, long values cut with their length.
    pub value: String,
}

/// A line that the program printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutputRecord {
    /// Its number among the events, from 1.
    pub number: usize,
    /// When, in microseconds from the start of the scenario.
    pub at_us: u64,
    /// On its standard error rather than on its standard output.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stderr: bool,
    /// The text as it came.
    pub text: String,
}

/// Says what bytes mean.
pub(super) type ExplainBytes<'a> = &'a dyn Fn(Direction, &[u8]) -> Vec<Segment>;

/// Makes records of the events of one scenario, as far as its bounds go.
pub(super) struct Events<'a> {
    pub(super) bounds: Bounds,
    pub(super) file: &'a SourceFile,
    pub(super) explain: ExplainBytes<'a>,
    pub(super) bytes: usize,
    pub(super) segments: usize,
}

impl Events<'_> {
    /// The events without output, and how many of them are not recorded.
    pub(super) fn events(&mut self, transcript: &Transcript) -> (Vec<EventRecord>, usize) {
        let is_shown = |event: &&Event| !matches!(event.what, What::Output { .. });
        let all = transcript.events().filter(is_shown).count();
        let most = self.bounds.events;
        let events: Vec<EventRecord> = transcript
            .events()
            .filter(is_shown)
            .take(most)
            .map(|event| self.event(event))
            .collect();
        let dropped = transcript.dropped() + all - events.len();
        (events, dropped)
    }

    fn event(&mut self, event: &Event) -> EventRecord {
        let mut record = EventRecord {
            number: event.number,
            at_us: microseconds(event.at),
            actor: event.actor.as_deref().map(str::to_owned),
            kind: EventKind::Note,
            direction: None,
            message: None,
            bytes: None,
            use_: None,
            cause: None,
            text: None,
            line: event.step.as_ref().and_then(|step| {
                let here = step.file.path == self.file.path;
                here.then_some(step.line)
            }),
        };
        self.fill(&mut record, &event.what);
        record
    }

    fn fill(&mut self, record: &mut EventRecord, what: &What) {
        let (kind, wire, text) = match what {
            What::Sent {
                direction,
                message,
                bytes,
                cause,
            } => {
                record.cause = Some(*cause);
                record.message = message.as_ref().map(|message| self.message(message));
                (EventKind::Sent, Some((direction, bytes)), None)
            }
            What::Received {
                direction,
                message,
                bytes,
                use_,
            } => {
                record.use_ = Some(*use_);
                record.message = Some(self.message(message));
                (EventKind::Received, Some((direction, bytes)), None)
            }
            What::Malformed {
                direction,
                bytes,
                reason,
            } => (EventKind::Malformed, Some((direction, bytes)), Some(reason)),
            What::Unfinished {
                direction,
                bytes,
                missing,
            } => (
                EventKind::Unfinished,
                Some((direction, bytes)),
                Some(missing),
            ),
            What::Typed(text) => (EventKind::Typed, None, Some(text)),
            other => (plain_kind(other), None, None),
        };
        record.kind = kind;
        if let Some((direction, bytes)) = wire {
            record.direction = Some(*direction);
            record.bytes = Some(self.bytes(*direction, bytes));
        }
        record.text = match (text, record.bytes.is_some()) {
            (Some(text), _) => Some(cut(text, self.bounds.text)),
            (None, true) => None,
            (None, false) => Some(cut(&in_words(what), self.bounds.text)),
        };
    }

    fn message(&self, message: &Message) -> MessageRecord {
        let value = |value: &crate::wire::Value| {
            if self.bounds.long_values {
                format!("{value:#}")
            } else {
                value.to_string()
            }
        };
        MessageRecord {
            name: message.kind.to_string(),
            fields: (message.fields.iter())
                .map(|(name, field)| FieldRecord {
                    name: name.to_string(),
                    value: cut(&value(field), self.bounds.text),
                })
                .collect(),
        }
    }

    fn bytes(&mut self, direction: Direction, bytes: &Bytes) -> BytesRecord {
        let kept = bytes.kept.len().min(self.bounds.bytes);
        let most = if self.bytes + kept > self.bounds.all_bytes {
            FEW_BYTES
        } else {
            self.bounds.bytes
        };
        self.bytes += kept.min(most);
        let mut record = BytesRecord::new(bytes, most);
        let whole = bytes.total <= most;
        if whole && bytes.total > 0 && self.segments < self.bounds.segments {
            let left = self.bounds.segments - self.segments;
            let segments = (self.explain)(direction, &bytes.kept);
            record.segments = segments
                .iter()
                .take(left)
                .map(SegmentRecord::from)
                .collect();
            self.segments += record.segments.len();
        }
        record
    }
}

fn plain_kind(what: &What) -> EventKind {
    match what {
        What::Connected { .. } => EventKind::Connected,
        What::Sent { .. } => EventKind::Sent,
        What::Received { .. } => EventKind::Received,
        What::Malformed { .. } => EventKind::Malformed,
        What::Unfinished { .. } => EventKind::Unfinished,
        What::Ended(_) => EventKind::Ended,
        What::Closed(_) => EventKind::Closed,
        What::WriteFailed(_) => EventKind::WriteFailed,
        What::ConnectFailed(_) => EventKind::ConnectFailed,
        What::Started { .. } => EventKind::Started,
        What::Signalled { .. } => EventKind::Signalled,
        What::Exited { .. } => EventKind::Exited,
        What::Typed(_) => EventKind::Typed,
        What::Output { .. } | What::Note(_) => EventKind::Note,
    }
}

/// The last lines that the program printed, and how many before them are not recorded.
pub(super) fn output(transcript: &Transcript, bounds: &Bounds) -> (Vec<OutputRecord>, usize) {
    let lines = || {
        transcript.events().filter_map(|event| match &event.what {
            What::Output { stderr, text } => Some((event, *stderr, text)),
            _ => None,
        })
    };
    let dropped = lines().count().saturating_sub(bounds.output);
    let record = |(event, stderr, text): (&Event, bool, &String)| OutputRecord {
        number: event.number,
        at_us: microseconds(event.at),
        stderr,
        text: cut(text, bounds.text),
    };
    (lines().skip(dropped).map(record).collect(), dropped)
}

fn microseconds(time: Duration) -> u64 {
    time.as_micros().try_into().unwrap_or(u64::MAX)
}

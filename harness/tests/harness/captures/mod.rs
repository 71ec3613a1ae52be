//! The bytes that public chat programs were recorded with: the descriptions cover them all, and
//! the reference servers answer them in the same forms.

mod bcp;
mod chatapp;
mod chatbooth;
mod recording;
mod replay;
mod wireproto;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use harness::plan::{Selection, load};
use harness::source::Diagnostics;
use harness::wire::{Codec, Direction, Message, Value};

use crate::program::repository;
use crate::server::Server;
use recording::{Happened, Heard, Recording, recordings};
use replay::{Awaited, Replay};

/// How a protocol's description reads bytes.
fn codec(protocol: &str, dialect: Option<&str>) -> Arc<Codec> {
    let selection = Selection {
        paths: vec![repository().join("scenarios").join(protocol)],
        dialect: dialect.map(str::to_owned),
        ..Selection::default()
    };
    let mut diagnostics = Diagnostics::default();
    let suites = load(&selection, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.to_plain_text());
    Arc::clone(&suites[0].protocol.codec)
}

/// A program that was recorded.
struct Program {
    /// The folder of its recordings.
    folder: &'static str,
    protocol: &'static str,
    dialect: Option<&'static str>,
    /// The kinds that no recording has.
    unseen: &'static [&'static str],
    /// What its server made up in an answer, for clients to send it back.
    token: fn(&Message) -> Option<Vec<u8>>,
    /// Whether our server closes behind this message, other than the recorded one.
    is_last: fn(&Message) -> bool,
    /// A message as far as a server has no choice, after what was sent to it in the recording.
    form: fn(&Message, &[Message]) -> String,
    /// Where our server keeps a rule that the recorded one broke.
    instead: &'static [Instead],
}

/// What our server answers in the place of recorded answers.
struct Instead {
    recording: &'static str,
    connection: &'static str,
    /// The place of the first of them among all that came on this connection.
    at: usize,
    /// The forms of the recorded answers. None at the end of the connection: the last request was
    /// not answered.
    recorded: &'static [&'static str],
    ours: &'static [&'static str],
}

impl Program {
    fn codec(&self) -> Arc<Codec> {
        codec(self.protocol, self.dialect)
    }

    /// Every byte belongs to a message, and every kind of message is among them.
    fn is_described(&self) {
        let codec = self.codec();
        let recordings = recordings(self.folder);
        let mut seen: BTreeSet<Arc<str>> = BTreeSet::new();
        for recording in &recordings {
            for direction in [Direction::ToServer, Direction::ToClient] {
                let heard = recording.messages(&codec, direction);
                let kinds = heard
                    .into_values()
                    .flatten()
                    .map(|heard| heard.message.kind);
                seen.extend(kinds);
            }
        }
        if recordings.is_empty() {
            return;
        }
        for kind in codec.kinds() {
            let name = &**kind.name();
            let expected = !self.unseen.contains(&name);
            assert_eq!(seen.contains(name), expected, "{name} is among {seen:?}");
        }
    }

    /// A server that is sent what clients sent then says what was said then.
    fn is_answered_in_the_recorded_form(&self) {
        let codec = self.codec();
        for recording in recordings(self.folder) {
            let said = recording.messages(&codec, Direction::ToServer);
            let said: Vec<Message> = said
                .into_values()
                .flatten()
                .map(|heard| heard.message)
                .collect();
            let mut expected = BTreeMap::new();
            let mut awaited = BTreeMap::new();
            for (connection, heard) in recording.messages(&codec, Direction::ToClient) {
                let (forms, waits) = self.expected(&recording, &connection, &heard, &said);
                expected.insert(connection.clone(), forms);
                awaited.insert(connection, waits);
            }
            let replay = Replay {
                codec: &codec,
                recording: &recording,
                awaited,
                token: self.token,
                is_last: self.is_last,
            };
            let server = Server::start(self.protocol, self.dialect);
            for (connection, received) in replay.against(&server) {
                let forms: Vec<String> =
                    received.iter().map(|got| (self.form)(got, &said)).collect();
                let name = &recording.name;
                assert_eq!(forms, expected[&connection], "{name}, {connection}");
            }
        }
    }

    /// The forms that our server is to give on a connection, and what is waited for on it.
    fn expected(
        &self,
        recording: &Recording,
        connection: &str,
        heard: &[Heard],
        said: &[Message],
    ) -> (Vec<String>, Vec<Awaited>) {
        let mut forms: Vec<String> = heard
            .iter()
            .map(|heard| (self.form)(&heard.message, said))
            .collect();
        let mut lines: Vec<usize> = heard.iter().map(|heard| heard.line).collect();
        let mut tokens: Vec<Option<Vec<u8>>> = heard
            .iter()
            .map(|heard| (self.token)(&heard.message))
            .collect();
        let here =
            |other: &&Instead| other.recording == recording.name && other.connection == connection;
        for other in self.instead.iter().filter(here) {
            let range = other.at..other.at + other.recorded.len();
            assert_eq!(forms[range.clone()], *other.recorded, "{}", recording.name);
            let line = |index: usize| match other.recorded.len() {
                0 => last_sent(recording, connection),
                count => lines[other.at + index.min(count - 1)],
            };
            let count = other.ours.len();
            let new: Vec<usize> = (0..count).map(line).collect();
            lines.splice(range.clone(), new);
            forms.splice(range.clone(), other.ours.iter().map(ToString::to_string));
            tokens.splice(range, std::iter::repeat_n(None, count));
        }
        let awaited = lines.into_iter().zip(tokens);
        let awaited = awaited.map(|(line, token)| Awaited { line, token });
        (forms, awaited.collect())
    }
}

/// The line of the last bytes that a client sent.
fn last_sent(recording: &Recording, connection: &str) -> usize {
    let sent = recording.lines.iter().rposition(|line| {
        line.connection == connection && matches!(line.what, Happened::Sent(Direction::ToServer, _))
    });
    sent.unwrap()
}

/// A message in full: its kind and its values.
fn in_full(message: &Message) -> String {
    let mut shown = message.kind.to_string();
    for (_, value) in &message.fields {
        shown.push(' ');
        match value {
            Value::Text(text) => shown.push_str(text),
            other => shown.push_str(&format!("{other:?}")),
        }
    }
    shown
}

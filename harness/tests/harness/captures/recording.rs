//! What was recorded: who did what on which connection, and when.

use std::collections::BTreeMap;

use harness::wire::{Codec, Decoded, Direction, Message};

use crate::program::repository;

/// What happened on one connection at one moment.
pub(crate) struct Line {
    /// Milliseconds since the recording began.
    pub at: f64,
    pub connection: String,
    pub what: Happened,
}

pub(crate) enum Happened {
    Opened,
    Sent(Direction, Vec<u8>),
    /// By whichever side and however.
    Closed,
}

/// One file.
pub(crate) struct Recording {
    /// The name of the file without its ending.
    pub name: String,
    pub lines: Vec<Line>,
}

/// A message, and the place of the line that ended it.
pub(crate) struct Heard {
    pub line: usize,
    pub message: Message,
}

/// All recordings of a program; none, and a word about it, where they have not been put beside the
/// repository.
pub(crate) fn recordings(folder: &str) -> Vec<Recording> {
    let folder = repository().join("../shared/captures").join(folder);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: {} is not there", folder.display());
        return Vec::new();
    };
    let mut recordings: Vec<Recording> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .map(|path| Recording {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            lines: std::fs::read_to_string(&path)
                .unwrap()
                .lines()
                .map(line)
                .collect(),
        })
        .collect();
    recordings.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(!recordings.is_empty());
    recordings
}

fn line(json: &str) -> Line {
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    let text = |key: &str| json[key].as_str().unwrap();
    let bytes = || bytes(text("hex"));
    Line {
        at: json["t_ms"].as_f64().unwrap(),
        connection: text("conn").to_owned(),
        what: match text("dir") {
            "open" => Happened::Opened,
            "c2s" => Happened::Sent(Direction::ToServer, bytes()),
            "s2c" => Happened::Sent(Direction::ToClient, bytes()),
            "close" | "reset" => Happened::Closed,
            other => panic!("{other} is not known"),
        },
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex
        .chars()
        .map(|digit| digit.to_digit(16).unwrap())
        .collect();
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap())
        .collect()
}

impl Recording {
    /// The messages that went one way on each connection, of which no byte is left over. Where they
    /// have no length, each line is taken for the end of one.
    pub(crate) fn messages(
        &self,
        codec: &Codec,
        direction: Direction,
    ) -> BTreeMap<String, Vec<Heard>> {
        let mut pending: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
        let mut heard: BTreeMap<String, Vec<Heard>> = BTreeMap::new();
        for (at, line) in self.lines.iter().enumerate() {
            let messages = heard.entry(line.connection.clone()).or_default();
            if let Happened::Sent(way, bytes) = &line.what
                && *way == direction
            {
                let stream = pending.entry(&line.connection).or_default();
                stream.extend(bytes);
                let whole = take(codec, direction, stream).into_iter();
                messages.extend(whole.map(|message| Heard { line: at, message }));
            }
        }
        for (connection, rest) in pending {
            let name = &self.name;
            assert!(rest.is_empty(), "{name}, {connection}: {rest:02x?} is left");
        }
        heard
    }

    /// All that clients sent on a connection.
    pub(crate) fn sent(&self, connection: &str) -> Vec<u8> {
        let own = self.lines.iter().filter(|l| l.connection == connection);
        own.filter_map(|line| match &line.what {
            Happened::Sent(Direction::ToServer, bytes) => Some(bytes.as_slice()),
            _ => None,
        })
        .collect::<Vec<_>>()
        .concat()
    }
}

/// Takes whole messages off the front of what has come; behind it nothing comes for a while.
pub(crate) fn take(codec: &Codec, direction: Direction, pending: &mut Vec<u8>) -> Vec<Message> {
    let mut messages = Vec::new();
    while !pending.is_empty() {
        let decoded = match codec.pause() {
            Some(_) => codec.decode_rested(direction, pending),
            None => codec.decode(direction, pending),
        };
        match decoded {
            Decoded::Message { message, len } => {
                messages.push(message);
                pending.drain(..len);
            }
            Decoded::More { .. } => break,
            Decoded::Malformed(malformed) => panic!("{malformed:?} in {pending:02x?}"),
        }
    }
    messages
}

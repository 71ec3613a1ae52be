//! Spoilt messages of every protocol in every dialect that comes with the harness: its decoder
//! neither panics nor depends on how a stream was cut. `FUZZ_ITERATIONS` makes it run longer,
//! `FUZZ_SEED` begins elsewhere.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "what fails here fails the test, and says how to try it again"
)]

#[path = "../../../reference-codecs/tests/fuzz/mutator.rs"]
mod mutator;

use std::path::Path;

use harness::plan::{Selection, describe};
use harness::protocol::Transport;
use harness::source::Diagnostics;
use harness::wire::{Codec, Continued, Decoded, Direction, EncodeError, Message};

use mutator::{Case, fuzz};

/// How many cases each way of each dialect is tried on unless `FUZZ_ITERATIONS` says so.
const ITERATIONS: u64 = 400;

/// The most bytes that are said about a message that is none.
const TALK: usize = 2000;

const WAYS: [Direction; 2] = [Direction::ToServer, Direction::ToClient];

#[test]
fn every_protocol_in_every_dialect() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let selection = Selection {
        paths: vec![repository.join("scenarios")],
        ..Selection::default()
    };
    let mut diagnostics = Diagnostics::default();
    let protocols = describe(&selection, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.to_plain_text());
    assert!(!protocols.is_empty());
    for described in protocols.iter().flatten() {
        for way in WAYS {
            let (name, dialect) = (&described.plan.name, &described.plan.dialect);
            let target = format!("{name} {dialect} {}", way.word());
            codec(
                &target,
                &described.plan.codec,
                way,
                described.plan.transport,
            );
        }
    }
}

/// Tries one way of a protocol in one dialect.
fn codec(target: &str, codec: &Codec, way: Direction, transport: Transport) {
    let valid: Vec<Vec<u8>> = codec
        .examples()
        .filter(|(sent, _)| *sent == way)
        .map(|(_, bytes)| bytes.to_vec())
        .collect();
    fuzz(target, ITERATIONS, &valid, |case| {
        for way in WAYS {
            is_explained(codec, way, &case.bytes);
        }
        match transport {
            Transport::Tcp => stream(codec, way, case),
            Transport::Udp => datagram(codec, way, case),
        }
    });
}

fn stream(codec: &Codec, way: Direction, case: &Case) {
    let (messages, end) = read(codec, way, [case.bytes.as_slice()]);
    let pieces = read(codec, way, case.pieces());
    // A message without a length is taken as soon as it says all that is described, whatever it
    // would have been with what comes next.
    let has_ends = codec.pause().is_none();
    if has_ends || case.valid.is_some() {
        assert_eq!(pieces.0, messages, "cut into pieces");
        assert_eq!(pieces.1, end, "cut into pieces");
    }
    if let Some(count) = case.valid {
        assert_eq!((messages.len(), end), (count, End::Left(0)), "valid ones");
    }
    if has_ends {
        beginnings_need_more(codec, way, case);
    }
    for message in &messages {
        comes_back(codec, way, message);
    }
}

fn datagram(codec: &Codec, way: Direction, case: &Case) {
    match codec.decode_datagram(way, &case.bytes) {
        Decoded::Message { message, len } => {
            assert_eq!(len, case.bytes.len());
            comes_back(codec, way, &message);
        }
        Decoded::Malformed(malformed) => {
            assert!(malformed.to_string().len() < TALK, "{malformed}");
            assert_ne!(case.valid, Some(1), "{malformed}");
        }
        more @ Decoded::More { .. } => panic!("nothing comes behind a datagram: {more:?}"),
    }
}

/// How a stream ends.
#[derive(Debug, PartialEq)]
enum End {
    /// With so many bytes of an unfinished message.
    Left(usize),
    /// With bytes that are no message.
    Malformed,
}

/// The messages of a stream that comes in these pieces, and then rests.
fn read<'a>(
    codec: &Codec,
    way: Direction,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Message>, End) {
    let mut messages = Vec::new();
    let mut pending = Vec::new();
    for piece in pieces {
        pending.extend(piece);
        let end = take(codec, &mut pending, &mut messages, |bytes| {
            codec.decode(way, bytes)
        });
        if end == End::Malformed {
            return (messages, end);
        }
    }
    let end = take(codec, &mut pending, &mut messages, |bytes| {
        rested(codec, way, bytes)
    });
    (messages, end)
}

/// Takes whole messages off the front of what has come.
fn take(
    codec: &Codec,
    pending: &mut Vec<u8>,
    messages: &mut Vec<Message>,
    decode: impl Fn(&[u8]) -> Decoded,
) -> End {
    while !pending.is_empty() {
        if !messages.is_empty() {
            match codec.continued(pending) {
                Continued::No => {}
                Continued::By(len) => {
                    drop(pending.drain(..len));
                    continue;
                }
                Continued::Incomplete => break,
            }
        }
        match decode(pending) {
            Decoded::Message { message, len } => {
                messages.push(message);
                drop(pending.drain(..len));
            }
            Decoded::More { missing } => {
                assert!(missing.len() < TALK, "{missing}");
                break;
            }
            Decoded::Malformed(malformed) => {
                assert!(malformed.to_string().len() < TALK, "{malformed}");
                return End::Malformed;
            }
        }
    }
    End::Left(pending.len())
}

/// What bytes are behind which nothing comes for a while.
fn rested(codec: &Codec, way: Direction, bytes: &[u8]) -> Decoded {
    match codec.pause() {
        Some(_) => codec.decode_rested(way, bytes),
        None => codec.decode(way, bytes),
    }
}

/// Each byte has one meaning, or a complaint.
fn is_explained(codec: &Codec, way: Direction, bytes: &[u8]) {
    let is_whole = matches!(codec.decode(way, bytes), Decoded::Message { .. });
    let mut at = 0;
    for segment in codec.explain(way, bytes) {
        assert_eq!(segment.range.start, at, "{segment:?}");
        assert!(segment.range.end <= bytes.len(), "{segment:?}");
        assert!(!is_whole || segment.problem.is_none(), "{segment:?}");
        at = segment.range.end;
    }
    assert_eq!(at, bytes.len());
}

/// What the beginning of a message is, it stays when the rest has come.
fn beginnings_need_more(codec: &Codec, way: Direction, case: &Case) {
    let whole = codec.decode(way, &case.bytes);
    for beginning in case.beginnings() {
        match codec.decode(way, beginning) {
            Decoded::More { .. } => {}
            Decoded::Malformed(malformed) => assert!(
                matches!(whole, Decoded::Malformed(_)),
                "{malformed} in {beginning:02x?}, then {whole:?}"
            ),
            message @ Decoded::Message { .. } => assert_eq!(message, whole, "{beginning:02x?}"),
        }
    }
}

/// What was read can be sent and is read again.
fn comes_back(codec: &Codec, way: Direction, message: &Message) {
    let fields = message.fields.iter();
    let fields = fields.map(|(name, value)| (&**name, value.clone()));
    let kind = codec.kind(&message.kind).unwrap();
    let absent: Vec<&str> = kind
        .fields(way)
        .iter()
        .filter(|field| message.field(&field.name).is_none())
        .map(|field| &*field.name)
        .collect();
    let encoded =
        codec.encode_and_read(way, &message.kind, fields.collect(), &absent, &[], &|_| {
            None
        });
    let (bytes, read) = match encoded {
        Ok(encoded) => encoded,
        Err(EncodeError::NotRepresentable { .. }) => return,
        Err(error) => panic!("{message:?}: {error}"),
    };
    // Empty fields are not written in Protocol Buffers, not even the one that begins a message.
    if codec.pause().is_some() && (bytes.is_empty() || codec.continued(&bytes) != Continued::No) {
        return;
    }
    let len = bytes.len();
    let message = message.clone();
    assert_eq!(read.as_ref(), Some(&message));
    assert_eq!(
        rested(codec, way, &bytes),
        Decoded::Message { message, len }
    );
}

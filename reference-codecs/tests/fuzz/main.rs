//! Spoilt messages: no codec panics, waits for more than its limit, or depends on how a stream was
//! cut. `FUZZ_ITERATIONS` makes it run longer, `FUZZ_SEED` begins elsewhere.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "what fails here fails the test, and says how to try it again"
)]

mod mutator;

use std::fmt::Debug;

use mutator::{Case, fuzz};
use reference_codecs::{Decode, Decoded, Decoder, EncodeError, Malformed, Reason};
use reference_codecs::{bcp, chatbooth, csc328};

/// How many cases each codec is tried on unless `FUZZ_ITERATIONS` says so.
const ITERATIONS: u64 = 4000;

/// The limit in bytes that the decoders are given, less than a case can have.
const LIMIT: usize = 2000;

/// Tries one way of a codec, whose dialect can carry all these messages.
fn codec<M>(
    target: &str,
    dialect: M::Dialect,
    messages: &[M],
    encode: impl Fn(&M, &mut Vec<u8>) -> Result<(), EncodeError>,
) where
    M: Decode + Debug + PartialEq,
{
    let valid = messages.iter().map(|message| {
        let mut bytes = Vec::new();
        encode(message, &mut bytes).unwrap();
        bytes
    });
    let valid: Vec<Vec<u8>> = valid.collect();
    fuzz(target, ITERATIONS, &valid, |case| {
        let whole = read::<M>([case.bytes.as_slice()], dialect);
        let pieces = read::<M>(case.pieces(), dialect);
        assert_eq!(pieces.0, whole.0, "cut into pieces");
        is_the_same_end(&pieces.1, &whole.1);
        if case.is_valid {
            assert_eq!(whole.1, Ok(0), "of valid messages");
        }
        beginnings_need_more::<M>(case, dialect);
        for message in &whole.0 {
            comes_back(message, dialect, &encode);
        }
    });
}

/// The messages of a stream that comes in these pieces, and how many bytes are left.
fn read<'a, M: Decode>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    dialect: M::Dialect,
) -> (Vec<M>, Result<usize, Malformed>) {
    let mut decoder = Decoder::with_limit(dialect, LIMIT);
    let mut messages = Vec::new();
    let mut end = Ok(0);
    for piece in pieces {
        decoder.feed(piece);
        end = loop {
            match decoder.next_message() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break Ok(decoder.pending()),
                Err(malformed) => break Err(malformed),
            }
        };
        let held = if end.is_ok() { LIMIT } else { 0 };
        assert!(decoder.pending() <= held, "{} are kept", decoder.pending());
    }
    (messages, end)
}

/// What is too long is refused as soon as that is known, whatever else may be wrong with it.
fn is_the_same_end(pieces: &Result<usize, Malformed>, whole: &Result<usize, Malformed>) {
    let too_long = |end: &Result<usize, Malformed>| matches!(end, Err(error) if matches!(error.reason, Reason::TooLong { .. }));
    if too_long(pieces) || too_long(whole) {
        assert!(pieces.is_err() && whole.is_err(), "{pieces:?}, {whole:?}");
    } else {
        assert_eq!(pieces, whole);
    }
}

/// What the beginning of a message promises, the rest keeps.
fn beginnings_need_more<M>(case: &Case, dialect: M::Dialect)
where
    M: Decode + Debug + PartialEq,
{
    let whole = M::decode(&case.bytes, dialect);
    for beginning in case.beginnings() {
        let Ok(Decoded::Incomplete { needed }) = M::decode(beginning, dialect) else {
            assert_eq!(M::decode(beginning, dialect), whole, "{beginning:02x?}");
            continue;
        };
        assert!(needed >= 1, "{beginning:02x?}");
        let least = beginning.len().saturating_add(needed);
        match &whole {
            Ok(Decoded::Message { len, .. }) => assert!(least <= *len, "{least} of {len}"),
            Ok(Decoded::Incomplete { needed }) => {
                let known = case.bytes.len().saturating_add(*needed);
                assert!(least <= known, "{least} of {known}");
            }
            Err(_) => {}
        }
    }
}

/// What was read can be written and is read again.
fn comes_back<M>(
    message: &M,
    dialect: M::Dialect,
    encode: impl Fn(&M, &mut Vec<u8>) -> Result<(), EncodeError>,
) where
    M: Decode + Debug + PartialEq,
{
    let mut bytes = Vec::new();
    encode(message, &mut bytes).unwrap_or_else(|error| panic!("{message:?}: {error}"));
    match M::decode(&bytes, dialect) {
        Ok(Decoded::Message { message: back, len }) => {
            assert_eq!(back, *message);
            assert_eq!(len, bytes.len());
        }
        other => panic!("{message:?} comes back as {other:?}"),
    }
}

fn text(text: &str) -> Vec<u8> {
    text.into()
}

#[test]
fn bcp_in_both_dialects() {
    use bcp::{ClientMessage, Dialect, ServerMessage};
    for dialect in Dialect::ALL {
        let client = [
            ClientMessage::Register {
                username: text("alice"),
            },
            ClientMessage::Send {
                message: text("héllo \0 all\n"),
            },
            ClientMessage::Send {
                message: vec![b'z'; 300],
            },
            ClientMessage::Status {
                code: 7,
                message: Vec::new(),
            },
            ClientMessage::ack(),
        ];
        let server = [
            ServerMessage::Notice {
                message: text("bob has joined"),
            },
            ServerMessage::Deliver {
                from: text("bob"),
                message: text("hi"),
            },
            ServerMessage::Deliver {
                from: Vec::new(),
                message: vec![0; 260],
            },
            ServerMessage::Status {
                code: 1,
                message: text("no such name"),
            },
        ];
        codec(
            &format!("bcp {dialect} c2s"),
            dialect,
            &client,
            |message, out| message.encode(dialect, out),
        );
        codec(
            &format!("bcp {dialect} s2c"),
            dialect,
            &server,
            |message, out| message.encode(dialect, out),
        );
    }
}

#[test]
fn chatbooth_with_and_without_a_limit() {
    use chatbooth::{BodyLimit, ClientMessage, ServerMessage, Token};
    let token = Token(*b"0123456789abcdef");
    let user = || text("alice");
    let client = [
        ClientMessage::authenticate("alice", "p:w"),
        ClientMessage::List {
            pattern: chatbooth::ALL.to_vec(),
            token,
        },
        ClientMessage::send("bob", &"z".repeat(80), token),
        ClientMessage::Deliver {
            user: user(),
            token,
        },
        ClientMessage::Delete {
            user: user(),
            token,
        },
    ];
    let server = [
        ServerMessage::error(),
        ServerMessage::done(),
        ServerMessage::token(token),
        ServerMessage::Message { text: text("hi\n") },
        ServerMessage::Message {
            text: vec![0xff; 90],
        },
    ];
    for limit in [BodyLimit::NONE, BodyLimit(100)] {
        let size = limit.0;
        codec(
            &format!("chatbooth up to {size} c2s"),
            limit,
            &client,
            |message, out| message.encode(limit, out),
        );
        codec(
            &format!("chatbooth up to {size} s2c"),
            limit,
            &server,
            |message, out| message.encode(limit, out),
        );
    }
}

#[test]
fn csc328_in_all_dialects() {
    use csc328::{ClientMessage, Dialect, ServerMessage};
    let client = [
        ClientMessage::Nick {
            name: text("alice"),
        },
        ClientMessage::Chat {
            claimed: Vec::new(),
            text: text("hi: \"there\" é"),
        },
        ClientMessage::Chat {
            claimed: Vec::new(),
            text: text("hi\r"),
        },
        ClientMessage::Chat {
            claimed: Vec::new(),
            text: vec![b'z'; 300],
        },
        ClientMessage::Bye,
    ];
    let server = [
        ServerMessage::Hello,
        ServerMessage::Ready,
        ServerMessage::Retry,
        ServerMessage::Broadcast {
            from: text("bob"),
            text: text("hi: \\ there"),
        },
        ServerMessage::Shutdown { seconds: 5 },
        ServerMessage::Notice {
            text: text("bob is here"),
        },
        ServerMessage::Bye,
    ];
    for dialect in Dialect::ALL {
        codec(
            &format!("csc328 {dialect} c2s"),
            dialect,
            &client,
            |message, out| message.encode(dialect, out),
        );
        codec(
            &format!("csc328 {dialect} s2c"),
            dialect,
            &server,
            |message, out| message.encode(dialect, 7, out),
        );
    }
}

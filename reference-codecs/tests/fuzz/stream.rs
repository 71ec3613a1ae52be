//! What holds for every codec of a byte stream.

use std::fmt::Debug;

use crate::mutator::{Case, fuzz};
use reference_codecs::{Decode, Decoded, Decoder, EncodeError, Malformed, Reason};

/// The limit in bytes that the decoders are given, less than a case can have.
const LIMIT: usize = 2000;

/// Tries one way of a codec, whose dialect can carry all these messages.
pub(crate) fn codec<M>(
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
    fuzz(target, crate::ITERATIONS, &valid, |case| {
        let whole = read::<M>([case.bytes.as_slice()], dialect);
        let pieces = read::<M>(case.pieces(), dialect);
        assert_eq!(pieces.0, whole.0, "cut into pieces");
        is_the_same_end(&pieces.1, &whole.1);
        if let Some(count) = case.valid {
            assert_eq!((whole.0.len(), &whole.1), (count, &Ok(0)), "valid messages");
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

//! What the tests of every codec need.

use crate::decode::{Decode, Decoded, Decoder};

/// The bytes that `text` spells; white space is for the reader.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|digit| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap())
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// Whole messages come back from a stream that was cut into pieces of `chunk` bytes.
pub(crate) fn through_a_stream<M: Decode>(
    bytes: &[u8],
    chunk: usize,
    dialect: M::Dialect,
) -> Vec<M> {
    let mut decoder = Decoder::new(dialect);
    let mut messages = Vec::new();
    for piece in bytes.chunks(chunk) {
        decoder.feed(piece);
        while let Some(message) = decoder.next_message().unwrap() {
            messages.push(message);
        }
    }
    assert_eq!(decoder.pending(), 0);
    messages
}

/// Whether the first `len` bytes of a message ask for more, but not for more than there is.
pub(crate) fn needs_more<M: Decode>(message: &[u8], len: usize, dialect: M::Dialect) -> bool {
    match M::decode(&message[..len], dialect) {
        Ok(Decoded::Incomplete { needed }) => (1..=message.len() - len).contains(&needed),
        _ => false,
    }
}

/// The bytes decode into the message without a remainder and the message encodes into the bytes.
macro_rules! golden {
    ($dialect:expr, $type:ty, $hex:expr, $message:expr) => {{
        let (bytes, message): (Vec<u8>, $type) = (hex($hex), $message);
        let whole = $crate::decode::Decoded::Message {
            message: message.clone(),
            len: bytes.len(),
        };
        assert_eq!(
            <$type as $crate::decode::Decode>::decode(&bytes, $dialect),
            Ok(whole),
            "decoding {}",
            $hex
        );
        let mut encoded = Vec::new();
        message.encode($dialect, &mut encoded).unwrap();
        assert_eq!(encoded, bytes, "encoding {message:?}");
    }};
}
pub(crate) use golden;

//! wireproto: fields of Protocol Buffers, and messages of them.

use std::fmt::Debug;

use reference_codecs::wireproto::{
    Action, ClientMessage, Field, Message, Messages, Outcome, ServerMessage,
};
use reference_codecs::{Decoder, Malformed};

use crate::ITERATIONS;
use crate::mutator::{Case, fuzz};
use crate::stream::codec;

/// The longest message in bytes that is put together, less than a case can have.
const LIMIT: usize = 500;

fn requests() -> Vec<Vec<u8>> {
    let odd = ClientMessage {
        sender: "é".repeat(40),
        opcode: -1,
        ..ClientMessage::send("bob", "hi")
    };
    [
        ClientMessage::new(Action::Create, "alice"),
        ClientMessage::send("bob", &"z".repeat(300)),
        ClientMessage::new(Action::Check, ""),
        odd,
    ]
    .map(|message| message.to_bytes())
    .to_vec()
}

fn answers() -> Vec<Vec<u8>> {
    [
        ServerMessage::new(Outcome::Created, "created"),
        ServerMessage::new(Outcome::Unread, ""),
        ServerMessage::new(Outcome::Push, "bob:hi\n"),
    ]
    .map(|message| message.to_bytes())
    .to_vec()
}

#[test]
fn fields() {
    let mut decoder = Decoder::<Field>::new(());
    for bytes in requests() {
        decoder.feed(&bytes);
    }
    decoder.feed(b"\x0912345678\x35\x01\x02\x03\x04\xf8\x07\x80\x01");
    let fields: Vec<Field> = std::iter::from_fn(|| decoder.next_message().unwrap()).collect();
    codec("wireproto fields", (), &fields, |field, out| {
        out.extend(&field.bytes);
        Ok(())
    });
}

#[test]
fn messages() {
    fuzz("wireproto c2s", ITERATIONS, &requests(), |case| {
        messages_of(case, ClientMessage::to_bytes);
    });
    fuzz("wireproto s2c", ITERATIONS, &answers(), |case| {
        messages_of(case, ServerMessage::to_bytes);
    });
}

fn messages_of<M>(case: &Case, encode: impl Fn(&M) -> Vec<u8>)
where
    M: Message + Clone + PartialEq + Debug,
{
    let whole = read::<M>([case.bytes.as_slice()], false);
    assert_eq!(read(case.pieces(), false), whole, "cut into pieces");
    read::<M>(case.pieces(), true);
    if let Some(count) = case.valid {
        assert_eq!(whole.len(), count);
        assert!(whole.iter().all(Result::is_ok), "{whole:?}");
    }
    for message in whole.into_iter().flatten() {
        let bytes = encode(&message);
        // An empty version is not written, and it is what every message begins with.
        if bytes.first() == Some(&0x0a) {
            assert_eq!(read([bytes.as_slice()], false), [Ok(message)]);
        }
    }
}

/// The messages of a stream that ends behind these pieces; as soon as they say all, if `early`.
fn read<'a, M: Message>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    early: bool,
) -> Vec<Result<M, Malformed>> {
    let mut fields = Decoder::<Field>::with_limit((), LIMIT);
    let mut messages = Messages::new(LIMIT);
    let mut read = Vec::new();
    for piece in pieces {
        fields.feed(piece);
        while let Ok(Some(field)) = fields.next_message() {
            read.extend(messages.add(field));
        }
        if early {
            read.extend(messages.take_early().map(Ok));
        }
    }
    read.extend(messages.end());
    read
}

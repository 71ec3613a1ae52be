use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::decode::{Decode, Decoded, Decoder, Malformed, Reason};
use crate::testing::hex;

const LIMIT: usize = 64 << 10;

/// The messages of a stream that came in these pieces; `Err` when they cannot be read.
fn read<M: Message>(pieces: &[&[u8]]) -> Vec<Result<M, Malformed>> {
    let mut fields = Decoder::<Field>::new(());
    let mut messages = Messages::new(LIMIT);
    let mut read = Vec::new();
    for piece in pieces {
        fields.feed(piece);
        while let Some(field) = fields.next_message().unwrap() {
            read.extend(messages.add(field));
        }
    }
    read.extend(messages.end());
    assert_eq!(fields.pending(), 0);
    read
}

fn read_whole<M: Message>(bytes: &[u8]) -> Vec<M> {
    read(&[bytes]).into_iter().map(Result::unwrap).collect()
}

/// The messages as a peer takes them that does not wait for a pause where it need not.
fn read_early(pieces: &[&[u8]]) -> Vec<ClientMessage> {
    let mut fields = Decoder::<Field>::new(());
    let mut messages = Messages::new(LIMIT);
    let mut read = Vec::new();
    for piece in pieces {
        fields.feed(piece);
        while let Some(field) = fields.next_message().unwrap() {
            read.extend(messages.add(field));
        }
        if fields.pending() == 0 {
            read.extend(messages.take_early().map(Ok));
        }
    }
    read.extend(messages.end());
    read.into_iter().map(Result::unwrap).collect()
}

fn field(number: u32, bytes: &str) -> Field {
    let bytes = hex(bytes);
    Field { number, bytes }
}

#[test]
fn golden_client_messages() {
    let vectors = [
        (
            "0a03302e31 1001 2a05616c696365",
            ClientMessage::new(Action::Create, "alice"),
        ),
        (
            "0a03302e31 1002 2a03626f62",
            ClientMessage::new(Action::LogIn, "bob"),
        ),
        (
            "0a03302e31 1003 2203626f62 2a0768656c6c6f2031",
            ClientMessage::send("bob", "hello 1"),
        ),
        ("0a03302e31 1004", ClientMessage::new(Action::Check, "")),
        ("0a03302e31 1005", ClientMessage::new(Action::Delete, "")),
        (
            "0a03302e31 1006 2a055b7a2d615d",
            ClientMessage::new(Action::List, "[z-a]"),
        ),
        ("0a03302e31 1006", ClientMessage::new(Action::List, "")),
        ("0a03302e31 1007", ClientMessage::new(Action::Quit, "")),
    ];
    for (bytes, message) in vectors {
        assert_eq!(message.to_bytes(), hex(bytes), "{message:?}");
        assert_eq!(read_whole::<ClientMessage>(&hex(bytes)), [message]);
    }
}

#[test]
fn golden_server_messages() {
    let vectors = [
        (
            "0a03302e31 1002 1a21546865206163636f756e7420616c69636520657869737473206\
             16c72656164792e",
            ServerMessage::new(Outcome::Exists, "The account alice exists already."),
        ),
        (
            "0a03302e31 100c 1a24596f75206e65656420746f206c6f6720696e20666972737420746f206c6f6720\
             6f75742e",
            ServerMessage::new(
                Outcome::QuitNotLoggedIn,
                "You need to log in first to log out.",
            ),
        ),
        ("0a03302e31 1006", ServerMessage::new(Outcome::Unread, "")),
        (
            "0a03302e31 1006 1a1c616c6963653a68656c6c6f20310a616c6963653a68656c6c6f20320a",
            ServerMessage::new(Outcome::Unread, "alice:hello 1\nalice:hello 2\n"),
        ),
        (
            "0a03302e31 1011 1a10616c6963653a6469726563742068690a",
            ServerMessage::new(Outcome::Push, "alice:direct hi\n"),
        ),
        (
            "0a03302e31 1012 1a1b536572766572206661696c656420756e65787065637465646c792e",
            ServerMessage::new(Outcome::Failed, "Server failed unexpectedly."),
        ),
    ];
    for (bytes, message) in vectors {
        assert_eq!(message.to_bytes(), hex(bytes), "{message:?}");
        assert_eq!(read_whole::<ServerMessage>(&hex(bytes)), [message]);
    }
}

/// Recorded: two answers to one request in one segment.
#[test]
fn field_1_behind_another_begins_the_next_message() {
    let bytes = hex(
        "0a03302e31 1008 1a50546865206163636f756e7420626f62206973207065726d616e656e746c792064656c\
         657465642e20596f7520686176652074686520666f6c6c6f77696e6720756e72656164206d65737361676573\
         3a0a 0a03302e31 1009 1a4054686520756e6b6e6f776e206163636f756e742063616e6e6f7420626520646\
         56c657465642e20596f75206e65656420746f206c6f6720696e2066697273742e",
    );
    let opcodes: Vec<i32> = read_whole::<ServerMessage>(&bytes)
        .iter()
        .map(|message| message.opcode)
        .collect();
    assert_eq!(opcodes, [8, 9]);
    // A version that is said twice is still one message, and the last one counts.
    let twice = read_whole::<ClientMessage>(&hex("0a03302e30 0a03302e31 1004"));
    assert_eq!(twice, [ClientMessage::new(Action::Check, "")]);
}

#[test]
fn what_comes_before_a_version_is_a_message_without_one() {
    let messages = read_whole::<ClientMessage>(&hex("1004 0a03302e31 1007"));
    assert_eq!(messages[0].version, "");
    assert_eq!(messages[1], ClientMessage::new(Action::Quit, ""));
}

#[test]
fn unknown_fields_are_skipped_and_any_order_is_read() {
    let bytes = hex("0a03302e31 2a0161 9a0601ff 3d00000000 3100000000000000ff 1001 f80701");
    let messages = read_whole::<ClientMessage>(&bytes);
    assert_eq!(messages, [ClientMessage::new(Action::Create, "a")]);
}

#[test]
fn a_message_that_says_all_is_taken_early_and_its_rest_is_skipped() {
    let pieces = [
        "0a03302e31",
        "1004",
        "1a05616c696365",
        "2a0178",
        "0a03302e31 1001",
        "2a",
        "0161",
        "1007",
    ]
    .map(hex);
    let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
    let stray = ClientMessage {
        version: String::new(),
        ..ClientMessage::new(Action::Quit, "")
    };
    assert_eq!(
        read_early(&pieces),
        [
            ClientMessage::new(Action::Check, ""),
            ClientMessage::new(Action::Create, "a"),
            stray
        ]
    );
}

#[test]
fn a_message_that_was_taken_early_has_no_end_of_its_own() {
    let mut messages = Messages::<ClientMessage>::new(LIMIT);
    messages.add(field(1, "0a03302e31"));
    messages.add(field(2, "1007"));
    assert!(messages.take_early().is_some());
    assert!(messages.is_open() && !messages.is_waiting());
    assert_eq!(messages.end(), None);
    assert!(!messages.is_open());
}

#[test]
fn what_does_not_say_all_is_not_taken_early() {
    for bytes in [
        "0a03302e31",
        "0a03302e31 1001",
        "0a03302e31 1003 2a0178",
        "0a03302e31 1003 220178",
        "0a03302e31 1006",
        "0a03302e31 1063 2a0178",
        "1004",
    ] {
        let mut messages = Messages::<ClientMessage>::new(LIMIT);
        let mut fields = Decoder::<Field>::new(());
        fields.feed(&hex(bytes));
        while let Some(field) = fields.next_message().unwrap() {
            assert_eq!(messages.add(field), None, "{bytes}");
        }
        assert_eq!(messages.take_early(), None, "{bytes}");
        assert!(messages.is_waiting() && messages.end().is_some(), "{bytes}");
        assert!(!messages.is_open(), "{bytes}");
    }
}

#[test]
fn a_message_that_cannot_be_read_does_not_touch_the_next() {
    let good = ClientMessage::new(Action::Check, "");
    for bad in ["0a03302e31 1001 2a02c328", "0a03302e31 12023031"] {
        let bytes = [hex(bad), good.to_bytes()].concat();
        let read = read::<ClientMessage>(&[&bytes]);
        assert!(
            matches!(
                &read[0],
                Err(Malformed {
                    reason: Reason::WrongFields(_),
                    ..
                })
            ),
            "{bad}"
        );
        assert_eq!(read[1], Ok(good.clone()));
    }
}

#[test]
fn limits_hold_a_message_of_many_fields() {
    let mut messages = Messages::<ClientMessage>::new(8);
    assert_eq!(messages.add(field(1, "0a03302e31")), None);
    assert_eq!(messages.add(field(5, "2a026161")), None);
    let long = messages.add(field(1, "0a03302e31")).unwrap().unwrap_err();
    assert_eq!(long.reason, Reason::TooLong { len: 9, limit: 8 });
    assert_eq!(messages.add(field(5, "2a0161")), None);
    assert_eq!(messages.end().unwrap().unwrap().msg, "a");

    let mut messages = Messages::<ClientMessage>::new(LIMIT);
    for _ in 0..=MAX_FIELDS {
        assert_eq!(messages.add(field(2, "1001")), None);
    }
    let many = messages.end().unwrap().unwrap_err();
    assert_eq!(many.reason, Reason::TooManyFields(MAX_FIELDS));
}

#[test]
fn a_field_above_the_limit_is_refused_before_it_comes() {
    let mut fields = Decoder::<Field>::with_limit((), 100);
    fields.feed(&hex("2a ffffff7f"));
    assert!(matches!(
        fields.next_message().unwrap_err().reason,
        Reason::TooLong { limit: 100, .. }
    ));
    let mut fields = Decoder::<Field>::with_limit((), 100);
    fields.feed(&hex("2a ffffffffffffffffff01"));
    assert!(fields.next_message().is_err());
}

#[test]
fn what_is_no_field() {
    for (bytes, field, offset) in [
        ("0a 80808080808080808080", "length", 1),
        ("10 ffffffffffffffffffff01", "value", 1),
        ("ffffffffffffffffffff", "key", 0),
        ("00", "key", 0),
        ("0b", "key", 0),
        ("0c", "key", 0),
        ("0e", "key", 0),
        ("0f", "key", 0),
        // Field 2^29.
        ("8080808010", "key", 0),
    ] {
        let error = Field::decode(&hex(bytes), ()).unwrap_err();
        assert_eq!((error.field, error.offset), (field, offset), "{bytes}");
    }
    // Field 2^29 - 1.
    assert!(matches!(
        Field::decode(&hex("f8ffffff0f 00"), ()),
        Ok(Decoded::Message { len: 6, .. })
    ));
}

#[test]
fn outcomes_and_actions_are_the_numbers_of_the_document() {
    let failures: Vec<i32> = (0..=20)
        .filter(|code| Outcome::try_from(*code).is_ok_and(Outcome::is_failure))
        .collect();
    assert_eq!(failures, [2, 4, 5, 7, 9, 12, 14, 15, 18]);
    assert!((1..=18).all(|code| Outcome::try_from(code).is_ok()));
    assert!((1..=7).all(|code| Action::try_from(code).is_ok()));
    assert!(Action::try_from(0).is_err() && Action::try_from(8).is_err());
}

/// All recorded bytes are messages, and these messages are the recorded bytes.
#[test]
fn recordings_are_read_and_written_alike() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures/wireproto");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: {} is not there", folder.display());
        return;
    };
    let mut seen = 0;
    for entry in entries {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for line in text.lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let bytes = hex(line["hex"].as_str().unwrap());
            let written: Vec<u8> = match line["dir"].as_str().unwrap() {
                "c2s" => read_whole::<ClientMessage>(&bytes)
                    .iter()
                    .flat_map(ClientMessage::to_bytes)
                    .collect(),
                "s2c" => read_whole::<ServerMessage>(&bytes)
                    .iter()
                    .flat_map(ServerMessage::to_bytes)
                    .collect(),
                _ => continue,
            };
            assert_eq!(written, bytes, "{line}");
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

fn any_client_message() -> impl Strategy<Value = ClientMessage> {
    let text = || prop_oneof![Just(String::new()), ".{0,30}", "[a-z\n]{100,200}"];
    (any::<i32>(), 1..=7, text(), text(), text()).prop_map(|(odd, usual, sender, receiver, msg)| {
        ClientMessage {
            version: VERSION.to_owned(),
            // The default value is not written, and a message of one field has no end.
            opcode: if odd % 4 == 0 && odd != 0 { odd } else { usual },
            sender,
            receiver,
            msg,
        }
    })
}

fn any_server_message() -> impl Strategy<Value = ServerMessage> {
    (1..=18, ".{0,40}").prop_map(|(opcode, msg)| ServerMessage {
        version: VERSION.to_owned(),
        opcode,
        msg,
    })
}

/// What a server makes of a request: its `sender`, and what the action does not use, are nothing.
fn meaning(mut message: ClientMessage) -> ClientMessage {
    message.sender.clear();
    match Action::try_from(message.opcode) {
        Ok(Action::Check | Action::Delete | Action::Quit) => {
            message.receiver.clear();
            message.msg.clear();
        }
        Ok(Action::Send) | Err(_) => {}
        Ok(_) => message.receiver.clear(),
    }
    message
}

proptest! {
    #[test]
    fn client_messages_round_trip(
        messages in vec(any_client_message(), 0..6), chunk in 1..64_usize,
    ) {
        let bytes: Vec<u8> = messages.iter().flat_map(ClientMessage::to_bytes).collect();
        let pieces: Vec<&[u8]> = bytes.chunks(chunk).collect();
        let read: Vec<ClientMessage> = read(&pieces).into_iter().map(Result::unwrap).collect();
        prop_assert_eq!(&read, &messages);
        let early: Vec<_> = read_early(&pieces).into_iter().map(meaning).collect();
        let meant: Vec<_> = messages.into_iter().map(meaning).collect();
        prop_assert_eq!(early, meant);
    }

    #[test]
    fn server_messages_round_trip(
        messages in vec(any_server_message(), 0..6), chunk in 1..64_usize,
    ) {
        let bytes: Vec<u8> = messages.iter().flat_map(ServerMessage::to_bytes).collect();
        let pieces: Vec<&[u8]> = bytes.chunks(chunk).collect();
        let read: Vec<ServerMessage> = read(&pieces).into_iter().map(Result::unwrap).collect();
        prop_assert_eq!(read, messages);
    }

    #[test]
    fn every_prefix_of_a_field_needs_more(number in 1..1_u32 << 29, value in vec(any::<u8>(), 0..300)) {
        let mut bytes = Vec::new();
        prost::encoding::encode_key(number, prost::encoding::WireType::LengthDelimited, &mut bytes);
        prost::encoding::encode_varint(value.len() as u64, &mut bytes);
        bytes.extend(value);
        for len in 0..bytes.len() {
            prop_assert!(crate::testing::needs_more::<Field>(&bytes, len, ()));
        }
        let len = bytes.len();
        let whole = Decoded::Message { message: Field { number, bytes: bytes.clone() }, len };
        prop_assert_eq!(Field::decode(&bytes, ()), Ok(whole));
    }

    #[test]
    fn no_input_panics(pieces in vec(vec(any::<u8>(), 0..40), 0..6)) {
        let mut fields = Decoder::<Field>::with_limit((), 100);
        let mut messages = Messages::<ClientMessage>::new(100);
        for piece in &pieces {
            fields.feed(piece);
            while let Ok(Some(field)) = fields.next_message() {
                messages.add(field);
            }
            messages.take_early();
        }
        messages.end();
    }
}

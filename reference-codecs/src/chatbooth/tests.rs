use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::decode::Decoder;
use crate::testing::{golden, hex, needs_more, through_a_stream};

fn token(digits: &str) -> Token {
    Token(hex(digits).try_into().unwrap())
}

fn answer(body: &[u8]) -> ServerMessage {
    ServerMessage::Answer {
        body: body.to_vec(),
    }
}

fn message(text: &str) -> ServerMessage {
    ServerMessage::Message { text: text.into() }
}

fn list(pattern: &str, token: Token) -> ClientMessage {
    ClientMessage::List {
        pattern: pattern.into(),
        token,
    }
}

fn deliver(user: &str, token: Token) -> ClientMessage {
    ClientMessage::Deliver {
        user: user.into(),
        token,
    }
}

fn delete(user: &str, token: Token) -> ClientMessage {
    ClientMessage::Delete {
        user: user.into(),
        token,
    }
}

/// Recorded from clients of the document's server.
#[test]
fn golden_client_messages() {
    let alice = token("6480fa694e1046d3bacebc54f85292cf");
    let vectors = [
        (
            "00 01 00000008 616c6963653a7077",
            ClientMessage::authenticate("alice", "pw"),
        ),
        (
            "00 01 00000009 626f623a703a773a78",
            ClientMessage::authenticate("bob", "p:w:x"),
        ),
        (
            "00 01 00000007 7a6fc3ab3a7077",
            ClientMessage::authenticate("zoë", "pw"),
        ),
        ("00 01 00000002 3a78", ClientMessage::authenticate("", "x")),
        (
            "00 02 00000001 0a 6480fa694e1046d3bacebc54f85292cf",
            list("\n", alice),
        ),
        (
            "00 02 00000002 5e62 6480fa694e1046d3bacebc54f85292cf",
            list("^b", alice),
        ),
        (
            "00 02 00000000 6480fa694e1046d3bacebc54f85292cf",
            list("", alice),
        ),
        (
            "00 03 00000006 626f623a6d31 6480fa694e1046d3bacebc54f85292cf",
            ClientMessage::send("bob", "m1", alice),
        ),
        (
            "00 03 00000004 626f623a 6480fa694e1046d3bacebc54f85292cf",
            ClientMessage::send("bob", "", alice),
        ),
        (
            "00 03 00000009 626f623a613a623a63 6480fa694e1046d3bacebc54f85292cf",
            ClientMessage::send("bob", "a:b:c", alice),
        ),
        (
            "00 03 0000000c 626f623a68c3a920f09f9880 6480fa694e1046d3bacebc54f85292cf",
            ClientMessage::send("bob", "hé 😀", alice),
        ),
        (
            "00 04 00000005 67686f7374 6480fa694e1046d3bacebc54f85292cf",
            deliver("ghost", alice),
        ),
        (
            "00 05 00000004 66726564 6480fa694e1046d3bacebc54f85292cf",
            delete("fred", alice),
        ),
    ];
    for (bytes, message) in vectors {
        golden!(BodyLimit::NONE, ClientMessage, bytes, message);
    }
}

/// Recorded from the document's server.
#[test]
fn golden_server_messages() {
    let alice = token("6480fa694e1046d3bacebc54f85292cf");
    let vectors = [
        (
            "00 0a 00000010 6480fa694e1046d3bacebc54f85292cf",
            ServerMessage::token(alice),
        ),
        ("00 0a 00000000", ServerMessage::error()),
        ("00 0a 00000001 00", ServerMessage::done()),
        (
            "00 0a 00000011 616c6963652c626f622c6361726f6c5f78",
            answer(b"alice,bob,carol_x"),
        ),
        ("00 0b 00000002 6d31", message("m1")),
        ("00 0b 00000000", message("")),
        ("00 0b 00000008 68c3a920f09f9880", message("hé 😀")),
        (
            "00 0b 0000002b 0a46524f4d3a20616c6963650a544f3a20626f620a4d4553534147453a20686920626f62\
             20616761696e0a",
            message("\nFROM: alice\nTO: bob\nMESSAGE: hi bob again\n"),
        ),
    ];
    for (bytes, message) in vectors {
        golden!(BodyLimit::NONE, ServerMessage, bytes, message);
    }
}

#[test]
fn recorded_streams_in_pieces_leave_nothing_over() {
    let alice = token("7d99fc0832394a48b52f35f8ff6090c9");
    let mut decoder = Decoder::<ClientMessage>::new(BodyLimit::NONE);
    let mut messages = Vec::new();
    for piece in [
        "000100000008616c69",
        "63653a7077",
        "0002000000022e",
        "2a7d99fc0832394a48b52f35f8ff6090c9",
    ] {
        decoder.feed(&hex(piece));
        messages.extend(decoder.next_message().unwrap());
    }
    let expected = [
        ClientMessage::authenticate("alice", "pw"),
        list(".*", alice),
    ];
    assert_eq!(
        (messages.as_slice(), decoder.pending()),
        (expected.as_slice(), 0)
    );

    let mut decoder = Decoder::<ServerMessage>::new(BodyLimit::NONE);
    let mut messages = Vec::new();
    for piece in [
        "00",
        "0b",
        "00000001",
        "31000b0000000132000b0000000133",
        "00",
        "0a0000000100",
    ] {
        decoder.feed(&hex(piece));
        while let Some(message) = decoder.next_message().unwrap() {
            messages.push(message);
        }
    }
    let expected = [
        message("1"),
        message("2"),
        message("3"),
        ServerMessage::done(),
    ];
    assert_eq!(
        (messages.as_slice(), decoder.pending()),
        (expected.as_slice(), 0)
    );
}

#[test]
fn recorded_streams_in_one_piece_leave_nothing_over() {
    let sender = token("a9c517305da349cf9e096b8e77441d70");
    let sent = "000300000005626f623a31a9c517305da349cf9e096b8e77441d70000300000005626f623a32a9c5173\
                05da349cf9e096b8e77441d70000300000005626f623a33a9c517305da349cf9e096b8e77441d70";
    let expected = ["1", "2", "3"].map(|text| ClientMessage::send("bob", text, sender));
    let sent = hex(sent);
    assert_eq!(
        through_a_stream::<ClientMessage>(&sent, sent.len(), BodyLimit::NONE),
        expected
    );

    let received = hex("000b000000026d31 000b000000026d32 000a0000000100");
    let expected = [message("m1"), message("m2"), ServerMessage::done()];
    assert_eq!(
        through_a_stream::<ServerMessage>(&received, received.len(), BodyLimit::NONE),
        expected
    );
}

#[test]
fn malformed_messages_name_offset_field_and_reason() {
    let malformed = |offset, field, reason| {
        Err(Malformed {
            offset,
            field,
            reason,
        })
    };
    let client = |bytes: &str| ClientMessage::decode(&hex(bytes), BodyLimit::NONE).map(|_| ());
    let version = malformed(0, "version", Reason::UnknownVersion(1));
    assert_eq!(client("01"), version);
    assert_eq!(
        client("00 09"),
        malformed(1, "action", Reason::UnknownType(9))
    );
    assert_eq!(
        client("00 0a"),
        malformed(1, "action", Reason::WrongDirection(10))
    );
    let server = |bytes: &str| ServerMessage::decode(&hex(bytes), BodyLimit::NONE).map(|_| ());
    assert_eq!(server("01 0a"), version);
    assert_eq!(
        server("00 01"),
        malformed(1, "action", Reason::WrongDirection(1))
    );
    assert_eq!(
        server("00 ff"),
        malformed(1, "action", Reason::UnknownType(255))
    );
}

#[test]
fn incomplete_messages_name_what_is_missing() {
    let needed = |bytes: &str| match ClientMessage::decode(&hex(bytes), BodyLimit::NONE) {
        Ok(Decoded::Incomplete { needed }) => needed,
        other => panic!("{bytes} is {other:?}"),
    };
    assert_eq!(needed(""), 1);
    assert_eq!(needed("00"), 1);
    assert_eq!(needed("00 01"), 4);
    assert_eq!(needed("00 01 00000008 61"), 7);
    assert_eq!(needed("00 02 00000002 5e"), 17);
    assert_eq!(needed("00 03 ffffffff"), 4_294_967_311);
}

#[test]
fn a_body_above_the_limit_is_refused_before_it_comes() {
    let limit = 1 << 20;
    let malformed = |len| Malformed {
        offset: 2,
        field: "size",
        reason: Reason::TooLong { len, limit },
    };
    for action in 1..=5 {
        for size in [0xffff_ffff_u32, 0x0010_0001] {
            let mut decoder = Decoder::<ClientMessage>::new(BodyLimit(limit));
            decoder.feed(&[VERSION, action]);
            decoder.feed(&size.to_be_bytes());
            let error = malformed(usize::try_from(size).unwrap());
            assert_eq!(decoder.next_message(), Err(error));
            assert_eq!(decoder.pending(), 0);
        }
        let mut decoder = Decoder::<ClientMessage>::new(BodyLimit(limit));
        decoder.feed(&[VERSION, action, 0, 0x10, 0, 0]);
        assert_eq!(decoder.next_message(), Ok(None));
    }
    let mut decoder = Decoder::<ServerMessage>::new(BodyLimit(limit));
    decoder.feed(&hex("00 0a 00100001"));
    assert_eq!(decoder.next_message(), Err(malformed(limit + 1)));
}

#[test]
fn what_cannot_be_written_leaves_the_buffer_alone() {
    let mut out = vec![7];
    let error = EncodeError::TooLong {
        field: "body",
        len: 9,
        limit: 8,
    };
    let token = Token([0; TOKEN_LEN]);
    let request = ClientMessage::send("alice", "hey", token);
    assert_eq!(request.encode(BodyLimit(8), &mut out), Err(error));
    assert_eq!(out, [7]);
    assert_eq!(request.encode(BodyLimit(9), &mut out), Ok(()));
}

#[test]
fn only_the_first_colon_separates() {
    assert_eq!(split(b"bob:a:b"), Some((&b"bob"[..], &b"a:b"[..])));
    assert_eq!(split(b":"), Some((&b""[..], &b""[..])));
    assert_eq!(split(b"bob"), None);
    assert_eq!(split(b""), None);
}

#[test]
fn secrets_are_not_shown() {
    let login = ClientMessage::authenticate("alice", "hunter2");
    let request = list("\n", Token(*b"secretsecretsecr"));
    let shown = format!("{login:?} {request:?}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("115") && !shown.contains("secret"),
        "{shown}"
    );
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

fn any_client_message() -> impl Strategy<Value = ClientMessage> {
    (1..=5_u8, any_body(), any::<[u8; TOKEN_LEN]>()).prop_map(|(action, body, token)| {
        let token = Token(token);
        match action {
            1 => ClientMessage::Authenticate {
                credentials: Credentials(body),
            },
            2 => ClientMessage::List {
                pattern: body,
                token,
            },
            3 => ClientMessage::Send {
                addressed: body,
                token,
            },
            4 => ClientMessage::Deliver { user: body, token },
            _ => ClientMessage::Delete { user: body, token },
        }
    })
}

fn any_server_message() -> impl Strategy<Value = ServerMessage> {
    prop_oneof![
        any_body().prop_map(|body| ServerMessage::Answer { body }),
        any_body().prop_map(|text| ServerMessage::Message { text }),
    ]
}

proptest! {
    #[test]
    fn client_messages_round_trip(
        messages in vec(any_client_message(), 0..6), chunk in 1..64_usize,
    ) {
        let mut bytes = Vec::new();
        for message in &messages {
            message.encode(BodyLimit::NONE, &mut bytes).unwrap();
        }
        prop_assert_eq!(through_a_stream::<ClientMessage>(&bytes, chunk, BodyLimit::NONE), messages);
    }

    #[test]
    fn server_messages_round_trip(
        messages in vec(any_server_message(), 0..6), chunk in 1..64_usize,
    ) {
        let mut bytes = Vec::new();
        for message in &messages {
            message.encode(BodyLimit::NONE, &mut bytes).unwrap();
        }
        prop_assert_eq!(through_a_stream::<ServerMessage>(&bytes, chunk, BodyLimit::NONE), messages);
    }

    #[test]
    fn every_prefix_needs_more(client in any_client_message(), server in any_server_message()) {
        let mut bytes = Vec::new();
        client.encode(BodyLimit::NONE, &mut bytes).unwrap();
        for len in 0..bytes.len() {
            prop_assert!(needs_more::<ClientMessage>(&bytes, len, BodyLimit::NONE));
        }
        bytes.clear();
        server.encode(BodyLimit::NONE, &mut bytes).unwrap();
        for len in 0..bytes.len() {
            prop_assert!(needs_more::<ServerMessage>(&bytes, len, BodyLimit::NONE));
        }
    }

    #[test]
    fn no_input_panics(bytes in vec(any::<u8>(), 0..200), action in 0..13_u8) {
        let bytes = [vec![0, action, 0, 0, 0], bytes].concat();
        let mut client = Decoder::<ClientMessage>::with_limit(BodyLimit::NONE, 300);
        client.feed(&bytes);
        while let Ok(Some(_)) = client.next_message() {}
        let mut server = Decoder::<ServerMessage>::with_limit(BodyLimit::NONE, 300);
        server.feed(&bytes);
        while let Ok(Some(_)) = server.next_message() {}
    }
}

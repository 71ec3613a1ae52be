use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::decode::Decoder;
use crate::testing::{golden, hex, needs_more, through_a_stream};

fn register(username: &str) -> ClientMessage {
    ClientMessage::Register {
        username: username.into(),
    }
}

fn send(message: impl Into<Vec<u8>>) -> ClientMessage {
    ClientMessage::Send {
        message: message.into(),
    }
}

fn notice(message: &str) -> ServerMessage {
    ServerMessage::Notice {
        message: message.into(),
    }
}

fn deliver(from: &str, message: &str) -> ServerMessage {
    ServerMessage::Deliver {
        from: from.into(),
        message: message.into(),
    }
}

fn status(code: u8, message: &str) -> ServerMessage {
    ServerMessage::Status {
        code,
        message: message.into(),
    }
}

#[test]
fn golden_client_messages() {
    for dialect in Dialect::ALL {
        golden!(
            dialect,
            ClientMessage,
            "01 0005 616c696365",
            register("alice")
        );
        golden!(
            dialect,
            ClientMessage,
            "01 0008 6865616c74682d78",
            register("health-x")
        );
        golden!(
            dialect,
            ClientMessage,
            "02 0009 68656c6c6f20626f62",
            send("hello bob")
        );
        golden!(
            dialect,
            ClientMessage,
            "02 0004 636166c3",
            send(*b"caf\xc3")
        );
        golden!(
            dialect,
            ClientMessage,
            "02 0006 68656c6c6f00",
            send("hello\0")
        );
        golden!(dialect, ClientMessage, "02 0000", send(""));
    }
    golden!(
        Dialect::Spec,
        ClientMessage,
        "04 00 0000",
        ClientMessage::ack()
    );
    golden!(
        Dialect::RpChat,
        ClientMessage,
        "04 00",
        ClientMessage::ack()
    );
    golden!(
        Dialect::Spec,
        ClientMessage,
        "04 07 0003 626164",
        ClientMessage::Status {
            code: 7,
            message: b"bad".to_vec()
        }
    );
    let error = ClientMessage::Status {
        code: 7,
        message: Vec::new(),
    };
    golden!(Dialect::RpChat, ClientMessage, "04 07", error);
}

#[test]
fn golden_server_messages_of_spec() {
    let dialect = Dialect::Spec;
    golden!(dialect, ServerMessage, "04 00 0000", status(0, ""));
    golden!(dialect, ServerMessage, "04 01 0002 6e6f", status(1, "no"));
    golden!(
        dialect,
        ServerMessage,
        "03 0003 626f62 0002 6869",
        deliver("bob", "hi")
    );
    golden!(
        dialect,
        ServerMessage,
        "03 0006 736572766572 0002 6869",
        notice("hi")
    );
    golden!(
        dialect,
        ServerMessage,
        "03 0008 5b5365727665725d 0000",
        deliver("[Server]", "")
    );
}

/// Recorded from rpchat's server.
#[test]
fn golden_server_messages_of_rpchat() {
    let dialect = Dialect::RpChat;
    golden!(dialect, ServerMessage, "04000000", status(0, ""));
    golden!(dialect, ServerMessage, "04010000", status(1, ""));
    golden!(
        dialect,
        ServerMessage,
        "0300085b5365727665725d00274c6f6767656420696e20617320616c6963652e0a43757272656e7420436c\
         69656e74733a200a00",
        notice("Logged in as alice.\nCurrent Clients: \n")
    );
    golden!(
        dialect,
        ServerMessage,
        "0300085b5365727665725d002e4c6f6767656420696e20617320626f622e0a43757272656e7420436c6965\
         6e74733a20616c6963652c20626f6200",
        notice("Logged in as bob.\nCurrent Clients: alice, bob")
    );
    golden!(
        dialect,
        ServerMessage,
        "0300085b5365727665725d001b626f6220686173206a6f696e656420746865207365727665722e00",
        notice("bob has joined the server.")
    );
    golden!(
        dialect,
        ServerMessage,
        "0300085b5365727665725d001b616c69636520686173206c65667420746865207365727665722e00",
        notice("alice has left the server.")
    );
    golden!(
        dialect,
        ServerMessage,
        "030006616c69636500000a68656c6c6f20626f6200",
        deliver("alice", "hello bob")
    );
    golden!(
        dialect,
        ServerMessage,
        "030006616c6963650000022000",
        deliver("alice", " ")
    );
    golden!(
        dialect,
        ServerMessage,
        "030004626f6200001674616209686572650a6e6c2062656c6c2020656e6400",
        deliver("bob", "tab\there\nnl bell  end")
    );
}

/// What alice sent and received in one recorded session, as one stream each.
#[test]
fn recorded_streams_leave_nothing_over() {
    let sent = "010005616c696365 0400 0400 02000968656c6c6f20626f62 0400 02000120 \
                020004636166c3 020001c3";
    let mut decoder = Decoder::<ClientMessage>::new(Dialect::RpChat);
    decoder.feed(&hex(sent));
    let expected = [
        register("alice"),
        ClientMessage::ack(),
        ClientMessage::ack(),
        send("hello bob"),
        ClientMessage::ack(),
        send(" "),
        send(*b"caf\xc3"),
        send(*b"\xc3"),
    ];
    for message in expected {
        assert_eq!(decoder.next_message(), Ok(Some(message)));
    }
    assert_eq!((decoder.next_message(), decoder.pending()), (Ok(None), 0));

    let received = "04000000 0300085b5365727665725d001c626f623220686173206a6f696e656420746865207\
                    365727665722e00 030004626f62000009686920616c69636500 04010000";
    let mut decoder = Decoder::<ServerMessage>::new(Dialect::RpChat);
    let expected = [
        status(0, ""),
        notice("bob2 has joined the server."),
        deliver("bob", "hi alice"),
        status(1, ""),
    ];
    let mut messages = Vec::new();
    for byte in hex(received) {
        decoder.feed(&[byte]);
        messages.extend(decoder.next_message().unwrap());
    }
    assert_eq!(
        (messages.as_slice(), decoder.pending()),
        (expected.as_slice(), 0)
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
    let client = |bytes: &str| ClientMessage::decode(&hex(bytes), Dialect::Spec).map(|_| ());
    assert_eq!(client("00"), malformed(0, "type", Reason::UnknownType(0)));
    assert_eq!(
        client("09ffff"),
        malformed(0, "type", Reason::UnknownType(9))
    );
    assert_eq!(
        client("03"),
        malformed(0, "type", Reason::WrongDirection(3))
    );
    let server = |bytes: &str| ServerMessage::decode(&hex(bytes), Dialect::RpChat).map(|_| ());
    assert_eq!(
        server("01"),
        malformed(0, "type", Reason::WrongDirection(1))
    );
    assert_eq!(
        server("03 0001 61 0001 00"),
        malformed(1, "from", Reason::MissingNul)
    );
    assert_eq!(
        server("03 0002 6100 0000"),
        malformed(5, "message", Reason::MissingNul)
    );
}

#[test]
fn incomplete_messages_name_what_is_missing() {
    let needed = |bytes: &str| match ClientMessage::decode(&hex(bytes), Dialect::Spec) {
        Ok(Decoded::Incomplete { needed }) => needed,
        other => panic!("{bytes} is {other:?}"),
    };
    assert_eq!(needed(""), 1);
    assert_eq!(needed("01"), 2);
    assert_eq!(needed("01 00"), 1);
    assert_eq!(needed("01 0005 61"), 4);
    assert_eq!(needed("02 ffff"), 65_535);
    assert_eq!(needed("04 00"), 2);
}

#[test]
fn a_limit_is_enforced_before_the_bytes_come() {
    let limit = 3 + MAX_TEXT;
    let reason = Reason::TooLong {
        len: limit + 1,
        limit,
    };
    let error = Malformed {
        offset: 0,
        field: "message",
        reason,
    };
    let mut decoder = Decoder::<ClientMessage>::with_limit(Dialect::Spec, limit);
    decoder.feed(&hex("02 1000"));
    assert_eq!(decoder.next_message(), Err(error.clone()));
    decoder.feed(&hex("04000000"));
    assert_eq!(decoder.next_message(), Err(error));
    assert_eq!(decoder.pending(), 0);

    let mut decoder = Decoder::<ClientMessage>::with_limit(Dialect::Spec, limit);
    decoder.feed(&hex("02 0fff"));
    assert_eq!(decoder.next_message(), Ok(None));
}

#[test]
fn what_cannot_be_written_leaves_the_buffer_alone() {
    let mut out = vec![7];
    let error = EncodeError::NotCarried { field: "message" };
    let status = ClientMessage::Status {
        code: 0,
        message: b"x".to_vec(),
    };
    assert_eq!(status.encode(Dialect::RpChat, &mut out), Err(error));
    let message = ServerMessage::Deliver {
        from: b"a".to_vec(),
        message: vec![b'z'; 65_535],
    };
    let error = EncodeError::TooLong {
        field: "message",
        len: 65_536,
        limit: 65_535,
    };
    assert_eq!(message.encode(Dialect::RpChat, &mut out), Err(error));
    assert_eq!(out, [7]);
    assert_eq!(message.encode(Dialect::Spec, &mut out), Ok(()));
}

#[test]
fn dialects_have_names() {
    for dialect in Dialect::ALL {
        assert_eq!(dialect.to_string().parse(), Ok(dialect));
    }
    let error = "RPCHAT".parse::<Dialect>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown dialect `RPCHAT`; the dialects are spec and rpchat"
    );
}

fn any_dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(Dialect::ALL.as_slice())
}

fn any_text() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

fn any_client_message() -> impl Strategy<Value = ClientMessage> {
    prop_oneof![
        any_text().prop_map(|username| ClientMessage::Register { username }),
        any_text().prop_map(|message| ClientMessage::Send { message }),
        any::<u8>().prop_map(|code| ClientMessage::Status {
            code,
            message: Vec::new()
        }),
    ]
}

fn any_server_message() -> impl Strategy<Value = ServerMessage> {
    prop_oneof![
        any_text().prop_map(|message| ServerMessage::Notice { message }),
        (any_text(), any_text())
            .prop_map(|(from, message)| ServerMessage::Deliver { from, message }),
        (any::<u8>(), any_text())
            .prop_map(|(code, message)| ServerMessage::Status { code, message }),
    ]
}

proptest! {
    #[test]
    fn client_messages_round_trip(
        messages in vec(any_client_message(), 0..6), dialect in any_dialect(), chunk in 1..64_usize,
    ) {
        let mut bytes = Vec::new();
        for message in &messages {
            message.encode(dialect, &mut bytes).unwrap();
        }
        prop_assert_eq!(through_a_stream::<ClientMessage>(&bytes, chunk, dialect), messages);
    }

    #[test]
    fn server_messages_round_trip(
        messages in vec(any_server_message(), 0..6), dialect in any_dialect(), chunk in 1..64_usize,
    ) {
        let mut bytes = Vec::new();
        for message in &messages {
            message.encode(dialect, &mut bytes).unwrap();
        }
        prop_assert_eq!(through_a_stream::<ServerMessage>(&bytes, chunk, dialect), messages);
    }

    #[test]
    fn every_prefix_needs_more(
        client in any_client_message(), server in any_server_message(), dialect in any_dialect(),
    ) {
        let mut bytes = Vec::new();
        client.encode(dialect, &mut bytes).unwrap();
        for len in 0..bytes.len() {
            prop_assert!(needs_more::<ClientMessage>(&bytes, len, dialect));
        }
        bytes.clear();
        server.encode(dialect, &mut bytes).unwrap();
        for len in 0..bytes.len() {
            prop_assert!(needs_more::<ServerMessage>(&bytes, len, dialect));
        }
    }

    #[test]
    fn no_input_panics(bytes in vec(any::<u8>(), 0..200), tag in 0..6_u8, dialect in any_dialect()) {
        let bytes = [vec![tag], bytes].concat();
        let mut client = Decoder::<ClientMessage>::with_limit(dialect, 300);
        client.feed(&bytes);
        while let Ok(Some(_)) = client.next_message() {}
        let mut server = Decoder::<ServerMessage>::with_limit(dialect, 300);
        server.feed(&bytes);
        while let Ok(Some(_)) = server.next_message() {}
    }
}

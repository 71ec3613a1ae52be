use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::decode::{Decoder, Reason};
use crate::testing::{hex, needs_more, through_a_stream};

const NAME: &str = "alice";

fn nick(name: &str) -> ClientMessage {
    ClientMessage::Nick { name: name.into() }
}

fn chat(text: &str) -> ClientMessage {
    claimed_chat("", text)
}

fn claimed_chat(claimed: &str, text: &str) -> ClientMessage {
    ClientMessage::Chat {
        claimed: claimed.into(),
        text: text.into(),
    }
}

fn broadcast(from: &str, text: &str) -> ServerMessage {
    ServerMessage::Broadcast {
        from: from.into(),
        text: text.into(),
    }
}

fn notice(text: &str) -> ServerMessage {
    ServerMessage::Notice { text: text.into() }
}

fn shutdown(seconds: u64) -> ServerMessage {
    ServerMessage::Shutdown { seconds }
}

/// A content as text behind its size of `width` bytes.
fn sized(width: usize, content: &str) -> Vec<u8> {
    let size = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&size[4 - width..], content.as_bytes()].concat()
}

fn fixed(head: &str, name: &str, text: &str) -> Vec<u8> {
    let mut bytes = hex(head);
    bytes.extend_from_slice(name.as_bytes());
    bytes.resize(44, 0);
    bytes.extend_from_slice(text.as_bytes());
    bytes.resize(1068, 0);
    bytes
}

/// The bytes decode into the message without a remainder.
#[track_caller]
fn reads<M: Decode<Dialect = Dialect> + PartialEq + std::fmt::Debug>(
    dialect: Dialect,
    bytes: &[u8],
    message: M,
) {
    let len = bytes.len();
    let whole = Decoded::Message { message, len };
    assert_eq!(M::decode(bytes, dialect), Ok(whole), "decoding {dialect}");
}

/// The message encodes into the bytes, and they decode into it.
#[track_caller]
fn golden_client(dialect: Dialect, bytes: &[u8], message: ClientMessage) {
    let mut encoded = Vec::new();
    message.encode(dialect, &mut encoded).unwrap();
    assert_eq!(encoded, bytes, "encoding {message:?} in {dialect}");
    reads(dialect, bytes, message);
}

/// The same; the stamp is 7.
#[track_caller]
fn golden_server(dialect: Dialect, bytes: &[u8], message: ServerMessage) {
    let mut encoded = Vec::new();
    message.encode(dialect, 7, &mut encoded).unwrap();
    assert_eq!(encoded, bytes, "encoding {message:?} in {dialect}");
    reads(dialect, bytes, message);
}

#[test]
fn golden_word() {
    let client = |bytes: &str, message| golden_client(Dialect::Word, &hex(bytes), message);
    client("000a 4e49434b20616c696365", nick(NAME));
    client("0005 4e49434b20", nick(""));
    client("0003 425945", ClientMessage::Bye);
    client("0002 6869", chat("hi"));
    client("0003 c3a921", chat("é!"));
    client("0000", chat(""));
    client("0005 4e49434b53", chat("NICKS"));
    reads(Dialect::Word, &hex("0004 4e49434b"), nick(""));
    let server = |bytes: &str, message| golden_server(Dialect::Word, &hex(bytes), message);
    server("0005 48454c4c4f", ServerMessage::Hello);
    server("0005 5245414459", ServerMessage::Ready);
    server("0005 5245545259", ServerMessage::Retry);
    server("0003 425945", ServerMessage::Bye);
    server("0009 616c6963653a206869", broadcast(NAME, "hi"));
    server("0007 613a203a20623a", broadcast("a", ": b:"));
    let sentence = "5365727665722077696c6c207368757420646f776e20696e2035207365636f6e6473";
    server(&format!("0022 {sentence}"), shutdown(5));
    server("000a 626f6220697320686572", notice("bob is her"));
}

#[test]
fn golden_line() {
    let client = |line: &str, message| golden_client(Dialect::Line, line.as_bytes(), message);
    client("NICK alice\n", nick(NAME));
    client("BYE\n", ClientMessage::Bye);
    client("grüße\n", chat("grüße"));
    client("\n", chat(""));
    client("a\r\r\n", chat("a\r"));
    reads(Dialect::Line, b"hi\r\n", chat("hi"));
    reads(Dialect::Line, b"NICK bob\r\n", nick("bob"));
    let server = |line: &str, message| golden_server(Dialect::Line, line.as_bytes(), message);
    server("HELLO\n", ServerMessage::Hello);
    server("READY\n", ServerMessage::Ready);
    server("RETRY\n", ServerMessage::Retry);
    server("BYE\n", ServerMessage::Bye);
    server("alice: hi\n", broadcast(NAME, "hi"));
    server("Server will shut down in 12 seconds\n", shutdown(12));
    server("bob has joined\n", notice("bob has joined"));
}

#[test]
fn golden_typed() {
    let client = |bytes: &str, message| golden_client(Dialect::Typed, &hex(bytes), message);
    client("0005 6e 616c696365", nick(NAME));
    client("0003 6d 425945", ClientMessage::Bye);
    client("0002 74 6869", chat("hi"));
    client("0003 74 425945", chat("BYE"));
    client("0000 74", chat(""));
    let server = |bytes: &str, message| golden_server(Dialect::Typed, &hex(bytes), message);
    server("0005 6d 48454c4c4f", ServerMessage::Hello);
    server("0005 6d 5245414459", ServerMessage::Ready);
    server("0005 6d 5245545259", ServerMessage::Retry);
    server("0003 6d 425945", ServerMessage::Bye);
    server("0009 62 616c6963653a206869", broadcast(NAME, "hi"));
    let sentence = "5365727665722077696c6c207368757420646f776e20696e2035207365636f6e6473";
    server(&format!("0022 6d {sentence}"), shutdown(5));
    server("0004 6d 613a2062", notice("a: b"));
}

#[test]
fn golden_json16() {
    let client = |text: &str, message| golden_client(Dialect::Json16, &sized(2, text), message);
    client(
        r#"{"msg":"alice","nick":"None","proto":"verify"}"#,
        nick(NAME),
    );
    client(
        r#"{"msg":"BYE","nick":"None","proto":"goodbye"}"#,
        ClientMessage::Bye,
    );
    client(
        r#"{"msg":"\"é\"\n","nick":"alice","proto":"broadcast"}"#,
        claimed_chat(NAME, "\"é\"\n"),
    );
    let server = |text: &str, message| golden_server(Dialect::Json16, &sized(2, text), message);
    server(
        r#"{"msg":"HELLO","nick":"SERVER","proto":"connect"}"#,
        ServerMessage::Hello,
    );
    server(
        r#"{"msg":"READY","nick":"SERVER","proto":"ready"}"#,
        ServerMessage::Ready,
    );
    server(
        r#"{"msg":"RETRY","nick":"SERVER","proto":"retry"}"#,
        ServerMessage::Retry,
    );
    server(
        r#"{"msg":"hi","nick":"alice","proto":"broadcast"}"#,
        broadcast(NAME, "hi"),
    );
    server(
        r#"{"msg":"BYE","nick":"SERVER","proto":"goodbye"}"#,
        ServerMessage::Bye,
    );
    server(
        r#"{"msg":"Server will shut down in 5 seconds","nick":"SERVER","proto":"shutdown"}"#,
        shutdown(5),
    );
    server(
        r#"{"msg":"hi","nick":"SERVER","proto":"notice"}"#,
        notice("hi"),
    );
}

#[test]
fn json_is_read_as_other_programs_write_it() {
    let other = r#" {"proto": "verify", "more": [1, {}], "msg": "\u00e9"} "#;
    reads(Dialect::Json16, &sized(2, other), nick("é"));
    let other = r#"{"proto": "shutdown", "msg": "closing down"}"#;
    reads(Dialect::Json16, &sized(2, other), notice("closing down"));
    let other = r#"{"proto": "who", "msg": "NICK", "nick": "SERVER"}"#;
    reads(Dialect::Json16, &sized(2, other), notice("NICK"));
    let other = r#"{"time": "12:00", "type": "chat", "from": "a", "text": "hi"}"#;
    reads(Dialect::Json32, &sized(4, other), broadcast("a", "hi"));
}

#[test]
fn golden_json32() {
    let client = |text: &str, message| golden_client(Dialect::Json32, &sized(4, text), message);
    client(r#"{"type":"nick","text":"alice"}"#, nick(NAME));
    client(r#"{"type":"bye","text":"BYE"}"#, ClientMessage::Bye);
    client(r#"{"type":"chat","text":"hi"}"#, chat("hi"));
    let server = |text: &str, message| golden_server(Dialect::Json32, &sized(4, text), message);
    server(
        r#"{"type":"hello","text":"HELLO","from":"SERVER","time":7}"#,
        ServerMessage::Hello,
    );
    server(
        r#"{"type":"ready","text":"READY","from":"SERVER","time":7}"#,
        ServerMessage::Ready,
    );
    server(
        r#"{"type":"retry","text":"RETRY","from":"SERVER","time":7}"#,
        ServerMessage::Retry,
    );
    server(
        r#"{"type":"chat","text":"hi","from":"alice","time":7}"#,
        broadcast(NAME, "hi"),
    );
    server(
        r#"{"type":"bye","text":"BYE","from":"SERVER","time":7}"#,
        ServerMessage::Bye,
    );
    let sentence = "Server will shut down in 5 seconds";
    server(
        &format!(r#"{{"type":"shutdown","text":"{sentence}","from":"SERVER","time":7}}"#),
        shutdown(5),
    );
    server(
        r#"{"type":"notice","text":"hi","from":"SERVER","time":7}"#,
        notice("hi"),
    );
}

#[test]
fn golden_struct() {
    let client = |bytes: &[u8], message| golden_client(Dialect::Struct, bytes, message);
    client(&fixed("02000000 05000000 00000000", NAME, ""), nick(NAME));
    client(
        &fixed("01000000 00000000 00000000", "", ""),
        ClientMessage::Bye,
    );
    client(
        &fixed("05000000 05000000 02000000", NAME, "hi"),
        claimed_chat(NAME, "hi"),
    );
    let server = |bytes: &[u8], message| golden_server(Dialect::Struct, bytes, message);
    let empty = |kind: &str| fixed(&format!("{kind} 00000000 00000000"), "", "");
    server(&empty("00000000"), ServerMessage::Hello);
    server(&empty("01000000"), ServerMessage::Bye);
    server(&empty("03000000"), ServerMessage::Ready);
    server(&empty("04000000"), ServerMessage::Retry);
    server(
        &fixed("05000000 05000000 02000000", NAME, "hi"),
        broadcast(NAME, "hi"),
    );
    server(&fixed("05000000 00000000 02000000", "", "hi"), notice("hi"));
    server(
        &fixed(
            "06000000 00000000 22000000",
            "",
            "Server will shut down in 5 seconds",
        ),
        shutdown(5),
    );
    let mut used = fixed("05000000 01000000 02000000", "alice", "hi there");
    used[1067] = 0xff;
    reads(Dialect::Struct, &used, broadcast("a", "hi"));
}

#[test]
fn sentences_that_announce_the_end() {
    let seconds = |sentence: &str| words::seconds(sentence.as_bytes());
    assert_eq!(seconds("Server will shut down in 5 seconds"), Some(5));
    assert_eq!(seconds("shutting down in 1 second."), Some(1));
    assert_eq!(seconds("Server will shut down in x seconds"), None);
    assert_eq!(seconds("Server will shut down in -5 seconds"), Some(5));
    assert_eq!(seconds("wait 5 seconds"), None);
    assert_eq!(seconds("shut 99999999999999999999 seconds"), None);
    assert_eq!(words::seconds(b"shut \xff 5 seconds"), None);
}

#[test]
fn malformed_messages_name_offset_field_and_reason() {
    let fails = |dialect, bytes: &[u8], offset, field: &str| {
        let error = ClientMessage::decode(bytes, dialect).unwrap_err();
        assert_eq!((error.offset, error.field), (offset, field), "{error}");
        error.reason
    };
    let typed = |bytes: &str| fails(Dialect::Typed, &hex(bytes), 2, "type");
    assert_eq!(typed("0000 78"), Reason::UnknownType(b'x'));
    assert_eq!(typed("0000 62"), Reason::WrongDirection(b'b'));
    let word = Reason::UnknownKind("HI".to_owned());
    assert_eq!(typed("0002 6d 4849"), word);
    let json = |text: &str| fails(Dialect::Json16, &sized(2, text), 2, "json");
    for text in ["", "{", "1", r#"{"msg": 1}"#, r#"{"msg": "a"} x"#] {
        assert!(matches!(json(text), Reason::NotJson(_)), "{text}");
    }
    let bytes = b"\x00\x0b{\"msg\":\"\xff\"}";
    assert!(matches!(
        fails(Dialect::Json16, bytes, 2, "json"),
        Reason::NotJson(_)
    ));
    let kind = fails(Dialect::Json32, &sized(4, r#"{"type":"hi"}"#), 4, "type");
    assert_eq!(kind, Reason::UnknownKind("hi".to_owned()));
    let record = |head: &str, offset, field: &str| {
        fails(Dialect::Struct, &fixed(head, "", ""), offset, field)
    };
    let unknown = Reason::UnknownKind("3".to_owned());
    assert_eq!(record("03000000 00000000 00000000", 0, "kind"), unknown);
    let (len, limit) = (33, 32);
    let too_long = Reason::TooLong { len, limit };
    assert_eq!(
        record("02000000 21000000 00000000", 4, "name_len"),
        too_long
    );
    let (len, limit) = (0xffff_ffff, 1024);
    let too_long = Reason::TooLong { len, limit };
    assert_eq!(
        record("05000000 00000000 ffffffff", 8, "text_len"),
        too_long
    );
}

#[test]
fn a_size_above_the_limit_is_refused_before_the_bytes_come() {
    let mut decoder = Decoder::<ClientMessage>::new(Dialect::Json32);
    decoder.feed(&hex("0000ffff"));
    assert_eq!(decoder.next_message(), Ok(None));
    for size in ["00010000", "ffffffff"] {
        let mut decoder = Decoder::<ClientMessage>::new(Dialect::Json32);
        decoder.feed(&hex(size));
        let error = decoder.next_message().unwrap_err();
        assert!(matches!(error.reason, Reason::TooLong { .. }), "{error}");
    }
    let mut decoder = Decoder::<ClientMessage>::new(Dialect::Line);
    decoder.feed(&vec![b'z'; MAX_CONTENT]);
    assert_eq!(decoder.next_message(), Ok(None));
    decoder.feed(b"zzzz");
    assert!(decoder.next_message().is_err());
}

#[test]
fn what_would_be_read_as_something_else_is_not_written() {
    let mut out = vec![7];
    for (dialect, text) in [
        (Dialect::Word, "BYE"),
        (Dialect::Line, "BYE"),
        (Dialect::Word, "NICK"),
        (Dialect::Line, "NICK bob"),
        (Dialect::Line, "two\nlines"),
    ] {
        let error = chat(text).encode(dialect, &mut out).unwrap_err();
        assert!(matches!(error, EncodeError::NotCarried { .. }), "{text}");
    }
    for dialect in [Dialect::Json16, Dialect::Json32] {
        let name = vec![0xff];
        let error = ClientMessage::Nick { name }.encode(dialect, &mut out);
        assert!(matches!(error, Err(EncodeError::NotCarried { .. })));
    }
    assert_eq!(out, [7]);
}

#[test]
fn a_text_that_does_not_fit_is_cut_between_characters() {
    for dialect in Dialect::ALL {
        let text = "é\"".repeat(30_000);
        let message = broadcast(NAME, &text);
        let mut out = vec![7];
        let error = message.encode(dialect, u64::MAX, &mut out).unwrap_err();
        assert!(matches!(error, EncodeError::TooLong { field: "text", .. }));
        assert_eq!(out, [7]);
        out.clear();
        assert!(message.encode_cut(dialect, u64::MAX, &mut out).unwrap());
        let Ok(Decoded::Message { message, len }) = ServerMessage::decode(&out, dialect) else {
            panic!("{dialect}");
        };
        assert_eq!(len, out.len());
        assert!(len <= ServerMessage::MAX_LEN);
        let ServerMessage::Broadcast { text: cut, .. } = message else {
            panic!("{message:?}");
        };
        assert!(text.starts_with(std::str::from_utf8(&cut).unwrap()));
        assert!(cut.len() >= 1000, "{dialect} keeps {}", cut.len());
        assert!(
            !broadcast(NAME, "hi")
                .encode_cut(dialect, 0, &mut out)
                .unwrap()
        );
        assert!(nick(&text).encode_cut(dialect, &mut out).is_err());
    }
}

#[test]
fn dialects_have_names() {
    for dialect in Dialect::ALL {
        assert_eq!(dialect.to_string().parse(), Ok(dialect));
    }
    let error = "words".parse::<Dialect>().unwrap_err().to_string();
    assert!(error.ends_with("word, json16, json32, typed, struct and line"));
}

fn any_dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(Dialect::ALL.as_slice())
}

/// Without colons, which end a name, and without what makes a text a command.
fn any_text() -> impl Strategy<Value = Vec<u8>> {
    "[^:\nBHNRs]{0,32}".prop_map(|mut text| {
        while text.len() > MAX_NAME {
            text.pop();
        }
        text.into_bytes()
    })
}

/// A claimed name comes back only where the dialect carries it.
fn any_client_message() -> impl Strategy<Value = ClientMessage> {
    prop_oneof![
        any_text().prop_map(|name| ClientMessage::Nick { name }),
        any_text().prop_map(|text| ClientMessage::Chat {
            claimed: Vec::new(),
            text
        }),
        Just(ClientMessage::Bye),
    ]
}

fn any_server_message() -> impl Strategy<Value = ServerMessage> {
    prop_oneof![
        Just(ServerMessage::Hello),
        Just(ServerMessage::Ready),
        Just(ServerMessage::Retry),
        Just(ServerMessage::Bye),
        ("[^:\n]{1,8}", any_text()).prop_map(|(from, text)| ServerMessage::Broadcast {
            from: from.into_bytes(),
            text
        }),
        any::<u64>().prop_map(shutdown),
        any_text().prop_map(|text| ServerMessage::Notice { text }),
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
        stamp: u64,
    ) {
        let mut bytes = Vec::new();
        for message in &messages {
            message.encode(dialect, stamp, &mut bytes).unwrap();
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
        server.encode(dialect, 0, &mut bytes).unwrap();
        for len in 0..bytes.len() {
            prop_assert!(needs_more::<ServerMessage>(&bytes, len, dialect));
        }
    }

    #[test]
    fn no_input_panics(
        bytes in vec(any::<u8>(), 0..1200), small in vec(0..8_u8, 0..16), dialect in any_dialect(),
    ) {
        let bytes = [small, bytes].concat();
        let mut client = Decoder::<ClientMessage>::with_limit(dialect, 1100);
        client.feed(&bytes);
        while let Ok(Some(_)) = client.next_message() {}
        let mut server = Decoder::<ServerMessage>::with_limit(dialect, 1100);
        server.feed(&bytes);
        while let Ok(Some(message)) = server.next_message() {
            let mut out = Vec::new();
            let _ = message.encode_cut(dialect, 0, &mut out);
        }
    }

    #[test]
    fn what_is_read_can_be_written_or_is_refused(
        text in ".{0,40}", claimed in ".{0,8}", dialect in any_dialect(),
    ) {
        let mut bytes = Vec::new();
        let message = claimed_chat(&claimed, &text);
        if message.encode(dialect, &mut bytes).is_ok() {
            let back = through_a_stream::<ClientMessage>(&bytes, 7, dialect);
            let is_same = matches!(&back[..], [ClientMessage::Chat { text: back, .. }] if *back == text.as_bytes());
            prop_assert!(is_same, "{:?}", back);
        }
    }
}

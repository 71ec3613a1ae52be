//! Protocol Buffers bodies: alone on a stream, behind a length, and in datagrams.

use proptest::prelude::*;
use protox::prost_reflect::prost::Message as _;
use protox::prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};

use super::*;
use crate::wire::Continued;
use Direction::{ToClient, ToServer};

/// Beside the `.proto` file that it names.
const PATH: &str = "src/wire/tests/protocol.yaml";

const BARE: &str = r#"
protocol: p
proto: chat.proto
consts: { version: "0.1" }
split: { begins: 1, pause: 200ms }
layout: { body: $body }
messages:
  login: { dir: c2s, proto: Request, fields: { version: $version, opcode: 2, text: "{name}" } }
  send:  { dir: c2s, proto: chat.Request, fields: { version: $version, opcode: 3, to: "{to}", text: "{text}" } }
  quit:  { dir: c2s, proto: Request, fields: { version: $version, opcode: 7 } }
  push:  { dir: s2c, proto: Answer, fields: { version: $version, opcode: 17, text: "{from:word}:{text}" } }
  done:  { dir: s2c, proto: Answer, fields: { version: $version, opcode: "{code}", text: "{words}" },
           types: { code: { enum: { created: 1, exists: 2, queue: 6 } } }, default: { words: "" } }
vectors:
  - { dir: c2s, hex: "0a03302e31 1002 2a05'alice'", login: { name: alice } }
  - { dir: c2s, hex: "0a03302e31 1003 2203'bob' 2a02'hi'", send: { to: bob, text: hi } }
  - { dir: c2s, hex: "0a03302e31 1003 2a02'hi' 2203'bob'", send: { to: bob, text: hi }, decode_only: true }
  - { dir: c2s, hex: "0a03302e31 1007", quit: {} }
  - { dir: s2c, hex: "0a03302e31 1011 1a07 'bob:hi' 0a", push: { from: bob, text: "hi\n" } }
  - { dir: s2c, hex: "0a03302e31 1001 1a02'ok'", done: { code: created, words: ok } }
  - { dir: s2c, hex: "0a03302e31 1006", done: { code: queue } }
"#;

fn of(text: &str) -> Codec {
    compiled(&node(PATH, text))
}

fn wrong(text: &str) -> String {
    let mut diagnostics = Diagnostics::default();
    let codec = Codec::compile(&node(PATH, text), &mut diagnostics);
    if let Some(codec) = codec {
        codec.check_vectors(&mut diagnostics);
        codec.check_shadows(&mut diagnostics);
    }
    diagnostics.to_plain_text()
}

fn rested(codec: &Codec, direction: Direction, bytes: &[u8]) -> String {
    match codec.decode_rested(direction, bytes) {
        Decoded::Message { message, len } => format!("{} {len}", message.kind),
        Decoded::More { missing } => format!("more: {missing}"),
        Decoded::Malformed(malformed) => format!("malformed: {malformed}"),
    }
}

#[test]
fn every_kind_has_a_vector_that_holds() {
    assert_eq!(of(BARE).uncovered_kinds(), []);
    assert_eq!(
        of(BARE).pause(),
        Some(std::time::Duration::from_millis(200))
    );
}

#[test]
fn the_next_message_ends_one_and_so_does_a_pause() {
    let codec = of(BARE);
    let queue = hex("0a03302e31 1006");
    assert_eq!(
        decode(&codec, ToClient, &queue),
        "more: field `words`: 1 byte needed, 0 there"
    );
    assert_eq!(rested(&codec, ToClient, &queue), "done 7");
    let two = [&queue[..], &hex("0a03302e31 1011 1a03 'b:x'")].concat();
    assert_eq!(
        decode(&codec, ToClient, &two),
        "done { code: 6, words: \"\" } 7"
    );
    // The key of the next message is enough.
    assert_eq!(
        decode(&codec, ToClient, &two[..8]),
        "done { code: 6, words: \"\" } 7"
    );
    // When all that is described is there, nothing is waited for.
    assert_eq!(
        decode(&codec, ToClient, &two[7..]),
        "push { from: \"b\", text: \"x\" } 12"
    );
    assert_eq!(
        rested(&codec, ToClient, &two[7..two.len() - 1]),
        "more: field `text`: 3 bytes needed, 2 there"
    );
}

#[test]
fn a_piece_that_begins_with_another_field_continues_the_message_before() {
    let codec = of(BARE);
    for (bytes, answer) in [
        ("0a03302e31", Continued::No),
        ("", Continued::No),
        ("0a", Continued::No),
        ("1007", Continued::By(2)),
        ("1007 0a03302e31", Continued::By(2)),
        ("4a03 616263 10", Continued::By(5)),
        ("4a03 61", Continued::Incomplete),
    ] {
        assert_eq!(codec.continued(&hex(bytes)), answer, "{bytes}");
    }
    assert_eq!(
        decode(&codec, ToClient, &hex("1006 0a03302e31")),
        "malformed: byte 0, `body`: field 2 where a message begins with field 1"
    );
}

#[test]
fn what_is_no_message_is_said_with_its_place() {
    let codec = of(BARE);
    for (bytes, answer) in [
        (
            "0a03302e32 1001 1a00",
            "byte 2, `version`: \"0.2\" instead of \"0.1\"",
        ),
        (
            "0a03302e31 1202 6869 1a00",
            "byte 5, `code`: field 2 is bytes with a length instead of a varint",
        ),
        (
            "0a03302e31 00",
            "byte 5, `body`: no field can have this number",
        ),
        ("0a03302e31 0b", "byte 5, `body`: groups are not understood"),
        (
            "0a03302e31 10ffffffffffffffffffff01",
            "byte 6, `body`: a varint of more than 64 bits",
        ),
        (
            "0a03302e31 1affffffff7f 61",
            "byte 11, `body`: more than the 16777216 bytes a message can have",
        ),
    ] {
        let said = decode(&codec, ToClient, &hex(bytes));
        assert!(
            said.starts_with("malformed: ") && said.contains(answer),
            "{bytes}: {said}"
        );
    }
    // Text that is no UTF-8 is a wrong value, and an unknown field no fault.
    assert_eq!(
        decode(&codec, ToClient, &hex("0a03302e31 1001 4801 1a02 c328")),
        "done { code: 1, words: bytes c3 28 } 13"
    );
}

#[test]
fn bytes_are_explained_field_by_field() {
    let codec = of(BARE);
    assert_eq!(
        explain(&codec, ToClient, &hex("0a03302e31 1001 4801 1a02 'ok'")),
        "0..1 key(version) = field 1, bytes with a length\n\
         1..2 len(version) = 3 bytes of `version`\n\
         2..5 version = \"0.1\"\n\
         5..6 key(code) = field 2, a varint\n\
         6..7 code = 1 (created)\n\
         7..8 key(field 9) = field 9, a varint\n\
         8..9 field 9 = bytes 01\n\
         9..10 key(words) = field 3, bytes with a length\n\
         10..11 len(words) = 2 bytes of `words`\n\
         11..13 words = \"ok\""
    );
    let wrong = explain(&codec, ToClient, &hex("0a03302e32 1001 1a00"));
    assert!(
        wrong.contains("2..5 version = \"0.2\" ! \"0.2\" instead of"),
        "{wrong}"
    );
    let open = explain(&codec, ToClient, &hex("0a03302e31 1001 1a05 'ok'"));
    assert!(
        open.ends_with("! field `words`: 5 bytes needed, 2 there"),
        "{open}"
    );
}

#[test]
fn numbers_can_be_bent_and_fields_left_out() {
    let codec = of(BARE);
    let send = [("to", text("bob")), ("text", text("hi"))];
    let bent = |bends: &[(&str, i128)]| encode(&codec, ToServer, "send", &send, bends).unwrap();
    assert_eq!(
        bent(&[("len(text)", 99), ("key(to)", 0x20), ("opcode", -1)]),
        hex("0a03302e31 10ffffffffffffffffff01 2003'bob' 2a63'hi'")
    );
    let own = |_: &str| None;
    let fields = send[1..].to_vec();
    assert_eq!(
        codec.encode_without(ToServer, "send", fields, &["to"], &[], &own),
        Ok(hex("0a03302e31 1003 2a02'hi'"))
    );
    // What was never there counts as empty, so it is the same message.
    assert_eq!(
        rested(&codec, ToServer, &hex("0a03302e31 1003 2a02'hi'")),
        "send 11"
    );
    let broken = [("name", Value::Bytes(vec![0xc3, 0x28]))];
    assert_eq!(
        encode(&codec, ToServer, "login", &broken, &[]),
        Ok(hex("0a03302e31 1002 2a02c328"))
    );
    let unknown = encode(&codec, ToServer, "quit", &[], &[("len(text)", 1)]).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "nothing in `quit` can be bent as `len(text)`; there are: key(version), len(version), key(opcode), opcode"
    );
}

const EVERYTHING: &str = r#"
protocol: p
proto: [chat.proto]
layout: { size: { type: u16, len_of: body }, body: $body }
messages:
  all:  { dir: c2s, proto: Everything }
  user: { dir: s2c, proto: User, fields: { name: "{name}", age: "{age}", friend: { name: "{friend}", friend: "{more:json}" } }, optional: [age, friend, more] }
vectors:
  - { dir: s2c, hex: "0005 0a03'bob'", user: { name: bob } }
  - { dir: s2c, hex: "000e 0a03'bob' 1007 1a05 0a03'eve'", user: { name: bob, age: 7, friend: eve } }
"#;

#[test]
fn messages_in_messages_have_fields_that_can_be_missing() {
    let codec = of(EVERYTHING);
    assert_eq!(
        decode(
            &codec,
            ToClient,
            &hex("0010 0a01'a' 1a0b 0a01'b' 1a06 0a04'carl'")
        ),
        "user { name: \"a\", friend: \"b\", more: { name: \"carl\" } } 18"
    );
}

#[test]
fn deep_messages_end() {
    let codec = of(EVERYTHING);
    let mut bytes = Vec::new();
    for _ in 0..200 {
        let mut outer = vec![0x1a];
        outer.extend(varint(bytes.len()));
        outer.append(&mut bytes);
        bytes = outer;
    }
    let mut framed = u16::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    framed.append(&mut bytes);
    let said = decode(&codec, ToClient, &framed);
    assert!(said.contains("nested too deeply"), "{said}");
}

fn varint(mut value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 0x7f {
        out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap());
    out
}

#[test]
fn mistakes_are_shown_where_they_are() {
    for (from, to, parts) in [
        (
            "proto: chat.proto",
            "proto: chart.proto",
            &["no such file", "chart.proto", "protocol.yaml:3:8"][..],
        ),
        ("proto: chat.proto", "", &["names no `.proto` file"]),
        (
            "proto: chat.proto",
            "proto: broken.proto",
            &[
                "broken.proto:4:3",
                "name 'Strin' is not defined",
                "Strin name = 1;",
            ],
        ),
        (
            "chat.Request",
            "chat.Requst",
            &["no message type is called", "did you mean `chat.Request`?"],
        ),
        (
            "to: \"{to}\"",
            "too: \"{to}\"",
            &[
                "`chat.Request` declares no field `too`",
                "did you mean `to`?",
            ],
        ),
        ("opcode: 7", "opcode: seven", &["expected a whole number"]),
        (
            "opcode: 7",
            "opcode: \"{x:word}\"",
            &["`opcode` is a whole number, and not `:word`"],
        ),
        ("opcode: 7", "opcode: \"a {x}\"", &["`opcode` is no text"]),
        (
            "split: { begins: 1, pause: 200ms }",
            "",
            &[
                "takes the rest, but nothing says how long",
                "`split: { begins: 1 }`",
            ],
        ),
        (
            "begins: 1, pause: 200ms",
            "",
            &["`split` needs `begins` or `pause`"],
        ),
        ("begins: 1", "begins: first", &["the number of the field"]),
        ("200ms", "long", &["`pause` is a time", "pause: 200ms"]),
        (
            "{ body: $body }",
            "{ op: u8, body: $body }",
            &["takes the rest"],
        ),
        (
            "proto: Request, fields: { version: $version, opcode: 7 }",
            "fields: { opcode: 7 }",
            &["`fields` belongs to `proto`"],
        ),
        (
            "opcode: 7 }",
            "opcode: 7 }, optional: [x]",
            &["no field is", "there are none"],
        ),
    ] {
        let text = BARE.replace(from, to);
        assert_ne!(text, BARE);
        let said = wrong(&text);
        for part in parts {
            assert!(said.contains(part), "{to}: no {part:?} in\n{said}");
        }
    }
}

#[test]
fn a_kind_that_is_never_seen_is_warned_of() {
    let text = BARE.replace(
        "  done: ",
        "  any: { dir: s2c, proto: Answer, fields: { text: \"{text}\" } }\n  done: ",
    );
    assert!(
        wrong(&text).contains("`done` is never seen s2c"),
        "{}",
        wrong(&text)
    );
}

#[test]
fn a_dialect_replaces_the_fields() {
    let dialect_text = "dialect: d\nmessages:\n  quit: { fields: { version: $version, opcode: 9 } }\n  login: { text: hi }\n";
    let mut diagnostics = Diagnostics::default();
    let merged = merge_dialect(
        &node(PATH, BARE),
        &node("d.yaml", dialect_text),
        &mut diagnostics,
    );
    let said = Codec::compile(&merged, &mut diagnostics);
    assert!(said.is_none());
    let said = diagnostics.to_plain_text();
    assert!(said.contains("takes the rest"), "{said}");
    assert!(
        !said.contains("exclude each other") && !said.contains("belongs to"),
        "{said}"
    );
    let merged = merge_dialect(
        &node(PATH, BARE),
        &node("d.yaml", dialect_text.split("  login").next().unwrap()),
        &mut diagnostics,
    );
    let codec = Codec::compile(&merged, &mut Diagnostics::default()).unwrap();
    let quit = encode(&codec, ToServer, "quit", &[], &[]).unwrap();
    assert_eq!(quit, hex("0a03302e31 1009"));
}

fn pool() -> DescriptorPool {
    let compiled = protox::compile(["src/wire/tests/chat.proto"], ["src/wire/tests"]).unwrap();
    DescriptorPool::from_file_descriptor_set(compiled).unwrap()
}

fn everything() -> MessageDescriptor {
    pool().get_message_by_name("chat.Everything").unwrap()
}

/// Values of `chat.Everything` as scenarios have them.
fn some_values() -> impl Strategy<Value = Vec<(String, Value)>> {
    let user = ("[a-z]{0,5}", proptest::option::of(any::<u32>())).prop_map(|(name, age)| {
        let age = age.map(|age| ("age".to_owned(), Value::Int(age.into())));
        let name = (!name.is_empty()).then(|| ("name".to_owned(), Value::Text(name)));
        Value::Map(name.into_iter().chain(age).collect())
    });
    let text = ".{0,6}".prop_map(Value::Text);
    let list = |value| proptest::collection::vec(value, 0..4).prop_map(Value::List);
    let numbers = (
        any::<f64>().prop_filter("a number", |n| n.is_finite()),
        any::<(i32, i64, u32, u64, i32, i64, u32, u64, i32, i64)>(),
        any::<bool>(),
        0..3_i32,
    );
    (
        numbers,
        text.clone(),
        any::<Vec<u8>>(),
        user.clone(),
        list(any::<i32>().prop_map(|n| Value::Int(n.into())).boxed()),
        list(text.boxed()),
        list(user.boxed()),
    )
        .prop_map(|((a, n, m, p), text, o, q, r, s, t)| {
            let int = |n: i128| Value::Int(n);
            let values = [
                ("a", Value::Float(a)),
                ("b", Value::Float(0.5)),
                ("c", int(n.0.into())),
                ("d", int(n.1.into())),
                ("e", int(n.2.into())),
                ("f", int(n.3.into())),
                ("g", int(n.4.into())),
                ("h", int(n.5.into())),
                ("i", int(n.6.into())),
                ("j", int(n.7.into())),
                ("k", int(n.8.into())),
                ("l", int(n.9.into())),
                ("m", Value::Bool(m)),
                ("n", text),
                ("o", Value::Bytes(o)),
                ("p", int(p.into())),
                ("q", q),
                ("r", r),
                ("s", s),
                ("t", t),
            ];
            let mut values: Vec<_> = values
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
            let entry = vec![
                ("key".to_owned(), Value::Text("k".to_owned())),
                ("value".to_owned(), int(7)),
            ];
            values.push(("u".to_owned(), Value::List(vec![Value::Map(entry)])));
            values
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn what_is_written_comes_back_and_another_reader_reads_it(values in some_values()) {
        let codec = of(EVERYTHING);
        let bytes = codec.encode(ToServer, "all", &values, &[], &|_| None).unwrap();
        let Decoded::Message { message, len } = codec.decode(ToServer, &bytes) else {
            return Err(TestCaseError::fail("no message"));
        };
        prop_assert_eq!(len, bytes.len());
        for (name, value) in &values {
            prop_assert_eq!(message.field(name), Some(value), "{}", name);
        }
        let other = DynamicMessage::decode(everything(), &bytes[2..]).unwrap();
        let again = other.encode_to_vec();
        let mut framed = u16::try_from(again.len()).unwrap().to_be_bytes().to_vec();
        framed.extend(again);
        prop_assert_eq!(codec.decode(ToServer, &framed), codec.decode(ToServer, &bytes));
    }

    #[test]
    fn no_input_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..60), at in 0..60_usize) {
        let codec = of(BARE);
        let real = hex("0a03302e31 1011 1a07 'bob:hi' 0a");
        let mut changed = real.clone();
        let place = at % real.len();
        changed[place] = bytes.first().copied().unwrap_or_default();
        changed.append(&mut bytes);
        for direction in [ToServer, ToClient] {
            for cut in 0..changed.len() {
                let _ = codec.decode(direction, &changed[..cut]);
                let _ = codec.decode_rested(direction, &changed[..cut]);
                let _ = codec.continued(&changed[..cut]);
                let segments = codec.explain(direction, &changed[..cut]);
                let mut end = 0;
                for segment in segments {
                    prop_assert!(segment.range.start <= segment.range.end && segment.range.end <= cut);
                    prop_assert!(segment.range.start >= end || segment.range.is_empty());
                    end = segment.range.end;
                }
            }
        }
    }

    #[test]
    fn messages_come_back_however_the_stream_is_cut(cuts in proptest::collection::vec(1..9_usize, 1..20)) {
        let codec = of(BARE);
        let stream = hex("0a03302e31 1011 1a03'a:x' 0a03302e31 1006 0a03302e31 1001 1a02'ok' 4801 0a03302e31 1002");
        let mut unread: Vec<u8> = Vec::new();
        let mut kinds = Vec::new();
        let mut rest = &stream[..];
        let mut sizes = cuts.iter().cycle();
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
            unread.extend_from_slice(piece);
            rest = tail;
            loop {
                if !kinds.is_empty() {
                    match codec.continued(&unread) {
                        Continued::By(len) => { unread.drain(..len); continue; }
                        Continued::Incomplete => break,
                        Continued::No => {}
                    }
                }
                let decoded = if rest.is_empty() { codec.decode_rested(ToClient, &unread) } else { codec.decode(ToClient, &unread) };
                match decoded {
                    Decoded::Message { message, len } => { kinds.push(message.kind.to_string()); unread.drain(..len); }
                    Decoded::More { .. } => break,
                    Decoded::Malformed(malformed) => return Err(TestCaseError::fail(malformed.to_string())),
                }
            }
        }
        prop_assert_eq!(kinds, ["push", "done", "done", "done"]);
        prop_assert!(unread.is_empty());
    }
}

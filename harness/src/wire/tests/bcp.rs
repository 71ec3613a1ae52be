//! The binary chat protocol and the dialect of a program that really speaks it.

use super::*;
use Direction::{ToClient, ToServer};

const SPEC: &str = r#"
protocol: bcp
endian: big
consts: { server: server }
types: { str16: { string: utf8, len: u16 } }
layout: { op: { type: u8, tag: true }, body: $body }
messages:
  register: { dir: c2s, tag: 1, body: { username: str16 } }
  send:     { dir: c2s, tag: 2, body: { message: str16 } }
  notice:   { dir: s2c, tag: 3, body: { from: { type: str16, const: $server }, message: str16 } }
  deliver:  { dir: s2c, tag: 3, body: { from: str16, message: str16 } }
  status:   { dir: both, tag: 4, body: { code: { type: u8, enum: { ok: 0 } }, message: str16 } }
vectors:
  - { dir: c2s, hex: "01 0005 616c696365", register: { username: alice } }
  - { dir: c2s, hex: "02 0002 6869", send: { message: hi } }
  - { dir: s2c, hex: "03 0006 'server' 0002 'hi'", notice: { message: hi } }
  - { dir: s2c, hex: "03 0003 'bob' 0002 'hi'", deliver: { from: bob, message: hi } }
  - { dir: s2c, hex: "04 00 0000", status: { code: ok, message: "" } }
  - { dir: c2s, hex: "04 07 0001 78", status: { code: 7, message: x } }
"#;

const RPCHAT: &str = r#"
dialect: rpchat
consts: { server: "[Server]" }
types: { str16z: { string: utf8, len: u16, suffix: "\0" } }
messages:
  notice:  { body: { from: { type: str16, const: $server }, message: str16z } }
  deliver: { body: { from: str16z, message: str16z } }
  status:  { c2s: { body: { code: { type: u8, enum: { ok: 0 } } } } }
vectors:
  - { dir: c2s, hex: "010005616c696365", register: { username: alice } }
  - { dir: c2s, hex: "02000968656c6c6f20626f62", send: { message: hello bob } }
  - { dir: s2c, hex: "04000000", status: { code: ok, message: "" } }
  - { dir: c2s, hex: "0400", status: { code: ok } }
  - { dir: s2c, hex: "030006616c69636500000a68656c6c6f20626f6200", deliver: { from: alice, message: hello bob } }
  - { dir: s2c, hex: "03 0003 'bob' 0002 'hi'", deliver: { from: bob, message: hi }, decode_only: true }
  - { dir: s2c, hex: "03 0008 '[Server]' 001b 'bob has joined the server.' 00", notice: { message: bob has joined the server. } }
"#;

#[test]
fn every_kind_has_a_vector_that_holds() {
    for codec in [codec(SPEC), dialect(SPEC, RPCHAT)] {
        assert_eq!(codec.uncovered_kinds(), []);
    }
    assert_eq!(
        dialect(SPEC, RPCHAT).consts(),
        [("server".to_owned(), text("[Server]"))]
    );
}

#[test]
fn the_first_kind_that_fits_is_it() {
    let codec = codec(SPEC);
    let of = |from: &str| hex(&format!("03 {:04x} '{from}' 0001 'x' 99", from.len()));
    assert_eq!(
        decode(&codec, ToClient, &of("server")),
        "notice { from: \"server\", message: \"x\" } 12"
    );
    assert_eq!(
        decode(&codec, ToClient, &of("sorver")),
        "deliver { from: \"sorver\", message: \"x\" } 12"
    );
}

#[test]
fn what_is_missing_is_said() {
    let codec = codec(SPEC);
    for (bytes, answer) in [
        ("", "more: field `op`: 1 byte needed, 0 there"),
        ("02", "more: field `len(message)`: 2 bytes needed, 0 there"),
        (
            "02 ffff 616263",
            "more: field `message`: 65535 bytes needed, 3 there",
        ),
    ] {
        assert_eq!(decode(&codec, ToServer, &hex(bytes)), answer);
    }
}

#[test]
fn what_is_wrong_is_said() {
    let codec = codec(SPEC);
    assert_eq!(
        decode(&codec, ToServer, &[9]),
        "malformed: byte 0, `op`: 9 is none of: 1 (register), 2 (send), 4 (status)"
    );
    let small = SPEC.replace("endian: big", "max_message: 100");
    assert_eq!(
        decode(&super::codec(&small), ToServer, &hex("02 ffff")),
        "malformed: byte 1, `len(message)`: more than the 100 bytes a message can have"
    );
}

#[test]
fn text_that_is_not_utf8_is_a_wrong_value_and_no_broken_frame() {
    assert_eq!(
        decode(&codec(SPEC), ToServer, &hex("02 0002 c328")),
        "send { message: bytes c3 28 } 5"
    );
}

#[test]
fn numbers_can_be_bent() {
    let codec = codec(SPEC);
    let name = [("username", text("bob"))];
    let bent = |bends: &[(&str, i128)]| encode(&codec, ToServer, "register", &name, bends);
    assert_eq!(bent(&[]), Ok(hex("01 0003 'bob'")));
    assert_eq!(bent(&[("len(username)", 999)]), Ok(hex("01 03e7 'bob'")));
    assert_eq!(bent(&[("op", 9)]), Ok(hex("09 0003 'bob'")));
    let problem = |bends: &[(&str, i128)]| bent(bends).unwrap_err().to_string();
    assert_eq!(
        problem(&[("opp", 9)]),
        "nothing in `register` can be bent as `opp`; there are: op, len(username)"
    );
    assert_eq!(
        problem(&[("len(username)", 65_536)]),
        "65536 does not fit into `len(username)`, which is from 0 to 65535"
    );
}

#[test]
fn what_cannot_be_sent_is_said() {
    let codec = codec(SPEC);
    let problem = |direction, kind, fields: &[(&str, Value)]| {
        encode(&codec, direction, kind, fields, &[])
            .unwrap_err()
            .to_string()
    };
    let long = text(&"x".repeat(65_536));
    assert_eq!(
        problem(ToServer, "sned", &[]),
        "no message is called `sned`"
    );
    assert_eq!(problem(ToClient, "send", &[]), "`send` does not go s2c");
    assert_eq!(
        problem(ToServer, "send", &[]),
        "`send` needs a value for `message`"
    );
    assert_eq!(
        problem(ToServer, "send", &[("mesage", text("x"))]),
        "`send` has no field `mesage`; did you mean `message`?"
    );
    assert_eq!(
        problem(ToServer, "send", &[("message", long)]),
        "`message` cannot be sent in this format: 65536 bytes, and `len(message)` counts to 65535"
    );
    assert_eq!(
        problem(
            ToClient,
            "notice",
            &[("from", text("x")), ("message", text("y"))]
        ),
        "`from` is always \"server\""
    );
    assert_eq!(
        problem(
            ToServer,
            "status",
            &[("code", Value::Int(256)), ("message", text(""))]
        ),
        "`code`: 256 is not within 0 to 255"
    );
}

#[test]
fn a_dump_names_every_byte() {
    let codec = codec(SPEC);
    assert_eq!(
        explain(&codec, ToClient, &hex("04 00 0002 6869 03")),
        "0..1 op = 4\n1..2 code = 0 (ok)\n2..4 len(message) = 2 bytes of `message`\n\
         4..6 message = \"hi\"\n6..7  = after the message"
    );
    assert_eq!(
        explain(&codec, ToClient, &hex("04 00 0003 6869")),
        "0..1 op = 4\n1..2 code = 0 (ok)\n2..4 len(message) = 3 bytes of `message`\n\
         4..6 message =  ! field `message`: 3 bytes needed, 2 there"
    );
    assert_eq!(
        explain(&codec, ToClient, &[9, 9]),
        "0..2 op =  ! 9 is none of: 3 (notice, deliver), 4 (status)"
    );
}

#[test]
fn fields_say_what_they_take() {
    let codec = codec(SPEC);
    let status = codec.kind("status").unwrap();
    assert!(status.goes(ToServer) && status.goes(ToClient));
    let names: Vec<_> = status.fields(ToClient).iter().map(|f| &*f.name).collect();
    assert_eq!(names, ["code", "message"]);
    assert_eq!(
        status.coerce(ToClient, "code", text("ok")),
        Ok(Value::Int(0))
    );
    assert_eq!(status.show(ToClient, "code", &Value::Int(0)), "0 (ok)");
    let notice = codec.kind("notice").unwrap();
    let from = notice.field(ToClient, "from").unwrap();
    assert_eq!(from.constant, Some(text("server")));
    assert!(!from.required);
    assert!(!notice.goes(ToServer));
}

#[test]
fn parts_of_a_dialect_keep_their_places() {
    let mut diagnostics = Diagnostics::default();
    let merged = merge_dialect(
        &node("protocol.yaml", SPEC),
        &node("dialect.yaml", RPCHAT),
        &mut diagnostics,
    );
    let place = |kind: &str| {
        let kind = merged.get("messages").and_then(|m| m.get(kind)).unwrap();
        kind.get("body")
            .unwrap()
            .span
            .file
            .path
            .display()
            .to_string()
    };
    assert_eq!(place("notice"), "dialect.yaml");
    assert_eq!(place("register"), "protocol.yaml");
    let vectors = merged.get("vectors").and_then(Node::items).unwrap();
    assert_eq!(vectors.len(), 7);
}

#[test]
fn a_type_of_a_dialect_says_its_end_anew() {
    let codec = dialect(
        "layout: { body: $body }\ntypes: { str: { string: utf8, len: u16 } }\n\
         messages: { a: { dir: c2s, body: { x: str } } }",
        "types: { str: { until: \"\\n\" } }",
    );
    assert_eq!(decode(&codec, ToServer, b"hi\n"), "a { x: \"hi\" } 3");
}

#[test]
fn new_kinds_come_first_and_null_takes_away() {
    let mut diagnostics = Diagnostics::default();
    let merged = merge_dialect(
        &node(
            "p.yaml",
            "messages: { a: { dir: c2s, tag: 1 }, b: { dir: c2s } }",
        ),
        &node(
            "d.yaml",
            "messages: { a: ~, c: { dir: s2c }, b: { tag: 2 } }",
        ),
        &mut diagnostics,
    );
    let kinds = merged.get("messages").and_then(Node::entries).unwrap();
    let names: Vec<_> = kinds.iter().map(|kind| kind.key.as_str()).collect();
    assert_eq!(names, ["c", "b"]);
    assert_eq!(kinds[1].value.get("dir").and_then(Node::text), Some("c2s"));
    let merged = merge_dialect(
        &node(
            "p.yaml",
            "{ layout: { a: u8, b: $body }, messages: { a: { dir: c2s } } }",
        ),
        &node(
            "d.yaml",
            "{ layout: { b: $body }, messages: { x: { dir: c2s } } }",
        ),
        &mut diagnostics,
    );
    let keys = |key: &str| {
        let entries = merged.get(key).and_then(Node::entries).unwrap();
        entries.iter().map(|e| e.key.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        (keys("layout"), keys("messages")),
        (vec!["b".into()], vec!["x".into()])
    );
}

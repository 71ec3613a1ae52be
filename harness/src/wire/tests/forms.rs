//! The words of the language one by one, and what other protocols need.

use super::*;
use Direction::{ToClient, ToServer};

const CHATBOOTH: &str = r#"
protocol: chatbooth
layout:
  version: { type: u8, const: 0 }
  action: { type: u8, tag: true }
  size: { type: u32, len_of: body }
  body: $body
  token: { type: bytes, len: 16, default: $self.token, only: [list, send, deliver, delete] }
messages:
  authenticate: { dir: c2s, tag: 1, text: "{user}:{password}" }
  list:    { dir: c2s, tag: 2, text: "{pattern}" }
  send:    { dir: c2s, tag: 3, text: "{user}:{text}" }
  deliver: { dir: c2s, tag: 4, text: "{user}" }
  delete:  { dir: c2s, tag: 5, text: "{user}" }
  error:   { dir: s2c, tag: 10, body: {} }
  done:    { dir: s2c, tag: 10, body: { zero: { type: u8, const: 0 } } }
  answer:  { dir: s2c, tag: 10, body: { data: { bytes: rest } } }
  message: { dir: s2c, tag: 11, text: "{text}" }
vectors:
  - { dir: c2s, hex: "000100000008 'alice:pw'", authenticate: { user: alice, password: pw } }
  - { dir: c2s, hex: "000100000009 'alice:p:w'", authenticate: { user: alice, password: "p:w" } }
  - { dir: c2s, hex: "000200000001 0a a01ad8ec118045caba1f67d504fe3fb3", list: { pattern: "\n", token: { $hex: a01ad8ec118045caba1f67d504fe3fb3 } } }
  - { dir: c2s, hex: "000300000006 'bob:hi' a01ad8ec118045caba1f67d504fe3fb3", send: { user: bob, text: hi, token: { $hex: a01ad8ec118045caba1f67d504fe3fb3 } } }
  - { dir: c2s, hex: "000400000003 'bob' a01ad8ec118045caba1f67d504fe3fb3", deliver: { user: bob, token: { $hex: a01ad8ec118045caba1f67d504fe3fb3 } } }
  - { dir: c2s, hex: "000500000003 'bob' a01ad8ec118045caba1f67d504fe3fb3", delete: { user: bob, token: { $hex: a01ad8ec118045caba1f67d504fe3fb3 } } }
  - { dir: s2c, hex: "000a00000000", error: {} }
  - { dir: s2c, hex: "000a00000001 00", done: {} }
  - { dir: s2c, hex: "000a00000009 'alice,bob'", answer: { data: "alice,bob" } }
  - { dir: s2c, hex: "000b00000002 'hi'", message: { text: hi } }
"#;

#[test]
fn a_trailer_follows_the_body_of_some_kinds() {
    let codec = codec(CHATBOOTH);
    assert_eq!(codec.uncovered_kinds(), []);
    let token = |name: &str| (name == "token").then(|| Value::Bytes(vec![7; 16]));
    let fields = [("pattern".to_owned(), text("a"))];
    let bytes = codec
        .encode(ToServer, "list", &fields, &[], &token)
        .unwrap();
    assert_eq!(bytes, [&hex("000200000001 61")[..], &[7; 16]].concat());
    let problem = codec.encode(ToServer, "list", &fields, &[], &|_| None);
    assert_eq!(
        problem.unwrap_err().to_string(),
        "`token` is `$self.token` by default, which has no value yet"
    );
    assert_eq!(
        decode(&codec, ToClient, &hex("010a00000000")),
        "malformed: byte 0, `version`: 1 instead of 0"
    );
    assert_eq!(
        decode(&codec, ToClient, &hex("000affffffff")),
        "malformed: byte 2, `size`: more than the 16777216 bytes a message can have"
    );
}

/// Both ways through a body on a stream; `body` is a map of fields in YAML.
#[track_caller]
fn through(root: &str, fields: &[(&str, Value)], bytes: &str) {
    let codec = codec(root);
    let encoded = encode(&codec, ToServer, "m", fields, &[]).unwrap();
    assert_eq!(
        Value::Bytes(encoded.clone()).to_string(),
        Value::Bytes(hex(bytes)).to_string()
    );
    let Decoded::Message { message, len } = codec.decode(ToServer, &encoded) else {
        panic!("{}", decode(&codec, ToServer, &encoded));
    };
    assert_eq!(len, encoded.len());
    for (name, value) in fields {
        assert_eq!(message.field(name), Some(value), "{name}");
    }
    for cut in 0..encoded.len() {
        let part = decode(&codec, ToServer, &encoded[..cut]);
        assert!(part.starts_with("more: "), "{cut}: {part}");
    }
    let dump = codec.explain(ToServer, &encoded);
    let mut at = 0;
    for segment in dump {
        assert_eq!((segment.range.start, segment.problem), (at, None));
        at = segment.range.end;
    }
    assert_eq!(at, encoded.len());
}

fn body(fields: &str) -> String {
    format!("layout: {{ body: $body }}\nmessages: {{ m: {{ dir: c2s, body: {fields} }} }}\n")
}

#[test]
fn integers_have_width_sign_and_order() {
    through(
        &body("{ a: u16, b: { type: u16, endian: little }, c: i32le, d: u24, e: i8, f: varint }"),
        &[
            ("a", Value::Int(0x0102)),
            ("b", Value::Int(0x0102)),
            ("c", Value::Int(-2)),
            ("d", Value::Int(0x01_0203)),
            ("e", Value::Int(-1)),
            ("f", Value::Int(300)),
        ],
        "0102 0201 feffffff 010203 ff ac02",
    );
}

#[test]
fn numbers_can_be_written_in_digits() {
    through(
        &body(
            "{ a: { type: decimal, len: 4 }, b: { type: decimal, len: 4, pad: ' ' }, c: { type: decimal, until: ':' } }",
        ),
        &[
            ("a", Value::Int(42)),
            ("b", Value::Int(42)),
            ("c", Value::Int(42)),
        ],
        "'0042' '42  ' '42:'",
    );
    through(
        "layout: { size: { type: decimal, len: 8, pad: ' ', len_of: body }, body: $body }\n\
         messages: { m: { dir: c2s, text: '{x}' } }\n",
        &[("x", text("hello"))],
        "'5       hello'",
    );
    through(
        &body(
            "{ x: { string: utf8, len: { type: decimal, until: ':' } }, end: { string: ascii, len: 1, const: ',' } }",
        ),
        &[("x", text("hello"))],
        "'5:hello,'",
    );
}

#[test]
fn lengths_stand_before_or_apart() {
    let x = [("x", text("hello"))];
    through(&body("{ x: { string: utf8, len: u8 } }"), &x, "05 'hello'");
    through(
        &body("{ x: { string: utf8, len: { type: u16, endian: little } } }"),
        &x,
        "0500 'hello'",
    );
    through(
        &body("{ x: { string: utf8, len: varint } }"),
        &x,
        "05 'hello'",
    );
    through(
        &body("{ n: u8, x: { string: utf8, len: n } }"),
        &x,
        "05 'hello'",
    );
    through(
        &body("{ n: { type: u8, len_of: x }, x: { string: utf8 } }"),
        &x,
        "05 'hello'",
    );
    through(
        &body("{ n: { type: u8, len_of: [n, x] }, x: { string: utf8 } }"),
        &x,
        "06 'hello'",
    );
    through(
        &body("{ n: { type: u8, len_of: x, plus: 2 }, x: { string: utf8 } }"),
        &x,
        "07 'hello'",
    );
    through(
        &body("{ n: { type: varint, len_of: x }, x: { string: utf8 } }"),
        &x,
        "05 'hello'",
    );
    through(
        &body(
            "{ t: { type: u8, default: 9 }, n: { type: u16, len_of: [t, n, x, y] }, x: { string: utf8 }, y: u16 }",
        ),
        &[("x", text("hello")), ("y", Value::Int(1))],
        "09 000a 'hello' 0001",
    );
    through(
        &body(
            "{ n: { type: u8, len_of: [a, b, x, y] }, a: { type: u8, len_of: x }, b: { type: u8, len_of: y }, x: { string: utf8 }, y: { string: utf8 } }",
        ),
        &[("x", text("hello")), ("y", text("yo"))],
        "09 05 02 'hello' 'yo'",
    );
    through(
        &body(
            "{ n: { type: varint, len_of: [a, x] }, a: { type: varint, len_of: x }, x: { string: utf8 } }",
        ),
        &[("x", text(&"y".repeat(200)))],
        &format!("ca01 c801 '{}'", "y".repeat(200)),
    );
    through(
        "layout: { size: { type: u32, len_of: [size, body, end] }, body: $body, end: { type: u8, const: 255 } }\n\
         messages: { m: { dir: c2s, body: { x: { string: utf8, len: rest } } } }\n",
        &x,
        "0000000a 'hello' ff",
    );
}

#[test]
fn a_field_says_the_byte_order_of_its_length_too() {
    through(
        &body("{ x: { string: utf8, len: u16, endian: little } }"),
        &[("x", text("hello"))],
        "0500 'hello'",
    );
}

#[test]
fn a_dialect_can_take_away_kinds_that_the_layout_names() {
    let codec = dialect(
        CHATBOOTH.split("vectors:").next().unwrap(),
        "messages: { list: ~ }",
    );
    assert!(codec.kind("list").is_none());
    assert_eq!(codec.kind("send").unwrap().fields(ToServer).len(), 3);
}

#[test]
fn texts_end_are_padded_or_have_a_suffix() {
    let x = [("x", text("hello"))];
    through(
        &body("{ x: { string: utf8, until: \"\\0\" } }"),
        &x,
        "'hello' 00",
    );
    through(
        &body("{ x: { string: utf8, until: [\"\\r\\n\", \"\\n\"] } }"),
        &x,
        "'hello' 0d0a",
    );
    through(
        &body("{ x: { string: utf8, len: 8, pad: ' ' } }"),
        &x,
        "'hello   '",
    );
    through(
        &body("{ x: { string: utf8, len: 8, pad: \"\\0\", garbage: true } }"),
        &x,
        "'hello' 000000",
    );
    through(
        &body("{ x: { string: utf8, len: u8, suffix: \"\\0\" } }"),
        &x,
        "06 'hello' 00",
    );
    through(
        &body("{ x: { string: utf16le, len: u8 } }"),
        &[("x", text("é"))],
        "02 e900",
    );
    through(
        &body("{ x: { string: latin1, len: u8 } }"),
        &[("x", text("é"))],
        "01 e9",
    );
    through(
        &body("{ x: { bytes: 2 } }"),
        &[("x", Value::Bytes(vec![1, 2]))],
        "0102",
    );
    let garbage = codec(&body(
        "{ x: { string: utf8, len: 8, pad: \"\\0\", garbage: true } }",
    ));
    assert_eq!(
        decode(&garbage, ToServer, &hex("'hi' 00 'junk!'")),
        "m { x: \"hi\" } 8"
    );
    let crlf = codec(&body(
        "{ x: { string: utf8, until: [\"\\r\\n\", \"\\n\"] } }",
    ));
    assert_eq!(decode(&crlf, ToServer, b"a\r\n"), "m { x: \"a\" } 3");
    assert_eq!(decode(&crlf, ToServer, b"a\n"), "m { x: \"a\" } 2");
}

#[test]
fn a_body_of_fixed_size_keeps_its_zeros() {
    through(
        "layout: { body: { type: $body, len: 8, pad: \"\\0\" } }\n\
         messages: { m: { dir: c2s, body: { a: u8, b: u16 } } }\n",
        &[("a", Value::Int(1)), ("b", Value::Int(0))],
        "01 0000 0000000000",
    );
}

#[test]
fn the_last_fields_of_a_counted_body_can_be_missing() {
    let root = "layout: { n: { type: u8, len_of: body }, body: $body }\n\
        messages: { m: { dir: c2s, body: { a: u8, b: { type: u8, optional: true }, c: { string: utf8, len: u8, optional: true } } } }\n";
    let fields = [("a", Value::Int(1)), ("b", Value::Int(2)), ("c", text("x"))];
    through(root, &fields[..1], "01 01");
    through(root, &fields[..2], "02 01 02");
    through(root, &fields, "04 01 02 01 'x'");
    let codec = codec(root);
    assert_eq!(decode(&codec, ToServer, &hex("01 01")), "m { a: 1 } 2");
    let optional = &codec.kind("m").unwrap().fields(ToServer)[1];
    assert!(optional.optional && !optional.required);
}

#[test]
fn json_ends_with_its_last_bracket() {
    let root = "layout: { body: $body }\n\
        messages:\n\
        \x20 m: { dir: c2s, json: { type: say, who: { name: '{name}' }, n: '{n:int}', on: '{on:bool}', list: [1, '{second}'] } }\n\
        \x20 x: { dir: c2s, json: { type: x, any: '{any:json}' }, exact: true }\n";
    through(
        root,
        &[
            ("name", text("a\"b")),
            ("n", Value::Int(-5)),
            ("on", Value::Bool(true)),
            ("second", text("}")),
        ],
        r#"'{"type":"say","who":{"name":"a\"b"},"n":-5,"on":true,"list":[1,"}"]}'"#,
    );
    let codec = codec(root);
    let two = br#"{"type": "x", "any": null} {"type": "x", "any": [1.5]}"#;
    assert_eq!(decode(&codec, ToServer, two), "x { any: null } 26");
    assert_eq!(decode(&codec, ToServer, &two[26..]), "x { any: [1.5] } 28");
    assert_eq!(
        decode(&codec, ToServer, br#"{"type": "x", "any": 1, "more": 2}"#),
        "malformed: byte 24, `json`: no key \"\\\"more\\\"\" is known"
    );
    let bytes = encode(
        &codec,
        ToServer,
        "x",
        &[("any", Value::Map(vec![("k".into(), Value::Null)]))],
        &[],
    );
    assert_eq!(bytes.unwrap(), br#"{"type":"x","any":{"k":null}}"#);
}

#[test]
fn keys_can_be_left_out_on_purpose() {
    let codec = codec(
        "layout: { body: $body }\nmessages:\n\
         \x20 m: { dir: c2s, json: { a: '{a}', b: { c: '{c}', d: 1 } }, default: { c: x } }\n\
         \x20 n: { dir: c2s, body: { a: u8 } }\n",
    );
    let fields = vec![("a", text("1"))];
    let without = |kind: &str, fields: Vec<_>, absent: &str| {
        codec.encode_without(ToServer, kind, fields, &[absent], &[], &|_| None)
    };
    assert_eq!(
        without("m", fields, "c").unwrap(),
        br#"{"a":"1","b":{"d":1}}"#
    );
    assert_eq!(
        without("m", vec![], "a").unwrap(),
        br#"{"b":{"c":"x","d":1}}"#
    );
    assert_eq!(
        without("n", vec![], "a").unwrap_err().to_string(),
        "`a` cannot be sent in this format: it cannot be left out"
    );
    assert_eq!(
        without("n", vec![], "b").unwrap_err().to_string(),
        "`n` has no field `b`; it has: a"
    );
}

fn people() -> Value {
    let person = |name: &str, age: i128| {
        Value::Map(vec![
            ("name".into(), text(name)),
            ("age".into(), Value::Int(age)),
        ])
    };
    Value::List(vec![person("bob", 7), person("al", 8)])
}

#[test]
fn values_stand_in_lists_and_groups() {
    let names = [("names", Value::List(vec![text("bob"), text("al")]))];
    let str8 = "{ string: utf8, len: u8 }";
    through(
        &body(&format!("{{ names: {{ list: {str8}, count: u16 }} }}")),
        &names,
        "0002 03 'bob' 02 'al'",
    );
    through(
        &body(&format!("{{ names: {{ list: {str8}, count: 2 }} }}")),
        &names,
        "03 'bob' 02 'al'",
    );
    through(
        &body(&format!("{{ names: {{ list: {str8}, len: u16 }} }}")),
        &names,
        "0007 03 'bob' 02 'al'",
    );
    through(
        &body(&format!(
            "{{ n: u8, x: u8, names: {{ list: {str8}, count: n }} }}"
        )),
        &[("x", Value::Int(9)), names[0].clone()],
        "02 09 03 'bob' 02 'al'",
    );
    through(
        &body(&format!(
            "{{ n: {{ type: u8, len_of: names }}, names: {{ list: {str8} }} }}"
        )),
        &names,
        "07 03 'bob' 02 'al'",
    );
    through(
        &body(&format!(
            "{{ people: {{ list: {{ fields: {{ name: {str8}, age: u8 }} }}, count: u8 }} }}"
        )),
        &[("people", people())],
        "02 03 'bob' 07 02 'al' 08",
    );
    through(
        &body(
            "{ who: { fields: { n: u8, name: { string: utf8, len: n }, age: { type: u8, default: 5 } } }, z: u8 }",
        ),
        &[
            (
                "who",
                Value::Map(vec![
                    ("name".into(), text("bob")),
                    ("age".into(), Value::Int(5)),
                ]),
            ),
            ("z", Value::Int(1)),
        ],
        "03 'bob' 05 01",
    );
    through(
        "types: { person: { fields: { name: { string: utf8, len: u8 }, age: u8 } } }\n\
         layout: { body: $body }\n\
         messages: { m: { dir: c2s, body: { people: { list: person, count: u8 } } } }\n",
        &[("people", people())],
        "02 03 'bob' 07 02 'al' 08",
    );
}

#[test]
fn lists_are_bounded_and_explained() {
    let codec = codec(
        "types: { person: { fields: { name: { string: utf8, len: u8 }, sort: { type: u8, enum: { guest: 1 } } } } }\n\
         layout: { n: { type: u8, len_of: body }, body: $body }\n\
         messages: { m: { dir: c2s, body: { all: { list: person, count: u8 } } }, p: { dir: s2c, body: person } }\n\
         vectors: [ { dir: c2s, hex: \"05 01 02 'al' 01\", m: { all: [ { name: al, sort: guest } ] } } ]\n",
    );
    assert_eq!(
        explain(&codec, ToServer, &hex("05 01 02 'al' 01")),
        "0..1 n = 5\n1..2 count(all) = 1 of `all`\n2..3 all[0].len(name) = 2 bytes of `name`\n\
         3..5 all[0].name = \"al\"\n5..6 all[0].sort = 1 (guest)"
    );
    assert_eq!(
        decode(&codec, ToServer, &hex("05 02 02 'al' 01")),
        "malformed: byte 6, `len(name)`: 1 byte needed, but only 0 left where it stands"
    );
    assert_eq!(
        decode(&codec, ToServer, &hex("05 00 02 'al' 01")),
        "malformed: byte 2, `body`: 4 bytes are left over behind it"
    );
    assert_eq!(
        decode(&codec, ToClient, &hex("03 01 'a' 01")),
        "p { name: \"a\", sort: 1 } 4"
    );
    let all = Value::List(vec![Value::Map(vec![
        ("name".into(), Value::Int(7)),
        ("sort".into(), text("guest")),
    ])]);
    assert_eq!(
        encode(&codec, ToServer, "m", &[("all", all)], &[]).unwrap(),
        hex("04 01 01 '7' 01")
    );
    let wrong = Value::List(vec![Value::Map(vec![("nam".into(), text("x"))])]);
    assert_eq!(
        encode(&codec, ToServer, "m", &[("all", wrong)], &[])
            .unwrap_err()
            .to_string(),
        "`all`: no field `nam`; there are: name, sort"
    );
}

#[test]
fn a_datagram_is_one_message() {
    let root = "transport: udp\nlayout: { body: $body }\n\
        messages: { m: { dir: c2s, json: { a: '{a}' } }, n: { dir: c2s, body: { x: u8, y: { string: utf8, len: rest } } } }\n";
    let codec = codec(root);
    let decode = |bytes: &[u8]| match codec.decode_datagram(ToServer, bytes) {
        Decoded::Message { message, .. } => format!("{} {:?}", message.kind, message.fields),
        Decoded::More { .. } => unreachable!(),
        Decoded::Malformed(malformed) => malformed.to_string(),
    };
    assert_eq!(decode(br#"{"a": "b"}"#), r#"m [("a", Text("b"))]"#);
    assert_eq!(decode(b"1ab"), r#"n [("x", Int(49)), ("y", Text("ab"))]"#);
    assert_eq!(
        decode(b""),
        "byte 0, `body`: the JSON value is not complete"
    );
}

#[test]
fn kinds_have_a_form_for_each_direction() {
    let codec = codec(
        "layout: { op: { type: u8, tag: true }, body: $body, check: { type: u8, default: 7, dir: s2c } }\n\
         messages: { m: { tag: 1, c2s: { body: { a: u8 } }, s2c: { tag: 2, body: { b: u16 } } } }\n",
    );
    assert_eq!(decode(&codec, ToServer, &[1, 5]), "m { a: 5 } 2");
    assert_eq!(
        decode(&codec, ToClient, &[2, 0, 5, 9]),
        "m { b: 5, check: 9 } 4"
    );
}

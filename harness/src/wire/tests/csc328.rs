//! One chat in the bytes of many teams: the same messages in every dialect.

use super::*;
use Direction::{ToClient, ToServer};

const WORD: &str = r#"
protocol: csc328
layout: { size: { type: u16, len_of: text }, text: $body }
messages:
  hello:     { dir: s2c, text: HELLO }
  nick:      { dir: c2s, text: "NICK {nickname}" }
  ready:     { dir: s2c, text: READY }
  retry:     { dir: s2c, text: RETRY }
  bye:       { dir: both, text: BYE }
  chat:      { dir: c2s, text: "{text}" }
  shutdown:  { dir: s2c, text: "Server will shut down in {seconds:int} seconds" }
  broadcast: { dir: s2c, text: "{nickname:word}: {text}" }
  notice:    { dir: s2c, text: "{text}" }
vectors:
  - { dir: s2c, hex: "@2 'HELLO'", hello: {} }
  - { dir: c2s, hex: "@2 'NICK bob'", nick: { nickname: bob } }
  - { dir: s2c, hex: "@2 'READY'", ready: {} }
  - { dir: s2c, hex: "@2 'RETRY'", retry: {} }
  - { dir: c2s, hex: "@2 'BYE'", bye: {} }
  - { dir: s2c, hex: "@2 'BYE'", bye: {} }
  - { dir: c2s, hex: "@2 'hi all'", chat: { text: hi all } }
  - { dir: s2c, hex: "@2 'Server will shut down in 5 seconds'", shutdown: { seconds: 5 } }
  - { dir: s2c, hex: "@2 'bob: hi: '", broadcast: { nickname: bob, text: "hi: " } }
  - { dir: s2c, hex: "@2 'bob has joined'", notice: { text: bob has joined } }
"#;

const JSON16: &str = r#"
dialect: json16
json_style: spaced
layout: { size: { type: u16, len_of: doc }, doc: $body }
messages:
  hello:     { dir: s2c, json: { msg: HELLO, nick: SERVER, proto: connect } }
  nick:      { dir: c2s, json: { msg: "{nickname}", nick: "None", proto: verify } }
  ready:     { dir: s2c, json: { msg: READY, nick: SERVER, proto: ready } }
  retry:     { dir: s2c, json: { msg: RETRY, nick: SERVER, proto: retry } }
  chat:      { dir: c2s, json: { msg: "{text}", nick: "{nickname}", proto: broadcast }, default: { nickname: $self.name } }
  broadcast: { dir: s2c, json: { msg: "{text}", nick: "{nickname}", proto: broadcast } }
  bye:       { dir: c2s, json: { msg: BYE, nick: "{nickname}", proto: goodbye }, default: { nickname: $self.name } }
  shutdown:  { dir: s2c, json: { msg: "{}{seconds:int} second{}", proto: shutdown } }
vectors:
  - { dir: s2c, hex: "@2 '{\"msg\": \"HELLO\", \"nick\": \"SERVER\", \"proto\": \"connect\"}'", hello: {} }
  - { dir: c2s, hex: "@2 '{\"msg\": \"bob\", \"nick\": \"None\", \"proto\": \"verify\"}'", nick: { nickname: bob } }
  - { dir: s2c, hex: "@2 '{\"msg\": \"READY\", \"nick\": \"SERVER\", \"proto\": \"ready\"}'", ready: {} }
  - { dir: s2c, hex: "@2 '{\"msg\": \"RETRY\", \"nick\": \"SERVER\", \"proto\": \"retry\"}'", retry: {} }
  - { dir: c2s, hex: "@2 '{\"msg\": \"hi\", \"nick\": \"bob\", \"proto\": \"broadcast\"}'", chat: { text: hi, nickname: bob } }
  - { dir: s2c, hex: "@2 '{\"msg\": \"hi\", \"nick\": \"bob\", \"proto\": \"broadcast\"}'", broadcast: { text: hi, nickname: bob } }
  - { dir: s2c, hex: "@2 '{\"proto\":\"broadcast\",\"x\":1,\"nick\":\"b\",\"msg\":\"hi\"}'", broadcast: { text: hi, nickname: b }, decode_only: true }
  - { dir: c2s, hex: "@2 '{\"msg\": \"BYE\", \"nick\": \"bob\", \"proto\": \"goodbye\"}'", bye: { nickname: bob } }
  - { dir: s2c, hex: "@2 '{\"msg\": \"5 second\", \"proto\": \"shutdown\"}'", shutdown: { seconds: 5 } }
  - { dir: s2c, hex: "@2 '{\"msg\": \"Going down in 5 seconds\", \"proto\": \"shutdown\", \"a\":[]}'", shutdown: { seconds: 5 }, decode_only: true }
"#;

const JSON32: &str = r#"
dialect: json32
layout: { size: { type: u32, len_of: doc }, doc: $body }
messages:
  hello:     { dir: s2c, json: { type: hello } }
  nick:      { dir: c2s, json: { type: nick, text: "{nickname}" } }
  ready:     { dir: s2c, json: { type: ready } }
  retry:     { dir: s2c, json: { type: retry } }
  chat:      { dir: c2s, json: { type: chat, text: "{text}" } }
  broadcast: { dir: s2c, json: { type: chat, text: "{text}", from: "{nickname}", time: "{time:json}" }, optional: [time] }
  bye:       { dir: both, json: { type: bye } }
  shutdown:  { dir: s2c, json: { type: shutdown, text: "{}{seconds:int}{}" } }
vectors:
  - { dir: s2c, hex: "@4 '{\"type\":\"hello\"}'", hello: {} }
  - { dir: s2c, hex: "@4 '{\"type\":\"hello\",\"text\":\"Welcome\",\"from\":\"server\",\"time\":\"2023-12-14 10:00:01\"}'", hello: {}, decode_only: true }
  - { dir: c2s, hex: "@4 '{\"type\":\"nick\",\"text\":\"bob\"}'", nick: { nickname: bob } }
  - { dir: s2c, hex: "@4 '{\"type\":\"ready\"}'", ready: {} }
  - { dir: s2c, hex: "@4 '{\"type\":\"retry\"}'", retry: {} }
  - { dir: c2s, hex: "@4 '{\"type\":\"chat\",\"text\":\"hi\"}'", chat: { text: hi } }
  - { dir: s2c, hex: "@4 '{\"type\":\"chat\",\"text\":\"hi\",\"from\":\"bob\",\"time\":1702548001.25}'", broadcast: { text: hi, nickname: bob, time: 1702548001.25 } }
  - { dir: s2c, hex: "@4 '{\"type\":\"chat\",\"text\":\"hi\",\"from\":\"bob\"}'", broadcast: { text: hi, nickname: bob } }
  - { dir: c2s, hex: "@4 '{\"type\":\"bye\"}'", bye: {} }
  - { dir: s2c, hex: "@4 '{\"type\":\"bye\"}'", bye: {} }
  - { dir: s2c, hex: "@4 '{\"type\":\"shutdown\",\"text\":\"5\"}'", shutdown: { seconds: 5 } }
  - { dir: s2c, hex: "@4 '{\"type\":\"shutdown\",\"text\":\"in 5 seconds\"}'", shutdown: { seconds: 5 }, decode_only: true }
"#;

const TYPED: &str = r#"
dialect: typed
layout:
  size: { type: u16, len_of: text }
  sort: { string: ascii, len: 1, tag: true }
  text: $body
messages:
  hello:     { dir: s2c, tag: m, text: HELLO }
  nick:      { dir: c2s, tag: n, text: "{nickname}" }
  ready:     { dir: s2c, tag: m, text: READY }
  retry:     { dir: s2c, tag: m, text: RETRY }
  bye:       { dir: both, tag: m, text: BYE }
  shutdown:  { dir: s2c, tag: m, text: ["Server will shut down in {seconds:int} seconds", "{}{seconds:int} s{}"] }
  notice:    { dir: s2c, tag: m, text: "{text}" }
  chat:      { dir: c2s, tag: t, text: "{text}" }
  broadcast: { dir: s2c, tag: b, text: "{nickname:word}: {text}" }
vectors:
  - { dir: s2c, hex: "0005 'mHELLO'", hello: {} }
  - { dir: c2s, hex: "0003 'nbob'", nick: { nickname: bob } }
  - { dir: s2c, hex: "0005 'mREADY'", ready: {} }
  - { dir: s2c, hex: "0005 'mRETRY'", retry: {} }
  - { dir: c2s, hex: "0003 'mBYE'", bye: {} }
  - { dir: s2c, hex: "0003 'mBYE'", bye: {} }
  - { dir: s2c, hex: "0022 'mServer will shut down in 5 seconds'", shutdown: { seconds: 5 } }
  - { dir: s2c, hex: "000e 'mdown in 12 sec'", shutdown: { seconds: 12 }, decode_only: true }
  - { dir: s2c, hex: "0005 'mhallo'", notice: { text: hallo } }
  - { dir: c2s, hex: "0000 't'", chat: { text: "" } }
  - { dir: s2c, hex: "0006 'bbob: x'", broadcast: { nickname: bob, text: x } }
"#;

const STRUCT: &str = r#"
dialect: struct
endian: little
layout:
  kind: { type: u32, tag: true }
  name_len: { type: u32, len_of: nickname }
  text_len: { type: u32, len_of: text }
  nickname: { string: utf8, len: 32, pad: "\0", default: "" }
  text: { type: $body, len: 1024, pad: "\0" }
messages:
  hello:     { dir: s2c, tag: 0, text: HELLO }
  bye:       { dir: both, tag: 1, text: BYE }
  nick:      { dir: c2s, tag: 2, text: "{}" }
  ready:     { dir: s2c, tag: 3, text: READY }
  retry:     { dir: s2c, tag: 4, text: RETRY }
  chat:      { dir: c2s, tag: 5, text: "{text}", default: { nickname: $self.name } }
  broadcast: { dir: s2c, tag: 5, text: "{text}" }
  shutdown:  { dir: s2c, tag: 6, text: "Server will shut down in {seconds:int} seconds" }
vectors:
  - { dir: s2c, hex: ["00000000 00000000 05000000", { $fill: "\0", len: 32 }, "'HELLO'", { $fill: "\0", len: 1019 }], hello: {} }
  - { dir: c2s, hex: ["01000000 03000000 03000000 'bob'", { $fill: "\0", len: 29 }, "'BYE'", { $fill: "\0", len: 1021 }], bye: { nickname: bob } }
  - { dir: s2c, hex: ["01000000 00000000 03000000", { $fill: "\0", len: 32 }, "'BYE'", { $fill: "\0", len: 1021 }], bye: {} }
  - { dir: c2s, hex: ["02000000 03000000 00000000 'bob'", { $fill: "\0", len: 1053 }], nick: { nickname: bob } }
  - { dir: s2c, hex: ["03000000 00000000 05000000", { $fill: "\0", len: 32 }, "'READY'", { $fill: "\0", len: 1019 }], ready: {} }
  - { dir: s2c, hex: ["04000000 00000000 05000000", { $fill: "\0", len: 32 }, "'RETRY'", { $fill: "\0", len: 1019 }], retry: {} }
  - { dir: c2s, hex: ["05000000 03000000 02000000 'bob'", { $fill: "\0", len: 29 }, "'hi'", { $fill: "\0", len: 1022 }], chat: { nickname: bob, text: hi } }
  - { dir: s2c, hex: ["05000000 03000000 02000000 'bob'", { $fill: "\0", len: 29 }, "'hi'", { $fill: "\0", len: 1022 }], broadcast: { nickname: bob, text: hi } }
  - { dir: s2c, hex: ["06000000 00000000 22000000", { $fill: "\0", len: 32 }, "'Server will shut down in 5 seconds'", { $fill: "\0", len: 990 }], shutdown: { seconds: 5 } }
"#;

const LINE: &str = r#"
dialect: line
layout: { line: { type: $body, until: "\n" } }
messages:
  hello:     { dir: s2c, text: HELLO }
  nick:      { dir: c2s, text: "NICK {nickname}" }
  ready:     { dir: s2c, text: READY }
  retry:     { dir: s2c, text: RETRY }
  bye:       { dir: both, text: BYE }
  chat:      { dir: c2s, text: "{text}" }
  shutdown:  { dir: s2c, text: "Server will shut down in {seconds:int} seconds" }
  broadcast: { dir: s2c, text: "{nickname:word}: {text}" }
  notice:    { dir: s2c, text: "{text}" }
vectors:
  - { dir: s2c, hex: "'HELLO' 0a", hello: {} }
  - { dir: s2c, hex: "'HELLO' 0d0a", hello: {}, decode_only: true }
  - { dir: c2s, hex: "'NICK bob' 0a", nick: { nickname: bob } }
  - { dir: s2c, hex: "'READY' 0a", ready: {} }
  - { dir: s2c, hex: "'RETRY' 0a", retry: {} }
  - { dir: c2s, hex: "'BYE' 0a", bye: {} }
  - { dir: s2c, hex: "'BYE' 0a", bye: {} }
  - { dir: c2s, hex: "0a", chat: { text: "" } }
  - { dir: s2c, hex: "'Server will shut down in 5 seconds' 0a", shutdown: { seconds: 5 } }
  - { dir: s2c, hex: "'bob: hi' 0a", broadcast: { nickname: bob, text: hi } }
  - { dir: s2c, hex: "'bye all' 0a", notice: { text: bye all } }
"#;

/// Forms that programs of other teams have in fact.
const REAL: &str = r#"
dialect: real
layout: { size: { type: u16, len_of: [sort, text] }, sort: { type: decimal, len: 1, tag: true }, text: { type: $body, suffix: "\0" } }
messages:
  hello:     { dir: s2c, tag: 1, text: HELLO }
  ask:       { dir: s2c, tag: 1, text: NICK }
  nick:      { dir: c2s, tag: 2, text: "{nickname}" }
  ready:     { dir: s2c, tag: 3, json: { type: username, username: good } }
  retry:     { dir: s2c, tag: 3, json: { type: username, username: bad } }
  bye:       { dir: both, tag: 4, text: BYE }
  chat:      { dir: c2s, tag: 5, text: "{text}" }
  shutdown:  { dir: s2c, tag: 5, text: ["Server closes in {seconds} seconds", "Server closes in {seconds} second"], types: { seconds: { enum: { one: 1, five: 5 } } } }
  broadcast: { dir: s2c, tag: 5, text: "({time}) {nickname}: {text}" }
vectors:
  - { dir: s2c, hex: "@2 '1HELLO' 00", hello: {} }
  - { dir: s2c, hex: "@2 '1HELLO'", hello: {}, decode_only: true }
  - { dir: s2c, hex: "@2 '1NICK' 00", ask: {} }
  - { dir: c2s, hex: "@2 '2bob' 00", nick: { nickname: bob } }
  - { dir: s2c, hex: "@2 '3{\"type\":\"username\",\"username\":\"good\"}' 00", ready: {} }
  - { dir: s2c, hex: "@2 '3{\"type\":\"username\",\"username\":\"bad\"}' 00", retry: {} }
  - { dir: c2s, hex: "@2 '4BYE' 00", bye: {} }
  - { dir: s2c, hex: "@2 '4BYE' 00", bye: {} }
  - { dir: c2s, hex: "@2 '5hi' 00", chat: { text: hi } }
  - { dir: s2c, hex: "@2 '5Server closes in five seconds' 00", shutdown: { seconds: 5 } }
  - { dir: s2c, hex: "@2 '5Server closes in one second' 00", shutdown: { seconds: 1 }, decode_only: true }
  - { dir: s2c, hex: "@2 '5Server closes in 30 seconds' 00", shutdown: { seconds: 30 } }
  - { dir: s2c, hex: "@2 '5(10:30) bob: hi' 00 00", broadcast: { time: "10:30", nickname: bob, text: "hi\0" } }
"#;

/// Descriptions to make others of.
pub(super) const SOURCES: [&str; 6] = [WORD, JSON16, TYPED, STRUCT, LINE, REAL];

/// Puts the length of the bytes behind it in the place of `@2` and `@4`.
pub(super) fn sized(text: &str) -> String {
    let line = |line: &str| {
        let Some((before, rest)) = line.split_once("hex: \"@") else {
            return line.to_owned();
        };
        let (width, rest) = rest.split_at(1);
        let unescaped = |(at, _): &(usize, &str)| !rest[..*at].ends_with('\\');
        let (end, _) = rest.match_indices('"').find(unescaped).unwrap();
        let quoted = &rest[..end];
        let len = hex(&quoted.replace("\\\"", "\"")).len();
        let size = match width {
            "2" => format!("{len:04x}"),
            _ => format!("{len:08x}"),
        };
        format!("{before}hex: \"{size}{rest}")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn all() -> Vec<(&'static str, Codec)> {
    let mut all = vec![("word", codec(&sized(WORD)))];
    for (name, text) in [
        ("json16", JSON16),
        ("json32", JSON32),
        ("typed", TYPED),
        ("struct", STRUCT),
        ("line", LINE),
        ("real", REAL),
    ] {
        all.push((name, dialect(&sized(WORD), &sized(text))));
    }
    all
}

#[test]
fn vectors_hold_and_cover_every_kind() {
    for (name, codec) in all() {
        assert_eq!(codec.uncovered_kinds(), [], "{name}");
    }
}

#[test]
fn the_same_messages_go_through_every_dialect() {
    for (name, codec) in all() {
        let through = |direction, kind: &str, fields: &[(&str, Value)]| {
            let bytes = encode(&codec, direction, kind, fields, &[]).unwrap();
            for cut in 0..bytes.len() {
                let part = decode(&codec, direction, &bytes[..cut]);
                assert!(part.starts_with("more: "), "{name} {kind} {cut}: {part}");
            }
            let Decoded::Message { message, len } = codec.decode(direction, &bytes) else {
                panic!("{name} {kind}: {}", decode(&codec, direction, &bytes));
            };
            assert_eq!((&*message.kind, len), (kind, bytes.len()), "{name}");
            for (field, value) in fields {
                assert_eq!(message.field(field), Some(value), "{name} {kind}");
            }
        };
        through(ToClient, "hello", &[]);
        through(ToServer, "nick", &[("nickname", text("bob"))]);
        through(ToClient, "ready", &[]);
        through(ToClient, "retry", &[]);
        through(ToServer, "chat", &[("text", text("grüße: an alle"))]);
        through(ToServer, "bye", &[]);
        through(ToClient, "shutdown", &[("seconds", Value::Int(5))]);
        if name != "real" {
            let fields = [("nickname", text("bob")), ("text", text("hi: there"))];
            through(ToClient, "broadcast", &fields);
        }
    }
}

#[test]
fn a_struct_has_its_size_whatever_it_says() {
    let codec = dialect(&sized(WORD), STRUCT);
    let bytes = encode(&codec, ToServer, "chat", &[("text", text("hi"))], &[]).unwrap();
    assert_eq!(bytes.len(), 1068);
    assert_eq!(bytes[..20], *b"\x05\0\0\0\x05\0\0\0\x02\0\0\0alice\0\0\0");
    let bent = encode(
        &codec,
        ToServer,
        "nick",
        &[("nickname", text("bob"))],
        &[("len(nickname)", 33)],
    );
    assert_eq!(
        decode(&codec, ToServer, &bent.unwrap()),
        "malformed: byte 12, `nickname`: 33 bytes needed, but only 32 left where it stands"
    );
    let mut wrong = bytes;
    wrong[1067] = b'x';
    assert_eq!(
        decode(&codec, ToServer, &wrong),
        "malformed: byte 1067, `text`: 0x78 where only padding (0x00) can stand"
    );
    let long = encode(
        &codec,
        ToServer,
        "nick",
        &[("nickname", text(&"x".repeat(33)))],
        &[],
    );
    assert_eq!(
        long.unwrap_err().to_string(),
        "`nickname` cannot be sent in this format: it has at most 32 bytes, this has 33"
    );
}

#[test]
fn what_a_format_cannot_say_is_said() {
    let line = dialect(&sized(WORD), LINE);
    let problem = encode(&line, ToServer, "chat", &[("text", text("a\nb"))], &[]).unwrap_err();
    assert!(
        matches!(problem, EncodeError::NotRepresentable { .. }),
        "{problem}"
    );
    let json = dialect(&sized(WORD), &sized(JSON16));
    let bytes = encode(&json, ToServer, "chat", &[("text", text("a\n\"b\0"))], &[]).unwrap();
    let decoded = decode(&json, ToServer, &bytes);
    assert!(
        decoded.starts_with(r#"chat { text: "a\n\"b\0", nickname: "alice" }"#),
        "{decoded}"
    );
}

#[test]
fn wrong_texts_are_explained() {
    let without_notice = |line: &&str| !line.contains("notice:");
    let lines: Vec<&str> = WORD.lines().filter(without_notice).collect();
    let word = codec(&sized(&lines.join("\n")));
    assert_eq!(
        decode(&word, ToClient, &hex("0005 'HELPO'")),
        "malformed: byte 5, `text`: \"HELPO\" does not fit \"HELLO\""
    );
    let json = dialect(&sized(WORD), &sized(JSON16));
    let said = |json: &str| format!("{:04x} '{json}'", json.len());
    for (doc, complaint) in [
        (
            r#"{"msg":"x","nick":"y","proto":"z"}"#,
            "byte 32, `proto`: \"\\\"z\\\"\" instead of \"broadcast\"",
        ),
        (
            r#"{"msg":"x","nick":"y"}"#,
            "`json`: the key `proto` is missing",
        ),
        (
            r#"{"msg":5,"nick":"y","proto":"broadcast"}"#,
            "byte 9, `text`: \"5\" instead of a text",
        ),
        (r#"["x"]"#, "`json`: \"[\\\"x\\\"]\" instead of an object"),
        (
            r#"{"msg":"x}"#,
            "byte 12, `doc`: the JSON value is not complete",
        ),
        (
            r#"{"msg":"x"}}"#,
            "byte 13, `doc`: more stands behind the JSON value",
        ),
        (
            r"{'msg",
            "byte 3, `doc`: a key in double quotes must stand here",
        ),
    ] {
        let bytes = if doc.contains('\'') {
            [&[0, 5][..], doc.as_bytes()].concat()
        } else {
            hex(&said(doc))
        };
        let shown = decode(&json, ToClient, &bytes);
        assert!(shown.contains(complaint), "{doc}: {shown}");
    }
}

#[test]
fn dumps_show_what_is_inside_a_text() {
    assert_eq!(
        explain(&codec(&sized(WORD)), ToClient, &hex("0009 'bob: hi: '")),
        "0..2 size = 9\n2..5 nickname = \"bob\"\n5..7 text = \": \"\n7..11 text = \"hi: \""
    );
    let json = dialect(&sized(WORD), &sized(JSON16));
    assert_eq!(
        explain(
            &json,
            ToClient,
            &hex("0029 '{\"msg\":\"in 5 seconds\",\"proto\":\"shutdown\"}'")
        ),
        "0..2 size = 41\n2..9 doc = \"{\\\"msg\\\":\"\n9..23 seconds = \"in 5 seconds\"\n\
         23..32 doc = \",\\\"proto\\\":\"\n32..42 proto = \"shutdown\"\n42..43 doc = \"}\""
    );
}

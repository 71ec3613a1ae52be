//! What holds for every description, every message and all bytes.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseResult;

use super::*;
use crate::source::Content;
use Direction::{ToClient, ToServer};

/// A field of a generated body: its description, and a value that it can have.
#[derive(Debug, Clone)]
struct Field {
    spec: String,
    value: Value,
    /// It needs to know where its window ends, and takes all of it.
    greedy: bool,
}

#[derive(Debug, Clone)]
struct Case {
    yaml: String,
    /// Fields by name for each kind `k0`, `k1`, …
    messages: Vec<Vec<(String, Value)>>,
}

fn integer() -> impl Strategy<Value = Field> {
    let types = select(vec![
        ("u8", 0, 255_i128),
        ("u16", 0, 65_535),
        ("u16le", 0, 65_535),
        ("u24", 0, 0xff_ffff),
        ("u32", 0, 0xffff_ffff),
        ("u64le", 0, 0xffff_ffff_ffff_ffff),
        ("i8", -128, 127),
        ("i32le", -0x8000_0000, 0x7fff_ffff),
        ("i64", i128::from(i64::MIN), i128::from(i64::MAX)),
        ("varint", 0, 0xffff_ffff_ffff_ffff),
        ("{ type: decimal, len: 5 }", 0, 99_999),
        ("{ type: decimal, len: 9, pad: ' ' }", 0, 999_999_999),
        ("{ type: decimal, until: ';' }", 0, 0xffff_ffff_ffff_ffff),
    ]);
    types.prop_flat_map(|(spec, least, most)| {
        (least..=most).prop_map(move |value| Field {
            spec: spec.to_owned(),
            value: Value::Int(value),
            greedy: false,
        })
    })
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,9}",
        "\\PC{0,9}",
        any::<String>().prop_map(|s| s.chars().take(20).collect())
    ]
}

fn text_field() -> impl Strategy<Value = Field> {
    let prefixed = select(vec![
        "{ string: utf8, len: u8 }",
        "{ string: utf8, len: u16le }",
        "{ string: utf8, len: varint }",
        "{ string: utf8, len: { type: decimal, until: ':' } }",
        "{ string: utf16be, len: u16 }",
    ]);
    let plain = select(vec![
        "{ string: utf8, until: \"\\n\" }",
        "{ string: utf8, until: [\"\\r\\n\", \";\"] }",
        "{ string: ascii, len: 12, pad: \"\\0\" }",
        "{ string: ascii, len: 12, pad: ' ', garbage: true }",
        "{ string: latin1, len: u8, suffix: \"\\0\" }",
    ]);
    let field = |(spec, text): (&str, String)| Field {
        spec: spec.to_owned(),
        value: Value::Text(text),
        greedy: false,
    };
    prop_oneof![
        (prefixed, any_text()).prop_map(field),
        (plain, "[a-z]{0,12}").prop_map(field),
        (Just("{ bytes: u16 }"), vec(any::<u8>(), 0..20)).prop_map(|(spec, bytes)| Field {
            spec: spec.to_owned(),
            value: Value::Bytes(bytes),
            greedy: false,
        }),
    ]
}

fn compound() -> impl Strategy<Value = Field> {
    let numbers = select(vec![
        "{ list: u16, count: u8 }",
        "{ list: varint, len: u16 }",
        "{ list: { type: decimal, until: ' ' }, count: varint }",
    ]);
    let numbers = (numbers, vec(0..65_536_i128, 0..6)).prop_map(|(spec, items)| {
        (
            spec,
            Value::List(items.into_iter().map(Value::Int).collect()),
        )
    });
    let people = vec((any_text(), any::<u8>()), 0..4).prop_map(|people| {
        let person = |(name, age): (String, u8)| {
            Value::Map(vec![
                ("name".to_owned(), Value::Text(name)),
                ("age".to_owned(), Value::Int(age.into())),
            ])
        };
        let spec =
            "{ list: { fields: { n: u8, name: { string: utf8, len: n }, age: u8 } }, count: u8 }";
        (spec, Value::List(people.into_iter().map(person).collect()))
    });
    prop_oneof![numbers, people].prop_map(|(spec, value)| Field {
        spec: spec.to_owned(),
        value,
        greedy: false,
    })
}

fn greedy() -> impl Strategy<Value = Field> {
    any_text().prop_map(|text| Field {
        spec: "{ string: utf8, len: rest }".to_owned(),
        value: Value::Text(text),
        greedy: true,
    })
}

/// A body of fields; the last may take the rest.
fn fields() -> impl Strategy<Value = (String, Vec<(String, Value)>, bool)> {
    let some = vec(
        prop_oneof![2 => integer(), 2 => text_field(), 1 => compound()],
        1..4,
    );
    (some, proptest::option::of(greedy())).prop_map(|(mut fields, last)| {
        fields.extend(last);
        let open = fields.iter().any(|field| field.greedy);
        let specs: Vec<String> = fields
            .iter()
            .enumerate()
            .map(|(at, field)| format!("f{at}: {}", field.spec))
            .collect();
        let values = fields.into_iter().enumerate();
        let values = values.map(|(at, field)| (format!("f{at}"), field.value));
        (
            format!("body: {{ {} }}", specs.join(", ")),
            values.collect(),
            open,
        )
    })
}

/// A text whose holes can be told apart.
fn template() -> impl Strategy<Value = (String, Vec<(String, Value)>, bool)> {
    let hole = prop_oneof![
        "[a-z]{0,6}".prop_map(|text| (String::new(), Value::Text(text))),
        "[a-z]{1,6}".prop_map(|text| (":word".to_owned(), Value::Text(text))),
        any::<i32>().prop_map(|n| (":int".to_owned(), Value::Int(n.into()))),
    ];
    (vec(("[A-Z]{1,4}[ ,:]", hole), 1..4), "[A-Z]{0,3}").prop_map(|(holes, end)| {
        let mut text = String::new();
        let mut values = Vec::new();
        for (at, (literal, (sort, value))) in holes.into_iter().enumerate() {
            let _ = write!(text, "{literal}{{f{at}{sort}}} ");
            values.push((format!("f{at}"), value));
        }
        (format!("text: \"{text}{end}\""), values, true)
    })
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|n| Value::Int(n.into())),
        (-1.0e12..1.0e12).prop_map(|n: f64| Value::Float(n + 0.5)),
        any_text().prop_map(Value::Text),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::List),
            vec(("[a-z]{1,4}", inner), 0..4).prop_map(Value::Map),
        ]
    })
}

fn json() -> impl Strategy<Value = (String, Vec<(String, Value)>, bool)> {
    let hole = prop_oneof![
        any_text().prop_map(|text| ("\"{X}\"", Value::Text(text))),
        any::<i64>().prop_map(|n| ("\"{X:int}\"", Value::Int(n.into()))),
        any::<bool>().prop_map(|truth| ("\"{X:bool}\"", Value::Bool(truth))),
        json_value().prop_map(|value| ("\"{X:json}\"", value)),
        any::<u16>().prop_map(|n| ("\"in {X:int} s\"", Value::Int(n.into()))),
        "[a-z]{0,5}".prop_map(|text| ("{ in: [1, \"<{X}>\"] }", Value::Text(text))),
    ];
    vec(hole, 1..4).prop_map(|holes| {
        let mut members = vec!["type: \"t\"".to_owned()];
        let mut values = Vec::new();
        for (at, (form, value)) in holes.into_iter().enumerate() {
            members.push(format!("k{at}: {}", form.replace('X', &format!("f{at}"))));
            values.push((format!("f{at}"), value));
        }
        (format!("json: {{ {} }}", members.join(", ")), values, false)
    })
}

/// A whole description: how the body is framed, whether there is a tag, some kinds.
fn case() -> impl Strategy<Value = Case> {
    let counted = select(vec![
        "size: { type: u16, len_of: body }, op: { type: u8, tag: true }, body: $body",
        "op: { type: u8, tag: true }, size: { type: u32le, len_of: [op, size, body, end] }, body: $body, end: { type: u8, const: 9 }",
        "op: { type: decimal, len: 2, tag: true }, size: { type: varint, len_of: [body] }, body: $body",
        "op: { string: ascii, len: 1, tag: true }, size: { type: decimal, len: 8, pad: ' ', len_of: body, plus: 3 }, body: $body",
        "op: { type: u8, tag: true }, body: { type: $body, len: u16, suffix: \"\\0\" }",
    ]);
    let open = "op: { type: u8, tag: true }, body: $body";
    let body = prop_oneof![fields(), template(), json()];
    (
        counted,
        any::<bool>(),
        select(vec!["compact", "spaced", "python"]),
        vec(body, 1..4),
    )
        .prop_map(move |(counted, may_be_open, style, bodies)| {
            let needs_end = bodies.iter().any(|(.., needs_end)| *needs_end);
            let layout = if may_be_open && !needs_end {
                open
            } else {
                counted
            };
            let mut yaml = format!("json_style: {style}\nlayout: {{ {layout} }}\nmessages:\n");
            let mut messages = Vec::new();
            for (at, (body, values, _)) in bodies.into_iter().enumerate() {
                let _ = writeln!(yaml, "  k{at}: {{ dir: c2s, tag: {at}, {body} }}");
                messages.push(values);
            }
            Case { yaml, messages }
        })
}

/// What is true of all bytes.
fn holds_for_any(codec: &Codec, direction: Direction, bytes: &[u8]) -> TestCaseResult {
    let whole = codec.decode(direction, bytes);
    let mut at = 0;
    for segment in codec.explain(direction, bytes) {
        prop_assert_eq!(segment.range.start, at);
        prop_assert!(segment.range.end >= at && segment.range.end <= bytes.len());
        at = segment.range.end;
        if matches!(whole, Decoded::Message { .. }) {
            prop_assert_eq!(segment.problem, None);
        }
    }
    prop_assert_eq!(at, bytes.len());
    for cut in 0..bytes.len() {
        match codec.decode(direction, &bytes[..cut]) {
            Decoded::More { .. } => {}
            Decoded::Message { message, len } => {
                prop_assert_eq!(&whole, &Decoded::Message { message, len });
            }
            Decoded::Malformed(malformed) => {
                let still = matches!(whole, Decoded::Malformed(_));
                prop_assert!(still, "{} at {}: {:?}", malformed, cut, whole);
            }
        }
    }
    Ok(())
}

/// Bytes with a few of them changed, left out or doubled.
fn mutate(bytes: &[u8], changes: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (index, how, byte) in changes {
        if bytes.is_empty() {
            break;
        }
        let at = index.index(bytes.len());
        match how % 4 {
            0 => bytes[at] = *byte,
            1 => bytes[at] = bytes[at].wrapping_add(1),
            2 => drop(bytes.remove(at)),
            _ => bytes.insert(at, *byte),
        }
    }
    bytes
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    vec(any::<(prop::sample::Index, u8, u8)>(), 1..5)
}

fn own(_: &str) -> Option<Value> {
    None
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn messages_come_back_from_their_bytes(case in case(), changes in changes()) {
        let codec = codec(&case.yaml);
        for (at, fields) in case.messages.iter().enumerate() {
            let kind = format!("k{at}");
            let bytes = match codec.encode(ToServer, &kind, fields, &[], &own) {
                Ok(bytes) => bytes,
                Err(EncodeError::NotRepresentable { .. }) => continue,
                Err(other) => return Err(TestCaseError::fail(other.to_string())),
            };
            let Decoded::Message { message, len } = codec.decode(ToServer, &bytes) else {
                return Err(TestCaseError::fail(decode(&codec, ToServer, &bytes)));
            };
            prop_assert_eq!(len, bytes.len());
            prop_assert_eq!(&*message.kind, &*kind);
            let found: Vec<(String, Value)> =
                message.fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
            prop_assert_eq!(&found, fields);
            for cut in 0..bytes.len() {
                let part = codec.decode(ToServer, &bytes[..cut]);
                prop_assert!(matches!(part, Decoded::More { .. }), "{} {:?}", cut, part);
            }
            holds_for_any(&codec, ToServer, &bytes)?;
            holds_for_any(&codec, ToServer, &mutate(&bytes, &changes))?;
        }
    }

    #[test]
    fn no_bytes_do_harm(case in case(), bytes in vec(any::<u8>(), 0..60)) {
        let codec = codec(&case.yaml);
        holds_for_any(&codec, ToServer, &bytes)?;
        prop_assert!(matches!(codec.decode(ToClient, &bytes), Decoded::Malformed(_)));
    }

    #[test]
    fn no_description_does_harm(
        at in 0..super::csc328::SOURCES.len(),
        changes in vec((any::<prop::sample::Index>(), select(WORDS.to_vec())), 1..3),
        with_vectors in any::<bool>(),
        bytes in vec(any::<u8>(), 0..40),
    ) {
        let mut root = node("x.yaml", &super::csc328::sized(super::csc328::SOURCES[at]));
        if let Content::Map(entries) = &mut root.content {
            entries.retain(|entry| with_vectors || entry.key != "vectors");
        }
        for (index, word) in &changes {
            let part = node("y.yaml", word);
            let mut left = index.index(count(&root));
            change(&mut root, &part, &mut left);
        }
        let mut diagnostics = Diagnostics::default();
        if let Some(codec) = Codec::compile(&root, &mut diagnostics) {
            codec.check_vectors(&mut diagnostics);
            codec.check_shadows(&mut diagnostics);
            for direction in [ToServer, ToClient] {
                holds_for_any(&codec, direction, &bytes)?;
            }
        } else {
            prop_assert!(diagnostics.has_errors());
        }
        diagnostics.to_plain_text();
    }
}

/// How many values are in a node, itself included.
fn count(node: &Node) -> usize {
    let inner = match &node.content {
        Content::Map(entries) => entries.iter().map(|entry| count(&entry.value)).sum(),
        Content::List(items) => items.iter().map(count).sum(),
        _ => 0,
    };
    inner + 1
}

/// Puts a part into the value that is `left` values away: its keys into a map, else in its place.
fn change(node: &mut Node, part: &Node, left: &mut usize) {
    if *left == 0 {
        match (&mut node.content, &part.content) {
            (Content::Map(entries), Content::Map(new)) => {
                for entry in new {
                    entries.retain(|old| old.key != entry.key);
                    entries.push(entry.clone());
                }
            }
            _ => *node = part.clone(),
        }
        *left = usize::MAX;
        return;
    }
    *left -= 1;
    match &mut node.content {
        Content::Map(entries) => {
            for entry in entries {
                if *left != usize::MAX {
                    change(&mut entry.value, part, left);
                }
            }
        }
        Content::List(items) => {
            for item in items {
                if *left != usize::MAX {
                    change(item, part, left);
                }
            }
        }
        _ => {}
    }
}

/// Parts of descriptions, to be put where they may not belong.
const WORDS: [&str; 51] = [
    "u8",
    "u64",
    "varint",
    "rest",
    "$body",
    "$x",
    "~",
    "\"\"",
    "0",
    "3",
    "-1",
    "70000",
    "[]",
    "{}",
    "\"{}\"",
    "\"{x:int}\"",
    "\"{a} {b:int}\"",
    "\"{a}{b}\"",
    "\"{x:json}\"",
    "{ len: 0 }",
    "{ len: 3 }",
    "{ len: rest }",
    "{ len: u8 }",
    "{ pad: x }",
    "{ until: \"\\n\" }",
    "{ until: [ab, b] }",
    "{ suffix: ab }",
    "{ len_of: text }",
    "{ len_of: [size, text] }",
    "{ plus: -1 }",
    "{ plus: 9 }",
    "{ tag: true }",
    "{ tag: 5 }",
    "{ const: 5 }",
    "{ default: 1 }",
    "{ optional: true }",
    "{ endian: little }",
    "{ garbage: true }",
    "{ exact: true }",
    "{ type: decimal }",
    "{ extra: { string: utf8, len: u8 } }",
    "{ extra: { type: u16, len_of: text } }",
    "{ extra: { bytes: rest } }",
    "{ extra: { type: u8, optional: true } }",
    "{ only: [chat] }",
    "{ string: utf8, text: \"a{b}c\" }",
    "{ extra: { list: u8, count: u8 } }",
    "{ extra: { list: { fields: { a: u8 } }, len: u16 } }",
    "{ list: { string: utf8, len: u8 } }",
    "{ fields: { a: u8, b: { string: utf8, len: a } } }",
    "{ count: size }",
];

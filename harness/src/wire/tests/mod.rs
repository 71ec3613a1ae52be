//! Whole descriptions, read as from a file.

mod bcp;
mod csc328;
mod forms;
mod mistakes;
mod properties;
mod proto;

use std::sync::Arc;

use super::{Bend, Codec, Decoded, Direction, EncodeError, Value, merge_dialect};
use crate::source::{Diagnostics, Node, SourceFile, documents};

pub(super) fn node(path: &str, text: &str) -> Node {
    let mut diagnostics = Diagnostics::default();
    let file = Arc::new(SourceFile {
        path: path.into(),
        text: text.to_owned(),
    });
    let mut documents = documents(&file, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{}", diagnostics.to_plain_text());
    documents.pop().unwrap()
}

/// The codec of a description that has nothing wrong with it; its vectors hold.
pub(super) fn codec(text: &str) -> Codec {
    compiled(&node("protocol.yaml", text))
}

/// The same for a dialect of a protocol.
pub(super) fn dialect(protocol: &str, dialect: &str) -> Codec {
    let mut diagnostics = Diagnostics::default();
    let protocol = node("protocol.yaml", protocol);
    let merged = merge_dialect(&protocol, &node("dialect.yaml", dialect), &mut diagnostics);
    assert!(diagnostics.is_empty(), "{}", diagnostics.to_plain_text());
    compiled(&merged)
}

fn compiled(root: &Node) -> Codec {
    let mut diagnostics = Diagnostics::default();
    let codec = Codec::compile(root, &mut diagnostics);
    if let Some(codec) = &codec {
        codec.check_vectors(&mut diagnostics);
        codec.check_shadows(&mut diagnostics);
    }
    assert!(diagnostics.is_empty(), "{}", diagnostics.to_plain_text());
    codec.unwrap()
}

/// What is wrong with a description, as the user sees it.
pub(super) fn complaints(text: &str) -> String {
    let mut diagnostics = Diagnostics::default();
    let codec = Codec::compile(&node("protocol.yaml", text), &mut diagnostics);
    match codec {
        Some(codec) => {
            codec.check_vectors(&mut diagnostics);
            codec.check_shadows(&mut diagnostics);
        }
        None => assert!(diagnostics.has_errors()),
    }
    diagnostics.to_plain_text()
}

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(super) fn hex(text: &str) -> Vec<u8> {
    super::parse_hex(text).unwrap()
}

pub(super) fn encode(
    codec: &Codec,
    direction: Direction,
    kind: &str,
    fields: &[(&str, Value)],
    bends: &[(&str, i128)],
) -> Result<Vec<u8>, EncodeError> {
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    let bends: Vec<_> = bends
        .iter()
        .map(|(path, value)| Bend {
            path: (*path).to_owned(),
            value: *value,
        })
        .collect();
    let own = |name: &str| (name == "name").then(|| text("alice"));
    codec.encode(direction, kind, &fields, &bends, &own)
}

/// The first message of the bytes as `kind { field: value }`, or what is missing or wrong.
pub(super) fn decode(codec: &Codec, direction: Direction, bytes: &[u8]) -> String {
    match codec.decode(direction, bytes) {
        Decoded::Message { message, len } => {
            let fields = message.fields.iter();
            let fields: Vec<String> = fields
                .map(|(name, value)| format!("{name}: {value}"))
                .collect();
            format!("{} {{ {} }} {len}", message.kind, fields.join(", "))
        }
        Decoded::More { missing } => format!("more: {missing}"),
        Decoded::Malformed(malformed) => format!("malformed: {malformed}"),
    }
}

/// A dump as lines `range field = meaning ! problem`.
pub(super) fn explain(codec: &Codec, direction: Direction, bytes: &[u8]) -> String {
    let line = |segment: super::Segment| {
        let problem = segment
            .problem
            .map(|p| format!(" ! {p}"))
            .unwrap_or_default();
        let range = format!("{}..{}", segment.range.start, segment.range.end);
        format!("{range} {} = {}{problem}", segment.field, segment.meaning)
    };
    let lines: Vec<String> = codec
        .explain(direction, bytes)
        .into_iter()
        .map(line)
        .collect();
    lines.join("\n")
}

//! Examples that prove a description: bytes beside the message that they are.

use std::sync::Arc;

use super::hex::print_hex;
use super::message::VECTOR_KEYS;
use super::refusal::left_over;
use super::{Codec, Decoded, DefaultValue, Direction, Kind, Message, Value, literal};
use crate::source::{Content, Diagnostic, Diagnostics, Entry, Node, Span, closest};

/// One example.
#[derive(Debug)]
pub(super) struct Vector {
    span: Span,
    direction: Direction,
    bytes: Vec<u8>,
    kind: Arc<str>,
    fields: Vec<(String, Value)>,
    /// The bytes are tolerated, but not what would be sent.
    decode_only: bool,
}

/// Reads `vectors` of a protocol.
pub(super) fn read(codec: &Codec, root: &Node, diagnostics: &mut Diagnostics) -> Vec<Vector> {
    let Some(node) = root.get("vectors").filter(|node| !node.is_null()) else {
        return Vec::new();
    };
    let Some(items) = node.items() else {
        let message = format!("`vectors` is a list, this is {}", node.describe());
        let diagnostic = Diagnostic::error(message).at(&node.span, "expected a list");
        diagnostics.add(diagnostic.help(EXAMPLE));
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| vector(codec, item, diagnostics))
        .collect()
}

/// How many bytes of a message are shown.
const MOST_SHOWN: usize = 200;

const EXAMPLE: &str =
    "such as { dir: c2s, hex: \"01 0005 'alice'\", register: { username: alice } }";

fn vector(codec: &Codec, node: &Node, diagnostics: &mut Diagnostics) -> Option<Vector> {
    let mut refuse = |span: &Span, message: String, label: &str| {
        let diagnostic = Diagnostic::error(message).at(span, label).help(EXAMPLE);
        diagnostics.add(diagnostic);
    };
    let Some(entries) = node.entries() else {
        let message = format!("a vector is a map, this is {}", node.describe());
        refuse(&node.span, message, "expected a map");
        return None;
    };
    let is_kind = |entry: &&Entry| !VECTOR_KEYS.contains(&entry.key.as_str());
    let kinds: Vec<&Entry> = entries.iter().filter(is_kind).collect();
    let [entry] = kinds[..] else {
        let message = format!(
            "a vector names one kind of message, this names {}",
            kinds.len()
        );
        refuse(&node.span, message, "one key with the kind's name");
        return None;
    };
    let direction = match node.get("dir").and_then(Node::text) {
        Some("c2s") => Direction::ToServer,
        Some("s2c") => Direction::ToClient,
        _ => {
            let span = node.get("dir").map_or(&node.span, |dir| &dir.span);
            refuse(span, "a vector needs `dir`".to_owned(), "c2s or s2c");
            return None;
        }
    };
    let Some(hex) = node.get("hex") else {
        refuse(&node.span, "a vector needs `hex`".to_owned(), "the bytes");
        return None;
    };
    if let Some(about) = node.get("about").filter(|about| about.text().is_none()) {
        let message = format!("`about` is text, this is {}", about.describe());
        refuse(&about.span, message, "expected text");
        return None;
    }
    let decode_only = match node.get("decode_only") {
        None => false,
        Some(flag) => match flag.boolean() {
            Some(flag) => flag,
            None => {
                let found = flag.describe();
                let message = format!("`decode_only` is `true` or `false`, this is {found}");
                refuse(&flag.span, message, "neither");
                return None;
            }
        },
    };
    let bytes = literal::bytes(hex, diagnostics)?;
    let kind = kind(codec, entry, direction, diagnostics)?;
    Some(Vector {
        span: node.span.clone(),
        direction,
        bytes,
        fields: fields(codec, kind, direction, &entry.value, diagnostics)?,
        kind: Arc::clone(&kind.name),
        decode_only,
    })
}

fn kind<'c>(
    codec: &'c Codec,
    entry: &Entry,
    direction: Direction,
    diagnostics: &mut Diagnostics,
) -> Option<&'c Kind> {
    let known = || codec.kinds().map(|kind| &*kind.name);
    let Some(kind) = codec.kind(&entry.key) else {
        let help = match closest(&entry.key, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("kinds are: {}", known().collect::<Vec<_>>().join(", ")),
        };
        let message = format!("no message is called `{}`", entry.key);
        let diagnostic = Diagnostic::error(message).at(&entry.key_span, "unknown");
        diagnostics.add(diagnostic.help(help));
        return None;
    };
    if !kind.goes(direction) {
        let message = format!("`{}` does not go {}", kind.name, direction.word());
        diagnostics.add(
            Diagnostic::error(message)
                .at(&entry.key_span, "the wrong way")
                .related(&kind.span, "described here"),
        );
        return None;
    }
    Some(kind)
}

fn fields(
    codec: &Codec,
    kind: &Kind,
    direction: Direction,
    node: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<(String, Value)>> {
    if node.is_null() {
        return Some(Vec::new());
    }
    let Content::Map(entries) = &node.content else {
        let message = format!("fields are a map, this is {}", node.describe());
        diagnostics.error(&node.span, message, "expected { field: value }");
        return None;
    };
    let mut fields = Vec::new();
    for entry in entries {
        let Some(field) = kind.field(direction, &entry.key) else {
            let message = kind.no_such_field(direction, &entry.key);
            diagnostics.error(&entry.key_span, message, "unknown");
            return None;
        };
        let value = codec
            .consts
            .typed(&entry.value, &field.class, diagnostics)?;
        fields.push((entry.key.clone(), value));
    }
    Some(fields)
}

impl Codec {
    /// Holds the description against its `vectors`: the bytes are that message with nothing left
    /// over, the message gives the bytes, and every beginning of them needs more.
    pub fn check_vectors(&self, diagnostics: &mut Diagnostics) {
        for vector in &self.vectors {
            if let Err(problem) = self.check_decoding(vector) {
                let message = format!("these bytes are not this message: {problem}");
                let complaint = vector.complaint(message);
                diagnostics.add(match self.as_described(vector) {
                    Some(bytes) => complaint.help(bytes),
                    None => complaint,
                });
                continue;
            }
            if let Err(problem) = self.check_encoding(vector) {
                diagnostics.add(vector.complaint(problem).help(
                    "where these bytes are tolerated but not what is sent, write `decode_only: true`",
                ));
            }
            if let Err(problem) = self.check_beginnings(vector) {
                diagnostics.add(vector.complaint(problem));
            }
        }
    }

    /// The bytes of each vector, and who sends them.
    pub fn examples(&self) -> impl Iterator<Item = (Direction, &[u8])> {
        self.vectors
            .iter()
            .map(|vector| (vector.direction, vector.bytes.as_slice()))
    }

    /// The kinds that no vector covers, with the direction that is missing.
    pub fn uncovered_kinds(&self) -> Vec<(Arc<str>, Direction)> {
        let mut uncovered = Vec::new();
        for kind in &self.kinds {
            for direction in [Direction::ToServer, Direction::ToClient] {
                let covers =
                    |vector: &Vector| vector.kind == kind.name && vector.direction == direction;
                if kind.goes(direction) && !self.vectors.iter().any(covers) {
                    uncovered.push((Arc::clone(&kind.name), direction));
                }
            }
        }
        uncovered
    }

    fn check_decoding(&self, vector: &Vector) -> Result<(), String> {
        let (message, len) = match self.decode_rested(vector.direction, &vector.bytes) {
            Decoded::Message { message, len } => (message, len),
            Decoded::More { missing } => return Err(missing),
            Decoded::Malformed(malformed) => return Err(malformed.to_string()),
        };
        let Some(kind) = self.kind(&message.kind) else {
            return Err(format!("they are `{}`", message.kind));
        };
        if len < vector.bytes.len() {
            return Err(left_over(vector.bytes.len() - len));
        }
        if message.kind != vector.kind {
            return Err(format!(
                "they are {}",
                shown(kind, vector.direction, &message)
            ));
        }
        vector.check_fields(kind, &message)
    }

    /// The bytes that the description gives the message of a vector, and where they differ.
    fn as_described(&self, vector: &Vector) -> Option<String> {
        let described = self
            .encode(vector.direction, &vector.kind, &vector.fields, &[], &|_| {
                None
            })
            .ok()?;
        let at = common(&described, &vector.bytes);
        let digits = print_hex(&described, MOST_SHOWN);
        Some(if described == vector.bytes {
            "the description sends these very bytes for it, but reads them otherwise".to_owned()
        } else {
            format!("as described it would be, otherwise from byte {at} on: {digits}")
        })
    }

    fn check_encoding(&self, vector: &Vector) -> Result<(), String> {
        let encoded = self
            .encode(vector.direction, &vector.kind, &vector.fields, &[], &|_| {
                None
            })
            .map_err(|error| format!("this message cannot be sent: {error}"))?;
        if vector.decode_only {
            return match self.decode_rested(vector.direction, &encoded) {
                Decoded::Message { .. } => Ok(()),
                other => Err(format!(
                    "what is sent instead does not come back: {other:?}"
                )),
            };
        }
        if encoded == vector.bytes {
            return Ok(());
        }
        let at = common(&encoded, &vector.bytes);
        let sent = Value::Bytes(encoded[at..].to_vec());
        Err(format!(
            "this message is sent with other bytes: from byte {at} on {sent}"
        ))
    }

    fn check_beginnings(&self, vector: &Vector) -> Result<(), String> {
        if self.datagram {
            return Ok(());
        }
        for cut in 0..vector.bytes.len() {
            match self.decode(vector.direction, &vector.bytes[..cut]) {
                Decoded::More { .. } => {}
                // What ends only with the next message can be a message before.
                Decoded::Message { .. } if self.split.is_some() => {}
                Decoded::Message { message, .. } => {
                    let problem = "the first bytes are a message already";
                    return Err(format!("{problem}: {cut} bytes are `{}`", message.kind));
                }
                Decoded::Malformed(malformed) => {
                    return Err(format!("the first {cut} bytes are malformed: {malformed}"));
                }
            }
        }
        Ok(())
    }
}

impl Vector {
    fn complaint(&self, message: String) -> Diagnostic {
        Diagnostic::error(message).at(&self.span, "this vector")
    }

    fn check_fields(&self, kind: &Kind, message: &Message) -> Result<(), String> {
        let show = |name: &str, value: &Value| kind.show(self.direction, name, value);
        for (name, wanted) in &self.fields {
            match message.field(name) {
                Some(found) if found == wanted => {}
                Some(found) => {
                    let (found, wanted) = (show(name, found), show(name, wanted));
                    return Err(format!("`{name}` is {found} and not {wanted}"));
                }
                None => return Err(format!("`{name}` is not there")),
            }
        }
        for (name, found) in &message.fields {
            let implied = kind.field(self.direction, name).is_some_and(|field| {
                let default = field.default.as_ref();
                field.constant.is_some()
                    || default
                        .is_some_and(|default| *default == DefaultValue::Literal(found.clone()))
            });
            if !implied && !self.fields.iter().any(|(known, _)| **known == **name) {
                return Err(format!("they also have `{name}`: {}", show(name, found)));
            }
        }
        Ok(())
    }
}

/// How many bytes two messages have in common at their start.
fn common(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

fn shown(kind: &Kind, direction: Direction, message: &Message) -> String {
    let fields = message
        .fields
        .iter()
        .map(|(name, value)| format!("{name}: {}", kind.show(direction, name, value)));
    let fields: Vec<String> = fields.collect();
    if fields.is_empty() {
        return format!("`{}`", kind.name);
    }
    format!("`{}` {{ {} }}", kind.name, fields.join(", "))
}

//! How the end of a text, of bytes or of the body is known.

use std::sync::Arc;

use super::compile::{Builder, is_number};
use super::description::{Base, Named, Spec};
use super::integer::{End, Integer};
use super::shape::{Fill, Frame};
use crate::source::{Content, Diagnostic, Node, closest};

/// The longest fixed size, suffix or end, in bytes.
const MAX_FIXED: usize = 16 * 1024 * 1024;

/// The longest decimal number, in digits.
const MAX_DIGITS: i128 = 255;

impl<'n> Builder<'_, 'n, '_> {
    /// The frame of a field; `counted` when a length that stands apart measures it.
    pub(super) fn frame(&mut self, field: &Named<'n>, counted: bool) -> Option<Frame> {
        let spec = &field.spec;
        if let Some(node) = spec.until {
            self.no_padding(spec);
            return self.until(node);
        }
        let Some(node) = spec.len else {
            self.no_padding(spec);
            if counted {
                return Some(Frame::Counted);
            }
            let message = format!("`{}` needs `len`: where does it end?", field.name);
            self.diagnostics.add(
                Diagnostic::error(message)
                    .at(spec.span, "no length")
                    .help("`len: u16`, `len: 16`, `len: rest`, `until: \"\\n\"`, or a field before it with `len_of`"),
            );
            return None;
        };
        if let Content::Scalar(raw) = &node.content {
            if is_number(raw) {
                return self.fixed(spec, node);
            }
            if raw.text == "rest" {
                self.no_padding(spec);
                return Some(Frame::Rest { behind: 0 });
            }
            if !self.common.types.knows(&raw.text) && counted {
                self.no_padding(spec);
                return Some(Frame::Counted);
            }
        }
        self.no_padding(spec);
        self.prefix(field, node)
    }

    pub(super) fn prefix(&mut self, field: &Named<'n>, node: &'n Node) -> Option<Frame> {
        if let Some(word) = node.text()
            && !self.common.types.knows(word)
        {
            let names = self.common.types.names();
            let words = ["u8", "u16", "u32", "u64", "rest", "varint"];
            let help = match closest(word, names.chain(words)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    "an integer type such as u16, a number, `rest`, or a field before it".into()
                }
            };
            let message = format!("`{word}` is no length");
            let diagnostic = Diagnostic::error(message).at(&node.span, "unknown");
            self.diagnostics.add(diagnostic.help(help));
            return None;
        }
        let mut spec = self.common.types.spec(node, self.diagnostics)?;
        spec.little = spec.little.or(field.spec.little);
        let form = match spec.base {
            Base::Integer { .. } | Base::Varint | Base::Decimal => self.integer(&spec)?,
            _ => {
                let message = "a length is an integer";
                let diagnostic = Diagnostic::error(message).at(&node.span, "not an integer");
                self.diagnostics.add(diagnostic.help("such as `len: u16`"));
                return None;
            }
        };
        let path = Arc::from(format!("len({})", field.name));
        Some(Frame::Prefixed { form, path })
    }

    fn fixed(&mut self, spec: &Spec<'n>, node: &Node) -> Option<Frame> {
        let len = node
            .integer()
            .and_then(|len| usize::try_from(len).ok())
            .filter(|len| *len <= MAX_FIXED);
        let Some(len) = len else {
            let message = format!("a fixed length is from 0 to {MAX_FIXED} bytes");
            self.diagnostics.error(&node.span, message, "not a length");
            return None;
        };
        let fill = match spec.pad {
            None => {
                if spec.garbage {
                    let message = "`garbage` says what may stand behind the padding byte";
                    let diagnostic = Diagnostic::error(message).at(spec.span, "without `pad`");
                    self.diagnostics.add(diagnostic.help("add `pad: \"\\0\"`"));
                }
                None
            }
            Some(node) => Some(Fill {
                byte: self.one_byte(node, "the padding")?,
                garbage: spec.garbage,
                used: None,
            }),
        };
        Some(Frame::Fixed { len, fill })
    }

    fn until(&mut self, node: &'n Node) -> Option<Frame> {
        let items = node.items().unwrap_or(std::slice::from_ref(node));
        let mut ends: Vec<Vec<u8>> = Vec::new();
        for item in items {
            let end = self.some_bytes(item, "the end")?;
            if end.is_empty() {
                let diagnostic = Diagnostic::error("an empty text ends nothing");
                let diagnostic = diagnostic.at(&item.span, "empty");
                self.diagnostics
                    .add(diagnostic.help("such as `until: \"\\n\"`"));
                return None;
            }
            if ends
                .iter()
                .any(|known| end.starts_with(known) || known.starts_with(&end))
            {
                let diagnostic = Diagnostic::error("one end is the beginning of another");
                let diagnostic = diagnostic.at(&item.span, "the longer is never seen");
                self.diagnostics.add(diagnostic.help("keep the shorter"));
                return None;
            }
            ends.push(end);
        }
        if ends.is_empty() {
            self.diagnostics
                .error(&node.span, "`until` names at least one end", "empty");
            return None;
        }
        let lenient_cr = node.items().is_none() && ends[0] == b"\n";
        Some(Frame::Until { ends, lenient_cr })
    }

    /// The bytes of `suffix`.
    pub(super) fn suffix(&mut self, spec: &Spec<'n>, frame: &Frame) -> Option<Vec<u8>> {
        let Some(node) = spec.suffix else {
            return Some(Vec::new());
        };
        let help = match frame {
            Frame::Prefixed { .. } | Frame::Counted | Frame::Rest { .. } => {
                return self.some_bytes(node, "a suffix");
            }
            Frame::Until { .. } => "what ends the text belongs into `until`",
            Frame::Fixed { .. } => "a fixed size is filled up with `pad`",
            Frame::Inline | Frame::Json | Frame::Split { .. } => {
                "say with `len`, or by a field with `len_of`, where the body ends"
            }
        };
        let message = "a suffix is counted by a length, and there is none";
        let diagnostic = Diagnostic::error(message).at(&node.span, "here");
        self.diagnostics.add(diagnostic.help(help));
        None
    }

    /// Decimal digits: of fixed width, or up to the bytes that end them.
    pub(super) fn decimal(&mut self, spec: &Spec<'n>) -> Option<Integer> {
        let pad = match spec.pad {
            None => b'0',
            Some(node) => self.one_byte(node, "the padding")?,
        };
        if let Some(node) = spec.until {
            let bytes = self.some_bytes(node, "the end of a number")?;
            let Some(end) = End::new(&bytes) else {
                let message = format!(
                    "a number ends with 1 to {} bytes, the first of which is no digit",
                    End::MAX
                );
                let diagnostic = Diagnostic::error(message).at(&node.span, "this is not such");
                self.diagnostics
                    .add(diagnostic.help("such as \":\" or \"\\r\\n\" in double quotes"));
                return None;
            };
            return Some(Integer::DigitsUntil { end });
        }
        let width = spec.len.and_then(Node::integer);
        if let Some(width) = width.filter(|width| (1..=MAX_DIGITS).contains(width)) {
            let width = usize::try_from(width).ok()?;
            return Some(Integer::Digits { width, pad });
        }
        let message = "a decimal number needs a width in digits, or what ends it";
        let span = spec.len.map_or(spec.span, |node| &node.span);
        self.diagnostics.add(
            Diagnostic::error(message)
                .at(span, "how long is it?")
                .help("`{ type: decimal, len: 4 }` or `{ type: decimal, until: \":\" }`"),
        );
        None
    }

    /// Integers have no frame.
    pub(super) fn no_frame(&mut self, spec: &Spec<'n>) {
        let words = [
            (spec.len, "len"),
            (spec.until, "until"),
            (spec.suffix, "suffix"),
            (spec.pad, "pad"),
        ];
        for (node, word) in words {
            if let Some(node) = node {
                let message = format!("an integer has no `{word}`");
                let help = "its type says how long it is";
                let diagnostic = Diagnostic::error(message).at(&node.span, "not here");
                self.diagnostics.add(diagnostic.help(help));
            }
        }
    }

    fn no_padding(&mut self, spec: &Spec<'n>) {
        if let Some(node) = spec.pad {
            let diagnostic = Diagnostic::error("only a fixed size is filled up");
            let diagnostic = diagnostic.at(&node.span, "without a fixed `len`");
            self.diagnostics
                .add(diagnostic.help("`len: 32, pad: \"\\0\"`"));
        }
    }

    fn one_byte(&mut self, node: &'n Node, what: &str) -> Option<u8> {
        let bytes = self.some_bytes(node, what)?;
        if let [byte] = bytes[..] {
            return Some(byte);
        }
        let message = format!("{what} is one byte, this is {}", bytes.len());
        let diagnostic = Diagnostic::error(message).at(&node.span, "not one byte");
        self.diagnostics
            .add(diagnostic.help("such as \" \" or \"\\0\" in double quotes"));
        None
    }

    fn some_bytes(&mut self, node: &'n Node, what: &str) -> Option<Vec<u8>> {
        match self.common.consts.value(node, self.diagnostics)? {
            super::Value::Text(text) => Some(text.into_bytes()),
            super::Value::Bytes(bytes) => Some(bytes),
            super::Value::Int(_) => {
                let message = format!("{what} is text, this is {}", node.describe());
                let diagnostic = Diagnostic::error(message).at(&node.span, "byte or digit?");
                let help = "\"\\x05\" is the byte 5, \"5\" is the digit, in double quotes";
                self.diagnostics.add(diagnostic.help(help));
                None
            }
            _ => {
                let message = format!("{what} is text, this is {}", node.describe());
                self.diagnostics.error(&node.span, message, "expected text");
                None
            }
        }
    }
}

//! The types that fields can have: those of the language and those that a protocol names.

use std::sync::Arc;

use super::description::{Base, Named, Spec, overlay};
use super::shape::Encoding;
use crate::source::{Diagnostic, Diagnostics, Fields, Node, closest};

/// How often a named type may be made of another.
const MAX_TYPE_DEPTH: usize = 16;

/// The words that a type can be besides those of `types`.
const TYPE_WORDS: [&str; 5] = ["string", "bytes", "decimal", "varint", "$body"];

/// The named types of a protocol.
pub(super) struct Types<'n> {
    entries: &'n [crate::source::Entry],
}

impl<'n> Types<'n> {
    /// Reads `types` of a protocol.
    pub(super) fn read(root: &'n Node, diagnostics: &mut Diagnostics) -> Self {
        let mut types = Self { entries: &[] };
        let Some(node) = root.get("types").filter(|node| !node.is_null()) else {
            return types;
        };
        let Some(entries) = node.entries() else {
            let message = format!("`types` is a map of names, this is {}", node.describe());
            diagnostics.error(&node.span, message, "expected a map");
            return types;
        };
        types.entries = entries;
        for entry in entries {
            if builtin(&entry.key).is_some() {
                let message = format!("`{}` is a type already", entry.key);
                let diagnostic = Diagnostic::error(message).at(&entry.key_span, "taken");
                diagnostics.add(diagnostic.help("choose another name"));
            }
            types.spec(&entry.value, diagnostics);
        }
        types
    }

    /// The fields of a layout or a body.
    pub(super) fn fields(
        &self,
        node: &'n Node,
        what: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<Named<'n>>> {
        if node.is_null() {
            return Some(Vec::new());
        }
        let Some(entries) = node.entries() else {
            let message = format!("{what} is a map of fields, this is {}", node.describe());
            diagnostics.error(&node.span, message, "expected a map");
            return None;
        };
        let read = |entry: &'n crate::source::Entry| {
            let name = Arc::from(entry.key.as_str());
            let spec = self.spec(&entry.value, diagnostics)?;
            let key_span = &entry.key_span;
            Some(Named {
                name,
                key_span,
                spec,
            })
        };
        let read: Vec<Option<Named<'n>>> = entries.iter().map(read).collect();
        read.into_iter().collect()
    }

    /// One field: the name of a type, or a map.
    pub(super) fn spec(&self, node: &'n Node, diagnostics: &mut Diagnostics) -> Option<Spec<'n>> {
        self.spec_at(node, MAX_TYPE_DEPTH, diagnostics)
    }

    fn spec_at(
        &self,
        node: &'n Node,
        depth: usize,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spec<'n>> {
        if node.text().is_some() {
            return self.word(node, depth, diagnostics);
        }
        if node.is_null() {
            let diagnostic =
                Diagnostic::error("a field needs a type").at(&node.span, "nothing here");
            diagnostics.add(diagnostic.help("such as `u16` or { string: utf8, len: u16 }"));
            return None;
        }
        let fields = Fields::of(node, "a field", diagnostics)?;
        let base = self.base(&fields, node, depth, diagnostics);
        let known = base.is_some();
        let mut spec = base.unwrap_or_else(|| Spec::of(Base::Bytes, &node.span));
        spec.span = &node.span;
        overlay(&mut spec, &fields, diagnostics);
        fields.finish(diagnostics);
        known.then_some(spec)
    }

    /// What `type`, `string` or `bytes` say.
    fn base(
        &self,
        fields: &Fields<'n>,
        node: &'n Node,
        depth: usize,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spec<'n>> {
        let by_type = fields.get("type");
        let by_string = fields.get("string");
        let by_bytes = fields.get("bytes");
        let by_item = fields.get("list").map(|item| (Base::List, item));
        let by_item = by_item.or(fields.get("fields").map(|item| (Base::Group, item)));
        if let Some((base, item)) = by_item
            && by_type.or(by_string).or(by_bytes).is_none()
        {
            let mut spec = Spec::of(base, &node.span);
            spec.item = Some(item);
            return Some(spec);
        }
        match (by_type, by_string, by_bytes) {
            (Some(word), None, None) => self.spec_at(word, depth, diagnostics),
            (None, Some(word), None) => {
                let encoding = encoding(word, diagnostics)?;
                Some(Spec::of(Base::Text(encoding), &node.span))
            }
            (None, None, Some(len)) => {
                let mut spec = Spec::of(Base::Bytes, &node.span);
                spec.len = Some(len);
                Some(spec)
            }
            (None, None, None) => {
                let diagnostic =
                    Diagnostic::error("a field needs a type").at(&node.span, "which one?");
                diagnostics.add(diagnostic.help(
                    "one of `type: u16`, `string: utf8`, `bytes: 16`, or the name of a type alone",
                ));
                None
            }
            _ => {
                let message = "`type`, `string`, `bytes`, `list` and `fields` exclude each other";
                diagnostics.error(&node.span, message, "keep one");
                None
            }
        }
    }

    fn word(
        &self,
        node: &'n Node,
        depth: usize,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spec<'n>> {
        let word = node.text()?;
        if let Some(base) = builtin(word) {
            return Some(Spec::of(base, &node.span));
        }
        let Some(entry) = self.entries.iter().find(|entry| entry.key == word) else {
            let names = self.entries.iter().map(|entry| entry.key.as_str());
            let help = match closest(word, names.clone().chain(TYPE_WORDS).chain(INTEGERS)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "types are u8 to u64, i8 to i64, {}, and what stands under `types`",
                    TYPE_WORDS.join(", ")
                ),
            };
            let message = format!("no type is called `{word}`");
            diagnostics.add(
                Diagnostic::error(message)
                    .at(&node.span, "unknown")
                    .help(help),
            );
            return None;
        };
        let Some(depth) = depth.checked_sub(1) else {
            let message = format!("the type `{word}` is made of itself");
            diagnostics.error(&entry.key_span, message, "needs itself to be known");
            return None;
        };
        self.spec_at(&entry.value, depth, diagnostics)
    }

    /// The map of fields that a named type groups.
    pub(super) fn group(&self, word: &str) -> Option<&'n Node> {
        let entry = self.entries.iter().find(|entry| entry.key == word)?;
        entry.value.get("fields")
    }

    /// True when `word` is a type, built in or named.
    pub(super) fn knows(&self, word: &str) -> bool {
        builtin(word).is_some() || self.entries.iter().any(|entry| entry.key == word)
    }

    /// The names under `types`.
    pub(super) fn names(&self) -> impl Iterator<Item = &'n str> {
        self.entries.iter().map(|entry| entry.key.as_str())
    }
}

fn encoding(node: &Node, diagnostics: &mut Diagnostics) -> Option<Encoding> {
    let word = node.text().unwrap_or_default();
    let same = |one: &Encoding| one.word() == word || (word == "utf-8" && *one == Encoding::Utf8);
    if let Some(found) = Encoding::ALL.into_iter().find(same) {
        return Some(found);
    }
    let words: Vec<&str> = Encoding::ALL.iter().map(|one| one.word()).collect();
    let message = format!(
        "`string` names how text is encoded, this is {}",
        node.describe()
    );
    diagnostics.add(
        Diagnostic::error(message)
            .at(&node.span, "no encoding")
            .help(format!("one of: {}", words.join(", "))),
    );
    None
}

const INTEGERS: [&str; 8] = ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"];

fn builtin(word: &str) -> Option<Base> {
    match word {
        "varint" => return Some(Base::Varint),
        "decimal" => return Some(Base::Decimal),
        "string" => return Some(Base::Text(Encoding::Utf8)),
        "bytes" => return Some(Base::Bytes),
        "$body" => return Some(Base::Body),
        _ => {}
    }
    let (word, little) = match (word.strip_suffix("le"), word.strip_suffix("be")) {
        (Some(word), _) => (word, Some(true)),
        (_, Some(word)) => (word, Some(false)),
        _ => (word, None),
    };
    let signed = word.starts_with('i');
    let bits = word.strip_prefix(['u', 'i'])?;
    let width = match bits {
        "8" => 1,
        "16" => 2,
        "24" => 3,
        "32" => 4,
        "40" => 5,
        "48" => 6,
        "56" => 7,
        "64" => 8,
        _ => return None,
    };
    Some(Base::Integer {
        width,
        signed,
        little,
    })
}

//! Fields as they are written, named types resolved, nothing computed yet.

use std::sync::Arc;

use super::Direction;
use super::shape::Encoding;
use crate::source::{Diagnostic, Diagnostics, Fields, Node, Span};

/// A field of a layout or a body as written.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a word of its own in the file"
)]
#[derive(Debug, Clone)]
pub(super) struct Spec<'n> {
    pub(super) span: &'n Span,
    pub(super) base: Base,
    pub(super) little: Option<bool>,
    pub(super) len: Option<&'n Node>,
    pub(super) until: Option<&'n Node>,
    pub(super) suffix: Option<&'n Node>,
    pub(super) pad: Option<&'n Node>,
    pub(super) garbage: bool,
    pub(super) constant: Option<&'n Node>,
    pub(super) default: Option<&'n Node>,
    pub(super) names: Option<&'n Node>,
    pub(super) len_of: Option<&'n Node>,
    pub(super) plus: i128,
    pub(super) tag: bool,
    pub(super) optional: bool,
    pub(super) only: Option<&'n Node>,
    pub(super) except: Option<&'n Node>,
    pub(super) dir: Option<Direction>,
    /// What a [`Base::List`] consists of, or the fields of a [`Base::Group`].
    pub(super) item: Option<&'n Node>,
    /// How many there are in a [`Base::List`].
    pub(super) count: Option<&'n Node>,
    pub(super) inner: Option<Inner<'n>>,
    pub(super) types: Option<&'n Node>,
    pub(super) exact: bool,
}

/// What a text is made of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Inner<'n> {
    /// Templates.
    Text(&'n Node),
    /// A JSON value.
    Json(&'n Node),
}

/// What a field is at bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Integer {
        width: usize,
        signed: bool,
        little: Option<bool>,
    },
    Varint,
    Decimal,
    Text(Encoding),
    Bytes,
    Body,
    /// Several values of one type.
    List,
    /// Fields that belong together.
    Group,
}

/// A field with its name.
#[derive(Debug, Clone)]
pub(super) struct Named<'n> {
    pub(super) name: Arc<str>,
    pub(super) key_span: &'n Span,
    pub(super) spec: Spec<'n>,
}

impl<'n> Spec<'n> {
    pub(super) fn of(base: Base, span: &'n Span) -> Self {
        Self {
            span,
            base,
            little: None,
            len: None,
            until: None,
            suffix: None,
            pad: None,
            garbage: false,
            constant: None,
            default: None,
            names: None,
            len_of: None,
            plus: 0,
            tag: false,
            optional: false,
            only: None,
            except: None,
            dir: None,
            item: None,
            count: None,
            inner: None,
            types: None,
            exact: false,
        }
    }
}

/// What stands beside the type replaces what the type says.
pub(super) fn overlay<'n>(spec: &mut Spec<'n>, fields: &Fields<'n>, diagnostics: &mut Diagnostics) {
    let replace = |old: &mut Option<&'n Node>, key| {
        if let Some(node) = fields.get(key) {
            *old = Some(node);
        }
    };
    one_end(spec, fields, diagnostics);
    replace(&mut spec.len, "len");
    replace(&mut spec.until, "until");
    replace(&mut spec.suffix, "suffix");
    replace(&mut spec.pad, "pad");
    replace(&mut spec.constant, "const");
    replace(&mut spec.default, "default");
    replace(&mut spec.names, "enum");
    replace(&mut spec.len_of, "len_of");
    replace(&mut spec.count, "count");
    replace(&mut spec.only, "only");
    replace(&mut spec.except, "except");
    replace(&mut spec.types, "types");
    spec.exact |= fields.flag("exact", diagnostics);
    spec.inner = inner(fields, diagnostics).or(spec.inner);
    spec.garbage |= fields.flag("garbage", diagnostics);
    spec.tag |= fields.flag("tag", diagnostics);
    spec.optional |= fields.flag("optional", diagnostics);
    spec.plus = fields.integer("plus", diagnostics).unwrap_or(spec.plus);
    // For the reader of the file alone.
    fields.text("about", diagnostics);
    if let Some(node) = fields.get("endian") {
        spec.little = endian(node, diagnostics).or(spec.little);
    }
    if let Some(node) = fields.get("dir") {
        spec.dir = one_way(node, diagnostics);
    }
}

/// A new end takes the place of the one that the type has.
fn one_end(spec: &mut Spec<'_>, fields: &Fields<'_>, diagnostics: &mut Diagnostics) {
    match (fields.get("len"), fields.get("until")) {
        (Some(_), Some(until)) => {
            let message = "`len` and `until` exclude each other";
            let diagnostic = Diagnostic::error(message).at(&until.span, "or a length?");
            diagnostics.add(diagnostic.help("keep the one that says where it ends"));
        }
        (Some(_), None) => spec.until = None,
        (None, Some(_)) => spec.len = None,
        (None, None) => {}
    }
}

fn inner<'n>(fields: &Fields<'n>, diagnostics: &mut Diagnostics) -> Option<Inner<'n>> {
    match (fields.get("text"), fields.get("json")) {
        (Some(text), None) => Some(Inner::Text(text)),
        (None, Some(json)) => Some(Inner::Json(json)),
        (None, None) => None,
        (Some(_), Some(json)) => {
            let message = "a text is a template or JSON, not both";
            diagnostics.error(&json.span, message, "keep one");
            None
        }
    }
}

/// The direction that `dir` says; `None` for both.
fn one_way(node: &Node, diagnostics: &mut Diagnostics) -> Option<Direction> {
    match node.text() {
        Some("c2s") => Some(Direction::ToServer),
        Some("s2c") => Some(Direction::ToClient),
        Some("both") => None,
        _ => {
            let message = format!("`dir` is c2s, s2c or both, this is {}", node.describe());
            diagnostics.error(&node.span, message, "expected c2s, s2c or both");
            None
        }
    }
}

/// `big` or `little`: true when little.
pub(super) fn endian(node: &Node, diagnostics: &mut Diagnostics) -> Option<bool> {
    match node.text() {
        Some("big") => Some(false),
        Some("little") => Some(true),
        _ => {
            let message = format!("`endian` is big or little, this is {}", node.describe());
            diagnostics.error(&node.span, message, "expected big or little");
            None
        }
    }
}

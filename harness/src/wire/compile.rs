//! From what is written to what encodes and decodes. Every static error is found here.

use std::sync::Arc;

use super::description::{Base, Named};
use super::holes::{Holes, did_you_mean};
use super::json::Style;
use super::literal::Consts;
use super::message::{Body, Form};
use super::proto_schema::Schema;
use super::shape::{Content, Frame, MAX_COUNTS, Part, Role, Shape, Sure, What, Window};
use super::split::Split;
use super::types::Types;
use super::{Direction, FieldInfo, bounds, lengths};
use crate::source::{Diagnostic, Diagnostics, Node, Scalar, Span};

/// What all kinds of a protocol have in common.
pub(super) struct Common<'n> {
    pub(super) consts: Consts,
    pub(super) types: Types<'n>,
    pub(super) layout: Vec<Named<'n>>,
    pub(super) little: bool,
    pub(super) json_style: Style,
    pub(super) schema: Schema,
    pub(super) split: Option<Split>,
    /// One datagram is one message.
    pub(super) datagram: bool,
}

/// Compiles one kind in one direction.
pub(super) struct Builder<'c, 'n, 'd> {
    pub(super) common: &'c Common<'n>,
    pub(super) diagnostics: &'d mut Diagnostics,
    pub(super) kind: &'n str,
    direction: Direction,
    pub(super) form: Form<'n>,
    pub(super) fields: Vec<FieldInfo>,
    pub(super) field_spans: Vec<&'n Span>,
    counts: usize,
    /// How many lists and groups the field stands in.
    pub(super) depth: usize,
    /// How many parts there are.
    parts: usize,
}

/// How many fields one message can have, those in lists and groups included.
const MAX_PARTS: usize = 2_000;

/// Where a field stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Layout,
    Body,
}

impl<'c, 'n, 'd> Builder<'c, 'n, 'd> {
    pub(super) fn new(
        common: &'c Common<'n>,
        kind: &'n str,
        direction: Direction,
        form: Form<'n>,
        diagnostics: &'d mut Diagnostics,
    ) -> Self {
        Self {
            common,
            diagnostics,
            kind,
            direction,
            form,
            fields: Vec::new(),
            field_spans: Vec::new(),
            counts: 0,
            depth: 0,
            parts: 0,
        }
    }

    /// The whole shape.
    pub(super) fn build(mut self) -> Option<Shape> {
        let layout: Vec<Named<'n>> = self
            .common
            .layout
            .iter()
            .filter(|field| self.applies(field))
            .cloned()
            .collect();
        if let Some(tag) = self.form.tag
            && !layout.iter().any(|field| field.spec.tag)
        {
            let message = format!("`{}` has a tag, but no layout field takes it", self.kind);
            let diagnostic = Diagnostic::error(message).at(&tag.span, "goes nowhere");
            self.diagnostics
                .add(diagnostic.help(
                    "mark the field: `layout: { op: { type: u8, tag: true }, body: $body }`",
                ));
        }
        let mut parts = self.list(&layout, Place::Layout)?;
        self.message_defaults();
        let span = self.form.span;
        let bounded = self.common.datagram || self.common.split.is_some_and(Split::is_by_pause);
        bounds::settle(&mut parts, bounded, span, self.diagnostics)?;
        Some(Shape {
            sure: sure(&parts),
            plain: false,
            parts,
            fields: self.fields,
            counts: self.counts,
        })
    }

    /// True when messages of this kind have this layout field.
    fn applies(&self, field: &Named<'n>) -> bool {
        let names = |node: Option<&'n Node>| {
            node.map(|node| node.items().unwrap_or(std::slice::from_ref(node)))
        };
        let listed = |items: &[Node]| items.iter().any(|item| item.text() == Some(self.kind));
        field.spec.dir.is_none_or(|dir| dir == self.direction)
            && names(field.spec.only).is_none_or(listed)
            && !names(field.spec.except).is_some_and(listed)
    }

    pub(super) fn list(&mut self, fields: &[Named<'n>], place: Place) -> Option<Vec<Part>> {
        let all = match place {
            Place::Layout => &self.common.layout,
            Place::Body => fields,
        };
        let lengths = lengths::resolve(fields, all, &self.common.types, self.diagnostics)?;
        let first = self.counts;
        self.counts += lengths.len();
        let mut parts = Vec::new();
        let mut complete = true;
        for (index, field) in fields.iter().enumerate() {
            let measured = lengths::measuring(&lengths, index);
            let part = if measured.is_some() || field.spec.len_of.is_some() {
                let count = measured.map(|at| first + at);
                self.length(field, count)
            } else {
                self.part(field, place, lengths::counts(&lengths, index))
            };
            complete &= part.is_some();
            parts.extend(part);
        }
        complete.then_some(())?;
        lengths::connect(&mut parts, fields, &lengths, first, self.diagnostics)?;
        if self.counts > MAX_COUNTS {
            let message = format!("`{}` has more than {MAX_COUNTS} lengths", self.kind);
            self.diagnostics.error(self.form.span, message, "too many");
            return None;
        }
        Some(parts)
    }

    fn part(&mut self, field: &Named<'n>, place: Place, counted: bool) -> Option<Part> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            let message = format!("`{}` has more than {MAX_PARTS} fields", self.kind);
            self.diagnostics.error(self.form.span, message, "too many");
            return None;
        }
        let (what, slot) = match field.spec.base {
            Base::Body => (self.body_window(field, counted)?, None),
            Base::Integer { .. } | Base::Varint | Base::Decimal => self.number(field, place)?,
            Base::Text(_) | Base::Bytes => self.text(field, place, counted)?,
            Base::List | Base::Group => self.compound(field, place, counted)?,
        };
        Some(Part {
            path: Arc::clone(&field.name),
            slot,
            what,
            counted_by: Vec::new(),
            optional: field.spec.optional,
        })
    }

    fn body_window(&mut self, field: &Named<'n>, counted: bool) -> Option<What> {
        let spec = &field.spec;
        let content = self.body()?;
        let framed = spec.len.is_some() || spec.until.is_some() || counted;
        let frame = if framed {
            self.frame(field, counted)?
        } else if let (Some(begins), Content::Proto(_)) = (self.begins(), &content) {
            Frame::Split { begins }
        } else {
            Frame::Inline
        };
        for (node, word) in [(spec.constant, "const"), (spec.default, "default")] {
            if let Some(node) = node {
                let message = format!("the place of the body has no `{word}`");
                self.diagnostics.error(&node.span, message, "not here");
            }
        }
        Some(What::Window(Window {
            suffix: self.suffix(spec, &frame)?,
            frame,
            content,
        }))
    }

    /// With which field a body without a length begins that is the whole message.
    fn begins(&self) -> Option<u32> {
        let alone = self.common.layout.len() == 1 && !self.common.datagram;
        self.common.split.filter(|_| alone)?.begins
    }

    fn body(&mut self) -> Option<Content> {
        match self.form.body {
            Body::Empty => Some(Content::Fields(Vec::new())),
            Body::Text(node) => self.texts(node, self.holes(node)),
            Body::Json(node) => self.json(node, self.holes(node), self.form.exact),
            Body::Proto(node, fields) => {
                let holes = self.holes(fields.unwrap_or(node));
                self.proto(node, fields, holes, self.form.exact)
            }
            Body::Fields(node) => {
                let types = &self.common.types;
                let named = node.text().and_then(|word| types.group(word));
                let node = named.unwrap_or(node);
                let fields = types.fields(node, "`body`", self.diagnostics)?;
                self.check_inner_fields(&fields)?;
                Some(Content::Fields(self.list(&fields, Place::Body)?))
            }
        }
    }

    fn holes(&self, node: &'n Node) -> Holes<'n> {
        Holes {
            types: self.form.types,
            optional: self.form.optional,
            span: &node.span,
        }
    }

    /// Refuses what only fields of the layout can have.
    pub(super) fn check_inner_fields(&mut self, fields: &[Named<'n>]) -> Option<()> {
        let mut refused = false;
        for spec in fields.iter().map(|field| &field.spec) {
            let words = [
                (spec.tag.then_some(spec.span), "tag"),
                ((spec.base == Base::Body).then_some(spec.span), "$body"),
                (spec.only.map(|node| &node.span), "only"),
                (spec.except.map(|node| &node.span), "except"),
            ];
            for (span, word) in words {
                let Some(span) = span else { continue };
                let message = format!("`{word}` belongs to fields of the layout");
                let diagnostic = Diagnostic::error(message).at(span, "not in a body");
                let help = "inside a message it has no meaning";
                self.diagnostics.add(diagnostic.help(help));
                refused = true;
            }
        }
        (!refused).then_some(())
    }

    /// `default` of a message: values by field name.
    fn message_defaults(&mut self) {
        let Some(node) = self.form.default else {
            return;
        };
        let Some(entries) = node.entries() else {
            let message = format!("`default` is a map of fields, this is {}", node.describe());
            self.diagnostics
                .error(&node.span, message, "expected a map");
            return;
        };
        for entry in entries {
            let names = || self.fields.iter().map(|field| &*field.name);
            let Some(at) = names().position(|name| name == entry.key) else {
                // Inherited by a dialect whose message has other fields.
                if entry.key_span.file != self.form.span.file {
                    continue;
                }
                let message = format!("`{}` has no field `{}`", self.kind, entry.key);
                let help = did_you_mean(&entry.key, &names().collect::<Vec<_>>());
                let diagnostic = Diagnostic::error(message).at(&entry.key_span, "unknown");
                self.diagnostics.add(diagnostic.help(help));
                continue;
            };
            let class = self.fields[at].class.clone();
            if self.fields[at].constant.is_some() {
                let message = format!("`{}` has both a constant and a default", entry.key);
                self.diagnostics
                    .error(&entry.key_span, message, "never used");
            } else if let Some(default) = self.default(&entry.value, &class) {
                self.fields[at].default = Some(default);
                self.fields[at].required = false;
            }
        }
    }
}

/// The first constant at a fixed place.
fn sure(parts: &[Part]) -> Option<Sure> {
    let mut offset = 0;
    for part in parts {
        let bytes = match &part.what {
            What::Number(number) => match number.role {
                Role::Constant { value, .. } => {
                    let mut bytes = Vec::new();
                    number.form.write(value, &mut bytes).then_some(bytes)
                }
                _ => None,
            },
            What::Window(window) => match (&window.frame, &window.content) {
                (Frame::Fixed { fill: None, .. }, Content::Constant { bytes, .. }) => {
                    Some(bytes.clone())
                }
                _ => None,
            },
        };
        let canonical = match &part.what {
            What::Number(number) => number.form.takes_anything(),
            What::Window(_) => true,
        };
        if let Some(bytes) = bytes.filter(|_| canonical && !part.optional) {
            return Some(Sure { offset, bytes });
        }
        offset += part.width()?;
    }
    None
}

/// True when a scalar is written as a number, without quotes.
pub(super) fn is_number(raw: &Scalar) -> bool {
    raw.plain && crate::source::parse_integer(&raw.text).is_some()
}

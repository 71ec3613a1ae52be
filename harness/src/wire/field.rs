//! Fields of a layout or a body: numbers, text, bytes and lengths.

use std::borrow::Cow;
use std::sync::Arc;

use super::class::Names;
use super::compile::{Builder, Place};
use super::description::{Base, Inner, Named, Spec};
use super::holes::Holes;
use super::integer::Integer;
use super::shape::{Content, Encoding, Number, Part, Role, What, Window};
use super::{Class, DefaultValue, FieldInfo, Value};
use crate::source::{Diagnostic, Node, Span};

impl<'n> Builder<'_, 'n, '_> {
    pub(super) fn number(
        &mut self,
        field: &Named<'n>,
        place: Place,
    ) -> Option<(What, Option<usize>)> {
        let form = self.integer(&field.spec)?;
        let names = match field.spec.names {
            Some(node) => self.names(node, (form.min(), form.max()))?,
            None => Names::default(),
        };
        let class = Class::Integer {
            min: form.min(),
            max: form.max(),
            names: names.clone(),
        };
        let constant = self.constant(field, place, &class)?;
        let role = match &constant {
            Some(Value::Int(value)) => Role::Constant {
                value: *value,
                tag: field.spec.tag,
            },
            _ => Role::Value,
        };
        let slot = self.slot(field, place, class, constant)?;
        let number = Number { form, role, names };
        Some((What::Number(number), slot))
    }

    pub(super) fn text(
        &mut self,
        field: &Named<'n>,
        place: Place,
        counted: bool,
    ) -> Option<(What, Option<usize>)> {
        let spec = &field.spec;
        if spec.inner.is_some() {
            return Some((self.inner(field, counted)?, None));
        }
        let (class, content) = match spec.base {
            Base::Text(encoding) => (Class::Text, Content::Text(encoding)),
            _ => (Class::Bytes, Content::Bytes),
        };
        self.no_names(spec);
        let constant = self.constant(field, place, &class)?;
        let content = match &constant {
            None => content,
            Some(value) => Content::Constant {
                bytes: self.constant_bytes(field, value, &content)?,
                value: value.clone(),
                tag: spec.tag,
            },
        };
        let frame = self.frame(field, counted)?;
        let suffix = self.suffix(spec, &frame)?;
        let slot = self.slot(field, place, class, constant)?;
        let window = Window {
            frame,
            suffix,
            content,
        };
        Some((What::Window(window), slot))
    }

    /// A text that is itself a template or JSON.
    fn inner(&mut self, field: &Named<'n>, counted: bool) -> Option<What> {
        let spec = &field.spec;
        let words = [(spec.constant, "const"), (spec.default, "default")];
        for (node, word) in words
            .into_iter()
            .filter_map(|(node, word)| Some((node?, word)))
        {
            let message = format!("`{}` has fields inside, it has no `{word}`", field.name);
            let diagnostic = Diagnostic::error(message).at(&node.span, "not here");
            self.diagnostics
                .add(diagnostic.help("write the value into the template"));
        }
        if spec.optional {
            let message = format!("`{}` has fields inside, it cannot be optional", field.name);
            self.diagnostics.error(spec.span, message, "not optional");
        }
        if !matches!(spec.base, Base::Text(Encoding::Utf8 | Encoding::Ascii)) {
            let message = "templates and JSON are UTF-8";
            let diagnostic = Diagnostic::error(message).at(spec.span, "another encoding");
            self.diagnostics
                .add(diagnostic.help("write `string: utf8`"));
            return None;
        }
        let holes = |node: &'n Node| Holes {
            types: spec.types,
            optional: &[],
            span: &node.span,
        };
        let content = match spec.inner? {
            Inner::Text(node) => self.texts(node, holes(node))?,
            Inner::Json(node) => self.json(node, holes(node), spec.exact)?,
        };
        let frame = self.frame(field, counted)?;
        let suffix = self.suffix(spec, &frame)?;
        Some(What::Window(Window {
            frame,
            suffix,
            content,
        }))
    }

    fn constant_bytes(
        &mut self,
        field: &Named<'n>,
        value: &Value,
        content: &Content,
    ) -> Option<Vec<u8>> {
        let bytes = match (value, content) {
            (Value::Text(text), Content::Text(encoding)) => {
                encoding.encode(text).map(Cow::into_owned)
            }
            (Value::Text(text), _) => Some(text.clone().into_bytes()),
            (Value::Bytes(bytes), _) => Some(bytes.clone()),
            _ => None,
        };
        if bytes.is_none() {
            let message = format!("`{}` cannot be {value} in its encoding", field.name);
            self.diagnostics.error(field.spec.span, message, "here");
        }
        bytes
    }

    /// The constant of a field: its own, or the kind's tag.
    #[expect(clippy::option_option, reason = "no constant is not a failure")]
    fn constant(
        &mut self,
        field: &Named<'n>,
        place: Place,
        class: &Class,
    ) -> Option<Option<Value>> {
        let spec = &field.spec;
        if let (Some(constant), Some(default)) = (spec.constant, spec.default) {
            let message = format!("`{}` has both a constant and a default", field.name);
            self.diagnostics.add(
                Diagnostic::error(message)
                    .at(&default.span, "never used")
                    .related(&constant.span, "always this value")
                    .help("keep `const` where every message has the value, else `default`"),
            );
            return None;
        }
        let node = if spec.tag && place == Place::Layout {
            let Some(tag) = self.form.tag else {
                let message = format!("`{}` needs `tag`", self.kind);
                self.diagnostics.add(
                    Diagnostic::error(message)
                        .at(self.form.span, "`tag` is missing here")
                        .related(field.key_span, "the field that takes it")
                        .help("the value of that field that such messages have"),
                );
                return None;
            };
            tag
        } else {
            match spec.constant {
                Some(node) => node,
                None => return Some(None),
            }
        };
        let value = self.common.consts.typed(node, class, self.diagnostics)?;
        Some(Some(value))
    }

    /// Makes the field one of the message's, unless it only serves the layout.
    #[expect(clippy::option_option, reason = "no slot is not a failure")]
    pub(super) fn slot(
        &mut self,
        field: &Named<'n>,
        place: Place,
        class: Class,
        constant: Option<Value>,
    ) -> Option<Option<usize>> {
        if place == Place::Layout && constant.is_some() {
            return Some(None);
        }
        let default = match field.spec.default {
            None => None,
            Some(node) => Some(self.default(node, &class)?),
        };
        let optional = field.spec.optional;
        let info = FieldInfo {
            name: Arc::clone(&field.name),
            class,
            required: constant.is_none() && default.is_none() && !optional,
            constant,
            optional,
            default,
        };
        self.add_field(info, field.key_span).map(Some)
    }

    pub(super) fn add_field(&mut self, info: FieldInfo, span: &'n Span) -> Option<usize> {
        if let Some(at) = self.fields.iter().position(|known| known.name == info.name) {
            let message = format!("`{}` has two fields called `{}`", self.kind, info.name);
            self.diagnostics.add(
                Diagnostic::error(message)
                    .at(span, "the second")
                    .related(self.field_spans[at], "the first")
                    .help("layout and body share one set of names; rename one of them"),
            );
            return None;
        }
        self.fields.push(info);
        self.field_spans.push(span);
        Some(self.fields.len() - 1)
    }

    pub(super) fn default(&mut self, node: &'n Node, class: &Class) -> Option<DefaultValue> {
        if let Some(own) = node.text().and_then(|text| text.strip_prefix("$self.")) {
            return Some(DefaultValue::Own(own.to_owned()));
        }
        let value = self.common.consts.typed(node, class, self.diagnostics)?;
        Some(DefaultValue::Literal(value))
    }

    /// How an integer is written.
    pub(super) fn integer(&mut self, spec: &Spec<'n>) -> Option<Integer> {
        match spec.base {
            Base::Integer {
                width,
                signed,
                little,
            } => {
                self.no_frame(spec);
                Some(Integer::Binary {
                    width,
                    signed,
                    little: little.or(spec.little).unwrap_or(self.common.little),
                })
            }
            Base::Varint => {
                self.no_frame(spec);
                Some(Integer::Varint)
            }
            _ => self.decimal(spec),
        }
    }

    /// The names of values from `least` to `most`.
    pub(super) fn names(&mut self, node: &'n Node, (least, most): (i128, i128)) -> Option<Names> {
        let Some(entries) = node.entries() else {
            let message = format!("`enum` is a map of names, this is {}", node.describe());
            self.diagnostics
                .error(&node.span, message, "expected { name: number }");
            return None;
        };
        let mut names: Vec<(Arc<str>, i128)> = Vec::new();
        for entry in entries {
            let value = entry.value.integer();
            let Some(value) = value.filter(|value| (least..=most).contains(value)) else {
                let problem = format!(
                    "`{}` is a number from {least} to {most}, this is {}",
                    entry.key,
                    entry.value.describe()
                );
                self.diagnostics
                    .error(&entry.value.span, problem, "no value of this field");
                return None;
            };
            if let Some((other, _)) = names.iter().find(|(_, known)| *known == value) {
                let message = format!("{value} is called both `{other}` and `{}`", entry.key);
                let diagnostic = Diagnostic::error(message).at(&entry.key_span, "the second name");
                self.diagnostics
                    .add(diagnostic.help("keep one name for a number"));
                return None;
            }
            names.push((Arc::from(entry.key.as_str()), value));
        }
        Some(Names(names))
    }

    pub(super) fn length(&mut self, field: &Named<'n>, count: Option<usize>) -> Option<Part> {
        let spec = &field.spec;
        let numeric = matches!(
            spec.base,
            Base::Integer { .. } | Base::Varint | Base::Decimal
        );
        if !numeric {
            let message = format!("`{}` is a length, but no integer", field.name);
            let diagnostic = Diagnostic::error(message).at(spec.span, "not an integer");
            self.diagnostics
                .add(diagnostic.help("such as `{ type: u16, len_of: text }`"));
            return None;
        }
        let others = [(spec.constant, "const"), (spec.default, "default")];
        for (node, word) in others {
            if let Some(node) = node {
                let message = format!("`{}` is computed, it has no `{word}`", field.name);
                let diagnostic = Diagnostic::error(message).at(&node.span, "never used");
                let help = "a scenario that wants a wrong length writes `bend`";
                self.diagnostics.add(diagnostic.help(help));
            }
        }
        if spec.tag {
            let message = format!("`{}` cannot be both a length and the tag", field.name);
            self.diagnostics.error(spec.span, message, "one of the two");
        }
        let plus = spec.plus;
        let form = self.integer(spec)?;
        Some(Part {
            path: Arc::clone(&field.name),
            slot: None,
            what: What::Number(Number {
                form,
                role: Role::Length {
                    count: count?,
                    plus,
                },
                names: Names::default(),
            }),
            counted_by: Vec::new(),
            optional: false,
        })
    }

    fn no_names(&mut self, spec: &Spec<'n>) {
        if let Some(node) = spec.names {
            let diagnostic = Diagnostic::error("only integers have named values");
            let diagnostic = diagnostic.at(&node.span, "not an integer");
            self.diagnostics.add(diagnostic.help("leave `enum` out"));
        }
    }
}

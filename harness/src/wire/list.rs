//! Lists and groups: values that consist of values.

use std::sync::Arc;

use super::compile::{Builder, Place, is_number};
use super::description::{Base, Named};
use super::encode::Sent;
use super::refusal::{Stop, Why, refuse};
use super::shape::{Content, Frame, Items, List, Part, Times, What, Window, leasts};
use super::walk::{Found, Walk};
use super::writer::Writer;
use super::{Class, DefaultValue, EncodeError, Value};
use crate::source::{self, Diagnostic, Node};

/// How deep lists and groups can stand in each other.
const MAX_DEPTH: usize = 8;

/// How many values a list of one message can have.
const MAX_ITEMS: usize = 100_000;

impl<'n> Builder<'_, 'n, '_> {
    /// A field that is a list or a group.
    pub(super) fn compound(
        &mut self,
        field: &Named<'n>,
        place: Place,
        counted: bool,
    ) -> Option<(What, Option<usize>)> {
        let spec = &field.spec;
        if let Some(node) = spec.constant {
            let message = format!("`{}` consists of values, it has no `const`", field.name);
            let diagnostic = Diagnostic::error(message).at(&node.span, "not here");
            self.diagnostics
                .add(diagnostic.help("make the values inside constant"));
        }
        let items = self.items(field)?;
        let class = items.class();
        let (class, frame, content) = if spec.base == Base::Group {
            let framed = spec.len.is_some() || spec.until.is_some() || counted;
            let frame = if framed {
                self.frame(field, counted)?
            } else {
                Frame::Inline
            };
            (class, frame, Content::Group(items))
        } else {
            let (frame, times) = self.times(field, counted)?;
            if leasts(&items.parts) == 0 {
                let message = format!("a value in `{}` can have no bytes at all", field.name);
                let diagnostic = Diagnostic::error(message).at(spec.span, "how many are there?");
                self.diagnostics
                    .add(diagnostic.help("each value of a list has at least one byte"));
                return None;
            }
            (
                Class::List(Box::new(class)),
                frame,
                Content::List(List { items, times }),
            )
        };
        let suffix = self.suffix(spec, &frame)?;
        let slot = self.slot(field, place, class, None)?;
        let window = Window {
            frame,
            suffix,
            content,
        };
        Some((What::Window(window), slot))
    }

    /// What one value consists of; its fields are a set of their own.
    fn items(&mut self, field: &Named<'n>) -> Option<Items> {
        let node = field.spec.item?;
        let types = &self.common.types;
        let single = field.spec.base == Base::List && node.get("fields").is_none();
        let specs = if field.spec.base == Base::Group {
            types.fields(node, "`fields`", self.diagnostics)?
        } else if let Some(group) = node.get("fields").or_else(|| types.group(node.text()?)) {
            types.fields(group, "`fields`", self.diagnostics)?
        } else {
            let spec = types.spec(node, self.diagnostics)?;
            vec![Named {
                name: Arc::clone(&field.name),
                key_span: field.key_span,
                spec,
            }]
        };
        let single = single && node.text().is_none_or(|word| types.group(word).is_none());
        self.check_inner_fields(&specs)?;
        if self.depth == MAX_DEPTH {
            let message = format!("`{}` is nested too deeply", field.name);
            let diagnostic = Diagnostic::error(message).at(&node.span, "does it contain itself?");
            let help = format!("lists and groups stand in each other up to {MAX_DEPTH} times");
            self.diagnostics.add(diagnostic.help(help));
            return None;
        }
        let fields = std::mem::take(&mut self.fields);
        let spans = std::mem::take(&mut self.field_spans);
        self.depth += 1;
        let parts = self.list(&specs, Place::Body);
        self.depth -= 1;
        let fields = std::mem::replace(&mut self.fields, fields);
        self.field_spans = spans;
        let single = single && fields.len() == 1;
        Some(Items {
            parts: parts?,
            fields,
            single,
        })
    }

    fn times(&mut self, field: &Named<'n>, counted: bool) -> Option<(Frame, Times)> {
        let spec = &field.spec;
        let Some(node) = spec.count else {
            if spec.len.is_none() && spec.until.is_none() && !counted {
                let message = format!("`{}` needs `count` or `len`", field.name);
                self.diagnostics.add(
                    Diagnostic::error(message)
                        .at(spec.span, "how many are there?")
                        .help("`count: u8`, `count: 3`, a field before it, or `len` in bytes"),
                );
                return None;
            }
            return Some((self.frame(field, counted)?, Times::ToEnd));
        };
        if spec.len.is_some() || spec.until.is_some() {
            let message = "a list has either a count of values or a length in bytes";
            self.diagnostics
                .error(&node.span, message, "one of the two");
            return None;
        }
        let times = match &node.content {
            source::Content::Scalar(raw) if is_number(raw) => Times::Fixed(self.fixed_times(node)?),
            source::Content::Scalar(raw) if !self.common.types.knows(&raw.text) => {
                // Replaced when the field of that name is found.
                Times::ToEnd
            }
            _ => match self.prefix(field, node)? {
                Frame::Prefixed { form, .. } => Times::Prefixed {
                    form,
                    path: Arc::from(format!("count({})", field.name)),
                },
                _ => return None,
            },
        };
        let frame = if counted {
            Frame::Counted
        } else {
            Frame::Inline
        };
        Some((frame, times))
    }

    fn fixed_times(&mut self, node: &Node) -> Option<usize> {
        let times = node.integer().and_then(|times| usize::try_from(times).ok());
        let times = times.filter(|times| (1..=MAX_ITEMS).contains(times));
        if times.is_none() {
            let message = format!("a list has from 1 to {MAX_ITEMS} values");
            self.diagnostics.error(&node.span, message, "not a count");
        }
        times
    }
}

impl Items {
    fn class(&self) -> Class {
        match &self.fields[..] {
            [only] if self.single => only.class.clone(),
            fields => {
                let class =
                    |field: &super::FieldInfo| (Arc::clone(&field.name), field.class.clone());
                Class::Map(fields.iter().map(class).collect())
            }
        }
    }

    /// The values of the fields of one value.
    fn sent(&self, value: &Value) -> Vec<Sent> {
        let given = |name: &str| match value {
            Value::Map(entries) => entries
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone()),
            _ => None,
        };
        let sent = |field: &super::FieldInfo| {
            let own = if self.single {
                Some(value.clone())
            } else {
                given(&field.name)
            };
            let default = match &field.default {
                Some(DefaultValue::Literal(value)) => Some(value.clone()),
                _ => None,
            };
            Sent {
                given: own.is_some(),
                absent: false,
                value: own.or(default),
            }
        };
        self.fields.iter().map(sent).collect()
    }
}

impl<'b> Walk<'b> {
    /// One value after the other.
    pub(super) fn values<'c: 'b>(
        &mut self,
        part: &'c Part,
        list: &'c List,
        end: Option<usize>,
    ) -> Result<(), Stop<'c>> {
        let start = self.pos;
        let times = match &list.times {
            Times::Prefixed { form, path } => {
                let times = self.integer(*form, path, path, end)?;
                let times = self.size(start, times, path)?;
                let here = start..self.pos;
                self.mark(here, || {
                    (path.to_string(), format!("{times} of `{}`", part.path))
                });
                Some(times)
            }
            Times::Fixed(times) => Some(*times),
            Times::Apart(count) => Some(self.left[*count]),
            Times::ToEnd => None,
        };
        let mut values = Vec::new();
        while times.map_or(end.is_some_and(|end| self.pos < end), |times| {
            values.len() < times
        }) {
            if values.len() == MAX_ITEMS {
                let why = Why::TooMany { most: MAX_ITEMS };
                return Err(refuse(self.pos, &part.path, why));
            }
            let context = self.enter(|| format!("{}[{}]", part.path, values.len()));
            values.push(self.items(&list.items, end)?);
            self.context = context;
        }
        self.take(part, Found::Value(Value::List(values)));
        Ok(())
    }

    /// Fields that belong together.
    pub(super) fn group<'c: 'b>(
        &mut self,
        part: &'c Part,
        items: &'c Items,
        end: Option<usize>,
    ) -> Result<(), Stop<'c>> {
        let context = self.enter(|| part.path.to_string());
        let value = self.items(items, end)?;
        self.context = context;
        self.take(part, Found::Value(value));
        Ok(())
    }

    fn items<'c: 'b>(&mut self, items: &'c Items, end: Option<usize>) -> Result<Value, Stop<'c>> {
        let outer = std::mem::take(&mut self.found);
        self.list(&items.parts, end)?;
        let found = std::mem::replace(&mut self.found, outer);
        let mut values = found.into_iter().map(|(slot, found)| (slot, found.value()));
        if items.single {
            return Ok(values.next().map_or(Value::Null, |(_, value)| value));
        }
        let entry = |(slot, value): (usize, Value)| {
            let field = items.fields.get(slot)?;
            Some((field.name.to_string(), value))
        };
        Ok(Value::Map(values.filter_map(entry).collect()))
    }

    /// Names of fields in a dump begin with where they are; gives what they began with before.
    fn enter(&mut self, place: impl FnOnce() -> String) -> String {
        if self.marks.is_none() {
            return String::new();
        }
        let inner = format!("{}{}", self.context, place());
        std::mem::replace(&mut self.context, inner + ".")
    }
}

impl<'a> Writer<'a> {
    /// Writes a list and, where it stands before it, how many values it has.
    pub(super) fn values(&mut self, part: &'a Part, list: &'a List) -> Result<(), EncodeError> {
        let Some(Value::List(values)) = self.value(part.slot) else {
            return Err(self.missing_value(part.slot, &part.path));
        };
        let count = values.len();
        let refused = |problem: String| EncodeError::NotRepresentable {
            field: part.path.to_string(),
            problem,
        };
        match &list.times {
            Times::Prefixed { form, path } => {
                let sent = self.bend(path);
                let sent = sent.unwrap_or(i128::try_from(count).unwrap_or(i128::MAX));
                if !form.write(sent, &mut self.out) {
                    let most = form.max();
                    return Err(refused(format!(
                        "{sent} values, and `{path}` counts to {most}"
                    )));
                }
            }
            Times::Fixed(times) if *times != count => {
                return Err(refused(format!(
                    "it has always {times} values, this has {count}"
                )));
            }
            Times::Apart(number) => self.sizes[*number] = count,
            Times::Fixed(_) | Times::ToEnd => {}
        }
        values
            .iter()
            .try_for_each(|value| self.items(&list.items, value))
    }

    /// Writes fields that belong together.
    pub(super) fn group(&mut self, part: &'a Part, items: &'a Items) -> Result<(), EncodeError> {
        match self.value(part.slot) {
            Some(value) => self.items(items, value),
            None => Err(self.missing_value(part.slot, &part.path)),
        }
    }

    fn items(&mut self, items: &'a Items, value: &Value) -> Result<(), EncodeError> {
        let values = items.sent(value);
        let mut inner = self.inner(&values);
        inner.list(&items.parts)?;
        (self.out, self.bent) = (inner.out, inner.bent);
        Ok(())
    }
}

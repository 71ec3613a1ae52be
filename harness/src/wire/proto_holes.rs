//! Protocol Buffers bodies as written: constants and holes for fields.

use std::sync::Arc;

use protox::prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::class::Names;
use super::compile::Builder;
use super::holes::{Around, Holes, did_you_mean};
use super::proto::{Member, ProtoBody, What};
use super::proto_read::repeats;
use super::shape::Content;
use super::template::{Sort, Token};
use super::{Class, FieldInfo};
use crate::source::{self, Diagnostic, Entry, Node, Span};

/// How deep messages can be described in each other.
const MAX_DEPTH: usize = 16;

impl<'n> Builder<'_, 'n, '_> {
    /// A Protocol Buffers body of the type that `node` names.
    pub(super) fn proto(
        &mut self,
        node: &'n Node,
        fields: Option<&'n Node>,
        holes: Holes<'n>,
        exact: bool,
    ) -> Option<Content> {
        let message = self.common.schema.message(node, self.diagnostics)?;
        let first = self.fields.len();
        let members = match fields {
            Some(fields) => self.members(fields, &message, "", (holes, 0), &mut Vec::new())?,
            None => self.all_members(&message, &node.span, holes)?,
        };
        self.check_types(holes, first);
        self.check_optional(holes, first);
        Some(Content::Proto(ProtoBody {
            message,
            members,
            exact,
        }))
    }

    /// Every declared field, under its own name.
    fn all_members(
        &mut self,
        message: &MessageDescriptor,
        span: &'n Span,
        holes: Holes<'n>,
    ) -> Option<Vec<Member>> {
        let declared: Vec<FieldDescriptor> = message.fields().collect();
        let member = |declared: FieldDescriptor| {
            let name = declared.name().to_owned();
            let (what, mut optional) =
                self.whole((&name, ""), &declared, (span, holes), &mut Vec::new())?;
            optional |= declared.supports_presence();
            if let What::Whole {
                slot: Some(slot), ..
            } = what
            {
                self.fields[slot].optional |= optional;
                self.fields[slot].required &= !optional;
            }
            Some(Member {
                declared,
                path: Arc::from(name),
                what,
                optional,
            })
        };
        declared.into_iter().map(member).collect()
    }

    fn members(
        &mut self,
        node: &'n Node,
        message: &MessageDescriptor,
        path: &str,
        (holes, depth): (Holes<'n>, usize),
        seen: &mut Vec<usize>,
    ) -> Option<Vec<Member>> {
        let Some(entries) = node.entries() else {
            let text = format!("`fields` is a map, this is {}", node.describe());
            self.diagnostics.error(&node.span, text, "expected a map");
            return None;
        };
        if depth == MAX_DEPTH {
            let text = "messages are nested too deeply";
            self.diagnostics.error(&node.span, text, "here");
            return None;
        }
        let mut members = Vec::new();
        let mut complete = true;
        for entry in entries {
            let declared = self.declared(entry, message);
            let member = declared.and_then(|declared| {
                self.proto_member(entry, declared, path, (holes, depth), seen)
            });
            complete &= member.is_some();
            members.extend(member);
        }
        complete.then_some(members)
    }

    fn declared(&mut self, entry: &Entry, message: &MessageDescriptor) -> Option<FieldDescriptor> {
        let found = message.get_field_by_name(&entry.key);
        if found.is_none() {
            let declared: Vec<FieldDescriptor> = message.fields().collect();
            let names: Vec<&str> = declared.iter().map(FieldDescriptor::name).collect();
            let text = format!(
                "`{}` declares no field `{}`",
                message.full_name(),
                entry.key
            );
            let diagnostic = Diagnostic::error(text).at(&entry.key_span, "not declared");
            self.diagnostics
                .add(diagnostic.help(did_you_mean(&entry.key, &names)));
        }
        found
    }

    fn proto_member(
        &mut self,
        entry: &'n Entry,
        declared: FieldDescriptor,
        path: &str,
        (holes, depth): (Holes<'n>, usize),
        seen: &mut Vec<usize>,
    ) -> Option<Member> {
        let node = &entry.value;
        let path = match path {
            "" => entry.key.clone(),
            path => format!("{path}.{}", entry.key),
        };
        let before = seen.len();
        let tokens = match &node.content {
            source::Content::Scalar(raw) if raw.text.contains(['{', '}']) => {
                Some(self.tokens(&raw.text, &node.span)?)
            }
            _ => None,
        };
        let mut own = None;
        let (what, optional) = match (tokens.as_deref(), declared.kind(), &node.content) {
            (Some([Token::Hole { name, sort }]), kind, _)
                if !(matches!(kind, Kind::String) && matches!(sort.as_str(), "int" | "word")) =>
            {
                own = (!name.is_empty()).then(|| name.clone());
                let words = (name.as_str(), sort.as_str());
                self.whole(words, &declared, (&node.span, holes), seen)?
            }
            (Some(_), Kind::String, source::Content::Scalar(raw)) if !repeats(&declared) => {
                let template = self.template(&raw.text, &node.span, holes, seen)?;
                (What::Mixed(template), false)
            }
            (None, Kind::Message(message), source::Content::Map(_)) if !repeats(&declared) => {
                let members = self.members(node, &message, &path, (holes, depth + 1), seen)?;
                let slots = &seen[before..];
                let optional =
                    !slots.is_empty() && slots.iter().all(|slot| self.fields[*slot].optional);
                (What::Message(members), optional)
            }
            (None, Kind::Message(_), _) => return self.not_whole(&declared, node),
            (None, ..) => {
                let class = class_of(&declared, None);
                let value = self.common.consts.typed(node, &class, self.diagnostics)?;
                (What::Literal(value), false)
            }
            (Some(_), ..) => return self.not_whole(&declared, node),
        };
        Some(Member {
            declared,
            path: Arc::from(own.unwrap_or(path)),
            what,
            optional,
        })
    }

    fn not_whole(&mut self, declared: &FieldDescriptor, node: &Node) -> Option<Member> {
        let text = format!("`{}` is no text, and no constant is one", declared.name());
        let diagnostic = Diagnostic::error(text).at(&node.span, "not a value of it");
        let help = "write \"{name}\" for a field of the message, or a map for a message in it";
        self.diagnostics.add(diagnostic.help(help));
        None
    }

    /// A hole that takes the whole value of a declared field.
    fn whole(
        &mut self,
        (name, sort): (&str, &str),
        declared: &FieldDescriptor,
        (span, holes): (&'n Span, Holes<'n>),
        seen: &mut Vec<usize>,
    ) -> Option<(What, bool)> {
        let names = self.hole_names(name, holes)?;
        let class = match (sort, class_of(declared, names)) {
            ("json", _) => Class::Json,
            ("", class) => class,
            ("int", class @ Class::Integer { .. }) | ("bool", class @ Class::Truth) => class,
            (sort, class) => {
                let text = format!("`{}` is {class}, and not `:{sort}`", declared.name());
                self.diagnostics
                    .error(span, text, "another type is declared");
                return None;
            }
        };
        if name.is_empty() {
            return Some((What::Whole { slot: None, class }, true));
        }
        let words = (name, "json");
        // The name is checked as in every other template; the type is the declared one.
        let hole = self.hole_free(words, span, holes, seen)?;
        self.fields[hole].class = class.clone();
        let optional = self.fields[hole].optional;
        let slot = Some(hole);
        Some((What::Whole { slot, class }, optional))
    }

    fn hole_free(
        &mut self,
        (name, sort): (&str, &str),
        span: &'n Span,
        holes: Holes<'n>,
        seen: &mut Vec<usize>,
    ) -> Option<usize> {
        let holes = Holes {
            types: None,
            ..holes
        };
        let hole = self.hole((name, sort), span, holes, Around::Nothing, seen)?;
        debug_assert_eq!(hole.sort, Sort::Json);
        hole.slot
    }

    /// Complains about `optional` fields that there are not.
    pub(super) fn check_optional(&mut self, holes: Holes<'n>, first: usize) {
        for node in holes.optional {
            let fields: &[FieldInfo] = &self.fields[first..];
            let names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
            let name = node.text().unwrap_or_default();
            if names.contains(&name) {
                continue;
            }
            let help = did_you_mean(name, &names);
            let text = format!("no field is {}", node.describe());
            let diagnostic = Diagnostic::error(text).at(&node.span, "unknown");
            self.diagnostics.add(diagnostic.help(help));
        }
    }
}

/// What values a declared field can have.
fn class_of(declared: &FieldDescriptor, names: Option<Names>) -> Class {
    let integer = |min: i128, max: i128| Class::Integer {
        min,
        max,
        names: names.clone().unwrap_or_default(),
    };
    let one = match declared.kind() {
        Kind::String => Class::Text,
        Kind::Bytes => Class::Bytes,
        Kind::Bool => Class::Truth,
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => integer(i32::MIN.into(), i32::MAX.into()),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => integer(i64::MIN.into(), i64::MAX.into()),
        Kind::Uint32 | Kind::Fixed32 => integer(0, u32::MAX.into()),
        Kind::Uint64 | Kind::Fixed64 => integer(0, u64::MAX.into()),
        Kind::Enum(declared) => Class::Integer {
            min: i32::MIN.into(),
            max: i32::MAX.into(),
            names: names.clone().unwrap_or_else(|| {
                let name = |value: protox::prost_reflect::EnumValueDescriptor| {
                    (Arc::from(value.name()), i128::from(value.number()))
                };
                Names(declared.values().map(name).collect())
            }),
        },
        Kind::Message(_) | Kind::Double | Kind::Float => Class::Json,
    };
    if one == Class::Json {
        Class::Json
    } else if repeats(declared) {
        Class::List(Box::new(one))
    } else {
        one
    }
}

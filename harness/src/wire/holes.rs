//! Text templates, and the holes for fields that they and JSON bodies have.

use std::sync::Arc;

use super::class::Names;
use super::compile::Builder;
use super::shape::Content;
use super::template::{Hole, Piece, Sort, Template, Token, tokens};
use super::{Class, FieldInfo};
use crate::source::{Diagnostic, Fields, Node, Span, closest};

/// What a body says about its holes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holes<'n> {
    /// `types`: what some of them take.
    pub(super) types: Option<&'n Node>,
    /// `optional`: which of them can be missing.
    pub(super) optional: &'n [Node],
    /// Where the body stands.
    pub(super) span: &'n Span,
}

/// A hole alone in a JSON value, or within a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    Nothing,
    Text,
}

impl<'n> Builder<'_, 'n, '_> {
    /// A text with alternatives: one template or a list of them.
    pub(super) fn texts(&mut self, node: &'n Node, holes: Holes<'n>) -> Option<Content> {
        let items = node.items().unwrap_or(std::slice::from_ref(node));
        if items.is_empty() {
            let message = "`text` has at least one template";
            self.diagnostics.error(&node.span, message, "empty");
            return None;
        }
        let first = self.fields.len();
        let mut seen_in: Vec<Vec<usize>> = Vec::new();
        let mut templates = Vec::new();
        for item in items {
            let Some(text) = item.text() else {
                let message = format!("a template is text, this is {}", item.describe());
                self.diagnostics.error(&item.span, message, "expected text");
                return None;
            };
            let mut seen = Vec::new();
            templates.push(self.template(text, &item.span, holes, &mut seen)?);
            seen_in.push(seen);
        }
        for (slot, field) in self.fields.iter_mut().enumerate().skip(first) {
            if !seen_in.iter().all(|seen| seen.contains(&slot)) {
                field.optional = true;
                field.required = false;
            }
        }
        self.check_types(holes, first);
        Some(Content::Templates(templates))
    }

    pub(super) fn template(
        &mut self,
        text: &str,
        span: &'n Span,
        holes: Holes<'n>,
        seen: &mut Vec<usize>,
    ) -> Option<Template> {
        let mut pieces = Vec::new();
        for token in self.tokens(text, span)? {
            pieces.push(match token {
                Token::Literal(text) => Ok(Piece::Literal(text)),
                Token::Hole { name, sort } => {
                    let hole = self.hole((&name, &sort), span, holes, Around::Text, seen)?;
                    match hole.sort {
                        Sort::Number { .. } => Ok(Piece::Number(hole)),
                        _ => Err(hole),
                    }
                }
            });
        }
        match Template::new(text, pieces) {
            Ok(template) => Some(template),
            Err(problem) => {
                self.diagnostics.add(
                    Diagnostic::error(problem)
                        .at(span, "where does the first end?")
                        .help("put text between them, or make one a number: `{x:int}`"),
                );
                None
            }
        }
    }

    pub(super) fn tokens(&mut self, text: &str, span: &Span) -> Option<Vec<Token>> {
        let text = self.common.consts.expand(text, span, self.diagnostics)?;
        match tokens(&text) {
            Ok(tokens) => Some(tokens),
            Err(problem) => {
                let diagnostic = Diagnostic::error(problem).at(span, "in this template");
                self.diagnostics
                    .add(diagnostic.help("a brace as such is written twice: `{{`"));
                None
            }
        }
    }

    pub(super) fn hole(
        &mut self,
        (name, sort): (&str, &str),
        span: &'n Span,
        holes: Holes<'n>,
        around: Around,
        seen: &mut Vec<usize>,
    ) -> Option<Hole> {
        let names = self.hole_names(name, holes)?;
        let sort = self.sort(sort, names, around, span)?;
        if name.is_empty() {
            return Some(Hole {
                slot: None,
                path: Arc::from(""),
                sort,
            });
        }
        let valid = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        if !name.chars().all(valid) {
            let message = format!("`{name}` is no name of a field");
            let diagnostic = Diagnostic::error(message).at(span, "in this template");
            self.diagnostics
                .add(diagnostic.help("`{name}` or `{name:int}`; a brace as such is written twice"));
            return None;
        }
        let slot = self.hole_slot(name, &sort, span, holes, seen)?;
        seen.push(slot);
        Some(Hole {
            slot: Some(slot),
            path: Arc::clone(&self.fields[slot].name),
            sort,
        })
    }

    /// The field that a hole gives; alternatives of one text share their fields.
    fn hole_slot(
        &mut self,
        name: &str,
        sort: &Sort,
        span: &'n Span,
        holes: Holes<'n>,
        seen: &[usize],
    ) -> Option<usize> {
        let class = class_of(sort);
        let here = |span: &Span| {
            Arc::ptr_eq(&span.file, &holes.span.file)
                && (holes.span.start..holes.span.end).contains(&span.start)
        };
        let known = self.fields.iter().position(|field| &*field.name == name);
        let Some(slot) = known.filter(|slot| here(self.field_spans[*slot])) else {
            let optional = holes.optional.iter().any(|node| node.text() == Some(name));
            let info = FieldInfo {
                name: Arc::from(name),
                class,
                required: !optional,
                constant: None,
                optional,
                default: None,
            };
            return self.add_field(info, span);
        };
        if seen.contains(&slot) {
            let message = format!("`{{{name}}}` stands here twice");
            let diagnostic = Diagnostic::error(message).at(span, "in this body");
            let help = "write `{}` where a value is not needed again";
            self.diagnostics.add(diagnostic.help(help));
            return None;
        }
        let before = &self.fields[slot].class;
        if *before != class {
            let message = format!("`{{{name}}}` is {class} here and {before} before");
            self.diagnostics.error(span, message, "in this template");
            return None;
        }
        Some(slot)
    }

    fn sort(
        &mut self,
        word: &str,
        names: Option<Names>,
        around: Around,
        span: &Span,
    ) -> Option<Sort> {
        let problem = match (word, around, names) {
            ("int", _, names) => {
                return Some(Sort::Number {
                    names: names.unwrap_or_default(),
                    by_name: false,
                });
            }
            ("", _, Some(names)) => {
                return Some(Sort::Number {
                    names,
                    by_name: true,
                });
            }
            (_, _, Some(_)) => "only whole numbers have named values",
            ("", _, None) => return Some(Sort::Text),
            ("word", _, None) => return Some(Sort::Word),
            ("json", Around::Nothing, None) => return Some(Sort::Json),
            ("bool", Around::Nothing, None) => return Some(Sort::Truth),
            ("json" | "bool", Around::Text, None) => "such a value stands alone in a JSON body",
            _ => "no such kind of value",
        };
        let message = format!("`:{word}`: {problem}");
        let help = "`{x}`, `{x:int}`, `{x:word}`; alone in JSON also `{x:json}` and `{x:bool}`";
        let diagnostic = Diagnostic::error(message).at(span, "in this template");
        self.diagnostics.add(diagnostic.help(help));
        None
    }

    /// The named values of a hole, from `types`.
    #[expect(clippy::option_option, reason = "no names are not a failure")]
    pub(super) fn hole_names(&mut self, name: &str, holes: Holes<'n>) -> Option<Option<Names>> {
        let Some(node) = holes.types.and_then(|types| types.get(name)) else {
            return Some(None);
        };
        let fields = Fields::of(node, "the type of a field", self.diagnostics)?;
        let names = fields.require("enum", self.diagnostics);
        fields.finish(self.diagnostics);
        let limits = (i128::from(i64::MIN), i128::from(u64::MAX));
        self.names(names?, limits).map(Some)
    }

    /// Complains about `types` of fields that there are not.
    pub(super) fn check_types(&mut self, holes: Holes<'n>, first: usize) {
        let Some(node) = holes.types else { return };
        let Some(entries) = node.entries() else {
            let message = format!("`types` is a map of fields, this is {}", node.describe());
            self.diagnostics
                .error(&node.span, message, "expected a map");
            return;
        };
        let names: Vec<&str> = self.fields[first..]
            .iter()
            .map(|field| &*field.name)
            .collect();
        for entry in entries {
            let inherited = entry.key_span.file != holes.span.file;
            if inherited || names.contains(&entry.key.as_str()) {
                continue;
            }
            let message = format!("no field is called `{}`", entry.key);
            let diagnostic = Diagnostic::error(message).at(&entry.key_span, "unknown");
            let help = did_you_mean(&entry.key, &names);
            self.diagnostics.add(diagnostic.help(help));
        }
    }
}

/// What a user who wrote an unknown name might have meant.
pub(super) fn did_you_mean(word: &str, names: &[&str]) -> String {
    match closest(word, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "there are none".to_owned(),
        None => format!("there are: {}", names.join(", ")),
    }
}

fn class_of(sort: &Sort) -> Class {
    match sort {
        Sort::Text | Sort::Word => Class::Text,
        Sort::Number { names, .. } => Class::Integer {
            min: i64::MIN.into(),
            max: u64::MAX.into(),
            names: names.clone(),
        },
        Sort::Truth => Class::Truth,
        Sort::Json => Class::Json,
    }
}

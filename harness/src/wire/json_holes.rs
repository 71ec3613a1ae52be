//! JSON bodies as written: literals and holes for fields.

use std::sync::Arc;

use super::Value;
use super::compile::Builder;
use super::holes::{Around, Holes};
use super::json::{Form, JsonBody, Member, What};
use super::shape::Content;
use super::template::Token;
use crate::source::{self, Diagnostic, Entry, Node};

impl<'n> Builder<'_, 'n, '_> {
    /// A JSON body.
    pub(super) fn json(
        &mut self,
        node: &'n Node,
        holes: Holes<'n>,
        exact: bool,
    ) -> Option<Content> {
        let first = self.fields.len();
        let mut seen = Vec::new();
        let root = self.json_form(node, "", holes, &mut seen)?;
        self.check_types(holes, first);
        self.check_optional(holes, first);
        Some(Content::Json(JsonBody {
            root,
            exact,
            style: self.common.json_style,
        }))
    }

    fn json_form(
        &mut self,
        node: &'n Node,
        path: &str,
        holes: Holes<'n>,
        seen: &mut Vec<usize>,
    ) -> Option<Form> {
        let what = match &node.content {
            source::Content::Scalar(raw) if is_text(raw) => {
                self.json_text(&raw.text, node, holes, seen)?
            }
            source::Content::Null | source::Content::Scalar(_) => {
                What::Literal(self.common.consts.value(node, self.diagnostics)?)
            }
            source::Content::List(items) => {
                let mut forms = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    let path = below(path, &index.to_string());
                    forms.push(self.json_form(item, &path, holes, seen)?);
                }
                What::List(forms)
            }
            source::Content::Map(entries) => self.json_map(node, entries, path, holes, seen)?,
        };
        let path = match &what {
            What::Whole(hole) if !hole.path.is_empty() => Arc::clone(&hole.path),
            _ if path.is_empty() => Arc::from("json"),
            _ => Arc::from(path),
        };
        Some(Form { path, what })
    }

    fn json_map(
        &mut self,
        node: &'n Node,
        entries: &'n [Entry],
        path: &str,
        holes: Holes<'n>,
        seen: &mut Vec<usize>,
    ) -> Option<What> {
        if entries.iter().any(|entry| entry.key.starts_with('$')) {
            let value = self.common.consts.value(node, self.diagnostics)?;
            return Some(What::Literal(value));
        }
        if let [only] = entries
            && only.value.is_null()
            && !node.span.text().contains(':')
        {
            let message = format!("`{{{}}}` without quotes is a map", only.key);
            let help = format!("write \"{{{}}}\" in double quotes for a field", only.key);
            let diagnostic = Diagnostic::error(message).at(&node.span, "a field?");
            self.diagnostics.add(diagnostic.help(help));
            return None;
        }
        let mut members = Vec::new();
        for entry in entries {
            let before = seen.len();
            let path = below(path, &entry.key);
            let form = self.json_form(&entry.value, &path, holes, seen)?;
            let slots = &seen[before..];
            let optional =
                !slots.is_empty() && slots.iter().all(|slot| self.fields[*slot].optional);
            members.push(Member {
                key: entry.key.clone(),
                form,
                optional,
            });
        }
        Some(What::Object(members))
    }

    fn json_text(
        &mut self,
        text: &str,
        node: &'n Node,
        holes: Holes<'n>,
        seen: &mut Vec<usize>,
    ) -> Option<What> {
        if text.starts_with('$') && !text.starts_with("$$") && !text.starts_with("${") {
            let value = self.common.consts.value(node, self.diagnostics)?;
            return Some(What::Literal(value));
        }
        let tokens = self.tokens(text, &node.span)?;
        match &tokens[..] {
            [] => Some(What::Literal(Value::Text(String::new()))),
            [Token::Literal(text)] => Some(What::Literal(Value::Text(text.clone()))),
            [Token::Hole { name, sort }] => {
                let hole = self.hole((name, sort), &node.span, holes, Around::Nothing, seen)?;
                Some(What::Whole(hole))
            }
            _ => {
                let template = self.template(text, &node.span, holes, seen)?;
                Some(What::Mixed(template))
            }
        }
    }
}

fn is_text(raw: &source::Scalar) -> bool {
    matches!(Value::of_scalar(raw), Value::Text(_))
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

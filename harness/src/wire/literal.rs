//! Values as they stand in protocol files, with the constants of the protocol put in.

use std::fmt;
use std::sync::Arc;

use super::holes::did_you_mean;
use super::{Class, Value, hex};
use crate::source::{Content, Diagnostic, Diagnostics, Entry, Node, Scalar, Span, closest};

/// The constants of the protocol, in written order.
#[derive(Debug, Default)]
pub(super) struct Consts(pub(super) Vec<(String, Value)>);

/// How long a text made by `$fill` can be, in bytes.
const MAX_FILL: usize = 16 * 1024 * 1024;

impl Consts {
    /// Reads `consts` of a protocol; what cannot be read is complained about and left out.
    pub(super) fn read(root: &Node, diagnostics: &mut Diagnostics) -> Self {
        let mut list = Vec::new();
        let Some(node) = root.get("consts").filter(|node| !node.is_null()) else {
            return Self(list);
        };
        let Some(entries) = node.entries() else {
            let message = format!("`consts` is a map of names, this is {}", node.describe());
            diagnostics.error(&node.span, message, "expected a map");
            return Self(list);
        };
        for entry in entries {
            match &entry.value.content {
                Content::Scalar(raw) => list.push((entry.key.clone(), Value::of_scalar(raw))),
                Content::Map(_) => {
                    if let Some(value) = Self::default().value(&entry.value, diagnostics) {
                        list.push((entry.key.clone(), value));
                    }
                }
                _ => {
                    let message =
                        format!("a constant is one value, not {}", entry.value.describe());
                    diagnostics.error(&entry.value.span, message, "expected a value");
                }
            }
        }
        Self(list)
    }

    /// The value of a constant.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// The value that a node stands for, as it would decode in a field of `class`.
    pub(super) fn typed(
        &self,
        node: &Node,
        class: &Class,
        diagnostics: &mut Diagnostics,
    ) -> Option<Value> {
        let outcome = match (&node.content, class) {
            (Content::List(items), Class::List(item)) => {
                let items = items.iter().map(|node| self.typed(node, item, diagnostics));
                return items.collect::<Option<_>>().map(Value::List);
            }
            (Content::Map(entries), Class::Map(fields)) => {
                return self.typed_map(node, entries, fields, diagnostics);
            }
            (Content::Scalar(raw), _) if !raw.text.contains('$') => class.coerce_scalar(raw),
            _ => class.coerce(self.value(node, diagnostics)?),
        };
        match outcome {
            Ok(value) => Some(value),
            Err(problem) => {
                diagnostics.error(&node.span, problem, format!("expected {class}"));
                None
            }
        }
    }

    fn typed_map(
        &self,
        node: &Node,
        entries: &[Entry],
        fields: &[(Arc<str>, Class)],
        diagnostics: &mut Diagnostics,
    ) -> Option<Value> {
        let mut values = Vec::new();
        for entry in entries {
            let Some((_, class)) = fields.iter().find(|(name, _)| **name == *entry.key) else {
                let names: Vec<&str> = fields.iter().map(|(name, _)| &**name).collect();
                let message = format!("no field `{}` in {}", entry.key, node.describe());
                let diagnostic = Diagnostic::error(message).at(&entry.key_span, "unknown");
                diagnostics.add(diagnostic.help(did_you_mean(&entry.key, &names)));
                return None;
            };
            values.push((
                entry.key.clone(),
                self.typed(&entry.value, class, diagnostics)?,
            ));
        }
        Some(Value::Map(values))
    }

    /// The value that a node stands for: scalars by their look, `$name`, `$hex`, `$fill`, lists and
    /// maps.
    pub(super) fn value(&self, node: &Node, diagnostics: &mut Diagnostics) -> Option<Value> {
        match &node.content {
            Content::Null => Some(Value::Null),
            Content::Scalar(raw) => self.scalar(raw, &node.span, diagnostics),
            Content::List(items) => items
                .iter()
                .map(|item| self.value(item, diagnostics))
                .collect::<Option<_>>()
                .map(Value::List),
            Content::Map(entries) if entries.iter().any(|entry| entry.key.starts_with('$')) => {
                special(node, diagnostics)
            }
            Content::Map(entries) => entries
                .iter()
                .map(|entry| Some((entry.key.clone(), self.value(&entry.value, diagnostics)?)))
                .collect::<Option<_>>()
                .map(Value::Map),
        }
    }

    /// The text of a template with constants put in; their braces are no holes.
    pub(super) fn expand(
        &self,
        text: &str,
        span: &Span,
        diagnostics: &mut Diagnostics,
    ) -> Option<String> {
        if !text.contains('$') {
            return Some(text.to_owned());
        }
        let escaped = |name: &str| {
            let text = match self.get(name)? {
                Value::Text(text) => text.clone(),
                value => value.to_string(),
            };
            Some(Value::Text(text.replace('{', "{{").replace('}', "}}")))
        };
        match self.put_in(text, escaped, span, diagnostics)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn scalar(&self, raw: &Scalar, span: &Span, diagnostics: &mut Diagnostics) -> Option<Value> {
        if !raw.text.contains('$') {
            return Some(Value::of_scalar(raw));
        }
        let get = |name: &str| self.get(name).cloned();
        self.put_in(&raw.text, get, span, diagnostics)
    }

    fn put_in(
        &self,
        text: &str,
        get: impl Fn(&str) -> Option<Value>,
        span: &Span,
        diagnostics: &mut Diagnostics,
    ) -> Option<Value> {
        match substitute(text, get) {
            Ok(value) => Some(value),
            Err(problem) => {
                let mut diagnostic =
                    Diagnostic::error(problem.to_string()).at(span, "names a constant");
                let known: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
                diagnostic = match &problem {
                    Problem::Unknown(name) => match closest(name, known.iter().copied()) {
                        Some(near) => diagnostic.help(format!("did you mean `${near}`?")),
                        None if known.is_empty() => {
                            diagnostic.help("constants stand under `consts`; `$$` is a dollar sign")
                        }
                        None => diagnostic.help(format!("`consts` has: {}", known.join(", "))),
                    },
                    Problem::Open => diagnostic.help("`$$` is a dollar sign"),
                };
                diagnostics.add(diagnostic);
                None
            }
        }
    }
}

/// Why names could not be put into a text.
#[derive(Debug, PartialEq, Eq)]
enum Problem {
    Unknown(String),
    Open,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "no constant is called `{name}`"),
            Self::Open => f.write_str("`${` without its `}`"),
        }
    }
}

/// `$name` as a whole is that value, `${name}` stands inside text, `$$` is a dollar sign.
fn substitute(text: &str, get: impl Fn(&str) -> Option<Value>) -> Result<Value, Problem> {
    if let Some(name) = text.strip_prefix('$')
        && !name.starts_with(['$', '{'])
    {
        return get(name).ok_or_else(|| Problem::Unknown(name.to_owned()));
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(inner) = rest.strip_prefix('{') {
            let (name, behind) = inner.split_once('}').ok_or(Problem::Open)?;
            match get(name) {
                Some(Value::Text(value)) => out.push_str(&value),
                Some(value) => out.push_str(&value.to_string()),
                None => return Err(Problem::Unknown(name.to_owned())),
            }
            rest = behind;
        } else {
            out.push('$');
            rest = rest.strip_prefix('$').unwrap_or(rest);
        }
    }
    out.push_str(rest);
    Ok(Value::Text(out))
}

fn special(node: &Node, diagnostics: &mut Diagnostics) -> Option<Value> {
    if node.text().is_some() {
        return bytes(node, diagnostics).map(Value::Bytes);
    }
    if let Some(digits) = node.get("$hex") {
        return bytes(digits, diagnostics).map(Value::Bytes);
    }
    let unit = node.get("$fill").and_then(Node::text);
    let len = node.get("len").and_then(Node::integer);
    if let (Some(unit), Some(len)) = (unit, len)
        && !unit.is_empty()
        && let Ok(len) = usize::try_from(len)
        && len <= MAX_FILL
    {
        let mut text = unit.repeat(len / unit.len() + 1);
        let end = (0..=len).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
        return Some(Value::Text(text));
    }
    diagnostics.add(
        Diagnostic::error("this value cannot be read")
            .at(&node.span, "here")
            .help("values are written plainly, as { $hex: \"c3 28\" } or as { $fill: x, len: 9 }"),
    );
    None
}

/// Bytes written as hexadecimal digits, or a list of such and of `{ $fill: x, len: n }`.
pub(super) fn bytes(node: &Node, diagnostics: &mut Diagnostics) -> Option<Vec<u8>> {
    if let Some(items) = node.items() {
        let parts: Option<Vec<Vec<u8>>> = items
            .iter()
            .map(|item| match special(item, diagnostics)? {
                Value::Text(text) => Some(text.into_bytes()),
                Value::Bytes(bytes) => Some(bytes),
                _ => None,
            })
            .collect();
        return parts.map(|parts| parts.concat());
    }
    let Some(text) = node.text() else {
        let message = format!("bytes are written as text, this is {}", node.describe());
        diagnostics.error(&node.span, message, "expected hexadecimal digits");
        return None;
    };
    match hex::parse_hex(text) {
        Ok(bytes) => Some(bytes),
        Err(problem) => {
            let message = format!("not bytes: {problem}");
            let help = "bytes are pairs of hexadecimal digits, spaces are free: \"01 0005 6162\"";
            let diagnostic = Diagnostic::error(message).at(&node.span, "here").help(help);
            diagnostics.add(diagnostic);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_alone_or_inside_text() {
        let get = |name: &str| match name {
            "server" => Some(Value::Text("[Server]".into())),
            "port" => Some(Value::Int(9001)),
            _ => None,
        };
        let text = |text: &str| Ok(Value::Text(text.to_owned()));
        assert_eq!(substitute("$port", get), Ok(Value::Int(9001)));
        assert_eq!(
            substitute("at ${port} of ${server}", get),
            text("at 9001 of [Server]")
        );
        assert_eq!(substitute("$$port", get), text("$port"));
        assert_eq!(substitute("5 $ and $$", get), text("5 $ and $"));
        assert_eq!(substitute("$x", get), Err(Problem::Unknown("x".into())));
        assert_eq!(substitute("a ${x", get), Err(Problem::Open));
    }
}

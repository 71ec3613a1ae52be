use crate::source::{Content, Diagnostic, Diagnostics, Node, Scalar, Span};

/// A value as written, which may name variables.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// `null`.
    Null(Span),
    /// A scalar that names no variable.
    Literal(Scalar, Span),
    /// Text with variables in it, or one variable alone.
    Template(Template, Span),
    /// A list.
    List(Vec<Expression>, Span),
    /// A map.
    Map(Vec<(String, Expression)>, Span),
    /// `{ $fill: x, len: 4096 }`: a unit repeated up to a length in bytes.
    Fill {
        /// What is repeated.
        unit: Box<Expression>,
        /// The length in bytes.
        len: Box<Expression>,
        /// Where it stands.
        span: Span,
    },
    /// `{ $hex: "c328" }`.
    Hex(Vec<u8>, Span),
    /// `{ $concat: [a, b] }`.
    Concat(Vec<Expression>, Span),
    /// `$absent`: leave the field or key out.
    Absent(Span),
}

/// Text with variables in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its pieces in order.
    pub pieces: Vec<Piece>,
}

impl Template {
    /// Whether it has no variables.
    pub fn is_fixed(&self) -> bool {
        let fixed = |piece: &Piece| matches!(piece, Piece::Text(_));
        self.pieces.iter().all(fixed)
    }
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Fixed text.
    Text(String),
    /// A variable.
    Variable(Variable),
}

/// `$name` or `$name.part`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The first part.
    pub name: String,
    /// What follows the dot.
    pub part: Option<String>,
    /// Where it stands.
    pub span: Span,
}

impl Expression {
    /// Reads a value.
    pub fn read(node: &Node, diagnostics: &mut Diagnostics) -> Self {
        let span = node.span.clone();
        match &node.content {
            Content::Null => Self::Null(span),
            Content::Scalar(scalar) => Self::scalar(scalar, span, diagnostics),
            Content::List(items) => Self::List(
                items
                    .iter()
                    .map(|item| Self::read(item, diagnostics))
                    .collect(),
                span,
            ),
            Content::Map(entries) if entries.iter().any(|entry| entry.key.starts_with('$')) => {
                Self::special(node, diagnostics)
            }
            Content::Map(entries) => {
                let read = |entry: &crate::source::Entry| {
                    (entry.key.clone(), Self::read(&entry.value, diagnostics))
                };
                Self::Map(entries.iter().map(read).collect(), span)
            }
        }
    }

    /// A number, or a name of one.
    pub(super) fn read_count(node: &Node, diagnostics: &mut Diagnostics) -> Self {
        if node.text().is_none() {
            let found = node.describe();
            let message = format!("this is a whole number or a name of one, not {found}");
            diagnostics.error(&node.span, message, "expected a number");
        }
        Self::read(node, diagnostics)
    }

    fn scalar(scalar: &Scalar, span: Span, diagnostics: &mut Diagnostics) -> Self {
        if scalar.text == "$absent" {
            return Self::Absent(span);
        }
        let template = Template::parse(&scalar.text, &span, diagnostics);
        match template.pieces.as_slice() {
            [] => Self::Literal(scalar.clone(), span),
            [Piece::Text(text)] => {
                let plain = scalar.plain && *text == scalar.text;
                Self::Literal(
                    Scalar {
                        text: text.clone(),
                        plain,
                    },
                    span,
                )
            }
            _ => Self::Template(template, span),
        }
    }

    fn special(node: &Node, diagnostics: &mut Diagnostics) -> Self {
        let span = node.span.clone();
        let only = |keys: &[&str]| {
            node.entries()
                .unwrap_or_default()
                .iter()
                .all(|e| keys.contains(&e.key.as_str()))
        };
        if let (Some(unit), Some(len)) = (node.get("$fill"), node.get("len"))
            && only(&["$fill", "len"])
        {
            return Self::Fill {
                unit: Box::new(Self::read(unit, diagnostics)),
                len: Box::new(Self::read_count(len, diagnostics)),
                span,
            };
        }
        if let Some(hex) = node.get("$hex")
            && only(&["$hex"])
        {
            return Self::Hex(read_hex(hex, diagnostics), span);
        }
        if let Some(items) = node.get("$concat").and_then(Node::items)
            && only(&["$concat"])
        {
            let items = items
                .iter()
                .map(|item| Self::read(item, diagnostics))
                .collect();
            return Self::Concat(items, span);
        }
        diagnostics.add(
            Diagnostic::error("not a value that can be sent").at(&span, "unknown form").help(
                "forms are { $fill: x, len: n }, { $hex: \"00 ff\" }, { $concat: [a, b] } and $absent",
            ),
        );
        Self::Null(span)
    }

    /// Where it stands.
    pub fn span(&self) -> &Span {
        match self {
            Self::Null(span)
            | Self::Literal(_, span)
            | Self::Template(_, span)
            | Self::List(_, span)
            | Self::Map(_, span)
            | Self::Fill { span, .. }
            | Self::Hex(_, span)
            | Self::Concat(_, span)
            | Self::Absent(span) => span,
        }
    }

    /// A literal text, as if written in quotes.
    pub fn text(text: &str, span: &Span) -> Self {
        Self::Literal(
            Scalar {
                text: text.to_owned(),
                plain: false,
            },
            span.clone(),
        )
    }
}

/// Hexadecimal bytes; white space may stand between them.
pub(super) fn read_hex(node: &Node, diagnostics: &mut Diagnostics) -> Vec<u8> {
    let digits: Option<Vec<u32>> = node.text().and_then(|text| {
        text.chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| c.to_digit(16))
            .collect()
    });
    match digits {
        Some(digits) if digits.len() % 2 == 0 => digits
            .chunks(2)
            .filter_map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok())
            .collect(),
        Some(_) => {
            diagnostics.error(
                &node.span,
                "bad hex: half a byte",
                "an odd number of digits",
            );
            Vec::new()
        }
        None => {
            let message = format!(
                "bad hex: {} holds other things than hex digits",
                node.describe()
            );
            diagnostics.error(
                &node.span,
                message,
                "expected bytes such as \"0a ff\", in quotes",
            );
            Vec::new()
        }
    }
}

impl Template {
    /// Reads `$name`, `${name}`, `${name.part}` and `$$` in a text.
    pub fn parse(text: &str, span: &Span, diagnostics: &mut Diagnostics) -> Self {
        let mut pieces = Vec::new();
        let mut fixed = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            fixed.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(tail) = rest.strip_prefix('$') {
                fixed.push('$');
                rest = tail;
                continue;
            }
            let (path, tail) = match rest.strip_prefix('{') {
                Some(inner) => match inner.split_once('}') {
                    Some((path, tail)) => (path, tail),
                    None => {
                        diagnostics.error(span, "`${` without its `}`", "not closed");
                        return Self { pieces };
                    }
                },
                None => rest.split_at(path_len(rest)),
            };
            let Some((name, part)) = split_path(path) else {
                diagnostics.add(
                    Diagnostic::error("a `$` must be followed by a name")
                        .at(span, "no name here")
                        .help("write `$$` for a dollar sign"),
                );
                return Self { pieces };
            };
            if !fixed.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut fixed)));
            }
            pieces.push(Piece::Variable(Variable {
                name,
                part,
                span: span.clone(),
            }));
            rest = tail;
        }
        fixed.push_str(rest);
        if !fixed.is_empty() {
            pieces.push(Piece::Text(fixed));
        }
        Self { pieces }
    }
}

fn name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Length of `name` or `name.part` at the start of a text.
fn path_len(text: &str) -> usize {
    let word = |text: &str| text.find(|c| !name_char(c)).unwrap_or(text.len());
    let first = word(text);
    match text[first..].strip_prefix('.') {
        Some(tail) if tail.starts_with(|c: char| c.is_ascii_alphabetic()) => first + 1 + word(tail),
        _ => first,
    }
}

fn split_path(path: &str) -> Option<(String, Option<String>)> {
    let good = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && word.chars().all(name_char)
    };
    let (name, part) = match path.split_once('.') {
        Some((name, part)) => (name, Some(part)),
        None => (path, None),
    };
    let dotted = |part: &str| part.split('.').all(good);
    (good(name) && part.is_none_or(dotted)).then(|| (name.to_owned(), part.map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use std::sync::Arc;

    fn parse(text: &str) -> (Vec<Piece>, usize) {
        let file = Arc::new(SourceFile {
            path: "t".into(),
            text: text.to_owned(),
        });
        let span = Span {
            file,
            start: 0,
            end: text.len(),
            line: 1,
            column: 1,
        };
        let mut diagnostics = Diagnostics::default();
        let pieces = Template::parse(text, &span, &mut diagnostics).pieces;
        (pieces, diagnostics.len())
    }

    fn shown(text: &str) -> String {
        let (pieces, errors) = parse(text);
        assert_eq!(errors, 0, "{text}");
        let show = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Variable(Variable {
                name, part: None, ..
            }) => format!("<{name}>"),
            Piece::Variable(Variable {
                name,
                part: Some(part),
                ..
            }) => format!("<{name}:{part}>"),
        };
        pieces.iter().map(show).collect()
    }

    #[test]
    fn variables_stand_in_text() {
        assert_eq!(shown("fence ${nonce}!"), "fence <nonce>!");
        assert_eq!(shown("$alice: hi."), "<alice>: hi.");
        assert_eq!(shown("$self.main.x $a.b"), "<self:main>.x <a:b>");
        assert_eq!(shown("${self.main.port}"), "<self:main.port>");
        assert_eq!(shown("cost: 5$$"), "cost: 5$");
    }

    #[test]
    fn a_lonely_dollar_is_an_error() {
        for text in ["$", "a $ b", "${", "${}", "${a b}", "$1"] {
            assert_eq!(parse(text).1, 1, "{text}");
        }
    }
}

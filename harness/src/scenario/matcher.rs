use super::{Expression, Quantity, Template};
use crate::source::{Content, Diagnostic, Diagnostics, Node, Span};

/// What a value must be like, as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Matcher {
    /// Equal to a value.
    Equal(Expression),
    /// `$any`: anything, but there.
    Any(Span),
    /// `$absent` or `{ $absent: true }`: not there, or null.
    Absent(Span),
    /// `{ $re: "…" }`: text in which the expression occurs; variables are inserted literally.
    Regex(Template, Span),
    /// `{ $one_of: […] }`.
    OneOf(Vec<Matcher>, Span),
    /// `{ $contains: … }`: a text within the text, or an item of a list.
    Contains(Box<Matcher>, Span),
    /// `{ $not: … }`.
    Not(Box<Matcher>, Span),
    /// `{ $len: … }`: the length in bytes, or in items.
    Len(Box<Matcher>, Span),
    /// `{ $le: n }` and its like.
    Compare(Compare, Quantity, Span),
    /// A map: these keys, each as asked; others are free.
    Fields(Vec<(String, Matcher)>, Span),
    /// A list of just these items.
    Items(Vec<Matcher>, Span),
}

/// A comparison of numbers or times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// `$lt`
    Less,
    /// `$le`
    LessOrEqual,
    /// `$gt`
    Greater,
    /// `$ge`
    GreaterOrEqual,
}

impl Matcher {
    /// Reads a matcher.
    pub fn read(node: &Node, diagnostics: &mut Diagnostics) -> Self {
        let span = node.span.clone();
        match &node.content {
            Content::Scalar(scalar) if scalar.text == "$any" => Self::Any(span),
            Content::Scalar(scalar) if scalar.text == "$absent" => Self::Absent(span),
            Content::List(items) => Self::Items(
                items
                    .iter()
                    .map(|item| Self::read(item, diagnostics))
                    .collect(),
                span,
            ),
            Content::Map(entries) => match entries.as_slice() {
                [entry] if entry.key.starts_with('$') => {
                    Self::special(&entry.key, &entry.value, node, diagnostics)
                }
                _ if entries.iter().filter(|e| e.key.starts_with('$')).count() > 1 => {
                    let message = "a matcher has one word that begins with `$`";
                    diagnostics.error(&node.span, message, "several here");
                    Self::Any(span)
                }
                _ if entries.iter().any(|entry| entry.key.starts_with('$')) => {
                    Self::Equal(Expression::read(node, diagnostics))
                }
                _ => {
                    let read = |entry: &crate::source::Entry| {
                        (entry.key.clone(), Self::read(&entry.value, diagnostics))
                    };
                    Self::Fields(entries.iter().map(read).collect(), span)
                }
            },
            _ => Self::Equal(Expression::read(node, diagnostics)),
        }
    }

    fn special(key: &str, value: &Node, whole: &Node, diagnostics: &mut Diagnostics) -> Self {
        let span = whole.span.clone();
        let inner = |diagnostics: &mut Diagnostics| Box::new(Self::read(value, diagnostics));
        let compare = match key {
            "$lt" => Some(Compare::Less),
            "$le" => Some(Compare::LessOrEqual),
            "$gt" => Some(Compare::Greater),
            "$ge" => Some(Compare::GreaterOrEqual),
            _ => None,
        };
        if let Some(compare) = compare {
            let quantity = Quantity::read(value, diagnostics).unwrap_or(Quantity::Number(0));
            return Self::Compare(compare, quantity, span);
        }
        match key {
            "$re" => {
                let text = value.text().unwrap_or_else(|| {
                    diagnostics.error(&value.span, "`$re` takes a regular expression", "not text");
                    ""
                });
                Self::Regex(regex_template(text, &value.span, diagnostics), span)
            }
            "$one_of" => {
                let items = value.items().unwrap_or_else(|| {
                    diagnostics.error(&value.span, "`$one_of` takes a list", "not a list");
                    &[]
                });
                Self::OneOf(
                    items
                        .iter()
                        .map(|item| Self::read(item, diagnostics))
                        .collect(),
                    span,
                )
            }
            "$any" => {
                truth("$any", value, diagnostics);
                Self::Any(span)
            }
            "$absent" if truth("$absent", value, diagnostics) => Self::Absent(span),
            "$absent" => Self::Any(span),
            "$contains" => Self::Contains(inner(diagnostics), span),
            "$not" => Self::Not(inner(diagnostics), span),
            "$len" => Self::Len(inner(diagnostics), span),
            "$hex" | "$concat" => Self::Equal(Expression::read(whole, diagnostics)),
            _ => {
                diagnostics.add(
                    Diagnostic::error(format!("no matcher `{key}`")).at(&span, "unknown").help(
                        "matchers are $any, $re, $one_of, $contains, $absent, $not, $len, $lt, $le, $gt, $ge",
                    ),
                );
                Self::Any(span)
            }
        }
    }
}

/// The truth value behind a word that has one.
fn truth(word: &str, value: &Node, diagnostics: &mut Diagnostics) -> bool {
    value.boolean().unwrap_or_else(|| {
        let found = value.describe();
        let message = format!("`{word}` is `true` or `false`, this is {found}");
        diagnostics.error(&value.span, message, "neither");
        true
    })
}

/// In a regular expression only `${name}` is a variable; a lone `$` is the end of the text.
fn regex_template(text: &str, span: &Span, diagnostics: &mut Diagnostics) -> Template {
    let mut doubled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        doubled.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        doubled.push_str(if rest.starts_with('{') { "$" } else { "$$" });
    }
    doubled.push_str(rest);
    let template = Template::parse(&doubled, span, diagnostics);
    let sample: String = template
        .pieces
        .iter()
        .map(|piece| match piece {
            super::Piece::Text(text) => text.as_str(),
            super::Piece::Variable(_) => "x",
        })
        .collect();
    if let Err(error) = regex::Regex::new(&sample) {
        let reason = error.to_string();
        let last = reason.lines().last().unwrap_or_default().trim().to_owned();
        diagnostics.error(span, "not a regular expression", last);
    }
    template
}

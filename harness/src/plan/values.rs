use std::sync::Arc;

use regex::Regex;

use super::scope::{Resolved, Scope};
use crate::matching::{Check, Expr, FieldCheck, Pattern, TextPiece};
use crate::scenario::{Expression, Matcher, Pattern as WrittenPattern, Piece, Template};
use crate::source::{Diagnostic, Diagnostics, Scalar, Span, closest};
use crate::wire::{Codec, Direction, Kind, Value};

/// Where a value will stand: it decides how a scalar is read.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// In a field of a message.
    Field(&'a Kind, Direction, &'a str),
    /// Anywhere else.
    Free,
}

impl Scope {
    /// Resolves a value.
    pub(super) fn expr(
        &self,
        expression: &Expression,
        place: Place<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Expr> {
        Some(match expression {
            Expression::Null(_) => Expr::Value(Value::Null),
            Expression::Absent(_) => Expr::Absent,
            Expression::Hex(bytes, _) => Expr::Value(Value::Bytes(bytes.clone())),
            Expression::Literal(scalar, span) => {
                Expr::Value(literal(scalar, span, place, diagnostics)?)
            }
            Expression::Template(template, span) => {
                self.template(template, span, place, diagnostics)?
            }
            Expression::List(items, _) => {
                let items = items
                    .iter()
                    .map(|item| self.expr(item, Place::Free, diagnostics));
                Expr::List(items.collect::<Option<_>>()?)
            }
            Expression::Map(entries, _) => {
                let mut resolved = Vec::new();
                for (key, value) in entries {
                    resolved.push((key.clone(), self.expr(value, Place::Free, diagnostics)?));
                }
                Expr::Map(resolved)
            }
            Expression::Fill { unit, len, .. } => Expr::Fill(
                Box::new(self.expr(unit, Place::Free, diagnostics)?),
                Box::new(self.expr(len, Place::Free, diagnostics)?),
            ),
            Expression::Concat(items, _) => {
                let items = items
                    .iter()
                    .map(|item| self.expr(item, Place::Free, diagnostics));
                Expr::Concat(items.collect::<Option<_>>()?)
            }
        })
    }

    fn template(
        &self,
        template: &Template,
        span: &Span,
        place: Place<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Expr> {
        if let [Piece::Variable(variable)] = template.pieces.as_slice() {
            return match self.resolve(variable, diagnostics)? {
                Resolved::Reference(reference) => Some(Expr::Variable(reference)),
                Resolved::Expr(expr) => Some(expr),
                Resolved::Node(node) => {
                    self.expr(&Expression::read(&node, diagnostics), place, diagnostics)
                }
            };
        }
        let pieces = self.pieces(template, diagnostics)?;
        if let [TextPiece::Fixed(text)] = pieces.as_slice() {
            let scalar = Scalar {
                text: text.clone(),
                plain: false,
            };
            return Some(Expr::Value(literal(&scalar, span, place, diagnostics)?));
        }
        Some(Expr::Text(pieces))
    }

    fn pieces(&self, template: &Template, diagnostics: &mut Diagnostics) -> Option<Vec<TextPiece>> {
        self.pieces_with(template, str::to_owned, diagnostics)
    }

    /// Resolves the variables of a text; neighbouring fixed texts become one. `insert` makes of what is
    /// known already of a variable what is to stand in its place.
    fn pieces_with(
        &self,
        template: &Template,
        insert: fn(&str) -> String,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<TextPiece>> {
        let mut pieces: Vec<TextPiece> = Vec::new();
        let mut add = |piece: TextPiece| match (pieces.last_mut(), piece) {
            (Some(TextPiece::Fixed(last)), TextPiece::Fixed(more)) => last.push_str(&more),
            (_, piece) => pieces.push(piece),
        };
        let inserted = |piece: TextPiece| match piece {
            TextPiece::Fixed(text) => TextPiece::Fixed(insert(&text)),
            piece @ TextPiece::Variable(_) => piece,
        };
        for piece in &template.pieces {
            let variable = match piece {
                Piece::Text(text) => {
                    add(TextPiece::Fixed(text.clone()));
                    continue;
                }
                Piece::Variable(variable) => variable,
            };
            match self.resolve(variable, diagnostics)? {
                Resolved::Reference(reference) | Resolved::Expr(Expr::Variable(reference)) => {
                    add(TextPiece::Variable(reference));
                }
                Resolved::Expr(Expr::Value(Value::Text(text))) => {
                    add(TextPiece::Fixed(insert(&text)));
                }
                Resolved::Expr(Expr::Value(Value::Int(number))) => {
                    add(TextPiece::Fixed(insert(&number.to_string())));
                }
                Resolved::Expr(Expr::Text(inner)) => {
                    inner.into_iter().map(inserted).for_each(&mut add);
                }
                Resolved::Node(node) if node.text().is_some() => {
                    add(TextPiece::Fixed(insert(node.text().unwrap_or_default())));
                }
                _ => {
                    let message = format!("`${}` is no text", variable.name);
                    diagnostics.error(&variable.span, message, "cannot stand inside a text");
                    return None;
                }
            }
        }
        Some(pieces)
    }

    /// Resolves a matcher.
    pub(super) fn check(
        &self,
        matcher: &Matcher,
        place: Place<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Check> {
        let mut inner = |matcher: &Matcher, place| self.check(matcher, place, diagnostics);
        Some(match matcher {
            Matcher::Any(_) => Check::Any,
            Matcher::Absent(_) => Check::Absent,
            Matcher::Not(matcher, _) => Check::Not(Box::new(inner(matcher, place)?)),
            Matcher::Contains(matcher, _) => {
                Check::Contains(Box::new(inner(matcher, Place::Free)?))
            }
            Matcher::Len(matcher, _) => Check::Len(Box::new(inner(matcher, Place::Free)?)),
            Matcher::OneOf(matchers, _) => Check::OneOf(
                matchers
                    .iter()
                    .map(|m| inner(m, place))
                    .collect::<Option<_>>()?,
            ),
            Matcher::Items(matchers, _) => Check::Items(
                matchers
                    .iter()
                    .map(|m| inner(m, Place::Free))
                    .collect::<Option<_>>()?,
            ),
            Matcher::Fields(fields, _) => {
                let mut checks = Vec::new();
                for (key, matcher) in fields {
                    checks.push((key.clone(), inner(matcher, Place::Free)?));
                }
                Check::Fields(checks)
            }
            Matcher::Equal(expression) => match self.expr(expression, place, diagnostics)? {
                Expr::Absent => Check::Absent,
                expr => Check::Equal(expr),
            },
            Matcher::Compare(compare, quantity, _) => {
                Check::Compare(*compare, self.quantity(quantity, diagnostics)?)
            }
            Matcher::Regex(template, span) => self.regex(template, span, diagnostics)?,
        })
    }

    fn regex(
        &self,
        template: &Template,
        span: &Span,
        diagnostics: &mut Diagnostics,
    ) -> Option<Check> {
        let pieces = self.pieces_with(template, regex::escape, diagnostics)?;
        let pattern = match pieces.as_slice() {
            [] => String::new(),
            [TextPiece::Fixed(text)] => text.clone(),
            _ => return Some(Check::RegexWith(pieces)),
        };
        match Regex::new(&pattern) {
            Ok(regex) => Some(Check::Regex(Box::new(regex))),
            // What stands there without variables was complained about when it was read.
            Err(_) if template.is_fixed() => None,
            Err(error) => {
                diagnostics.error(span, "not a regular expression", error.to_string());
                None
            }
        }
    }

    /// Resolves an expected message.
    pub(super) fn pattern(
        &self,
        written: &WrittenPattern,
        direction: Direction,
        codec: &Codec,
        diagnostics: &mut Diagnostics,
    ) -> Option<Pattern> {
        let mut kinds: Vec<Arc<str>> = Vec::new();
        for word in &written.kinds {
            let word = self.word(word, diagnostics)?;
            kinds.push(Arc::clone(
                find_kind(codec, &word, direction, diagnostics)?.name(),
            ));
        }
        let mut fields = Vec::new();
        for (name, matcher, span) in &written.with {
            let holder = kinds
                .iter()
                .filter_map(|kind| codec.kind(kind))
                .find(|kind| {
                    kind.fields(direction)
                        .iter()
                        .any(|field| *field.name == *name.as_str())
                });
            let Some(kind) = holder else {
                unknown_field(codec, &kinds, direction, name, span, diagnostics);
                continue;
            };
            let check = self.check(matcher, Place::Field(kind, direction, name), diagnostics)?;
            fields.push(FieldCheck {
                name: name.as_str().into(),
                check,
            });
        }
        let span = written.span.clone();
        (!kinds.is_empty()).then_some(Pattern {
            kinds,
            fields,
            exact: written.exact,
            direction,
            span,
        })
    }
}

/// The kind that a word names, in this direction; complains when there is none.
pub(super) fn find_kind<'c>(
    codec: &'c Codec,
    word: &crate::scenario::Word,
    direction: Direction,
    diagnostics: &mut Diagnostics,
) -> Option<&'c Kind> {
    let kind = codec.kind(&word.text);
    if let Some(kind) = kind
        && kind.goes(direction)
    {
        return Some(kind);
    }
    let going = codec
        .kinds()
        .filter(|kind| kind.goes(direction))
        .map(|kind| &**kind.name());
    let names: Vec<&str> = going.collect();
    let message = match kind {
        Some(_) => format!(
            "`{}` does not go in this direction ({})",
            word.text,
            direction.word()
        ),
        None => format!("no message `{}` in this protocol", word.text),
    };
    let help = match closest(&word.text, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("messages that go this way: {}", names.join(", ")),
    };
    diagnostics.add(
        Diagnostic::error(message)
            .at(&word.span, "unknown message")
            .help(help)
            .about_unknown(vec![word.text.clone()], None),
    );
    None
}

/// Complains about a field that none of the kinds has.
pub(super) fn unknown_field(
    codec: &Codec,
    kinds: &[Arc<str>],
    direction: Direction,
    name: &str,
    span: &Span,
    diagnostics: &mut Diagnostics,
) {
    let kinds_found = kinds.iter().filter_map(|kind| codec.kind(kind));
    let names: Vec<&str> = kinds_found
        .flat_map(|k| k.fields(direction))
        .map(|field| &*field.name)
        .collect();
    let message = format!("`{}` has no field `{name}`", kinds.join("`, `"));
    let help = match closest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "it has no fields".to_owned(),
        None => format!("its fields: {}", names.join(", ")),
    };
    diagnostics.add(
        Diagnostic::error(message)
            .at(span, "unknown field")
            .help(help)
            .about_unknown(kinds.iter().map(ToString::to_string).collect(), Some(name)),
    );
}

fn literal(
    scalar: &Scalar,
    span: &Span,
    place: Place<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    match place {
        Place::Free => Some(free(scalar)),
        Place::Field(kind, direction, field) => {
            match kind.coerce_scalar(direction, field, scalar) {
                Ok(value) => Some(value),
                Err(reason) => {
                    let message = format!("`{field}` of `{}`: {reason}", kind.name());
                    diagnostics.error(span, message, "does not fit this field");
                    None
                }
            }
        }
    }
}

/// A scalar that stands in no field: numbers and truth values when unquoted, else text.
pub(super) fn free(scalar: &Scalar) -> Value {
    match (scalar.integer(), scalar.boolean()) {
        (Some(number), _) => Value::Int(number),
        (_, Some(truth)) => Value::Bool(truth),
        _ => Value::Text(scalar.text.clone()),
    }
}

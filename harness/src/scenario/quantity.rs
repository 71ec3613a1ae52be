use std::time::Duration;

use super::Variable;
use crate::source::{Diagnostic, Diagnostics, Node, Span};

/// Arithmetic with numbers, durations and names: `n * 1s + 200ms`.
#[derive(Debug, Clone, PartialEq)]
pub enum Quantity {
    /// A number.
    Number(i128),
    /// A span of time in nanoseconds.
    Time(i128),
    /// A variable; a `$` before it is optional.
    Name(Variable),
    /// Two quantities joined.
    Binary(Box<Quantity>, Operator, Box<Quantity>),
}

/// What joins two quantities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

/// How many operators one quantity may have.
const MAX_TERMS: usize = 32;

impl Quantity {
    /// Reads a quantity from a scalar.
    pub fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let Some(text) = node.text() else {
            let message = format!(
                "expected a time such as `200ms`, this is {}",
                node.describe()
            );
            diagnostics.error(&node.span, message, "not a time");
            return None;
        };
        Self::parse(text, &node.span, diagnostics)
    }

    /// Reads a quantity that has to be a time; a number alone is none.
    pub fn read_time(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let quantity = Self::read(node, diagnostics)?;
        if let Self::Number(number) = quantity
            && number != 0
        {
            let message = format!("{number} is a number and no time");
            let diagnostic = Diagnostic::error(message).at(&node.span, "seconds or milliseconds?");
            diagnostics.add(diagnostic.help(format!("write {number}s or {number}ms")));
            return None;
        }
        Some(quantity)
    }

    /// Reads a quantity from a text that stands at `span`.
    pub fn parse(text: &str, span: &Span, diagnostics: &mut Diagnostics) -> Option<Self> {
        let parsed = Parser {
            rest: text,
            span,
            terms: 0,
        }
        .whole();
        if parsed.is_none() {
            diagnostics.add(
                Diagnostic::error(format!("`{}` is no time or number", text.escape_debug()))
                    .at(span, "cannot be read")
                    .help("write 200ms, 1s, 2m, names, and + - * / between them: `n * 1s + 200ms`"),
            );
        }
        parsed
    }
}

struct Parser<'a> {
    rest: &'a str,
    span: &'a Span,
    terms: usize,
}

impl Parser<'_> {
    fn whole(mut self) -> Option<Quantity> {
        let sum = self.sum()?;
        self.rest.trim().is_empty().then_some(sum)
    }

    fn sum(&mut self) -> Option<Quantity> {
        let mut left = self.product()?;
        loop {
            let operator = match self.rest.trim_start().chars().next() {
                Some('+') => Operator::Add,
                Some('-') => Operator::Subtract,
                _ => return Some(left),
            };
            self.rest = &self.rest.trim_start()[1..];
            left = Quantity::Binary(Box::new(left), operator, Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Option<Quantity> {
        let mut left = self.term()?;
        loop {
            let operator = match self.rest.trim_start().chars().next() {
                Some('*') => Operator::Multiply,
                Some('/') => Operator::Divide,
                _ => return Some(left),
            };
            self.rest = &self.rest.trim_start()[1..];
            left = Quantity::Binary(Box::new(left), operator, Box::new(self.term()?));
        }
    }

    fn term(&mut self) -> Option<Quantity> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return None;
        }
        let text = self.rest.trim_start();
        let text = text.strip_prefix('$').unwrap_or(text);
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        let end = text.find(|c| !word(c)).unwrap_or(text.len());
        let (token, rest) = text.split_at(end);
        self.rest = rest;
        if token.starts_with(|c: char| c.is_ascii_digit()) {
            return match token.parse() {
                Ok(number) => Some(Quantity::Number(number)),
                Err(_) => {
                    let nanos = parse_duration(token)?.as_nanos();
                    Some(Quantity::Time(i128::try_from(nanos).ok()?))
                }
            };
        }
        let (name, part) = match token.split_once('.') {
            Some((name, part)) => (name, Some(part.to_owned())),
            None => (token, None),
        };
        (!name.is_empty()).then(|| {
            Quantity::Name(Variable {
                name: name.to_owned(),
                part,
                span: self.span.clone(),
            })
        })
    }
}

/// Reads `150ms`, `1.5s`, `2m`, `1h`; a unit is required except for 0.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(at);
    let well_formed = number.starts_with(|c: char| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let value: f64 = well_formed.then(|| number.parse().ok()).flatten()?;
    let seconds = match unit {
        "us" => value / 1e6,
        "ms" => value / 1e3,
        "s" => value,
        "m" | "min" => value * 60.0,
        "h" => value * 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| time.as_secs() < 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use std::sync::Arc;

    fn show(quantity: &Quantity) -> String {
        match quantity {
            Quantity::Number(number) => number.to_string(),
            Quantity::Time(nanos) => format!("{}ms", nanos / 1_000_000),
            Quantity::Name(variable) => variable.name.clone(),
            Quantity::Binary(a, operator, b) => format!("({} {operator:?} {})", show(a), show(b)),
        }
    }

    fn parse(text: &str) -> Option<String> {
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
        Quantity::parse(text, &span, &mut Diagnostics::default())
            .as_ref()
            .map(show)
    }

    #[test]
    fn products_bind_stronger() {
        let text = "n * 1s + 200ms - $x";
        assert_eq!(
            parse(text).unwrap(),
            "(((n Multiply 1000ms) Add 200ms) Subtract x)"
        );
        assert_eq!(parse("heard - left").unwrap(), "(heard Subtract left)");
        for text in ["", "+", "1 1", "5 *", "1x", "(1)", "1s s", "-1s", "1e9999s"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(parse_duration("150ms"), Some(Duration::from_millis(150)));
        assert_eq!(parse_duration("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(parse_duration("2m"), Some(Duration::from_secs(120)));
        for text in [
            "",
            "5",
            "ms",
            "5 ms",
            "-1s",
            "infs",
            "nans",
            "1e5s",
            "99999999999999h",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}

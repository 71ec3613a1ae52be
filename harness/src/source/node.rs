use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// One file of the user's, as read.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as the user would write it.
    pub path: PathBuf,
    /// The whole text.
    pub text: String,
}

/// A range of bytes in a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Span {
    /// The file.
    pub file: Arc<SourceFile>,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Line of the first byte, from 1.
    pub line: usize,
    /// Column of the first byte in characters, from 1.
    pub column: usize,
}

impl Span {
    /// The text that the span covers.
    pub fn text(&self) -> &str {
        self.file.text.get(self.start..self.end).unwrap_or_default()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}",
            self.file.path.display(),
            self.line,
            self.column
        )
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Span({self})")
    }
}

/// A value of a YAML document with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub content: Content,
}

/// The kinds of YAML values that the two languages use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Nothing, `null` or `~`.
    Null,
    /// A scalar with its text as written.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in written order.
    Map(Vec<Entry>),
}

/// A scalar; what type it has is decided by who reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text, escapes resolved.
    pub text: String,
    /// Written without quotes: only such a scalar can be a number or a truth value.
    pub plain: bool,
}

impl Scalar {
    /// An unquoted decimal or `0x` integer; `_` may group digits.
    pub fn integer(&self) -> Option<i128> {
        if self.plain {
            parse_integer(&self.text)
        } else {
            None
        }
    }

    /// An unquoted `true` or `false`.
    pub fn boolean(&self) -> Option<bool> {
        match self.text.as_str() {
            "true" if self.plain => Some(true),
            "false" if self.plain => Some(false),
            _ => None,
        }
    }
}

/// One key of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// An unquoted decimal or `0x` integer; `_` may group digits.
    pub fn integer(&self) -> Option<i128> {
        self.scalar()?.integer()
    }

    /// An unquoted `true` or `false`.
    pub fn boolean(&self) -> Option<bool> {
        self.scalar()?.boolean()
    }

    fn scalar(&self) -> Option<&Scalar> {
        match &self.content {
            Content::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The entries of a mapping.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.content {
            Content::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items of a sequence.
    pub fn items(&self) -> Option<&[Node]> {
        match &self.content {
            Content::List(items) => Some(items),
            _ => None,
        }
    }

    /// The value under `key` in a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries()?
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
    }

    /// True for an absent value, `null` or `~`.
    pub fn is_null(&self) -> bool {
        self.content == Content::Null
    }

    /// What the node is, for messages: "a list", "the text `x`".
    pub fn describe(&self) -> String {
        match &self.content {
            Content::Null => "nothing".to_owned(),
            Content::List(_) => "a list".to_owned(),
            Content::Map(_) => "a map".to_owned(),
            Content::Scalar(scalar) => {
                let noun = if self.integer().is_some() {
                    "the number"
                } else if self.boolean().is_some() {
                    "the truth value"
                } else {
                    "the text"
                };
                let mut shown: String = scalar.text.chars().take(40).collect();
                if shown.len() < scalar.text.len() {
                    shown.push('…');
                }
                format!("{noun} `{}`", shown.escape_debug())
            }
        }
    }
}

/// A decimal or `0x` integer; `_` may group digits.
pub(crate) fn parse_integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let starts_well = digits.starts_with(|c: char| c.is_ascii_digit());
    if !starts_well || digits.ends_with('_') {
        return None;
    }
    let digits = digits.replace('_', "");
    let value = match digits.strip_prefix("0x") {
        Some(hex) if hex.starts_with(|c: char| c.is_ascii_hexdigit()) => {
            i128::from_str_radix(hex, 16).ok()?
        }
        Some(_) => return None,
        None => digits.parse().ok()?,
    };
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::parse_integer;

    #[test]
    fn integers_are_decimal_or_hexadecimal() {
        assert_eq!(parse_integer("12"), Some(12));
        assert_eq!(parse_integer("-3"), Some(-3));
        assert_eq!(parse_integer("0x1F"), Some(31));
        assert_eq!(parse_integer("65_535"), Some(65_535));
        for text in ["", "-", "1e3", "0x", "0x-1", "_1", "1_", "1.5", "+1", "no"] {
            assert_eq!(parse_integer(text), None, "{text}");
        }
    }
}

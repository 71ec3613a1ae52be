/// A text in which `*` stands for any text; `\*` is a star and `\\` a backslash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    written: String,
    /// The pieces between the stars.
    pieces: Vec<String>,
}

impl Pattern {
    /// The pattern as written in a file.
    pub fn new(written: &str) -> Self {
        let mut pieces = vec![String::new()];
        let mut chars = written.chars().peekable();
        while let Some(c) = chars.next() {
            let escaped = c == '\\' && matches!(chars.peek(), Some('*' | '\\'));
            let literal = match c {
                '*' => None,
                _ if escaped => chars.next(),
                other => Some(other),
            };
            match (literal, pieces.last_mut()) {
                (Some(c), Some(last)) => last.push(c),
                _ => pieces.push(String::new()),
            }
        }
        Self {
            written: written.to_owned(),
            pieces,
        }
    }

    /// The pattern that only this text fits, as it is written in a file.
    pub fn escaped(text: &str) -> String {
        text.replace('\\', r"\\").replace('*', r"\*")
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Whether it is one text and no other.
    pub fn is_exact(&self) -> bool {
        self.pieces.len() == 1
    }

    /// Whether the whole text fits.
    pub fn fits(&self, text: &str) -> bool {
        let (Some(first), Some(last)) = (self.pieces.first(), self.pieces.last()) else {
            return false;
        };
        if self.is_exact() {
            return text == first;
        }
        let Some(mut rest) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        for piece in &self.pieces[1..self.pieces.len() - 1] {
            match rest.find(piece.as_str()) {
                Some(at) => rest = &rest[at + piece.len()..],
                None => return false,
            }
        }
        rest.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, fits, differs) in [
            ("abc", &["abc"][..], &["abcd", "ab", ""][..]),
            ("a*", &["a", "abc"], &["ba", ""]),
            ("*c", &["c", "abc"], &["cb", ""]),
            ("a*b*c", &["abc", "a b c", "abbcc"], &["acb", "ac"]),
            ("a*a", &["aa", "aba"], &["a"]),
            ("*", &["", "x"], &[]),
            ("**", &["", "x"], &[]),
            (r"a\*", &["a*"], &["ab", r"a\*"]),
            (r"a\\", &[r"a\"], &["a"]),
            (r"a\b", &[r"a\b"], &["ab"]),
        ] {
            let pattern = Pattern::new(pattern);
            for text in fits {
                assert!(pattern.fits(text), "{} {text}", pattern.as_str());
            }
            for text in differs {
                assert!(!pattern.fits(text), "{} {text}", pattern.as_str());
            }
        }
    }

    #[test]
    fn an_escaped_text_fits_itself_only() {
        for text in [
            "",
            "a",
            "*",
            r"\",
            r"\*",
            r"[text=*\u{1}x\n]",
            r"^(a|a)*b$$",
        ] {
            let pattern = Pattern::new(&Pattern::escaped(text));
            assert!(pattern.is_exact() && pattern.fits(text), "{text}");
        }
    }
}

use std::sync::LazyLock;

use regex::Regex;

use crate::wire::Value;

/// A moment as programs write it: ISO 8601, with a space or `T`, whole seconds or parts of them.
static MOMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}([.,][0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})?",
    )
    .ok()
});

/// Values shorter than this occur in ordinary words; they are only replaced where they stand alone.
const DISTINCT: usize = 5;

/// Values that differ from run to run, and what stands in their place.
#[derive(Debug, Clone, Default)]
pub struct Redactions {
    /// Longest values first: one may be the beginning of another.
    list: Vec<(Vec<u8>, String)>,
    /// Values that are shown as their label alone, whether they are text or not.
    opaque: Vec<Vec<u8>>,
}

impl Redactions {
    /// Has `value` shown as `<label>`: a generated name as its actor, an address, a token. An empty
    /// value changes nothing.
    pub fn add(&mut self, value: &str, label: &str) {
        self.add_bytes(value.as_bytes(), label);
    }

    /// Like [`Redactions::add`] for a value that a program has made up and that need not be text;
    /// false when it changes nothing.
    pub fn add_opaque(&mut self, value: &[u8], label: &str) -> bool {
        let new = self.add_bytes(value, label);
        if new {
            self.opaque.push(value.to_owned());
        }
        new
    }

    fn add_bytes(&mut self, value: &[u8], label: &str) -> bool {
        if value.is_empty() || self.list.iter().any(|(known, _)| known == value) {
            return false;
        }
        let place = self
            .list
            .partition_point(|(known, _)| known.len() >= value.len());
        let shown = format!("<{label}>");
        self.list.insert(place, (value.to_owned(), shown));
        true
    }

    /// The text with every listed value replaced, and every moment by `<time>`.
    pub fn text(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            if let Some((value, label)) = self.found(text.as_bytes(), at) {
                shown.push_str(label);
                at += value.len();
            } else {
                shown.push(c);
                at += c.len_utf8();
            }
        }
        match &*MOMENT {
            Some(moment) => moment.replace_all(&shown, "<time>").into_owned(),
            None => shown,
        }
    }

    /// The value in words, with every listed value in it replaced.
    pub fn value(&self, value: &Value) -> String {
        match value {
            Value::Text(text) if self.is_opaque(text.as_bytes()) => self.label(text.as_bytes()),
            Value::Bytes(bytes) if self.is_opaque(bytes) => self.label(bytes),
            Value::Text(text) => Value::Text(self.text(text)).to_string(),
            Value::Bytes(bytes) => self.bytes(bytes),
            Value::Int(number) => {
                let text = number.to_string();
                let known = self.list.iter().find(|(value, _)| value == text.as_bytes());
                known.map_or(text, |(_, label)| label.clone())
            }
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.value(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Map(entries) => {
                let entry = |(key, value): &(String, Value)| {
                    format!("{}: {}", self.text(key).escape_debug(), self.value(value))
                };
                let entries: Vec<String> = entries.iter().map(entry).collect();
                format!("{{ {} }}", entries.join(", "))
            }
            Value::Null | Value::Bool(_) | Value::Float(_) => value.to_string(),
        }
    }

    fn is_opaque(&self, value: &[u8]) -> bool {
        self.opaque.iter().any(|known| known == value)
    }

    /// What stands in the place of a listed value.
    fn label(&self, value: &[u8]) -> String {
        let found = self.list.iter().find(|(known, _)| known == value);
        found.map_or_else(String::new, |(_, label)| label.clone())
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        let mut shown = String::new();
        let mut replaced = false;
        let mut at = 0;
        while at < bytes.len() {
            if let Some((value, label)) = self.found(bytes, at) {
                shown.push_str(label);
                replaced = true;
                at += value.len();
            } else {
                shown.extend(bytes[at].escape_ascii().map(char::from));
                at += 1;
            }
        }
        if replaced {
            format!("bytes {}", Value::Text(shown))
        } else {
            Value::Bytes(bytes.to_vec()).to_string()
        }
    }

    fn found(&self, text: &[u8], at: usize) -> Option<&(Vec<u8>, String)> {
        self.list.iter().find(|(value, _)| {
            text[at..].starts_with(value)
                && (value.len() >= DISTINCT || stands_alone(text, at, at + value.len()))
        })
    }
}

fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let part_of_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let before = start.checked_sub(1).and_then(|at| text.get(at));
    !part_of_word(before) && !part_of_word(text.get(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactions() -> Redactions {
        let mut redactions = Redactions::default();
        for (value, label) in [
            ("str", "bob"),
            ("strqz", "alice"),
            ("40123", "port"),
            ("", "x"),
        ] {
            redactions.add(value, label);
        }
        redactions
    }

    #[test]
    fn names_are_replaced_wherever_they_stand() {
        let redactions = redactions();
        assert_eq!(
            redactions.text("strqz has joined, str"),
            "<alice> has joined, <bob>"
        );
        assert_eq!(redactions.text("xstrqzx"), "x<alice>x");
        assert_eq!(redactions.text("a string é str"), "a string é <bob>");
        assert_eq!(redactions.text(""), "");
    }

    #[test]
    fn what_a_program_has_made_up_is_shown_alike_whether_it_is_text_or_not() {
        let mut redactions = redactions();
        assert!(redactions.add_opaque(b"\xff1234567", "opaque 1"));
        assert!(redactions.add_opaque(b"\x011234567", "opaque 2"));
        assert!(!redactions.add_opaque(b"\x011234567", "opaque 3"));
        let bytes = Value::Bytes(b"\xff1234567".to_vec());
        assert_eq!(redactions.value(&bytes), "<opaque 1>");
        let text = Value::Text("\x011234567".to_owned());
        assert_eq!(redactions.value(&text), "<opaque 2>");
    }

    #[test]
    fn moments_are_replaced() {
        let redactions = redactions();
        for moment in [
            "2026-11-21 15:01:47",
            "2026-11-21T15:01:47.188Z",
            "2026-11-21T15:01:47+01:00",
        ] {
            assert_eq!(
                redactions.text(&format!("at {moment}, str")),
                "at <time>, <bob>"
            );
        }
        assert_eq!(
            redactions.text("2026-11-21 at 15:01"),
            "2026-11-21 at 15:01"
        );
    }

    #[test]
    fn names_are_replaced_in_values_of_every_kind() {
        let redactions = redactions();
        let text = |text: &str| Value::Text(text.to_owned());
        for (value, shown) in [
            (text("hi str"), "\"hi <bob>\""),
            (Value::Int(40_123), "<port>"),
            (Value::Int(4), "4"),
            (
                Value::Bytes(b"\xffstrqz".to_vec()),
                "bytes \"\\\\xff<alice>\"",
            ),
            (Value::Bytes(b"\xff".to_vec()), "bytes ff"),
            (
                Value::List(vec![text("str"), Value::Null]),
                "[\"<bob>\", null]",
            ),
            (
                Value::Map(vec![("str".to_owned(), text("x"))]),
                "{ <bob>: \"x\" }",
            ),
        ] {
            assert_eq!(redactions.value(&value), shown);
        }
    }
}

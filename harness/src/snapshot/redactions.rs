use crate::wire::Value;

/// Values shorter than this occur in ordinary words; they are only replaced where they stand alone.
const DISTINCT: usize = 5;

/// Values that differ from run to run, and what stands in their place.
#[derive(Debug, Clone, Default)]
pub struct Redactions {
    /// Longest values first: one may be the beginning of another.
    list: Vec<(Vec<u8>, String)>,
}

impl Redactions {
    /// Has `value` shown as `<label>`: a generated name as its actor, an address, a token. An empty
    /// value changes nothing.
    pub fn add(&mut self, value: &str, label: &str) {
        self.add_bytes(value.as_bytes(), label);
    }

    /// Like [`Redactions::add`] for a value that need not be text; false when it changes nothing.
    pub fn add_bytes(&mut self, value: &[u8], label: &str) -> bool {
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

    /// The text with every listed value replaced.
    pub fn text(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            if let Some((value, label)) = self.found(text.as_bytes(), at) {
                shown.push_str(label);
                at += value.len();
            } else if is_moment(&text.as_bytes()[at..]) {
                shown.push_str("<time>");
                at += MOMENT.len();
            } else {
                shown.push(c);
                at += c.len_utf8();
            }
        }
        shown
    }

    /// The value in words, with every listed value in it replaced.
    pub fn value(&self, value: &Value) -> String {
        match value {
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

/// The form of a date with a time of day; `0` stands for a digit, the blank also for a `T`.
const MOMENT: &[u8] = b"0000-00-00 00:00:00";

/// Whether a moment stands here, which is another one in every run.
fn is_moment(text: &[u8]) -> bool {
    let fits = |(char, form): (&u8, &u8)| match form {
        b'0' => char.is_ascii_digit(),
        b' ' => matches!(char, b' ' | b'T'),
        _ => char == form,
    };
    text.len() >= MOMENT.len() && text.iter().zip(MOMENT).all(fits)
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
    fn moments_are_replaced() {
        let redactions = redactions();
        let shown = "at <time>, <time>.5Z, 2026-11-20";
        let text = "at 2026-11-20 10:38:48, 2026-11-20T10:38:48.5Z, 2026-11-20";
        assert_eq!(redactions.text(text), shown);
        assert_eq!(
            redactions.text("é2026-11-20 10:38:4"),
            "é2026-11-20 10:38:4"
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

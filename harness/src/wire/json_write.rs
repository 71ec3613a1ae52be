//! Writing JSON.

use std::io::Write as _;

use super::json::{Form, Member, Style, What};
use super::template::{Hole, Sort};
use super::writer::Writer;
use super::{EncodeError, Value};

/// Appends a value.
fn value(value: &Value, style: Style, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(truth) => display(truth, out),
        Value::Int(number) => display(number, out),
        // The shortest digits that read back as the same number, always with a fraction.
        Value::Float(number) => display(format_args!("{number:?}"), out),
        Value::Text(text) => self::text(text.as_bytes(), style, out),
        Value::Bytes(bytes) => text(bytes, style, out),
        Value::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                separate(index, style, out);
                self::value(item, style, out);
            }
            out.push(b']');
        }
        Value::Map(entries) => {
            out.push(b'{');
            for (index, (key, item)) in entries.iter().enumerate() {
                separate(index, style, out);
                member(key, style, out);
                self::value(item, style, out);
            }
            out.push(b'}');
        }
    }
}

/// Appends a key and its colon.
fn member(key: &str, style: Style, out: &mut Vec<u8>) {
    text(key.as_bytes(), style, out);
    out.push(b':');
    if style != Style::Compact {
        out.push(b' ');
    }
}

fn separate(index: usize, style: Style, out: &mut Vec<u8>) {
    if index > 0 {
        out.extend_from_slice(if style == Style::Compact { b"," } else { b", " });
    }
}

/// Appends a text in quotes; bytes that are not UTF-8 go out as they are.
fn text(bytes: &[u8], style: Style, out: &mut Vec<u8>) {
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            self::character(character, style, out);
        }
        out.extend_from_slice(chunk.invalid());
    }
    out.push(b'"');
}

fn character(character: char, style: Style, out: &mut Vec<u8>) {
    let short = match character {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\u{8}' => "\\b",
        '\u{c}' => "\\f",
        _ => "",
    };
    if !short.is_empty() {
        out.extend_from_slice(short.as_bytes());
        return;
    }
    let mut units = [0; 2];
    if character < ' ' || (style == Style::Python && character > '~') {
        for unit in character.encode_utf16(&mut units) {
            display(format_args!("\\u{unit:04x}"), out);
        }
        return;
    }
    let mut buffer = [0; 4];
    out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
}

fn display(value: impl std::fmt::Display, out: &mut Vec<u8>) {
    // Writing into memory does not fail.
    let _ = write!(out, "{value}");
}

impl<'a> Writer<'a> {
    /// Writes a JSON body; its keys in written order.
    pub(super) fn json(&mut self, form: &'a Form, style: Style) -> Result<(), EncodeError> {
        match &form.what {
            What::Literal(value) => self::value(value, style, &mut self.out),
            What::Whole(hole) => self.whole(hole, style)?,
            What::Mixed(template) => {
                let mut text = Vec::new();
                template.print(&mut text, |hole, out| self.print(hole, out))?;
                self::text(&text, style, &mut self.out);
            }
            What::List(forms) => {
                self.out.push(b'[');
                for (index, form) in forms.iter().enumerate() {
                    separate(index, style, &mut self.out);
                    self.json(form, style)?;
                }
                self.out.push(b']');
            }
            What::Object(members) => {
                self.out.push(b'{');
                let here: Vec<&Member> = members.iter().filter(|one| self.has(one)).collect();
                for (index, one) in here.into_iter().enumerate() {
                    separate(index, style, &mut self.out);
                    member(&one.key, style, &mut self.out);
                    self.json(&one.form, style)?;
                }
                self.out.push(b'}');
            }
        }
        Ok(())
    }

    fn whole(&mut self, hole: &Hole, style: Style) -> Result<(), EncodeError> {
        let by_name = |number: i128| match &hole.sort {
            Sort::Number {
                names,
                by_name: true,
            } => names.name(number),
            _ => None,
        };
        match self.value(hole.slot) {
            Some(Value::Int(number)) => match by_name(*number) {
                Some(name) => text(name.as_bytes(), style, &mut self.out),
                None => display(number, &mut self.out),
            },
            Some(value) => self::value(value, style, &mut self.out),
            None if hole.slot.is_none() => self.out.extend_from_slice(b"\"\""),
            None => return Err(self.missing_value(hole.slot, &hole.path)),
        }
        Ok(())
    }

    /// True when a key is written: it must be there, or one of its fields has a value; none of its
    /// fields is to be left out.
    fn has(&self, member: &Member) -> bool {
        let without = match &member.form.what {
            What::Whole(hole) => self.left_out(hole.slot),
            What::Mixed(template) => template.holes().any(|hole| self.left_out(hole.slot)),
            _ => false,
        };
        !without && (!member.optional || self.any_value(&member.form))
    }

    fn any_value(&self, form: &Form) -> bool {
        let valued = |hole: &Hole| self.value(hole.slot).is_some();
        match &form.what {
            What::Literal(_) => false,
            What::Whole(hole) => valued(hole),
            What::Mixed(template) => template.holes().any(valued),
            What::List(forms) => forms.iter().any(|form| self.any_value(form)),
            What::Object(members) => members.iter().any(|member| self.any_value(&member.form)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_in_every_style() {
        let shown = Value::Map(vec![
            (
                "a\"\\\n\u{1}é😀\u{7f}".into(),
                Value::List(vec![Value::Int(-7), Value::Null]),
            ),
            ("b".into(), Value::Float(1.0)),
            ("c".into(), Value::Float(1e300)),
            ("d".into(), Value::List(Vec::new())),
            (
                "e".into(),
                Value::Map(vec![("x".into(), Value::Bool(true))]),
            ),
            ("f".into(), Value::Text("/".into())),
        ]);
        for style in [Style::Compact, Style::Spaced, Style::Python] {
            let mut out = Vec::new();
            value(&shown, style, &mut out);
            let item = super::super::json_read::read(&out, 0).unwrap();
            assert_eq!(item.value(&out), shown);
            assert!(serde_json::from_slice::<serde_json::Value>(&out).is_ok());
            assert_eq!(out.is_ascii(), style == Style::Python);
        }
        let mut out = Vec::new();
        value(&shown, Style::Python, &mut out);
        assert!(out.starts_with(br#"{"a\"\\\n\u0001\u00e9\ud83d\ude00\u007f""#));
        let mut out = Vec::new();
        value(
            &Value::Bytes(vec![b'"', 0xc3, b'(']),
            Style::Compact,
            &mut out,
        );
        assert_eq!(out, b"\"\\\"\xc3(\"");
    }
}

//! JSON as it stands in a message: values that know their bytes.

use std::ops::Range;

use super::Value;
use super::shape::Encoding;

/// A JSON value with its place in the message.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) range: Range<usize>,
    pub(super) what: Json,
}

#[derive(Debug)]
pub(super) enum Json {
    Null,
    Truth(bool),
    /// The digits are in the item's range.
    Number,
    Text {
        escaped: bool,
    },
    List(Vec<Item>),
    /// Keys are [`Json::Text`].
    Object(Vec<(Item, Item)>),
}

/// Why bytes are no JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoJson {
    /// They end in the middle of one.
    Ended,
    /// What is wrong at this place.
    Wrong(usize, &'static str),
}

/// How deep lists and objects may be nested.
const MAX_DEPTH: usize = 64;

/// How many values one message may have.
const MAX_VALUES: usize = 100_000;

/// Reads the value at `start` of `bytes`, white space before it included; gives it with the end.
pub(super) fn read(bytes: &[u8], start: usize) -> Result<Item, NoJson> {
    let mut reader = Reader {
        bytes,
        at: start,
        values: 0,
    };
    reader.value(0)
}

/// The place after the white space at `at`.
pub(super) fn skip_space(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    at + rest.iter().take_while(space).count()
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    values: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Item, NoJson> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(NoJson::Wrong(self.at, "too many values"));
        }
        self.space();
        let start = self.at;
        let what = match self.peek()? {
            b'{' => self.object(depth + 1)?,
            b'[' => self.list(depth + 1)?,
            b'"' => self.text()?,
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.word(b"true", Json::Truth(true))?,
            b'f' => self.word(b"false", Json::Truth(false))?,
            b'n' => self.word(b"null", Json::Null)?,
            _ => return Err(NoJson::Wrong(start, "no JSON value begins like this")),
        };
        Ok(Item {
            range: start..self.at,
            what,
        })
    }

    fn object(&mut self, depth: usize) -> Result<Json, NoJson> {
        self.enter(depth)?;
        let mut members = Vec::new();
        self.space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            let start = self.at;
            if self.peek()? != b'"' {
                return Err(NoJson::Wrong(
                    start,
                    "a key in double quotes must stand here",
                ));
            }
            let what = self.text()?;
            let key = Item {
                range: start..self.at,
                what,
            };
            self.space();
            self.expect(b':', "a colon must stand here")?;
            let value = self.value(depth)?;
            members.push((key, value));
            self.space();
            if self.peek()? == b'}' {
                self.at += 1;
                return Ok(Json::Object(members));
            }
            self.expect(b',', "a comma or a closing brace must stand here")?;
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, NoJson> {
        self.enter(depth)?;
        let mut items = Vec::new();
        self.space();
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.space();
            if self.peek()? == b']' {
                self.at += 1;
                return Ok(Json::List(items));
            }
            self.expect(b',', "a comma or a closing bracket must stand here")?;
        }
    }

    fn text(&mut self) -> Result<Json, NoJson> {
        self.at += 1;
        let mut escaped = false;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Ok(Json::Text { escaped });
                }
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                0..0x20 => return Err(NoJson::Wrong(self.at, "a control character inside a text")),
                _ => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<(), NoJson> {
        let start = self.at;
        self.at += 1;
        let digits = match self.peek()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 0,
            b'u' => 4,
            _ => return Err(NoJson::Wrong(start, "no such escape")),
        };
        self.at += 1;
        for _ in 0..digits {
            if !self.peek()?.is_ascii_hexdigit() {
                return Err(NoJson::Wrong(
                    start,
                    "four hexadecimal digits must follow `\\u`",
                ));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Json, NoJson> {
        let start = self.at;
        let wrong = NoJson::Wrong(start, "not a JSON number");
        self.take(b'-');
        if !self.take(b'0') && self.digits() == 0 {
            return Err(if self.at == self.bytes.len() {
                NoJson::Ended
            } else {
                wrong
            });
        }
        if self.take(b'.') && self.digits() == 0 {
            return Err(if self.at == self.bytes.len() {
                NoJson::Ended
            } else {
                wrong
            });
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            if self.digits() == 0 {
                return Err(if self.at == self.bytes.len() {
                    NoJson::Ended
                } else {
                    wrong
                });
            }
        }
        Ok(Json::Number)
    }

    fn word(&mut self, word: &'static [u8], what: Json) -> Result<Json, NoJson> {
        let there = &self.bytes[self.at..];
        if there.starts_with(word) {
            self.at += word.len();
            return Ok(what);
        }
        if word.starts_with(there) {
            return Err(NoJson::Ended);
        }
        Err(NoJson::Wrong(self.at, "no JSON value begins like this"))
    }

    fn digits(&mut self) -> usize {
        let rest = &self.bytes[self.at..];
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8, problem: &'static str) -> Result<(), NoJson> {
        if self.peek()? != byte {
            return Err(NoJson::Wrong(self.at, problem));
        }
        self.at += 1;
        Ok(())
    }

    fn enter(&mut self, depth: usize) -> Result<(), NoJson> {
        if depth > MAX_DEPTH {
            return Err(NoJson::Wrong(self.at, "nested too deeply"));
        }
        self.at += 1;
        Ok(())
    }

    fn peek(&self) -> Result<u8, NoJson> {
        self.bytes.get(self.at).copied().ok_or(NoJson::Ended)
    }

    fn space(&mut self) {
        self.at = skip_space(self.bytes, self.at);
    }
}

impl Item {
    /// The text between the quotes, escapes resolved.
    pub(super) fn text<'b>(&self, bytes: &'b [u8]) -> std::borrow::Cow<'b, [u8]> {
        let inside = bytes
            .get(self.range.start + 1..self.range.end.saturating_sub(1))
            .unwrap_or_default();
        match self.what {
            Json::Text { escaped: true } => unescape(inside).into(),
            _ => inside.into(),
        }
    }

    /// The value with everything in it.
    pub(super) fn value(&self, bytes: &[u8]) -> Value {
        match &self.what {
            Json::Null => Value::Null,
            Json::Truth(truth) => Value::Bool(*truth),
            Json::Number => number(bytes.get(self.range.clone()).unwrap_or_default()),
            Json::Text { .. } => Encoding::Utf8.decode(&self.text(bytes)),
            Json::List(items) => Value::List(items.iter().map(|item| item.value(bytes)).collect()),
            Json::Object(members) => {
                let entry = |(key, value): &(Item, Item)| {
                    let key = String::from_utf8_lossy(&key.text(bytes)).into_owned();
                    (key, value.value(bytes))
                };
                Value::Map(members.iter().map(entry).collect())
            }
        }
    }
}

/// Integers stay exact; what is none, or too large, becomes a fraction.
fn number(digits: &[u8]) -> Value {
    let text = std::str::from_utf8(digits).unwrap_or_default();
    match text.parse() {
        Ok(number) => Value::Int(number),
        Err(_) => Value::Float(text.parse().unwrap_or(f64::NAN)),
    }
}

/// Half of a surrogate pair has no UTF-8; its three bytes make the text a wrong value.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += 1;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let letter = text.get(at).copied().unwrap_or_default();
        at += 1;
        match letter {
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let (code, len) = code_point(&text[at.min(text.len())..]);
                at += len;
                push(code, &mut out);
            }
            other => out.push(other),
        }
    }
    out
}

/// The code of the digits after `\u`, with the second half of a surrogate pair.
fn code_point(rest: &[u8]) -> (u32, usize) {
    let hex = |digits: Option<&[u8]>| {
        let digits = std::str::from_utf8(digits?).ok()?;
        u32::from_str_radix(digits, 16).ok()
    };
    let first = hex(rest.get(..4)).unwrap_or(0xfffd);
    if (0xd800..0xdc00).contains(&first)
        && rest.get(4..6) == Some(b"\\u")
        && let Some(second) = hex(rest.get(6..10))
        && (0xdc00..0xe000).contains(&second)
    {
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return (code, 10);
    }
    (first, 4)
}

fn push(code: u32, out: &mut Vec<u8>) {
    if let Some(character) = char::from_u32(code) {
        let mut buffer = [0; 4];
        out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
        return;
    }
    let [_, _, high, low] = code.to_be_bytes();
    out.push(0xe0 | high >> 4);
    out.push(0x80 | (high & 0x0f) << 2 | low >> 6);
    out.push(0x80 | low & 0x3f);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<Value, NoJson> {
        read(text.as_bytes(), 0).map(|item| item.value(text.as_bytes()))
    }

    #[test]
    fn values_are_what_another_reader_reads() {
        for text in [
            r#" {"a": [1, -2, 0, 1.5, -0.25, 1e3, 2E-2], "b": {"c": null}, "d": [true, false]}"#,
            r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00 é""#,
            "[]",
            "{ }",
            "[ [ ] , { } ]",
        ] {
            let shown = value(text).unwrap();
            let other: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(shown, convert(&other), "{text}");
            for cut in 0..text.len() {
                if text.is_char_boundary(cut) {
                    assert_eq!(
                        value(&text[..cut]).err(),
                        Some(NoJson::Ended),
                        "{}",
                        &text[..cut]
                    );
                }
            }
        }
    }

    fn convert(value: &serde_json::Value) -> Value {
        match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(truth) => Value::Bool(*truth),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(number) => Value::Int(number.into()),
                None => Value::Float(number.as_f64().unwrap()),
            },
            serde_json::Value::String(text) => Value::Text(text.clone()),
            serde_json::Value::Array(items) => Value::List(items.iter().map(convert).collect()),
            serde_json::Value::Object(map) => {
                Value::Map(map.iter().map(|(k, v)| (k.clone(), convert(v))).collect())
            }
        }
    }

    #[test]
    fn what_is_no_json_is_refused_where_another_reader_refuses_it() {
        let deep = "[".repeat(100);
        for text in [
            "x",
            "tru3",
            "{a:1}",
            "{\"a\" 1}",
            "{\"a\":1 2}",
            "[1 2]",
            "[1,]",
            "{\"a\":1,}",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\n\"",
            "-x",
            "1.x",
            "1ex",
            ".5",
            "+1",
            "nul1",
            "NaN",
            &deep,
        ] {
            assert!(
                matches!(value(text), Err(NoJson::Wrong(..))),
                "{text}: {:?}",
                value(text)
            );
            assert!(
                serde_json::from_str::<serde_json::Value>(text).is_err(),
                "{text}"
            );
        }
        let many = format!("[{}1]", "1,".repeat(MAX_VALUES));
        assert!(matches!(
            value(&many),
            Err(NoJson::Wrong(_, "too many values"))
        ));
    }

    #[test]
    fn wrong_text_is_a_wrong_value() {
        assert_eq!(
            value(r#""\ud800""#),
            Ok(Value::Bytes(vec![0xed, 0xa0, 0x80]))
        );
        let bytes = b"\"\xc3\x28\"";
        let item = read(bytes, 0).unwrap();
        assert_eq!(item.value(bytes), Value::Bytes(vec![0xc3, 0x28]));
        assert_eq!(value(&"9".repeat(60)), Ok(Value::Float(1e60)));
    }
}

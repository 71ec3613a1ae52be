//! Records as JSON.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

use super::file::Sink;
use super::recorder::Writer;
use super::{FORMAT, RunRecord};

/// Writes the record as it is.
#[derive(Debug)]
pub struct Json {
    sink: Sink,
}

impl Json {
    /// A record that goes there.
    pub fn new(sink: Sink) -> Self {
        Self { sink }
    }
}

impl Writer for Json {
    fn write(&mut self, record: &RunRecord) -> io::Result<()> {
        self.sink.put(|out| {
            write(record, &mut *out)?;
            out.write_all(b"\n")
        })
    }
}

/// Writes the record on one line of JSON in which nothing acts: `<` and whatever is no visible
/// character stand as `\u` escapes, so that it does no harm within HTML and on a terminal.
pub fn write(record: &RunRecord, out: impl Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Harmless);
    record.serialize(&mut serializer).map_err(io::Error::from)
}

/// Why a record could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is no record.
    #[error("this is no record of a run: {0}")]
    NoRecord(#[from] serde_json::Error),
    /// It was written in another form.
    #[error(
        "this record has the form {found}, written by harness {harness}; this harness reads the \
         form {FORMAT}"
    )]
    Format {
        /// Its form.
        found: u64,
        /// Who wrote it.
        harness: String,
    },
}

/// Reads a record back.
pub fn read(input: impl Read) -> Result<RunRecord, ReadError> {
    let mut text = String::new();
    let mut input = input;
    input
        .read_to_string(&mut text)
        .map_err(serde_json::Error::io)?;
    if let Ok(head) = serde_json::from_str::<Head>(&text)
        && head.format != u64::from(FORMAT)
    {
        return Err(ReadError::Format {
            found: head.format,
            harness: head.harness,
        });
    }
    Ok(serde_json::from_str(&text)?)
}

/// What every form has.
#[derive(serde::Deserialize)]
struct Head {
    format: u64,
    #[serde(default)]
    harness: String,
}

/// Compact JSON with more escapes than it needs.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Nearly all text is plain, and is looked at as bytes, which is quick.
        let may_act = |byte: u8| !byte.is_ascii() || byte == 0x7f || b"<>&".contains(&byte);
        let mut plain = 0;
        while let Some(next) = fragment.as_bytes()[plain..]
            .iter()
            .position(|b| may_act(*b))
        {
            let at = plain + next;
            let Some(c) = fragment[at..].chars().next() else {
                break;
            };
            let end = at + c.len_utf8();
            if acts(c) {
                writer.write_all(&fragment.as_bytes()[plain..at])?;
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                writer.write_all(&fragment.as_bytes()[plain..end])?;
            }
            plain = end;
        }
        writer.write_all(&fragment.as_bytes()[plain..])
    }
}

/// Whether a character does something somewhere, rather than only being seen.
fn acts(c: char) -> bool {
    match c {
        '<' | '>' | '&' | '\u{7f}' => true,
        _ if c.is_ascii() => false,
        // What is neither seen nor a space is escaped in Rust's texts; marks above letters are too,
        // which does no harm here.
        _ => c.escape_debug().len() > 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn harmless(text: &str) -> String {
        let mut out = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut out, Harmless);
        text.serialize(&mut serializer).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_acts_is_escaped_and_comes_back() {
        let hostile = [
            "</script><script>alert(1)</script>",
            "<!--",
            "]]>",
            "a\u{9b}2J\u{7f}\u{1b}[2J\u{202e}\u{2028}\u{feff}\u{e0001}",
            "\"quoted\" \\ and\nbroken",
            "日本語 🙂 é",
        ];
        for text in hostile {
            let written = harmless(text);
            assert!(!written.contains(['<', '>', '&', '\u{9b}', '\u{202e}', '\u{1b}']));
            let back: String = serde_json::from_str(&written).unwrap();
            assert_eq!(back, text);
        }
        assert_eq!(harmless("日本語 🙂 é"), "\"日本語 🙂 é\"");
    }

    #[test]
    fn other_forms_are_told_apart_from_nonsense() {
        let other = read(r#"{"format": 7, "harness": "9.1.0"}"#.as_bytes());
        let text = other.unwrap_err().to_string();
        assert!(text.contains("form 7") && text.contains("9.1.0"), "{text}");
        let none = read("[]".as_bytes()).unwrap_err();
        assert!(matches!(none, ReadError::NoRecord(_)));
    }
}

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bounds::{Bounds, cut};
use crate::report::failure::line_of;
use crate::source::Span;
use crate::transcript::Bytes;
use crate::verdict::{FieldRow, Finding};
use crate::wire::Segment;

/// Hints that are recorded of one finding.
const MAX_HINTS: usize = 5;

/// Fields that are compared in one finding.
const MAX_ROWS: usize = 100;

/// Something that the program under test did against a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingRecord {
    /// The name of the rule that it breaks; the record's `rules` hold its text.
    pub rule: String,
    /// The step that noticed it; for a step of a macro, the place in the macro.
    pub step: PlaceRecord,
    /// Where the scenario used the macro that `step` stands in, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used_at: Option<PlaceRecord>,
    /// Whose connection shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What happened instead of what should have, in one sentence.
    pub problem: String,
    /// What the step wanted, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What came, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<String>,
    /// Field by field, when a message came that should have been another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldRowRecord>,
    /// The bytes of the message that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<BytesRecord>,
    /// The number of the event that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<usize>,
    /// What may help: `event 14 would match`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

impl FindingRecord {
    pub(super) fn new(finding: &Finding, bounds: &Bounds) -> Self {
        let short = |text: &String| cut(text, bounds.text);
        Self {
            rule: finding.rule.id.to_string(),
            step: PlaceRecord::of(&finding.step),
            used_at: finding.used_at.as_ref().map(PlaceRecord::of),
            actor: finding.actor.as_deref().map(str::to_owned),
            problem: short(&finding.problem),
            expected: finding.expected.as_ref().map(short),
            received: finding.received.as_ref().map(short),
            fields: (finding.fields.iter().take(MAX_ROWS))
                .map(|row| FieldRowRecord::new(row, bounds))
                .collect(),
            bytes: finding.bytes.as_ref().map(|evidence| BytesRecord {
                hex: hex(&evidence.bytes),
                total: evidence.total,
                segments: evidence.segments.iter().map(SegmentRecord::from).collect(),
            }),
            event: finding.event,
            hints: finding.hints.iter().take(MAX_HINTS).map(short).collect(),
        }
    }
}

/// A place in one of the user's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlaceRecord {
    /// The file, as the user would write it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// How many characters of this line it covers.
    pub length: usize,
    /// The whole line.
    pub text: String,
}

/// Characters of a line that are recorded.
const MAX_LINE: usize = 1_000;

impl PlaceRecord {
    /// The first line of a place.
    pub fn of(span: &Span) -> Self {
        let first = span.text().lines().next().unwrap_or_default();
        Self {
            file: span.file.path.to_string_lossy().into_owned(),
            line: span.line,
            column: span.column,
            length: first.chars().count(),
            text: cut(line_of(span), MAX_LINE),
        }
    }
}

/// One field of a message compared with what was expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldRowRecord {
    /// The field's name.
    pub field: String,
    /// What was wanted, in words; missing where anything goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What came, in words; missing where the field is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<String>,
    /// Whether that fits.
    pub fits: bool,
    /// Both values as they are, where both are text and differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub texts: Option<TextsRecord>,
}

impl FieldRowRecord {
    fn new(row: &FieldRow, bounds: &Bounds) -> Self {
        let short = |text: &String| cut(text, bounds.text);
        Self {
            field: short(&row.field),
            expected: row.expected.as_ref().map(short),
            received: row.received.as_ref().map(short),
            fits: row.fits,
            texts: row.texts.as_ref().map(|texts| TextsRecord {
                expected: short(&texts.expected),
                received: short(&texts.received),
            }),
        }
    }
}

/// Two texts that should have been one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TextsRecord {
    /// What was wanted.
    pub expected: String,
    /// What came.
    pub received: String,
}

/// Bytes of a message, and what they mean where that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BytesRecord {
    /// The first of them, as lower-case hexadecimal pairs without spaces.
    pub hex: String,
    /// How many there were.
    pub total: usize,
    /// Their meaning, range by range; empty where nobody looked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<SegmentRecord>,
}

impl BytesRecord {
    /// The first `most` of them.
    pub(super) fn new(bytes: &Bytes, most: usize) -> Self {
        Self {
            hex: hex(&bytes.kept[..bytes.kept.len().min(most)]),
            total: bytes.total,
            segments: Vec::new(),
        }
    }
}

/// A range of bytes and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SegmentRecord {
    /// The first byte, from 0.
    pub start: usize,
    /// One past the last byte; the same as `start` where something is missing.
    pub end: usize,
    /// The field: `username`, `len(username)` for the length before it.
    pub field: String,
    /// The value in words.
    pub meaning: String,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl From<&Segment> for SegmentRecord {
    fn from(segment: &Segment) -> Self {
        Self {
            start: segment.range.start,
            end: segment.range.end,
            field: segment.field.clone(),
            meaning: segment.meaning.clone(),
            problem: segment.problem.clone(),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]);
    bytes.iter().flat_map(digits).collect()
}

//! The bytes of a message with what each of them means.

use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

use crate::report::safe::{cut, safe};
use crate::report::styled::{Line, Rendered, Role};
use crate::report::words;
use crate::verdict::Evidence;

/// The columns of the table.
#[derive(Clone, Copy)]
struct Columns {
    /// Bytes on a line.
    bytes: usize,
    /// Columns for the names of fields.
    name: usize,
    /// All columns.
    width: usize,
}

impl Columns {
    fn ascii(self) -> usize {
        8 + 3 * self.bytes + 1
    }

    fn names(self) -> usize {
        self.ascii() + self.bytes + 2
    }
}

/// Narrower than this there is room for half of the bytes only.
const WIDE: usize = 76;

/// A range with more lines than this is shown by its first and last ones.
const MAX_LINES: usize = 4;

/// Ranges shown before and after the first one with a problem.
const AROUND: usize = 12;

/// The widest column for names of fields.
const MAX_NAME: usize = 24;

/// A range of bytes to be shown, with or without a meaning.
struct Part {
    range: Range<usize>,
    name: String,
    meaning: String,
    problem: Option<String>,
}

/// Offset, hexadecimal, printable form, field and value of each range; problems stand below.
pub(super) fn shown(evidence: &Evidence, width: usize) -> Rendered {
    let parts = parts(evidence);
    let mut rendered = Rendered::default();
    let total = words::count(evidence.total, "byte");
    rendered.push(Line::default().add(Role::Faint, format!("the message, {total}")));
    let widest = parts.iter().map(|part| part.name.width()).max();
    let columns = Columns {
        bytes: if width < WIDE { 4 } else { 8 },
        name: widest.unwrap_or(0).min(MAX_NAME),
        width,
    };
    let problem = parts.iter().position(|part| part.problem.is_some());
    let center = problem.unwrap_or(0);
    let shown = center.saturating_sub(AROUND)..(center + AROUND + 1).min(parts.len());
    elided(&mut rendered, shown.start, "range");
    for part in &parts[shown.clone()] {
        rendered.append(part_lines(part, &evidence.bytes, columns), 0);
    }
    elided(&mut rendered, parts.len() - shown.end, "range");
    let kept = evidence.bytes.len();
    if evidence.total > kept {
        elided(&mut rendered, evidence.total - kept, "byte");
    }
    rendered
}

fn elided(rendered: &mut Rendered, count: usize, noun: &str) {
    if count > 0 {
        let text = format!("  … {}", words::count(count, &format!("more {noun}")));
        rendered.push(Line::default().add(Role::Faint, text));
    }
}

/// The segments in order, with what lies between them; every byte once.
fn parts(evidence: &Evidence) -> Vec<Part> {
    let len = evidence.bytes.len();
    let mut segments: Vec<_> = evidence.segments.iter().collect();
    segments.sort_by_key(|segment| (segment.range.start, segment.range.end));
    let mut parts = Vec::new();
    let mut next = 0;
    for segment in segments {
        let start = segment.range.start.clamp(next, len.max(next));
        let end = segment.range.end.clamp(start, len.max(start));
        if start > next {
            parts.push(unknown(next..start));
        }
        let covered = start == end && !segment.range.is_empty();
        if covered && segment.problem.is_none() && segment.range.start < len {
            continue;
        }
        parts.push(Part {
            range: start..end,
            name: safe(&segment.field).into_owned(),
            meaning: segment.meaning.clone(),
            problem: segment.problem.clone(),
        });
        next = end;
    }
    if next < len {
        parts.push(unknown(next..len));
    }
    parts
}

fn unknown(range: Range<usize>) -> Part {
    Part {
        range,
        name: "?".to_owned(),
        meaning: String::new(),
        problem: None,
    }
}

fn part_lines(part: &Part, bytes: &[u8], columns: Columns) -> Rendered {
    let mut rendered = Rendered::default();
    let all = bytes.get(part.range.clone()).unwrap_or_default();
    let count = all.len().div_ceil(columns.bytes).max(1);
    let hidden = count.saturating_sub(MAX_LINES);
    for index in (0..count).filter(|index| !(MAX_LINES - 1..count - 1).contains(index)) {
        if hidden > 0 && index + 1 == count {
            elided(&mut rendered, hidden * columns.bytes, "byte");
        }
        let from = (index * columns.bytes).min(all.len());
        let row = &all[from..(from + columns.bytes).min(all.len())];
        let line = byte_line(
            part.range.start + from,
            row,
            part.problem.is_some(),
            columns,
        );
        rendered.push(if index == 0 {
            let line = line.add(Role::Name, cut(&part.name, columns.name));
            let line = line.pad(columns.names() + columns.name + 2);
            line.then(&part.meaning).cut(columns.width)
        } else {
            line
        });
    }
    if let Some(problem) = &part.problem {
        let line = Line::default().pad(columns.names()).hang_here();
        rendered.push(line.add(Role::Bad, format!("^ {problem}")));
    }
    rendered
}

fn byte_line(offset: usize, row: &[u8], problem: bool, columns: Columns) -> Line {
    let printable = |byte: &u8| {
        if *byte == b' ' || byte.is_ascii_graphic() {
            char::from(*byte)
        } else {
            '.'
        }
    };
    let ascii: String = row.iter().map(printable).collect();
    let role = if problem { Role::Bad } else { Role::Plain };
    Line::default()
        .add(Role::Bad, if problem { "! " } else { "  " })
        .add(Role::Faint, format!("{offset:04x}  "))
        .add(role, words::hex(row, columns.bytes))
        .pad(columns.ascii())
        .add(role, ascii)
        .pad(columns.names())
}

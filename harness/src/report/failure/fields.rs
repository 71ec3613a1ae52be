//! What was expected against what came, field by field; long texts as a difference.

use std::time::{Duration, Instant};

use similar::{ChangeTag, TextDiff};
use unicode_width::UnicodeWidthStr as _;

use crate::report::safe::{cut, safe};
use crate::report::styled::{Line, Rendered, Role};
use crate::report::words;
use crate::verdict::{FieldRow, Texts};

/// More fields than this are counted only.
const MAX_ROWS: usize = 40;

/// Long texts that are compared; the first difference mostly explains the others.
const MAX_DIFFERENCES: usize = 3;

/// Texts longer than this are compared below the table.
const LONG: usize = 30;

/// How many equal characters are shown before the first difference.
const LEAD: usize = 16;

/// How long looking for a good difference may take.
const DIFF_TIME: Duration = Duration::from_millis(100);

/// A table with a mark at the rows that differ, and the differences of long texts.
pub(super) fn shown(rows: &[FieldRow], width: usize) -> Rendered {
    let mut part = Rendered::default();
    if rows.is_empty() {
        return part;
    }
    let cells: Vec<[String; 3]> = rows.iter().take(MAX_ROWS).map(row_cells).collect();
    let headings = ["field", "expected", "received"].map(str::to_owned);
    let widths = column_widths(&headings, &cells, width);
    part.push(row("  ", &headings, &widths, Role::Faint, Role::Faint));
    for (field, cells) in rows.iter().zip(&cells) {
        let (mark, role) = if field.fits {
            ("  ", Role::Plain)
        } else {
            ("! ", Role::Bad)
        };
        part.push(row(mark, cells, &widths, Role::Plain, role));
    }
    if rows.len() > MAX_ROWS {
        let more = words::count(rows.len() - MAX_ROWS, "more field");
        part.push(Line::default().add(Role::Faint, format!("  … {more}")));
    }
    let long = rows
        .iter()
        .filter_map(|field| Some((field, field.texts.as_ref()?)));
    let long = long
        .filter(|(_, texts)| is_long(texts))
        .take(MAX_DIFFERENCES);
    for (field, texts) in long {
        let name = safe(&field.field);
        part.section(difference(&cut(&name, width / 4), texts, width));
    }
    part
}

fn row_cells(row: &FieldRow) -> [String; 3] {
    let expected = row.expected.as_deref().unwrap_or("anything");
    let received = row.received.as_deref().unwrap_or("(missing)");
    [row.field.as_str(), expected, received].map(|text| safe(text).into_owned())
}

fn column_widths(headings: &[String; 3], rows: &[[String; 3]], width: usize) -> [usize; 3] {
    let widest = |column: usize| {
        let cells = rows.iter().map(|cells| cells[column].width());
        cells.max().unwrap_or(0).max(headings[column].width())
    };
    let name = widest(0).min(width / 4);
    let room = width.saturating_sub(name + 6);
    let (expected, received) = (widest(1), widest(2));
    // The side that needs less leaves the rest to the other one.
    let half = room / 2;
    let first = expected.min(half.max(room.saturating_sub(received)));
    [name, first, received.min(room.saturating_sub(first))]
}

fn row(
    mark: &str,
    cells: &[String; 3],
    widths: &[usize; 3],
    name_role: Role,
    value_role: Role,
) -> Line {
    let mut line = Line::default().add(Role::Bad, mark);
    let mut column = mark.len();
    for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let role = if index == 2 { value_role } else { name_role };
        line = line.pad(column).add(role, cut(cell, *width));
        column += width + 2;
    }
    line
}

fn is_long(texts: &Texts) -> bool {
    texts.expected.chars().nth(LONG).is_some() || texts.received.chars().nth(LONG).is_some()
}

/// Both texts from a little before the first difference, one above the other.
fn difference(field: &str, texts: &Texts, width: usize) -> Rendered {
    let equal = texts.expected.chars().zip(texts.received.chars());
    let first = equal.take_while(|(a, b)| a == b).count();
    let from = first.saturating_sub(LEAD);
    let room = width.saturating_sub(LEAD).max(20);
    let window = |text: &str| {
        let part: String = text.chars().skip(from).take(room).collect();
        let shown = cut(&safe(&part), room).into_owned();
        let start = if from > 0 { "…" } else { "" };
        let more = text.chars().nth(from + room).is_some() && !shown.ends_with('…');
        format!("{start}{shown}{}", if more { "…" } else { "" })
    };
    let (expected, received) = (window(&texts.expected), window(&texts.received));
    let lengths = format!(
        "{field} differs from character {} on (expected {} characters, received {})",
        first + 1,
        texts.expected.chars().count(),
        texts.received.chars().count()
    );
    let mut part = Rendered::from_iter([Line::default().add(Role::Faint, lengths)]);
    let deadline = Instant::now() + DIFF_TIME;
    let diff = TextDiff::configure()
        .deadline(deadline)
        .diff_chars(&*expected, &*received);
    for (sign, tag) in [("- ", ChangeTag::Delete), ("+ ", ChangeTag::Insert)] {
        let (text, marks) = side(&diff, sign, tag);
        part.push(text);
        part.push(Line::default().add(Role::Bad, marks));
    }
    part
}

/// One side of a difference and the marks below it.
fn side(diff: &TextDiff<'_, '_, str>, sign: &str, tag: ChangeTag) -> (Line, String) {
    let mut line = Line::default().add(Role::Faint, sign);
    let mut marks = " ".repeat(sign.len());
    for change in diff.iter_all_changes() {
        let marked = change.tag() == tag;
        if !marked && change.tag() != ChangeTag::Equal {
            continue;
        }
        let role = if marked { Role::Bad } else { Role::Plain };
        line = line.add(role, change.value());
        let mark = if marked { "^" } else { " " };
        marks.push_str(&mark.repeat(change.value().width()));
    }
    (line, marks)
}

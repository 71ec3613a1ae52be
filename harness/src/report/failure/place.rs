//! The line of a file that something is about, with a mark below.

use unicode_width::UnicodeWidthStr as _;

use super::line_of;
use crate::report::safe::{cut, safe};
use crate::report::styled::{Line, Rendered, Role};
use crate::source::Span;

/// The place and its line; long lines are cut to `width` columns around what is marked.
pub(super) fn shown(span: &Span, width: usize) -> Rendered {
    let number = span.line.to_string();
    let gutter = number.len() + 3;
    let room = width.saturating_sub(gutter).max(20);
    let (before, marked) = parts(span, room);
    let bar = |text: &str| Line::default().add(Role::Faint, format!("{text:>0$} | ", number.len()));
    let source = format!("{before}{marked}{}", after(span));
    Rendered::from_iter([
        Line::default().add(Role::Place, span.to_string()).whole(),
        bar(&number).then(cut(&source, room)),
        bar("")
            .then(" ".repeat(before.width()))
            .add(Role::Bad, "^".repeat(marked.width().max(1))),
    ])
}

/// What stands before the marked part and the marked part itself, both safe and short enough.
fn parts(span: &Span, room: usize) -> (String, String) {
    let line = line_of(span);
    let column = span.column.saturating_sub(1);
    let before: String = line.chars().take(column).collect();
    let before = safe(&before).into_owned();
    let marked = span.text().lines().next().unwrap_or_default();
    let marked = safe(marked).into_owned();
    let keep = room / 3;
    let shortened = if before.width() > keep && before.width() + marked.width() > room {
        let skip = before.chars().count().saturating_sub(keep);
        let tail: String = before.chars().skip(skip).collect();
        format!("…{tail}")
    } else {
        before
    };
    let marked = cut(&marked, room.saturating_sub(shortened.width())).into_owned();
    (shortened, marked)
}

fn after(span: &Span) -> String {
    let first = span.text().lines().next().unwrap_or_default();
    let rest = span.file.text.get(span.start + first.len()..);
    let rest = rest
        .and_then(|rest| rest.lines().next())
        .unwrap_or_default();
    safe(rest).into_owned()
}

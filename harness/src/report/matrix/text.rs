use std::fmt::Write as _;

use super::{Column, State, heading, shown, tables};
use crate::report::safe::safe;
use crate::report::{document, words};

/// Columns of a cell.
const CELL: usize = 9;

/// For a terminal: every implementation with a line, and the rules that not all of them keep;
/// with `all` every rule.
pub fn text(columns: &[Column], all: bool) -> String {
    let mut text = String::new();
    for table in tables(columns) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", heading(&table));
        for (index, column) in table.columns.iter().enumerate() {
            let _ = writeln!(text, "  {:>2}  {}", index + 1, line(column));
        }
        let is_kept = |state| matches!(state, State::Kept | State::Skipped | State::Unknown);
        let kept = |row: &&super::Row<'_>| row.cells.iter().all(|cell| is_kept(cell.state));
        let hidden = table.rows.iter().filter(kept).count();
        if hidden < table.rows.len() || all {
            let numbers: Vec<String> = (1..=table.columns.len())
                .map(|number| format!("{number:<CELL$}"))
                .collect();
            let _ = writeln!(text, "\n  {:<24}{}", "", numbers.concat().trim_end());
        }
        for row in table.rows.iter().filter(|row| all || !kept(row)) {
            let cells: Vec<String> = row
                .cells
                .iter()
                .map(|cell| format!("{:<CELL$}", shown(*cell)))
                .collect();
            let rule = format!(
                "{:<16}{:<8}",
                safe(&row.rule.id),
                words::level(row.rule.level)
            );
            let _ = writeln!(text, "  {rule}{}", cells.concat().trim_end());
        }
        if hidden == table.rows.len() && !all {
            let _ = writeln!(text, "  none of {} is broken", words::count(hidden, "rule"));
        } else if hidden > 0 && !all {
            let _ = writeln!(
                text,
                "  none of {} more is broken",
                words::count(hidden, "rule")
            );
        }
        text.push('\n');
    }
    for column in columns.iter().filter(|column| column.record.is_none()) {
        let _ = writeln!(text, "{}: {}", safe(&column.name), column.in_words());
    }
    text
}

fn line(column: &Column) -> String {
    let counts = column
        .record
        .as_ref()
        .map(document::counts)
        .unwrap_or_default();
    format!("{}: {} ({counts})", safe(&column.name), column.in_words())
}

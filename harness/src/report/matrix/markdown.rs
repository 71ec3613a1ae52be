use std::fmt::Write as _;

use super::{Column, heading, shown, tables};
use crate::report::document::{self, escaped};
use crate::report::words;

/// For a page or a comment: a table for each protocol and side.
pub fn markdown(columns: &[Column]) -> String {
    let mut text = String::from("### Conformance\n\n| implementation | | |\n|---|---|---|\n");
    for column in columns {
        let counts = column
            .record
            .as_ref()
            .map(document::counts)
            .unwrap_or_default();
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {} | {} | {counts} |",
            escaped(&column.name),
            column.in_words()
        );
    }
    for table in tables(columns) {
        let names: Vec<String> = table
            .columns
            .iter()
            .map(|each| escaped(&each.name))
            .collect();
        let _ = writeln!(text, "\n**{}**\n", escaped(&heading(&table)));
        let _ = writeln!(text, "| rule | | {} |", names.join(" | "));
        let _ = writeln!(text, "|---|---|{}", "---|".repeat(names.len()));
        for row in &table.rows {
            let cells: Vec<String> = row.cells.iter().map(|cell| shown(*cell)).collect();
            let rule = escaped(&row.rule.id);
            let level = words::level(row.rule.level);
            let _ = writeln!(text, "| {rule} | {level} | {} |", cells.join(" | "));
        }
    }
    text
}

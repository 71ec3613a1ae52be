use std::fmt::Write as _;

use super::{Cell, Column, Table, heading, shown, tables};
use crate::report::html::PAGE;
use crate::report::safe::safe;
use crate::report::{document, words};

const STYLE: &str = "\
body{font:15px/1.4 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#1b1b1b;\
background:#fff}table{border-collapse:collapse;margin:0 0 2rem}th,td{border:1px solid #767676;padding:\
.25rem .6rem;text-align:left;vertical-align:top}thead th{position:sticky;top:0;background:#eee}\
.FAIL{background:#f8d0d0}.warn,.known{background:#fbe8b8}.ok{background:#d5efd5}\
small{color:#555}a{color:inherit}";

/// A page with the tables. A cell leads to the exchange that shows it, on the page of its
/// implementation in the folder of its name; the name of a rule to all its scenarios.
pub fn html(columns: &[Column]) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>Conformance</title><style>{STYLE}</style></head><body>\n<h1>Conformance</h1>\n"
    );
    page.push_str("<table><thead><tr><th>implementation<th><th></thead><tbody>\n");
    for column in columns {
        let counts = column
            .record
            .as_ref()
            .map(document::counts)
            .unwrap_or_default();
        let name = match column.record {
            Some(_) => link(&format!("{}/{PAGE}", column.slug), &column.name),
            None => escaped(&column.name),
        };
        // Writing to a string does not fail.
        let _ = writeln!(page, "<tr><td>{name}<td>{}<td>{counts}", column.in_words());
    }
    page.push_str("</tbody></table>\n");
    for table in tables(columns) {
        rules(&mut page, &table);
    }
    page.push_str("</body></html>\n");
    page
}

fn rules(page: &mut String, table: &Table<'_>) {
    let _ = writeln!(
        page,
        "<h2>{}</h2>\n<table><thead><tr><th>rule",
        escaped(&heading(table))
    );
    for column in &table.columns {
        let name = link(&format!("{}/{PAGE}", column.slug), &column.name);
        let _ = writeln!(page, "<th>{name}");
    }
    page.push_str("</thead><tbody>\n");
    for row in &table.rows {
        let rule = row.rule;
        let first = table.columns.first().map_or("", |column| &*column.slug);
        let all = link(
            &format!("{first}/{PAGE}#?rule={}/{}", rule.protocol, rule.id),
            &rule.id,
        );
        let anchor = escaped(&format!("{}-{}", table.protocol, rule.id));
        let level = words::level(rule.level);
        let about = escaped(&rule.text);
        let source = escaped(&rule.source);
        let _ = write!(
            page,
            "<tr id=\"{anchor}\"><th scope=\"row\">{all} <small>{level}</small>"
        );
        let _ = writeln!(page, "<br><small>{about} ({source})</small>");
        for (column, cell) in table.columns.iter().zip(&row.cells) {
            let _ = writeln!(
                page,
                "<td class=\"{}\">{}",
                class(*cell),
                content(column, *cell)
            );
        }
    }
    page.push_str("</tbody></table>\n");
}

/// The word without what is no name of a class.
fn class(cell: Cell<'_>) -> &'static str {
    match cell.state.word() {
        "?" => "undecided",
        word => word,
    }
}

fn content(column: &Column, cell: Cell<'_>) -> String {
    match cell.scenario {
        Some(id) => link(&format!("{}/{PAGE}#{id}", column.slug), &shown(cell)),
        None => String::new(),
    }
}

fn link(to: &str, text: &str) -> String {
    format!("<a href=\"{}\">{}</a>", escaped(to), escaped(text))
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in safe(text).chars() {
        match c {
            '<' | '>' | '&' | '"' | '\'' => {
                let _ = write!(out, "&#{};", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

//! Several implementations side by side: rules are rows, implementations columns.

mod html;
mod markdown;
#[cfg(test)]
mod tests;
mod text;

pub use html::html;
pub use markdown::markdown;
pub use text::text;

use std::collections::BTreeMap;

use super::record::{Conformance, RuleRecord, RunRecord, ScenarioRecord};
use crate::verdict::{RuleId, Side, Verdict};

/// One implementation and what came of it.
#[derive(Debug, Clone)]
pub struct Column {
    /// What it is called.
    pub name: String,
    /// The same as the name of a folder.
    pub slug: String,
    /// What its run found; `None` when it could not be run at all.
    pub record: Option<RunRecord>,
}

/// Implementations of one protocol that are on the same side.
#[derive(Debug)]
pub struct Table<'a> {
    /// The protocol's name.
    pub protocol: &'a str,
    /// Which program is judged.
    pub side: Side,
    /// Its implementations.
    pub columns: Vec<&'a Column>,
    /// Its rules, in the order in which people count.
    pub rows: Vec<Row<'a>>,
}

/// One rule and how each implementation keeps it.
#[derive(Debug)]
pub struct Row<'a> {
    /// The rule.
    pub rule: &'a RuleRecord,
    /// For each column of the table.
    pub cells: Vec<Cell<'a>>,
}

/// How an implementation keeps a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell<'a> {
    /// In one word.
    pub state: State,
    /// How many scenarios show it.
    pub count: usize,
    /// The scenario that shows it best.
    pub scenario: Option<&'a str>,
}

/// How a rule is kept, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// No scenario about it ran.
    Unknown,
    /// Scenarios about it were skipped.
    Skipped,
    /// Every scenario about it passed.
    Kept,
    /// It is broken as expected.
    Known,
    /// It is broken, and only a recommendation.
    Warned,
    /// It could not be decided.
    Undecided,
    /// It is broken.
    Broken,
}

impl State {
    /// The word in a cell.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Skipped => "skipped",
            Self::Kept => "ok",
            Self::Known => "known",
            Self::Warned => "warn",
            Self::Undecided => "?",
            Self::Broken => "FAIL",
        }
    }
}

impl Column {
    /// What the run says about it; nothing is judged when it could not be run.
    pub fn conformance(&self) -> Conformance {
        let record = self.record.as_ref();
        record.map_or(Conformance::NotJudged, |record| record.conformance(true))
    }

    /// The same in words.
    pub fn in_words(&self) -> &'static str {
        match self.conformance() {
            Conformance::Conforms => "conforms",
            Conformance::DoesNotConform => "does not conform",
            Conformance::NotJudged if self.record.is_none() => "could not be run",
            Conformance::NotJudged => "not judged in full",
        }
    }
}

/// The tables of all protocols and sides, in the order of the columns. Columns that could not be
/// run are in none.
pub fn tables(columns: &[Column]) -> Vec<Table<'_>> {
    let mut tables: Vec<Table<'_>> = Vec::new();
    for column in columns {
        let scenarios = column.record.iter().flat_map(|record| &record.scenarios);
        let mut seen: Vec<(&str, Side)> = Vec::new();
        for scenario in scenarios {
            let key = (scenario.protocol.as_str(), scenario.subject);
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            let same = |table: &&mut Table<'_>| (table.protocol, table.side) == key;
            match tables.iter_mut().find(same) {
                Some(table) => table.columns.push(column),
                None => tables.push(Table {
                    protocol: key.0,
                    side: key.1,
                    columns: vec![column],
                    rows: Vec::new(),
                }),
            }
        }
    }
    for table in &mut tables {
        table.rows = rows(table);
    }
    tables
}

fn rows<'a>(table: &Table<'a>) -> Vec<Row<'a>> {
    let mut rules: BTreeMap<RuleId, &'a RuleRecord> = BTreeMap::new();
    for column in &table.columns {
        let known = column.record.iter().flat_map(|record| &record.rules);
        for rule in known.filter(|rule| rule.protocol == table.protocol && rule.side == table.side)
        {
            rules.entry(RuleId::new(&rule.id)).or_insert(rule);
        }
    }
    let row = |rule: &'a RuleRecord| Row {
        rule,
        cells: table
            .columns
            .iter()
            .map(|column| cell(column, table, rule))
            .collect(),
    };
    rules.into_values().map(row).collect()
}

fn cell<'a>(column: &'a Column, table: &Table<'a>, rule: &RuleRecord) -> Cell<'a> {
    let mut cell = Cell {
        state: State::Unknown,
        count: 0,
        scenario: None,
    };
    let of_table = |scenario: &&ScenarioRecord| {
        scenario.protocol == table.protocol && scenario.subject == table.side
    };
    let scenarios = column.record.iter().flat_map(|record| &record.scenarios);
    for scenario in scenarios.filter(of_table) {
        let state = state(scenario, &rule.id);
        if state == State::Unknown || state < cell.state {
            continue;
        }
        if state > cell.state {
            cell = Cell {
                state,
                count: 0,
                scenario: Some(&scenario.id),
            };
        }
        cell.count += 1;
    }
    cell
}

/// What one scenario says about a rule.
fn state(scenario: &ScenarioRecord, rule: &str) -> State {
    let broken = scenario.broken().contains(&rule);
    let about = scenario.rules.iter().any(|known| known == rule);
    match scenario.verdict {
        Verdict::Fail if broken => State::Broken,
        Verdict::ExpectedFailure if broken => State::Known,
        _ if broken => State::Warned,
        _ if !about => State::Unknown,
        Verdict::Pass | Verdict::Warn | Verdict::UnexpectedPass => State::Kept,
        Verdict::Skip => State::Skipped,
        // It ended before it came to this rule.
        Verdict::Fail | Verdict::ExpectedFailure => State::Unknown,
        Verdict::Inconclusive => State::Undecided,
    }
}

/// `bcp, servers`.
fn heading(table: &Table<'_>) -> String {
    let side = match table.side {
        Side::Server => "servers",
        Side::Client => "clients",
    };
    format!("{}, {side}", table.protocol)
}

/// `FAIL 3`.
fn shown(cell: Cell<'_>) -> String {
    match cell.state {
        State::Broken | State::Known | State::Warned | State::Undecided => {
            format!("{} {}", cell.state.word(), cell.count)
        }
        state => state.word().to_owned(),
    }
}

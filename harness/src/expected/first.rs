//! The first list for a program that does not conform yet.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::{Date, Pattern, setup_failed};
use crate::verdict::{Level, Outcome, Rule, RuleId, Verdict};

/// What stands where somebody has to say why.
pub const TO_BE_SAID: &str = "TODO: why is this so?";

/// Days after which somebody has to look again at what fails now and then.
const FLAKY_DAYS: u32 = 30;

/// Gathers what fails in a run.
#[derive(Debug, Default)]
pub struct First {
    strict: bool,
    /// By the place in the file order.
    scenarios: BTreeMap<usize, Seen>,
}

/// What was seen of one scenario.
#[derive(Debug, Default)]
struct Seen {
    protocol: String,
    dialect: Option<String>,
    title: String,
    rules: BTreeMap<RuleId, Arc<Rule>>,
    failed: bool,
    passed: bool,
    undecided: Option<String>,
}

impl First {
    /// An empty list; with `strict` a broken `should` rule is a failure, too.
    pub fn new(strict: bool) -> Self {
        Self {
            strict,
            scenarios: BTreeMap::new(),
        }
    }

    /// Takes an outcome of the scenario with this place in file order.
    pub fn take(&mut self, place: usize, outcome: &Outcome) {
        let seen = self.scenarios.entry(place).or_insert_with(|| Seen {
            protocol: outcome.scenario.protocol.to_string(),
            dialect: outcome.scenario.dialect.as_deref().map(str::to_owned),
            title: outcome.scenario.title.clone(),
            ..Seen::default()
        });
        match outcome.verdict {
            Verdict::Fail => seen.failed = true,
            Verdict::Pass | Verdict::Warn => seen.passed = true,
            Verdict::Inconclusive if setup_failed(outcome) => {
                seen.undecided.clone_from(&outcome.reason);
            }
            _ => {}
        }
        for finding in &outcome.findings {
            // Findings that only warn are listed where their scenario fails by another rule.
            if self.strict || finding.rule.level == Level::Must {
                let rule = Arc::clone(&finding.rule);
                seen.rules.insert(rule.id.clone(), rule);
            }
        }
    }

    /// How many entries there will be.
    pub fn len(&self) -> usize {
        self.scenarios
            .values()
            .filter(|seen| seen.is_entry())
            .count()
    }

    /// Nothing failed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The file; `about` says in a line how it came about.
    pub fn to_yaml(&self, about: &str) -> String {
        let mut text = format!(
            "# Failures that are known; give each a reason.\n\
             # `harness docs expected` explains the words.\n\
             # {}\n",
            one_line(about)
        );
        if self.is_empty() {
            text.push_str("expected: []\n");
            return text;
        }
        text.push_str("expected:\n");
        for seen in self.scenarios.values().filter(|seen| seen.is_entry()) {
            text.push('\n');
            seen.write(&mut text);
        }
        text
    }
}

impl Seen {
    fn is_entry(&self) -> bool {
        self.failed || self.undecided.is_some()
    }

    fn write(&self, text: &mut String) {
        let mut line = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        for rule in self.rules.values().filter(|_| self.failed) {
            line(format!("  # {}: {}", rule.id, one_line(&rule.text)));
        }
        if let (Some(why), false) = (&self.undecided, self.failed) {
            line(format!("  # {}", one_line(why)));
        }
        line(format!(
            "  - scenario: {}",
            quoted(&Pattern::escaped(&self.title))
        ));
        line(format!("    protocol: {}", quoted(&self.protocol)));
        if let Some(dialect) = &self.dialect {
            line(format!("    dialect: {}", quoted(dialect)));
        }
        if self.failed {
            let rules: Vec<String> = self.rules.keys().map(|id| quoted(id.as_str())).collect();
            match rules.as_slice() {
                [] => {}
                [rule] => line(format!("    rule: {rule}")),
                several => line(format!("    rule: [{}]", several.join(", "))),
            }
            if self.passed {
                line("    kind: flaky".to_owned());
                line(format!("    until: {}", Date::in_days(FLAKY_DAYS)));
            }
        } else {
            line("    kind: undecided".to_owned());
        }
        line(format!("    reason: {}", quoted(TO_BE_SAID)));
    }
}

/// Text for a comment.
fn one_line(text: &str) -> String {
    let visible = text.replace(|c: char| c.is_control() || c == '\u{feff}', " ");
    let words: Vec<&str> = visible.split_whitespace().collect();
    words.join(" ")
}

/// A text as a YAML value: as it is where that cannot be misread, else in double quotes.
fn quoted(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().is_some_and(|c| c.is_ascii_alphabetic());
    let plain = chars.all(|c| c.is_ascii_alphanumeric() || " -_.,()/'+".contains(c));
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    if first && plain && !word && !text.ends_with(' ') && !text.contains(", ") {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control()
                || (c as u32) > 0xffff
                || matches!(c as u32, 0x2028 | 0x2029 | 0xfeff) =>
            {
                let _ = write!(quoted, "\\U{:08x}", c as u32);
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

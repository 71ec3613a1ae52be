//! What there is to run: scenarios and rules, for people and for programs.

use std::sync::Arc;

use serde::Serialize;

use super::styled::{Line, Rendered, Role};
use super::words;
use crate::verdict::{Rule, ScenarioId, Side};

/// A scenario in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScenarioEntry {
    /// The protocol's name.
    pub protocol: String,
    /// The dialect, if not the default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// The folder below `server/` or `client/`.
    pub area: String,
    /// The title with its variant.
    pub title: String,
    /// The names of the rules that it is about, the first blamed by default.
    pub rules: Vec<String>,
    /// The file.
    pub file: String,
    /// The line in it, from 1.
    pub line: usize,
    #[serde(skip)]
    group: String,
}

impl ScenarioEntry {
    /// The entry of a scenario.
    pub fn new(id: &ScenarioId, rules: &[Arc<Rule>]) -> Self {
        Self {
            protocol: id.protocol.to_string(),
            dialect: id.dialect.as_deref().map(str::to_owned),
            area: id.area.clone(),
            title: id.title.clone(),
            rules: rules.iter().map(|rule| rule.id.to_string()).collect(),
            file: id.span.file.path.to_string_lossy().into_owned(),
            line: id.span.line,
            group: words::group(id),
        }
    }
}

/// A rule in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleEntry {
    /// The protocol's name.
    pub protocol: String,
    /// The rule's name.
    pub id: String,
    /// `server` or `client`: whom it binds.
    pub side: &'static str,
    /// `must` or `should`.
    pub level: &'static str,
    /// What it asks for.
    pub text: String,
    /// Where the document says so.
    pub source: String,
    /// How many scenarios are about it.
    pub scenarios: usize,
    /// Their titles; one that is tried with several values stands once.
    pub titles: Vec<String>,
    /// The ways in which a reference program can be told to break it.
    pub faults: Vec<FaultEntry>,
}

/// A fault in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FaultEntry {
    /// How it is asked for.
    pub name: String,
    /// What the program then does.
    pub text: String,
}

impl RuleEntry {
    /// The entry of a rule that these scenarios are about and these faults break.
    pub fn new<'a>(
        protocol: &str,
        rule: &Rule,
        scenarios: impl IntoIterator<Item = &'a ScenarioId>,
        faults: Vec<FaultEntry>,
    ) -> Self {
        let scenarios: Vec<&ScenarioId> = scenarios.into_iter().collect();
        let mut titles: Vec<String> = Vec::new();
        for id in &scenarios {
            let title = untried(&id.title);
            if !titles.iter().any(|known| known == title) {
                titles.push(title.to_owned());
            }
        }
        Self {
            protocol: protocol.to_owned(),
            id: rule.id.to_string(),
            side: match rule.side {
                Side::Server => "server",
                Side::Client => "client",
            },
            level: words::level(rule.level),
            text: rule.text.clone(),
            source: rule.source.clone(),
            scenarios: scenarios.len(),
            titles,
            faults,
        }
    }
}

/// A title without the values with which its scenario is tried.
fn untried(title: &str) -> &str {
    match title.find(" [") {
        Some(at) if title.ends_with(']') => title.get(..at).unwrap_or(title),
        _ => title,
    }
}

/// Scenarios grouped by protocol and area in the order in which they come, and how many there are.
pub fn scenarios(entries: &[ScenarioEntry], width: usize) -> Rendered {
    let mut rendered = Rendered::default();
    let mut group = None;
    for entry in entries {
        if group != Some(&entry.group) {
            rendered.gap();
            rendered.push(Line::default().add(Role::Heading, &entry.group));
            group = Some(&entry.group);
        }
        let rules = format!("  {}", entry.rules.join(", "));
        let line = Line::of("  ").hang_here().then(&entry.title);
        rendered.push(line.add(Role::Faint, rules));
    }
    rendered.gap();
    rendered.push(Line::of(words::count(entries.len(), "scenario")));
    rendered.wrapped(width)
}

/// Rules in the order in which they come, each with all that is known of it.
pub fn rules_in_full(entries: &[RuleEntry], width: usize) -> Rendered {
    let mut rendered = Rendered::default();
    for entry in entries {
        rendered.gap();
        let level = format!("  {} of the {}", entry.level, entry.side);
        rendered.push(
            Line::default()
                .add(Role::Name, &entry.id)
                .add(Role::Faint, level),
        );
        rendered.push(Line::of("  ").hang_here().then(&entry.text));
        let source = format!("source: {}", entry.source);
        rendered.push(Line::of("  ").hang_here().add(Role::Faint, source));
        let count = words::count(entry.scenarios, "scenario");
        rendered.push(Line::of("  ").add(some(entry.scenarios), count));
        for title in &entry.titles {
            rendered.push(Line::of("    ").hang_here().then(title));
        }
        let count = words::count(entry.faults.len(), "fault");
        rendered.push(Line::of("  ").add(some(entry.faults.len()), count));
        for fault in &entry.faults {
            let line = Line::of("    ").hang_here().then(&fault.name);
            rendered.push(line.add(Role::Faint, format!(": {}", fault.text)));
        }
    }
    rendered.gap();
    rendered.push(Line::of(words::count(entries.len(), "rule")));
    rendered.wrapped(width)
}

/// How a number is shown of which there should be some.
fn some(number: usize) -> Role {
    if number == 0 {
        Role::Caution
    } else {
        Role::Faint
    }
}

/// Rules in the order in which they come; those without a scenario or a fault are marked.
pub fn rules(entries: &[RuleEntry], width: usize) -> Rendered {
    let widest = entries.iter().map(|entry| entry.id.chars().count()).max();
    let (ids, levels) = (widest.unwrap_or(0), "should".len());
    let mut rendered = Rendered::default();
    for entry in entries {
        let noun = if entry.scenarios == 1 {
            "scenario"
        } else {
            "scenarios"
        };
        let count = format!("{:>4} {noun:<9}", entry.scenarios);
        let noun = if entry.faults.len() == 1 {
            "fault"
        } else {
            "faults"
        };
        let faults = format!("{:>4} {noun:<6}", entry.faults.len());
        rendered.push(
            Line::default()
                .add(Role::Name, &entry.id)
                .pad(ids + 2)
                .then(entry.level)
                .pad(ids + levels + 4)
                .add(some(entry.scenarios), count)
                .add(some(entry.faults.len()), faults)
                .then("  ")
                .hang_here()
                .then(&entry.text),
        );
    }
    rendered.gap();
    rendered.push(Line::of(words::count(entries.len(), "rule")));
    rendered.wrapped(width)
}

/// Either list as a JSON array, each entry an object with the fields of its type.
pub fn json<T: Serialize>(entries: &[T]) -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(entries)?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::transcript::Transcript;
    use crate::verdict::{Level, Verdict};

    fn entries() -> Vec<ScenarioEntry> {
        let outcome = sample::outcome(Verdict::Pass, Vec::new(), Transcript::default());
        let rules = [
            sample::rule("BCP-7", Level::Must),
            sample::rule("BCP-9", Level::Should),
        ];
        let entry = |(area, title): (&str, &str)| {
            let mut id = outcome.scenario.clone();
            area.clone_into(&mut id.area);
            title.clone_into(&mut id.title);
            ScenarioEntry::new(&id, &rules)
        };
        [
            ("registration", "a name is accepted"),
            ("registration", "a second name is refused"),
            ("shutdown", "SIGINT ends it"),
        ]
        .map(entry)
        .to_vec()
    }

    #[test]
    fn scenarios_are_listed_by_area() {
        insta::assert_snapshot!(scenarios(&entries(), 60).to_text(false));
    }

    #[test]
    fn rules_are_listed_with_their_scenarios() {
        let outcome = sample::outcome(Verdict::Pass, Vec::new(), Transcript::default());
        let titled = |title: &&str| ScenarioId {
            title: (*title).to_owned(),
            ..outcome.scenario.clone()
        };
        let fault = |name: &&str| FaultEntry {
            name: (*name).to_owned(),
            text: "messages come in another order".to_owned(),
        };
        let rule = |id, level, titles: &[&str], faults: &[&str]| {
            let scenarios: Vec<ScenarioId> = titles.iter().map(titled).collect();
            let faults = faults.iter().map(fault).collect();
            RuleEntry::new("bcp", &sample::rule(id, level), &scenarios, faults)
        };
        let tried = [
            "the order is kept [cut=1]",
            "the order is kept [cut=2]",
            "nothing is lost",
        ];
        let entries = [
            rule("BCP-7", Level::Must, &tried, &["reordered", "reversed"]),
            rule("BCP-10a", Level::Should, &["[a] comes"], &["late"]),
            rule("BCP-11", Level::Should, &[], &[]),
        ];
        assert_eq!(entries[0].titles, ["the order is kept", "nothing is lost"]);
        insta::assert_snapshot!(rules(&entries, 90).to_text(false));
        insta::assert_snapshot!(json(&entries[..1]).unwrap());
        insta::assert_snapshot!(rules_in_full(&entries, 80).to_text(false));
    }

    #[test]
    fn scenarios_are_given_to_programs() {
        insta::assert_snapshot!(json(&entries()[..1]).unwrap());
    }

    #[test]
    fn an_empty_list_says_so() {
        assert_eq!(scenarios(&[], 60).to_text(false), "0 scenarios\n");
        assert_eq!(json::<RuleEntry>(&[]).unwrap(), "[]\n");
    }
}

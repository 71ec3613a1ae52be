use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::source::{Diagnostic, Diagnostics, Fields, Node, Span, closest};

/// The name of a rule, such as `BCP-7`; ordered as people count (`BCP-2` before `BCP-10`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RuleId(Arc<str>);

impl RuleId {
    /// The rule with this name.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name cut into its parts: words, and numbers as numbers.
    fn parts(&self) -> Vec<(u64, &str)> {
        let mut parts = Vec::new();
        let mut rest = self.as_str();
        while let Some(first) = rest.chars().next() {
            let digit = first.is_ascii_digit();
            let end = rest
                .find(|c: char| c.is_ascii_digit() != digit)
                .unwrap_or(rest.len());
            let (part, tail) = rest.split_at(end);
            parts.push((
                if digit {
                    part.parse().unwrap_or(u64::MAX)
                } else {
                    0
                },
                part,
            ));
            rest = tail;
        }
        parts
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Ord for RuleId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.parts().cmp(&other.parts())
    }
}

impl PartialOrd for RuleId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// How binding a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The document promises it, or no correct program could do otherwise.
    Must,
    /// Our reading where the document is silent or vague.
    Should,
}

/// Which program a rule binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The server.
    Server,
    /// The client program.
    Client,
}

/// One rule of a protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub id: RuleId,
    /// Whom it binds.
    pub side: Side,
    /// How binding it is.
    pub level: Level,
    /// What it asks for.
    pub text: String,
    /// Where the document says so.
    pub source: String,
    /// Where it stands in `rules.yaml`.
    pub span: Span,
}

/// The rules of one protocol, in written order.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    list: Vec<Arc<Rule>>,
}

impl Rules {
    /// Reads the document of a `rules.yaml`.
    pub fn read(root: &Node, diagnostics: &mut Diagnostics) -> Self {
        let mut list = Vec::new();
        let Some(fields) = Fields::of(root, "a rules file", diagnostics) else {
            return Self { list };
        };
        let rules = fields.require("rules", diagnostics);
        fields.finish(diagnostics);
        for entry in rules.and_then(Node::entries).unwrap_or_default() {
            let Some(fields) = Fields::of(&entry.value, "a rule", diagnostics) else {
                continue;
            };
            let side = choice(
                &fields,
                "side",
                &[("server", Side::Server), ("client", Side::Client)],
                diagnostics,
            );
            let level = choice(
                &fields,
                "level",
                &[("must", Level::Must), ("should", Level::Should)],
                diagnostics,
            );
            let text = fields.require_text("text", diagnostics);
            let source = fields.require_text("source", diagnostics);
            fields.finish(diagnostics);
            if let (Some(side), Some(level), Some(text), Some(source)) = (side, level, text, source)
            {
                list.push(Arc::new(Rule {
                    id: RuleId::new(&entry.key),
                    side,
                    level,
                    text: text.trim().to_owned(),
                    source: source.trim().to_owned(),
                    span: entry.key_span.clone(),
                }));
            }
        }
        Self { list }
    }

    /// The rule with this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Rule>> {
        self.list.iter().find(|rule| rule.id.as_str() == name)
    }

    /// The rule that a file names; complains when there is none.
    pub fn named(&self, node: &Node, diagnostics: &mut Diagnostics) -> Option<Arc<Rule>> {
        let name = node.text().unwrap_or_default();
        if let Some(rule) = self.get(name) {
            return Some(Arc::clone(rule));
        }
        let mut complaint = Diagnostic::error(format!("no rule `{name}` in rules.yaml"))
            .at(&node.span, "unknown rule");
        if let Some(near) = closest(name, self.list.iter().map(|rule| rule.id.as_str())) {
            complaint = complaint.help(format!("did you mean `{near}`?"));
        }
        diagnostics.add(complaint);
        None
    }

    /// All rules in written order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.list.iter()
    }
}

fn choice<T: Copy>(
    fields: &Fields<'_>,
    key: &'static str,
    words: &[(&str, T)],
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    let node = fields.require(key, diagnostics)?;
    let found = words.iter().find(|(word, _)| node.text() == Some(word));
    if found.is_none() {
        let names: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let wanted = names.join(" or ");
        let message = format!("`{key}` is {wanted}, this is {}", node.describe());
        diagnostics.error(&node.span, message, format!("expected {wanted}"));
    }
    found.map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::RuleId;

    #[test]
    fn rules_are_ordered_as_people_count() {
        let mut ids = ["BCP-10", "BCP-2", "BCP-C1", "BCP-2a", "BCP-1"].map(RuleId::new);
        ids.sort();
        let names: Vec<&str> = ids.iter().map(RuleId::as_str).collect();
        assert_eq!(names, ["BCP-1", "BCP-2", "BCP-2a", "BCP-10", "BCP-C1"]);
    }
}

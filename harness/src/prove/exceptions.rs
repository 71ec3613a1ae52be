//! `faults.yaml`: what is known to be otherwise than usual, with the reason.

use std::path::Path;

use super::Fault;
use crate::source::{Diagnostics, Fields, Node, documents, read_file};
use crate::verdict::RuleId;

/// The file in a protocol's folder; a protocol may have none.
pub const FILE: &str = "faults.yaml";

/// What is known to be otherwise than usual.
#[derive(Debug, Clone, Default)]
pub struct Exceptions {
    blame: Vec<(String, Vec<String>)>,
    uncaught: Vec<String>,
    no_fault: Vec<String>,
    single: Vec<String>,
    idle: Vec<String>,
}

impl Exceptions {
    /// Reads the file in a protocol's folder. What is wrong with it is in `diagnostics`.
    pub fn read(folder: &Path, diagnostics: &mut Diagnostics) -> Self {
        let path = folder.join(FILE);
        if !path.is_file() {
            return Self::default();
        }
        let Some(file) = read_file(&path, diagnostics) else {
            return Self::default();
        };
        let roots = documents(&file, diagnostics);
        roots
            .first()
            .map(|root| Self::of(root, diagnostics))
            .unwrap_or_default()
    }

    fn of(root: &Node, diagnostics: &mut Diagnostics) -> Self {
        let mut exceptions = Self::default();
        let Some(fields) = Fields::of(root, "a faults file", diagnostics) else {
            return exceptions;
        };
        for node in fields.list("blame") {
            let Some(entry) = Fields::of(node, "an exception", diagnostics) else {
                continue;
            };
            let rules = entry.list("rules").iter().filter_map(Node::text);
            let rules = rules.map(str::to_owned).collect();
            let fault = named(&entry, "fault", diagnostics);
            entry.finish(diagnostics);
            exceptions.blame.extend(fault.map(|fault| (fault, rules)));
        }
        let mut all = |list, key| -> Vec<String> {
            let nodes = fields.list(list).iter();
            nodes
                .filter_map(|node| only(node, key, diagnostics))
                .collect()
        };
        exceptions.uncaught = all("uncaught", "fault");
        exceptions.no_fault = all("no_fault", "rule");
        exceptions.single = all("single", "rule");
        exceptions.idle = all("idle", "scenario");
        fields.finish(diagnostics);
        exceptions
    }

    /// Whether another rule than the one that a fault breaks is as right to blame.
    pub fn may_be_blamed(&self, fault: &Fault, rule: &RuleId) -> bool {
        self.blame.iter().any(|(name, rules)| {
            name == fault.name && rules.iter().any(|known| known == rule.as_str())
        })
    }

    /// Whether nobody is known to catch a fault.
    pub fn is_uncaught(&self, fault: &Fault) -> bool {
        self.uncaught.iter().any(|name| name == fault.name)
    }

    /// The rules that are known to have no fault.
    pub fn no_fault(&self) -> &[String] {
        &self.no_fault
    }

    /// The rules that are known to have one fault, since there is one way of breaking them.
    pub fn single(&self) -> &[String] {
        &self.single
    }

    /// Whether a scenario is known to catch nothing; all variants of a title are meant.
    pub fn is_idle(&self, title: &str) -> bool {
        self.idle.iter().any(|known| {
            title
                .strip_prefix(known.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(" ["))
        })
    }
}

/// An exception about one thing.
fn only(node: &Node, key: &'static str, diagnostics: &mut Diagnostics) -> Option<String> {
    let entry = Fields::of(node, "an exception", diagnostics)?;
    let name = named(&entry, key, diagnostics);
    entry.finish(diagnostics);
    name
}

/// What an exception is about; the reason must be there.
fn named(entry: &Fields<'_>, key: &'static str, diagnostics: &mut Diagnostics) -> Option<String> {
    let name = entry.require(key, diagnostics).and_then(Node::text);
    entry.require("because", diagnostics)?;
    name.map(str::to_owned)
}

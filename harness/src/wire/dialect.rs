//! A dialect replaces parts of its protocol.

use super::message::FORM_KEYS;
use crate::source::{Content, Diagnostic, Diagnostics, Entry, Node};

/// Keys whose maps are replaced as a whole.
const WHOLE: [&str; 4] = ["body", "json", "fields", "with"];

/// The protocol with what the dialect replaces. Maps merge key by key; lists and the maps under
/// `body`, `json`, `text`, `fields`, `with` and `layout` are replaced whole; an empty value
/// (`name: ~`) takes the key away; kinds that are new come first; a dialect with a `layout` of
/// its own inherits no kinds. Every part keeps its place in its own file.
pub fn merge_dialect(protocol: &Node, dialect: &Node, diagnostics: &mut Diagnostics) -> Node {
    for (node, what) in [(protocol, "a protocol"), (dialect, "a dialect")] {
        if node.entries().is_none() && !node.is_null() {
            let message = format!("{what} is a map, this is {}", node.describe());
            let diagnostic = Diagnostic::error(message).at(&node.span, "expected a map");
            diagnostics.add(diagnostic.help("such as `messages: { … }`"));
        }
    }
    let (Some(old), Some(new)) = (protocol.entries(), dialect.entries()) else {
        return protocol.clone();
    };
    let own_layout = dialect.get("layout").is_some_and(|node| !node.is_null());
    let mut entries = merge_entries(old, new, |key, old, new| match key {
        "types" => merge_types(old, new),
        "messages" if own_layout => new.clone(),
        "messages" => merge_kinds(old, new),
        "layout" => new.clone(),
        _ => merge(key, old, new),
    });
    if own_layout {
        let lost = |key: &str| matches!(key, "messages" | "vectors") && dialect.get(key).is_none();
        entries.retain(|entry| !lost(&entry.key));
    }
    Node {
        span: protocol.span.clone(),
        content: Content::Map(entries),
    }
}

fn merge(key: &str, old: &Node, new: &Node) -> Node {
    match (&old.content, &new.content) {
        (Content::Map(old), Content::Map(entries)) if !WHOLE.contains(&key) => Node {
            span: new.span.clone(),
            content: Content::Map(merge_entries(old, entries, merge)),
        },
        _ => new.clone(),
    }
}

/// The old entries, with the values of those that the new ones name, then what is new.
fn merge_entries(
    old: &[Entry],
    new: &[Entry],
    merge: impl Fn(&str, &Node, &Node) -> Node,
) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(old.len() + new.len());
    for entry in old {
        match new.iter().find(|other| other.key == entry.key) {
            None => entries.push(entry.clone()),
            Some(other) if other.value.is_null() => {}
            Some(other) => entries.push(Entry {
                key: entry.key.clone(),
                key_span: other.key_span.clone(),
                value: merge(&entry.key, &entry.value, &other.value),
            }),
        }
    }
    let is_new = |entry: &&Entry| !old.iter().any(|other| other.key == entry.key);
    entries.extend(new.iter().filter(is_new).cloned());
    entries
}

/// Words of a type that exclude each other: the dialect's takes the place of the others.
const EXCLUSIVE: [&[&str]; 4] = [
    &["type", "string", "bytes"],
    &["len", "until"],
    &["const", "default"],
    &["text", "json"],
];

fn merge_types(old: &Node, new: &Node) -> Node {
    let (Some(old), Some(entries)) = (old.entries(), new.entries()) else {
        return new.clone();
    };
    let merged = merge_entries(old, entries, |key, old, new| {
        let given = |word: &&str| new.get(word).is_some();
        let lost = |word: &str| {
            let excluded = |group: &&[&str]| group.contains(&word) && group.iter().any(given);
            EXCLUSIVE.iter().any(excluded)
        };
        let mut kept = old.clone();
        if let Content::Map(entries) = &mut kept.content {
            entries.retain(|entry| !lost(&entry.key));
        }
        merge(key, &kept, new)
    });
    Node {
        span: new.span.clone(),
        content: Content::Map(merged),
    }
}

/// Kinds that are new come first, since the first that fits is it.
fn merge_kinds(old: &Node, new: &Node) -> Node {
    let (Some(old), Some(entries)) = (old.entries(), new.entries()) else {
        return new.clone();
    };
    let is_new = |entry: &&Entry| !old.iter().any(|other| other.key == entry.key);
    let mut kinds: Vec<Entry> = entries.iter().filter(is_new).cloned().collect();
    let known: Vec<Entry> = entries
        .iter()
        .filter(|entry| !is_new(entry))
        .cloned()
        .collect();
    kinds.extend(merge_entries(old, &known, |_, old, new| {
        merge_kind(old, new)
    }));
    Node {
        span: new.span.clone(),
        content: Content::Map(kinds),
    }
}

/// A form that the dialect gives takes the place of any form that the protocol has.
fn merge_kind(old: &Node, new: &Node) -> Node {
    let (Some(old_entries), Some(entries)) = (old.entries(), new.entries()) else {
        return new.clone();
    };
    let is_form = |entry: &Entry| FORM_KEYS.contains(&entry.key.as_str());
    let replaced = entries.iter().any(is_form);
    let mut kept = Vec::new();
    for entry in old_entries {
        let one_way = matches!(entry.key.as_str(), "c2s" | "s2c");
        let of_form = is_form(entry) || entry.key == "fields";
        if replaced && (of_form || one_way) {
            if one_way {
                kept.push(without_forms(entry));
            }
            continue;
        }
        kept.push(entry.clone());
    }
    let merged = merge_entries(&kept, entries, |key, old, new| match key {
        "c2s" | "s2c" => merge_kind(old, new),
        _ => merge(key, old, new),
    });
    Node {
        span: new.span.clone(),
        content: Content::Map(merged),
    }
}

/// What a form for one direction says besides the body; even nothing says that it goes there.
fn without_forms(entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    if let Content::Map(entries) = &mut entry.value.content {
        let of_form = |key: &str| FORM_KEYS.contains(&key) || key == "fields";
        entries.retain(|inner| !of_form(&inner.key));
    }
    entry
}

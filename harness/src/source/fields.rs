use std::cell::RefCell;

use super::{Diagnostic, Diagnostics, Entry, Node, Span};

/// Reads a map key by key, and then complains about the keys that nobody asked for.
pub struct Fields<'n> {
    node: &'n Node,
    entries: &'n [Entry],
    what: &'static str,
    known: RefCell<Vec<&'static str>>,
}

impl<'n> Fields<'n> {
    /// Begins to read `node`; complains and gives `None` when it is no map. `what` names the thing
    /// in messages, with its article: "a scenario".
    pub fn of(node: &'n Node, what: &'static str, diagnostics: &mut Diagnostics) -> Option<Self> {
        if let Some(entries) = node.entries() {
            return Some(Self {
                node,
                entries,
                what,
                known: RefCell::default(),
            });
        }
        if node.is_null() {
            return Some(Self {
                node,
                entries: &[],
                what,
                known: RefCell::default(),
            });
        }
        let message = format!("{what} is a map, this is {}", node.describe());
        diagnostics.error(&node.span, message, "expected a map");
        None
    }

    /// Where the map stands.
    pub fn span(&self) -> &Span {
        &self.node.span
    }

    /// The value of an optional key; `null` counts as absent.
    pub fn get(&self, key: &'static str) -> Option<&'n Node> {
        self.get_or_null(key).filter(|node| !node.is_null())
    }

    /// The value of an optional key, `null` included.
    pub fn get_or_null(&self, key: &'static str) -> Option<&'n Node> {
        self.known.borrow_mut().push(key);
        #[cfg(test)]
        super::asked::note(self.what, key);
        let found = self.entries.iter().find(|entry| entry.key == key);
        #[cfg(test)]
        if found.is_some() {
            super::asked::note_found(self.what, key);
        }
        found.map(|entry| &entry.value)
    }

    /// The value of a key that must be there; complains when it is not.
    pub fn require(&self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            let message = format!("{} needs `{key}`", self.what);
            diagnostics.error(&self.node.span, message, format!("`{key}` is missing here"));
        }
        found
    }

    /// The text of a key that must be there; complains when it is not, or is no text.
    pub fn require_text(
        &self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<&'n str> {
        self.require(key, diagnostics)?;
        self.text(key, diagnostics)
    }

    /// The text of an optional key.
    pub fn text(&self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<&'n str> {
        self.typed(key, "text", diagnostics, Node::text)
    }

    /// The integer of an optional key.
    pub fn integer(&self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<i128> {
        self.typed(key, "a whole number", diagnostics, Node::integer)
    }

    /// The truth value of an optional key, false when absent.
    pub fn flag(&self, key: &'static str, diagnostics: &mut Diagnostics) -> bool {
        self.typed(key, "`true` or `false`", diagnostics, Node::boolean)
            .unwrap_or(false)
    }

    /// The items of an optional key that is a list; a single value counts as a list of one.
    pub fn list(&self, key: &'static str) -> &'n [Node] {
        match self.get(key) {
            None => &[],
            Some(node) => node.items().unwrap_or(std::slice::from_ref(node)),
        }
    }

    /// The entries of an optional key that is a map.
    pub fn map(&self, key: &'static str, diagnostics: &mut Diagnostics) -> &'n [Entry] {
        self.typed(key, "a map", diagnostics, Node::entries)
            .unwrap_or_default()
    }

    fn typed<T>(
        &self,
        key: &'static str,
        wanted: &str,
        diagnostics: &mut Diagnostics,
        read: impl FnOnce(&'n Node) -> Option<T>,
    ) -> Option<T> {
        let node = self.get(key)?;
        let value = read(node);
        if value.is_none() {
            let message = format!("`{key}` is {wanted}, this is {}", node.describe());
            diagnostics.error(&node.span, message, format!("expected {wanted}"));
        }
        value
    }

    /// Complains about every key that was not asked for.
    pub fn finish(self, diagnostics: &mut Diagnostics) {
        self.finish_knowing(diagnostics, |_| None);
    }

    /// The same; `elsewhere` knows where keys belong that have their place near by.
    pub fn finish_knowing(
        self,
        diagnostics: &mut Diagnostics,
        elsewhere: impl Fn(&str) -> Option<String>,
    ) {
        let known = self.known.into_inner();
        for entry in self
            .entries
            .iter()
            .filter(|entry| !known.contains(&entry.key.as_str()))
        {
            let message = format!("{} has no `{}`", self.what, entry.key);
            let mut names: Vec<&str> = known.clone();
            names.sort_unstable();
            names.dedup();
            let near = closest(&entry.key, names.iter().copied());
            let help = match (elsewhere(&entry.key), near) {
                (Some(help), _) => help,
                (None, Some(name)) => format!("did you mean `{name}`?"),
                (None, None) => format!("it can have: {}", names.join(", ")),
            };
            diagnostics.add(
                Diagnostic::error(message)
                    .at(&entry.key_span, "unknown")
                    .help(help),
            );
        }
    }
}

/// The name that was probably meant, if one is near.
pub fn closest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let names: Vec<&str> = names.into_iter().collect();
    similar::get_close_matches(word, &names, 1, 0.6)
        .into_iter()
        .next()
}

//! Who is registered where, as the server has told.

use std::collections::HashMap;

use reference_codecs::chatapp::{Contact, Content};

use super::faults::Fault;
use crate::faults::Faults;

/// Entries that are kept; a server that sends more is not believed.
const LIMIT: usize = 100_000;

/// The limit of a table that is too small.
const SMALL: usize = 50;

/// All users of whom the server has told.
#[derive(Debug)]
pub(super) struct Table {
    contacts: HashMap<String, Contact>,
    faults: Faults<Fault>,
    /// What only a client with faults takes into account later.
    held: Option<Content>,
}

impl Table {
    pub(super) fn new(faults: Faults<Fault>) -> Self {
        Self {
            contacts: HashMap::new(),
            faults,
            held: None,
        }
    }

    pub(super) fn clear(&mut self) {
        self.contacts.clear();
    }

    pub(super) fn get(&self, name: &str) -> Option<&Contact> {
        self.contacts.get(name)
    }

    /// Sets whether a known user is there.
    pub(super) fn set_active(&mut self, name: &str, is_active: bool) {
        if let Some(contact) = self.contacts.get_mut(name) {
            contact.is_active = is_active;
        }
    }

    /// Everybody who is there.
    pub(super) fn active(&self) -> impl Iterator<Item = &Contact> {
        self.contacts.values().filter(|contact| contact.is_active)
    }

    /// Takes what an `update_table` carries into account; the names in it, or `None` when it
    /// carries nothing.
    pub(super) fn update(&mut self, content: Content) -> Option<Vec<String>> {
        let (mut contacts, is_list) = match content {
            Content::Contact(contact) => (vec![contact], false),
            Content::Contacts(contacts) => (contacts, true),
            _ => return None,
        };
        let names = contacts
            .iter()
            .map(|contact| contact.name.clone())
            .collect();
        if self.faults.has(Fault::TableLate) {
            let held = self.held.replace(Content::Contacts(contacts));
            let Some(Content::Contacts(held)) = held else {
                return Some(names);
            };
            contacts = held;
        }
        let (list_ignored, entry_ignored) = (Fault::ListIgnored, Fault::EntryIgnored);
        if self
            .faults
            .has(if is_list { list_ignored } else { entry_ignored })
        {
            return Some(names);
        }
        if !is_list && self.faults.has(Fault::EntryReplaces) {
            self.clear();
        }
        if self.faults.has(Fault::ListFirstOnly) {
            contacts.truncate(1);
        }
        for contact in contacts {
            self.insert(contact);
        }
        Some(names)
    }

    fn insert(&mut self, mut contact: Contact) {
        let limit = if self.faults.has(Fault::TableSmall) {
            SMALL
        } else {
            LIMIT
        };
        match self.contacts.get(&contact.name) {
            None if self.contacts.len() >= limit => return,
            Some(known) if self.faults.has(Fault::AddressKept) => {
                (contact.ip, contact.port) = (known.ip, known.port);
            }
            Some(known) if self.faults.has(Fault::StatusKept) => {
                contact.is_active = known.is_active;
            }
            _ => {}
        }
        self.contacts.insert(contact.name.clone(), contact);
    }
}

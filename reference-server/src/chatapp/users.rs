//! The table: who is registered, and where.

use std::collections::HashMap;
use std::net::SocketAddr;

use reference_codecs::chatapp::Contact;

use super::Fault;
use crate::faults::Faults;

/// Users in the order of their first registration, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct UserId(pub(super) usize);

/// Somebody who has registered once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) address: SocketAddr,
    pub(super) is_active: bool,
    /// Counts registrations, so that an answer to an older question is told from one of now.
    pub(super) session: u64,
}

impl User {
    /// What others are told.
    pub(super) fn contact(&self) -> Contact {
        Contact {
            name: self.name.clone(),
            ip: self.address.ip(),
            port: self.address.port(),
            is_active: self.is_active,
        }
    }
}

/// What a registration has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Registered {
    New,
    Returned {
        /// Where an active user was registered before, if it was elsewhere.
        moved_from: Option<SocketAddr>,
        has_changed: bool,
    },
}

/// All users. None is ever forgotten.
#[derive(Debug, Default)]
pub(super) struct Users {
    all: Vec<User>,
    by_name: HashMap<String, UserId>,
    faults: Faults<Fault>,
}

impl Users {
    pub(super) fn new(faults: Faults<Fault>) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn find(&self, name: &str) -> Option<UserId> {
        let found = self.by_name.get(name).copied();
        if found.is_none() && self.faults.has(Fault::NameByBeginning) {
            let mut users = self.iter();
            let known = users.find(|(_, user)| name.starts_with(&user.name));
            return known.map(|(id, _)| id);
        }
        found
    }

    pub(super) fn get(&self, id: UserId) -> Option<&User> {
        self.all.get(id.0)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (UserId, &User)> {
        let number = |(at, user)| (UserId(at), user);
        self.all.iter().enumerate().map(number)
    }

    /// Takes in a user as it was kept, behind all others.
    pub(super) fn restore(&mut self, user: User) -> UserId {
        let id = UserId(self.all.len());
        self.by_name.insert(user.name.clone(), id);
        self.all.push(user);
        id
    }

    pub(super) fn register(&mut self, name: &str, address: SocketAddr) -> (UserId, Registered) {
        let known = self.find(name);
        if let Some((id, user)) = known.and_then(|id| Some((id, self.all.get_mut(id.0)?))) {
            let moved_from = Some(user.address).filter(|old| user.is_active && *old != address);
            let has_changed = !user.is_active || user.address != address;
            user.address = address;
            user.is_active = true;
            user.session += 1;
            let registered = Registered::Returned {
                moved_from,
                has_changed,
            };
            return (id, registered);
        }
        let id = self.restore(User {
            name: name.to_owned(),
            address,
            is_active: true,
            session: 0,
        });
        (id, Registered::New)
    }

    /// Sets a user offline; whether that is news.
    pub(super) fn leave(&mut self, id: UserId) -> bool {
        match self.all.get_mut(id.0) {
            Some(user) => std::mem::replace(&mut user.is_active, false),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn what_a_registration_changes() {
        let mut users = Users::default();
        let returned = |moved_from, has_changed| Registered::Returned {
            moved_from,
            has_changed,
        };
        let (alice, new) = users.register("alice", at(4000));
        assert_eq!(new, Registered::New);
        let mut again = |port| users.register("alice", at(port));
        assert_eq!(again(4000), (alice, returned(None, false)));
        assert_eq!(again(4001), (alice, returned(Some(at(4000)), true)));
        assert!(users.leave(alice));
        assert!(!users.leave(alice));
        let mut again = |port| users.register("alice", at(port));
        assert_eq!(again(4001), (alice, returned(None, true)));
        users.leave(alice);
        let mut again = |port| users.register("alice", at(port));
        assert_eq!(again(4002), (alice, returned(None, true)));
        assert_eq!(users.get(alice).unwrap().session, 4);
    }
}

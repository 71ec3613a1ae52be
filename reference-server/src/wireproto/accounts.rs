//! Who has an account, who is where, and what waits for whom. Pure: it waits for nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use reference_codecs::wireproto::Action;

use super::Limits;
use super::session::{Refusal, is_too_long};
use crate::log::Log;
use crate::mail::{AccountId, Bell, Mail, Store};
use crate::search::Names;

/// Bytes of all names together, line breaks included, and so of the longest list.
pub(super) const NAMES_LIMIT: usize = 4 << 20;

/// Bytes of all messages that wait or are on their way, whoever they are for.
const STORE_BYTES: usize = 256 << 20;

/// Messages that a connection takes at once, in bytes; at least one is taken.
const FETCH: usize = 64 << 10;

/// A connection, and who has logged in on it last.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub(super) bell: Bell,
    pub(super) account: Option<AccountId>,
}

/// A login that was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) account: AccountId,
    /// Whether another account was logged in there, and is not any more.
    pub(super) has_switched: bool,
}

#[derive(Debug)]
struct Account {
    name: Arc<str>,
    /// The connection that is logged in.
    online: Option<Bell>,
    /// What has to be asked for, in order.
    unread: VecDeque<Mail>,
    /// What has come while somebody was logged in and is on its way there, in order.
    pushes: VecDeque<Mail>,
    /// Of both.
    queued_bytes: usize,
}

impl Account {
    /// What is on its way to nobody any more is unread.
    fn log_out(&mut self) {
        self.online = None;
        if !self.pushes.is_empty() {
            self.unread.append(&mut self.pushes);
            self.put_in_order();
        }
    }

    fn put_in_order(&mut self) {
        let unread = self.unread.make_contiguous();
        unread.sort_by_key(|mail| mail.number);
    }

    fn take_unread(&mut self) -> Vec<Mail> {
        let unread = std::mem::take(&mut self.unread);
        let bytes: usize = unread.iter().map(Mail::cost).sum();
        self.queued_bytes = self.queued_bytes.saturating_sub(bytes);
        unread.into()
    }
}

/// The state of the server.
#[derive(Debug)]
pub(super) struct Accounts {
    limits: Limits,
    log: Log,
    store: Store,
    by_name: HashMap<Arc<str>, AccountId>,
    by_id: BTreeMap<AccountId, Account>,
    next_id: u64,
    name_bytes: usize,
    /// Made when a list is asked for, and again after a change.
    names: Option<Names>,
}

impl Accounts {
    pub(super) fn new(limits: Limits, log: Log) -> Self {
        Self {
            limits,
            log,
            store: Store::new(STORE_BYTES),
            by_name: HashMap::new(),
            by_id: BTreeMap::new(),
            next_id: 0,
            name_bytes: 0,
            names: None,
        }
    }

    /// WIREPROTO-1: a free name becomes an account, with nothing waiting for it.
    pub(super) fn create(&mut self, name: &str) -> Result<(), Refusal> {
        if self.by_name.contains_key(name) {
            return Err(Refusal::Exists);
        }
        let name_bytes = self.name_bytes + name.len() + 1;
        if self.by_id.len() >= self.limits.accounts || name_bytes > NAMES_LIMIT {
            return Err(Refusal::ServerFull);
        }
        let id = AccountId(self.next_id);
        self.next_id += 1;
        self.name_bytes = name_bytes;
        self.names = None;
        self.log.event(format_args!("create {name}"));
        let name: Arc<str> = name.into();
        self.by_name.insert(Arc::clone(&name), id);
        let account = Account {
            name,
            online: None,
            unread: VecDeque::new(),
            pushes: VecDeque::new(),
            queued_bytes: 0,
        };
        self.by_id.insert(id, account);
        Ok(())
    }

    /// WIREPROTO-2: takes the account over from wherever it is logged in, and logs the account out
    /// that is logged in here.
    pub(super) fn log_in(&mut self, name: &str, place: &Place) -> Result<Login, Refusal> {
        let id = *self.by_name.get(name).ok_or(Refusal::UnknownAccount)?;
        let here = self.here(place);
        if here == Some(id) {
            return Err(Refusal::AlreadyHere);
        }
        self.detach(place);
        let account = self.by_id.get_mut(&id).ok_or(Refusal::UnknownAccount)?;
        account.log_out();
        account.online = Some(place.bell.clone());
        self.log.event(format_args!("login {name}"));
        Ok(Login {
            account: id,
            has_switched: here.is_some(),
        })
    }

    /// WIREPROTO-3: a message to somebody who is logged in is pushed, any other is kept.
    pub(super) fn send(&mut self, place: &Place, to: &str, text: &str) -> Result<(), Refusal> {
        // In this order, as the document's server has it when both are wrong.
        let id = *self.by_name.get(to).ok_or(Refusal::UnknownReceiver)?;
        let sender = self.logged_in(place, Action::Send)?;
        if is_too_long(text) {
            return Err(Refusal::TextTooLong);
        }
        let sender = self.by_id.get(&sender).map(|sender| &sender.name);
        let sender = Arc::clone(sender.ok_or(Refusal::NotLoggedIn(Action::Send))?);
        let line = format!("{sender}:{text}\n").into_bytes();
        let receiver = self.by_id.get_mut(&id).ok_or(Refusal::UnknownReceiver)?;
        let queued = receiver.unread.len() + receiver.pushes.len();
        let mail = self.store.take_in(id, line).ok_or(Refusal::ServerFull)?;
        let queued_bytes = receiver.queued_bytes + mail.cost();
        if queued >= self.limits.queued_messages || queued_bytes > self.limits.queued_bytes {
            return Err(Refusal::QueueFull);
        }
        receiver.queued_bytes = queued_bytes;
        if let Some(bell) = &receiver.online {
            bell.ring();
            receiver.pushes.push_back(mail);
        } else {
            receiver.unread.push_back(mail);
        }
        let len = text.len();
        self.log
            .event(format_args!("message {sender} to {to}: {len} bytes"));
        Ok(())
    }

    /// WIREPROTO-4: all that waits, in order; nothing waits then.
    pub(super) fn check(&mut self, place: &Place) -> Result<Vec<Mail>, Refusal> {
        let id = self.logged_in(place, Action::Check)?;
        let account = self.by_id.get_mut(&id);
        Ok(account.map(Account::take_unread).unwrap_or_default())
    }

    /// WIREPROTO-5: removes the account; what was still waiting for it.
    pub(super) fn delete(&mut self, place: &Place) -> Result<Vec<Mail>, Refusal> {
        let refused = Refusal::NotLoggedIn(Action::Delete);
        let id = self.logged_in(place, Action::Delete)?;
        let mut account = self.by_id.remove(&id).ok_or(refused)?;
        self.by_name.remove(&account.name);
        self.name_bytes = self.name_bytes.saturating_sub(account.name.len() + 1);
        self.names = None;
        self.log.event(format_args!("delete {}", account.name));
        account.log_out();
        Ok(account.take_unread())
    }

    /// WIREPROTO-6: all names.
    pub(super) fn names(&mut self) -> Names {
        let accounts = &self.by_id;
        let names = self
            .names
            .get_or_insert_with(|| accounts.values().map(|a| Arc::clone(&a.name)).collect());
        Arc::clone(names)
    }

    /// WIREPROTO-7: logs out.
    pub(super) fn quit(&mut self, place: &Place) -> Result<(), Refusal> {
        self.logged_in(place, Action::Quit)?;
        self.detach(place);
        Ok(())
    }

    /// Messages that are to be pushed to this connection, the older ones first; the bell rings
    /// again when there are more.
    pub(super) fn fetch(&mut self, place: &Place) -> Vec<Mail> {
        let here = self.here(place).and_then(|id| self.by_id.get_mut(&id));
        let Some(account) = here else {
            return Vec::new();
        };
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while bytes < FETCH
            && let Some(mail) = account.pushes.pop_front()
        {
            bytes += mail.cost();
            taken.push(mail);
        }
        account.queued_bytes = account.queued_bytes.saturating_sub(bytes);
        if !account.pushes.is_empty() {
            place.bell.ring();
        }
        taken
    }

    /// WIREPROTO-8: the connection has ended, and its account is offline; what it could not send
    /// is unread.
    pub(super) fn leave(&mut self, place: &Place, unsent: Vec<Mail>) {
        self.detach(place);
        let mut owners = BTreeSet::new();
        for mail in unsent {
            if let Some(account) = self.by_id.get_mut(&mail.owner) {
                owners.insert(mail.owner);
                account.queued_bytes += mail.cost();
                account.unread.push_back(mail);
            }
        }
        for owner in owners {
            if let Some(account) = self.by_id.get_mut(&owner) {
                account.put_in_order();
            }
        }
    }

    fn detach(&mut self, place: &Place) {
        let here = self.here(place).and_then(|id| self.by_id.get_mut(&id));
        if let Some(account) = here {
            account.log_out();
            self.log.event(format_args!("logout {}", account.name));
        }
    }

    /// The account that is logged in on this connection, and nowhere else since.
    fn here(&self, place: &Place) -> Option<AccountId> {
        let id = place.account?;
        let online = self.by_id.get(&id)?.online.as_ref()?;
        online.is(&place.bell).then_some(id)
    }

    fn logged_in(&self, place: &Place, action: Action) -> Result<AccountId, Refusal> {
        self.here(place).ok_or(Refusal::NotLoggedIn(action))
    }
}

#[cfg(test)]
mod tests;

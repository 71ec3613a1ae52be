//! Who has an account, who is where, and what waits for whom. Pure: it waits for nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use reference_codecs::wireproto::Action;

use super::session::{Refusal, is_too_long};
use super::{Fault, Limits};
use crate::faults::Faults;
use crate::log::Log;
use crate::mail::{AccountId, Bell, Mail, Store};
use crate::search::Names;

mod amiss;

use amiss::{Amiss, Owner};

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
    /// What a server that is told to break rules keeps of it.
    amiss: Owner,
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

    /// What is pushed, oldest first.
    fn push(&mut self, mail: Mail, faults: Faults<Fault>) {
        self.amiss.pushed += 1;
        if faults.has(Fault::PushesSwapped) && self.amiss.pushed.is_multiple_of(10) {
            self.amiss.held = Some(mail);
            return;
        }
        self.pushes.push_back(mail);
        self.pushes.extend(self.amiss.held.take());
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
    faults: Faults<Fault>,
    amiss: Amiss,
    store: Store,
    by_name: HashMap<Arc<str>, AccountId>,
    by_id: BTreeMap<AccountId, Account>,
    next_id: u64,
    name_bytes: usize,
    /// Made when a list is asked for, and again after a change.
    names: Option<Names>,
}

impl Accounts {
    pub(super) fn new(limits: Limits, log: Log, faults: Faults<Fault>) -> Self {
        Self {
            limits,
            log,
            faults,
            amiss: Amiss::default(),
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
            self.create_again(name)?;
        }
        let name_bytes = self.name_bytes + name.len() + 1;
        if self.by_id.len() >= self.limits.accounts || name_bytes > NAMES_LIMIT {
            return Err(Refusal::ServerFull);
        }
        let id = AccountId(self.next_id);
        self.next_id += 1;
        self.name_bytes = name_bytes;
        if !self.faults.has(Fault::ListOfOld) {
            self.names = None;
        }
        self.log.event(format_args!("create {name}"));
        let name: Arc<str> = name.into();
        self.by_name.insert(Arc::clone(&name), id);
        let account = Account {
            name,
            online: None,
            unread: VecDeque::new(),
            pushes: VecDeque::new(),
            queued_bytes: 0,
            amiss: Owner::default(),
        };
        self.by_id.insert(id, account);
        self.inherit(id);
        Ok(())
    }

    /// WIREPROTO-2: takes the account over from wherever it is logged in, and logs the account out
    /// that is logged in here.
    pub(super) fn log_in(&mut self, name: &str, place: &Place) -> Result<Login, Refusal> {
        let id = self.known(name, place)?;
        let here = self.here(place);
        if here == Some(id) {
            return self.log_in_again(id, place);
        }
        if let Some(first) = here {
            if self.faults.has(Fault::SwitchRefused) {
                return Err(Refusal::AlreadyHere);
            }
            if self.faults.has(Fault::SwitchSpeaksAsFirst) {
                return Ok(Login {
                    account: first,
                    has_switched: true,
                });
            }
        }
        if !self.faults.has(Fault::SwitchHearsBoth) {
            self.detach(place);
        }
        let faults = self.faults;
        let account = self.by_id.get_mut(&id).ok_or(Refusal::UnknownAccount)?;
        account.refuses_login(faults)?;
        account.amiss.old = account.online.take();
        account.amiss.loses = false;
        account.log_out();
        if !faults.has(Fault::LoginForgotten) {
            account.online = Some(place.bell.clone());
        }
        if faults.has(Fault::PushedAtLogin) || here.is_some() && faults.has(Fault::PushedAtSwitch) {
            account.pushes.append(&mut account.unread);
            place.bell.ring();
        }
        self.log.event(format_args!("login {name}"));
        Ok(Login {
            account: id,
            has_switched: here.is_some() && !faults.has(Fault::SwitchAsLogin),
        })
    }

    /// WIREPROTO-3: a message to somebody who is logged in is pushed, any other is kept.
    pub(super) fn send(&mut self, place: &Place, to: &str, text: &str) -> Result<(), Refusal> {
        // In this order, as the document's server has it when both are wrong.
        let Some(id) = self.by_name.get(to).copied() else {
            return self.send_to_nobody(to);
        };
        let sender = match self.logged_in(place, Action::Send) {
            Ok(sender) => sender,
            Err(refusal) => {
                self.send_from_nobody(id, text);
                return Err(refusal);
            }
        };
        if is_too_long(text, self.faults) {
            if self.faults.has(Fault::RefusedHeard) {
                self.deliver((sender, id), text)?;
            }
            return Err(Refusal::TextTooLong);
        }
        if self.is_lost((sender, id), text)? {
            return Ok(());
        }
        self.deliver((sender, id), text)?;
        if self.faults.has(Fault::MessageTwice) {
            self.deliver((sender, id), text)?;
        }
        self.leak((sender, id), &place.bell, text);
        let len = text.len();
        self.log.event(format_args!("message to {to}: {len} bytes"));
        Ok(())
    }

    fn deliver(&mut self, way: (AccountId, AccountId), text: &str) -> Result<(), Refusal> {
        let (sender, id) = way;
        let line = self.line(sender, text);
        let line = line.ok_or(Refusal::NotLoggedIn(Action::Send))?;
        let faults = self.faults;
        let receiver = self.by_id.get_mut(&id).ok_or(Refusal::UnknownReceiver)?;
        let queued = receiver.unread.len() + receiver.pushes.len();
        let mail = self.store.take_in(id, line).ok_or(Refusal::ServerFull)?;
        let queued_bytes = receiver.queued_bytes + mail.cost();
        if queued >= self.limits.queued_messages || queued_bytes > self.limits.queued_bytes {
            return Err(Refusal::QueueFull);
        }
        receiver.queued_bytes = queued_bytes;
        let unpushed = faults.has(Fault::NotPushed)
            || faults.has(Fault::SelfNotPushed) && sender == id
            || faults.has(Fault::TakeoverPushesOld) && receiver.amiss.old.is_some();
        match &receiver.online {
            Some(bell) if !unpushed => {
                bell.ring();
                receiver.push(mail, faults);
            }
            Some(_) if faults.has(Fault::TakeoverPushesOld) => {}
            _ if faults.has(Fault::QueueReversed) => receiver.unread.push_front(mail),
            _ => receiver.unread.push_back(mail),
        }
        Ok(())
    }

    /// A message as its receiver is shown it.
    fn line(&self, sender: AccountId, text: &str) -> Option<Vec<u8>> {
        let sender = &self.by_id.get(&sender)?.name;
        let claimed = self.amiss.claimed.as_ref();
        let claimed = claimed.filter(|_| self.faults.has(Fault::SenderBelieved));
        let sender = claimed.unwrap_or(sender);
        let end = if self.faults.has(Fault::PushWithoutBreak) {
            ""
        } else {
            "\n"
        };
        Some(format!("{sender}:{text}{end}").into_bytes())
    }

    /// WIREPROTO-4: all that waits, in order; nothing waits then.
    pub(super) fn check(&mut self, place: &Place) -> Result<Vec<Mail>, Refusal> {
        let id = match self.logged_in(place, Action::Check) {
            Err(_) if self.may_check(place) => return Ok(Vec::new()),
            id => id?,
        };
        let Some(account) = self.by_id.get_mut(&id) else {
            return Ok(Vec::new());
        };
        let mut mail = account.take_unread();
        if self.faults.has(Fault::CheckKeeps) {
            let text = |mail: &Mail| self.store.take_in(id, mail.text.to_vec());
            account.unread = mail.iter().filter_map(text).collect();
        }
        if self.faults.has(Fault::CheckOne) {
            mail.truncate(1);
        }
        if self.faults.has(Fault::QueueBySender) {
            mail.sort_by_key(amiss::sender);
        }
        Ok(mail)
    }

    /// WIREPROTO-5: removes the account; what was still waiting for it.
    pub(super) fn delete(&mut self, place: &Place) -> Result<Vec<Mail>, Refusal> {
        let refused = Refusal::NotLoggedIn(Action::Delete);
        let here = self.logged_in(place, Action::Delete);
        let id = self.to_delete().map_or(here, Ok)?;
        let mut account = self.by_id.remove(&id).ok_or(refused)?;
        if !self.faults.has(Fault::DeletedNameKept) {
            self.by_name.remove(&account.name);
        }
        self.name_bytes = self.name_bytes.saturating_sub(account.name.len() + 1);
        self.names = None;
        self.log.event(format_args!("delete {}", account.name));
        account.log_out();
        let mut mail = account.take_unread();
        self.bury(id, &account.name, place, &mail);
        if self.faults.has(Fault::DeleteHides) {
            mail.clear();
        }
        if self.faults.has(Fault::DeleteShowsOne) {
            mail.truncate(1);
        }
        Ok(mail)
    }

    /// WIREPROTO-6: all names.
    pub(super) fn names(&mut self) -> Names {
        let accounts = &self.by_id;
        let dead = self.amiss.listed(self.faults);
        let names = self.names.get_or_insert_with(|| {
            let living = accounts.values().map(|a| Arc::clone(&a.name));
            living.chain(dead).collect()
        });
        Arc::clone(names)
    }

    /// The names of who is logged in, for a server that is told to list them alone.
    pub(super) fn names_online(&self) -> Names {
        let online = self.by_id.values().filter(|a| a.online.is_some());
        online.map(|a| Arc::clone(&a.name)).collect()
    }

    /// WIREPROTO-7: logs out.
    pub(super) fn quit(&mut self, place: &Place) -> Result<(), Refusal> {
        let id = match self.logged_in(place, Action::Quit) {
            Err(_) if self.faults.has(Fault::StrangerQuits) => return Ok(()),
            Err(refusal) => {
                self.quit_for_another();
                return Err(refusal);
            }
            Ok(id) => id,
        };
        if self.faults.has(Fault::QuitLoses)
            && let Some(account) = self.by_id.get_mut(&id)
        {
            account.amiss.loses = true;
        }
        if !self.faults.has(Fault::QuitStaysOnline) {
            self.detach(place);
        }
        Ok(())
    }

    /// Messages that are to be pushed to this connection, the older ones first; the bell rings
    /// again when there are more.
    pub(super) fn fetch(&mut self, place: &Place) -> Vec<Mail> {
        let mut taken = self.fetch_leaks(place);
        let here = self.here(place).and_then(|id| self.by_id.get_mut(&id));
        let Some(account) = here else {
            return taken;
        };
        let mut bytes = 0;
        while bytes < FETCH
            && let Some(mail) = account.pushes.pop_front()
        {
            bytes += mail.cost();
            taken.push(mail);
        }
        if self.faults.has(Fault::PushKept) {
            let text = |mail: &Mail| self.store.take_in(mail.owner, mail.text.to_vec());
            account.unread.extend(taken.iter().filter_map(text));
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
        let id = if self.faults.has(Fault::TakeoverShared) {
            place.account.filter(|id| self.by_id.contains_key(id))
        } else {
            self.here(place)
        };
        id.ok_or(Refusal::NotLoggedIn(action))
    }
}

#[cfg(test)]
mod tests;

//! Who has an account, who is where, and what waits for whom. Pure: it waits for nothing.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use reference_codecs::chatbooth::Token;

use super::password::PasswordHash;
use super::session::Refusal;
use super::token::Tokens;
use super::{Fault, Limits};
use crate::faults::Faults;
use crate::log::Log;
use crate::mail::{AccountId, Bell, Mail, Store};
use crate::search::Names;
use faulty::{Secret, Secrets};

mod faulty;

/// Bytes of all names together, commas included, and so of the longest list.
pub(super) const NAMES_LIMIT: usize = 4 << 20;

/// Bytes of all messages that wait or are on their way, whoever they are for.
const STORE_BYTES: usize = 256 << 20;

/// Messages that a connection takes at once, in bytes; at least one is taken.
const FETCH: usize = 64 << 10;

/// A connection, and who has authenticated on it last.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub(super) bell: Bell,
    pub(super) account: Option<AccountId>,
}

/// A login that was right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Login {
    pub(super) account: AccountId,
    pub(super) token: Token,
}

#[derive(Debug)]
struct Account {
    name: Arc<str>,
    password: PasswordHash,
    token: Option<Token>,
    queue: VecDeque<Mail>,
    queued_bytes: usize,
    /// The connection where the user authenticated last, while it is open.
    online: Option<Bell>,
    /// Whether what waits is to be pushed, and not kept for a deliver.
    is_pushing: bool,
    /// What comes is lost, in a server that is told so.
    loses: bool,
    /// What else a server that is told to break a rule has to know.
    secret: Secret,
}

impl Account {
    fn take(&mut self, limit: usize) -> Vec<Mail> {
        let mut taken = Vec::new();
        let mut bytes = 0;
        while bytes < limit
            && let Some(mail) = self.queue.pop_front()
        {
            bytes += mail.cost();
            taken.push(mail);
        }
        self.queued_bytes = self.queued_bytes.saturating_sub(bytes);
        taken
    }

    fn push_out(&mut self) {
        if let Some(bell) = self.online.as_ref().filter(|_| !self.queue.is_empty()) {
            self.is_pushing = true;
            bell.ring();
        }
    }
}

/// The state of the server.
#[derive(Debug)]
pub(super) struct Accounts {
    limits: Limits,
    log: Log,
    store: Store,
    tokens: Tokens,
    by_name: HashMap<Arc<str>, AccountId>,
    by_id: BTreeMap<AccountId, Account>,
    next_id: u64,
    name_bytes: usize,
    /// Made when a list is asked for, and again after a change.
    names: Option<Names>,
    pub(super) faults: Faults<Fault>,
    first_token: Option<Token>,
    secrets: Secrets,
}

impl Accounts {
    pub(super) fn new(limits: Limits, log: Log) -> Self {
        Self {
            limits,
            log,
            store: Store::new(STORE_BYTES.max(limits.body.saturating_mul(4))),
            tokens: Tokens::default(),
            by_name: HashMap::new(),
            by_id: BTreeMap::new(),
            next_id: 0,
            name_bytes: 0,
            names: None,
            faults: Faults::default(),
            first_token: None,
            secrets: Secrets::default(),
        }
    }

    /// The account of this name, and what its password is checked against.
    pub(super) fn find(&mut self, name: &str) -> Option<(AccountId, PasswordHash)> {
        let Some(id) = self.by_name.get(name).copied() else {
            if self.faults.has(Fault::NameRacedAway) {
                self.secrets.note_wanted(name);
            }
            return None;
        };
        Some((id, self.by_id.get(&id)?.password.clone()))
    }

    /// CHATBOOTH-1: an unknown name becomes an account and is logged in. `None` when the name has
    /// become known since it was looked for.
    pub(super) fn create(
        &mut self,
        name: &str,
        password: PasswordHash,
        place: &Place,
    ) -> Result<Option<Login>, Refusal> {
        if self.by_name.contains_key(name) && !self.faults.has(Fault::NameRaced) {
            return Ok(None);
        }
        if self.secrets.had_rivals(name) && self.faults.has(Fault::NameRacedAway) {
            return Err(Refusal::WrongPassword);
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
            password,
            token: None,
            queue: VecDeque::new(),
            queued_bytes: 0,
            online: None,
            is_pushing: false,
            loses: false,
            secret: Secret::default(),
        };
        self.by_id.insert(id, account);
        self.inherit_badly(id);
        if self.faults.has(Fault::SignUpRefused) {
            return Err(Refusal::ServerFull);
        }
        self.log_in(id, place)
    }

    /// CHATBOOTH-2: a login, its password being right, gives a new token and makes the older one
    /// void. `None` when the account has gone since it was looked for.
    pub(super) fn log_in(
        &mut self,
        id: AccountId,
        place: &Place,
    ) -> Result<Option<Login>, Refusal> {
        let Some(account) = self.by_id.get_mut(&id) else {
            return Ok(None);
        };
        let elsewhere = account
            .online
            .as_ref()
            .is_some_and(|bell| !bell.is(&place.bell));
        let here = account.online.is_some() && !elsewhere;
        if elsewhere && self.faults.has(Fault::KnownElsewhereRefused)
            || here && self.faults.has(Fault::KnownHereRefused)
        {
            return Err(Refusal::WrongPassword);
        }
        // Without randomness everything stays as it was.
        let issued = match (account.token, self.first_token) {
            (Some(token), _) if self.faults.has(Fault::SameTokenAgain) => Some(token),
            (_, Some(token)) if self.faults.has(Fault::TokenShared) => Some(token),
            _ if self.secrets.is_tenth_login(self.faults) => self.secrets.last_token,
            _ => self.tokens.issue(id),
        };
        let token = issued.ok_or(Refusal::ServerFull)?;
        self.first_token.get_or_insert(token);
        self.secrets.last_token = Some(token);
        self.tokens.half = self.faults.has(Fault::HalfToken);
        if let Some(older) = account.token.replace(token)
            && older != token
            && !self.faults.has(Fault::OlderTokenValid)
        {
            self.tokens.revoke(&older);
        }
        account.loses = false;
        account.secret.home = Some(place.bell.clone());
        account.secret.lists = 0;
        self.give_again(id);
        let Some(account) = self.by_id.get(&id) else {
            return Ok(None);
        };
        self.log.event(format_args!("login {}", account.name));
        self.attach(id, place);
        Ok(Some(Login { account: id, token }))
    }

    /// CHATBOOTH-7: pushes go where the user authenticated last; who has authenticated there
    /// before is detached.
    fn attach(&mut self, id: AccountId, place: &Place) {
        let changes = place.account.is_some_and(|former| former != id);
        if place.account != Some(id) && !self.faults.has(Fault::FormerUserStays) {
            self.detach(place);
        }
        if let Some(account) = self.by_id.get_mut(&id) {
            if account.online.is_some() && self.faults.has(Fault::PushedToFirst) {
                return;
            }
            let online = account.online.as_ref();
            let elsewhere = online.is_some_and(|bell| !bell.is(&place.bell));
            if elsewhere && self.faults.has(Fault::PushedToNeither)
                || changes && self.faults.has(Fault::ChangedUnheard)
            {
                account.online = None;
                return;
            }
            account.online = Some(place.bell.clone());
            if account.is_pushing {
                account.push_out();
            }
        }
    }

    /// CHATBOOTH-10: from now on messages are kept, unless the user is connected elsewhere.
    fn detach(&mut self, place: &Place) {
        let account = place.account.and_then(|id| self.by_id.get_mut(&id));
        if let Some(account) = account
            && account
                .online
                .as_ref()
                .is_some_and(|bell| bell.is(&place.bell))
        {
            account.online = None;
            account.is_pushing = false;
        }
    }

    /// CHATBOOTH-6: all names, for whom the token allows it.
    pub(super) fn names(&mut self, token: &Token, place: &Place) -> Result<Names, Refusal> {
        if !self.faults.has(Fault::AnyTokenLists) {
            let id = self.authorised(token)?;
            self.tire_badly(id, token, place)?;
        }
        let accounts = &self.by_id;
        let names = self
            .names
            .get_or_insert_with(|| accounts.values().map(|a| Arc::clone(&a.name)).collect());
        Ok(Arc::clone(names))
    }

    /// CHATBOOTH-3: the message comes behind those that wait already, and all of them are pushed
    /// when the user is connected; otherwise they are kept.
    pub(super) fn send(&mut self, token: &Token, to: &str, text: Vec<u8>) -> Result<(), Refusal> {
        let sender = self.authorised(token)?;
        let faults = self.faults;
        if faults.has(Fault::TokenOnce) {
            self.tokens.revoke(token);
        }
        if !self.by_name.contains_key(to) && self.accepts_for_nobody(to, &text) {
            return Ok(());
        }
        let first = self.by_id.first_entry().map(|first| *first.key());
        if let Some(mut first) = self.by_id.first_entry()
            && faults.has(Fault::MailToFirst)
            && let Some(mail) = self.store.take_in(*first.key(), text.clone())
        {
            first.get_mut().queue.push_back(mail);
            first.get_mut().push_out();
        }
        let id = *self.by_name.get(to).ok_or(Refusal::NoSuchUser)?;
        if first == Some(id) && faults.has(Fault::MailToFirst) {
            return Ok(());
        }
        let account = self.by_id.get_mut(&id).ok_or(Refusal::NoSuchUser)?;
        let is_full = account.queue.len() >= self.limits.queued_messages
            || (account.queued_bytes > 0
                && account.queued_bytes.saturating_add(text.len()) > self.limits.queued_bytes);
        if is_full {
            return Err(Refusal::QueueFull);
        }
        let len = text.len();
        let lost = account.online.is_none() && faults.has(Fault::OfflineLost)
            || len == 0 && faults.has(Fault::EmptyLost)
            || account.loses;
        if lost {
            account.loses &= !faults.has(Fault::FirstLostAfterIdle);
            return Ok(());
        }
        if faults.has(Fault::MailTwice) {
            let copy = self.store.take_in(id, text.clone());
            account.queue.extend(copy);
        }
        let mail = self.store.take_in(id, text).ok_or(Refusal::ServerFull)?;
        account.queued_bytes += mail.cost();
        let waits = account.online.is_some() && !account.is_pushing;
        let overtakes = waits && faults.has(Fault::KeptBehind);
        if faults.has(Fault::MailReversed) || overtakes {
            account.queue.push_front(mail);
        } else {
            account.queue.push_back(mail);
        }
        if waits && faults.has(Fault::OldestBehind) {
            account.queue.rotate_left(1);
        }
        let to_self = sender == id && faults.has(Fault::NotPushedToSelf);
        if !to_self && !faults.has(Fault::NotPushed) {
            account.push_out();
        }
        if let Some(sender) = self.by_id.get(&sender) {
            let sender = &sender.name;
            self.log
                .event(format_args!("message {sender} to {to}: {len} bytes"));
        }
        Ok(())
    }

    /// CHATBOOTH-4: what waits for the token's own account, which is empty then.
    pub(super) fn deliver(&mut self, token: &Token, user: &str) -> Result<Vec<Mail>, Refusal> {
        let id = self
            .own(token, user, Fault::DeliverOfOthers)
            .inspect_err(|refusal| self.empty_badly(*refusal, user))?;
        let account = self.by_id.get_mut(&id).ok_or(Refusal::BadToken)?;
        account.is_pushing = false;
        if self.faults.has(Fault::DeliverCopies) {
            let texts: Vec<Vec<u8>> = account
                .queue
                .iter()
                .map(|mail| mail.text.to_vec())
                .collect();
            let store = &mut self.store;
            return Ok(texts
                .into_iter()
                .filter_map(|text| store.take_in(id, text))
                .collect());
        }
        let mut mail = account.take(usize::MAX);
        if let Some(last) = mail.last() {
            account.secret.given = Some(last.text.to_vec());
        }
        if self.faults.has(Fault::DeliverOne) {
            mail.truncate(1);
        }
        Ok(mail)
    }

    /// CHATBOOTH-5: removes the token's own account with everything that belongs to it.
    pub(super) fn delete(&mut self, token: &Token, user: &str) -> Result<(), Refusal> {
        let id = match self.own(token, user, Fault::DeleteOfOthers) {
            Err(Refusal::NotYours) if self.faults.has(Fault::DeleteRefusedDeletes) => {
                let id = self.authorised(token)?;
                let name = self.by_id.get(&id).map(|account| Arc::clone(&account.name));
                self.delete(token, &name.unwrap_or_default())?;
                return Err(Refusal::NotYours);
            }
            id => id?,
        };
        let account = self.by_id.remove(&id).ok_or(Refusal::BadToken)?;
        if !self.faults.has(Fault::DeletedNameKept) {
            self.by_name.remove(&account.name);
        }
        self.name_bytes = self.name_bytes.saturating_sub(account.name.len() + 1);
        if !self.faults.has(Fault::DeletedListed) {
            self.names = None;
        }
        // CHATBOOTH-2: after delete the token is void.
        if let Some(token) = &account.token
            && !self.faults.has(Fault::DeletedTokenValid)
        {
            self.tokens.revoke(token);
        }
        self.log.event(format_args!("delete {}", account.name));
        self.secrets.left = Some(account);
        Ok(())
    }

    /// Messages that are to be pushed to this connection, the older ones first; the bell rings
    /// again when there are more.
    pub(super) fn fetch(&mut self, place: &Place) -> Vec<Mail> {
        let former = self.faults.has(Fault::FormerUserStays);
        let pushes = |account: &Account| {
            let is_here = account.online.as_ref().is_some_and(|b| b.is(&place.bell));
            is_here && account.is_pushing
        };
        let account = if former {
            self.by_id.values_mut().find(|account| pushes(account))
        } else {
            place.account.and_then(|id| self.by_id.get_mut(&id))
        };
        let Some(account) = account.filter(|account| pushes(account)) else {
            return Vec::new();
        };
        let mut mail = account.take(FETCH);
        account.is_pushing = false;
        account.push_out();
        if self.faults.has(Fault::PushedReversed) {
            mail.reverse();
        }
        mail
    }

    /// CHATBOOTH-10: the connection has ended; what it could not send waits again, in front.
    pub(super) fn leave(&mut self, place: &Place, unsent: Vec<Mail>) {
        self.detach(place);
        for mail in unsent.into_iter().rev() {
            if let Some(account) = self.by_id.get_mut(&mail.owner) {
                account.queued_bytes += mail.cost();
                account.queue.push_front(mail);
                // Connected elsewhere meanwhile: not to be overtaken by what comes next.
                account.push_out();
            }
        }
    }

    /// CHATBOOTH-2: actions 2 to 5 need a valid token.
    fn authorised(&self, token: &Token) -> Result<AccountId, Refusal> {
        self.tokens.account(token).ok_or(Refusal::BadToken)
    }

    /// CHATBOOTH-4, CHATBOOTH-5: the token's account, which must be the one that is named.
    fn own(&self, token: &Token, user: &str, others: Fault) -> Result<AccountId, Refusal> {
        let id = self.authorised(token)?;
        if self.faults.has(others) {
            return self.by_name.get(user).copied().ok_or(Refusal::NoSuchUser);
        }
        let account = self.by_id.get(&id).ok_or(Refusal::BadToken)?;
        if *account.name == *user {
            Ok(id)
        } else {
            Err(Refusal::NotYours)
        }
    }
}

#[cfg(test)]
mod tests;

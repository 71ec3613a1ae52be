//! What accounts do only in a server that is told to break a rule, and what they have to know for
//! it.

use std::sync::Arc;

use reference_codecs::chatbooth::Token;

use super::super::Fault;
use super::super::session::{Ending, Refusal};
use super::{Account, Accounts, Place};
use crate::faults::Faults;
use crate::link::Lost;
use crate::mail::{AccountId, Bell};

/// Texts that are kept for names without an account.
const KEPT_FOR_NOBODY: usize = 100;

/// Names that are remembered because several may want them.
const NAMES_WANTED: usize = 100;

/// How many lists a token is good for that tires.
const LISTS: u32 = 15;

/// What is known of an account.
#[derive(Debug, Default)]
pub(super) struct Secret {
    /// What a deliver has given last.
    pub(super) given: Option<Vec<u8>>,
    /// Where its token was given.
    pub(super) home: Option<Bell>,
    /// Lists since then.
    pub(super) lists: u32,
}

/// What is known besides.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// The account that was deleted last.
    pub(super) left: Option<Account>,
    pub(super) last_token: Option<Token>,
    logins: u64,
    for_nobody: Vec<(String, Vec<u8>)>,
    /// Names that were looked for before anybody had them, and how often.
    wanted: Vec<(String, u32)>,
}

impl Secrets {
    /// Counts a login; whether it gets the token of the one before.
    pub(super) fn is_tenth_login(&mut self, faults: Faults<Fault>) -> bool {
        self.logins += 1;
        self.logins.is_multiple_of(10) && faults.has(Fault::TokenRepeated)
    }

    /// A name was looked for that nobody has.
    pub(super) fn note_wanted(&mut self, name: &str) {
        let known = self.wanted.iter_mut().find(|(wanted, _)| wanted == name);
        if let Some((_, times)) = known {
            *times += 1;
        } else if self.wanted.len() < NAMES_WANTED {
            self.wanted.push((name.to_owned(), 1));
        }
    }

    /// Whether several have looked for a name that one of them now creates.
    pub(super) fn had_rivals(&mut self, name: &str) -> bool {
        let alone = |(wanted, times): &mut (String, u32)| wanted == name && *times < 2;
        let one = self.wanted.extract_if(.., alone).count();
        one == 0 && self.wanted.iter().any(|(wanted, _)| wanted == name)
    }

    /// Keeps a text for whoever creates the account.
    pub(super) fn keep_for_nobody(&mut self, to: &str, text: &[u8]) {
        if self.for_nobody.len() < KEPT_FOR_NOBODY {
            self.for_nobody.push((to.to_owned(), text.to_vec()));
        }
    }
}

impl Accounts {
    /// What a new account gets of those who had or wanted its name before.
    pub(super) fn inherit_badly(&mut self, id: AccountId) {
        let Some(account) = self.by_id.get_mut(&id) else {
            return;
        };
        let name = Arc::clone(&account.name);
        let kept = &mut self.secrets.for_nobody;
        for (_, text) in kept.extract_if(.., |(to, _)| **to == *name) {
            account.queue.extend(self.store.take_in(id, text));
        }
        let Some(left) = self.secrets.left.take_if(|left| left.name == name) else {
            return;
        };
        if self.faults.has(Fault::HeirInherits) {
            for mail in left.queue {
                let text = mail.text.to_vec();
                account.queue.extend(self.store.take_in(id, text));
            }
        }
        if let Some(token) = left.token
            && self.faults.has(Fault::DeletedTokenInherited)
        {
            self.tokens.assign(&token, id);
        }
    }

    /// Whether a text for a name without an account is accepted.
    pub(super) fn accepts_for_nobody(&mut self, to: &str, text: &[u8]) -> bool {
        let faults = self.faults;
        let left = self.secrets.left.as_ref();
        let deleted = left.is_some_and(|account| *account.name == *to);
        let kept = faults.has(Fault::UnknownKept) || deleted && faults.has(Fault::DeletedKept);
        if kept {
            self.secrets.keep_for_nobody(to, text);
        }
        kept || faults.has(Fault::UnknownLost) || deleted && faults.has(Fault::DeletedLost)
    }

    /// What a login gives that was given before.
    pub(super) fn give_again(&mut self, id: AccountId) {
        if let Some(account) = self.by_id.get_mut(&id)
            && self.faults.has(Fault::DeliverAgainLater)
            && let Some(text) = account.secret.given.take()
        {
            account.queue.extend(self.store.take_in(id, text));
        }
    }

    /// Why a valid token gives no list.
    pub(super) fn tire_badly(
        &mut self,
        id: AccountId,
        token: &Token,
        place: &Place,
    ) -> Result<(), Refusal> {
        let Some(account) = self.by_id.get_mut(&id) else {
            return Ok(());
        };
        account.secret.lists += 1;
        let elsewhere = account.secret.home.as_ref();
        let elsewhere = elsewhere.is_some_and(|home| !home.is(&place.bell));
        if account.secret.lists > LISTS && self.faults.has(Fault::TokenOfFifteenLists) {
            self.tokens.revoke(token);
            return Err(Refusal::BadToken);
        }
        if elsewhere && self.faults.has(Fault::TokenElsewhereVoid) {
            return Err(Refusal::BadToken);
        }
        Ok(())
    }

    /// What a deliver in the name of another does to him.
    pub(super) fn empty_badly(&mut self, refusal: Refusal, user: &str) {
        if refusal == Refusal::NotYours
            && self.faults.has(Fault::DeliverEmptiesOthers)
            && let Some(id) = self.by_name.get(user)
            && let Some(account) = self.by_id.get_mut(id)
        {
            account.queue.clear();
        }
    }

    /// What the end of a connection does.
    pub(in super::super) fn end_badly(&mut self, place: &Place, ending: &Ending) {
        let Some(account) = place.account.and_then(|id| self.by_id.get_mut(&id)) else {
            return;
        };
        let loses = match ending {
            Ending::Idle if self.faults.has(Fault::FirstLostAfterIdle) => Fault::FirstLostAfterIdle,
            Ending::Idle => Fault::LostAfterIdle,
            Ending::Lost(Lost::ClosedByClient) => Fault::LostAfterClose,
            _ => Fault::LostAfterReset,
        };
        account.loses = self.faults.has(loses);
        if self.faults.has(Fault::MailGoes) {
            account.queue.clear();
        }
        let token = account.token;
        let name = Arc::clone(&account.name);
        if let Some(token) = token {
            if self.faults.has(Fault::TokenOfConnection) {
                self.tokens.revoke(&token);
            }
            if self.faults.has(Fault::AccountsGo) {
                // It is there: its name and token were just found.
                let _ = self.delete(&token, &name);
            }
        }
    }

    /// What a wrong password does.
    pub(in super::super) fn note_wrong_password(&mut self, id: AccountId) {
        let Some(account) = self.by_id.get_mut(&id) else {
            return;
        };
        if self.faults.has(Fault::WrongPasswordDetaches) {
            account.online = None;
        }
        if let Some(token) = account.token
            && self.faults.has(Fault::WrongPasswordVoids)
        {
            self.tokens.revoke(&token);
        }
    }
}

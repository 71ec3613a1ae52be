//! What a server does to accounts that is told to break rules: what takes more than a line where the
//! rule is kept. A server that is told nothing does none of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Account, AccountId, Accounts, Login, Place};
use crate::faults::Faults;
use crate::mail::{Bell, Mail};
use crate::wireproto::Fault;
use crate::wireproto::session::{Ending, Refusal};

/// Within this time two clients get one name.
const NAME_RACE: Duration = Duration::from_millis(5);

/// Within this time the second of two messages is lost.
const PUSH_RACE: Duration = Duration::from_millis(3);

/// What is kept of one account.
#[derive(Debug, Default)]
pub(super) struct Owner {
    born: Option<Instant>,
    /// The connection that was logged in before the one that is.
    pub(super) old: Option<Bell>,
    /// Messages are lost.
    pub(super) loses: bool,
    /// How many messages were pushed.
    pub(super) pushed: u64,
    /// A message that comes behind the next one.
    pub(super) held: Option<Mail>,
    /// Who has sent the last message, and when.
    heard: Option<(AccountId, Instant)>,
}

/// What is kept beside the accounts.
#[derive(Debug, Default)]
pub(super) struct Amiss {
    /// What the request that is carried out has in its field `sender`.
    pub(super) claimed: Option<Arc<str>>,
    /// Where it comes from.
    here: Option<Bell>,
    dead: HashMap<Arc<str>, Dead>,
    /// Connections that have not logged in yet.
    strangers: Vec<Bell>,
    /// Messages on their way to where they do not belong.
    leaks: Vec<(Bell, Mail)>,
}

/// A deleted account.
#[derive(Debug)]
struct Dead {
    id: AccountId,
    /// Where it was deleted.
    place: Bell,
    unread: Vec<Vec<u8>>,
}

impl Amiss {
    /// The names of deleted accounts, where they are listed.
    pub(super) fn listed(&self, faults: Faults<Fault>) -> Vec<Arc<str>> {
        let dead = self.dead.keys().cloned();
        dead.filter(|_| faults.has(Fault::DeletedListed)).collect()
    }
}

/// Who sent a message.
pub(super) fn sender(mail: &Mail) -> Vec<u8> {
    let name = mail.text.iter().take_while(|byte| **byte != b':');
    name.copied().collect()
}

impl Account {
    /// Whether nobody may log in to it now.
    pub(super) fn refuses_login(&self, faults: Faults<Fault>) -> Result<(), Refusal> {
        if self.online.is_some() && faults.has(Fault::TakeoverRefused) {
            return Err(Refusal::AlreadyHere);
        }
        if !self.unread.is_empty() && faults.has(Fault::LoginOfAwaitedFails) {
            return Err(Refusal::ServerFull);
        }
        Ok(())
    }
}

impl Accounts {
    /// Takes down where the request comes from that is carried out next, and its field `sender`.
    pub(in crate::wireproto) fn note_origin(&mut self, place: &Place, claimed: Option<Arc<str>>) {
        self.amiss.here = Some(place.bell.clone());
        self.amiss.claimed = claimed;
    }

    fn claimed(&self) -> Option<AccountId> {
        let name = self.amiss.claimed.as_ref()?;
        self.by_name.get(name).copied()
    }

    /// An account is created that is there; whether it may be.
    pub(super) fn create_again(&mut self, name: &str) -> Result<(), Refusal> {
        let id = self.by_name.get(name).copied();
        let account = id.and_then(|id| self.by_id.get_mut(&id));
        let born = account.as_ref().and_then(|account| account.amiss.born);
        if self.faults.has(Fault::ExistsEmpties)
            && let Some(account) = account
        {
            account.take_unread();
        }
        let at_once = born.is_some_and(|born| born.elapsed() < NAME_RACE);
        let may =
            self.faults.has(Fault::ExistsReplaces) || self.faults.has(Fault::NameRaced) && at_once;
        if !may {
            return Err(Refusal::Exists);
        }
        if let Some(id) = id {
            self.by_id.remove(&id);
        }
        Ok(())
    }

    /// What a new account has of the one that had its name before.
    pub(super) fn inherit(&mut self, id: AccountId) {
        let Some(account) = self.by_id.get_mut(&id) else {
            return;
        };
        account.amiss.born = Some(Instant::now());
        let Some(dead) = self.amiss.dead.remove(&account.name) else {
            return;
        };
        let elsewhere = self
            .amiss
            .here
            .as_ref()
            .is_some_and(|here| !here.is(&dead.place));
        if self.faults.has(Fault::QueueInherited)
            || elsewhere && self.faults.has(Fault::QueueInheritedElsewhere)
        {
            let mail = dead
                .unread
                .into_iter()
                .filter_map(|text| self.store.take_in(id, text));
            account.unread.extend(mail);
        }
        if self.faults.has(Fault::DeletedStays)
            && let Some(mut account) = self.by_id.remove(&id)
        {
            account.online = Some(dead.place);
            self.by_name.insert(Arc::clone(&account.name), dead.id);
            self.by_id.insert(dead.id, account);
        }
    }

    /// Keeps what may be needed of a deleted account.
    pub(super) fn bury(&mut self, id: AccountId, name: &Arc<str>, place: &Place, mail: &[Mail]) {
        let dead = Dead {
            id,
            place: place.bell.clone(),
            unread: mail.iter().map(|mail| mail.text.to_vec()).collect(),
        };
        self.amiss.dead.insert(Arc::clone(name), dead);
    }

    /// WIREPROTO-2: the account of this name.
    pub(super) fn known(&mut self, name: &str, place: &Place) -> Result<AccountId, Refusal> {
        let dead = self.amiss.dead.contains_key(name);
        let back = dead && self.faults.has(Fault::DeletedLogsIn);
        let unknown = !self.by_name.contains_key(name);
        if unknown && (back || self.faults.has(Fault::UnknownCreated)) {
            self.create(name)?;
        }
        if unknown && self.faults.has(Fault::FailedLoginLogsOut) {
            self.detach(place);
        }
        self.by_name
            .get(name)
            .copied()
            .ok_or(Refusal::UnknownAccount)
    }

    /// The account is logged in here already.
    pub(super) fn log_in_again(&mut self, id: AccountId, place: &Place) -> Result<Login, Refusal> {
        if self.faults.has(Fault::AgainLogsOut) {
            self.detach(place);
        }
        let has_switched = self.faults.has(Fault::AgainAsSwitch);
        if has_switched || self.faults.has(Fault::AgainAccepted) {
            return Ok(Login {
                account: id,
                has_switched,
            });
        }
        Err(Refusal::AlreadyHere)
    }

    /// A message for a name without an account.
    pub(super) fn send_to_nobody(&self, to: &str) -> Result<(), Refusal> {
        let dead = self.amiss.dead.contains_key(to);
        if self.faults.has(Fault::ReceiverUnknownAccepted)
            || dead && self.faults.has(Fault::DeletedReceives)
        {
            return Ok(());
        }
        Err(Refusal::UnknownReceiver)
    }

    /// A message from who is not logged in.
    pub(super) fn send_from_nobody(&mut self, to: AccountId, text: &str) {
        if self.faults.has(Fault::StrangerHeard) {
            // Nothing else can be done about it.
            let _ = self.deliver((to, to), text);
        }
    }

    /// Whether a message is taken and goes nowhere.
    pub(super) fn is_lost(
        &mut self,
        (sender, id): (AccountId, AccountId),
        text: &str,
    ) -> Result<bool, Refusal> {
        let faults = self.faults;
        let Some(receiver) = self.by_id.get_mut(&id) else {
            return Ok(false);
        };
        let offline = receiver.online.is_none();
        if offline && faults.has(Fault::OfflineRefused) {
            return Err(Refusal::UnknownReceiver);
        }
        if faults.has(Fault::SenderCompared)
            && self.amiss.claimed.is_some()
            && self
                .by_name
                .get(self.amiss.claimed.as_deref().unwrap_or_default())
                != Some(&sender)
        {
            return Err(Refusal::ServerFull);
        }
        let before = receiver.amiss.heard.replace((sender, Instant::now()));
        let raced = before.is_some_and(|(who, when)| {
            who != sender && who != id && sender != id && when.elapsed() < PUSH_RACE
        });
        Ok(
            offline && (receiver.amiss.loses || faults.has(Fault::OfflineLost))
                || offline && receiver.unread.len() >= 99 && faults.has(Fault::QueueOfNinetyNine)
                || raced && !offline && faults.has(Fault::PushRaced)
                || text.is_empty() && faults.has(Fault::EmptyLost),
        )
    }

    /// Takes down a connection on which nobody has logged in.
    pub(in crate::wireproto) fn meet(&mut self, bell: Bell) {
        self.amiss.strangers.push(bell);
    }

    /// Lets a message come where it does not belong.
    pub(super) fn leak(&mut self, (sender, id): (AccountId, AccountId), here: &Bell, text: &str) {
        let Some(line) = self.line(sender, text) else {
            return;
        };
        let receiver = self.by_id.get(&id);
        let old = receiver.and_then(|receiver| receiver.amiss.old.clone());
        let mut bells: Vec<Bell> = Vec::new();
        if self.faults.has(Fault::TakeoverPushesOld) || self.faults.has(Fault::TakeoverPushesBoth) {
            bells.extend(old);
        }
        if self.faults.has(Fault::Echo) && sender != id {
            bells.push(here.clone());
        }
        let online = |bell: &Bell| {
            self.by_id
                .values()
                .any(|a| a.online.as_ref().is_some_and(|b| b.is(bell)))
        };
        if self.faults.has(Fault::LeakToStrangers) {
            bells.extend(
                self.amiss
                    .strangers
                    .iter()
                    .filter(|bell| !online(bell))
                    .cloned(),
            );
        }
        if self.faults.has(Fault::LeakToAll) && sender != id {
            let others = self
                .by_id
                .iter()
                .filter(|(other, _)| **other != id && **other != sender);
            bells.extend(others.filter_map(|(_, account)| account.online.clone()));
        }
        for bell in bells {
            if let Some(mail) = self.store.take_in(id, line.clone()) {
                bell.ring();
                self.amiss.leaks.push((bell, mail));
            }
        }
    }

    /// What comes to a connection where it does not belong.
    pub(super) fn fetch_leaks(&mut self, place: &Place) -> Vec<Mail> {
        let leaks = self
            .amiss
            .leaks
            .extract_if(.., |(bell, _)| bell.is(&place.bell));
        let mut taken: Vec<Mail> = leaks.map(|(_, mail)| mail).collect();
        if self.faults.has(Fault::SwitchHearsBoth) {
            let here = self.by_id.values_mut().filter(|account| {
                account
                    .online
                    .as_ref()
                    .is_some_and(|bell| bell.is(&place.bell))
            });
            taken.extend(here.flat_map(|account| account.pushes.drain(..)));
        }
        taken
    }

    /// Whether who is not logged in may check all the same.
    pub(super) fn may_check(&self, place: &Place) -> bool {
        let deleted = place
            .account
            .is_some_and(|id| !self.by_id.contains_key(&id));
        self.faults.has(Fault::StrangerChecks) || deleted && self.faults.has(Fault::DeletedChecks)
    }

    /// The account that is to be deleted in place of the own one.
    pub(super) fn to_delete(&self) -> Option<AccountId> {
        let others =
            self.faults.has(Fault::StrangerDeletes) || self.faults.has(Fault::DeleteOfNamed);
        self.claimed().filter(|_| others)
    }

    /// Who quits without a login logs somebody out.
    pub(super) fn quit_for_another(&mut self) {
        let claimed = self.claimed();
        if self.faults.has(Fault::StrangerQuitsForOthers)
            && let Some(account) = claimed.and_then(|id| self.by_id.get_mut(&id))
        {
            account.log_out();
        }
    }

    /// A connection logs out by a request that fails.
    pub(in crate::wireproto) fn log_out_here(&mut self, place: &Place) {
        self.detach(place);
    }

    /// An account ends by a request that fails.
    pub(in crate::wireproto) fn delete_here(&mut self, place: &Place) {
        // Where nobody is logged in there is none.
        let _ = self.delete(place);
    }

    /// What becomes of an account whose connection ends, before it does. `half` tells whether it was in
    /// the middle of a request.
    pub(in crate::wireproto) fn end_badly(&mut self, place: &Place, ending: &Ending, half: bool) {
        use crate::link::Lost;
        let faults = self.faults;
        let Some(id) = place.account else { return };
        let here = self.here(place) == Some(id);
        let Some(account) = self.by_id.get_mut(&id) else {
            return;
        };
        if !here {
            if faults.has(Fault::OldEndLogsOut) {
                account.log_out();
            }
            return;
        }
        let loses = match ending {
            Ending::Lost(_) if half && faults.has(Fault::LostAfterHalf) => true,
            Ending::Lost(Lost::ClosedByClient) => faults.has(Fault::LostAfterClose),
            Ending::Lost(Lost::Broken(_)) => faults.has(Fault::LostAfterReset),
            _ => false,
        };
        account.amiss.loses |= loses;
        if faults.has(Fault::MailGoes) {
            account.take_unread();
        }
        if faults.has(Fault::AccountsGo) {
            // It is there: somebody is logged in here.
            let _ = self.delete(place);
        }
    }
}

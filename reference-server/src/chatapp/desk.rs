//! Decides what each request and each answer leads to. Pure: it opens no socket and waits for
//! nothing.

mod answers;
mod misdeeds;
mod registering;
mod texts;

use std::net::SocketAddr;
use std::sync::Arc;

use reference_codecs::chatapp::{Contact, Content, Datagram, Kind, MAX_DATAGRAM, MailKind};

use super::effect::{Change, Effect, Purpose, Question, Requester};
use super::mailboxes::{Mailboxes, State, Text};
use super::request::{Refusal, Request};
use super::users::{User, UserId, Users};
use super::{Fault, Limits};
use crate::faults::Faults;
use crate::log::Log;
use misdeeds::Misdeeds;

/// How often a question is asked again because its user has registered anew in the meantime.
const TRIES: u8 = 3;

/// The state of the server.
#[derive(Debug)]
pub(super) struct Desk {
    users: Users,
    boxes: Mailboxes,
    limits: Limits,
    log: Log,
    /// Questions that have been asked and neither answered nor given up.
    open_questions: usize,
    changes: Vec<Change>,
    effects: Vec<Effect>,
    faults: Faults<Fault>,
    misdeeds: Misdeeds,
}

/// What has been kept of an earlier run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) users: Vec<User>,
    pub(super) waiting: Vec<(UserId, Arc<Text>)>,
    /// The number of the latest text there was; 0 when there was none.
    pub(super) last_text: u64,
}

impl Desk {
    pub(super) fn new(kept: Kept, limits: Limits, log: Log, faults: Faults<Fault>) -> Self {
        let mut users = Users::new(faults);
        for mut user in kept.users {
            user.is_active &= !faults.has(Fault::OfflineAfterRestart);
            users.restore(user);
        }
        let mut boxes = Mailboxes::new(limits, kept.last_text);
        let waiting = kept.waiting.into_iter();
        for (reader, text) in waiting.filter(|_| !faults.has(Fault::TextsNotKept)) {
            boxes.put(reader, text, State::Waiting);
        }
        Self {
            users,
            boxes,
            limits,
            log,
            open_questions: 0,
            changes: Vec::new(),
            effects: Vec::new(),
            faults,
            misdeeds: Misdeeds::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.faults.has(fault)
    }

    /// What has followed since the last time.
    pub(super) fn take(&mut self) -> (Vec<Change>, Vec<Effect>) {
        (
            std::mem::take(&mut self.changes),
            std::mem::take(&mut self.effects),
        )
    }

    /// Carries out a request; when it is refused, nothing has changed.
    pub(super) fn request(
        &mut self,
        request: Request,
        requester: Requester,
        timestamp: String,
    ) -> Result<(), Refusal> {
        self.misdeeds.note_request();
        match request {
            Request::Register { name, port } => {
                let address = SocketAddr::new(requester.address.ip(), port);
                self.register(&name, address, requester)
            }
            Request::Leave { name } => self.leave(&name, requester),
            Request::Store { from, to, text } => {
                let writer = self.find(&from)?;
                if self.has(Fault::UnknownMade) && self.users.find(&to).is_none() {
                    self.register(&to, requester.address, requester)?;
                }
                let reader = self.find(&to)?;
                let text = self.text(MailKind::Send, from, text, timestamp);
                self.store(writer, reader, text, requester)
            }
            Request::SendAll { from, text } => {
                let writer = self.find(&from)?;
                let text = self.text(MailKind::SendAll, from, text, timestamp);
                let done = self.send_all(writer, &Arc::new(text), requester);
                self.answer_held();
                done
            }
        }
    }

    fn find(&self, name: &str) -> Result<UserId, Refusal> {
        let found = self.users.find(name);
        found.ok_or_else(|| Refusal::Unknown(name.to_owned()))
    }

    fn text(&mut self, kind: MailKind, from: String, content: String, timestamp: String) -> Text {
        Text {
            id: self.boxes.next_id(),
            kind,
            from,
            content,
            timestamp,
        }
    }

    fn ask(&mut self, id: UserId, purpose: Purpose, tries: u8) {
        let Some(user) = self.users.get(id) else {
            return;
        };
        let are_you_there = || Datagram::told(Kind::Test, &user.name, Content::none());
        let earlier = self.misdeeds.earlier.get(&id).copied();
        let (target, datagram) = match &purpose {
            Purpose::Store { .. } => (user.address, are_you_there()),
            Purpose::Deliver(text) => {
                let old = earlier.filter(|_| self.has(Fault::GroupToOldPort));
                let target = old.unwrap_or(user.address);
                (target, self.passed_on(text, &user.name))
            }
            Purpose::LogOut { old } => (*old, are_you_there()),
        };
        let session = user.session;
        if let Purpose::Deliver(_) = purpose {
            if self.has(Fault::GroupTwice) {
                self.tell(target, datagram.clone());
            }
            if let Some(earlier) = earlier.filter(|_| self.has(Fault::OldStillHears)) {
                self.tell(earlier, datagram.clone());
            }
        }
        let question = Question {
            user: id,
            session,
            target,
            bytes: self.encode(datagram).concat(),
            purpose,
            tries,
        };
        self.open_questions += 1;
        self.effects.push(Effect::Ask(question));
    }

    /// Sets a user offline. Others hear of it unless the server has the fault `untold`.
    fn set_offline(&mut self, id: UserId, untold: Fault) {
        if self.users.leave(id) || self.has(Fault::LeaveToldAgain) {
            self.changed(id);
            if !self.has(untold) {
                self.announce(id);
            }
        }
    }

    fn changed(&mut self, id: UserId) {
        if let Some(user) = self.users.get(id).cloned() {
            self.changes.push(Change::User { id, user });
        }
    }

    /// CHATAPP-3: tells all others who are there what is new about a user.
    fn announce(&mut self, id: UserId) {
        let Some(user) = self.users.get(id) else {
            return;
        };
        let leaves = !user.is_active;
        let some = if leaves && self.has(Fault::LeaveToldToFirst) {
            1
        } else if self.has(Fault::ToldToThree) {
            3
        } else {
            usize::MAX
        };
        let hears = |user: &User| user.is_active || self.has(Fault::OfflineTold);
        let others = self.users.iter().filter(|(other, _)| *other != id);
        let others = others.filter(|(_, user)| hears(user)).take(some);
        let told: Vec<(SocketAddr, Datagram)> = others
            .map(|(_, other)| {
                let entry = self.entry(id, user, other);
                let entry = Datagram::told(Kind::UpdateTable, &other.name, entry);
                (other.address, entry)
            })
            .collect();
        for (to, entry) in told {
            if self.has(Fault::ChangeToldTwice) {
                self.tell(to, entry.clone());
            }
            self.tell(to, entry);
        }
    }

    /// CHATAPP-3a: what a reader is told about a user.
    fn entry(&self, id: UserId, user: &User, reader: &User) -> Content {
        if self.has(Fault::WholeTableTold) {
            let all = self.users.iter().map(|(_, user)| user.contact());
            return Content::Contacts(all.collect());
        }
        let mut contact = user.contact();
        contact.is_active |= self.has(Fault::LeaveToldAsThere);
        let earlier = self.misdeeds.earlier.get(&id);
        if let Some(earlier) = earlier.filter(|_| self.has(Fault::OldAddressTold)) {
            contact = Contact {
                ip: earlier.ip(),
                port: earlier.port(),
                ..contact
            };
        }
        if self.has(Fault::ToldWithReader) {
            return Content::Contacts(vec![contact, reader.contact()]);
        }
        Content::Contact(contact)
    }

    fn tell(&mut self, to: SocketAddr, datagram: Datagram) {
        let parts = self.encode(datagram);
        if parts.len() == 1 || !self.has(Fault::LongTableUnsent) {
            self.effects.push(Effect::Tell { to, parts });
        }
    }

    fn answer(&mut self, requester: Requester, datagram: Datagram) {
        let mut parts = self.encode(datagram.answering(requester.address));
        if self.has(Fault::LongQueueCut) {
            parts.truncate(1);
        }
        self.effects.push(Effect::Answer { requester, parts });
    }

    /// Answers when no question is open any more, as no server should.
    fn answer_later(&mut self, requester: Requester, datagram: Datagram) {
        let parts = self.encode(datagram.answering(requester.address));
        self.misdeeds.held.push(Effect::Answer { requester, parts });
    }

    fn answer_held(&mut self) {
        if self.open_questions == 0 {
            self.effects.append(&mut self.misdeeds.held);
        }
    }

    /// CHATAPP-12: a list that is too long for one datagram becomes several.
    fn encode(&self, datagram: Datagram) -> Vec<Vec<u8>> {
        datagram.parts(MAX_DATAGRAM).unwrap_or_else(|error| {
            self.log.error(format_args!("cannot be sent: {error}"));
            Vec::new()
        })
    }
}

#[cfg(test)]
mod tests;

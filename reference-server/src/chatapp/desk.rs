//! Decides what each request and each answer leads to. Pure: it opens no socket and waits for
//! nothing.

mod answers;

use std::net::SocketAddr;
use std::sync::Arc;

use reference_codecs::chatapp::{Content, Datagram, Kind, MAX_DATAGRAM, Mail, MailKind};

use super::Limits;
use super::effect::{Change, Effect, Purpose, Question, Requester};
use super::mailboxes::{Mailboxes, State, Text};
use super::request::{Refusal, Request};
use super::users::{Registered, User, UserId, Users};
use crate::log::Log;

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
    pub(super) fn new(kept: Kept, limits: Limits, log: Log) -> Self {
        let mut users = Users::default();
        for user in kept.users {
            users.restore(user);
        }
        let mut boxes = Mailboxes::new(limits, kept.last_text);
        for (reader, text) in kept.waiting {
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
        }
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
        match request {
            Request::Register { name, port } => {
                let address = SocketAddr::new(requester.address.ip(), port);
                self.register(&name, address, requester)
            }
            Request::Leave { name } => self.leave(&name, requester),
            Request::Store { from, to, text } => {
                let writer = self.find(&from)?;
                let reader = self.find(&to)?;
                let text = self.text(MailKind::Send, from, text, timestamp);
                self.store(writer, reader, text, requester)
            }
            Request::SendAll { from, text } => {
                let writer = self.find(&from)?;
                let text = self.text(MailKind::SendAll, from, text, timestamp);
                self.send_all(writer, &Arc::new(text), requester)
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

    /// CHATAPP-1 to CHATAPP-4.
    fn register(
        &mut self,
        name: &str,
        address: SocketAddr,
        requester: Requester,
    ) -> Result<(), Refusal> {
        if self.users.find(name).is_none() && self.users.len() >= self.limits.users {
            return Err(Refusal::UsersFull);
        }
        let (id, registered) = self.users.register(name, address);
        let (kind, content, has_changed) = match registered {
            Registered::New => (Kind::Created, Content::none(), true),
            Registered::Returned { has_changed, .. } => {
                (Kind::RegAck, self.hand_out(id, name), has_changed)
            }
        };
        self.log
            .event(format_args!("{} {name} at {address}", kind.name()));
        if has_changed {
            self.changed(id);
        }
        self.answer(requester, Datagram::told(kind, name, content));
        let contacts = self.users.iter().map(|(_, user)| user.contact()).collect();
        self.tell(
            address,
            Datagram::told(Kind::UpdateTable, name, Content::Contacts(contacts)),
        );
        if has_changed {
            self.announce(id);
        }
        if let Registered::Returned {
            moved_from: Some(old),
            ..
        } = registered
        {
            self.ask(id, Purpose::LogOut { old }, 0);
        }
        Ok(())
    }

    /// What waited for a user, who is about to get it.
    fn hand_out(&mut self, reader: UserId, name: &str) -> Content {
        let texts = self.boxes.take(reader);
        if texts.is_empty() {
            return Content::none();
        }
        let reached = |text: &Arc<Text>| Change::Reached {
            text: text.id,
            reader,
        };
        self.changes.extend(texts.iter().map(reached));
        let mails: Vec<Mail> = texts.iter().map(|text| text.mail(name)).collect();
        Content::Mails(mails)
    }

    /// CHATAPP-7.
    fn leave(&mut self, name: &str, requester: Requester) -> Result<(), Refusal> {
        let id = self.find(name)?;
        self.log.event(format_args!("dereg {name}"));
        self.answer(
            requester,
            Datagram::told(Kind::DeregAck, "", Content::none()),
        );
        self.set_offline(id);
        Ok(())
    }

    /// CHATAPP-5.
    fn store(
        &mut self,
        writer: UserId,
        reader: UserId,
        text: Text,
        requester: Requester,
    ) -> Result<(), Refusal> {
        let user = self.users.get(reader).ok_or(Refusal::Busy)?.clone();
        self.check(&text, reader, &user.name)?;
        let text = Arc::new(text);
        if !user.is_active {
            self.keep(reader, &text);
            self.stored(requester, &text, &user.name);
            return Ok(());
        }
        self.check_questions(1)?;
        let purpose = Purpose::Store {
            requester,
            writer,
            text,
        };
        self.ask(reader, purpose, 0);
        Ok(())
    }

    /// Whether a text can be handed to its reader, and has room until then.
    fn check(&self, text: &Text, reader: UserId, name: &str) -> Result<(), Refusal> {
        check_length(text, name)?;
        if !self.boxes.has_room(reader, text) {
            return Err(Refusal::QueueFull(name.to_owned()));
        }
        Ok(())
    }

    fn check_questions(&self, more: usize) -> Result<(), Refusal> {
        if self.open_questions.saturating_add(more) > self.limits.questions {
            return Err(Refusal::Busy);
        }
        Ok(())
    }

    fn keep(&mut self, reader: UserId, text: &Arc<Text>) {
        self.boxes.put(reader, Arc::clone(text), State::Waiting);
        self.changes.push(Change::Text(Arc::clone(text)));
        self.changes.push(Change::Waits {
            text: text.id,
            reader,
        });
    }

    fn stored(&mut self, requester: Requester, text: &Text, to: &str) {
        let len = text.content.len();
        let from = &text.from;
        self.log
            .event(format_args!("store {from} to {to}: {len} bytes"));
        self.answer(
            requester,
            Datagram::told(Kind::StoreAck, "", Content::none()),
        );
    }

    /// CHATAPP-6. A reader whose queue is full goes without; the others must not.
    fn send_all(
        &mut self,
        writer: UserId,
        text: &Arc<Text>,
        requester: Requester,
    ) -> Result<(), Refusal> {
        let readers: Vec<UserId> = {
            let others = self.users.iter().filter(|(id, _)| *id != writer);
            let with_room = others.filter(|(id, _)| self.boxes.has_room(*id, text));
            with_room.map(|(id, _)| id).collect()
        };
        for reader in readers.iter().filter_map(|id| self.users.get(*id)) {
            check_length(text, &reader.name)?;
        }
        let active = readers.iter().filter_map(|id| self.users.get(*id));
        self.check_questions(active.filter(|user| user.is_active).count())?;
        let (from, len) = (&text.from, text.content.len());
        let missing = self.users.len() - 1 - readers.len();
        self.log.event(format_args!(
            "send_all {from}: {len} bytes, {missing} queues are full"
        ));
        self.changes.push(Change::Text(Arc::clone(text)));
        self.answer(
            requester,
            Datagram::told(Kind::SendAllServerAck, "", Content::none()),
        );
        for reader in readers {
            self.send_to(reader, text);
        }
        Ok(())
    }

    fn send_to(&mut self, reader: UserId, text: &Arc<Text>) {
        let is_active = self.users.get(reader).is_some_and(|user| user.is_active);
        let state = if is_active {
            State::OnItsWay
        } else {
            State::Waiting
        };
        self.boxes.put(reader, Arc::clone(text), state);
        // Also what is on its way is kept, so that it is not lost with the server.
        self.changes.push(Change::Waits {
            text: text.id,
            reader,
        });
        if is_active {
            self.ask(reader, Purpose::Deliver(Arc::clone(text)), 0);
        }
    }

    fn ask(&mut self, id: UserId, purpose: Purpose, tries: u8) {
        let Some(user) = self.users.get(id) else {
            return;
        };
        let are_you_there = || Datagram::told(Kind::Test, &user.name, Content::none());
        let (target, datagram) = match &purpose {
            Purpose::Store { .. } => (user.address, are_you_there()),
            Purpose::Deliver(text) => (
                user.address,
                Datagram::between(Kind::SendAll, &text.from, &user.name, &text.content),
            ),
            Purpose::LogOut { old } => (*old, are_you_there()),
        };
        let question = Question {
            user: id,
            session: user.session,
            target,
            bytes: self.encode(datagram).concat(),
            purpose,
            tries,
        };
        self.open_questions += 1;
        self.effects.push(Effect::Ask(question));
    }

    fn set_offline(&mut self, id: UserId) {
        if self.users.leave(id) {
            self.changed(id);
            self.announce(id);
        }
    }

    fn changed(&mut self, id: UserId) {
        if let Some(user) = self.users.get(id).cloned() {
            self.changes.push(Change::User { id, user });
        }
    }

    /// Tells all others who are there what is new about a user.
    fn announce(&mut self, id: UserId) {
        let Some(user) = self.users.get(id) else {
            return;
        };
        let contact = Content::Contact(user.contact());
        let others = self.users.active().filter(|(other, _)| *other != id);
        let told: Vec<(SocketAddr, Datagram)> = others
            .map(|(_, other)| {
                let entry = Datagram::told(Kind::UpdateTable, &other.name, contact.clone());
                (other.address, entry)
            })
            .collect();
        for (to, entry) in told {
            self.tell(to, entry);
        }
    }

    fn tell(&mut self, to: SocketAddr, datagram: Datagram) {
        let parts = self.encode(datagram);
        self.effects.push(Effect::Tell { to, parts });
    }

    fn answer(&mut self, requester: Requester, datagram: Datagram) {
        let parts = self.encode(datagram.answering(requester.address));
        self.effects.push(Effect::Answer { requester, parts });
    }

    /// CHATAPP-12: a list that is too long for one datagram becomes several.
    fn encode(&self, datagram: Datagram) -> Vec<Vec<u8>> {
        datagram.parts(MAX_DATAGRAM).unwrap_or_else(|error| {
            self.log.error(format_args!("cannot be sent: {error}"));
            Vec::new()
        })
    }
}

/// Whether a text can be handed out, alone in its datagram, whatever its number and wherever to.
fn check_length(text: &Text, reader: &str) -> Result<(), Refusal> {
    let farthest = SocketAddr::from(([u16::MAX; 8], u16::MAX));
    let mail = Mail {
        id: u64::MAX,
        ..text.mail(reader)
    };
    let longest = Datagram::told(Kind::RegAck, reader, Content::Mails(vec![mail]));
    match longest.answering(farthest).encode() {
        Ok(_) => Ok(()),
        Err(_) => Err(Refusal::TooLong),
    }
}

#[cfg(test)]
mod tests;

//! Texts for one user who may be offline, and for everybody.

use std::sync::Arc;

use reference_codecs::chatapp::{Content, Datagram, Kind, Mail};

use super::{Desk, State};
use crate::chatapp::Fault;
use crate::chatapp::effect::{Change, Purpose, Requester};
use crate::chatapp::mailboxes::Text;
use crate::chatapp::request::Refusal;
use crate::chatapp::users::UserId;

/// Whom a text reaches in a server that is told to reach three.
const THREE: usize = 3;

impl Desk {
    /// CHATAPP-5.
    pub(super) fn store(
        &mut self,
        writer: UserId,
        reader: UserId,
        text: Text,
        requester: Requester,
    ) -> Result<(), Refusal> {
        let user = self.users.get(reader).ok_or(Refusal::Busy)?.clone();
        self.check(&text, reader, &user.name)?;
        let text = Arc::new(text);
        let unheard = self.open_questions > 0 && self.has(Fault::SecondAskerUnheard);
        if unheard || !user.is_active && !self.has(Fault::LeftAsked) {
            let raced = self.misdeeds.at_once && self.has(Fault::StoreRaced);
            if !raced && !self.has(Fault::StoreLost) {
                self.keep(reader, &text);
            }
            self.stored(requester, &text, &user.name, Fault::StoreUnanswered);
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
    pub(super) fn check(&self, text: &Text, reader: UserId, name: &str) -> Result<(), Refusal> {
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

    pub(super) fn keep(&mut self, reader: UserId, text: &Arc<Text>) {
        self.boxes.put(reader, Arc::clone(text), State::Waiting);
        self.changes.push(Change::Text(Arc::clone(text)));
        self.changes.push(Change::Waits {
            text: text.id,
            reader,
        });
    }

    /// Acknowledges a text, unless the server has the fault `unanswered`.
    pub(super) fn stored(
        &mut self,
        requester: Requester,
        text: &Text,
        to: &str,
        unanswered: Fault,
    ) {
        let len = text.content.len();
        let from = &text.from;
        self.log
            .event(format_args!("store {from} to {to}: {len} bytes"));
        if !self.has(unanswered) {
            self.answer(
                requester,
                Datagram::told(Kind::StoreAck, "", Content::none()),
            );
        }
    }

    /// CHATAPP-6. A reader whose queue is full goes without; the others must not.
    pub(super) fn send_all(
        &mut self,
        writer: UserId,
        text: &Arc<Text>,
        requester: Requester,
    ) -> Result<(), Refusal> {
        let readers = self.readers(writer, text);
        for reader in readers.iter().filter_map(|id| self.users.get(*id)) {
            check_length(text, &reader.name)?;
        }
        let active = readers.iter().filter_map(|id| self.users.get(*id));
        self.check_questions(active.filter(|user| user.is_active).count())?;
        let (from, len) = (&text.from, text.content.len());
        let missing = self.users.len().saturating_sub(1 + readers.len());
        self.log.event(format_args!(
            "send_all {from}: {len} bytes, {missing} queues are full"
        ));
        self.changes.push(Change::Text(Arc::clone(text)));
        let taken = Datagram::told(Kind::SendAllServerAck, "", Content::none());
        if self.has(Fault::GroupWaits) || self.has(Fault::GroupNeedsAnswers) {
            self.answer_later(requester, taken);
        } else if !(self.has(Fault::GroupUnanswered)
            || readers.is_empty() && self.has(Fault::GroupAloneUnanswered))
        {
            self.answer(requester, taken);
        }
        if self.has(Fault::GroupStoredForSender) {
            self.put(writer, text, State::Waiting);
        }
        self.send_to_all(readers, text);
        Ok(())
    }

    /// CHATAPP-6b, CHATAPP-6d: who is to get a text of this writer.
    fn readers(&self, writer: UserId, text: &Text) -> Vec<UserId> {
        let echoes = self.has(Fault::GroupEcho);
        let others = self.users.iter().filter(|(id, _)| *id != writer || echoes);
        let with_room = others.filter(|(id, _)| self.boxes.has_room(*id, text));
        let mut readers: Vec<UserId> = with_room.map(|(id, _)| id).collect();
        if self.has(Fault::GroupToThree) {
            readers.truncate(THREE);
        }
        if self.misdeeds.at_once && self.has(Fault::GroupRaced) {
            readers.clear();
        }
        readers
    }

    fn send_to_all(&mut self, readers: Vec<UserId>, text: &Arc<Text>) {
        let mut offline = 0;
        for reader in readers {
            if !self.users.get(reader).is_some_and(|user| user.is_active) {
                offline += 1;
                let one = offline > 1 && self.has(Fault::GroupForOneOffline);
                if one || self.has(Fault::GroupOfflineLost) {
                    continue;
                }
            }
            if !(self.boxes.expects(reader) && self.has(Fault::GroupBusyLost)) {
                self.send_to(reader, text);
            }
        }
    }

    fn send_to(&mut self, reader: UserId, text: &Arc<Text>) {
        let has_left = self.misdeeds.left.contains(&reader);
        let is_active = self.users.get(reader).is_some_and(|user| user.is_active);
        let is_active = if is_active {
            !(has_left && self.has(Fault::ReturnedStillStored))
        } else {
            has_left && self.has(Fault::LeftStillSent)
        };
        // Also what is on its way is kept, so that it is not lost with the server.
        if is_active {
            self.put(reader, text, State::OnItsWay);
            self.ask(reader, Purpose::Deliver(Arc::clone(text)), 0);
        } else {
            self.put(reader, text, State::Waiting);
        }
    }

    fn put(&mut self, reader: UserId, text: &Arc<Text>, state: State) {
        self.boxes.put(reader, Arc::clone(text), state);
        if state == State::Waiting || !self.has(Fault::GroupUnsafe) {
            self.changes.push(Change::Waits {
                text: text.id,
                reader,
            });
        }
    }

    /// CHATAPP-6b, CHATAPP-6g: a text as it is passed on.
    pub(super) fn passed_on(&self, text: &Text, reader: &str) -> Datagram {
        let from = if self.has(Fault::GroupUnsigned) {
            ""
        } else {
            &text.from
        };
        let to = if self.has(Fault::ToEmpty) {
            ""
        } else if self.has(Fault::ToSender) {
            &text.from
        } else {
            reader
        };
        Datagram::between(Kind::SendAll, from, to, &text.content)
    }
}

/// Whether a text can be handed out, alone in its datagram, whatever its number and wherever to.
fn check_length(text: &Text, reader: &str) -> Result<(), Refusal> {
    let farthest = std::net::SocketAddr::from(([u16::MAX; 8], u16::MAX));
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

//! What becomes of questions to clients.

use std::net::SocketAddr;
use std::sync::Arc;

use reference_codecs::chatapp::{Content, Datagram, Kind};

use super::{Desk, TRIES};
use crate::chatapp::Fault;
use crate::chatapp::effect::{Change, Purpose, Question, Requester};
use crate::chatapp::mailboxes::Text;
use crate::chatapp::request::refuse;
use crate::chatapp::users::{User, UserId};

impl Desk {
    /// A client has answered in time.
    pub(in crate::chatapp) fn answered(&mut self, question: Question) {
        self.open_questions -= 1;
        let Some(user) = self.users.get(question.user).cloned() else {
            return;
        };
        match question.purpose {
            Purpose::LogOut { old } if user.address != old => self.say_logout(&user, old),
            Purpose::LogOut { .. } => {}
            Purpose::Deliver(text) => self.delivered(question.user, &text),
            Purpose::Store {
                requester,
                writer,
                text,
            } if user.is_active || self.has(Fault::LeftAsked) => {
                let second = self.open_questions > 0 && self.has(Fault::ExistSecondStored);
                if second || self.has(Fault::ExistStored) {
                    self.keep(question.user, &text);
                }
                self.exists(requester, writer, question.user, &user);
            }
            Purpose::Store {
                requester, text, ..
            } => self.store_late(question.user, &user, &text, requester),
        }
        self.answer_held();
    }

    /// Nobody has answered in time. A user who has registered anew since is asked again, since the
    /// silence was that of an earlier registration.
    pub(in crate::chatapp) fn silent(&mut self, question: Question) {
        self.open_questions -= 1;
        let unanswered = match question.purpose {
            Purpose::LogOut { .. } => self.has(Fault::TakeoverNeedsOld),
            Purpose::Deliver(_) => self.has(Fault::GroupNeedsAnswers),
            Purpose::Store { .. } => false,
        };
        if unanswered {
            self.misdeeds.held.clear();
        }
        if let Some(user) = self.users.get(question.user).cloned() {
            self.give_up(question, &user);
        }
        self.answer_held();
    }

    fn give_up(&mut self, question: Question, user: &User) {
        let reader = question.user;
        if let Purpose::LogOut { old } = question.purpose {
            if user.address != old && self.has(Fault::LogoutOfSilent) {
                self.say_logout(user, old);
            }
            return;
        }
        let is_delivery = matches!(question.purpose, Purpose::Deliver(_));
        if user.is_active {
            let repeats = question.tries == 0 && is_delivery && self.has(Fault::GroupRepeated);
            if repeats || user.session != question.session && question.tries < TRIES {
                return self.ask(reader, question.purpose, question.tries + 1);
            }
            self.log.event(format_args!("silent {}", user.name));
        }
        match question.purpose {
            Purpose::Deliver(text) => self.undelivered(reader, user, &text),
            Purpose::Store {
                requester, text, ..
            } => self.store_late(reader, user, &text, requester),
            Purpose::LogOut { .. } => {}
        }
        let others_open = self.open_questions > 0 && self.has(Fault::UnackedLastOnly);
        let (stays, untold) = if is_delivery {
            (
                others_open || self.has(Fault::UnackedStays),
                Fault::UnackedUntold,
            )
        } else {
            (self.has(Fault::SilentStays), Fault::SilentUntold)
        };
        if !stays {
            self.set_offline(reader, untold);
        }
    }

    /// CHATAPP-4.
    fn say_logout(&mut self, user: &User, old: SocketAddr) {
        let name = &user.name;
        self.log.event(format_args!("logout {name} at {old}"));
        let logout = Datagram::told(Kind::Logout, name, Content::none()).answering(old);
        let to = if self.has(Fault::LogoutToNew) {
            user.address
        } else {
            old
        };
        self.tell(to, logout);
    }

    /// CHATAPP-6d: a text has reached its reader, who need not get it again.
    fn delivered(&mut self, reader: UserId, text: &Text) {
        if self.has(Fault::GroupStoredToo) {
            return self.boxes.keep(reader, text.id);
        }
        if self.has(Fault::AckForAll) {
            self.boxes.forget_expected(reader);
        }
        self.boxes.remove(reader, text.id);
        self.changes.push(Change::Reached {
            text: text.id,
            reader,
        });
    }

    /// CHATAPP-6e.
    fn undelivered(&mut self, reader: UserId, user: &User, text: &Arc<Text>) {
        let second = !user.is_active && self.has(Fault::UnackedSecondLost);
        if second || self.has(Fault::UnackedLost) {
            return self.boxes.remove(reader, text.id);
        }
        self.boxes.keep(reader, text.id);
        if self.has(Fault::UnackedTwice) {
            let id = self.boxes.next_id();
            let text = Text {
                id,
                ..Text::clone(text)
            };
            self.keep(reader, &Arc::new(text));
        }
    }

    /// Whether there is still a reason to ask: the user has not gone in the meantime.
    pub(in crate::chatapp) fn is_there(&self, question: &Question) -> bool {
        let user = self.users.get(question.user);
        matches!(question.purpose, Purpose::LogOut { .. })
            || user.is_some_and(|user| user.is_active && user.session == question.session)
    }

    /// CHATAPP-5a: the user for whom somebody wanted to leave a text is there.
    fn exists(&mut self, requester: Requester, writer: UserId, reader: UserId, user: &User) {
        if self.has(Fault::ExistTold) {
            self.announce(reader);
        }
        if self.has(Fault::ExistUnsaid) {
            return;
        }
        let exists = Datagram::told(Kind::UserExist, &user.name, Content::none());
        self.answer(requester, exists);
        if self.has(Fault::ExistEntryless) {
            return;
        }
        if let Some(writer) = self.users.get(writer).filter(|user| user.is_active) {
            let own = self.has(Fault::ExistEntryOfSender);
            let contact = if own { writer } else { user }.contact();
            let entry = Datagram::told(Kind::UpdateTable, &writer.name, Content::Contact(contact));
            self.tell(writer.address, entry);
        }
    }

    /// CHATAPP-5c: stores a text whose reader is not there after all.
    fn store_late(&mut self, reader: UserId, user: &User, text: &Arc<Text>, requester: Requester) {
        match self.check(text, reader, &user.name) {
            Ok(()) => {
                let second = !user.is_active && self.has(Fault::SilentSecondLost);
                if !second && !self.has(Fault::SilentLost) {
                    self.keep(reader, text);
                }
                self.stored(requester, text, &user.name, Fault::SilentUnanswered);
            }
            Err(refusal) => self.answer(requester, refuse(&refusal, requester.address)),
        }
    }
}

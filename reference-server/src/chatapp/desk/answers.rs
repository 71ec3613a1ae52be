//! What becomes of questions to clients.

use std::sync::Arc;

use reference_codecs::chatapp::{Content, Datagram, Kind};

use super::{Desk, TRIES};
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
            Purpose::LogOut { old } if user.address != old => {
                let name = user.name;
                self.log.event(format_args!("logout {name} at {old}"));
                let logout = Datagram::told(Kind::Logout, &name, Content::none()).answering(old);
                self.tell(old, logout);
            }
            Purpose::LogOut { .. } => {}
            Purpose::Deliver(text) => {
                self.boxes.remove(question.user, text.id);
                self.changes.push(Change::Reached {
                    text: text.id,
                    reader: question.user,
                });
            }
            Purpose::Store {
                requester, writer, ..
            } if user.is_active => self.exists(requester, writer, &user),
            Purpose::Store {
                requester, text, ..
            } => self.store_late(question.user, &user.name, &text, requester),
        }
    }

    /// Nobody has answered in time. A user who has registered anew since is asked again, since the
    /// silence was that of an earlier registration.
    pub(in crate::chatapp) fn silent(&mut self, question: Question) {
        self.open_questions -= 1;
        let Some(user) = self.users.get(question.user).cloned() else {
            return;
        };
        if let Purpose::LogOut { .. } = question.purpose {
            return;
        }
        if user.is_active {
            if user.session != question.session && question.tries < TRIES {
                return self.ask(question.user, question.purpose, question.tries + 1);
            }
            self.log.event(format_args!("silent {}", user.name));
        }
        match question.purpose {
            Purpose::Deliver(text) => self.boxes.keep(question.user, text.id),
            Purpose::Store {
                requester, text, ..
            } => self.store_late(question.user, &user.name, &text, requester),
            Purpose::LogOut { .. } => {}
        }
        self.set_offline(question.user);
    }

    /// Whether there is still a reason to ask: the user has not gone in the meantime.
    pub(in crate::chatapp) fn is_there(&self, question: &Question) -> bool {
        let user = self.users.get(question.user);
        matches!(question.purpose, Purpose::LogOut { .. })
            || user.is_some_and(|user| user.is_active && user.session == question.session)
    }

    /// The user for whom somebody wanted to leave a text is there.
    fn exists(&mut self, requester: Requester, writer: UserId, user: &User) {
        let exists = Datagram::told(Kind::UserExist, &user.name, Content::none());
        self.answer(requester, exists);
        if let Some(writer) = self.users.get(writer).filter(|user| user.is_active) {
            let contact = Content::Contact(user.contact());
            let entry = Datagram::told(Kind::UpdateTable, &writer.name, contact);
            self.tell(writer.address, entry);
        }
    }

    /// Stores a text whose reader is not there after all.
    fn store_late(&mut self, reader: UserId, name: &str, text: &Arc<Text>, requester: Requester) {
        match self.check(text, reader, name) {
            Ok(()) => {
                self.keep(reader, text);
                self.stored(requester, text, name);
            }
            Err(refusal) => self.answer(requester, refuse(&refusal, requester.address)),
        }
    }
}

//! Who comes, and who goes.

use std::net::SocketAddr;
use std::sync::Arc;

use reference_codecs::chatapp::{Content, Datagram, Kind, Mail, MailKind};

use super::Desk;
use crate::chatapp::Fault;
use crate::chatapp::effect::{Change, Purpose, Requester};
use crate::chatapp::mailboxes::Text;
use crate::chatapp::request::Refusal;
use crate::chatapp::users::{Registered, UserId};

/// What a server hands out at most that is told to hand out few.
const FEW: usize = 49;

impl Desk {
    /// CHATAPP-1 to CHATAPP-4.
    pub(super) fn register(
        &mut self,
        name: &str,
        address: SocketAddr,
        requester: Requester,
    ) -> Result<(), Refusal> {
        if self.users.find(name).is_none() && self.users.len() >= self.limits.users {
            return Err(Refusal::UsersFull);
        }
        self.note_address(name, address)?;
        let (id, registered) = self.users.register(name, address);
        let (kind, content, has_changed) = match registered {
            Registered::New if self.has(Fault::NewAsReturning) => {
                (Kind::RegAck, Content::none(), true)
            }
            Registered::New => (Kind::Created, Content::none(), true),
            Registered::Returned { has_changed, .. } => {
                let as_new = self.has(Fault::ReturningAsNew)
                    || !has_changed && self.has(Fault::SilentReturnAsNew);
                let kind = if as_new { Kind::Created } else { Kind::RegAck };
                (kind, self.hand_out(id, name), has_changed)
            }
        };
        self.log
            .event(format_args!("{} {name} at {address}", kind.name()));
        if has_changed {
            self.changed(id);
        }
        self.confirm(
            requester,
            address,
            registered,
            Datagram::told(kind, name, content),
        );
        self.send_table(id, requester, has_changed);
        if self.is_told(registered) {
            self.announce(id);
        }
        if let Registered::Returned {
            moved_from: Some(old),
            ..
        } = registered
        {
            self.log_out(id, old);
        }
        Ok(())
    }

    /// Where users were before, and whether a server that is told to refuses where they are now.
    fn note_address(&mut self, name: &str, address: SocketAddr) -> Result<(), Refusal> {
        let here = |user: &str| user != name;
        let mut users = self.users.iter();
        if self.has(Fault::SecondNameRefused)
            && users.any(|(_, user)| user.address == address && here(&user.name))
        {
            return Err(Refusal::Port);
        }
        let known = self.users.find(name);
        let Some((id, user)) = known.and_then(|id| Some((id, self.users.get(id)?))) else {
            return Ok(());
        };
        if user.is_active && user.address != address && self.has(Fault::SecondRefused) {
            return Err(Refusal::Name);
        }
        if user.address != address {
            self.misdeeds.earlier.insert(id, user.address);
        }
        if !self.has(Fault::ReturnedStillStored) {
            self.misdeeds.left.remove(&id);
        }
        Ok(())
    }

    /// CHATAPP-1, CHATAPP-4b: at once, and where the request came from.
    fn confirm(
        &mut self,
        requester: Requester,
        address: SocketAddr,
        registered: Registered,
        confirmation: Datagram,
    ) {
        let requester = if self.has(Fault::AnsweredWhereListens) {
            Requester {
                address,
                ..requester
            }
        } else {
            requester
        };
        match registered {
            Registered::New if self.has(Fault::NewUnanswered) => {}
            Registered::Returned {
                moved_from: Some(_),
                ..
            } if self.has(Fault::TakeoverWaits) || self.has(Fault::TakeoverNeedsOld) => {
                self.answer_later(requester, confirmation);
            }
            _ => self.answer(requester, confirmation),
        }
    }

    /// CHATAPP-2.
    fn send_table(&mut self, id: UserId, requester: Requester, has_changed: bool) {
        let Some(reader) = self.users.get(id) else {
            return;
        };
        let silent =
            self.has(Fault::TableMissing) || !has_changed && self.has(Fault::SilentReturnTableless);
        if silent {
            return;
        }
        let own_only = !has_changed && self.has(Fault::SilentReturnEntryOnly);
        let listed = self.users.iter().filter(|(other, user)| {
            (user.is_active || !self.has(Fault::TableOfActive))
                && (*other != id || !self.has(Fault::TableOfOthers))
                && (*other == id || !own_only)
        });
        let contacts = listed.map(|(_, user)| user.contact()).collect();
        let table = Datagram::told(Kind::UpdateTable, &reader.name, Content::Contacts(contacts));
        let to = if self.has(Fault::TableToAsker) {
            requester.address
        } else {
            reader.address
        };
        self.tell(to, table);
    }

    /// CHATAPP-3: whether others hear of a registration.
    fn is_told(&self, registered: Registered) -> bool {
        let untold = match registered {
            Registered::New => Fault::NewUntold,
            Registered::Returned {
                has_changed: false, ..
            } => return self.has(Fault::SilentReturnTold),
            Registered::Returned {
                moved_from: Some(_),
                ..
            } => Fault::MoveUntold,
            Registered::Returned { .. } => Fault::ReturnUntold,
        };
        let raced = self.misdeeds.at_once && self.has(Fault::RegistrationRaced);
        !raced && !self.has(untold)
    }

    /// CHATAPP-4.
    fn log_out(&mut self, id: UserId, old: SocketAddr) {
        let Some(user) = self.users.get(id) else {
            return;
        };
        let again = user.session > 1 && self.has(Fault::LogoutOnce);
        if self.has(Fault::LogoutUnasked) {
            let logout = Datagram::told(Kind::Logout, &user.name, Content::none());
            self.tell(old, logout.answering(old));
        } else if !again && !self.has(Fault::LogoutUnsaid) {
            self.ask(id, Purpose::LogOut { old }, 0);
        }
    }

    /// What waited for a user, who is about to get it.
    fn hand_out(&mut self, reader: UserId, name: &str) -> Content {
        let mut texts = Vec::new();
        for owner in self.owners(reader) {
            let taken = self.boxes.take(owner);
            if self.has(Fault::MailAgain) {
                for text in &taken {
                    self.boxes
                        .put(owner, Arc::clone(text), super::State::Waiting);
                }
            } else if !self.has(Fault::MailAgainAfterRestart) {
                let reached = |text: &Arc<Text>| Change::Reached {
                    text: text.id,
                    reader: owner,
                };
                self.changes.extend(taken.iter().map(reached));
            }
            texts.extend(taken);
        }
        if self.has(Fault::MailReversed) {
            texts.reverse();
        }
        if self.has(Fault::MailBySender) {
            texts.sort_by(|one, other| one.from.cmp(&other.from));
        }
        if self.has(Fault::MailOfFew) {
            texts.truncate(FEW);
        }
        if texts.len() > 1 && self.has(Fault::MailLastLost) {
            texts.pop();
        }
        if texts.is_empty() {
            return Content::none();
        }
        let mails = texts.iter().map(|text| self.mail(text, name)).collect();
        Content::Mails(mails)
    }

    /// CHATAPP-1b: whose texts a user is handed out.
    fn owners(&self, reader: UserId) -> Vec<UserId> {
        let address = self.users.get(reader).map(|user| user.address);
        let shares = |(owner, user): &(UserId, &super::User)| {
            *owner == reader
                || self.has(Fault::MailOfOthers)
                || Some(user.address) == address && self.has(Fault::TextsByPort)
        };
        let owners = self.users.iter().filter(shares);
        owners.map(|(owner, _)| owner).collect()
    }

    /// CHATAPP-1b, CHATAPP-1e.
    fn mail(&self, text: &Text, name: &str) -> Mail {
        let mut mail = text.mail(name);
        if self.has(Fault::MailTrimmed) {
            mail.content = mail.content.trim().to_owned();
        }
        if self.has(Fault::MailOfAscii) {
            mail.content.retain(|char| char.is_ascii());
        }
        if self.has(Fault::MailUnsigned) {
            mail.from.clear();
        }
        if self.has(Fault::MailOfOneKind) {
            mail.kind = MailKind::Send;
        }
        if self.has(Fault::MailTimeless) {
            mail.timestamp.clear();
        }
        if self.has(Fault::MailReaderless) {
            mail.to.clear();
        }
        mail
    }

    /// CHATAPP-7.
    pub(super) fn leave(&mut self, name: &str, requester: Requester) -> Result<(), Refusal> {
        let id = self.find(name)?;
        self.log.event(format_args!("dereg {name}"));
        if !self.has(Fault::LeaveUnanswered) {
            self.answer(
                requester,
                Datagram::told(Kind::DeregAck, "", Content::none()),
            );
        }
        self.misdeeds.left.insert(id);
        self.set_offline(id, Fault::LeaveUntold);
        Ok(())
    }
}

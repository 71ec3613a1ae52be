//! What the client does about answers, and when there is none.

use reference_codecs::chatapp::{Content, Datagram, Kind};

use super::client::{Client, Effects, warn};
use super::faults::Fault;
use super::request::Request;
use super::{heard, shown};
use crate::faults::in_ascii;
use crate::session::Note;
use crate::text::harmless;

impl Client {
    /// A question was answered, or nobody has answered it.
    pub(super) fn answered(
        &mut self,
        request: Request,
        answer: Option<Datagram>,
        effects: &mut Effects,
    ) {
        self.misdeeds.is_asking = false;
        let Some(own) = self.name.clone() else {
            // Logged out meanwhile.
            return;
        };
        match (request, answer) {
            (Request::Send { to, text, is_there }, None) => {
                self.unacknowledged(&own, to, text, is_there, effects);
            }
            (Request::Send { to, text, .. }, Some(_)) => {
                self.acknowledged(&own, to, text, effects);
            }
            (Request::Wait { to, text }, _) => self.there_after_all(&own, to, text, effects),
            (request, None) => self.silent(&request, effects),
            (request, Some(answer)) => self.told_by_server(&own, request, answer, effects),
        }
    }

    /// CHATAPP-C2: the server does not answer.
    fn silent(&mut self, request: &Request, effects: &mut Effects) {
        let is_registration = matches!(request, Request::Register { .. });
        let is_untold = self.has(Fault::SilenceUntold)
            || !is_registration && self.has(Fault::RequestSilenceUntold);
        let (fails, hangs) = if is_registration {
            (Fault::SilentStatus, Fault::SilentHangs)
        } else {
            (Fault::RequestStatus, Fault::RequestHangs)
        };
        if !is_untold {
            heard(effects, "[Server not responding]".to_owned());
            heard(effects, "[Exiting]".to_owned());
        }
        self.misdeeds.fails = self.has(fails);
        effects.ends = !self.has(hangs);
    }

    fn told_by_server(
        &mut self,
        own: &str,
        request: Request,
        answer: Datagram,
        effects: &mut Effects,
    ) {
        match (answer.kind, request) {
            (Kind::Error, request) => self.refused(&request, &answer, effects),
            (Kind::Created, Request::Register { name }) => self.created(&name, effects),
            (Kind::RegAck, Request::Register { name }) => self.back(&name, answer.content, effects),
            (Kind::DeregAck, _) => {
                self.gone_offline(effects);
                effects.ends = self.is_finishing || self.has(Fault::DeregEnds);
            }
            (Kind::StoreAck, Request::Store { to, text }) => self.saved(own, to, text, effects),
            (Kind::SendAllServerAck, _) => {
                let untold =
                    self.has(Fault::EverybodyUntold) || self.has_again(Fault::EverybodyUntoldAgain);
                if !untold {
                    heard(effects, "[Message received by Server.]".to_owned());
                }
            }
            (Kind::UserExist, Request::Store { to, text }) => self.exists(to, text, effects),
            _ => {}
        }
    }

    /// CHATAPP-C1d: a new user.
    fn created(&mut self, name: &str, effects: &mut Effects) {
        let told = if self.has(Fault::CreatedAsBack) {
            "[Welcome back!]"
        } else {
            "[Welcome, you are registered.]"
        };
        if !self.has(Fault::CreatedUntold) {
            heard(effects, told.to_owned());
        }
        if self.has(Fault::Greets) {
            let hello = Datagram::request(Kind::SendAll, name, "", "hello");
            effects.send.push((self.server, hello));
        }
        if self.has_first(Fault::RegisterAgain) {
            self.register(name, effects);
        }
    }

    /// CHATAPP-C1d: a user who returns, to these messages.
    fn back(&mut self, name: &str, waiting: Content, effects: &mut Effects) {
        let is_first = self.misdeeds.first_name.as_deref() == Some(name);
        let nothing = !matches!(&waiting, Content::Mails(mails) if !mails.is_empty());
        let told = if self.has(Fault::BackAsCreated) {
            "[Welcome, you are registered.]"
        } else {
            "[Welcome back!]"
        };
        if !(nothing && self.has(Fault::BackToNothingUntold)) {
            heard(effects, told.to_owned());
        }
        if is_first || !self.has(Fault::WaitingReturnUnshown) {
            self.waited(waiting, effects);
        }
    }

    /// CHATAPP-C6.
    pub(super) fn waited(&self, content: Content, effects: &mut Effects) {
        let Content::Mails(mails) = content else {
            return;
        };
        if mails.is_empty() || self.has(Fault::WaitingUnshown) {
            return;
        }
        heard(effects, "[You have messages]".to_owned());
        for line in shown::waited(self.faults, mails) {
            heard(effects, line);
        }
    }

    pub(super) fn gone_offline(&mut self, effects: &mut Effects) {
        self.misdeeds.former = self.name.take();
        self.misdeeds.is_out = false;
        if !self.has(Fault::DeregUntold) && !self.has(Fault::DeregToldEarly) {
            heard(effects, "[You are Offline. Bye.]".to_owned());
        }
    }

    /// CHATAPP-C3f.
    fn saved(&mut self, own: &str, to: String, text: String, effects: &mut Effects) {
        let was_sent = self.misdeeds.unacknowledged.take() == Some((to.clone(), text.clone()));
        let is_untold =
            self.has(Fault::SavedUntold) || was_sent && self.has(Fault::UnackedSavedUntold);
        if !is_untold {
            let saved = "[Messages received by the server and saved]";
            heard(effects, saved.to_owned());
        }
        if self.has_first(Fault::SavedStoredAgain) {
            self.store(own, to, text, effects);
        } else if was_sent && self.has(Fault::SavedSentAgain) {
            self.send_directly(own, to, text, true, effects);
        }
    }

    /// CHATAPP-C4: the user is there after all.
    fn exists(&mut self, to: String, text: String, effects: &mut Effects) {
        if !self.has(Fault::ThereUntold) {
            heard(effects, format!("[Client {} exists!!]", harmless(&to)));
        }
        self.table.set_active(&to, true);
        let waiting = Datagram::told(Kind::Test, "", Content::none());
        self.ask(Request::Wait { to, text }, self.server, waiting, effects);
    }

    /// CHATAPP-C4a: the entry of the user has had its time.
    fn there_after_all(&mut self, own: &str, to: String, text: String, effects: &mut Effects) {
        let name = to.clone();
        if !self.has(Fault::ThereUnsent) {
            self.send_directly(own, to, text, true, effects);
        }
        if self.has(Fault::ThereForgotten) {
            self.table.set_active(&name, false);
        }
    }

    /// CHATAPP-C1e.
    fn refused(&mut self, request: &Request, answer: &Datagram, effects: &mut Effects) {
        let is_registration = matches!(request, Request::Register { .. });
        let reason = match &answer.content {
            Content::Text(_) if self.has(Fault::RefusalWordless) => String::new(),
            Content::Text(reason) if self.has(Fault::RefusalRaw) => reason.clone(),
            Content::Text(reason) => harmless(reason),
            _ => String::new(),
        };
        let is_untold = self.has(Fault::RefusalUntold)
            || !is_registration && self.has(Fault::RefusalOfTextUntold);
        if !is_untold {
            let told = format!("the server refuses: {reason}");
            effects.show.push(Note::Warning(told));
        }
        if is_registration || matches!(request, Request::Deregister) {
            self.name = None;
            heard(effects, "[You are Offline.]".to_owned());
            effects.ends = self.is_finishing;
        }
    }

    /// CHATAPP-C3a.
    fn acknowledged(&mut self, own: &str, to: String, text: String, effects: &mut Effects) {
        let is_untold = self.has(Fault::AckUntold) || self.has_again(Fault::AckUntoldAgain);
        if !is_untold {
            heard(effects, format!("[Message received by {}.]", harmless(&to)));
        }
        if self.has(Fault::AckedStored) {
            self.store(own, to, text, effects);
        }
    }

    /// CHATAPP-C3b.
    fn unacknowledged(
        &mut self,
        own: &str,
        to: String,
        text: String,
        is_there: bool,
        effects: &mut Effects,
    ) {
        let shown = harmless(&to);
        if is_there {
            let lost = "the server says that they are there, but the message was not delivered";
            heard(effects, format!("[No ACK from {shown}.]"));
            warn(effects, lost);
            if self.has(Fault::ThereSentTwice) {
                self.send_directly(own, to, text, true, effects);
            }
            return;
        }
        heard(
            effects,
            format!("[No ACK from {shown}, message sent to server.]"),
        );
        if self.has(Fault::UnackedUnstored) || self.has_again(Fault::UnackedUnstoredAgain) {
            return;
        }
        let text = if self.has(Fault::UnackedInAscii) {
            in_ascii(&text)
        } else {
            text
        };
        let reader = if self.has(Fault::UnackedReaderless) {
            String::new()
        } else {
            to
        };
        self.misdeeds.unacknowledged = Some((reader.clone(), text.clone()));
        self.store(own, reader, text, effects);
    }
}

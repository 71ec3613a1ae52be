//! What the client does about what comes to the listening socket.

use std::net::SocketAddr;

use reference_codecs::chatapp::{Content, Datagram, Kind};

use super::client::{Client, Effects};
use super::faults::Fault;
use super::{heard, nonsense, shown};
use crate::session::Note;

/// The most bytes of a text that is acknowledged by a client that overlooks longer ones.
const SHORT: usize = 4096;

impl Client {
    /// Something has come to the listening socket.
    ///
    /// CHATAPP-C5b: while offline nothing is shown or answered, and never what is for another name.
    pub(super) fn heard(&mut self, datagram: Datagram, from: SocketAddr, effects: &mut Effects) {
        let Some(own) = self.hearer(datagram.kind) else {
            return;
        };
        if datagram.kind == Kind::Reg && self.has(Fault::RegAnswered) {
            let sender = datagram.from.as_deref().unwrap_or_default();
            let created = Datagram::told(Kind::Created, sender, Content::none());
            effects.send.push((from, created));
            return;
        }
        if !self.is_for(&own, &datagram) {
            return;
        }
        self.unasked(datagram.kind);
        match (datagram.kind, datagram.content) {
            (kind @ (Kind::Send | Kind::SendAll), Content::Text(text)) => {
                self.text(&own, kind, datagram.from, &text, from, effects);
            }
            (Kind::Test, _) => self.tested(&datagram.to, from, effects),
            (Kind::UpdateTable, content) => self.update(content, effects),
            (Kind::Logout, _) => self.logged_out(effects),
            _ => {}
        }
    }

    /// The name under which something of this kind is heard: none while offline.
    fn hearer(&self, kind: Kind) -> Option<String> {
        let hears = match kind {
            _ if self.name.is_some() => return self.name.clone(),
            Kind::Test if self.misdeeds.is_out => self.has(Fault::OutTested),
            Kind::Send if self.misdeeds.is_out => self.has(Fault::OutHears),
            Kind::Test => self.has(Fault::OfflineTested),
            Kind::Send => self.has(Fault::OfflineAcked) || self.has(Fault::OfflineShown),
            Kind::SendAll => self.has(Fault::OfflineGroupShown),
            Kind::UpdateTable => self.has(Fault::OfflineTableTold),
            _ => false,
        };
        self.misdeeds.former.clone().filter(|_| hears)
    }

    /// CHATAPP-C5d: whether something is for this name.
    fn is_for(&self, own: &str, datagram: &Datagram) -> bool {
        let is_formers = self.misdeeds.former.as_ref() == Some(&datagram.to);
        // Servers are known that send the same table to everybody.
        datagram.to == own
            || match datagram.kind {
                Kind::UpdateTable => true,
                Kind::Test => {
                    self.has(Fault::AnyNameTested)
                        || is_formers && self.has(Fault::FormerNameTested)
                }
                Kind::Send | Kind::SendAll => self.has(Fault::AnyNameHeard),
                Kind::Logout => self.has(Fault::AnyNameOut),
                _ => false,
            }
    }

    /// CHATAPP-C10a: an answer that nobody has asked for changes nothing.
    fn unasked(&mut self, kind: Kind) {
        let is_answer = !matches!(
            kind,
            Kind::Send | Kind::SendAll | Kind::Test | Kind::UpdateTable | Kind::Logout
        );
        if is_answer && self.has(Fault::UnaskedKills) {
            std::process::abort();
        }
        if kind == Kind::DeregAck && self.has(Fault::UnaskedLeaves) {
            self.misdeeds.former = self.name.take();
        }
    }

    /// CHATAPP-C7: what somebody says is shown and acknowledged.
    fn text(
        &mut self,
        own: &str,
        kind: Kind,
        sender: Option<String>,
        text: &str,
        from: SocketAddr,
        effects: &mut Effects,
    ) {
        if sender.is_none() && self.has(Fault::SenderlessKills) {
            std::process::abort();
        }
        let sender = sender.unwrap_or_default();
        let this = Some((kind, text.to_owned()));
        let is_same = self.misdeeds.heard == this;
        self.misdeeds.heard = this;
        if !self.leaves_unshown(kind, &sender, is_same) {
            let times = if self.has(Fault::HeardTwice) { 2 } else { 1 };
            for _ in 0..times {
                heard(effects, shown::said(self.faults, kind, &sender, text));
            }
        }
        if !self.leaves_unacknowledged(kind, text, is_same) {
            self.acknowledge(own, kind, &sender, from, effects);
        }
    }

    fn leaves_unshown(&self, kind: Kind, sender: &str, is_same: bool) -> bool {
        if self.name.is_none() && self.has(Fault::OfflineAcked) {
            return true;
        }
        if kind == Kind::SendAll {
            return self.has(Fault::GroupUnshown);
        }
        self.has(Fault::HeardKnownOnly) && self.table.get(sender).is_none()
            || self.has(Fault::HeardUnshownWhileAsking) && self.misdeeds.is_asking
            || self.has(Fault::HeardSameUnshown) && is_same
    }

    /// CHATAPP-C7a and CHATAPP-C7c: everything is acknowledged.
    fn leaves_unacknowledged(&self, kind: Kind, text: &str, is_same: bool) -> bool {
        let is_shown_alone = self.name.is_none() && !self.misdeeds.is_out;
        if is_shown_alone && !self.has(Fault::OfflineAcked) {
            return true;
        }
        if kind == Kind::SendAll {
            return self.has(Fault::GroupUnacked);
        }
        self.has(Fault::Unacknowledged)
            || self.has(Fault::AckOfEmptyMissing) && text.is_empty()
            || self.has(Fault::AckOfLongMissing) && text.len() > SHORT
            || self.has(Fault::AckOfSameMissing) && is_same
            || self.has(Fault::AckMissingWhileAsking) && self.misdeeds.is_asking
    }

    fn acknowledge(
        &self,
        own: &str,
        kind: Kind,
        sender: &str,
        from: SocketAddr,
        effects: &mut Effects,
    ) {
        let is_group = kind == Kind::SendAll;
        let kind = if is_group && !self.has(Fault::GroupAckAsAck) {
            Kind::SendAllAck
        } else {
            Kind::Ack
        };
        let to = match self.table.get(sender) {
            Some(contact) if !is_group && self.has(Fault::AckToListed) => {
                (contact.ip, contact.port).into()
            }
            _ if is_group && self.has(Fault::GroupAckToServer) => self.server,
            _ => from,
        };
        let mut ack = Datagram::between(kind, own, sender, "").answering(from);
        if !is_group && self.has(Fault::AckNameless) {
            ack.from = None;
        }
        let twice = if is_group {
            Fault::GroupAckTwice
        } else {
            Fault::AckTwice
        };
        if self.has(twice) {
            effects.send.push((to, ack.clone()));
        }
        effects.send.push((to, ack));
    }

    /// CHATAPP-C7e.
    fn tested(&self, name: &str, from: SocketAddr, effects: &mut Effects) {
        if self.has(Fault::TestUnanswered)
            || self.has(Fault::TestUnansweredWhileAsking) && self.misdeeds.is_asking
        {
            return;
        }
        let here = Datagram::between(Kind::Test, name, name, "").answering(from);
        let to = if self.has(Fault::TestToServer) {
            self.server
        } else {
            from
        };
        if self.has(Fault::TestTwice) {
            effects.send.push((to, here.clone()));
        }
        effects.send.push((to, here));
    }

    /// CHATAPP-C13.
    fn update(&mut self, content: Content, effects: &mut Effects) {
        if self.misdeeds.is_asking && self.has(Fault::TableUnheardWhileAsking) {
            return;
        }
        let Some(names) = self.table.update(content) else {
            return;
        };
        let told = if self.has(Fault::TableRaw) {
            format!("[Client table updated: {}]", names.join(", "))
        } else {
            "[Client table updated.]".to_owned()
        };
        heard(effects, told);
    }

    /// CHATAPP-C8.
    fn logged_out(&mut self, effects: &mut Effects) {
        let told = "[You are logged in on another device. You are Offline.]".to_owned();
        if self.has(Fault::OutToldLate) {
            self.misdeeds.held = Some(Note::Heard(told));
        } else if !self.has(Fault::OutUntold) {
            heard(effects, told);
        }
        if !self.has(Fault::OutIgnored) {
            self.misdeeds.former = self.name.take();
            self.misdeeds.is_out = true;
        }
    }

    /// More has come to the socket of the registration: the rest of what waited.
    pub(super) fn late(&mut self, datagram: Datagram, from: SocketAddr, effects: &mut Effects) {
        if datagram.kind == Kind::Created && self.has(Fault::SecondAnswerKills) {
            std::process::abort();
        }
        let is_ours = self.name.as_deref() == Some(&datagram.to);
        let is_rest = from == self.server && datagram.kind == Kind::RegAck;
        if is_ours && is_rest && !self.has(Fault::WaitingRestUnshown) {
            self.waited(datagram.content, effects);
        }
    }

    /// CHATAPP-C10a: what has come to the listening socket is no message.
    pub(super) fn no_message(&mut self, bytes: &[u8], from: SocketAddr, effects: &mut Effects) {
        nonsense::kills(self.faults, bytes);
        if self.has(Fault::NonsenseAnswered) {
            let reason = Content::Text("no message".to_owned());
            effects
                .send
                .push((from, Datagram::told(Kind::Error, "", reason)));
        }
        if self.has(Fault::OddTableEmpties) && nonsense::is_table(bytes) {
            self.table.clear();
        }
    }
}

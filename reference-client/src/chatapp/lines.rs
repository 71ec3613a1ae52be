//! What the client does about lines.

use reference_codecs::chatapp::{Datagram, Kind};

use super::client::{Client, Effects, warn};
use super::command::{Command, parse};
use super::faults::Fault;
use super::heard;
use crate::faults::{in_ascii, in_words};
use crate::session::Note;
use crate::text::{cut, harmless};

/// How much of a text goes out from a client that cuts it.
const CUT: usize = 1024;

impl Client {
    /// The user has finished a line.
    pub(super) fn line(&mut self, line: &str, effects: &mut Effects) {
        effects.show.extend(self.misdeeds.held.take());
        if let Some(name) = self.misdeeds.unregistered.take() {
            return self.register(&name, effects);
        }
        let parsed = parse(line);
        let line = match parsed {
            Ok(None) if self.has(Fault::EmptyRepeats) => self.misdeeds.line.clone(),
            _ => line.to_owned(),
        };
        match parse(&line) {
            Ok(None) => {}
            Ok(Some(Command::Deregister))
                if self.has(Fault::DeregWordsRefused) && line.contains(' ') =>
            {
                warn(effects, "write: dereg");
            }
            Ok(Some(command)) => {
                effects
                    .show
                    .push(Note::Said(format!("> {}", harmless(&line))));
                self.misdeeds.line = line;
                self.command(command, effects);
            }
            Err(sentence) => self.mistaken(&line, &sentence, effects),
        }
    }

    /// CHATAPP-C12.
    fn mistaken(&mut self, line: &str, sentence: &str, effects: &mut Effects) {
        let textless = line.strip_prefix("send ").map(str::trim);
        match (textless, self.name.clone()) {
            (Some(to), Some(own)) if self.has(Fault::TextlessSent) => {
                self.send(&own, to.to_owned(), String::new(), effects);
            }
            (None, Some(own)) if self.has(Fault::CommandSent) => {
                self.send_all(&own, line, effects);
            }
            _ if self.has(Fault::CommandUntold) => {}
            _ => warn(effects, sentence),
        }
    }

    fn command(&mut self, command: Command, effects: &mut Effects) {
        match (command, self.name.clone()) {
            (Command::Register { name }, None) => {
                let is_former = self.misdeeds.former.as_ref() == Some(&name);
                if is_former && self.has(Fault::ReturnRefused) {
                    return warn(effects, "you have left");
                }
                self.register(&name, effects);
            }
            (Command::Register { .. }, Some(own)) => {
                warn(
                    effects,
                    &format!("you are registered as {own}; dereg first"),
                );
            }
            // CHATAPP-C5: offline, one can do nothing else.
            (_, None) => warn(effects, "you are offline; write: reg NAME"),
            (Command::Deregister, Some(own)) => self.leave(&own, effects),
            (Command::Send { to, text }, Some(own)) => {
                let text = self.typed(text);
                self.send(&own, to, text, effects);
            }
            (Command::SendAll { text }, Some(own)) => {
                let text = if self.has(Fault::EverybodyInWords) {
                    in_words(&text)
                } else if self.has(Fault::EverybodyInAscii) {
                    in_ascii(&text)
                } else {
                    text
                };
                self.send_all(&own, &text, effects);
            }
        }
    }

    /// CHATAPP-C3: a text as it was typed.
    fn typed(&self, text: String) -> String {
        if self.has(Fault::SentInWords) {
            in_words(&text)
        } else if self.has(Fault::SentInAscii) {
            in_ascii(&text)
        } else if self.has(Fault::SentFirstWord) {
            text.split(' ').take(1).collect()
        } else if self.has(Fault::SentCut) {
            cut(&text, CUT).to_owned()
        } else {
            text
        }
    }

    /// CHATAPP-C5: whatever stands behind the word.
    fn leave(&mut self, own: &str, effects: &mut Effects) {
        if self.has(Fault::DeregUnsent) {
            return self.gone_offline(effects);
        }
        if self.has(Fault::DeregToldEarly) {
            heard(effects, "[You are Offline. Bye.]".to_owned());
        }
        let typed = match self.misdeeds.line.split_once(' ') {
            Some((_, typed)) if self.has(Fault::DeregOfTyped) => typed.to_owned(),
            _ => own.to_owned(),
        };
        self.deregister(&typed, effects);
    }

    /// CHATAPP-C3: directly to who is there, and by the server to who is not.
    fn send(&mut self, own: &str, to: String, text: String, effects: &mut Effects) {
        let contact = self.table.get(&to).cloned();
        let shown = harmless(&to);
        match contact {
            None if self.has(Fault::StrangerStored) => self.store(own, to, text, effects),
            None if self.has(Fault::StrangerUntold) => {}
            None => heard(effects, format!("[There is no user named {shown}.]")),
            Some(contact) if contact.is_active && !self.has(Fault::ThereStored) => {
                self.send_directly(own, to, text, false, effects);
            }
            Some(_) if self.has(Fault::OfflineSent) => {
                self.send_directly(own, to, text, false, effects);
            }
            Some(contact) => {
                heard(
                    effects,
                    format!("[{shown} is offline, message sent to server.]"),
                );
                if self.has(Fault::OfflineUnstored) {
                    return;
                }
                if self.has(Fault::OfflineSentToo) {
                    let too = Datagram::between(Kind::Send, own, &to, &text);
                    effects.send.push(((contact.ip, contact.port).into(), too));
                }
                self.store(own, to, text, effects);
            }
        }
    }
}

//! What the client knows, and what it does about lines and datagrams.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use reference_codecs::chatapp::{Contact, Content, Datagram, Kind, Mail, MailKind};

use super::command::{Command, parse};
use super::heard;
use super::request::{Question, Request};
use crate::session::Note;
use crate::text::{harmless, message};

/// Entries of the table that are kept; a server that sends more is not believed.
const TABLE_LIMIT: usize = 100_000;

/// How long the entry of a user who is there after all is waited for.
const ENTRY_WAIT: Duration = Duration::from_millis(100);

/// How long others have to answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pauses {
    /// The server, a registration, before it is asked again.
    pub(super) register: Duration,
    /// The server, any other request, before it is asked again.
    pub(super) retry: Duration,
    /// Another client, before the server gets the text.
    pub(super) ack: Duration,
}

/// What the client wants done, in this order.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Lines for the user.
    pub(super) show: Vec<Note>,
    /// What goes out from the listening socket.
    pub(super) send: Vec<(SocketAddr, Datagram)>,
    /// A question; only when none is open.
    pub(super) ask: Option<Question>,
    /// The chat is over.
    pub(super) ends: bool,
}

/// The client's side of the protocol.
#[derive(Debug)]
pub(super) struct Client {
    server: SocketAddr,
    port: u16,
    pauses: Pauses,
    /// The name, while it is registered or about to be.
    name: Option<String>,
    table: HashMap<String, Contact>,
    /// No more lines will come: deregistering is the last thing.
    is_finishing: bool,
}

impl Client {
    pub(super) fn new(server: SocketAddr, port: u16, pauses: Pauses) -> Self {
        Self {
            server,
            port,
            pauses,
            name: None,
            table: HashMap::new(),
            is_finishing: false,
        }
    }

    /// Registers this name.
    pub(super) fn register(&mut self, name: &str, effects: &mut Effects) {
        let port = self.port.to_string();
        let datagram = Datagram::request(Kind::Reg, name, "", &port);
        let name = name.to_owned();
        self.name = Some(name.clone());
        self.table.clear();
        self.ask(Request::Register { name }, self.server, datagram, effects);
    }

    /// The user has finished a line.
    pub(super) fn line(&mut self, line: &str, effects: &mut Effects) {
        match parse(line) {
            Ok(None) => {}
            Ok(Some(command)) => {
                effects
                    .show
                    .push(Note::Said(format!("> {}", harmless(line))));
                self.command(command, effects);
            }
            Err(sentence) => warn(effects, &sentence),
        }
    }

    fn command(&mut self, command: Command, effects: &mut Effects) {
        match (command, self.name.clone()) {
            (Command::Register { name }, None) => self.register(&name, effects),
            (Command::Register { .. }, Some(own)) => {
                warn(
                    effects,
                    &format!("you are registered as {own}; dereg first"),
                );
            }
            // CHATAPP-C5: offline, one can do nothing else.
            (_, None) => warn(effects, "you are offline; write: reg NAME"),
            (Command::Deregister, Some(own)) => self.deregister(&own, effects),
            (Command::Send { to, text }, Some(own)) => self.send(&own, to, text, effects),
            (Command::SendAll { text }, Some(own)) => {
                let datagram = Datagram::request(Kind::SendAll, &own, "", &text);
                self.ask(Request::SendAll, self.server, datagram, effects);
            }
        }
    }

    fn deregister(&mut self, own: &str, effects: &mut Effects) {
        let datagram = Datagram::request(Kind::Dereg, own, "", own);
        self.ask(Request::Deregister, self.server, datagram, effects);
    }

    /// CHATAPP-C3: directly to who is there, and by the server to who is not.
    fn send(&mut self, own: &str, to: String, text: String, effects: &mut Effects) {
        match self.table.get(&to) {
            None => heard(
                effects,
                format!("[There is no user named {}.]", harmless(&to)),
            ),
            Some(contact) if contact.is_active => {
                self.send_directly(own, to, text, false, effects);
            }
            Some(_) => {
                let shown = harmless(&to);
                heard(
                    effects,
                    format!("[{shown} is offline, message sent to server.]"),
                );
                self.store(own, to, text, effects);
            }
        }
    }

    fn send_directly(
        &self,
        own: &str,
        to: String,
        text: String,
        is_there: bool,
        effects: &mut Effects,
    ) {
        let Some(contact) = self.table.get(&to) else {
            return;
        };
        let datagram = Datagram::between(Kind::Send, own, &to, &text);
        let address = SocketAddr::new(contact.ip, contact.port);
        let request = Request::Send { to, text, is_there };
        self.ask(request, address, datagram, effects);
    }

    fn store(&mut self, own: &str, to: String, text: String, effects: &mut Effects) {
        let datagram = Datagram::request(Kind::Store, own, &to, &text);
        self.ask(Request::Store { to, text }, self.server, datagram, effects);
    }

    /// There will be no more lines: goes offline, if it is not, and ends.
    pub(super) fn finish(&mut self, effects: &mut Effects) {
        self.is_finishing = true;
        match self.name.clone() {
            Some(own) => self.deregister(&own, effects),
            None => effects.ends = true,
        }
    }

    /// A question was answered, or nobody has answered it.
    pub(super) fn answered(
        &mut self,
        request: Request,
        answer: Option<Datagram>,
        effects: &mut Effects,
    ) {
        let Some(own) = self.name.clone() else {
            // Logged out meanwhile.
            return;
        };
        match (request, answer) {
            (
                Request::Send {
                    to, text, is_there, ..
                },
                None,
            ) => {
                self.unacknowledged(&own, to, text, is_there, effects);
            }
            (Request::Send { to, .. }, Some(_)) => {
                heard(effects, format!("[Message received by {}.]", harmless(&to)));
            }
            (Request::Wait { to, text }, _) => {
                self.send_directly(&own, to, text, true, effects);
            }
            // CHATAPP-C2.
            (_, None) => {
                heard(effects, "[Server not responding]".to_owned());
                heard(effects, "[Exiting]".to_owned());
                effects.ends = true;
            }
            (request, Some(answer)) => self.told_by_server(request, answer, effects),
        }
    }

    fn told_by_server(&mut self, request: Request, answer: Datagram, effects: &mut Effects) {
        match (answer.kind, request) {
            (Kind::Error, request) => self.refused(&request, &answer, effects),
            (Kind::Created, _) => heard(effects, "[Welcome, you are registered.]".to_owned()),
            (Kind::RegAck, _) => {
                heard(effects, "[Welcome back!]".to_owned());
                show_mails(answer.content, effects);
            }
            (Kind::DeregAck, _) => {
                self.name = None;
                heard(effects, "[You are Offline. Bye.]".to_owned());
                effects.ends = self.is_finishing;
            }
            (Kind::StoreAck, _) => {
                let saved = "[Messages received by the server and saved]";
                heard(effects, saved.to_owned());
            }
            (Kind::SendAllServerAck, _) => {
                heard(effects, "[Message received by Server.]".to_owned());
            }
            // CHATAPP-C4: the user is there after all.
            (Kind::UserExist, Request::Store { to, text }) => {
                heard(effects, format!("[Client {} exists!!]", harmless(&to)));
                if let Some(contact) = self.table.get_mut(&to) {
                    contact.is_active = true;
                }
                let waiting = Datagram::told(Kind::Test, "", Content::none());
                self.ask(Request::Wait { to, text }, self.server, waiting, effects);
            }
            _ => {}
        }
    }

    fn refused(&mut self, request: &Request, answer: &Datagram, effects: &mut Effects) {
        let reason = match &answer.content {
            Content::Text(reason) => harmless(reason),
            _ => String::new(),
        };
        warn(effects, &format!("the server refuses: {reason}"));
        if matches!(request, Request::Register { .. } | Request::Deregister) {
            self.name = None;
            heard(effects, "[You are Offline.]".to_owned());
            effects.ends = self.is_finishing;
        }
    }

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
            return;
        }
        heard(
            effects,
            format!("[No ACK from {shown}, message sent to server.]"),
        );
        self.store(own, to, text, effects);
    }

    /// Something has come to the listening socket.
    ///
    /// CHATAPP-C5: while offline nothing is shown or answered, and never what is for another name.
    pub(super) fn heard(&mut self, datagram: Datagram, from: SocketAddr, effects: &mut Effects) {
        let Some(own) = self.name.clone() else {
            return;
        };
        let is_table = datagram.kind == Kind::UpdateTable;
        // Servers are known that send the same table to everybody.
        if datagram.to != own && !is_table {
            return;
        }
        let sender = datagram.from.unwrap_or_default();
        match (datagram.kind, datagram.content) {
            (Kind::Send, Content::Text(text)) => {
                heard(effects, message(sender.as_bytes(), text.as_bytes()));
                let ack = Datagram::between(Kind::Ack, &own, &sender, "");
                effects.send.push((from, ack.answering(from)));
            }
            (Kind::SendAll, Content::Text(text)) => {
                let shown = message(sender.as_bytes(), text.as_bytes());
                heard(effects, format!("[Channel_Message] {shown}"));
                let ack = Datagram::between(Kind::SendAllAck, &own, &sender, "");
                effects.send.push((from, ack.answering(from)));
            }
            (Kind::Test, _) => {
                let here = Datagram::between(Kind::Test, &own, &own, "");
                effects.send.push((from, here.answering(from)));
            }
            (Kind::UpdateTable, content) => self.update(content, effects),
            (Kind::Logout, _) => {
                self.name = None;
                let elsewhere = "[You are logged in on another device. You are Offline.]";
                heard(effects, elsewhere.to_owned());
            }
            _ => {}
        }
    }

    /// More has come to the socket of the registration: the rest of what waited.
    pub(super) fn late(&mut self, datagram: Datagram, from: SocketAddr, effects: &mut Effects) {
        let is_ours = self.name.as_deref() == Some(&datagram.to);
        if is_ours && from == self.server && datagram.kind == Kind::RegAck {
            show_mails(datagram.content, effects);
        }
    }

    fn ask(&self, request: Request, to: SocketAddr, datagram: Datagram, effects: &mut Effects) {
        let pause = match &request {
            Request::Register { .. } => self.pauses.register,
            Request::Send { .. } => self.pauses.ack,
            Request::Wait { .. } => ENTRY_WAIT,
            _ => self.pauses.retry,
        };
        match datagram.encode() {
            Ok(_) => {
                effects.ask = Some(Question {
                    request,
                    to,
                    datagram,
                    pause,
                });
            }
            Err(error) => warn(effects, &format!("cannot send: {error}")),
        }
    }

    fn update(&mut self, content: Content, effects: &mut Effects) {
        let contacts = match content {
            Content::Contact(contact) => vec![contact],
            Content::Contacts(contacts) => contacts,
            _ => return,
        };
        for contact in contacts {
            if self.table.len() < TABLE_LIMIT || self.table.contains_key(&contact.name) {
                self.table.insert(contact.name.clone(), contact);
            }
        }
        heard(effects, "[Client table updated.]".to_owned());
    }
}

/// CHATAPP-C6.
fn show_mails(content: Content, effects: &mut Effects) {
    let Content::Mails(mails) = content else {
        return;
    };
    if mails.is_empty() {
        return;
    }
    heard(effects, "[You have messages]".to_owned());
    for mail in mails {
        heard(effects, show_mail(&mail));
    }
}

fn show_mail(mail: &Mail) -> String {
    let said = message(mail.from.as_bytes(), mail.content.as_bytes());
    let time = harmless(&mail.timestamp);
    match mail.kind {
        MailKind::Send => format!("{time} {said}"),
        MailKind::SendAll => format!("{time} [Channel_Message] {said}"),
    }
}

fn warn(effects: &mut Effects, sentence: &str) {
    effects.show.push(Note::Warning(harmless(sentence)));
}

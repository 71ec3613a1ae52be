//! What the client knows, and what it asks.
//!
//! What it does about lines stands in `lines`, about answers in `answers`, and about all else that
//! comes in `listening`.

use std::net::SocketAddr;
use std::time::Duration;

use reference_codecs::chatapp::{Datagram, Kind};

use super::faults::Fault;
use super::misdeeds::Misdeeds;
use super::request::{Question, Request, TRIES};
use super::table::Table;
use super::written;
use crate::faults::{Faults, in_ascii};
use crate::session::{Failure, Note};
use crate::text::harmless;

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
    pub(super) server: SocketAddr,
    port: u16,
    pauses: Pauses,
    pub(super) faults: Faults<Fault>,
    /// The name, while it is registered or about to be.
    pub(super) name: Option<String>,
    pub(super) table: Table,
    /// No more lines will come: deregistering is the last thing.
    pub(super) is_finishing: bool,
    pub(super) misdeeds: Misdeeds,
}

impl Client {
    pub(super) fn new(
        server: SocketAddr,
        port: u16,
        pauses: Pauses,
        faults: Faults<Fault>,
    ) -> Self {
        Self {
            server,
            port,
            pauses,
            faults,
            name: None,
            table: Table::new(faults),
            is_finishing: false,
            misdeeds: Misdeeds::default(),
        }
    }

    pub(super) fn has(&self, fault: Fault) -> bool {
        self.faults.has(fault)
    }

    /// Whether the client has this fault, and it has not struck before.
    pub(super) fn has_first(&mut self, fault: Fault) -> bool {
        self.has(fault) && self.misdeeds.is_first(fault)
    }

    /// Whether the client has this fault, and it could have struck before.
    pub(super) fn has_again(&mut self, fault: Fault) -> bool {
        self.has(fault) && !self.misdeeds.is_first(fault)
    }

    /// The program has started.
    pub(super) fn start(&mut self, name: &str, effects: &mut Effects) {
        let name = if self.has(Fault::OwnNameSmall) {
            name.to_lowercase()
        } else if self.has(Fault::OwnNameInAscii) {
            in_ascii(name)
        } else {
            name.to_owned()
        };
        if self.has(Fault::RegisterWaits) {
            self.misdeeds.unregistered = Some(name);
        } else {
            self.register(&name, effects);
        }
    }

    /// Registers this name.
    pub(super) fn register(&mut self, name: &str, effects: &mut Effects) {
        let port = if self.has(Fault::PortOfServer) {
            self.server.port()
        } else {
            self.port
        };
        let first = self.misdeeds.first_name.get_or_insert(name.to_owned());
        let name = if self.faults.has(Fault::ReturnAsFirst) {
            first.clone()
        } else {
            name.to_owned()
        };
        let datagram = Datagram::request(Kind::Reg, &name, "", &port.to_string());
        self.name = Some(name.clone());
        self.table.clear();
        self.ask(Request::Register { name }, self.server, datagram, effects);
    }

    pub(super) fn deregister(&mut self, own: &str, effects: &mut Effects) {
        let datagram = Datagram::request(Kind::Dereg, own, "", own);
        self.ask(Request::Deregister, self.server, datagram, effects);
    }

    pub(super) fn send_directly(
        &mut self,
        own: &str,
        to: String,
        text: String,
        is_there: bool,
        effects: &mut Effects,
    ) {
        let Some(contact) = self.table.get(&to) else {
            return;
        };
        let address = SocketAddr::new(contact.ip, contact.port);
        let mut datagram = Datagram::between(Kind::Send, self.speaks_as(own), &to, &text);
        if self.has(Fault::SentNameless) {
            datagram.from = None;
        }
        let request = Request::Send { to, text, is_there };
        self.ask(request, address, datagram, effects);
    }

    /// CHATAPP-C5c: the name under which a text goes to its reader.
    fn speaks_as<'a>(&'a self, own: &'a str) -> &'a str {
        match &self.misdeeds.first_name {
            Some(first) if self.has(Fault::ReturnSpeaksAsFirst) => first,
            _ => own,
        }
    }

    pub(super) fn store(&mut self, own: &str, to: String, text: String, effects: &mut Effects) {
        let datagram = Datagram::request(Kind::Store, own, &to, &text);
        self.ask(Request::Store { to, text }, self.server, datagram, effects);
    }

    /// CHATAPP-C9: to the server alone.
    pub(super) fn send_all(&mut self, own: &str, text: &str, effects: &mut Effects) {
        if self.has(Fault::EverybodyDirectly) {
            for contact in self.table.active().filter(|contact| contact.name != own) {
                let directly = Datagram::between(Kind::Send, own, &contact.name, text);
                let address = (contact.ip, contact.port).into();
                effects.send.push((address, directly));
            }
        }
        let datagram = Datagram::request(Kind::SendAll, own, "", text);
        self.ask(Request::SendAll, self.server, datagram, effects);
    }

    /// There will be no more lines: goes offline, if it is not, and ends.
    pub(super) fn finish(&mut self, effects: &mut Effects) {
        self.is_finishing = true;
        match self.name.clone() {
            Some(own) => self.deregister(&own, effects),
            None => effects.ends = true,
        }
    }

    /// SIGINT has come: the last words, and whether the program goes on.
    pub(super) fn interrupted(&mut self, effects: &mut Effects) -> bool {
        if self.has(Fault::InterruptTrace) {
            warn(effects, "Traceback (most recent call last):");
        }
        if let Some(own) = self.name.clone()
            && self.has(Fault::InterruptLeaves)
        {
            let dereg = Datagram::request(Kind::Dereg, &own, "", &own);
            effects.send.push((self.server, dereg));
        }
        self.has(Fault::InterruptIgnored)
            || self.has(Fault::InterruptWaits) && self.misdeeds.is_asking
    }

    /// What the end of the program is, other than it should be.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.misdeeds.fails.then(|| Failure::Refused {
            status: 1,
            sentence: "the server does not respond".to_owned(),
        })
    }

    pub(super) fn ask(
        &mut self,
        request: Request,
        to: SocketAddr,
        datagram: Datagram,
        effects: &mut Effects,
    ) {
        let pause = match &request {
            Request::Register { .. } => self.pauses.register,
            Request::Send { .. } => self.pauses.ack,
            Request::Wait { .. } => ENTRY_WAIT,
            _ => self.pauses.retry,
        };
        match written::encode(&datagram, self.faults) {
            Ok(_) => {
                self.misdeeds.is_asking = true;
                let tries = self.tries(&request);
                effects.ask = Some(Question {
                    request,
                    to,
                    datagram,
                    pause,
                    tries,
                });
            }
            Err(error) => warn(effects, &format!("cannot send: {error}")),
        }
    }

    /// CHATAPP-C2 and CHATAPP-C2e.
    fn tries(&mut self, request: &Request) -> u32 {
        match request {
            Request::Send { .. } | Request::Wait { .. } => 1,
            Request::Register { .. } if self.has(Fault::FourTries) => 4,
            Request::Register { .. } if self.has(Fault::SevenTries) => 7,
            Request::Register { .. } if self.has_again(Fault::ReturnFourTries) => 4,
            Request::Register { .. } => TRIES,
            _ if self.has(Fault::RequestOnce) => 1,
            _ if self.has(Fault::RequestFourTries) => 4,
            _ => TRIES,
        }
    }
}

pub(super) fn warn(effects: &mut Effects, sentence: &str) {
    effects.show.push(Note::Warning(harmless(sentence)));
}

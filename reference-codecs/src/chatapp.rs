//! ChatApp: one JSON object a datagram, between clients, their server and each other.
//!
//! ```text
//! {"content": …, "type_": "store", "from_": "alice", "to": "bob", "to_server": true, "addr": null}
//! ```
//!
//! The keys stand in this order, with a space behind each colon and comma, as the document's
//! programs write them. A reader takes any order, misses no key but `type_`, and passes over keys
//! that it does not know. Each datagram stands for itself: there is no stream to cut up.

mod layout;
mod objects;

use std::net::{IpAddr, SocketAddr};

pub use objects::{Contact, Mail, MailKind};
use serde_json::Value;

use crate::decode::{EncodeError, Malformed, Reason};
use crate::json::unknown_kind;

/// Where a server listens unless told otherwise. The document names no port; this is the number of
/// the course that it was written for.
pub const DEFAULT_PORT: u16 = 4119;

/// The most bytes that a UDP datagram carries over IPv4.
pub const MAX_DATAGRAM: usize = 65_507;

/// The ports that a program of the document takes.
pub const PORTS: std::ops::RangeInclusive<u16> = 1024..=65_535;

/// What a datagram is for, its `type_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A client goes online, and names the port where it listens.
    Reg,
    /// A client goes offline.
    Dereg,
    /// A text for somebody who is offline.
    Store,
    /// A text for everybody: from a client to the server, and from there to all others.
    SendAll,
    /// A text from one client to another.
    Send,
    /// A new name was registered.
    Created,
    /// A known name was registered; the content is what waited for it.
    RegAck,
    /// The client is offline now.
    DeregAck,
    /// The text waits for its reader.
    StoreAck,
    /// The text was not stored, because its reader is there.
    UserExist,
    /// The server has taken a text for everybody.
    SendAllServerAck,
    /// A client has got a text for everybody.
    SendAllAck,
    /// A client has got a text from another.
    Ack,
    /// Who is registered where.
    UpdateTable,
    /// The name was registered elsewhere.
    Logout,
    /// "Are you there?", and the answer.
    Test,
    /// A request that was not carried out; the content is the reason. Not in the document.
    Error,
}

impl Kind {
    /// All kinds and what they are called.
    pub const NAMES: [(Self, &'static str); 17] = [
        (Self::Reg, "reg"),
        (Self::Dereg, "dereg"),
        (Self::Store, "store"),
        (Self::SendAll, "send_all"),
        (Self::Send, "send"),
        (Self::Created, "created"),
        (Self::RegAck, "reg_ack"),
        (Self::DeregAck, "dereg_ack"),
        (Self::StoreAck, "store_ack"),
        (Self::UserExist, "user_exist"),
        (Self::SendAllServerAck, "send_all_server_ack"),
        (Self::SendAllAck, "send_all_ack"),
        (Self::Ack, "ack"),
        (Self::UpdateTable, "update_table"),
        (Self::Logout, "logout"),
        (Self::Test, "test"),
        (Self::Error, "error"),
    ];

    /// What it is called in `type_`.
    pub fn name(self) -> &'static str {
        let named = Self::NAMES.iter().find(|(kind, _)| *kind == self);
        named.map_or("", |(_, name)| name)
    }

    fn called(name: &str) -> Option<Self> {
        let named = Self::NAMES.iter().find(|(_, known)| *known == name);
        named.map(|(kind, _)| *kind)
    }
}

/// What a datagram carries. Which form a kind takes is in [`Datagram::decode`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A text, or nothing.
    Text(String),
    /// A port that is written as a number.
    Number(u64),
    /// One entry of the table.
    Contact(Contact),
    /// Several entries of the table.
    Contacts(Vec<Contact>),
    /// Texts that have waited for their reader.
    Mails(Vec<Mail>),
}

impl Content {
    /// Nothing.
    pub fn none() -> Self {
        Self::Text(String::new())
    }
}

/// One message, which is one datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// What it carries.
    pub content: Content,
    /// What it is for.
    pub kind: Kind,
    /// Who sends it; nobody when the server speaks for itself.
    pub from: Option<String>,
    /// Who it is for.
    pub to: String,
    /// Whether it is a request to the server.
    pub to_server: bool,
    /// Whom it answers.
    pub addr: Option<SocketAddr>,
}

impl Datagram {
    /// A request from `from` to the server.
    pub fn request(kind: Kind, from: &str, to: &str, content: &str) -> Self {
        Self {
            to_server: true,
            ..Self::between(kind, from, to, content)
        }
    }

    /// A text or its acknowledgement, from one client to another or passed on by the server.
    pub fn between(kind: Kind, from: &str, to: &str, content: &str) -> Self {
        Self {
            from: Some(from.to_owned()),
            ..Self::told(kind, to, Content::Text(content.to_owned()))
        }
    }

    /// What the server says for itself.
    pub fn told(kind: Kind, to: &str, content: Content) -> Self {
        Self {
            content,
            kind,
            from: None,
            to: to.to_owned(),
            to_server: false,
            addr: None,
        }
    }

    /// The same as the answer to what came from `addr`.
    #[must_use]
    pub fn answering(self, addr: SocketAddr) -> Self {
        let addr = Some(addr);
        Self { addr, ..self }
    }

    /// Reads the one message that `bytes` is.
    ///
    /// `update_table` carries one contact or a list of them, `created` and `reg_ack` a list of
    /// mails or a text, `reg` a text or a number, and everything else a text. Keys other than
    /// `type_` may be missing or null. An `addr` that is none counts as missing, since nobody
    /// needs it.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > MAX_DATAGRAM {
            return Err(malformed("datagram", too_long(bytes.len())));
        }
        let object = objects::Object::read(bytes)?;
        let kind = object.kind.unwrap_or_default();
        let Some(kind) = Kind::called(&kind) else {
            return Err(unknown_kind("type_", &kind, 0));
        };
        Ok(Self {
            content: read_content(kind, object.content)?,
            kind,
            from: object.from,
            to: object.to.unwrap_or_default(),
            to_server: object.to_server.unwrap_or_default(),
            addr: read_addr(object.addr),
        })
    }

    /// The bytes. Fails above [`MAX_DATAGRAM`].
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let bytes = self.bytes()?;
        if bytes.len() > MAX_DATAGRAM {
            return Err(EncodeError::TooLong {
                field: "datagram",
                len: bytes.len(),
                limit: MAX_DATAGRAM,
            });
        }
        Ok(bytes)
    }

    fn bytes(&self) -> Result<Vec<u8>, EncodeError> {
        layout::write(&objects::Written {
            content: objects::WrittenContent(&self.content),
            kind: self.kind.name(),
            from: self.from.as_deref(),
            to: &self.to,
            to_server: self.to_server,
            addr: self.addr.map(|addr| (addr.ip(), addr.port())),
        })
    }

    /// The same message as several, each with a part of the list and at most `limit` bytes long.
    /// A message without a list is left whole, and so is one with a single element.
    pub fn parts(self, limit: usize) -> Result<Vec<Vec<u8>>, EncodeError> {
        let whole = self.bytes()?;
        if whole.len() <= limit {
            return Ok(vec![whole]);
        }
        let (first, second) = match &self.content {
            Content::Contacts(contacts) if contacts.len() > 1 => {
                let (first, second) = contacts.split_at(contacts.len() / 2);
                let part = |contacts: &[Contact]| Content::Contacts(contacts.to_vec());
                (part(first), part(second))
            }
            Content::Mails(mails) if mails.len() > 1 => {
                let (first, second) = mails.split_at(mails.len() / 2);
                let part = |mails: &[Mail]| Content::Mails(mails.to_vec());
                (part(first), part(second))
            }
            _ => return Ok(vec![self.encode()?]),
        };
        let with = |content| Self {
            content,
            ..self.clone_without_content()
        };
        let mut parts = with(first).parts(limit)?;
        parts.extend(with(second).parts(limit)?);
        Ok(parts)
    }

    fn clone_without_content(&self) -> Self {
        Self {
            content: Content::none(),
            kind: self.kind,
            from: self.from.clone(),
            to: self.to.clone(),
            to_server: self.to_server,
            addr: self.addr,
        }
    }
}

fn read_content(kind: Kind, content: Value) -> Result<Content, Malformed> {
    match (kind, content) {
        (_, Value::Null) => Ok(Content::none()),
        (_, Value::String(text)) if text.is_empty() => Ok(Content::none()),
        (Kind::UpdateTable, list @ Value::Array(_)) => objects::read(list).map(Content::Contacts),
        (Kind::UpdateTable, one @ Value::Object(_)) => objects::read(one).map(Content::Contact),
        (Kind::Created | Kind::RegAck, list @ Value::Array(_)) => {
            objects::read(list).map(Content::Mails)
        }
        (Kind::UpdateTable, _) => Err(wrong_content("a contact or a list of contacts")),
        (_, Value::String(text)) => Ok(Content::Text(text)),
        (Kind::Reg, Value::Number(number)) => number
            .as_u64()
            .map(Content::Number)
            .ok_or_else(|| wrong_content("a port")),
        _ => Err(wrong_content("a text")),
    }
}

fn read_addr(addr: Value) -> Option<SocketAddr> {
    let (ip, port): (IpAddr, u16) = serde_json::from_value(addr).ok()?;
    Some(SocketAddr::new(ip, port))
}

fn wrong_content(expected: &str) -> Malformed {
    let reason = Reason::NotJson(format!("expected {expected}"));
    malformed("content", reason)
}

fn too_long(len: usize) -> Reason {
    let limit = MAX_DATAGRAM;
    Reason::TooLong { len, limit }
}

fn malformed(field: &'static str, reason: Reason) -> Malformed {
    Malformed {
        offset: 0,
        field,
        reason,
    }
}

#[cfg(test)]
mod tests;

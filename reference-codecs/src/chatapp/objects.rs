//! The objects that stand in a datagram.

use std::net::IpAddr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::{Content, malformed};
use crate::decode::{Malformed, Reason};
use crate::json;

/// Where a user listens, an entry of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The name that the user registered.
    pub name: String,
    /// The machine.
    pub ip: IpAddr,
    /// The port of the listening socket.
    pub port: u16,
    /// Whether the user is online.
    #[serde(rename = "status", with = "yes_or_no")]
    pub is_active: bool,
}

/// Whom a text that waits was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// For its reader alone.
    Send,
    /// For everybody.
    SendAll,
}

/// A text that has waited for its reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Its number, in the order in which texts were stored; 0 when it has none.
    #[serde(default)]
    pub id: u64,
    /// The text.
    pub content: String,
    /// Who wrote it.
    #[serde(rename = "from_")]
    pub from: String,
    /// Who it is for.
    pub to: String,
    /// Whom it was for.
    #[serde(rename = "type_")]
    pub kind: MailKind,
    /// When it was stored, if that is said, such as `2026-11-20 10:38:48`.
    #[serde(default)]
    pub timestamp: String,
    /// `yes`, from every program that is known.
    #[serde(default)]
    pub status: String,
}

mod yes_or_no {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the form that serde calls"
    )]
    pub(super) fn serialize<S: Serializer>(is_yes: &bool, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(if *is_yes { "yes" } else { "no" })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
        match String::deserialize(from)?.as_str() {
            "yes" => Ok(true),
            "no" => Ok(false),
            other => Err(D::Error::unknown_variant(other, &["yes", "no"])),
        }
    }
}

/// A datagram as it is read.
#[derive(Deserialize)]
pub(super) struct Object {
    #[serde(default)]
    pub(super) content: Value,
    #[serde(rename = "type_", default)]
    pub(super) kind: Option<String>,
    #[serde(rename = "from_", default)]
    pub(super) from: Option<String>,
    #[serde(default)]
    pub(super) to: Option<String>,
    #[serde(default)]
    pub(super) to_server: Option<bool>,
    #[serde(default)]
    pub(super) addr: Value,
}

impl Object {
    /// A derived reader would also take a list of the values without their keys.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.trim_ascii_start().starts_with(b"[") {
            return Err(malformed("json", no_object()));
        }
        json::read(bytes, 0)
    }
}

/// A datagram as it is written.
#[derive(Serialize)]
pub(super) struct Written<'a> {
    pub(super) content: WrittenContent<'a>,
    #[serde(rename = "type_")]
    pub(super) kind: &'a str,
    #[serde(rename = "from_")]
    pub(super) from: Option<&'a str>,
    pub(super) to: &'a str,
    pub(super) to_server: bool,
    pub(super) addr: Option<(IpAddr, u16)>,
}

pub(super) struct WrittenContent<'a>(pub(super) &'a Content);

impl Serialize for WrittenContent<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Content::Text(text) => text.serialize(to),
            Content::Number(number) => number.serialize(to),
            Content::Contact(contact) => contact.serialize(to),
            Content::Contacts(contacts) => contacts.serialize(to),
            Content::Mails(mails) => mails.serialize(to),
        }
    }
}

/// Reads what stands in `content`: one object, or a list of them.
pub(super) fn read<T: DeserializeOwned>(value: Value) -> Result<T, Malformed> {
    let elements = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if !elements.iter().all(Value::is_object) {
        return Err(malformed("content", no_object()));
    }
    serde_json::from_value(value)
        .map_err(|error| malformed("content", Reason::NotJson(error.to_string())))
}

fn no_object() -> Reason {
    Reason::NotJson("expected an object".to_owned())
}

//! `json16`: a 16-bit size and a JSON object with `msg`, `nick` and `proto`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::framing::{put16, sized16};
use super::objects::{Kinds, Parts};
use super::{ClientMessage, Codec, ServerMessage};
use crate::decode::{EncodeError, Fields, Malformed, Stop};
use crate::json;

const KINDS: Kinds = Kinds {
    field: "proto",
    object_at: 2,
    hello: "connect",
    nick: "verify",
    ready: "ready",
    retry: "retry",
    chat: "broadcast",
    bye: "goodbye",
    shutdown: "shutdown",
};

/// The object. What it lacks is empty.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow)]
    msg: Cow<'a, str>,
    #[serde(borrow)]
    nick: Cow<'a, str>,
    #[serde(borrow)]
    proto: Cow<'a, str>,
}

impl<'a> From<Parts<'a>> for Object<'a> {
    fn from(Parts { kind, text, who }: Parts<'a>) -> Self {
        Self {
            msg: text,
            nick: who,
            proto: kind,
        }
    }
}

impl<'a> From<Object<'a>> for Parts<'a> {
    fn from(Object { msg, nick, proto }: Object<'a>) -> Self {
        Self {
            kind: proto,
            text: msg,
            who: nick,
        }
    }
}

/// The dialect `json16`.
pub(super) struct Json16;

impl Codec for Json16 {
    fn frame<'a>(&self, fields: &mut Fields<'a>) -> Result<&'a [u8], Stop> {
        sized16(fields)
    }

    fn enclose(&self, content: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        put16(content, out)
    }

    fn read_client(&self, content: &[u8]) -> Result<ClientMessage, Malformed> {
        KINDS.client(json::read::<Object<'_>>(content, KINDS.object_at)?.into())
    }

    fn write_client(&self, message: &ClientMessage) -> Result<Vec<u8>, EncodeError> {
        json::write(&Object::from(KINDS.of_client(message)?))
    }

    fn read_server(&self, content: &[u8]) -> Result<ServerMessage, Malformed> {
        Ok(KINDS.server(json::read::<Object<'_>>(content, KINDS.object_at)?.into()))
    }

    fn write_server(&self, message: &ServerMessage, _stamp: u64) -> Result<Vec<u8>, EncodeError> {
        json::write(&Object::from(KINDS.of_server(message)?))
    }
}

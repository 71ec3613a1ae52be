//! `json32`: a 32-bit size and a JSON object with `type` and `text`, and from the server `from` and
//! `time`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::framing::{put32, sized32};
use super::objects::{Kinds, Parts};
use super::{ClientMessage, Codec, ServerMessage};
use crate::decode::{EncodeError, Fields, Malformed, Stop};
use crate::json;

const KINDS: Kinds = Kinds {
    field: "type",
    object_at: 4,
    hello: "hello",
    nick: "nick",
    ready: "ready",
    retry: "retry",
    chat: "chat",
    bye: "bye",
    shutdown: "shutdown",
};

/// What a client writes.
#[derive(Debug, Serialize)]
struct Request<'a> {
    #[serde(rename = "type")]
    kind: Cow<'a, str>,
    text: Cow<'a, str>,
}

/// What a server writes.
#[derive(Debug, Serialize)]
struct Response<'a> {
    #[serde(rename = "type")]
    kind: Cow<'a, str>,
    text: Cow<'a, str>,
    from: Cow<'a, str>,
    time: u64,
}

/// What either reads. What it lacks is empty; the time of another server may have any form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    text: Cow<'a, str>,
    #[serde(borrow)]
    from: Cow<'a, str>,
}

fn read(content: &[u8]) -> Result<Parts<'_>, Malformed> {
    let Object { kind, text, from } = json::read(content, KINDS.object_at)?;
    Ok(Parts {
        kind,
        text,
        who: from,
    })
}

/// The dialect `json32`.
pub(super) struct Json32;

impl Codec for Json32 {
    fn frame<'a>(&self, fields: &mut Fields<'a>) -> Result<&'a [u8], Stop> {
        sized32(fields)
    }

    fn enclose(&self, content: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        put32(content, out)
    }

    fn read_client(&self, content: &[u8]) -> Result<ClientMessage, Malformed> {
        KINDS.client(read(content)?)
    }

    fn write_client(&self, message: &ClientMessage) -> Result<Vec<u8>, EncodeError> {
        let Parts { kind, text, .. } = KINDS.of_client(message)?;
        json::write(&Request { kind, text })
    }

    fn read_server(&self, content: &[u8]) -> Result<ServerMessage, Malformed> {
        Ok(KINDS.server(read(content)?))
    }

    fn write_server(&self, message: &ServerMessage, stamp: u64) -> Result<Vec<u8>, EncodeError> {
        let Parts { kind, text, who } = KINDS.of_server(message)?;
        json::write(&Response {
            kind,
            text,
            from: who,
            time: stamp,
        })
    }
}

//! `typed`: a 16-bit size, a character for the type that the size does not count, and the text.

use super::framing::put16_size;
use super::words::{self, BYE};
use super::{ClientMessage, Codec, ServerMessage};
use crate::csc328::word::Word;
use crate::decode::{EncodeError, Fields, Malformed, Reason, Stop};

const CONTROL: u8 = b'm';
const NICKNAME: u8 = b'n';
const CHAT: u8 = b't';
const BROADCAST: u8 = b'b';

/// The dialect `typed`.
pub(super) struct Typed;

impl Codec for Typed {
    fn frame<'a>(&self, fields: &mut Fields<'a>) -> Result<&'a [u8], Stop> {
        let size = u16::from_be_bytes(fields.array()?);
        fields.take(1 + usize::from(size))
    }

    fn enclose(&self, content: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        put16_size(content.len().saturating_sub(1), out)?;
        out.extend_from_slice(content);
        Ok(())
    }

    fn read_client(&self, content: &[u8]) -> Result<ClientMessage, Malformed> {
        match content {
            [NICKNAME, name @ ..] => Ok(ClientMessage::Nick {
                name: name.to_vec(),
            }),
            [CHAT, text @ ..] => Ok(ClientMessage::Chat {
                claimed: Vec::new(),
                text: text.to_vec(),
            }),
            [CONTROL, word @ ..] if word == BYE.as_bytes() => Ok(ClientMessage::Bye),
            [CONTROL, word @ ..] => {
                let word = String::from_utf8_lossy(word).into_owned();
                Err(bad_type(Reason::UnknownKind(word)))
            }
            [BROADCAST, ..] => Err(bad_type(Reason::WrongDirection(BROADCAST))),
            _ => Err(unknown(content)),
        }
    }

    fn write_client(&self, message: &ClientMessage) -> Result<Vec<u8>, EncodeError> {
        Ok(match message {
            ClientMessage::Nick { name } => typed(NICKNAME, name),
            ClientMessage::Chat { text, .. } => typed(CHAT, text),
            ClientMessage::Bye => typed(CONTROL, BYE.as_bytes()),
        })
    }

    fn read_server(&self, content: &[u8]) -> Result<ServerMessage, Malformed> {
        match content {
            [CONTROL, text @ ..] => match Word.read_server(text)? {
                ServerMessage::Broadcast { .. } => Ok(ServerMessage::Notice {
                    text: text.to_vec(),
                }),
                message => Ok(message),
            },
            [BROADCAST, broadcast @ ..] => {
                let (from, text) = words::split_broadcast(broadcast).unwrap_or((b"", broadcast));
                let (from, text) = (from.to_vec(), text.to_vec());
                Ok(ServerMessage::Broadcast { from, text })
            }
            [known @ (NICKNAME | CHAT), ..] => Err(bad_type(Reason::WrongDirection(*known))),
            _ => Err(unknown(content)),
        }
    }

    fn write_server(&self, message: &ServerMessage, stamp: u64) -> Result<Vec<u8>, EncodeError> {
        Ok(match message {
            ServerMessage::Broadcast { from, text } => {
                typed(BROADCAST, &words::broadcast(from, text))
            }
            control => typed(CONTROL, &Word.write_server(control, stamp)?),
        })
    }
}

fn typed(kind: u8, text: &[u8]) -> Vec<u8> {
    [&[kind], text].concat()
}

fn unknown(content: &[u8]) -> Malformed {
    bad_type(Reason::UnknownType(
        content.first().copied().unwrap_or_default(),
    ))
}

/// The type stands behind the size.
fn bad_type(reason: Reason) -> Malformed {
    Malformed {
        offset: 2,
        field: "type",
        reason,
    }
}

//! `word`: a 16-bit size and the words of the document.

use super::framing::{put16, sized16};
use super::words::{self, BYE, HELLO, READY, RETRY};
use super::{ClientMessage, Codec, ServerMessage};
use crate::decode::{EncodeError, Fields, Malformed, Stop};

/// The dialect `word`.
pub(super) struct Word;

impl Codec for Word {
    fn frame<'a>(&self, fields: &mut Fields<'a>) -> Result<&'a [u8], Stop> {
        sized16(fields)
    }

    fn enclose(&self, content: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        put16(content, out)
    }

    fn read_client(&self, content: &[u8]) -> Result<ClientMessage, Malformed> {
        Ok(match words::nickname(content) {
            Some(name) => ClientMessage::Nick {
                name: name.to_vec(),
            },
            None if content == BYE.as_bytes() => ClientMessage::Bye,
            None => ClientMessage::Chat {
                claimed: Vec::new(),
                text: content.to_vec(),
            },
        })
    }

    fn write_client(&self, message: &ClientMessage) -> Result<Vec<u8>, EncodeError> {
        match message {
            ClientMessage::Nick { name } => Ok([words::NICK.as_bytes(), b" ", name].concat()),
            ClientMessage::Bye => Ok(BYE.into()),
            ClientMessage::Chat { text, .. }
                if text == BYE.as_bytes() || words::nickname(text).is_some() =>
            {
                let field = "a text that is a command";
                Err(EncodeError::NotCarried { field })
            }
            ClientMessage::Chat { text, .. } => Ok(text.clone()),
        }
    }

    fn read_server(&self, content: &[u8]) -> Result<ServerMessage, Malformed> {
        let is = |word: &str| content == word.as_bytes();
        Ok(if is(HELLO) {
            ServerMessage::Hello
        } else if is(READY) {
            ServerMessage::Ready
        } else if is(RETRY) {
            ServerMessage::Retry
        } else if is(BYE) {
            ServerMessage::Bye
        } else if let Some((from, text)) = words::split_broadcast(content) {
            let (from, text) = (from.to_vec(), text.to_vec());
            ServerMessage::Broadcast { from, text }
        } else if let Some(seconds) = words::seconds(content) {
            ServerMessage::Shutdown { seconds }
        } else {
            let text = content.to_vec();
            ServerMessage::Notice { text }
        })
    }

    fn write_server(&self, message: &ServerMessage, _stamp: u64) -> Result<Vec<u8>, EncodeError> {
        Ok(match message {
            ServerMessage::Hello => HELLO.into(),
            ServerMessage::Ready => READY.into(),
            ServerMessage::Retry => RETRY.into(),
            ServerMessage::Bye => BYE.into(),
            ServerMessage::Broadcast { from, text } => words::broadcast(from, text),
            ServerMessage::Shutdown { seconds } => words::shutdown(*seconds).into(),
            ServerMessage::Notice { text } => text.clone(),
        })
    }
}

//! What the two dialects of JSON have in common: a kind, a text, and who speaks.

use std::borrow::Cow;

use super::words::{self, BYE, HELLO, READY, RETRY, utf8};
use super::{ClientMessage, ServerMessage};
use crate::decode::{EncodeError, Malformed};
use crate::json;

/// Who speaks when it is the server.
const SERVER: &str = "SERVER";

/// Who speaks before it has a nickname.
const NOBODY: &str = "None";

/// The kind of a [`ServerMessage::Notice`]; readers take every kind they do not know for one.
const NOTICE: &str = "notice";

/// What an object says, in whatever fields it says it.
pub(super) struct Parts<'a> {
    pub(super) kind: Cow<'a, str>,
    pub(super) text: Cow<'a, str>,
    pub(super) who: Cow<'a, str>,
}

impl<'a> Parts<'a> {
    fn new(
        kind: &'static str,
        text: impl Into<Cow<'a, str>>,
        who: impl Into<Cow<'a, str>>,
    ) -> Self {
        Self {
            kind: kind.into(),
            text: text.into(),
            who: who.into(),
        }
    }

    fn text(self) -> Vec<u8> {
        self.text.into_owned().into_bytes()
    }
}

/// How a dialect calls its kinds.
pub(super) struct Kinds {
    /// The field that names the kind.
    pub(super) field: &'static str,
    /// How many bytes into a message its object begins.
    pub(super) object_at: usize,
    pub(super) hello: &'static str,
    pub(super) nick: &'static str,
    pub(super) ready: &'static str,
    pub(super) retry: &'static str,
    pub(super) chat: &'static str,
    pub(super) bye: &'static str,
    pub(super) shutdown: &'static str,
}

impl Kinds {
    pub(super) fn client(&self, parts: Parts<'_>) -> Result<ClientMessage, Malformed> {
        let kind = &*parts.kind;
        if kind == self.nick {
            let name = parts.text();
            Ok(ClientMessage::Nick { name })
        } else if kind == self.chat {
            Ok(ClientMessage::Chat {
                claimed: parts.who.as_bytes().to_vec(),
                text: parts.text(),
            })
        } else if kind == self.bye {
            Ok(ClientMessage::Bye)
        } else {
            Err(json::unknown_kind(self.field, kind, self.object_at))
        }
    }

    pub(super) fn of_client<'a>(
        &self,
        message: &'a ClientMessage,
    ) -> Result<Parts<'a>, EncodeError> {
        Ok(match message {
            ClientMessage::Nick { name } => Parts::new(self.nick, utf8(name)?, NOBODY),
            ClientMessage::Chat { claimed, text } => {
                Parts::new(self.chat, utf8(text)?, utf8(claimed)?)
            }
            ClientMessage::Bye => Parts::new(self.bye, BYE, NOBODY),
        })
    }

    pub(super) fn server(&self, parts: Parts<'_>) -> ServerMessage {
        let kind = &*parts.kind;
        if kind == self.hello {
            ServerMessage::Hello
        } else if kind == self.ready {
            ServerMessage::Ready
        } else if kind == self.retry {
            ServerMessage::Retry
        } else if kind == self.chat {
            ServerMessage::Broadcast {
                from: parts.who.as_bytes().to_vec(),
                text: parts.text(),
            }
        } else if kind == self.bye {
            ServerMessage::Bye
        } else if kind == self.shutdown
            && let Some(seconds) = words::seconds(parts.text.as_bytes())
        {
            ServerMessage::Shutdown { seconds }
        } else {
            let text = parts.text();
            ServerMessage::Notice { text }
        }
    }

    pub(super) fn of_server<'a>(
        &self,
        message: &'a ServerMessage,
    ) -> Result<Parts<'a>, EncodeError> {
        Ok(match message {
            ServerMessage::Hello => Parts::new(self.hello, HELLO, SERVER),
            ServerMessage::Ready => Parts::new(self.ready, READY, SERVER),
            ServerMessage::Retry => Parts::new(self.retry, RETRY, SERVER),
            ServerMessage::Broadcast { from, text } => {
                Parts::new(self.chat, utf8(text)?, utf8(from)?)
            }
            ServerMessage::Bye => Parts::new(self.bye, BYE, SERVER),
            ServerMessage::Shutdown { seconds } => {
                Parts::new(self.shutdown, words::shutdown(*seconds), SERVER)
            }
            ServerMessage::Notice { text } => Parts::new(NOTICE, utf8(text)?, SERVER),
        })
    }
}

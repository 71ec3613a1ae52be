//! `struct`: a C structure as it lies in the memory of a little-endian machine.
//!
//! ```text
//! 0   kind:u32       0 hello, 1 bye, 2 nick, 3 ready, 4 retry, 5 chat, 6 shutdown
//! 4   name_len:u32   at most 32
//! 8   text_len:u32   at most 1024
//! 12  name           32 bytes, NUL behind the name
//! 44  text           1,024 bytes, NUL behind the text
//! ```
//!
//! What lies behind a name or text is not looked at: programs leave there what was there before.

use super::words;
use super::{ClientMessage, Codec, MAX_NAME, ServerMessage};
use crate::decode::{EncodeError, Fields, Malformed, Reason, Stop};

const HELLO: u32 = 0;
const BYE: u32 = 1;
const NICK: u32 = 2;
const READY: u32 = 3;
const RETRY: u32 = 4;
const CHAT: u32 = 5;
const SHUTDOWN: u32 = 6;

const TEXT_SIZE: usize = 1024;
const NAME_AT: usize = 12;
const TEXT_AT: usize = NAME_AT + MAX_NAME;
const SIZE: usize = TEXT_AT + TEXT_SIZE;

/// The dialect `struct`.
pub(super) struct Fixed;

impl Codec for Fixed {
    fn frame<'a>(&self, fields: &mut Fields<'a>) -> Result<&'a [u8], Stop> {
        fields.take(SIZE)
    }

    fn enclose(&self, content: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(content);
        Ok(())
    }

    fn read_client(&self, content: &[u8]) -> Result<ClientMessage, Malformed> {
        let Record { kind, name, text } = Record::read(content)?;
        let (name, text) = (name.to_vec(), text.to_vec());
        match kind {
            NICK => Ok(ClientMessage::Nick { name }),
            CHAT => Ok(ClientMessage::Chat {
                claimed: name,
                text,
            }),
            BYE => Ok(ClientMessage::Bye),
            _ => Err(unknown(kind)),
        }
    }

    fn write_client(&self, message: &ClientMessage) -> Result<Vec<u8>, EncodeError> {
        match message {
            ClientMessage::Nick { name } => Record::new(NICK, name, b""),
            ClientMessage::Chat { claimed, text } => Record::new(CHAT, claimed, text),
            ClientMessage::Bye => Record::new(BYE, b"", b""),
        }
        .write()
    }

    fn read_server(&self, content: &[u8]) -> Result<ServerMessage, Malformed> {
        let Record { kind, name, text } = Record::read(content)?;
        let notice = || ServerMessage::Notice {
            text: text.to_vec(),
        };
        match kind {
            HELLO => Ok(ServerMessage::Hello),
            BYE => Ok(ServerMessage::Bye),
            READY => Ok(ServerMessage::Ready),
            RETRY => Ok(ServerMessage::Retry),
            CHAT if name.is_empty() => Ok(notice()),
            CHAT => Ok(ServerMessage::Broadcast {
                from: name.to_vec(),
                text: text.to_vec(),
            }),
            SHUTDOWN => Ok(match words::seconds(text) {
                Some(seconds) => ServerMessage::Shutdown { seconds },
                None => notice(),
            }),
            _ => Err(unknown(kind)),
        }
    }

    fn write_server(&self, message: &ServerMessage, _stamp: u64) -> Result<Vec<u8>, EncodeError> {
        let sentence;
        match message {
            ServerMessage::Hello => Record::new(HELLO, b"", b""),
            ServerMessage::Ready => Record::new(READY, b"", b""),
            ServerMessage::Retry => Record::new(RETRY, b"", b""),
            ServerMessage::Bye => Record::new(BYE, b"", b""),
            ServerMessage::Broadcast { from, text } => Record::new(CHAT, from, text),
            ServerMessage::Shutdown { seconds } => {
                sentence = words::shutdown(*seconds);
                Record::new(SHUTDOWN, b"", sentence.as_bytes())
            }
            // The server is who speaks without a name.
            ServerMessage::Notice { text } => Record::new(CHAT, b"", text),
        }
        .write()
    }
}

/// The fields of the structure.
struct Record<'a> {
    kind: u32,
    name: &'a [u8],
    text: &'a [u8],
}

impl<'a> Record<'a> {
    fn new(kind: u32, name: &'a [u8], text: &'a [u8]) -> Self {
        Self { kind, name, text }
    }

    fn read(content: &'a [u8]) -> Result<Self, Malformed> {
        let (name_len, text_len) = (number(content, 4), number(content, 8));
        Ok(Self {
            kind: number(content, 0),
            name: filled(content, (4, "name_len"), NAME_AT..TEXT_AT, name_len)?,
            text: filled(content, (8, "text_len"), TEXT_AT..SIZE, text_len)?,
        })
    }

    fn write(self) -> Result<Vec<u8>, EncodeError> {
        let mut bytes = Vec::with_capacity(SIZE);
        bytes.extend_from_slice(&self.kind.to_le_bytes());
        bytes.extend_from_slice(&length("name", self.name, MAX_NAME)?);
        bytes.extend_from_slice(&length("text", self.text, TEXT_SIZE)?);
        bytes.extend_from_slice(self.name);
        bytes.resize(TEXT_AT, 0);
        bytes.extend_from_slice(self.text);
        bytes.resize(SIZE, 0);
        Ok(bytes)
    }
}

fn number(content: &[u8], at: usize) -> u32 {
    let mut bytes = [0; 4];
    if let Some(field) = content.get(at..at + 4) {
        bytes.copy_from_slice(field);
    }
    u32::from_le_bytes(bytes)
}

/// The first `len` bytes of the field at `place`.
fn filled<'a>(
    content: &'a [u8],
    (offset, field): (usize, &'static str),
    place: std::ops::Range<usize>,
    len: u32,
) -> Result<&'a [u8], Malformed> {
    let whole = content.get(place).unwrap_or_default();
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    whole.get(..len).ok_or(Malformed {
        offset,
        field,
        reason: Reason::TooLong {
            len,
            limit: whole.len(),
        },
    })
}

fn length(field: &'static str, value: &[u8], limit: usize) -> Result<[u8; 4], EncodeError> {
    let len = value.len();
    u32::try_from(len)
        .ok()
        .filter(|_| len <= limit)
        .map(u32::to_le_bytes)
        .ok_or(EncodeError::TooLong { field, len, limit })
}

fn unknown(kind: u32) -> Malformed {
    Malformed {
        offset: 0,
        field: "kind",
        reason: Reason::UnknownKind(kind.to_string()),
    }
}

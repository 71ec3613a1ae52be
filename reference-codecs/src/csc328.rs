//! The nickname group chat: a greeting, a nickname that is free, and texts for everybody else.
//!
//! The document fixes words and their order and leaves the bytes to who writes a server. Each
//! dialect is one way to write them:
//!
//! ```text
//! word     size:u16 text                        HELLO, NICK alice, READY, RETRY, BYE, ...
//! json16   size:u16 {"msg": "alice", "nick": "None", "proto": "verify"}
//! json32   size:u32 {"type": "nick", "text": "alice"}
//! typed    size:u16 type:char text              size counts the text alone
//! struct   kind:u32 name_len:u32 text_len:u32 name[32] text[1024], little-endian
//! line     text "\n"                            words as in the first
//! ```
//!
//! Sizes are big-endian. A dialect is a codec that cuts the stream into the contents of messages
//! and says what each content means; the modules below are named after what they share.
//!
//! Names and texts are bytes here: whether they are printable or UTF-8 is a rule of the peers, not
//! of the framing. The two dialects of JSON carry UTF-8 only.

mod fit;
mod fixed;
mod framing;
mod json16;
mod json32;
mod line;
mod objects;
mod typed;
mod word;
mod words;

use crate::decode::{
    Decode, Decoded, EncodeError, Fields, Malformed, Stop, all_or_nothing, finish,
};
use crate::dialect::named_dialect;

/// The port of the document's examples.
pub const DEFAULT_PORT: u16 = 43_221;

/// The longest nickname in bytes that peers accept.
pub const MAX_NAME: usize = 32;

/// The longest content of a message in bytes, in every dialect; what surrounds it is not counted.
pub const MAX_CONTENT: usize = u16::MAX as usize;

/// How the bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// A 16-bit size and the words of the document.
    #[default]
    Word,
    /// A 16-bit size and a JSON object with `msg`, `nick` and `proto`.
    Json16,
    /// A 32-bit size and a JSON object with `type` and `text`.
    Json32,
    /// A 16-bit size, a character for the type, and the text.
    Typed,
    /// A C structure of 1,068 bytes.
    Struct,
    /// A line for each message.
    Line,
}

impl Dialect {
    /// Every dialect, in the order in which they are offered to users.
    pub const ALL: [Self; 6] = [
        Self::Word,
        Self::Json16,
        Self::Json32,
        Self::Typed,
        Self::Struct,
        Self::Line,
    ];

    /// The name that users type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Word => "word",
            Self::Json16 => "json16",
            Self::Json32 => "json32",
            Self::Typed => "typed",
            Self::Struct => "struct",
            Self::Line => "line",
        }
    }

    fn codec(self) -> &'static dyn Codec {
        match self {
            Self::Word => &word::Word,
            Self::Json16 => &json16::Json16,
            Self::Json32 => &json32::Json32,
            Self::Typed => &typed::Typed,
            Self::Struct => &fixed::Fixed,
            Self::Line => &line::Line,
        }
    }
}

named_dialect!(Dialect);

/// One way to write the messages.
///
/// `content` is a message without what marks its end in the stream.
trait Codec: Sync {
    /// The content of the message that comes next in the stream.
    fn frame<'a>(&self, fields: &mut Fields<'a>) -> Result<&'a [u8], Stop>;

    /// Appends a content and what marks its end.
    fn enclose(&self, content: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError>;

    fn read_client(&self, content: &[u8]) -> Result<ClientMessage, Malformed>;

    fn write_client(&self, message: &ClientMessage) -> Result<Vec<u8>, EncodeError>;

    fn read_server(&self, content: &[u8]) -> Result<ServerMessage, Malformed>;

    /// `stamp` tells messages apart where the dialect has a place for it.
    fn write_server(&self, message: &ServerMessage, stamp: u64) -> Result<Vec<u8>, EncodeError>;
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientMessage {
    /// Asks for a nickname.
    Nick {
        /// The nickname, usually 1 to [`MAX_NAME`] bytes.
        name: Vec<u8>,
    },
    /// A text for everybody else.
    Chat {
        /// Who the client says it is. Nobody should believe it, and `word`, `json32`, `typed` and
        /// `line` have no place for it: it is left out there and reads as empty.
        claimed: Vec<u8>,
        /// The text.
        text: Vec<u8>,
    },
    /// Leaves.
    Bye,
}

impl ClientMessage {
    /// Appends the encoding to `out`, which is as it was when an error is returned.
    ///
    /// Fails for texts that are too long or that the dialect would read as something else.
    pub fn encode(&self, dialect: Dialect, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let codec = dialect.codec();
        let content = codec.write_client(self)?;
        all_or_nothing(out, |out| codec.enclose(&content, out))
    }

    /// The same, but a text that is too long loses its end, between two characters.
    ///
    /// Answers whether it did.
    pub fn encode_cut(&self, dialect: Dialect, out: &mut Vec<u8>) -> Result<bool, EncodeError> {
        fit::encode(self, |message| message.encode(dialect, out))
    }
}

impl Decode for ClientMessage {
    type Dialect = Dialect;

    const MAX_LEN: usize = 4 + MAX_CONTENT;

    fn decode(bytes: &[u8], dialect: Dialect) -> Result<Decoded<Self>, Malformed> {
        decode(bytes, dialect, <dyn Codec>::read_client)
    }
}

/// What a server sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerMessage {
    /// The first message of a connection.
    Hello,
    /// The nickname is the client's now.
    Ready,
    /// The client should ask for another nickname.
    Retry,
    /// What another client has said.
    ///
    /// In `word`, `typed` and `line` the first `: ` is what ends the name.
    Broadcast {
        /// The nickname of the sender.
        from: Vec<u8>,
        /// The text.
        text: Vec<u8>,
    },
    /// Leaves, or answers a client that does.
    Bye,
    /// The server stops after that time.
    Shutdown {
        /// Seconds until the connections are closed.
        seconds: u64,
    },
    /// Anything else that the server tells.
    ///
    /// In `word` and `line` a text that is one of the other messages reads as that message.
    Notice {
        /// The text.
        text: Vec<u8>,
    },
}

impl ServerMessage {
    /// Appends the encoding to `out`, which is as it was when an error is returned.
    ///
    /// `stamp` becomes the `time` of `json32` and should differ from message to message; the other
    /// dialects have no place for it. Fails for texts that are too long or that the dialect would
    /// read as something else.
    pub fn encode(
        &self,
        dialect: Dialect,
        stamp: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let codec = dialect.codec();
        let content = codec.write_server(self, stamp)?;
        all_or_nothing(out, |out| codec.enclose(&content, out))
    }

    /// The same, but a text that is too long loses its end, between two characters.
    ///
    /// Answers whether it did.
    pub fn encode_cut(
        &self,
        dialect: Dialect,
        stamp: u64,
        out: &mut Vec<u8>,
    ) -> Result<bool, EncodeError> {
        fit::encode(self, |message| message.encode(dialect, stamp, out))
    }
}

impl Decode for ServerMessage {
    type Dialect = Dialect;

    const MAX_LEN: usize = 4 + MAX_CONTENT;

    fn decode(bytes: &[u8], dialect: Dialect) -> Result<Decoded<Self>, Malformed> {
        decode(bytes, dialect, <dyn Codec>::read_server)
    }
}

fn decode<M>(
    bytes: &[u8],
    dialect: Dialect,
    read: impl FnOnce(&'static dyn Codec, &[u8]) -> Result<M, Malformed>,
) -> Result<Decoded<M>, Malformed> {
    let codec = dialect.codec();
    let mut fields = Fields::new(bytes);
    let outcome = codec
        .frame(&mut fields)
        .and_then(|content| read(codec, content).map_err(Stop::Malformed));
    finish(outcome, fields.position())
}

#[cfg(test)]
mod tests;

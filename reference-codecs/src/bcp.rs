//! Basic Chat Protocol: registering a name, sending to all, acknowledging each delivery.
//!
//! Big-endian over TCP. Every message is one type byte and its fields; a string is a `u16` length
//! and that many bytes. What the dialects write differently:
//!
//! ```text
//!            spec                            rpchat
//! register   01 len username                 the same
//! send       02 len message                  the same
//! deliver    03 len from len message         from and message end in a counted NUL
//! notice     03 len "server" len message     from is "[Server]" without NUL, message with NUL
//! status     04 code len message             from a client only: 04 code
//! ```
//!
//! Strings are bytes here: whether they are printable or UTF-8 is a rule of the peers, not of the
//! framing.

use crate::decode::{
    Decode, Decoded, EncodeError, Fields, Malformed, Reason, Stop, all_or_nothing, finish,
    put_str16,
};
use crate::dialect::named_dialect;

/// The port that servers listen on unless told otherwise.
pub const DEFAULT_PORT: u16 = 9001;

/// The longest username and message text in bytes that peers accept.
pub const MAX_TEXT: usize = 4095;

/// The status code that means success; every other code is an error.
pub const OK: u8 = 0;

const REGISTER: u8 = 1;
const SEND: u8 = 2;
const DELIVER: u8 = 3;
const STATUS: u8 = 4;

/// A string of the longest expressible length, with its length field.
const LONGEST_STRING: usize = 2 + u16::MAX as usize;

/// How the bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// The protocol as the document describes it.
    #[default]
    Spec,
    /// The protocol as rpchat's C server and its Python client write it.
    RpChat,
}

impl Dialect {
    /// Every dialect, in the order in which they are offered to users.
    pub const ALL: [Self; 2] = [Self::Spec, Self::RpChat];

    /// The name that users type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spec => "spec",
            Self::RpChat => "rpchat",
        }
    }

    /// The sender of a [`ServerMessage::Notice`] on the wire.
    pub fn server_name(self) -> &'static [u8] {
        match self {
            Self::Spec => b"server",
            Self::RpChat => b"[Server]",
        }
    }

    /// What the server appends to names and texts.
    fn suffix(self) -> &'static [u8] {
        match self {
            Self::Spec => b"",
            Self::RpChat => b"\0",
        }
    }
}

named_dialect!(Dialect);

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientMessage {
    /// Asks for a name; the first message of a connection.
    Register {
        /// The name, usually 1 to [`MAX_TEXT`] bytes.
        username: Vec<u8>,
    },
    /// A text for everybody else.
    Send {
        /// The text, usually 1 to [`MAX_TEXT`] bytes.
        message: Vec<u8>,
    },
    /// Acknowledges a delivery.
    Status {
        /// [`OK`] or an error.
        code: u8,
        /// A text for humans; the dialect `rpchat` has none.
        message: Vec<u8>,
    },
}

impl ClientMessage {
    /// The acknowledgement of a delivery.
    pub fn ack() -> Self {
        Self::Status {
            code: OK,
            message: Vec::new(),
        }
    }

    /// Appends the encoding to `out`, which is as it was when an error is returned.
    ///
    /// Fails for strings above 65,535 bytes, and in `rpchat` for a status with a text.
    pub fn encode(&self, dialect: Dialect, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        all_or_nothing(out, |out| match self {
            Self::Register { username } => {
                out.push(REGISTER);
                put_str16(out, "username", &[username])
            }
            Self::Send { message } => {
                out.push(SEND);
                put_str16(out, "message", &[message])
            }
            Self::Status { code, message } => {
                out.extend_from_slice(&[STATUS, *code]);
                match dialect {
                    Dialect::Spec => put_str16(out, "message", &[message]),
                    Dialect::RpChat if message.is_empty() => Ok(()),
                    Dialect::RpChat => Err(EncodeError::NotCarried { field: "message" }),
                }
            }
        })
    }

    fn read(fields: &mut Fields<'_>, dialect: Dialect) -> Result<Self, Stop> {
        match fields.u8()? {
            REGISTER => Ok(Self::Register {
                username: fields.str16()?.to_vec(),
            }),
            SEND => Ok(Self::Send {
                message: fields.str16()?.to_vec(),
            }),
            STATUS => {
                let code = fields.u8()?;
                let message = match dialect {
                    Dialect::Spec => fields.str16()?.to_vec(),
                    Dialect::RpChat => Vec::new(),
                };
                Ok(Self::Status { code, message })
            }
            DELIVER => Err(bad_type(Reason::WrongDirection(DELIVER))),
            unknown => Err(bad_type(Reason::UnknownType(unknown))),
        }
    }
}

impl Decode for ClientMessage {
    type Dialect = Dialect;

    const MAX_LEN: usize = 2 + LONGEST_STRING;

    fn decode(bytes: &[u8], dialect: Dialect) -> Result<Decoded<Self>, Malformed> {
        let mut fields = Fields::new(bytes);
        let outcome = Self::read(&mut fields, dialect);
        finish(outcome, fields.position())
    }
}

/// What a server sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerMessage {
    /// The server's own words as a delivery: who joined, who left, who is there.
    Notice {
        /// The text.
        message: Vec<u8>,
    },
    /// What another client has sent.
    ///
    /// In the dialect `spec` a delivery from a user whose name is the server's reads as a notice.
    Deliver {
        /// The name of the sender.
        from: Vec<u8>,
        /// The text.
        message: Vec<u8>,
    },
    /// The answer to a registration or a text.
    Status {
        /// [`OK`] or an error.
        code: u8,
        /// A text for humans, often empty.
        message: Vec<u8>,
    },
}

impl ServerMessage {
    /// Appends the encoding to `out`, which is as it was when an error is returned.
    ///
    /// Fails for strings above 65,535 bytes, the suffix of the dialect included.
    pub fn encode(&self, dialect: Dialect, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        all_or_nothing(out, |out| match self {
            Self::Notice { message } => {
                out.push(DELIVER);
                put_str16(out, "from", &[dialect.server_name()])?;
                put_str16(out, "message", &[message, dialect.suffix()])
            }
            Self::Deliver { from, message } => {
                out.push(DELIVER);
                put_str16(out, "from", &[from, dialect.suffix()])?;
                put_str16(out, "message", &[message, dialect.suffix()])
            }
            Self::Status { code, message } => {
                out.extend_from_slice(&[STATUS, *code]);
                put_str16(out, "message", &[message])
            }
        })
    }

    fn read(fields: &mut Fields<'_>, dialect: Dialect) -> Result<Self, Stop> {
        match fields.u8()? {
            DELIVER => Self::read_delivery(fields, dialect),
            STATUS => {
                let code = fields.u8()?;
                Ok(Self::Status {
                    code,
                    message: fields.str16()?.to_vec(),
                })
            }
            known @ (REGISTER | SEND) => Err(bad_type(Reason::WrongDirection(known))),
            unknown => Err(bad_type(Reason::UnknownType(unknown))),
        }
    }

    fn read_delivery(fields: &mut Fields<'_>, dialect: Dialect) -> Result<Self, Stop> {
        let from_offset = fields.position();
        let from = fields.str16()?;
        let message_offset = fields.position();
        let message = fields.str16()?;
        let strip = |text: &[u8], offset, field| {
            text.strip_suffix(dialect.suffix())
                .map(<[u8]>::to_vec)
                .ok_or(Stop::malformed(offset, field, Reason::MissingNul))
        };
        if from == dialect.server_name() {
            return Ok(Self::Notice {
                message: strip(message, message_offset, "message")?,
            });
        }
        Ok(Self::Deliver {
            from: strip(from, from_offset, "from")?,
            message: strip(message, message_offset, "message")?,
        })
    }
}

impl Decode for ServerMessage {
    type Dialect = Dialect;

    const MAX_LEN: usize = 1 + 2 * LONGEST_STRING;

    fn decode(bytes: &[u8], dialect: Dialect) -> Result<Decoded<Self>, Malformed> {
        let mut fields = Fields::new(bytes);
        let outcome = Self::read(&mut fields, dialect);
        finish(outcome, fields.position())
    }
}

fn bad_type(reason: Reason) -> Stop {
    Stop::malformed(0, "type", reason)
}

#[cfg(test)]
mod tests;

//! chatbooth: accounts with passwords, tokens, messages that wait for their reader.
//!
//! Over TCP, big-endian. Every message has the same head; only what a client sends with a token
//! has anything behind the body:
//!
//! ```text
//! version  action  size   body        token
//! u8 = 0   u8      u32    size bytes  16 bytes, from a client, unless action is 1
//!
//! from a client                        from a server
//!  1 authenticate  user:password       10 answer   a token, names, one zero byte, or nothing:
//!  2 list          expression                      an error, or a list without a match
//!  3 send          user:text           11 message  a text
//!  4 deliver       user
//!  5 delete        user
//! ```
//!
//! Bodies are bytes here: whether they are UTF-8 and have their colon is a rule of the peers, not
//! of the framing. [`split`] finds the colon.

use std::fmt;

use crate::decode::{
    Decode, Decoded, EncodeError, Fields, Malformed, Reason, Stop, all_or_nothing, finish,
};

/// The port that our servers listen on unless told otherwise; the document names none.
pub const DEFAULT_PORT: u16 = 8080;

/// The version of all messages.
pub const VERSION: u8 = 0;

/// Bytes of a token.
pub const TOKEN_LEN: usize = 16;

/// Bytes in front of the body: version, action and size.
pub const HEAD_LEN: usize = 6;

/// The body of a list request that asks for all names; an empty body does, too.
pub const ALL: &[u8] = b"\n";

const AUTHENTICATE: u8 = 1;
const LIST: u8 = 2;
const SEND: u8 = 3;
const DELIVER: u8 = 4;
const DELETE: u8 = 5;
const ANSWER: u8 = 10;
const MESSAGE: u8 = 11;

/// The body of an answer that says no more than yes.
const DONE: &[u8] = &[0];

/// What proves that its holder has logged in. It is a secret and shows nothing of itself in
/// debugging output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token(pub [u8; TOKEN_LEN]);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// `user:password` as it travels. It shows nothing of itself in debugging output.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(pub Vec<u8>);

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// The longest body in bytes that a peer takes or sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyLimit(pub usize);

impl BodyLimit {
    /// What the size field can say.
    pub const NONE: Self = Self(u32::MAX as usize);
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientMessage {
    /// Logs in, or creates the account.
    Authenticate {
        /// `user:password`.
        credentials: Credentials,
    },
    /// Asks for names.
    List {
        /// A regular expression, or [`ALL`].
        pattern: Vec<u8>,
        /// Of the account that asks.
        token: Token,
    },
    /// A text for one account.
    Send {
        /// `user:text`.
        addressed: Vec<u8>,
        /// Of the sender.
        token: Token,
    },
    /// Asks for the messages that wait.
    Deliver {
        /// The name of the own account.
        user: Vec<u8>,
        /// Of the own account.
        token: Token,
    },
    /// Removes an account.
    Delete {
        /// The name of the own account.
        user: Vec<u8>,
        /// Of the own account.
        token: Token,
    },
}

impl ClientMessage {
    /// Logs in as `user`, who is created when unknown. The name must not have a colon.
    pub fn authenticate(user: &str, password: &str) -> Self {
        Self::Authenticate {
            credentials: Credentials(format!("{user}:{password}").into_bytes()),
        }
    }

    /// Sends `text` to `user`, whose name must not have a colon.
    pub fn send(user: &str, text: &str, token: Token) -> Self {
        Self::Send {
            addressed: format!("{user}:{text}").into_bytes(),
            token,
        }
    }

    /// Appends the encoding to `out`, which is as it was when an error is returned.
    ///
    /// Fails for bodies above the limit.
    pub fn encode(&self, limit: BodyLimit, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let (action, body, token) = self.parts();
        all_or_nothing(out, |out| {
            put_frame(out, action, body, limit)?;
            out.extend_from_slice(token.map_or(&[], |token| &token.0));
            Ok(())
        })
    }

    fn parts(&self) -> (u8, &[u8], Option<&Token>) {
        match self {
            Self::Authenticate { credentials } => (AUTHENTICATE, &credentials.0, None),
            Self::List { pattern, token } => (LIST, pattern, Some(token)),
            Self::Send { addressed, token } => (SEND, addressed, Some(token)),
            Self::Deliver { user, token } => (DELIVER, user, Some(token)),
            Self::Delete { user, token } => (DELETE, user, Some(token)),
        }
    }

    fn read(fields: &mut Fields<'_>, limit: BodyLimit) -> Result<Self, Stop> {
        let action = read_action(fields, |action| match action {
            AUTHENTICATE..=DELETE => Ok(()),
            ANSWER | MESSAGE => Err(Reason::WrongDirection(action)),
            _ => Err(Reason::UnknownType(action)),
        })?;
        let len = read_size(fields, limit)?;
        if action == AUTHENTICATE {
            let credentials = Credentials(fields.take(len)?.to_vec());
            return Ok(Self::Authenticate { credentials });
        }
        // Both at once: a body without its token is not copied before the rest has come.
        let rest = fields.take(len.saturating_add(TOKEN_LEN))?;
        let (body, end) = rest.split_at_checked(len).unwrap_or((rest, &[]));
        let mut token = Token([0; TOKEN_LEN]);
        token.0.copy_from_slice(end);
        let body = body.to_vec();
        Ok(match action {
            LIST => Self::List {
                pattern: body,
                token,
            },
            SEND => Self::Send {
                addressed: body,
                token,
            },
            DELIVER => Self::Deliver { user: body, token },
            _ => Self::Delete { user: body, token },
        })
    }
}

impl Decode for ClientMessage {
    type Dialect = BodyLimit;

    const MAX_LEN: usize = (HEAD_LEN + TOKEN_LEN).saturating_add(u32::MAX as usize);

    fn decode(bytes: &[u8], limit: BodyLimit) -> Result<Decoded<Self>, Malformed> {
        let mut fields = Fields::new(bytes);
        let outcome = Self::read(&mut fields, limit);
        finish(outcome, fields.position())
    }
}

/// What a server sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerMessage {
    /// The one answer to a request.
    Answer {
        /// What was asked for; nothing is an error, or a list without a match.
        body: Vec<u8>,
    },
    /// A text from another account, or from oneself. The sender is not named.
    Message {
        /// The text.
        text: Vec<u8>,
    },
}

impl ServerMessage {
    /// The request has failed.
    pub fn error() -> Self {
        Self::Answer { body: Vec::new() }
    }

    /// The request was carried out and there is nothing to tell.
    pub fn done() -> Self {
        Self::Answer {
            body: DONE.to_vec(),
        }
    }

    /// The login was right.
    pub fn token(token: Token) -> Self {
        Self::Answer {
            body: token.0.to_vec(),
        }
    }

    /// Appends the encoding to `out`, which is as it was when an error is returned.
    ///
    /// Fails for bodies above the limit.
    pub fn encode(&self, limit: BodyLimit, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Answer { body } => put_frame(out, ANSWER, body, limit),
            Self::Message { text } => put_frame(out, MESSAGE, text, limit),
        }
    }

    fn read(fields: &mut Fields<'_>, limit: BodyLimit) -> Result<Self, Stop> {
        let action = read_action(fields, |action| match action {
            ANSWER | MESSAGE => Ok(()),
            AUTHENTICATE..=DELETE => Err(Reason::WrongDirection(action)),
            _ => Err(Reason::UnknownType(action)),
        })?;
        let len = read_size(fields, limit)?;
        let body = fields.take(len)?.to_vec();
        Ok(match action {
            ANSWER => Self::Answer { body },
            _ => Self::Message { text: body },
        })
    }
}

impl Decode for ServerMessage {
    type Dialect = BodyLimit;

    const MAX_LEN: usize = HEAD_LEN.saturating_add(u32::MAX as usize);

    fn decode(bytes: &[u8], limit: BodyLimit) -> Result<Decoded<Self>, Malformed> {
        let mut fields = Fields::new(bytes);
        let outcome = Self::read(&mut fields, limit);
        finish(outcome, fields.position())
    }
}

/// What stands before and behind the first colon; `None` without a colon.
pub fn split(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = body.iter().position(|byte| *byte == b':')?;
    let (user, rest) = body.split_at_checked(colon)?;
    Some((user, rest.get(1..)?))
}

fn read_action(
    fields: &mut Fields<'_>,
    check: impl FnOnce(u8) -> Result<(), Reason>,
) -> Result<u8, Stop> {
    let version = fields.u8()?;
    if version != VERSION {
        let reason = Reason::UnknownVersion(version);
        return Err(Stop::malformed(0, "version", reason));
    }
    let action = fields.u8()?;
    check(action).map_err(|reason| Stop::malformed(1, "action", reason))?;
    Ok(action)
}

/// The size of the body, refused before a byte of a body that is too long has come.
fn read_size(fields: &mut Fields<'_>, limit: BodyLimit) -> Result<usize, Stop> {
    let offset = fields.position();
    let size = fields.u32()?;
    let len = usize::try_from(size).unwrap_or(usize::MAX);
    if len > limit.0 {
        let limit = limit.0;
        let reason = Reason::TooLong { len, limit };
        return Err(Stop::malformed(offset, "size", reason));
    }
    Ok(len)
}

fn put_frame(
    out: &mut Vec<u8>,
    action: u8,
    body: &[u8],
    limit: BodyLimit,
) -> Result<(), EncodeError> {
    let size = u32::try_from(body.len())
        .ok()
        .filter(|_| body.len() <= limit.0)
        .ok_or(EncodeError::TooLong {
            field: "body",
            len: body.len(),
            limit: limit.0,
        })?;
    out.extend_from_slice(&[VERSION, action]);
    out.extend_from_slice(&size.to_be_bytes());
    out.extend_from_slice(body);
    Ok(())
}

#[cfg(test)]
mod tests;

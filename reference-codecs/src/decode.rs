//! Incremental decoding of a byte stream, shared by all protocols.
//!
//! A stream splits messages anywhere and joins them freely. [`Decoder`] collects what arrives and
//! hands out whole messages; how one message is read is the business of [`Decode`].

use thiserror::Error;

/// The answer to "what do these bytes begin with?", when they are not malformed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded<M> {
    /// A whole message that takes the first `len` bytes.
    Message {
        /// The message.
        message: M,
        /// Length of its encoding in bytes, at least 1.
        len: usize,
    },
    /// The bytes are the beginning of a message; at least `needed` more bytes must come.
    Incomplete {
        /// A lower bound of the bytes still missing, at least 1.
        needed: usize,
    },
}

/// Bytes that no continuation can turn into a message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("malformed message: {field} at byte {offset}: {reason}")]
pub struct Malformed {
    /// Where the offending field begins, in bytes from the start of the message.
    pub offset: usize,
    /// The field that cannot be right.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// The protocol has no message of this type.
    #[error("unknown message type {0}")]
    UnknownType(u8),
    /// The protocol has this message, but this side never sends it.
    #[error("message type {0} goes the other way")]
    WrongDirection(u8),
    /// The message is of a version that nobody has agreed on.
    #[error("unknown version {0}")]
    UnknownVersion(u8),
    /// The protocol has no message that calls itself this.
    #[error("unknown kind of message `{0}`")]
    UnknownKind(String),
    /// The dialect writes JSON here, and this is none, or it has a value of another type.
    #[error("no JSON of a message: {0}")]
    NotJson(String),
    /// The dialect ends this string in a NUL byte, and there is none.
    #[error("the string does not end in NUL")]
    MissingNul,
    /// Protocol Buffers have no field that begins like this, or no message of this protocol has.
    #[error("no field of Protocol Buffers: {0}")]
    NotAField(&'static str),
    /// The fields are not those of the message.
    #[error("not the fields of the message: {0}")]
    WrongFields(String),
    /// The message has more fields than the receiver is willing to look at.
    #[error("more than {0} fields")]
    TooManyFields(usize),
    /// The message is longer than the receiver is willing to hold.
    #[error("{len} bytes are more than the limit of {limit}")]
    TooLong {
        /// The length in bytes that the message would have at least.
        len: usize,
        /// The most bytes that the receiver takes.
        limit: usize,
    },
}

/// A message that cannot be written in the chosen dialect.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The length does not fit its length field.
    #[error("{field} has {len} bytes, at most {limit} can be sent")]
    TooLong {
        /// The field that is too long.
        field: &'static str,
        /// Its length in bytes, what the dialect adds included.
        len: usize,
        /// The largest length that can be written.
        limit: usize,
    },
    /// The dialect has no place for this field.
    #[error("this dialect cannot carry {field}")]
    NotCarried {
        /// The field that has no place.
        field: &'static str,
    },
}

/// A message that can be read from the beginning of a byte slice.
pub trait Decode: Sized {
    /// Chooses between variants of the wire format.
    type Dialect: Copy;

    /// Length in bytes of the longest message that is taken unless a receiver chooses another
    /// limit; at most what the wire format can express.
    const MAX_LEN: usize;

    /// Reads the message that `bytes` begins with; what follows it is not looked at.
    ///
    /// The answer depends on the bytes alone: a prefix of a message is
    /// [`Decoded::Incomplete`], never malformed.
    fn decode(bytes: &[u8], dialect: Self::Dialect) -> Result<Decoded<Self>, Malformed>;
}

/// Collects the bytes of a stream and hands out whole messages.
///
/// It never holds more than `limit` bytes of an unfinished message plus what one [`feed`] added.
///
/// [`feed`]: Decoder::feed
#[derive(Debug)]
pub struct Decoder<M: Decode> {
    dialect: M::Dialect,
    limit: usize,
    buffer: Vec<u8>,
    /// Bytes at the front of `buffer` that were handed out already.
    consumed: usize,
    failed: Option<Malformed>,
}

/// An empty buffer above this size gives its memory back, so that one long message does not cost
/// memory for the rest of a connection.
const KEEP_CAPACITY: usize = 1024;

impl<M: Decode> Decoder<M> {
    /// A decoder that takes messages of up to [`Decode::MAX_LEN`] bytes.
    pub fn new(dialect: M::Dialect) -> Self {
        Self::with_limit(dialect, M::MAX_LEN)
    }

    /// A decoder that calls messages above `limit` bytes malformed, as soon as it is known.
    pub fn with_limit(dialect: M::Dialect, limit: usize) -> Self {
        Self {
            dialect,
            limit,
            buffer: Vec::new(),
            consumed: 0,
            failed: None,
        }
    }

    /// Adds bytes as they came from the peer.
    ///
    /// Take out all messages with [`next_message`](Self::next_message) before feeding more; what
    /// comes after a malformed message is dropped.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        self.buffer.drain(..self.consumed);
        self.consumed = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message, `None` when more bytes must come first.
    ///
    /// After an error the stream has no known message border any more: the same error is
    /// returned for ever.
    pub fn next_message(&mut self) -> Result<Option<M>, Malformed> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.step().inspect_err(|error| {
            self.failed = Some(error.clone());
            self.buffer = Vec::new();
            self.consumed = 0;
        })
    }

    /// Forgets the bytes that were fed and belong to no message handed out so far.
    pub fn forget_pending(&mut self) {
        self.consumed = self.buffer.len();
    }

    /// The bytes that were fed and belong to no message handed out so far.
    pub fn unread(&self) -> &[u8] {
        self.buffer.get(self.consumed..).unwrap_or_default()
    }

    /// Bytes that were fed and belong to no message handed out so far.
    ///
    /// Bytes left over when the stream ends are an unfinished message.
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.consumed
    }

    fn step(&mut self) -> Result<Option<M>, Malformed> {
        let rest = self.buffer.get(self.consumed..).unwrap_or_default();
        if rest.is_empty() {
            self.release();
            return Ok(None);
        }
        match M::decode(rest, self.dialect)? {
            Decoded::Message { message, len } => {
                self.check_limit(len)?;
                self.consumed += len;
                Ok(Some(message))
            }
            Decoded::Incomplete { needed } => {
                self.check_limit(rest.len().saturating_add(needed))?;
                Ok(None)
            }
        }
    }

    fn check_limit(&self, len: usize) -> Result<(), Malformed> {
        if len <= self.limit {
            return Ok(());
        }
        let reason = Reason::TooLong {
            len,
            limit: self.limit,
        };
        Err(Malformed {
            offset: 0,
            field: "message",
            reason,
        })
    }

    fn release(&mut self) {
        self.consumed = 0;
        if self.buffer.capacity() > KEEP_CAPACITY {
            self.buffer = Vec::new();
        } else {
            self.buffer.clear();
        }
    }
}

/// Why reading a field stopped.
pub(crate) enum Stop {
    Incomplete(usize),
    Malformed(Malformed),
}

impl Stop {
    pub(crate) fn malformed(offset: usize, field: &'static str, reason: Reason) -> Self {
        Self::Malformed(Malformed {
            offset,
            field,
            reason,
        })
    }
}

/// Reads fields one after another and knows where each began.
pub(crate) struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Stop> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A string behind its big-endian `u16` length.
    pub(crate) fn str16(&mut self) -> Result<&'a [u8], Stop> {
        let len = u16::from_be_bytes(self.array()?);
        self.take(usize::from(len))
    }

    /// A big-endian number.
    pub(crate) fn u32(&mut self) -> Result<u32, Stop> {
        self.array().map(u32::from_be_bytes)
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Stop> {
        let rest = self.rest();
        match rest.get(..len) {
            Some(taken) => {
                self.at += len;
                Ok(taken)
            }
            None => Err(Stop::Incomplete(len - rest.len())),
        }
    }
}

/// Turns the outcome of reading all fields into the decoder's answer.
pub(crate) fn finish<M>(outcome: Result<M, Stop>, len: usize) -> Result<Decoded<M>, Malformed> {
    match outcome {
        Ok(message) => Ok(Decoded::Message { message, len }),
        Err(Stop::Incomplete(needed)) => Ok(Decoded::Incomplete { needed }),
        Err(Stop::Malformed(error)) => Err(error),
    }
}

/// Writes a string behind its big-endian `u16` length.
pub(crate) fn put_str16(
    out: &mut Vec<u8>,
    field: &'static str,
    parts: &[&[u8]],
) -> Result<(), EncodeError> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let limit = usize::from(u16::MAX);
    let prefix = u16::try_from(len)
        .map_err(|_| EncodeError::TooLong { field, len, limit })?
        .to_be_bytes();
    out.extend_from_slice(&prefix);
    for part in parts {
        out.extend_from_slice(part);
    }
    Ok(())
}

/// Takes back what was written of a message that cannot be written to its end.
pub(crate) fn all_or_nothing(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let start = out.len();
    write(out).inspect_err(|_| out.truncate(start))
}

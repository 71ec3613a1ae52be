//! From bytes to messages: each kind is tried as written, and the first that is not refused
//! decides. What a kind answers depends on the bytes alone, never on how they were cut.

use std::fmt;

use super::refusal::{Refusal, Stop, left_over, missing};
use super::shape::Shape;
use super::split::Split;
use super::walk::Walk;
use super::{Codec, Direction, Kind, Message};

/// What the first bytes of a stream are.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded {
    /// A whole message.
    Message {
        /// What it says.
        message: Message,
        /// How many bytes it has; what follows belongs to the next message.
        len: usize,
    },
    /// The beginning of a message.
    More {
        /// What is waited for, in words.
        missing: String,
    },
    /// No message begins like this.
    Malformed(Malformed),
}

/// Why bytes are no message: said of the kind that got furthest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Where, in bytes from the start of the message.
    pub offset: usize,
    /// The field there, with the same path as in [`super::Segment`].
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}, `{}`: {}", self.offset, self.field, self.reason)
    }
}

impl Codec {
    /// Decodes the first message of `bytes`, which came from a stream. No input panics, nothing
    /// is allocated for bytes that are not there.
    pub fn decode(&self, direction: Direction, bytes: &[u8]) -> Decoded {
        self.decode_with(direction, bytes, false)
    }

    /// The same when the stream has rested for [`Codec::pause`] behind these bytes, or has ended:
    /// that ends a message without a length, too.
    pub fn decode_rested(&self, direction: Direction, bytes: &[u8]) -> Decoded {
        self.decode_with(direction, bytes, true)
    }

    fn decode_with(&self, direction: Direction, bytes: &[u8], rested: bool) -> Decoded {
        if !rested && self.is_by_pause() {
            return Decoded::More {
                missing: "a pause behind it".to_owned(),
            };
        }
        let mut walk = self.walk(bytes);
        walk.paused = rested;
        for kind in self.going(direction) {
            let Some(shape) = kind.shape(direction) else {
                continue;
            };
            if !shape.may_begin(bytes) {
                continue;
            }
            match walk.shape(shape) {
                Ok(()) => {
                    return Decoded::Message {
                        message: walk.message(kind, shape),
                        len: walk.pos,
                    };
                }
                Err(Stop::More { path, needed, at }) => {
                    let missing = missing(&path, needed, bytes.len() - at);
                    return self.unfinished(missing, bytes);
                }
                Err(Stop::Refused(_)) => {}
            }
        }
        Decoded::Malformed(self.malformed(direction, bytes))
    }

    /// The beginning of a message: nothing can follow where the stream has rested.
    fn unfinished(&self, missing: String, bytes: &[u8]) -> Decoded {
        if self.is_by_pause() {
            return Decoded::Malformed(Malformed {
                offset: bytes.len(),
                field: String::new(),
                reason: format!("a pause came too early: {missing}"),
            });
        }
        Decoded::More { missing }
    }

    /// Decodes a datagram, which is one whole message: with bytes left over, or with bytes
    /// missing, it is malformed.
    pub fn decode_datagram(&self, direction: Direction, bytes: &[u8]) -> Decoded {
        match self.decode(direction, bytes) {
            Decoded::More { missing } => Decoded::Malformed(Malformed {
                offset: bytes.len(),
                field: String::new(),
                reason: format!("the datagram ends too early: {missing}"),
            }),
            Decoded::Message { len, .. } if len < bytes.len() => Decoded::Malformed(Malformed {
                offset: len,
                field: String::new(),
                reason: left_over(bytes.len() - len),
            }),
            decoded => decoded,
        }
    }

    /// A walk over bytes whose end is known when they are a datagram, or all until a pause.
    pub(super) fn walk<'b>(&self, bytes: &'b [u8]) -> Walk<'b> {
        let is_all = self.datagram || self.is_by_pause();
        Walk::new(self, bytes, is_all.then_some(bytes.len()))
    }

    fn is_by_pause(&self) -> bool {
        self.split.is_some_and(Split::is_by_pause)
    }

    /// The complaint of the kind that got furthest.
    pub(super) fn malformed(&self, direction: Direction, bytes: &[u8]) -> Malformed {
        match self.furthest(direction, bytes) {
            Some((_, refusal)) => refusal,
            None => Malformed {
                offset: 0,
                field: String::new(),
                reason: format!("no message goes {}", direction.word()),
            },
        }
    }

    /// The kind that got furthest before it was refused, and why it was.
    pub(super) fn furthest(
        &self,
        direction: Direction,
        bytes: &[u8],
    ) -> Option<(&Kind, Malformed)> {
        let mut walk = self.walk(bytes);
        walk.thorough = true;
        let mut best: Option<(&Kind, Refusal<'_>)> = None;
        let mut rivals = Vec::new();
        for kind in self.going(direction) {
            let Some(Err(Stop::Refused(refusal))) =
                kind.shape(direction).map(|shape| walk.shape(shape))
            else {
                continue;
            };
            let reached = best.as_ref().map_or((0, 0), |(_, best)| best.rank);
            if best.is_none() || refusal.rank > reached {
                rivals.clear();
                best = Some((kind, refusal));
            } else if refusal.rank == reached {
                rivals.push((kind, refusal));
            }
        }
        let (kind, best) = best?;
        let malformed = best.explain(kind, &rivals, bytes);
        Some((kind, malformed))
    }
}

impl Shape {
    /// False when bytes that are there contradict the constant at a fixed place.
    fn may_begin(&self, bytes: &[u8]) -> bool {
        let Some(sure) = &self.sure else { return true };
        bytes
            .get(sure.offset..sure.offset + sure.bytes.len())
            .is_none_or(|there| there == sure.bytes)
    }
}

//! Messages out of a stream of fields that has nothing between them.

use std::marker::PhantomData;

use super::Field;
use crate::decode::{Malformed, Reason};

/// The most fields of a message; the messages of the protocol have five at most.
pub const MAX_FIELDS: usize = 64;

/// The field that every message begins with.
const FIRST: u32 = 1;

/// What [`Messages`] can put together.
pub trait Message: prost::Message + Default {
    /// Whether no field that could still come, in the order of their numbers, would change what
    /// the message means.
    fn says_all(&self) -> bool;
}

/// Puts fields together to messages.
///
/// A field 1 behind another field begins the next message. Where no next message comes, only a
/// pause tells that the last one is whole: say so with [`end`](Self::end). To answer sooner, take
/// a message that already says all with [`take_early`](Self::take_early); what is left of it may
/// come later.
///
/// A message that cannot be read concerns nobody but itself: the one behind it is read again.
#[derive(Debug)]
pub struct Messages<M> {
    limit: usize,
    state: State,
    kind: PhantomData<M>,
}

#[derive(Debug)]
enum State {
    /// Between two messages.
    Between,
    /// In the middle of a message, or at its end.
    Open(Open),
    /// Behind a message that was taken early, of which this was the last field that came.
    Early(u32),
}

#[derive(Debug, Default)]
struct Open {
    bytes: Vec<u8>,
    fields: usize,
    last: u32,
    problem: Option<Reason>,
}

impl Open {
    fn add(&mut self, field: Field, limit: usize) {
        self.fields += 1;
        self.last = field.number;
        let len = self.bytes.len() + field.bytes.len();
        if len > limit {
            self.give_up(Reason::TooLong { len, limit });
        } else if self.fields > MAX_FIELDS {
            self.give_up(Reason::TooManyFields(MAX_FIELDS));
        }
        if self.problem.is_none() {
            self.bytes.extend(field.bytes);
        }
    }

    fn give_up(&mut self, reason: Reason) {
        self.bytes = Vec::new();
        self.problem.get_or_insert(reason);
    }

    fn read<M: Message>(&self) -> Result<M, Malformed> {
        let read = match &self.problem {
            None => M::decode(self.bytes.as_slice())
                .map_err(|error| Reason::WrongFields(error.to_string())),
            Some(reason) => Err(reason.clone()),
        };
        read.map_err(|reason| Malformed {
            offset: 0,
            field: "message",
            reason,
        })
    }
}

impl<M: Message> Messages<M> {
    /// Messages of up to `limit` bytes; longer ones cannot be read.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            state: State::Between,
            kind: PhantomData,
        }
    }

    /// Adds the next field of the stream; the message before it, if this begins another one.
    pub fn add(&mut self, field: Field) -> Option<Result<M, Malformed>> {
        let limit = self.limit;
        match &mut self.state {
            State::Open(open) if field.number != FIRST || open.last == FIRST => {
                open.add(field, limit);
                None
            }
            State::Early(last) if field.number > *last => {
                *last = field.number;
                None
            }
            _ => {
                let before = self.end();
                let mut open = Open::default();
                open.add(field, limit);
                self.state = State::Open(open);
                before
            }
        }
    }

    /// Nothing more comes that could belong to the message before: it, if there was one that was
    /// not taken early.
    pub fn end(&mut self) -> Option<Result<M, Malformed>> {
        match std::mem::replace(&mut self.state, State::Between) {
            State::Open(open) => Some(open.read()),
            State::Between | State::Early(_) => None,
        }
    }

    /// The message that is not known to be whole, if what is there says all. Its other fields, of
    /// higher numbers than those that have come, are skipped.
    pub fn take_early(&mut self) -> Option<M> {
        let State::Open(open) = &self.state else {
            return None;
        };
        let message = open.read::<M>().ok().filter(M::says_all)?;
        self.state = State::Early(open.last);
        Some(message)
    }

    /// Whether [`end`](Self::end) would make a difference: there is a message, taken early or not,
    /// of which more may come.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, State::Between)
    }

    /// Whether there is a message that was not taken early.
    pub fn is_waiting(&self) -> bool {
        matches!(self.state, State::Open(_))
    }
}

//! What an actor exchanges messages over: a connection, or a socket for datagrams.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::connection::Connection;
use super::datagrams::Datagrams;
use crate::transcript::{Bytes, End};
use crate::wire::{Codec, Direction, Message};

/// The most bytes that may wait for a peer that does not read.
pub(super) const MAX_UNSENT: usize = 64 * 1024 * 1024;

/// The most bytes beside which automatic answers are still queued: a peer that leaves so many
/// unread does not miss them.
pub(super) const MAX_UNSENT_ANSWERS: usize = 1024 * 1024;

/// One connection, or one socket, of an actor.
pub(super) enum Session {
    /// A stream of bytes.
    Stream(Box<Connection>),
    /// A socket on which each datagram is a message.
    Datagrams(Datagrams),
}

/// What reading brought.
pub(super) enum Arrival {
    Message {
        message: Message,
        bytes: Bytes,
        /// Who sent it, where that can differ.
        source: Option<SocketAddr>,
    },
    Malformed {
        offset: usize,
        reason: String,
        bytes: Vec<u8>,
    },
    /// The stream ended inside a message.
    Unfinished {
        missing: String,
        bytes: Vec<u8>,
    },
    Ended(End),
}

impl Session {
    /// Reads once, as much as there is `space` for, and passes on the messages that this completes, at
    /// most `limit`; the others come first the next time. Ready with false when there is nothing
    /// more to come.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        codec: &Codec,
        limit: usize,
        space: &mut [u8],
        arrived: &mut dyn FnMut(Arrival),
    ) -> Poll<bool> {
        match self {
            Self::Stream(stream) => stream.poll_read(cx, codec, limit, space, arrived),
            Self::Datagrams(socket) => socket.poll_read(cx, codec, space, arrived),
        }
    }

    /// When the bytes that came last end a message by that nothing follows them.
    pub(super) fn rest_due(&self, codec: &Codec) -> Option<Instant> {
        match self {
            Self::Stream(stream) => stream.rest_due(codec),
            Self::Datagrams(_) => None,
        }
    }

    /// When bytes came last.
    pub(super) fn last_read(&self) -> Option<Instant> {
        match self {
            Self::Stream(stream) => Some(stream.last_read()),
            Self::Datagrams(_) => None,
        }
    }

    /// Nothing has followed for a while: passes on the message that this ends.
    pub(super) fn rest(&mut self, codec: &Codec, limit: usize, arrived: &mut dyn FnMut(Arrival)) {
        if let Self::Stream(stream) = self {
            stream.rest(codec, limit, arrived);
        }
    }

    /// The bytes of a message that has begun, and what it waits for.
    pub(super) fn unfinished(
        &self,
        codec: &Codec,
        direction: Direction,
    ) -> Option<(String, Vec<u8>)> {
        match self {
            Self::Stream(stream) => stream.unfinished(codec, direction),
            Self::Datagrams(_) => None,
        }
    }

    /// How long ago the message began that has not ended.
    pub(super) fn begun_for(&self) -> Duration {
        match self {
            Self::Stream(stream) => stream.begun_for(),
            Self::Datagrams(_) => Duration::ZERO,
        }
    }

    /// Puts bytes behind those that wait to be written; false when too many wait already. A datagram
    /// goes to the server unless `to` says otherwise.
    pub(super) fn queue(&mut self, bytes: &[u8], to: Option<SocketAddr>) -> bool {
        match self {
            Self::Stream(stream) => stream.queue(bytes),
            Self::Datagrams(socket) => socket.queue(bytes, to),
        }
    }

    /// Whether an automatic answer may wait, too.
    pub(super) fn has_room_for_answers(&self) -> bool {
        match self {
            Self::Stream(stream) => stream.has_room_for_answers(),
            Self::Datagrams(socket) => socket.has_room_for_answers(),
        }
    }

    /// Whether everything that was queued has been written, or cannot be.
    pub(super) fn flushed(&self) -> bool {
        match self {
            Self::Stream(stream) => stream.flushed(),
            Self::Datagrams(socket) => socket.flushed(),
        }
    }

    /// Writes what it can; an error is given once.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) -> Option<io::Error> {
        match self {
            Self::Stream(stream) => stream.poll_write(cx),
            Self::Datagrams(socket) => socket.poll_write(cx),
        }
    }

    /// Ends the writing side once everything is written.
    pub(super) fn shut_down(&mut self) {
        if let Self::Stream(stream) = self {
            stream.shut_down();
        }
    }

    /// Whether the shutdown of the writing side is done.
    pub(super) fn is_shut_down(&self) -> bool {
        match self {
            Self::Stream(stream) => stream.is_shut_down(),
            Self::Datagrams(_) => true,
        }
    }

    /// Ends the connection with a reset; a socket is closed.
    pub(super) fn reset(self) -> io::Result<()> {
        match self {
            Self::Stream(stream) => stream.reset(),
            Self::Datagrams(_) => Ok(()),
        }
    }

    /// Whether each message comes for itself, in any order.
    pub(super) fn is_unordered(&self) -> bool {
        matches!(self, Self::Datagrams(_))
    }
}

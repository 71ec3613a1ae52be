//! One connection: bytes in and out, cut into messages as they arrive.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::session::{Arrival, MAX_UNSENT, MAX_UNSENT_ANSWERS};
use super::transport::AnyStream;
use crate::transcript::{Bytes, End};
use crate::wire::{Codec, Continued, Decoded, Direction};

/// How many bytes are read at once.
pub(super) const READ_SIZE: usize = 4 * 1024;

/// A connection of one actor.
pub(super) struct Connection {
    stream: AnyStream,
    direction: Direction,
    /// What came and is not yet a whole message.
    unread: Vec<u8>,
    /// Where the next message begins in `unread`.
    start: usize,
    /// When the first byte of what is in `unread` came.
    begun: Instant,
    /// What is to be written.
    unsent: Vec<u8>,
    sent: usize,
    /// Bytes came that are no message; what follows cannot be understood.
    broken: bool,
    /// There may be whole messages in `unread`.
    more_to_decode: bool,
    read_ended: bool,
    /// When bytes came last.
    last_read: Instant,
    /// Some message has come.
    any: bool,
    /// The stream rested behind what is in `unread`, and that did not end a message.
    rested: bool,
    write_ended: bool,
    shutting_down: bool,
}

impl Connection {
    /// `direction` is that of what comes in.
    pub(super) fn new(stream: AnyStream, direction: Direction) -> Self {
        Self {
            stream,
            direction,
            unread: Vec::new(),
            start: 0,
            begun: Instant::now(),
            unsent: Vec::new(),
            sent: 0,
            broken: false,
            more_to_decode: false,
            read_ended: false,
            last_read: Instant::now(),
            any: false,
            rested: false,
            write_ended: false,
            shutting_down: false,
        }
    }

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
        if self.read_ended {
            return Poll::Ready(false);
        }
        if self.more_to_decode {
            self.decode(codec, limit, arrived);
            return Poll::Ready(true);
        }
        let mut buffer = ReadBuf::new(space);
        match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                self.read_ended = true;
                self.rest(codec, limit, arrived);
                self.cut_off(codec, arrived);
                arrived(Arrival::Ended(End::EndOfStream));
                Poll::Ready(false)
            }
            Poll::Ready(Ok(())) => {
                if !self.broken {
                    self.note_bytes(codec, buffer.filled());
                    self.decode(codec, limit, arrived);
                }
                Poll::Ready(true)
            }
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(Err(_)) => {
                self.read_ended = true;
                self.write_ended = true;
                arrived(Arrival::Ended(End::Reset));
                Poll::Ready(false)
            }
        }
    }

    fn note_bytes(&mut self, codec: &Codec, bytes: &[u8]) {
        let now = Instant::now();
        // A piece that comes after a pause begins a message.
        self.any &= codec
            .pause()
            .is_none_or(|pause| now.duration_since(self.last_read) < pause);
        self.last_read = now;
        self.rested = false;
        if self.unread.is_empty() {
            self.begun = now;
        }
        self.unread.extend_from_slice(bytes);
    }

    /// When the bytes that came last end a message by that nothing follows them.
    pub(super) fn rest_due(&self, codec: &Codec) -> Option<Instant> {
        let waits =
            !self.rested && !self.read_ended && !self.broken && self.start < self.unread.len();
        codec
            .pause()
            .filter(|_| waits)
            .map(|pause| self.last_read + pause)
    }

    /// When the bytes came that are looked at now.
    pub(super) fn last_read(&self) -> Instant {
        self.last_read
    }

    /// Nothing has followed for a while: passes on the message that this ends.
    pub(super) fn rest(&mut self, codec: &Codec, limit: usize, arrived: &mut dyn FnMut(Arrival)) {
        if codec.pause().is_none() || self.broken {
            return;
        }
        self.rested = true;
        self.decode(codec, limit, arrived);
    }

    fn decode(&mut self, codec: &Codec, limit: usize, arrived: &mut dyn FnMut(Arrival)) {
        let mut count = 0;
        self.more_to_decode = false;
        while self.start < self.unread.len() {
            if count == limit {
                self.more_to_decode = true;
                break;
            }
            count += 1;
            let pending = &self.unread[self.start..];
            match codec.continued(pending) {
                Continued::By(len) if self.any => {
                    self.start += len;
                    continue;
                }
                Continued::Incomplete if self.any => break,
                _ => {}
            }
            let direction = self.direction;
            let decoded = if self.rested {
                codec.decode_rested(direction, pending)
            } else {
                codec.decode(direction, pending)
            };
            match decoded {
                Decoded::Message { message, len } if len > 0 => {
                    let bytes = Bytes::from(&pending[..len]);
                    self.start += len;
                    self.any = true;
                    arrived(Arrival::Message {
                        message,
                        bytes,
                        source: None,
                    });
                }
                Decoded::More { .. } if pending.len() <= codec.max_message() => break,
                Decoded::Malformed(malformed) => {
                    let reason = format!("{}: {}", malformed.field, malformed.reason);
                    self.give_up(malformed.offset, reason, arrived);
                    return;
                }
                Decoded::More { missing } => {
                    let reason = format!("too long for a message: {missing}");
                    self.give_up(0, reason, arrived);
                    return;
                }
                Decoded::Message { .. } => {
                    self.give_up(0, "a message of no bytes".to_owned(), arrived);
                    return;
                }
            }
        }
        if self.start > 0 {
            self.unread.drain(..self.start);
            self.start = 0;
            if !self.unread.is_empty() {
                self.begun = Instant::now();
            }
        }
    }

    fn give_up(&mut self, offset: usize, reason: String, arrived: &mut dyn FnMut(Arrival)) {
        self.broken = true;
        let bytes = self.unread.split_off(self.start);
        self.unread = Vec::new();
        self.start = 0;
        arrived(Arrival::Malformed {
            offset,
            reason,
            bytes,
        });
    }

    fn cut_off(&mut self, codec: &Codec, arrived: &mut dyn FnMut(Arrival)) {
        if let Some((missing, bytes)) = self.unfinished(codec) {
            arrived(Arrival::Unfinished { missing, bytes });
        }
    }

    /// The bytes of a message that has begun, and what it waits for.
    pub(super) fn unfinished(&self, codec: &Codec) -> Option<(String, Vec<u8>)> {
        let bytes = self
            .unread
            .get(self.start..)
            .filter(|bytes| !bytes.is_empty())?;
        match codec.decode(self.direction, bytes) {
            Decoded::More { missing } => Some((missing, bytes.to_vec())),
            _ => None,
        }
    }

    /// How long ago the message began that has not ended.
    pub(super) fn begun_for(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Puts bytes behind those that wait to be written; false when too many wait already.
    pub(super) fn queue(&mut self, bytes: &[u8]) -> bool {
        if self.unsent.len() - self.sent + bytes.len() > MAX_UNSENT {
            return false;
        }
        self.unsent.extend_from_slice(bytes);
        true
    }

    /// Whether an automatic answer may wait, too.
    pub(super) fn has_room_for_answers(&self) -> bool {
        self.unsent.len() - self.sent < MAX_UNSENT_ANSWERS
    }

    /// Whether everything that was queued has been written, or cannot be.
    pub(super) fn flushed(&self) -> bool {
        self.write_ended || self.sent == self.unsent.len()
    }

    /// Writes what it can; an error ends writing and is given once.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) -> Option<io::Error> {
        while !self.flushed() {
            let pending = &self.unsent[self.sent..];
            match Pin::new(&mut self.stream).poll_write(cx, pending) {
                Poll::Pending => return None,
                Poll::Ready(Ok(0)) => {
                    return Some(self.fail_writing(io::ErrorKind::WriteZero.into()));
                }
                Poll::Ready(Ok(n)) => self.sent += n,
                Poll::Ready(Err(error)) => return Some(self.fail_writing(error)),
            }
        }
        self.unsent.clear();
        self.sent = 0;
        if self.shutting_down && !self.write_ended {
            match Pin::new(&mut self.stream).poll_shutdown(cx) {
                Poll::Pending => {}
                Poll::Ready(_) => self.write_ended = true,
            }
        }
        None
    }

    fn fail_writing(&mut self, error: io::Error) -> io::Error {
        self.write_ended = true;
        self.unsent.clear();
        self.sent = 0;
        error
    }

    /// Ends the writing side once everything is written.
    pub(super) fn shut_down(&mut self) {
        self.shutting_down = true;
    }

    /// Whether the shutdown of the writing side is done.
    pub(super) fn is_shut_down(&self) -> bool {
        self.write_ended
    }

    /// Ends the connection with a reset.
    pub(super) fn reset(mut self) -> io::Result<()> {
        self.stream.reset_on_close()
    }
}

//! Datagrams on their way out.
//!
//! Nothing says whether a datagram arrives, and a reader has room for a few long ones only, so
//! what consists of many is spread over some time.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::sockets::Sockets;

/// Bytes that wait to be sent; beyond them datagrams get lost, as they do in a network.
const ROOM: usize = 64 << 20;

/// Datagrams of one message that go out at once.
const AT_ONCE: usize = 2;

/// The time between two further ones.
const PAUSE: Duration = Duration::from_millis(10);

#[derive(Debug)]
struct Datagram {
    socket: usize,
    to: SocketAddr,
    bytes: Vec<u8>,
}

/// What the sockets have not taken yet, and what is to go out later.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    ready: VecDeque<Datagram>,
    later: BTreeMap<(Instant, u64), Datagram>,
    bytes: usize,
    count: u64,
}

impl Outgoing {
    /// Sends one datagram from the socket of this number.
    pub(super) fn push(&mut self, socket: usize, to: SocketAddr, bytes: Vec<u8>) {
        if self.bytes.saturating_add(bytes.len()) > ROOM {
            return;
        }
        self.bytes += bytes.len();
        self.ready.push_back(Datagram { socket, to, bytes });
    }

    /// Sends the datagrams of one message from the socket that clients know.
    pub(super) fn push_all(&mut self, to: SocketAddr, parts: &[Vec<u8>], now: Instant) {
        let (first, rest) = parts.split_at(parts.len().min(AT_ONCE));
        for part in first {
            self.push(0, to, part.clone());
        }
        let mut at = now;
        for part in rest {
            if self.bytes.saturating_add(part.len()) > ROOM {
                return;
            }
            at += PAUSE;
            self.count += 1;
            self.bytes += part.len();
            let bytes = part.clone();
            let datagram = Datagram {
                socket: 0,
                to,
                bytes,
            };
            self.later.insert((at, self.count), datagram);
        }
    }

    /// Makes ready what is due.
    pub(super) fn wake(&mut self, now: Instant) {
        while let Some(next) = self.later.first_entry().filter(|next| next.key().0 <= now) {
            self.ready.push_back(next.remove());
        }
    }

    /// When something more is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.later.keys().next().map(|(due, _)| *due)
    }

    /// Passes on what the sockets take without waiting; the number of the one that takes no more.
    pub(super) fn flush(&mut self, sockets: &Sockets) -> Option<usize> {
        while let Some(next) = self.ready.front() {
            match sockets.get(next.socket).try_send_to(&next.bytes, next.to) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Some(next.socket);
                }
                // Sent, or it cannot be sent: there is no such address, or no way to it.
                Ok(_) | Err(_) => {
                    let sent = self.ready.pop_front();
                    let len = sent.map_or(0, |datagram| datagram.bytes.len());
                    self.bytes = self.bytes.saturating_sub(len);
                }
            }
        }
        None
    }
}

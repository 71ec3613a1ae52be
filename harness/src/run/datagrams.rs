//! A socket of an actor on which each datagram is one message.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, UdpSocket as StdSocket};
use std::task::{Context, Poll};

use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

use super::ports::Ports;
use super::session::{Arrival, MAX_UNSENT, MAX_UNSENT_ANSWERS};
use crate::wire::{Codec, Decoded, Direction};

/// How many bytes a datagram can have at most, and one more so that none is cut unseen.
pub(super) const DATAGRAM_SIZE: usize = 65_536;

/// What the system is asked to keep of datagrams that nobody has read yet, in bytes; it gives less
/// where it allows less.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// A socket for datagrams.
pub(super) struct Datagrams {
    socket: UdpSocket,
    server: SocketAddr,
    direction: Direction,
    unsent: VecDeque<(SocketAddr, Vec<u8>)>,
    unsent_bytes: usize,
}

impl Datagrams {
    /// A socket with a port of its own, at the address from which the server can be reached.
    /// `direction` is that of what comes in.
    pub(super) fn open(
        ports: &Ports,
        server: SocketAddr,
        direction: Direction,
        receive_buffer: Option<u32>,
    ) -> io::Result<Self> {
        let from = local_address(server)?;
        let socket = ports.open_datagrams(from)?;
        let size = receive_buffer.and_then(|size| usize::try_from(size).ok());
        let reference = socket2::SockRef::from(&socket);
        // A system that refuses so much keeps its own size.
        let _ = reference.set_recv_buffer_size(size.unwrap_or(RECEIVE_BUFFER));
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket: UdpSocket::from_std(socket)?,
            server,
            direction,
            unsent: VecDeque::new(),
            unsent_bytes: 0,
        })
    }

    /// Its own address.
    pub(super) fn local(&self) -> Option<SocketAddr> {
        self.socket.local_addr().ok()
    }

    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        codec: &Codec,
        space: &mut [u8],
        arrived: &mut dyn FnMut(Arrival),
    ) -> Poll<bool> {
        let mut buffer = ReadBuf::new(space);
        match self.socket.poll_recv_from(cx, &mut buffer) {
            Poll::Pending => Poll::Pending,
            // What an earlier datagram met is no news about this socket.
            Poll::Ready(Err(_)) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(Ok(source)) => {
                arrived(arrival(codec, self.direction, buffer.filled(), source));
                Poll::Ready(true)
            }
        }
    }

    pub(super) fn queue(&mut self, bytes: &[u8], to: Option<SocketAddr>) -> bool {
        if self.unsent_bytes + bytes.len() > MAX_UNSENT {
            return false;
        }
        self.unsent_bytes += bytes.len();
        self.unsent
            .push_back((to.unwrap_or(self.server), bytes.to_vec()));
        true
    }

    pub(super) fn has_room_for_answers(&self) -> bool {
        self.unsent_bytes < MAX_UNSENT_ANSWERS
    }

    pub(super) fn flushed(&self) -> bool {
        self.unsent.is_empty()
    }

    /// Sends what it can; a datagram that the system refuses is dropped.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) -> Option<io::Error> {
        while let Some((to, bytes)) = self.unsent.front() {
            let outcome = match self.socket.poll_send_to(cx, bytes, *to) {
                Poll::Pending => return None,
                Poll::Ready(outcome) => outcome,
            };
            self.unsent_bytes -= bytes.len();
            self.unsent.pop_front();
            if let Err(error) = outcome {
                return Some(error);
            }
        }
        None
    }
}

fn arrival(codec: &Codec, direction: Direction, bytes: &[u8], source: SocketAddr) -> Arrival {
    match codec.decode_datagram(direction, bytes) {
        Decoded::Message { message, .. } => Arrival::Message {
            message,
            bytes: bytes.into(),
            source: Some(source),
        },
        Decoded::Malformed(malformed) => Arrival::Malformed {
            offset: malformed.offset,
            reason: format!("{}: {}", malformed.field, malformed.reason),
            bytes: bytes.to_vec(),
        },
        Decoded::More { missing } => Arrival::Malformed {
            offset: bytes.len(),
            reason: missing,
            bytes: bytes.to_vec(),
        },
    }
}

/// The address of this machine from which another can be reached, with any port. Nothing is sent.
fn local_address(server: SocketAddr) -> io::Result<SocketAddr> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (std::net::Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (std::net::Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let probe = StdSocket::bind(any)?;
    probe.connect(server)?;
    let mut local = probe.local_addr()?;
    local.set_port(0);
    Ok(local)
}

//! The socket that clients know, and more sockets to ask from.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::UdpSocket;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;

use super::waits::SOCKETS;

/// Answers that wait to be looked at.
const BACKLOG: usize = 1024;

/// The longest datagram that is read; none can be longer.
pub(super) const BUFFER: usize = 1 << 16;

/// What came to a socket.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) socket: usize,
    pub(super) from: SocketAddr,
    pub(super) bytes: Vec<u8>,
}

/// All sockets, numbered from 0, which is the one that clients know. The others are opened when
/// they are needed first.
#[derive(Debug)]
pub(super) struct Sockets {
    pub(super) main: Arc<UdpSocket>,
    more: Vec<Arc<UdpSocket>>,
    readers: JoinSet<()>,
    sender: Sender<Heard>,
    heard: Receiver<Heard>,
}

impl Sockets {
    pub(super) fn new(main: UdpSocket) -> Self {
        let (sender, heard) = channel(BACKLOG);
        Self {
            main: Arc::new(main),
            more: Vec::new(),
            readers: JoinSet::new(),
            sender,
            heard,
        }
    }

    /// A socket by its number; the one that clients know when there is no such socket.
    pub(super) fn get(&self, number: usize) -> &Arc<UdpSocket> {
        let more = number.checked_sub(1).and_then(|at| self.more.get(at));
        more.unwrap_or(&self.main)
    }

    /// Opens the sockets up to this number, as far as the system allows it; whether they are open.
    pub(super) fn open(&mut self, number: usize) -> io::Result<()> {
        while self.more.len() < number.min(SOCKETS - 1) {
            let address = SocketAddr::new(self.main.local_addr()?.ip(), 0);
            let socket = std::net::UdpSocket::bind(address)?;
            socket.set_nonblocking(true)?;
            let socket = Arc::new(UdpSocket::from_std(socket)?);
            let number = self.more.len() + 1;
            let reading = listen(Arc::clone(&socket), number, self.sender.clone());
            self.readers.spawn(reading);
            self.more.push(socket);
        }
        Ok(())
    }

    /// What comes next to any socket but the one that clients know.
    pub(super) async fn heard(&mut self) -> Option<Heard> {
        self.heard.recv().await
    }

    /// The same, if it is there already.
    pub(super) fn heard_already(&mut self) -> Option<Heard> {
        self.heard.try_recv().ok()
    }
}

async fn listen(socket: Arc<UdpSocket>, number: usize, sender: Sender<Heard>) {
    let mut buffer = vec![0; BUFFER];
    loop {
        // An error is that of an earlier datagram that did not arrive.
        let Ok((len, from)) = socket.recv_from(&mut buffer).await else {
            tokio::task::yield_now().await;
            continue;
        };
        let heard = Heard {
            socket: number,
            from,
            bytes: buffer.get(..len).unwrap_or_default().to_vec(),
        };
        if sender.send(heard).await.is_err() {
            return;
        }
    }
}

//! A scripted server for one client.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};

use crate::DEADLINE;

/// Listens on a free port.
pub(crate) struct Listening {
    listener: TcpListener,
}

impl Listening {
    pub(crate) fn new() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    pub(crate) fn accept(self) -> Peer {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || sender.send(self.listener.accept().unwrap().0));
        let stream = receiver
            .recv_timeout(DEADLINE)
            .expect("the client connects");
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        Peer { stream }
    }
}

/// A port that stays refused while this lives: bound, so that nobody else gets it, and not listening.
pub(crate) struct Refusing {
    socket: OwnedFd,
}

impl Refusing {
    pub(crate) fn new() -> Self {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&socket, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self { socket }
    }

    pub(crate) fn port(&self) -> u16 {
        SocketAddr::try_from(getsockname(&self.socket).unwrap())
            .unwrap()
            .port()
    }
}

/// The server's end of a connection.
pub(crate) struct Peer {
    stream: TcpStream,
}

impl Peer {
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    #[track_caller]
    pub(crate) fn expect(&mut self, bytes: &[u8]) {
        let mut got = vec![0; bytes.len()];
        self.stream.read_exact(&mut got).unwrap();
        assert_eq!(got, bytes);
    }

    /// Nothing comes for a while.
    #[track_caller]
    pub(crate) fn expect_silence(&mut self) {
        self.stream
            .set_read_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        let error = self.stream.read(&mut [0]).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
            "{error}"
        );
        self.stream.set_read_timeout(Some(DEADLINE)).unwrap();
    }

    /// The client closes and says nothing before that; then the server closes, too.
    #[track_caller]
    pub(crate) fn expect_end(mut self) {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
    }

    pub(crate) fn close(&self) {
        self.stream.shutdown(Shutdown::Both).unwrap();
    }

    /// Writes until the client takes no more or `limit` bytes are gone.
    pub(crate) fn flood(&mut self, bytes: &[u8], limit: usize) {
        self.stream
            .set_write_timeout(Some(Duration::from_millis(500)))
            .unwrap();
        for _ in 0..limit / bytes.len() {
            if self.stream.write_all(bytes).is_err() {
                return;
            }
        }
    }
}

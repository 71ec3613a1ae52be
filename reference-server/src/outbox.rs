//! What a peer has not read yet, with a limit.

use std::io;

use thiserror::Error;
use tokio::net::TcpStream;

/// An empty outbox above this size gives its memory back.
const KEEP_CAPACITY: usize = 1024;

/// Encoded bytes that wait for the socket to take them.
///
/// Writing never waits: [`flush`](Self::flush) passes on what the socket takes now, and the owner
/// of the connection tries again when the socket is writable.
#[derive(Debug)]
pub struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
    limit: usize,
}

/// The peer has left more unread than the outbox holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the peer does not read")]
pub struct Full;

impl Outbox {
    /// An outbox that holds at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            sent: 0,
            limit,
        }
    }

    /// Whether the socket has taken everything.
    pub fn is_empty(&self) -> bool {
        self.waiting() == 0
    }

    /// Bytes that the socket has not taken yet.
    pub fn waiting(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Appends bytes; when they do not fit, nothing is appended.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Full> {
        if self.waiting().saturating_add(bytes.len()) > self.limit {
            return Err(Full);
        }
        self.bytes.drain(..self.sent);
        self.sent = 0;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Passes on what the socket takes without waiting.
    ///
    /// Fails when the connection is broken. That the socket takes nothing is no failure.
    pub fn flush(&mut self, stream: &TcpStream) -> io::Result<()> {
        while let Some(rest) = self.bytes.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match stream.try_write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(len) => self.sent += len,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.release();
        Ok(())
    }

    fn release(&mut self) {
        self.sent = 0;
        if self.bytes.capacity() > KEEP_CAPACITY {
            self.bytes = Vec::new();
        } else {
            self.bytes.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_counts_what_waits() {
        let mut outbox = Outbox::new(4);
        assert_eq!(outbox.push(b"abc"), Ok(()));
        assert_eq!(outbox.push(b"de"), Err(Full));
        assert_eq!(outbox.push(b"d"), Ok(()));
        assert!(!outbox.is_empty());
        outbox.sent = 3;
        assert_eq!(outbox.push(b"efg"), Ok(()));
        assert_eq!(outbox.bytes, b"defg");
        assert_eq!(outbox.push(b"h"), Err(Full));
    }

    #[tokio::test]
    async fn flushing_stops_where_the_socket_is_full_and_goes_on_later() {
        use tokio::io::AsyncReadExt;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        let sent: Vec<u8> = (0..32 << 20).map(|at: u32| at.to_le_bytes()[1]).collect();
        let mut outbox = Outbox::new(sent.len());
        outbox.push(&sent).unwrap();
        outbox.flush(&stream).unwrap();
        assert!(!outbox.is_empty(), "no socket buffer holds 32 MiB");
        let reader = tokio::spawn(async move {
            let mut received = vec![0; 32 << 20];
            peer.read_exact(&mut received).await.unwrap();
            received
        });
        while !outbox.is_empty() {
            stream.writable().await.unwrap();
            outbox.flush(&stream).unwrap();
        }
        assert!(reader.await.unwrap() == sent);
        assert_eq!(outbox.bytes.capacity(), 0);
    }
}

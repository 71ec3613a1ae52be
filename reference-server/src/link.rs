//! One accepted connection: its socket, what has come and what is still to go.

use std::fmt;
use std::io;
use std::time::Duration;

use reference_codecs::{Decode, Decoder, Malformed};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::outbox::Outbox;

/// The most bytes read at once.
const CHUNK: usize = 8 << 10;

/// A socket between a decoder and an outbox. Nothing here waits except
/// [`readable`](Self::readable), [`writable`](Self::writable) and [`close`](Self::close).
pub struct Link<M: Decode> {
    stream: TcpStream,
    decoder: Decoder<M>,
    outbox: Outbox,
}

/// Why nothing can be read or written any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// The client has ended its stream.
    ClosedByClient,
    /// The connection does not work; the reason in words.
    Broken(String),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClosedByClient => f.write_str("closed by the client"),
            Self::Broken(error) => write!(f, "the connection broke: {error}"),
        }
    }
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl<M: Decode> Link<M> {
    /// A connection on which at most `outbox_limit` bytes wait for the peer to read.
    pub fn new(stream: TcpStream, decoder: Decoder<M>, outbox_limit: usize) -> Self {
        Self {
            stream,
            decoder,
            outbox: Outbox::new(outbox_limit),
        }
    }

    /// The next whole message that has been read.
    pub fn next_message(&mut self) -> Result<Option<M>, Malformed> {
        self.decoder.next_message()
    }

    /// Forgets the bytes that have been read and belong to no message handed out so far.
    pub fn forget_pending(&mut self) {
        self.decoder.forget_pending();
    }

    /// What has been read and belongs to no message handed out so far.
    pub fn unread(&self) -> &[u8] {
        self.decoder.unread()
    }

    /// Bytes that have been read and belong to no message handed out so far.
    pub fn pending(&self) -> usize {
        self.decoder.pending()
    }

    /// Bytes that the peer has not taken yet.
    pub fn waiting(&self) -> usize {
        self.outbox.waiting()
    }

    /// Waits until there is something to read.
    pub async fn readable(&self) -> Result<(), Lost> {
        Ok(self.stream.readable().await?)
    }

    /// Waits until the peer takes something.
    pub async fn writable(&self) -> Result<(), Lost> {
        Ok(self.stream.writable().await?)
    }

    /// Reads what is there, up to 8 KiB; the number of bytes, 0 when there was nothing.
    pub fn read(&mut self) -> Result<usize, Lost> {
        let mut chunk = [0; CHUNK];
        match self.stream.try_read(&mut chunk) {
            Ok(0) => Err(Lost::ClosedByClient),
            Ok(len) => {
                self.decoder.feed(chunk.get(..len).unwrap_or_default());
                Ok(len)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends bytes, now or when the peer takes them.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Lost> {
        self.outbox
            .push(bytes)
            .map_err(|full| Lost::Broken(full.to_string()))?;
        self.flush()
    }

    /// Passes on what the peer takes now.
    pub fn flush(&mut self) -> Result<(), Lost> {
        Ok(self.outbox.flush(&self.stream)?)
    }

    /// Ends the connection so that the peer can still read what was sent last, which is
    /// `farewell`, if that fits.
    ///
    /// Closing a socket with unread bytes resets the connection and can destroy the last answer on
    /// its way, so this ends the sending side and reads on until the peer closes, too, but no
    /// longer than `grace`.
    pub async fn close(mut self, farewell: &[u8], grace: Duration) {
        // A peer that has left so much unread does not read this either.
        let _ = self.outbox.push(farewell);
        let ending = async {
            self.outbox.flush(&self.stream)?;
            while !self.outbox.is_empty() {
                self.stream.writable().await?;
                self.outbox.flush(&self.stream)?;
            }
            self.stream.shutdown().await?;
            while forget(&self.stream).await? {}
            Ok::<(), io::Error>(())
        };
        // Over after `grace` or with a broken connection: either way the socket is closed now.
        let _ = timeout(grace, ending).await;
    }
}

/// Reads and forgets; `false` at the end of the stream.
async fn forget(stream: &TcpStream) -> io::Result<bool> {
    stream.readable().await?;
    let mut chunk = [0; CHUNK];
    match stream.try_read(&mut chunk) {
        Ok(len) => Ok(len > 0),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
        Err(error) => Err(error),
    }
}

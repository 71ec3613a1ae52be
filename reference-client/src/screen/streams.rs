//! The standard streams, each read or written by a thread of its own.
//!
//! Reading a terminal and writing to a pipe that nobody empties both block, and neither can be
//! made non-blocking without changing it for the programs that share it. The threads end with the
//! process; nothing waits for them without a deadline.

use std::io::{self, Read, Write};
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// Bytes that are read at once.
const CHUNK: usize = 4096;
/// Batches of output that may wait for the thread.
const BATCHES: usize = 4;
/// For the last output to be taken.
const FINISH_WAIT: Duration = Duration::from_secs(1);

/// Something to be written.
#[derive(Debug)]
pub(super) enum Piece {
    Out(String),
    Err(String),
}

/// Standard input, chunk by chunk.
#[derive(Debug)]
pub(super) struct Input {
    chunks: mpsc::Receiver<Vec<u8>>,
}

impl Input {
    pub(super) fn open() -> io::Result<Self> {
        let (sender, chunks) = mpsc::channel(1);
        thread::Builder::new()
            .name("input".to_owned())
            .spawn(move || read(io::stdin(), &sender))?;
        Ok(Self { chunks })
    }

    /// The next bytes, `None` at the end. Nothing is lost when the future is dropped.
    pub(super) async fn chunk(&mut self) -> Option<Vec<u8>> {
        self.chunks.recv().await
    }
}

/// An error is an end, too: of a terminal that has gone, nothing more will come.
fn read(mut from: impl Read, sender: &mpsc::Sender<Vec<u8>>) {
    let mut buffer = [0; CHUNK];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(len) if sender.blocking_send(buffer[..len].to_vec()).is_ok() => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => return,
        }
    }
}

/// Standard output and standard error, in the order in which pieces were sent.
#[derive(Debug)]
pub(super) struct Output {
    batches: mpsc::Sender<Vec<Piece>>,
    finished: oneshot::Receiver<()>,
}

impl Output {
    pub(super) fn open() -> io::Result<Self> {
        let (batches, receiver) = mpsc::channel(BATCHES);
        let (finish, finished) = oneshot::channel();
        thread::Builder::new()
            .name("output".to_owned())
            .spawn(move || {
                write(receiver);
                let _ = finish.send(());
            })?;
        Ok(Self { batches, finished })
    }

    /// Waits until a batch can be sent.
    pub(super) async fn ready(&self) {
        let _ = self.batches.reserve().await;
    }

    /// Sends a batch; it is dropped unless the output was [`ready`](Self::ready) just before.
    pub(super) fn send(&self, batch: Vec<Piece>) {
        let _ = self.batches.try_send(batch);
    }

    /// Waits until nobody reads standard output any more.
    pub(super) async fn gone(&self) {
        self.batches.closed().await;
    }

    /// Sends the last batch and waits, not for ever, until all is written.
    pub(super) async fn finish(self, batch: Vec<Piece>) {
        let Self { batches, finished } = self;
        let all = async {
            let _ = batches.send(batch).await;
            drop(batches);
            let _ = finished.await;
        };
        // A reader that has stopped reading for so long will not miss the end.
        let _ = timeout(FINISH_WAIT, all).await;
    }
}

fn write(mut batches: mpsc::Receiver<Vec<Piece>>) {
    while let Some(batch) = batches.blocking_recv() {
        if write_batch(batch).is_err() {
            return;
        }
    }
}

fn write_batch(batch: Vec<Piece>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for piece in batch {
        match piece {
            Piece::Out(text) => out.write_all(text.as_bytes())?,
            Piece::Err(text) => {
                out.flush()?;
                // Without a reader of standard error the chat goes on.
                let _ = io::stderr().lock().write_all(text.as_bytes());
            }
        }
    }
    out.flush()
}

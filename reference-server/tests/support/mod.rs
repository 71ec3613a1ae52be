//! What the socket tests of every protocol need.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use reference_codecs::{Decode, Decoder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Longer than anything may take, also on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A server in this process.
pub(crate) struct Started {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    pub(crate) running: JoinHandle<io::Result<()>>,
}

/// Has `run` serve a port of its own.
pub(crate) async fn start<Running>(
    run: impl FnOnce(TcpListener, CancellationToken) -> Running,
) -> Started
where
    Running: Future<Output = io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(run(listener, shutdown.clone()));
    Started {
        address,
        shutdown,
        running,
    }
}

pub(crate) async fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// The next message; `None` at the end of the stream or after a reset.
pub(crate) async fn next_message<M: Decode>(
    stream: &mut TcpStream,
    decoder: &mut Decoder<M>,
) -> Option<M> {
    loop {
        if let Some(message) = decoder.next_message().unwrap() {
            return Some(message);
        }
        let mut chunk = [0; 4096];
        let read = timeout(DEADLINE, stream.read(&mut chunk)).await;
        match read.expect("nothing came") {
            Ok(0) | Err(_) => {
                assert_eq!(decoder.pending(), 0, "an unfinished message");
                return None;
            }
            Ok(len) => decoder.feed(&chunk[..len]),
        }
    }
}

pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|digit| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap())
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// Recorded bytes, sent and expected exactly as they are.
pub(crate) struct Replay(pub(crate) TcpStream);

impl Replay {
    pub(crate) async fn sends(&mut self, bytes: &str) {
        self.0.write_all(&hex(bytes)).await.unwrap();
    }

    pub(crate) async fn receives(&mut self, bytes: &str) {
        let expected = hex(bytes);
        let mut received = vec![0; expected.len()];
        timeout(DEADLINE, self.0.read_exact(&mut received))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(received, expected, "instead of {bytes}");
    }
}

/// Whether 1,000 connections fit; two ends of each are open files of this one process.
pub(crate) fn open_files_suffice() -> bool {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).is_ok() && limit.maximum.is_none_or(|max| max >= 3000)
}

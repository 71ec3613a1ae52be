//! A server in this process and clients that say exactly what a test tells them.

use reference_codecs::Decoder;
use reference_codecs::csc328::{ClientMessage, Dialect, ServerMessage};
use reference_server::csc328::{Options, run};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{DEADLINE, Started, connect, next_message, start};

pub(crate) struct Server {
    pub(crate) started: Started,
    pub(crate) dialect: Dialect,
}

impl Server {
    pub(crate) async fn start(options: Options) -> Self {
        let dialect = options.dialect;
        let started = start(|listener, shutdown| run(listener, options, shutdown)).await;
        Self { started, dialect }
    }

    pub(crate) async fn with(parameters: &[(&str, &str)]) -> Self {
        let mut options = Options::default();
        for (name, value) in parameters {
            options.set(name, value).unwrap();
        }
        Self::start(options).await
    }

    pub(crate) async fn speaking(dialect: Dialect) -> Self {
        Self::with(&[("dialect", dialect.name())]).await
    }

    /// A client that has been greeted.
    pub(crate) async fn connect(&self) -> Peer {
        let mut peer = Peer {
            stream: connect(self.started.address).await,
            decoder: Decoder::new(self.dialect),
            dialect: self.dialect,
        };
        assert_eq!(peer.recv().await, ServerMessage::Hello);
        peer
    }

    /// A client with a nickname.
    pub(crate) async fn join(&self, name: &str) -> Peer {
        let mut peer = self.connect().await;
        peer.nick(name).await;
        assert_eq!(peer.recv().await, ServerMessage::Ready, "{name}");
        peer
    }

    pub(crate) async fn join_all<const N: usize>(&self, names: [&str; N]) -> [Peer; N] {
        let mut peers = Vec::new();
        for name in names {
            peers.push(self.join(name).await);
        }
        peers.try_into().ok().unwrap()
    }

    /// Waits until the nickname is free, and takes it.
    pub(crate) async fn join_when_free(&self, name: &str) -> Peer {
        let trying = async {
            let mut peer = self.connect().await;
            loop {
                peer.nick(name).await;
                match peer.recv().await {
                    ServerMessage::Ready => return peer,
                    ServerMessage::Retry => tokio::task::yield_now().await,
                    other => panic!("{other:?}"),
                }
            }
        };
        timeout(DEADLINE, trying)
            .await
            .expect("the name stays taken")
    }
}

pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    decoder: Decoder<ServerMessage>,
    dialect: Dialect,
}

impl Peer {
    pub(crate) async fn raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    pub(crate) async fn message(&mut self, message: ClientMessage) {
        let bytes = self.encode(&[message]);
        self.raw(&bytes).await;
    }

    pub(crate) fn encode(&self, messages: &[ClientMessage]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for message in messages {
            message.encode(self.dialect, &mut bytes).unwrap();
        }
        bytes
    }

    pub(crate) async fn nick(&mut self, name: &str) {
        self.message(nick(name)).await;
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.message(chat(text)).await;
    }

    /// The next message; `None` at the end of the stream or after a reset.
    pub(crate) async fn next(&mut self) -> Option<ServerMessage> {
        next_message(&mut self.stream, &mut self.decoder).await
    }

    pub(crate) async fn recv(&mut self) -> ServerMessage {
        self.next().await.expect("the connection was closed")
    }

    #[track_caller]
    pub(crate) fn hears(&mut self, from: &str, text: &str) -> impl Future<Output = ()> {
        let expected = broadcast(from, text);
        let caller = std::panic::Location::caller();
        async move { assert_eq!(self.recv().await, expected, "{caller}") }
    }

    pub(crate) async fn is_closed(&mut self) {
        assert_eq!(self.next().await, None);
    }
}

pub(crate) fn nick(name: &str) -> ClientMessage {
    ClientMessage::Nick { name: name.into() }
}

/// A text whose sender claims to be somebody else where the dialect lets it.
pub(crate) fn chat(text: &str) -> ClientMessage {
    ClientMessage::Chat {
        claimed: b"mallory".to_vec(),
        text: text.into(),
    }
}

pub(crate) fn broadcast(from: &str, text: &str) -> ServerMessage {
    ServerMessage::Broadcast {
        from: from.into(),
        text: text.into(),
    }
}

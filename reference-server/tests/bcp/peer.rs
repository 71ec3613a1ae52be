//! A server in this process and clients that say exactly what a test tells them.

use std::net::SocketAddr;

use reference_codecs::Decoder;
use reference_codecs::bcp::{ClientMessage, Dialect, ServerMessage};
use reference_server::bcp::{Options, run};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) use crate::support::DEADLINE;
use crate::support::{Started, connect, next_message, start};

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    pub(crate) running: JoinHandle<std::io::Result<()>>,
    dialect: Dialect,
}

impl Server {
    pub(crate) async fn start(options: Options) -> Self {
        let dialect = options.dialect;
        let started = start(|listener, shutdown| run(listener, options, shutdown)).await;
        let Started {
            address,
            shutdown,
            running,
        } = started;
        Self {
            address,
            shutdown,
            running,
            dialect,
        }
    }

    pub(crate) async fn with(parameters: &[(&str, &str)]) -> Self {
        let mut options = Options::default();
        for (name, value) in parameters {
            options.set(name, value).unwrap();
        }
        Self::start(options).await
    }

    pub(crate) async fn connect(&self) -> Peer {
        Peer {
            stream: connect(self.address).await,
            decoder: Decoder::new(self.dialect),
            dialect: self.dialect,
        }
    }

    /// A registered client that has acknowledged its list.
    pub(crate) async fn join(&self, name: &str) -> Peer {
        let mut peer = self.connect().await;
        peer.register(name).await;
        assert_eq!(peer.recv().await, ok());
        let list = peer.recv_notice().await;
        assert!(list.contains(&format!("Logged in as {name}.")), "{list}");
        peer.ack().await;
        peer
    }

    /// Clients that know of each other, with nothing outstanding.
    pub(crate) async fn join_all<const N: usize>(&self, names: [&str; N]) -> [Peer; N] {
        let mut peers: Vec<Peer> = Vec::new();
        for name in names {
            let newcomer = self.join(name).await;
            for peer in &mut peers {
                assert_eq!(
                    peer.recv_notice().await,
                    format!("{name} has joined the server.")
                );
                peer.ack().await;
            }
            peers.push(newcomer);
        }
        peers.try_into().ok().unwrap()
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

    pub(crate) async fn register(&mut self, name: &str) {
        self.message(register(name)).await;
    }

    pub(crate) async fn ack(&mut self) {
        self.message(ClientMessage::ack()).await;
    }

    /// Sends a text and takes the answer.
    pub(crate) async fn say(&mut self, text: &str) {
        self.message(send(text)).await;
        assert_eq!(self.recv().await, ok(), "the answer to {text:?}");
    }

    /// The next message; `None` at the end of the stream or after a reset.
    pub(crate) async fn next(&mut self) -> Option<ServerMessage> {
        next_message(&mut self.stream, &mut self.decoder).await
    }

    pub(crate) async fn recv(&mut self) -> ServerMessage {
        self.next().await.expect("the connection was closed")
    }

    pub(crate) async fn recv_notice(&mut self) -> String {
        match self.recv().await {
            ServerMessage::Notice { message } => String::from_utf8(message).unwrap(),
            other => panic!("{other:?} is no notice"),
        }
    }

    /// Takes a text from another client and acknowledges it.
    pub(crate) async fn hears(&mut self, from: &str, text: &str) {
        assert_eq!(self.recv().await, deliver(from, text));
        self.ack().await;
    }

    /// Takes a notice and acknowledges it.
    pub(crate) async fn is_told(&mut self, text: &str) {
        assert_eq!(self.recv_notice().await, text);
        self.ack().await;
    }

    pub(crate) async fn is_closed(&mut self) {
        assert_eq!(self.next().await, None);
    }

    pub(crate) async fn is_refused_and_closed(&mut self) {
        let answer = self.recv().await;
        assert!(
            matches!(answer, ServerMessage::Status { code: 1, .. }),
            "{answer:?}"
        );
        self.is_closed().await;
    }
}

pub(crate) fn register(name: &str) -> ClientMessage {
    ClientMessage::Register {
        username: name.into(),
    }
}

pub(crate) fn send(text: &str) -> ClientMessage {
    ClientMessage::Send {
        message: text.into(),
    }
}

pub(crate) fn ok() -> ServerMessage {
    ServerMessage::Status {
        code: 0,
        message: Vec::new(),
    }
}

pub(crate) fn deliver(from: &str, text: &str) -> ServerMessage {
    ServerMessage::Deliver {
        from: from.into(),
        message: text.into(),
    }
}

pub(crate) fn notice(text: &str) -> ServerMessage {
    ServerMessage::Notice {
        message: text.into(),
    }
}

//! A server in this process and clients that say exactly what a test tells them.

use std::collections::VecDeque;
use std::time::Duration;

use reference_codecs::Decoder;
use reference_codecs::wireproto::{Action, ClientMessage, Field, Messages, Outcome, ServerMessage};
use reference_server::wireproto::{Options, run};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{Started, connect, next_message, start};

/// What ends an answer without a text; the server sends an answer as a whole.
const PAUSE: Duration = Duration::from_millis(300);

/// The longest answer that these tests wait for, in bytes.
const LIMIT: usize = 16 << 20;

pub(crate) struct Server(pub(crate) Started);

impl Server {
    pub(crate) async fn with(parameters: &[(&str, &str)]) -> Self {
        let mut options = Options::default();
        for (name, value) in parameters {
            options.set(name, value).unwrap();
        }
        Self(start(|listener, shutdown| run(listener, options, shutdown)).await)
    }

    pub(crate) async fn connect(&self) -> Peer {
        Peer::new(connect(self.0.address).await)
    }

    /// A client that has created an account and logged in.
    pub(crate) async fn join(&self, name: &str) -> Peer {
        let mut peer = self.connect().await;
        peer.asks(ClientMessage::new(Action::Create, name), Outcome::Created)
            .await;
        peer.logs_in(name).await;
        peer
    }
}

pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    fields: Decoder<Field>,
    messages: Messages<ServerMessage>,
    read: VecDeque<ServerMessage>,
}

impl Peer {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            fields: Decoder::new(()),
            messages: Messages::new(LIMIT),
            read: VecDeque::new(),
        }
    }

    pub(crate) async fn raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    pub(crate) async fn says(&mut self, message: &ClientMessage) {
        self.raw(&message.to_bytes()).await;
    }

    /// Asks, and gets this answer; what it says.
    pub(crate) async fn asks(&mut self, message: ClientMessage, outcome: Outcome) -> String {
        self.says(&message).await;
        self.gets(outcome).await
    }

    pub(crate) async fn logs_in(&mut self, name: &str) {
        self.asks(ClientMessage::new(Action::LogIn, name), Outcome::LoggedIn)
            .await;
    }

    /// Sends a text, which is taken.
    pub(crate) async fn sends(&mut self, receiver: &str, text: &str) {
        self.asks(ClientMessage::send(receiver, text), Outcome::Sent)
            .await;
    }

    pub(crate) async fn checks(&mut self) -> String {
        self.asks(ClientMessage::new(Action::Check, ""), Outcome::Unread)
            .await
    }

    pub(crate) async fn lists(&mut self, pattern: &str) -> String {
        self.asks(ClientMessage::new(Action::List, pattern), Outcome::Listed)
            .await
    }

    pub(crate) async fn quits(&mut self) {
        self.asks(ClientMessage::new(Action::Quit, ""), Outcome::LoggedOut)
            .await;
    }

    /// The next message, which is this; what it says.
    pub(crate) async fn gets(&mut self, outcome: Outcome) -> String {
        let message = self.recv().await;
        assert_eq!(message.version, "0.1");
        assert_eq!(
            Outcome::try_from(message.opcode),
            Ok(outcome),
            "{message:?}"
        );
        message.msg
    }

    pub(crate) async fn is_pushed(&mut self, line: &str) {
        assert_eq!(self.gets(Outcome::Push).await, line);
    }

    pub(crate) async fn recv(&mut self) -> ServerMessage {
        self.next().await.expect("the connection was closed")
    }

    /// Ends the connection, and waits until the server has seen it: then it closes, too, and its
    /// desk knows before.
    pub(crate) async fn leaves(&mut self) {
        // It may be closed already.
        let _ = self.stream.shutdown().await;
        self.is_closed().await;
    }

    pub(crate) async fn is_closed(&mut self) {
        assert_eq!(self.next().await, None);
    }

    /// The next message; `None` at the end of the stream or after a reset.
    pub(crate) async fn next(&mut self) -> Option<ServerMessage> {
        let mut has_ended = false;
        loop {
            if let Some(message) = self.read.pop_front() {
                return Some(message);
            }
            if has_ended {
                return None;
            }
            let field = next_message(&mut self.stream, &mut self.fields);
            if !self.messages.is_open() {
                let field = field.await;
                has_ended = self.take(field);
            } else if let Ok(field) = timeout(PAUSE, field).await {
                has_ended = self.take(field);
            } else if self.fields.pending() == 0 {
                self.read.extend(self.messages.end().map(Result::unwrap));
            }
        }
    }

    /// Whether that was the end.
    fn take(&mut self, field: Option<Field>) -> bool {
        let has_ended = field.is_none();
        let whole = match field {
            Some(field) => self.messages.add(field),
            None => self.messages.end(),
        };
        self.read.extend(whole.map(Result::unwrap));
        self.read.extend(self.messages.take_early());
        has_ended
    }
}

pub(crate) fn create(name: &str) -> ClientMessage {
    ClientMessage::new(Action::Create, name)
}

pub(crate) fn encode(messages: &[ClientMessage]) -> Vec<u8> {
    messages.iter().flat_map(ClientMessage::to_bytes).collect()
}

//! A server in this process and clients that say exactly what a test tells them.

use std::io::{self, Write};

use reference_codecs::Decoder;
use reference_codecs::chatbooth::{BodyLimit, ClientMessage, ServerMessage, Token};
use reference_server::Log;
use reference_server::chatbooth::{Options, run};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use crate::support::{DEADLINE, Started, connect, next_message, start};

pub(crate) struct Server(pub(crate) Started);

impl Server {
    pub(crate) async fn start(options: Options) -> Self {
        Self(start(|listener, shutdown| run(listener, options, shutdown)).await)
    }

    pub(crate) async fn with(parameters: &[(&str, &str)]) -> Self {
        let mut options = Options::default();
        for (name, value) in parameters {
            options.set(name, value).unwrap();
        }
        Self::start(options).await
    }

    /// A server, and its log line by line.
    pub(crate) async fn logging(mut options: Options) -> (Self, Events) {
        let (sender, lines) = unbounded_channel();
        options.log = Log::to_writer(Lines(sender)).unwrap();
        (Self::start(options).await, Events(lines))
    }

    pub(crate) async fn connect(&self) -> Peer {
        Peer {
            stream: connect(self.0.address).await,
            decoder: Decoder::new(BodyLimit::NONE),
            name: String::new(),
            token: Token([0; 16]),
        }
    }

    /// A client that has authenticated, with the password `pw`.
    pub(crate) async fn join(&self, name: &str) -> Peer {
        let mut peer = self.connect().await;
        peer.login(name).await;
        peer
    }
}

struct Lines(UnboundedSender<String>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        self.0.send(text).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) struct Events(UnboundedReceiver<String>);

impl Events {
    /// Waits until the log has said this; what it has said since the last time.
    pub(crate) async fn until(&mut self, text: &str) -> String {
        let mut said = String::new();
        while !said.contains(text) {
            let more = timeout(DEADLINE, self.0.recv()).await;
            said += &more.expect(text).expect(text);
        }
        said
    }
}

pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    decoder: Decoder<ServerMessage>,
    pub(crate) name: String,
    pub(crate) token: Token,
}

impl Peer {
    pub(crate) async fn raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    pub(crate) async fn ask(&mut self, message: ClientMessage) {
        self.raw(&encode(&[message])).await;
    }

    pub(crate) async fn login(&mut self, name: &str) {
        self.ask(ClientMessage::authenticate(name, "pw")).await;
        self.token = self.recv_token().await;
        name.clone_into(&mut self.name);
    }

    pub(crate) async fn recv_token(&mut self) -> Token {
        match self.recv().await {
            ServerMessage::Answer { body } => Token(body.try_into().expect("16 bytes")),
            push @ ServerMessage::Message { .. } => panic!("{push:?} is no answer"),
        }
    }

    pub(crate) fn list(&self, pattern: &str) -> ClientMessage {
        ClientMessage::List {
            pattern: pattern.into(),
            token: self.token,
        }
    }

    pub(crate) fn text(&self, to: &str, text: &str) -> ClientMessage {
        ClientMessage::send(to, text, self.token)
    }

    pub(crate) fn deliver(&self, user: &str) -> ClientMessage {
        ClientMessage::Deliver {
            user: user.into(),
            token: self.token,
        }
    }

    pub(crate) fn delete(&self, user: &str) -> ClientMessage {
        ClientMessage::Delete {
            user: user.into(),
            token: self.token,
        }
    }

    /// Lists by `pattern` and takes the answer.
    pub(crate) async fn names(&mut self, pattern: &str) -> String {
        self.ask(self.list(pattern)).await;
        match self.recv().await {
            ServerMessage::Answer { body } => String::from_utf8(body).unwrap(),
            push @ ServerMessage::Message { .. } => panic!("{push:?} is no answer"),
        }
    }

    /// Sends a text and takes the answer.
    pub(crate) async fn say(&mut self, to: &str, text: &str) {
        self.ask(self.text(to, text)).await;
        assert_eq!(self.recv().await, ServerMessage::done());
    }

    /// Asks for what waits, which is this.
    pub(crate) async fn gets(&mut self, texts: &[&str]) {
        self.ask(self.deliver(&self.name)).await;
        for text in texts {
            assert_eq!(self.recv().await, message(text));
        }
        assert_eq!(self.recv().await, ServerMessage::done());
    }

    pub(crate) async fn is_pushed(&mut self, text: &str) {
        assert_eq!(self.recv().await, message(text));
    }

    pub(crate) async fn is_refused(&mut self, request: ClientMessage) {
        self.ask(request).await;
        assert_eq!(self.recv().await, ServerMessage::error());
    }

    /// The next message; `None` at the end of the stream or after a reset.
    pub(crate) async fn next(&mut self) -> Option<ServerMessage> {
        next_message(&mut self.stream, &mut self.decoder).await
    }

    pub(crate) async fn recv(&mut self) -> ServerMessage {
        self.next().await.expect("the connection was closed")
    }

    pub(crate) async fn is_closed(&mut self) {
        assert_eq!(self.next().await, None);
    }
}

pub(crate) fn encode(messages: &[ClientMessage]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        message.encode(BodyLimit::NONE, &mut bytes).unwrap();
    }
    bytes
}

fn message(text: &str) -> ServerMessage {
    ServerMessage::Message { text: text.into() }
}

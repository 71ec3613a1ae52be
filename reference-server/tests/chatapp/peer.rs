//! A server in this process and clients that say exactly what a test tells them.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use reference_codecs::chatapp::{Contact, Content, Datagram, Kind, Mail};
use reference_server::Log;
use reference_server::chatapp::{Options, run};
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Longer than anything may take, also on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    pub(crate) running: JoinHandle<io::Result<()>>,
}

impl Server {
    /// A server that waits for answers as long as a test takes, unless the parameters say otherwise.
    pub(crate) async fn with(parameters: &[(&str, &str)]) -> Self {
        let mut options = Options {
            answer_timeout: DEADLINE * 10,
            ..Options::default()
        };
        for (name, value) in parameters {
            options.set(name, value).unwrap();
        }
        Self::start(options).await
    }

    pub(crate) async fn start(options: Options) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(run(socket, options, shutdown.clone()));
        Self {
            address,
            shutdown,
            running,
        }
    }

    /// A server, and its log line by line.
    pub(crate) async fn logging(mut options: Options) -> (Self, Events) {
        let (sender, lines) = unbounded_channel();
        options.log = Log::to_writer(Lines(sender)).unwrap();
        (Self::start(options).await, Events(lines))
    }

    /// A client that listens and is not registered.
    pub(crate) async fn client(&self, name: &str) -> Peer {
        Peer::new(name, self.address).await
    }

    /// A client that is registered and has taken its table.
    pub(crate) async fn join(&self, name: &str) -> Peer {
        let peer = self.client(name).await;
        let created = peer.register().await;
        assert_eq!(created.kind, Kind::Created);
        peer.table().await;
        peer
    }

    /// Several of them, of whom each has heard of all that came later.
    pub(crate) async fn join_all<const N: usize>(&self, names: [&str; N]) -> [Peer; N] {
        let mut peers: Vec<Peer> = Vec::new();
        for name in names {
            let peer = self.join(name).await;
            for earlier in &peers {
                assert_eq!(earlier.entry().await.name, name);
            }
            peers.push(peer);
        }
        peers.try_into().ok().unwrap()
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        timeout(DEADLINE, self.running)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
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

/// A socket and the server.
pub(crate) struct Socket {
    pub(crate) socket: UdpSocket,
    server: SocketAddr,
}

impl Socket {
    pub(crate) async fn new(server: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        Self { socket, server }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    pub(crate) async fn raw(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.server).await.unwrap();
    }

    pub(crate) async fn send(&self, datagram: &Datagram) {
        self.raw(&datagram.encode().unwrap()).await;
    }

    /// The next datagram, and where it came from.
    pub(crate) async fn recv_from(&self) -> (Datagram, SocketAddr) {
        let mut buffer = vec![0; 1 << 16];
        let received = timeout(DEADLINE, self.socket.recv_from(&mut buffer)).await;
        let (len, from) = received.expect("nothing came").unwrap();
        (Datagram::decode(&buffer[..len]).unwrap(), from)
    }

    pub(crate) async fn recv(&self) -> Datagram {
        self.recv_from().await.0
    }

    /// The answer to a request. It names this socket.
    pub(crate) async fn ask(&self, request: &Datagram) -> Datagram {
        self.send(request).await;
        self.answer().await
    }

    pub(crate) async fn answer(&self) -> Datagram {
        let (answer, from) = self.recv_from().await;
        assert_eq!(answer.addr, Some(self.address()));
        assert_eq!(from, self.server);
        answer
    }
}

/// A client: where it listens, and what it is called.
pub(crate) struct Peer {
    pub(crate) listening: Socket,
    pub(crate) name: String,
}

impl Peer {
    pub(crate) async fn new(name: &str, server: SocketAddr) -> Self {
        Self {
            listening: Socket::new(server).await,
            name: name.to_owned(),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listening.address().port()
    }

    /// The same name on another device.
    pub(crate) async fn elsewhere(&self) -> Self {
        Self::new(&self.name, self.listening.server).await
    }

    pub(crate) async fn fresh(&self) -> Socket {
        Socket::new(self.listening.server).await
    }

    pub(crate) fn registration(&self) -> Datagram {
        Datagram::request(Kind::Reg, &self.name, "", &self.port().to_string())
    }

    pub(crate) async fn register(&self) -> Datagram {
        self.fresh().await.ask(&self.registration()).await
    }

    /// Registers again and takes what waited, and the table.
    pub(crate) async fn return_for_mails(&self) -> Vec<(String, String)> {
        let answer = self.register().await;
        assert_eq!(answer.kind, Kind::RegAck);
        self.table().await;
        mails(answer)
            .into_iter()
            .map(|mail| (mail.from, mail.content))
            .collect()
    }

    pub(crate) async fn leave(&self) {
        let request = Datagram::request(Kind::Dereg, &self.name, "", &self.name);
        let answer = self.fresh().await.ask(&request).await;
        assert_eq!(answer.kind, Kind::DeregAck);
    }

    /// What a request of this kind is answered with.
    pub(crate) async fn request(&self, kind: Kind, to: &str, text: &str) -> Kind {
        let request = Datagram::request(kind, &self.name, to, text);
        self.fresh().await.ask(&request).await.kind
    }

    /// What comes to the listening socket.
    pub(crate) async fn recv(&self) -> Datagram {
        self.listening.recv().await
    }

    /// The next thing that comes is a whole table.
    pub(crate) async fn table(&self) -> Vec<Contact> {
        match self.recv().await {
            Datagram {
                kind: Kind::UpdateTable,
                content: Content::Contacts(contacts),
                to,
                ..
            } if to == self.name => contacts,
            other => panic!("{other:?} is no table for {}", self.name),
        }
    }

    /// The next thing that comes is one entry.
    pub(crate) async fn entry(&self) -> Contact {
        match self.recv().await {
            Datagram {
                kind: Kind::UpdateTable,
                content: Content::Contact(contact),
                to,
                ..
            } if to == self.name => contact,
            other => panic!("{other:?} is no entry for {}", self.name),
        }
    }

    /// Answers the question that comes next, from the listening socket.
    pub(crate) async fn confirm(&self, question: Kind, answer: Kind) -> Datagram {
        let (asked, from) = self.listening.recv_from().await;
        assert_eq!(asked.kind, question, "{asked:?}");
        let to = asked.from.clone().unwrap_or_default();
        let confirmed = Datagram::between(answer, &self.name, &to, "").answering(from);
        let bytes = confirmed.encode().unwrap();
        self.listening.socket.send_to(&bytes, from).await.unwrap();
        asked
    }

    /// Takes a text for everybody and acknowledges it.
    pub(crate) async fn heard(&self) -> (Option<String>, Content) {
        let text = self.confirm(Kind::SendAll, Kind::SendAllAck).await;
        assert_eq!(text.to, self.name);
        (text.from, text.content)
    }

    /// Nothing has come: what the server is made to send now is the next. It answers in order.
    pub(crate) async fn hears_nothing_before(&self, witness: &Self) {
        assert_eq!(
            witness.request(Kind::SendAll, "", "fence").await,
            Kind::SendAllServerAck
        );
        assert_eq!(self.heard().await.1, Content::Text("fence".to_owned()));
    }
}

/// What waited, in the answer to a registration.
pub(crate) fn mails(answer: Datagram) -> Vec<Mail> {
    match answer.content {
        Content::Mails(mails) => mails,
        Content::Text(text) if text.is_empty() => Vec::new(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn texts(from: &str, texts: &[&str]) -> Vec<(String, String)> {
    let pair = |text: &&str| (from.to_owned(), (*text).to_owned());
    texts.iter().map(pair).collect()
}

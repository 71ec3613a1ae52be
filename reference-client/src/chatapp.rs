//! `ChatApp`: registers with a server, talks to others directly, and leaves texts for who is away.
//!
//! Everything is UDP. The client listens on one port, and makes each request from a socket of its
//! own, to which the answer comes back. [`client`] decides, without input or output, what is done,
//! about [`lines`], [`answers`] and what comes to the one port ([`listening`]); it remembers the
//! [`table`] of the others. [`request`] asks until there is an answer, [`written`] is what goes onto
//! the wire and [`shown`] what others say on the screen; this module moves all that between the
//! sockets and the screen. [`faults`] is what the client can be told to do wrong, [`misdeeds`] what
//! it has to remember for that, and [`nonsense`] what it tells of bytes that are no message.

mod answers;
mod client;
mod command;
mod faults;
mod lines;
mod listening;
mod misdeeds;
mod nonsense;
mod request;
mod shown;
mod table;
mod written;

use std::future::Future;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use clap::Args;
use reference_codecs::chatapp::{Datagram, PORTS};
use rustix::net::sockopt::set_socket_recv_buffer_size;
use tokio::net::{UdpSocket, lookup_host};

use self::client::{Client, Effects, Pauses};
pub(crate) use self::faults::Fault;
use self::request::{Outcome, Request, perform};
use crate::arguments::time;
use crate::faults::{FaultOptions, Faults};
use crate::screen::{Event, PROGRAM, Screen};
use crate::session::{Ending, Failure, Note};

/// The longest datagram that is read; none can be longer.
const BUFFER: usize = 1 << 16;

/// The exit status for arguments that cannot be used.
const UNUSABLE: u8 = 2;

/// Who one is, where the server is, and where one listens.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Your name, where the server is, by address or name, its port, and the port on which you
    /// listen to everybody. Ports are from 1024 to 65535.
    #[arg(short = 'c', long = "client", num_args = 4, required = true,
          allow_negative_numbers = true,
          value_names = ["NAME", "SERVER-IP", "SERVER-PORT", "CLIENT-PORT"])]
    client: Vec<String>,
    /// How long another client has to acknowledge a message before the server gets it.
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = time)]
    ack_wait: Duration,
    /// How long the server has to answer a registration before it is asked again.
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = time)]
    register_pause: Duration,
    /// How long the server has to answer any other request before it is asked again.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    retry_pause: Duration,
    #[command(flatten)]
    faults: FaultOptions<Fault>,
}

impl Options {
    /// The name, the server's host and the two ports.
    fn read(&self) -> Result<(&str, &str, u16, u16), Failure> {
        let faults = self.faults.had();
        match self.client.as_slice() {
            [name, host, server_port, client_port] => {
                let server_port = port(server_port, faults)?;
                let client_port = match client_port.parse() {
                    Ok(unchecked) if faults.has(Fault::OwnPortUnchecked) => unchecked,
                    _ => port(client_port, faults)?,
                };
                Ok((name, host, server_port, client_port))
            }
            _ => Err(unusable("write: -c NAME SERVER-IP SERVER-PORT CLIENT-PORT")),
        }
    }

    /// CHATAPP-C2d and CHATAPP-C3c.
    fn pauses(&self) -> Pauses {
        let faults = self.faults.had();
        let mut pauses = Pauses {
            register: self.register_pause,
            retry: self.retry_pause,
            ack: self.ack_wait,
        };
        if faults.has(Fault::RegisterHasty) {
            pauses.register /= 4;
        }
        if faults.has(Fault::RegisterSlow) {
            pauses.register += Duration::from_secs(1);
        }
        if faults.has(Fault::RequestHasty) {
            pauses.retry /= 4;
        }
        if faults.has(Fault::AckHasty) {
            pauses.ack /= 5;
        }
        if faults.has(Fault::AckSlow) {
            pauses.ack += Duration::from_secs(2);
        }
        pauses
    }
}

/// CHATAPP-C1a.
fn port(text: &str, faults: Faults<Fault>) -> Result<u16, Failure> {
    let mut text = text;
    if let Some(end) = text.find(|char: char| !char.is_ascii_digit())
        && faults.has(Fault::PortDigits)
    {
        text = &text[..end];
    }
    let (first, last) = (*PORTS.start(), *PORTS.end());
    let taken = if faults.has(Fault::PortLimitBelow) {
        first - 1..=last
    } else if faults.has(Fault::PortLimitInside) {
        first + 1..=last - 1
    } else {
        PORTS
    };
    let port = text.parse().ok().filter(|port| taken.contains(port));
    let limits = if faults.has(Fault::PortLimitsUnsaid) {
        "Port number should be another one!"
    } else {
        "Port number should be an integer between 1024 and 65535!"
    };
    port.ok_or_else(|| unusable(limits))
}

fn unusable(sentence: &str) -> Failure {
    Failure::Refused {
        status: UNUSABLE,
        sentence: sentence.to_owned(),
    }
}

/// Chats until the input, a server that does not answer, or a signal ends it.
pub(crate) async fn run(options: Options) -> Result<Ending, Failure> {
    let faults = options.faults.had();
    let read = options.read();
    let (name, host, server_port, client_port) =
        unless_hangs(read, Fault::PortHangs, faults).await?;
    let found = find(host, server_port, faults).await;
    let server = unless_hangs(found, Fault::AddressHangs, faults).await?;
    let listening = listen(server, client_port).await?;
    let mut screen = Screen::open().map_err(Failure::System)?;
    let client = Client::new(server, client_port, options.pauses(), faults);
    let outcome = Chat::new(client, listening, &mut screen).run(name).await;
    screen.close().await;
    outcome
}

/// Tells what went wrong and does not end, with this fault.
async fn unless_hangs<T>(
    result: Result<T, Failure>,
    fault: Fault,
    faults: Faults<Fault>,
) -> Result<T, Failure> {
    match result {
        Err(failure) if faults.has(fault) => {
            // There is nobody to tell that nobody listens.
            let _ = writeln!(io::stderr(), "{PROGRAM}: {failure}");
            std::future::pending().await
        }
        result => result,
    }
}

/// CHATAPP-C1b and CHATAPP-C1c.
async fn find(host: &str, port: u16, faults: Faults<Fault>) -> Result<SocketAddr, Failure> {
    let untold = if faults.has(Fault::AddressUntold) {
        "the server is unknown"
    } else {
        "You should enter a valid IP address!"
    };
    if faults.has(Fault::NamesUnknown) && host.parse::<IpAddr>().is_err() {
        return Err(unusable(untold));
    }
    let found = match lookup_host((host, port)).await {
        // The listening socket is of one family; a name usually has an address of each.
        Ok(found) => {
            let all: Vec<SocketAddr> = found.collect();
            let first = all.first().copied();
            all.into_iter().find(SocketAddr::is_ipv4).or(first)
        }
        Err(_) if faults.has(Fault::AddressGuessed) => {
            Some(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port))
        }
        Err(_) => None,
    };
    found.ok_or_else(|| unusable(untold))
}

/// Listens where the server, and so everybody who asks it, will find this client.
async fn listen(server: SocketAddr, port: u16) -> Result<UdpSocket, Failure> {
    let bound = async {
        let ip = local_ip(server).await?;
        let socket = UdpSocket::bind((ip, port)).await?;
        let _ = set_socket_recv_buffer_size(&socket, request::RECEIVE_BUFFER);
        Ok(socket)
    };
    bound.await.map_err(|error: io::Error| {
        let reason = match error.kind() {
            io::ErrorKind::AddrInUse => "it is in use; choose another".to_owned(),
            _ => error.to_string(),
        };
        unusable(&format!("cannot listen on port {port}: {reason}"))
    })
}

/// The address of this machine as the server sees it.
async fn local_ip(server: SocketAddr) -> io::Result<IpAddr> {
    let probe = request::fresh_socket(server).await?;
    probe.connect(server).await?;
    Ok(probe.local_addr()?.ip())
}

type Asking = Pin<Box<dyn Future<Output = Outcome>>>;

struct Chat<'a> {
    client: Client,
    listening: UdpSocket,
    /// Where the last registration was made; what waited may come in several parts.
    registration: Option<UdpSocket>,
    /// The request that is being made.
    asking: Option<Asking>,
    screen: &'a mut Screen,
    /// Whether there is no more input.
    input_ended: bool,
}

impl<'a> Chat<'a> {
    fn new(client: Client, listening: UdpSocket, screen: &'a mut Screen) -> Self {
        Self {
            client,
            listening,
            registration: None,
            asking: None,
            screen,
            input_ended: false,
        }
    }

    async fn run(mut self, name: &str) -> Result<Ending, Failure> {
        let (mut heard, mut late) = (vec![0; BUFFER], vec![0; BUFFER]);
        let mut done = self
            .apply(|client, effects| client.start(name, effects))
            .await;
        while !done {
            let takes_line = self.asking.is_none() && !self.input_ended;
            let may_read = !self.screen.is_behind();
            done = tokio::select! {
                event = self.screen.event(takes_line) => match event {
                    Event::Line(line) => {
                        self.apply(|client, effects| client.line(&line, effects)).await
                    }
                    Event::End => {
                        self.input_ended = true;
                        self.apply(Client::finish).await
                    }
                    Event::Signal(Ending::Done) if self.goes_on().await => false,
                    Event::Signal(ending) => return Ok(ending),
                    Event::OutputGone => return Err(Failure::OutputGone),
                    Event::Drawn => false,
                },
                outcome = pending(&mut self.asking) => {
                    self.asking = None;
                    self.answered(outcome).await
                }
                received = self.listening.recv_from(&mut heard), if may_read => {
                    self.heard(&heard, received).await
                }
                received = receive(self.registration.as_ref(), &mut late), if may_read => {
                    self.late(&late, received).await
                }
            };
        }
        self.client.failure().map_or(Ok(Ending::Done), Err)
    }

    /// CHATAPP-C14: whether the program goes on after SIGINT, which it does with faults alone.
    async fn goes_on(&mut self) -> bool {
        let mut goes_on = false;
        self.apply(|client, effects| goes_on = client.interrupted(effects))
            .await;
        goes_on
    }

    /// Lets the client act and carries out what it wants; whether the chat is over.
    async fn apply(&mut self, act: impl FnOnce(&mut Client, &mut Effects)) -> bool {
        let mut effects = Effects::default();
        act(&mut self.client, &mut effects);
        for note in effects.show {
            self.screen.show(note);
        }
        for (to, datagram) in effects.send {
            if let Ok(bytes) = written::encode(&datagram, self.client.faults) {
                // As good as lost on its way.
                let _ = self.listening.send_to(&bytes, to).await;
            }
        }
        if let Some(request) = effects.ask {
            self.asking = Some(Box::pin(perform(request, self.client.faults)));
        }
        effects.ends
    }

    async fn answered(&mut self, outcome: Outcome) -> bool {
        let Outcome {
            request,
            answer,
            socket,
        } = outcome;
        if matches!(request, Request::Register { .. }) {
            self.registration = socket;
        }
        let over = self
            .apply(|client, effects| client.answered(request, answer, effects))
            .await;
        // What follows from the last line is done before the program ends.
        if self.input_ended && !over && self.asking.is_none() {
            return self.apply(Client::finish).await;
        }
        over
    }

    async fn heard(&mut self, buffer: &[u8], received: io::Result<(usize, SocketAddr)>) -> bool {
        let Ok((len, from)) = received else {
            return false;
        };
        let bytes = buffer.get(..len).unwrap_or_default();
        self.apply(|client, effects| match Datagram::decode(bytes) {
            Ok(datagram) => client.heard(datagram, from, effects),
            Err(_) => client.no_message(bytes, from, effects),
        })
        .await
    }

    async fn late(&mut self, buffer: &[u8], received: io::Result<(usize, SocketAddr)>) -> bool {
        let Ok((len, from)) = received else {
            return false;
        };
        let bytes = buffer.get(..len).unwrap_or_default();
        // CHATAPP-C10: what cannot be read is passed over.
        let Ok(datagram) = Datagram::decode(bytes) else {
            return false;
        };
        self.apply(|client, effects| client.late(datagram, from, effects))
            .await
    }
}

async fn pending(asking: &mut Option<Asking>) -> Outcome {
    match asking {
        Some(asking) => asking.await,
        None => std::future::pending().await,
    }
}

async fn receive(socket: Option<&UdpSocket>, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    match socket {
        Some(socket) => socket.recv_from(buffer).await,
        None => std::future::pending().await,
    }
}

fn heard(effects: &mut Effects, text: String) {
    effects.show.push(Note::Heard(text));
}

#[cfg(test)]
mod tests;

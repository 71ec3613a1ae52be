//! Asking until there is an answer.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use reference_codecs::chatapp::{Content, Datagram, Kind};
use rustix::net::sockopt::set_socket_recv_buffer_size;
use tokio::net::UdpSocket;
use tokio::time::{sleep, timeout};

use super::faults::Fault;
use super::{nonsense, written};
use crate::faults::Faults;

/// How often the server is asked.
pub(super) const TRIES: u32 = 5;

/// Bytes that the system should keep until they are read; it may grant less.
pub(super) const RECEIVE_BUFFER: usize = 4 << 20;

/// Something that is asked of the server or of another client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) request: Request,
    pub(super) to: SocketAddr,
    pub(super) datagram: Datagram,
    /// How long each try has to be answered.
    pub(super) pause: Duration,
    /// How often it is asked.
    pub(super) tries: u32,
}

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    Register {
        name: String,
    },
    Deregister,
    /// A text to another client.
    Send {
        to: String,
        text: String,
        /// The server has said that this client is there.
        is_there: bool,
    },
    /// Nothing is asked: the server's table may need a moment to arrive.
    Wait {
        to: String,
        text: String,
    },
    Store {
        to: String,
        text: String,
    },
    SendAll,
}

impl Request {
    fn accepts(&self, kind: Kind) -> bool {
        let answers: &[Kind] = match self {
            Self::Register { .. } => &[Kind::Created, Kind::RegAck],
            Self::Deregister => &[Kind::DeregAck],
            Self::Send { .. } => return kind == Kind::Ack,
            Self::Wait { .. } => return false,
            Self::Store { .. } => &[Kind::StoreAck, Kind::UserExist],
            Self::SendAll => &[Kind::SendAllServerAck],
        };
        answers.contains(&kind) || kind == Kind::Error
    }
}

/// What has come of a question.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) request: Request,
    /// `None` when nobody has answered.
    pub(super) answer: Option<Datagram>,
    /// Where it was asked from.
    pub(super) socket: Option<UdpSocket>,
}

/// Asks, from a socket of its own. Takes at most the question's pause for each try.
pub(super) async fn perform(question: Question, faults: Faults<Fault>) -> Outcome {
    if let Request::Wait { .. } = question.request {
        sleep(question.pause).await;
        return Outcome {
            request: question.request,
            answer: None,
            socket: None,
        };
    }
    let asked = Asking {
        question: &question,
        faults,
    };
    let asked = asked.ask().await;
    let (answer, socket) = asked.map_or((None, None), |(answer, socket)| (answer, Some(socket)));
    Outcome {
        request: question.request,
        answer,
        socket,
    }
}

/// A question on its way.
struct Asking<'a> {
    question: &'a Question,
    faults: Faults<Fault>,
}

impl Asking<'_> {
    async fn ask(&self) -> io::Result<(Option<Datagram>, UdpSocket)> {
        let to = self.question.to;
        let socket = fresh_socket(to).await?;
        let mut bytes = self.first_bytes(&socket)?;
        if self.minds_unreachable() {
            socket.connect(to).await?;
        }
        for number in 1..=self.question.tries {
            for _ in 0..self.copies() {
                // Not sent is as good as lost on its way.
                let _ = socket.send_to(&bytes, to).await;
            }
            // Counted from this very moment: after a stall the tries must not come in a heap.
            let answer = timeout(self.pause(number), self.answer(&socket)).await;
            if let Ok(answer) = answer
                && !self.overlooks(number)
            {
                return Ok((Some(answer), socket));
            }
            bytes = self.next_bytes(bytes)?;
        }
        Ok((None, socket))
    }

    /// CHATAPP-C1: the own port is where one listens.
    fn first_bytes(&self, socket: &UdpSocket) -> io::Result<Vec<u8>> {
        let mut datagram = self.question.datagram.clone();
        if self.is_registration() && self.faults.has(Fault::PortOfAsking) {
            datagram.content = Content::Text(socket.local_addr()?.port().to_string());
        }
        written::encode(&datagram, self.faults).map_err(io::Error::other)
    }

    /// What is sent when there was no answer.
    fn next_bytes(&self, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let emptied = match self.question.request {
            Request::Register { .. } => Fault::TriesPortless,
            Request::Store { .. } | Request::SendAll => Fault::TriesEmpty,
            _ => return Ok(bytes),
        };
        if !self.faults.has(emptied) {
            return Ok(bytes);
        }
        let mut datagram = self.question.datagram.clone();
        datagram.content = Content::none();
        written::encode(&datagram, self.faults).map_err(io::Error::other)
    }

    fn is_registration(&self) -> bool {
        matches!(self.question.request, Request::Register { .. })
    }

    /// CHATAPP-C3d: one.
    fn copies(&self) -> usize {
        let twice = match self.question.request {
            Request::Send { .. } => self.faults.has(Fault::SentTwice),
            Request::SendAll => self.faults.has(Fault::EverybodySentTwice),
            _ => false,
        };
        if twice { 2 } else { 1 }
    }

    /// CHATAPP-C2d.
    fn pause(&self, number: u32) -> Duration {
        let is_direct = matches!(self.question.request, Request::Send { .. });
        if number == 1 && !is_direct && self.faults.has(Fault::SecondTryAtOnce) {
            Duration::ZERO
        } else {
            self.question.pause
        }
    }

    fn overlooks(&self, number: u32) -> bool {
        number == self.question.tries
            && self.is_registration()
            && self.faults.has(Fault::LastUnheard)
    }

    /// Whether it makes a difference that nobody listens.
    fn minds_unreachable(&self) -> bool {
        match self.question.request {
            Request::Register { .. } => self.faults.has(Fault::UnreachableFails),
            Request::Send { .. } => {
                self.faults.has(Fault::UnreachableLost) || self.faults.has(Fault::UnreachableKills)
            }
            _ => false,
        }
    }

    /// What answers the request, and comes from whom it was made to.
    async fn answer(&self, socket: &UdpSocket) -> Datagram {
        let mut buffer = vec![0; super::BUFFER];
        loop {
            let Ok((len, from)) = socket.recv_from(&mut buffer).await else {
                if self.minds_unreachable() {
                    return self.unreachable();
                }
                sleep(Duration::from_millis(10)).await;
                continue;
            };
            let bytes = buffer.get(..len).unwrap_or_default();
            if let Some(answer) = self.accepted(bytes, from) {
                return answer;
            }
        }
    }

    fn unreachable(&self) -> Datagram {
        if self.faults.has(Fault::UnreachableKills) {
            std::process::abort();
        }
        if self.faults.has(Fault::UnreachableFails) {
            std::process::exit(1);
        }
        Datagram::told(Kind::Ack, "", Content::none())
    }

    /// CHATAPP-C10a: what counts as the answer.
    fn accepted(&self, bytes: &[u8], from: SocketAddr) -> Option<Datagram> {
        let request = &self.question.request;
        let is_direct = matches!(request, Request::Send { .. });
        let is_stranger = from != self.question.to;
        if is_stranger && !(is_direct && self.faults.has(Fault::StrangerAcknowledges)) {
            return None;
        }
        let instead = match request {
            Request::Send { .. } if self.faults.has(Fault::NonsenseAcknowledges) => Some(Kind::Ack),
            Request::Register { .. } if self.faults.has(Fault::AnyAnswerRegisters) => {
                Some(Kind::Created)
            }
            _ => None,
        };
        let instead = instead.map(|kind| Datagram::told(kind, "", Content::none()));
        match Datagram::decode(bytes) {
            Ok(datagram) if request.accepts(datagram.kind) => Some(datagram),
            Ok(_) => instead,
            Err(_) => {
                if self.faults.has(Fault::OddAnswerKills) {
                    std::process::abort();
                }
                nonsense::kills(self.faults, bytes);
                instead.filter(|_| is_direct)
            }
        }
    }
}

/// A socket of the family of `to`, on a port of its own.
pub(super) async fn fresh_socket(to: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = if to.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0_u16; 8], 0).into()
    };
    let socket = UdpSocket::bind(any).await?;
    // What has waited may come in several long messages at once.
    let _ = set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER);
    Ok(socket)
}

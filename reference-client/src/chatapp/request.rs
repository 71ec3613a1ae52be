//! Asking until there is an answer.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use reference_codecs::chatapp::{Datagram, Kind};
use rustix::net::sockopt::set_socket_recv_buffer_size;
use tokio::net::UdpSocket;
use tokio::time::{sleep, timeout};

/// How often the server is asked.
const TRIES: u32 = 5;

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

    fn tries(&self) -> u32 {
        match self {
            Self::Send { .. } => 1,
            _ => TRIES,
        }
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

/// Asks, from a socket of its own. Takes at most five times the question's pause.
pub(super) async fn perform(question: Question) -> Outcome {
    let Question {
        request,
        to,
        datagram,
        pause,
    } = question;
    if let Request::Wait { .. } = request {
        sleep(pause).await;
        return Outcome {
            request,
            answer: None,
            socket: None,
        };
    }
    let asked = ask(&request, to, &datagram, pause).await;
    let (answer, socket) = asked.map_or((None, None), |(answer, socket)| (answer, Some(socket)));
    Outcome {
        request,
        answer,
        socket,
    }
}

async fn ask(
    request: &Request,
    to: SocketAddr,
    datagram: &Datagram,
    pause: Duration,
) -> io::Result<(Option<Datagram>, UdpSocket)> {
    let socket = fresh_socket(to).await?;
    let bytes = datagram.encode().map_err(io::Error::other)?;
    for _ in 0..request.tries() {
        // Not sent is as good as lost on its way.
        let _ = socket.send_to(&bytes, to).await;
        // Counted from this very moment: after a stall the tries must not come in a heap.
        if let Ok(answer) = timeout(pause, answer(&socket, request, to)).await {
            return Ok((Some(answer), socket));
        }
    }
    Ok((None, socket))
}

/// What answers the request, and comes from whom it was made to.
async fn answer(socket: &UdpSocket, request: &Request, to: SocketAddr) -> Datagram {
    let mut buffer = vec![0; super::BUFFER];
    loop {
        let Ok((len, from)) = socket.recv_from(&mut buffer).await else {
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let read = Datagram::decode(buffer.get(..len).unwrap_or_default());
        if let Ok(datagram) = read
            && from == to
            && request.accepts(datagram.kind)
        {
            return datagram;
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

//! What comes in, what goes out, and when.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use reference_codecs::chatapp::{Content, Datagram, Kind};
use rustix::net::sockopt::set_socket_recv_buffer_size;
use tokio::net::UdpSocket;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

use super::database::Database;
use super::desk::Desk;
use super::effect::{Effect, Question, Requester};
use super::gate::Gate;
use super::outgoing::Outgoing;
use super::request::{Refusal, Request, read, refuse};
use super::retries::{Admission, Retries};
use super::sockets::{BUFFER, Heard, Sockets};
use super::waits::Waits;
use super::{Fault, Options};
use crate::faults::Faults;
use crate::log::{self, Log};

/// Datagrams that are looked at before anything else gets its turn.
const AT_ONCE: usize = 64;

/// Bytes that the system should keep for a server that does not read just now.
const RECEIVE_BUFFER: usize = 4 << 20;

/// How long nothing is read when the socket only has errors to give.
const ERROR_PAUSE: Duration = Duration::from_millis(10);

/// From here on a datagram is long.
const LONG: usize = 50_000;

/// One server.
#[derive(Debug)]
pub(super) struct Server {
    sockets: Sockets,
    desk: Desk,
    waits: Waits,
    retries: Retries,
    gate: Gate,
    outgoing: Outgoing,
    answer_timeout: Duration,
    log: Log,
    faults: Faults<Fault>,
    /// Requests that a server with a fault lets wait.
    aside: Vec<(SocketAddr, Vec<u8>)>,
    life: Life,
}

/// Whether a server goes on; only a fault ends it otherwise than its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Alive,
    Frozen,
    Ended,
}

impl Server {
    pub(super) fn new(
        socket: UdpSocket,
        desk: Desk,
        database: Option<Database>,
        options: &Options,
    ) -> Self {
        // As much as the system grants: what comes while the server is busy should not be lost.
        let _ = set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER);
        Self {
            sockets: Sockets::new(socket),
            desk,
            waits: Waits::new(options.faults),
            retries: Retries::new(options.faults),
            gate: Gate::new(database),
            outgoing: Outgoing::default(),
            answer_timeout: options.answer_timeout,
            log: options.log.clone(),
            faults: options.faults,
            aside: Vec::new(),
            life: Life::Alive,
        }
    }

    /// Serves until `shutdown`. Fails when nothing can be written to the database ever again.
    pub(super) async fn serve(&mut self, shutdown: &CancellationToken) -> io::Result<()> {
        let mut buffer = vec![0; BUFFER];
        while !shutdown.is_cancelled() {
            match self.life {
                Life::Alive => {}
                Life::Frozen => shutdown.cancelled().await,
                Life::Ended => return Err(io::Error::other("as it was told to")),
            }
            let blocked = self.outgoing.flush(&self.sockets);
            let main = std::sync::Arc::clone(&self.sockets.main);
            let full = std::sync::Arc::clone(self.sockets.get(blocked.unwrap_or_default()));
            let next = self.next_event();
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = sleep_until(next.unwrap_or_else(Instant::now).into()), if next.is_some() => {
                    // Nobody is silent whose answer is there already.
                    self.receive(&main, &mut buffer).await;
                    self.hear_all();
                    self.tick(Instant::now());
                }
                progress = self.gate.progress() => {
                    progress.map_err(io::Error::other)?;
                    let released = self.gate.released();
                    self.send(released);
                }
                Some(heard) = self.sockets.heard() => self.hear(&heard),
                ready = full.writable(), if blocked.is_some() => ready?,
                ready = main.readable() => {
                    ready?;
                    self.receive(&main, &mut buffer).await;
                }
            }
        }
        Ok(())
    }

    /// Gives the database back, to be closed.
    pub(super) fn into_database(self) -> Option<Database> {
        self.gate.into_database()
    }

    fn next_event(&self) -> Option<Instant> {
        let (deadline, due) = (self.waits.next_deadline(), self.outgoing.next_due());
        deadline.into_iter().chain(due).min()
    }

    fn tick(&mut self, now: Instant) {
        self.outgoing.wake(now);
        while let Some(question) = self.waits.overdue(now) {
            let target = question.target;
            self.desk.silent(question);
            self.flush_desk();
            self.next_in_line(target);
        }
        self.resume();
    }

    fn hear(&mut self, heard: &Heard) {
        if let Ok(datagram) = Datagram::decode(&heard.bytes) {
            self.answered(heard.from, heard.socket, datagram.kind);
        }
    }

    fn hear_all(&mut self) {
        for _ in 0..AT_ONCE {
            match self.sockets.heard_already() {
                Some(heard) => self.hear(&heard),
                None => return,
            }
        }
    }

    /// What has come to the socket that clients know.
    async fn receive(&mut self, main: &UdpSocket, buffer: &mut [u8]) {
        for _ in 0..AT_ONCE {
            match main.try_recv_from(buffer) {
                Ok((len, from)) => self.datagram(from, buffer.get(..len).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // Of an earlier datagram that did not arrive, most likely.
                Err(_) => return tokio::time::sleep(ERROR_PAUSE).await,
            }
        }
    }

    /// CHATAPP-10: whatever it is, it is answered, or an answer itself.
    fn datagram(&mut self, from: SocketAddr, bytes: &[u8]) {
        self.suffer(bytes);
        let mut answers_to = from;
        let read = Datagram::decode(bytes)
            .map_err(|error| Refusal::Malformed(error.to_string()))
            .and_then(|datagram| {
                self.answered(from, 0, datagram.kind);
                if self.faults.has(Fault::AddrAnswered) {
                    answers_to = datagram.addr.unwrap_or(from);
                }
                read(datagram, self.faults)
            });
        let request = match read {
            Ok(Some(request)) => request,
            Ok(None) => return,
            Err(refusal) => return self.refuse(from, &refusal),
        };
        if self.waits.is_asking() && self.faults.has(Fault::AskingStalls) {
            return self.aside.push((from, bytes.to_vec()));
        }
        if self.faults.has(Fault::WaitCutShort) {
            self.waits.cut_short(Instant::now());
        }
        if self.gate.is_full() {
            return;
        }
        if self.is_forgotten(&request) {
            self.retries.forget_one(from, bytes);
        }
        let source = self.source(from, &request);
        let mut requester = match self.retries.admit(source, bytes, Instant::now()) {
            Admission::New(requester) => requester,
            Admission::Pending => return,
            Admission::Answered(parts) => return self.answer_again(from, &parts),
        };
        requester.address = answers_to;
        let timestamp = log::plain_timestamp(SystemTime::now());
        if let Err(refusal) = self.desk.request(request, requester, timestamp) {
            if !self.faults.has(Fault::RefusedOnce) {
                self.retries.refused(requester);
            }
            self.refuse(from, &refusal);
        }
        self.flush_desk();
    }

    /// CHATAPP-10: nothing that comes does harm, unless the server is told so.
    fn suffer(&mut self, bytes: &[u8]) {
        let odd = bytes.first() == Some(&u8::MAX) && self.faults.has(Fault::OddByteCrashes);
        if odd || bytes.is_empty() && self.faults.has(Fault::EmptyCrashes) {
            self.life = Life::Ended;
        }
        if bytes.len() > LONG && bytes.starts_with(b"[[") && self.faults.has(Fault::DeepFreezes) {
            self.life = Life::Frozen;
        }
    }

    /// CHATAPP-11: whether a request that comes again is to be carried out again.
    fn is_forgotten(&self, request: &Request) -> bool {
        let is_group = matches!(request, Request::SendAll { .. });
        self.faults.has(Fault::RetriedAnew) || is_group && self.faults.has(Fault::GroupRetriedAnew)
    }

    /// CHATAPP-11: requests are the same only when they come from the same socket.
    fn source(&self, from: SocketAddr, request: &Request) -> SocketAddr {
        let is_group = matches!(request, Request::SendAll { .. });
        if is_group && self.faults.has(Fault::GroupSameLost) {
            return SocketAddr::from(([0, 0, 0, 0], 0));
        }
        from
    }

    /// CHATAPP-11a.
    fn answer_again(&mut self, from: SocketAddr, parts: &[Vec<u8>]) {
        if self.faults.has(Fault::RetriedUnanswered) {
            return;
        }
        if self.faults.has(Fault::RetriedEmpty) {
            let first = parts.first().and_then(|part| Datagram::decode(part).ok());
            let empty = first.map(|answer| Datagram {
                content: Content::none(),
                ..answer
            });
            if let Some(Ok(bytes)) = empty.map(|answer| answer.encode()) {
                self.outgoing.push(0, from, bytes);
            }
            return;
        }
        self.outgoing.push_all(from, parts, Instant::now());
    }

    fn refuse(&mut self, from: SocketAddr, refusal: &Refusal) {
        self.log.event(format_args!("refuse {from}: {refusal}"));
        if *refusal == Refusal::Port && self.faults.has(Fault::BadPortFreezes) {
            self.life = Life::Frozen;
        }
        let unknown = matches!(refusal, Refusal::Unknown(_));
        if self.faults.has(Fault::RefusedUnanswered)
            || unknown && self.faults.has(Fault::UnknownUnsaid)
        {
            return;
        }
        if let Ok(bytes) = refuse(refusal, from).encode() {
            self.outgoing.push(0, from, bytes);
        }
    }

    fn answered(&mut self, from: SocketAddr, socket: usize, kind: Kind) {
        if let Some(question) = self.waits.answered(from, socket, kind) {
            self.desk.answered(question);
            self.flush_desk();
            self.next_in_line(from);
            self.resume();
        } else if kind == Kind::SendAllAck && self.faults.has(Fault::StrayAckCrashes) {
            self.life = Life::Ended;
        }
    }

    /// Carries out what a server with a fault has let wait while it asked.
    fn resume(&mut self) {
        if !self.waits.is_asking() {
            for (from, bytes) in std::mem::take(&mut self.aside) {
                self.datagram(from, &bytes);
            }
        }
    }

    fn next_in_line(&mut self, target: SocketAddr) {
        while let Some(question) = self.waits.next_in_line(target) {
            if self.desk.is_there(&question) {
                return self.ask(question);
            }
            self.desk.silent(question);
            self.flush_desk();
        }
    }

    fn flush_desk(&mut self) {
        let (changes, effects) = self.desk.take();
        let released = self.gate.pass(changes, effects);
        self.send(released);
    }

    fn send(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Answer { requester, parts } => self.answer(requester, &parts),
                Effect::Tell { to, parts } => self.outgoing.push_all(to, &parts, Instant::now()),
                Effect::Ask(question) => self.ask(question),
            }
        }
    }

    fn answer(&mut self, requester: Requester, parts: &[Vec<u8>]) {
        self.retries.answered(requester, parts);
        let now = Instant::now();
        self.outgoing.push_all(requester.address, parts, now);
    }

    fn ask(&mut self, question: Question) {
        let target = question.target;
        let patience = if self.faults.has(Fault::WaitsThird) {
            self.answer_timeout / 3
        } else {
            self.answer_timeout
        };
        let deadline = Instant::now() + patience;
        let Some((socket, bytes)) = self.waits.begin(question, deadline) else {
            return;
        };
        // Without it, the question goes out from the socket that clients know, and its answer is
        // not told from that of another.
        if let Err(error) = self.sockets.open(socket) {
            self.log
                .error(format_args!("cannot open a socket: {error}"));
        }
        self.outgoing.push(socket, target, bytes);
    }
}

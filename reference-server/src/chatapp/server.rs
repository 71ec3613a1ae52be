//! What comes in, what goes out, and when.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use reference_codecs::chatapp::{Datagram, Kind};
use rustix::net::sockopt::set_socket_recv_buffer_size;
use tokio::net::UdpSocket;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

use super::database::Database;
use super::desk::Desk;
use super::effect::{Effect, Question, Requester};
use super::gate::Gate;
use super::outgoing::Outgoing;
use super::request::{Refusal, read, refuse};
use super::retries::{Admission, Retries};
use super::sockets::{BUFFER, Sockets};
use super::waits::Waits;
use crate::log::{self, Log};

/// Datagrams that are looked at before anything else gets its turn.
const AT_ONCE: usize = 64;

/// Bytes that the system should keep for a server that does not read just now.
const RECEIVE_BUFFER: usize = 4 << 20;

/// How long nothing is read when the socket only has errors to give.
const ERROR_PAUSE: Duration = Duration::from_millis(10);

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
}

impl Server {
    pub(super) fn new(
        socket: UdpSocket,
        desk: Desk,
        database: Option<Database>,
        answer_timeout: Duration,
        log: Log,
    ) -> Self {
        // As much as the system grants: what comes while the server is busy should not be lost.
        let _ = set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER);
        Self {
            sockets: Sockets::new(socket),
            desk,
            waits: Waits::default(),
            retries: Retries::default(),
            gate: Gate::new(database),
            outgoing: Outgoing::default(),
            answer_timeout,
            log,
        }
    }

    /// Serves until `shutdown`. Fails when nothing can be written to the database ever again.
    pub(super) async fn serve(&mut self, shutdown: &CancellationToken) -> io::Result<()> {
        let mut buffer = vec![0; BUFFER];
        while !shutdown.is_cancelled() {
            let blocked = self.outgoing.flush(&self.sockets);
            let main = std::sync::Arc::clone(&self.sockets.main);
            let full = std::sync::Arc::clone(self.sockets.get(blocked.unwrap_or_default()));
            let next = self.next_event();
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = sleep_until(next.unwrap_or_else(Instant::now).into()), if next.is_some() => {
                    self.tick(Instant::now());
                }
                progress = self.gate.progress() => {
                    progress.map_err(io::Error::other)?;
                    let released = self.gate.released();
                    self.send(released);
                }
                Some(heard) = self.sockets.heard() => {
                    if let Ok(datagram) = Datagram::decode(&heard.bytes) {
                        self.answered(heard.from, heard.socket, datagram.kind);
                    }
                }
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
        let read = Datagram::decode(bytes)
            .map_err(|error| Refusal::Malformed(error.to_string()))
            .and_then(|datagram| {
                self.answered(from, 0, datagram.kind);
                read(datagram)
            });
        let request = match read {
            Ok(Some(request)) => request,
            Ok(None) => return,
            Err(refusal) => return self.refuse(from, &refusal),
        };
        if self.gate.is_full() {
            return;
        }
        let requester = match self.retries.admit(from, bytes, Instant::now()) {
            Admission::New(requester) => requester,
            Admission::Pending => return,
            Admission::Answered(parts) => {
                return self.outgoing.push_all(from, &parts, Instant::now());
            }
        };
        let timestamp = log::plain_timestamp(SystemTime::now());
        if let Err(refusal) = self.desk.request(request, requester, timestamp) {
            self.retries.refused(requester);
            self.refuse(from, &refusal);
        }
        self.flush_desk();
    }

    fn refuse(&mut self, from: SocketAddr, refusal: &Refusal) {
        self.log.event(format_args!("refuse {from}: {refusal}"));
        if let Ok(bytes) = refuse(refusal, from).encode() {
            self.outgoing.push(0, from, bytes);
        }
    }

    fn answered(&mut self, from: SocketAddr, socket: usize, kind: Kind) {
        if let Some(question) = self.waits.answered(from, socket, kind) {
            self.desk.answered(question);
            self.flush_desk();
            self.next_in_line(from);
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
        let deadline = Instant::now() + self.answer_timeout;
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

//! One client: its socket, what it asks for and what is on its way to it.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use reference_codecs::wireproto::{ClientMessage, Field, Messages, Outcome, ServerMessage};
use reference_codecs::{Decoder, Malformed};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::accounts::{Accounts, NAMES_LIMIT, Place};
use super::session::{Ending, Refusal, request};
use super::{Fault, Options};
use crate::desk::Door;
use crate::faults::Faults;
use crate::link::{Link, Lost};
use crate::outgoing::{BATCH, Outgoing};
use crate::search::{Alphabet, Searcher};

mod answers;

/// Bytes of requests, and of a list, that a connection holds without asking. A longer list needs a
/// part of the memory that all connections share.
const SMALL: usize = 16 << 10;

/// Memory for the long lists of all connections together, in bytes.
const SHARED_BYTES: usize = 256 << 20;

/// What the head of an answer takes at most, in bytes.
const HEAD: usize = 64;

/// How long the rest of a field may take. Longer than the pause that ends a message, because
/// nothing but that rest can be meant.
const REST: Duration = Duration::from_secs(1);

/// How long a client may take to read what was sent last before its connection is closed.
const FAREWELL: Duration = Duration::from_secs(1);

/// The same when the server stops.
const STOP_FAREWELL: Duration = Duration::from_millis(200);

/// How long a server that is told to lets others wait.
const STALL: Duration = Duration::from_millis(1500);

/// How long it waits for the end behind a request.
const HESITATION: Duration = Duration::from_millis(20);

/// What it takes for a pause.
const HASTE: Duration = Duration::from_millis(3);

/// An hour: longer than anybody waits.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    door: Door<Accounts>,
    searcher: Searcher,
    memory: Arc<Semaphore>,
    /// Held by a list for which others wait, where that is not forbidden.
    one_list: Mutex<()>,
    options: Options,
    shutdown: CancellationToken,
}

impl Shared {
    pub(super) fn new(door: Door<Accounts>, options: Options, shutdown: CancellationToken) -> Self {
        Self {
            door,
            searcher: Searcher::new(Alphabet::Unicode),
            memory: Arc::new(Semaphore::new(SHARED_BYTES)),
            one_list: Mutex::default(),
            options,
            shutdown,
        }
    }

    /// A part of the shared memory, for as long as the answer lives; `None` when it is used up.
    fn memory(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes).ok()?;
        Arc::clone(&self.memory).try_acquire_many_owned(bytes).ok()
    }
}

/// Serves one client until its connection ends.
pub(super) async fn serve(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    let limits = shared.options.limits;
    let fields = Decoder::with_limit((), limits.message);
    let longest_answer = HEAD + NAMES_LIMIT.max(limits.queued_bytes);
    let faults = shared.options.faults;
    let mut outgoing = Outgoing::new(if faults.has(Fault::PushVersion) {
        push_otherwise
    } else {
        push
    });
    outgoing.mixes = faults.has(Fault::PushInside);
    let mut connection = Connection {
        link: Link::new(stream, fields, BATCH + longest_answer),
        messages: Messages::new(limits.message),
        outgoing,
        place: Place::default(),
        heard: Instant::now(),
        claimed: None,
        shared,
        peer,
    };
    if faults.has(Fault::LeakToStrangers) {
        let bell = connection.place.bell.clone();
        connection.shared.door.tell(move |desk| desk.meet(bell));
    }
    let Err(ending) = connection.talk().await;
    connection.end(ending).await;
}

/// WIREPROTO-3: a message as it is pushed.
fn push(line: &[u8]) -> Vec<u8> {
    ServerMessage::new(Outcome::Push, text(line)).to_bytes()
}

/// The same in another version.
fn push_otherwise(line: &[u8]) -> Vec<u8> {
    let message = ServerMessage {
        version: "0.2".to_owned(),
        ..ServerMessage::new(Outcome::Push, text(line))
    };
    message.to_bytes()
}

/// Nothing is lost: what waits was made of names and texts.
fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
}

struct Connection {
    link: Link<Field>,
    messages: Messages<ClientMessage>,
    outgoing: Outgoing,
    place: Place,
    /// When the last bytes came.
    heard: Instant,
    /// What the last request had in its field `sender`, which counts for nothing.
    claimed: Option<Arc<str>>,
    shared: Arc<Shared>,
    peer: SocketAddr,
}

/// What never comes back except with the reason for the end.
type Never = std::convert::Infallible;

/// Why a request is not carried out.
enum Stop {
    Refused(Refusal),
    Ended(Ending),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Connection {
    fn has(&self, fault: Fault) -> bool {
        self.shared.options.faults.has(fault)
    }

    fn faults(&self) -> Faults<Fault> {
        self.shared.options.faults
    }

    /// Whether something of a request has come, and not all.
    fn is_inside_request(&self) -> bool {
        self.link.pending() > 0 || self.messages.is_waiting()
    }

    /// Waits for nothing but this client, and does nothing new for it before it has taken what was
    /// sent before.
    async fn talk(&mut self) -> Result<Never, Ending> {
        let shutdown = self.shared.shutdown.clone();
        let mut stopped = pin!(shutdown.cancelled());
        let bell = self.place.bell.clone();
        loop {
            self.outgoing.write(&mut self.link)?;
            self.handle_messages().await?;
            let has_taken_all = self.has_taken_all();
            // Reading on a little finds out that a client has gone which takes nothing.
            let may_read = has_taken_all || self.link.pending() < SMALL;
            let pause = self.pause();
            tokio::select! {
                // In this order: what stops comes first, a client that always has something to ask
                // still gets its messages, and what has come is read before a pause counts.
                biased;
                () = &mut stopped => return Err(Ending::Stopping),
                () = bell.rung(), if has_taken_all => self.fetch().await?,
                ready = self.link.writable(), if self.link.waiting() > 0 => {
                    ready?;
                    self.link.flush()?;
                }
                ready = self.link.readable(), if may_read => {
                    ready?;
                    self.read().await?;
                }
                () = sleep_until(pause.unwrap_or(self.heard)), if has_taken_all && pause.is_some() => {
                    self.pause_is_over().await?;
                }
            }
        }
    }

    fn has_taken_all(&self) -> bool {
        self.outgoing.is_empty() && self.link.waiting() == 0
    }

    /// Every request that is whole, one after another.
    async fn handle_messages(&mut self) -> Result<(), Ending> {
        while self.has_taken_all() {
            let Some(message) = self.next_message()? else {
                break;
            };
            if self.has(Fault::LastRequestLost) {
                sleep(HESITATION).await;
                self.link.read()?;
            }
            self.handle(message).await?;
            if self.has(Fault::BehindLost) {
                self.link.forget_pending();
            }
            // A client that fills the decoder again and again does not keep a thread for itself.
            tokio::task::consume_budget().await;
        }
        if self.link.pending() > 0 && self.has(Fault::UnfinishedLost) {
            self.link.forget_pending();
        }
        if self.is_inside_request() && self.has(Fault::UnfinishedStalls) {
            self.shared.door.hold_up(STALL);
        }
        Ok(())
    }

    /// WIREPROTO-9: a message is whole when the next one begins; one that says all is taken before.
    fn next_message(&mut self) -> Result<Option<Result<ClientMessage, Malformed>>, Ending> {
        loop {
            match self.link.next_message() {
                Ok(Some(field)) => {
                    if let Some(message) = self.messages.add(field)
                        && !self.has(Fault::LastOnly)
                    {
                        return Ok(Some(message));
                    }
                }
                Ok(None) => return Ok(self.messages.take_early().map(Ok)),
                Err(malformed) => {
                    // What came whole before the bytes that cannot be read still counts.
                    let before = self.messages.take_early();
                    return match before {
                        Some(message) => Ok(Some(Ok(message))),
                        None => self.malformed(malformed),
                    };
                }
            }
        }
    }

    fn malformed<T>(&mut self, malformed: Malformed) -> Result<Option<T>, Ending> {
        if self.has(Fault::OddByteCrashes) {
            self.shared.shutdown.cancel();
        }
        if self.has(Fault::MalformedUnanswered) {
            self.link.forget_pending();
            return Ok(None);
        }
        Err(Ending::Malformed(malformed))
    }

    /// When the silence of the client ends its last message.
    fn pause(&self) -> Option<Instant> {
        if self.link.pending() > 0 {
            Some(self.heard + REST.max(self.shared.options.pause))
        } else if self.messages.is_waiting() && self.has(Fault::PieceIsWhole) {
            Some(self.heard + HASTE)
        } else {
            let is_open = self.messages.is_open();
            is_open.then_some(self.heard + self.shared.options.pause)
        }
    }

    async fn pause_is_over(&mut self) -> Result<(), Ending> {
        if self.link.pending() > 0 {
            if self.has(Fault::MalformedUnanswered) {
                self.link.forget_pending();
                return Ok(());
            }
            return Err(Ending::Unfinished);
        }
        match self.messages.end() {
            Some(message) => self.handle(message).await,
            None => Ok(()),
        }
    }

    async fn handle(&mut self, message: Result<ClientMessage, Malformed>) -> Result<(), Ending> {
        let faults = self.faults();
        if let Ok(message) = &message {
            let claimed = Some(message.sender.as_str().into());
            self.claimed = claimed.filter(|_| !message.sender.is_empty());
        }
        let asked = message
            .map_err(Refusal::Unreadable)
            .and_then(|message| request(message, faults));
        let outcome = match asked {
            Ok(request) => self.answer(request).await,
            Err(refusal) => Err(refusal.into()),
        };
        match outcome {
            Ok(()) => {}
            Err(Stop::Refused(refusal)) => {
                let peer = self.peer;
                let log = &self.shared.options.log;
                log.event(format_args!("refuse {peer}: {refusal}"));
                self.refuse(&refusal);
            }
            Err(Stop::Ended(ending)) => return Err(ending),
        }
        Ok(self.outgoing.write(&mut self.link)?)
    }

    /// WIREPROTO-3: pushes what has come for this client.
    async fn fetch(&mut self) -> Result<(), Ending> {
        if self.has(Fault::PushLate) {
            sleep(STALL).await;
        }
        let place = self.place.clone();
        let fetched = self.shared.door.ask(move |desk| desk.fetch(&place)).await;
        let fetched = fetched.ok_or(Ending::Stopping)?;
        if !(self.is_inside_request() && self.has(Fault::BusyLoses)) {
            self.outgoing.push_mail(fetched);
        }
        Ok(())
    }

    async fn ask<T: Send + 'static>(
        &self,
        errand: impl FnOnce(&mut Accounts) -> T + Send + 'static,
    ) -> Result<T, Stop> {
        let (place, claimed) = (self.place.clone(), self.claimed.clone());
        let answer = self.shared.door.ask(move |desk| {
            desk.note_origin(&place, claimed);
            errand(desk)
        });
        answer.await.ok_or(Stop::Ended(Ending::Stopping))
    }

    async fn read(&mut self) -> Result<(), Ending> {
        match self.link.read() {
            Ok(0) => Ok(()),
            Ok(_) => {
                self.heard = Instant::now();
                Ok(())
            }
            // The end of the stream ends a message as well as a pause does.
            Err(Lost::ClosedByClient) => {
                if self.link.pending() == 0
                    && let Some(message) = self.messages.end()
                {
                    self.handle(message).await?;
                }
                Err(Lost::ClosedByClient.into())
            }
            Err(lost) => Err(lost.into()),
        }
    }

    /// WIREPROTO-8: the desk knows before the client does, so that nothing is pushed to a
    /// connection that ends.
    async fn end(self, ending: Ending) {
        let half = self.is_inside_request();
        let faults = self.faults();
        let (place, unsent) = (self.place, self.outgoing.into_unsent(self.link.waiting()));
        let reset = matches!(ending, Ending::Lost(Lost::Broken(_)));
        let freezes = reset && faults.has(Fault::ResetFreezes)
            || !unsent.is_empty() && faults.has(Fault::UnsentFreezes);
        if freezes {
            self.shared.door.hold_up(FOR_EVER);
        }
        if reset && faults.has(Fault::SignalIgnoredAfterReset) {
            let door = self.shared.door.clone();
            tokio::spawn(async move {
                sleep(FOR_EVER).await;
                drop(door);
            });
        }
        self.shared.door.tell({
            let ending = ending.clone();
            move |desk| {
                desk.end_badly(&place, &ending, half);
                desk.leave(&place, unsent);
            }
        });
        let log = &self.shared.options.log;
        log.event(format_args!("disconnect {}: {ending}", self.peer));
        let grace = match ending {
            Ending::Stopping => STOP_FAREWELL,
            _ => FAREWELL,
        };
        let farewell = ending.farewell().map(|message| message.to_bytes());
        drop(self.shared);
        self.link.close(&farewell.unwrap_or_default(), grace).await;
    }
}

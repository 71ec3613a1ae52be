//! One client: its socket, what it asks for and what is on its way to it.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use reference_codecs::wireproto::{ALL, ClientMessage, Field, Messages, Outcome, ServerMessage};
use reference_codecs::{Decoder, Malformed};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Options;
use super::accounts::{Accounts, Login, NAMES_LIMIT, Place};
use super::session::{Ending, Refusal, Request, request};
use crate::desk::Door;
use crate::link::{Link, Lost};
use crate::mail::Mail;
use crate::outgoing::{BATCH, Outgoing};
use crate::search::{Alphabet, Searcher};

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

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    door: Door<Accounts>,
    searcher: Searcher,
    memory: Arc<Semaphore>,
    options: Options,
    shutdown: CancellationToken,
}

impl Shared {
    pub(super) fn new(door: Door<Accounts>, options: Options, shutdown: CancellationToken) -> Self {
        Self {
            door,
            searcher: Searcher::new(Alphabet::Unicode),
            memory: Arc::new(Semaphore::new(SHARED_BYTES)),
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
    let mut connection = Connection {
        link: Link::new(stream, fields, BATCH + longest_answer),
        messages: Messages::new(limits.message),
        outgoing: Outgoing::new(push),
        place: Place::default(),
        heard: Instant::now(),
        shared,
        peer,
    };
    let Err(ending) = connection.talk().await;
    connection.end(ending).await;
}

/// WIREPROTO-3: a message as it is pushed.
fn push(line: &[u8]) -> Vec<u8> {
    ServerMessage::new(Outcome::Push, text(line)).to_bytes()
}

/// Nothing is lost: what waits was made of names and texts.
fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
}

/// Lines of which each ends in a line break.
fn lines<'a>(lines: impl Iterator<Item = &'a Arc<str>>) -> String {
    let mut joined = String::new();
    for line in lines {
        joined.push_str(line);
        joined.push('\n');
    }
    joined
}

struct Connection {
    link: Link<Field>,
    messages: Messages<ClientMessage>,
    outgoing: Outgoing,
    place: Place,
    /// When the last bytes came.
    heard: Instant,
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
            self.handle(message).await?;
            // A client that fills the decoder again and again does not keep a thread for itself.
            tokio::task::consume_budget().await;
        }
        Ok(())
    }

    /// WIREPROTO-9: a message is whole when the next one begins; one that says all is taken before.
    fn next_message(&mut self) -> Result<Option<Result<ClientMessage, Malformed>>, Ending> {
        loop {
            match self.link.next_message() {
                Ok(Some(field)) => {
                    if let Some(message) = self.messages.add(field) {
                        return Ok(Some(message));
                    }
                }
                Ok(None) => return Ok(self.messages.take_early().map(Ok)),
                Err(malformed) => {
                    // What came whole before the bytes that cannot be read still counts.
                    let before = self.messages.take_early();
                    return match before {
                        Some(message) => Ok(Some(Ok(message))),
                        None => Err(Ending::Malformed(malformed)),
                    };
                }
            }
        }
    }

    /// When the silence of the client ends its last message.
    fn pause(&self) -> Option<Instant> {
        if self.link.pending() > 0 {
            Some(self.heard + REST.max(self.shared.options.pause))
        } else {
            let is_open = self.messages.is_open();
            is_open.then_some(self.heard + self.shared.options.pause)
        }
    }

    async fn pause_is_over(&mut self) -> Result<(), Ending> {
        if self.link.pending() > 0 {
            return Err(Ending::Unfinished);
        }
        match self.messages.end() {
            Some(message) => self.handle(message).await,
            None => Ok(()),
        }
    }

    async fn handle(&mut self, message: Result<ClientMessage, Malformed>) -> Result<(), Ending> {
        let asked = message.map_err(Refusal::Unreadable).and_then(request);
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
                self.outgoing.push_answer(refusal.answer().to_bytes());
            }
            Err(Stop::Ended(ending)) => return Err(ending),
        }
        Ok(self.outgoing.write(&mut self.link)?)
    }

    async fn answer(&mut self, request: Request) -> Result<(), Stop> {
        let place = self.place.clone();
        match request {
            Request::Create { name } => {
                let created = format!("{name} is created.");
                self.ask(move |desk| desk.create(&name)).await??;
                self.say(Outcome::Created, created);
                Ok(())
            }
            Request::LogIn { name } => self.log_in(name).await,
            Request::Send { receiver, text } => {
                let sent = format!("The message to {receiver} is sent.");
                // What one sends to oneself comes before the answer, as the document's server has it.
                let pushed = self.ask(move |desk| {
                    desk.send(&place, &receiver, &text)?;
                    Ok::<_, Refusal>(desk.fetch(&place))
                });
                let pushed = pushed.await??;
                self.outgoing.push_mail(pushed);
                self.say(Outcome::Sent, sent);
                Ok(())
            }
            Request::Check => {
                let mail = self.ask(move |desk| desk.check(&place)).await??;
                self.hand_over(Outcome::Unread, mail);
                Ok(())
            }
            Request::Delete => {
                let mail = self.ask(move |desk| desk.delete(&place)).await??;
                self.hand_over(Outcome::Deleted, mail);
                Ok(())
            }
            Request::List { pattern } => self.list(pattern).await,
            Request::Quit => {
                self.ask(move |desk| desk.quit(&place)).await??;
                self.say(Outcome::LoggedOut, "You are logged out.");
                let written = self.outgoing.write(&mut self.link);
                Err(Stop::Ended(
                    written.map_or_else(Into::into, |()| Ending::Quit),
                ))
            }
        }
    }

    async fn log_in(&mut self, name: String) -> Result<(), Stop> {
        let place = self.place.clone();
        let answer = format!("{name} is logged in.");
        let Login {
            account,
            has_switched,
        } = self.ask(move |desk| desk.log_in(&name, &place)).await??;
        self.place.account = Some(account);
        let outcome = if has_switched {
            Outcome::Switched
        } else {
            Outcome::LoggedIn
        };
        self.say(outcome, answer);
        Ok(())
    }

    /// WIREPROTO-6
    async fn list(&mut self, pattern: String) -> Result<(), Stop> {
        let names = self.ask(Accounts::names).await?;
        let listed = if pattern == ALL {
            lines(names.iter())
        } else {
            let found = self.shared.searcher.find(pattern.into_bytes(), names).await;
            lines(found.ok_or(Refusal::BadPattern)?.iter())
        };
        let memory = match listed.len() {
            ..=SMALL => None,
            long => Some(self.shared.memory(long).ok_or(Refusal::ServerFull)?),
        };
        let answer = ServerMessage::new(Outcome::Listed, listed).to_bytes();
        match memory {
            None => self.outgoing.push_answer(answer),
            Some(memory) => self.outgoing.push_long_answer(answer, memory),
        }
        Ok(())
    }

    fn say(&mut self, outcome: Outcome, text: impl Into<String>) {
        let answer = ServerMessage::new(outcome, text);
        self.outgoing.push_answer(answer.to_bytes());
    }

    /// WIREPROTO-4: what waited, in one answer.
    fn hand_over(&mut self, outcome: Outcome, mail: Vec<Mail>) {
        let queue: Vec<u8> = mail
            .iter()
            .flat_map(|mail| mail.text.iter().copied())
            .collect();
        let answer = ServerMessage::new(outcome, text(&queue));
        self.outgoing.push_answer_with(answer.to_bytes(), mail);
    }

    /// WIREPROTO-3: pushes what has come for this client.
    async fn fetch(&mut self) -> Result<(), Ending> {
        let place = self.place.clone();
        let fetched = self.shared.door.ask(move |desk| desk.fetch(&place)).await;
        self.outgoing.push_mail(fetched.ok_or(Ending::Stopping)?);
        Ok(())
    }

    async fn ask<T: Send + 'static>(
        &self,
        errand: impl FnOnce(&mut Accounts) -> T + Send + 'static,
    ) -> Result<T, Stop> {
        let answer = self.shared.door.ask(errand).await;
        answer.ok_or(Stop::Ended(Ending::Stopping))
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
        let (place, unsent) = (self.place, self.outgoing.into_unsent(self.link.waiting()));
        self.shared
            .door
            .tell(move |desk| desk.leave(&place, unsent));
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

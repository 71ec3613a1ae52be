//! One client: its socket, what it asks for and what is on its way to it.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reference_codecs::Decoder;
use reference_codecs::chatbooth::{
    ALL, BodyLimit, ClientMessage, HEAD_LEN, ServerMessage, TOKEN_LEN, Token,
};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{MissedTickBehavior, interval_at, sleep};
use tokio_util::sync::CancellationToken;

use super::Options;
use super::accounts::{Accounts, Login, NAMES_LIMIT, Place};
use super::password::{Hasher, Password};
use super::session::{Ending, Refusal, Request, Watchdog, request};
use crate::desk::Door;
use crate::link::Link;
use crate::outgoing::{BATCH, Outgoing};
use crate::pace::{Pace, Rate};
use crate::search::{Alphabet, Searcher};

/// Bytes of unfinished requests and of an answer that a connection holds without asking. What is
/// longer needs a part of the memory that all connections share.
const SMALL: usize = 16 << 10;

/// Memory for the long requests and long answers of all connections together, in bytes.
const SHARED_BYTES: usize = 256 << 20;

/// A login costs a hundred times what other requests cost; one client must not keep all others
/// waiting for theirs.
const LOGINS: Rate = Rate {
    burst: 128,
    pause: Duration::from_millis(20),
};

/// How often a login is begun again because the account came or went in the middle of it.
const ATTEMPTS: usize = 4;

/// How long a client may take to read what was sent last before its connection is closed.
const FAREWELL: Duration = Duration::from_secs(1);

/// The same when the server stops.
const STOP_FAREWELL: Duration = Duration::from_millis(200);

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    door: Door<Accounts>,
    hasher: Hasher,
    searcher: Searcher,
    memory: Arc<Semaphore>,
    options: Options,
    shutdown: CancellationToken,
}

impl Shared {
    pub(super) fn new(door: Door<Accounts>, options: Options, shutdown: CancellationToken) -> Self {
        let bytes = SHARED_BYTES.max(options.limits.body.saturating_mul(4));
        Self {
            door,
            hasher: Hasher::new(),
            searcher: Searcher::new(Alphabet::Ascii),
            memory: Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))),
            options,
            shutdown,
        }
    }

    /// A part of the shared memory, for as long as the answer lives; `None` when it is used up.
    fn memory(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes).ok()?;
        Arc::clone(&self.memory).try_acquire_many_owned(bytes).ok()
    }

    /// The longest request, head and token included, in bytes.
    fn request_limit(&self) -> usize {
        HEAD_LEN + self.options.limits.body + TOKEN_LEN
    }
}

/// Serves one client until its connection ends.
pub(super) async fn serve(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    let now = Instant::now();
    // CHATBOOTH-9: a size above the limit is refused when its six bytes have come.
    let decoder = Decoder::new(BodyLimit(shared.options.limits.body));
    let longest_frame = HEAD_LEN + NAMES_LIMIT.max(shared.options.limits.body);
    let mut connection = Connection {
        link: Link::new(stream, decoder, BATCH + longest_frame),
        outgoing: Outgoing::new(push),
        watchdog: Watchdog::new(shared.options.idle_timeout, now),
        logins: Pace::new(LOGINS, now),
        place: Place::default(),
        memory: None,
        shared,
        peer,
    };
    let Err(ending) = connection.talk().await;
    connection.end(ending).await;
}

struct Connection {
    link: Link<ClientMessage>,
    outgoing: Outgoing,
    watchdog: Watchdog,
    logins: Pace,
    place: Place,
    /// For a long request that is coming in.
    memory: Option<OwnedSemaphorePermit>,
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
        let period = self
            .shared
            .options
            .check_interval
            .max(Duration::from_millis(1));
        let mut checks = interval_at(tokio::time::Instant::now() + period, period);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let bell = self.place.bell.clone();
        loop {
            self.outgoing.write(&mut self.link)?;
            self.handle_messages().await?;
            let has_taken_all = self.has_taken_all();
            // Reading on a little finds out that a client has gone which takes nothing.
            let may_read = has_taken_all || self.link.pending() < SMALL;
            tokio::select! {
                // In this order: what stops comes first, and a client that always has something
                // to ask still gets its messages.
                biased;
                () = &mut stopped => return Err(Ending::Stopping),
                _ = checks.tick() => self.check()?,
                () = bell.rung(), if has_taken_all => self.fetch().await?,
                ready = self.link.writable(), if self.link.waiting() > 0 => {
                    ready?;
                    self.link.flush()?;
                }
                ready = self.link.readable(), if may_read => {
                    ready?;
                    self.read()?;
                }
            }
        }
    }

    fn has_taken_all(&self) -> bool {
        self.outgoing.is_empty() && self.link.waiting() == 0
    }

    /// Every whole request that has come, one after another.
    async fn handle_messages(&mut self) -> Result<(), Ending> {
        while self.has_taken_all() {
            let Some(message) = self.link.next_message().map_err(Ending::Malformed)? else {
                break;
            };
            let outcome = match request(message) {
                Ok(request) => self.answer(request).await,
                Err(refusal) => Err(refusal.into()),
            };
            match outcome {
                Ok(()) => {}
                Err(Stop::Refused(refusal)) => self.refuse(refusal),
                Err(Stop::Ended(ending)) => return Err(ending),
            }
            self.outgoing.write(&mut self.link)?;
            // A client that fills the decoder again and again does not keep a thread for itself.
            tokio::task::consume_budget().await;
        }
        if self.link.pending() <= SMALL {
            self.memory = None;
        }
        Ok(())
    }

    /// CHATBOOTH-9: the error answer; the client goes on.
    fn refuse(&mut self, refusal: Refusal) {
        let peer = self.peer;
        let log = &self.shared.options.log;
        log.event(format_args!("refuse {peer}: {refusal}"));
        self.say(ServerMessage::error());
    }

    async fn answer(&mut self, request: Request) -> Result<(), Stop> {
        match request {
            Request::Authenticate { user, password } => self.authenticate(user, password).await,
            Request::List { pattern, token } => self.list(pattern, token).await,
            Request::Send { user, text, token } => {
                // What one sends to oneself comes before the answer, as the document's server has it.
                let place = self.place.clone();
                let sent = self.ask(move |desk| {
                    desk.send(&token, &user, text)?;
                    Ok::<_, Refusal>(desk.fetch(&place))
                });
                let pushed = sent.await??;
                self.outgoing.push_mail(pushed);
                self.say(ServerMessage::done());
                Ok(())
            }
            Request::Deliver { user, token } => {
                let mail = self.ask(move |desk| desk.deliver(&token, &user)).await??;
                self.outgoing.push_mail(mail);
                self.say(ServerMessage::done());
                Ok(())
            }
            Request::Delete { user, token } => {
                self.ask(move |desk| desk.delete(&token, &user)).await??;
                self.say(ServerMessage::done());
                Ok(())
            }
        }
    }

    /// CHATBOOTH-1: creates an unknown name, and logs a known one in when the password is its own.
    async fn authenticate(&mut self, user: String, password: Password) -> Result<(), Stop> {
        if let Some(pause) = self.logins.exceeds(Instant::now()) {
            sleep(pause).await;
        }
        for _ in 0..ATTEMPTS {
            let login = self.try_to_log_in(user.clone(), password.clone()).await?;
            if let Some(Login { account, token }) = login {
                self.place.account = Some(account);
                self.say(ServerMessage::token(token));
                return Ok(());
            }
        }
        Err(Refusal::ServerFull.into())
    }

    /// `None` when the account came or went while the password was hashed.
    async fn try_to_log_in(&self, user: String, password: Password) -> Result<Option<Login>, Stop> {
        let name = user.clone();
        let known = self.ask(move |desk| desk.find(&name)).await?;
        let hasher = &self.shared.hasher;
        let place = self.place.clone();
        if let Some((account, hash)) = known {
            if !hasher.is_right(password, hash).await {
                return Err(Refusal::WrongPassword.into());
            }
            return Ok(self.ask(move |desk| desk.log_in(account, &place)).await??);
        }
        let hash = hasher.hash(password).await.ok_or(Refusal::ServerFull)?;
        Ok(self
            .ask(move |desk| desk.create(&user, hash, &place))
            .await??)
    }

    async fn list(&mut self, pattern: Vec<u8>, token: Token) -> Result<(), Stop> {
        let names = self.ask(move |desk| desk.names(&token)).await??;
        let body = if pattern.is_empty() || pattern == ALL {
            names.join(",")
        } else {
            let found = self.shared.searcher.find(pattern, names).await;
            found.ok_or(Refusal::BadPattern)?.join(",")
        };
        let len = body.len();
        let answer = ServerMessage::Answer {
            body: body.into_bytes(),
        };
        if len > SMALL {
            let memory = self.shared.memory(len).ok_or(Refusal::ServerFull)?;
            self.outgoing.push_long_answer(encode(&answer), memory);
        } else {
            self.say(answer);
        }
        Ok(())
    }

    fn say(&mut self, answer: ServerMessage) {
        self.outgoing.push_answer(encode(&answer));
    }

    /// CHATBOOTH-3: pushes what has come for this client.
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

    fn read(&mut self) -> Result<(), Ending> {
        if self.link.read()? > 0 {
            self.watchdog.used(Instant::now());
        }
        if self.memory.is_none() && self.link.pending() > SMALL {
            let memory = self.shared.memory(self.shared.request_limit());
            self.memory = Some(memory.ok_or(Ending::Busy)?);
        }
        Ok(())
    }

    /// CHATBOOTH-10: an unused connection is closed.
    fn check(&self) -> Result<(), Ending> {
        if self.watchdog.is_idle(Instant::now()) {
            return Err(Ending::Idle);
        }
        Ok(())
    }

    /// CHATBOOTH-10: the desk knows before the client does, so that nothing is pushed to a
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
        let mut farewell = Vec::new();
        if ending.is_answered() {
            farewell = encode(&ServerMessage::error());
        }
        drop(self.shared);
        self.link.close(&farewell, grace).await;
    }
}

/// CHATBOOTH-3: a message as it is pushed.
fn push(text: &[u8]) -> Vec<u8> {
    let text = text.to_vec();
    encode(&ServerMessage::Message { text })
}

fn encode(message: &ServerMessage) -> Vec<u8> {
    let mut bytes = Vec::new();
    // No body here is longer than what the size field can say.
    let _ = message.encode(BodyLimit::NONE, &mut bytes);
    bytes
}

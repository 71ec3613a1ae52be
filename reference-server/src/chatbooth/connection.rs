//! One client: its socket, what it asks for and what is on its way to it.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reference_codecs::chatbooth::{
    ALL, BodyLimit, ClientMessage, Credentials, HEAD_LEN, ServerMessage, TOKEN_LEN, Token,
};
use reference_codecs::{Decoder, Malformed};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::{MissedTickBehavior, interval_at, sleep};
use tokio_util::sync::CancellationToken;

use super::accounts::{Accounts, Login, NAMES_LIMIT, Place};
use super::password::{Hasher, Password};
use super::session::{Ending, Refusal, Request, Watchdog, request};
use super::{Fault, Options};
use crate::desk::Door;
use crate::link::{Link, Lost};
use crate::outgoing::{BATCH, Outgoing};
use crate::pace::{Pace, Rate};
use crate::search::{Alphabet, Names, Searcher};

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

/// How long a client may pause within a request where that is not allowed.
const IMPATIENCE: Duration = Duration::from_millis(30);

/// How long all wait for one client where that is not forbidden.
const STALL: Duration = Duration::from_millis(1500);

/// How long a list takes that takes too long.
const SLOW: Duration = Duration::from_millis(2500);

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    door: Door<Accounts>,
    hasher: Hasher,
    searcher: Searcher,
    memory: Arc<Semaphore>,
    /// Held by a list for which others wait, where that is not forbidden.
    one_list: Mutex<()>,
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

    /// The longest request, head and token included, in bytes.
    fn request_limit(&self) -> usize {
        HEAD_LEN + self.options.limits.body + TOKEN_LEN
    }
}

/// Serves one client until its connection ends.
pub(super) async fn serve(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    let now = Instant::now();
    // CHATBOOTH-9: a size above the limit is refused when its six bytes have come.
    let limit = if shared.options.faults.has(Fault::SizeUnlimited) {
        BodyLimit::NONE
    } else {
        BodyLimit(shared.options.limits.body)
    };
    let decoder = Decoder::new(limit);
    let longest_frame = HEAD_LEN + NAMES_LIMIT.max(shared.options.limits.body);
    let mut connection = Connection {
        link: Link::new(stream, decoder, BATCH + longest_frame),
        outgoing: outgoing(&shared.options),
        watchdog: Watchdog::new(shared.options.idle_timeout, shared.options.faults, now),
        logins: Pace::new(LOGINS, now),
        place: Place::default(),
        memory: None,
        shared,
        peer,
        is_deaf: false,
        has_stalled: false,
        has_read: false,
    };
    let Err(ending) = connection.talk().await;
    connection.end(ending).await;
}

/// What a connection is sent, whole frame after whole frame.
fn outgoing(options: &Options) -> Outgoing {
    let mut outgoing = Outgoing::new(if options.faults.has(Fault::SizeOfOneByte) {
        push_with_short_size
    } else {
        push
    });
    outgoing.mixes = options.faults.has(Fault::PushedInside);
    outgoing
}

/// A message whose size has its lowest byte alone.
fn push_with_short_size(text: &[u8]) -> Vec<u8> {
    let mut frame = push(text);
    let size = frame.iter_mut().take(HEAD_LEN - 1).skip(HEAD_LEN - 4);
    size.for_each(|byte| *byte = 0);
    frame
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
    /// Nothing that comes is looked at, in a server that is told so.
    is_deaf: bool,
    /// All have waited for it, in a server that is told so.
    has_stalled: bool,
    /// Something has come since the last request was served.
    has_read: bool,
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
            let waits = self.has(Fault::BehindWaits) && !self.has_read;
            if !self.is_deaf && !waits {
                self.handle_messages().await?;
            }
            let has_taken_all = self.has_taken_all();
            let paused = self.link.pending() > 0 && self.has(Fault::UnfinishedEnds);
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
                () = sleep(IMPATIENCE), if paused => return Err(Ending::Busy),
                ready = self.link.readable(), if may_read => {
                    ready?;
                    self.read()?;
                }
            }
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.shared.options.faults.has(fault)
    }

    fn malformed(&self, error: Malformed) -> Ending {
        if self.has(Fault::OddByteCrashes) {
            self.shared.shutdown.cancel();
        }
        Ending::Malformed(error)
    }

    fn has_taken_all(&self) -> bool {
        self.outgoing.is_empty() && self.link.waiting() == 0
    }

    /// Every whole request that has come, one after another.
    async fn handle_messages(&mut self) -> Result<(), Ending> {
        while self.has_taken_all() {
            let message = self.link.next_message();
            self.is_deaf = message.is_err() && self.has(Fault::MalformedUnanswered);
            if self.is_deaf {
                return Ok(());
            }
            let Some(message) = message.map_err(|error| self.malformed(error))? else {
                break;
            };
            if self.has(Fault::BehindLost) {
                self.link.forget_pending();
            }
            let outcome = match request(message, self.shared.options.faults) {
                Ok(request) => self.answer(request).await,
                Err(refusal) => Err(refusal.into()),
            };
            match outcome {
                Ok(()) => {}
                Err(Stop::Refused(refusal)) => self.refuse(refusal),
                Err(Stop::Ended(ending)) => return Err(ending),
            }
            self.outgoing.write(&mut self.link)?;
            if self.has(Fault::BehindWaits) {
                self.has_read = false;
                break;
            }
            // A client that fills the decoder again and again does not keep a thread for itself.
            tokio::task::consume_budget().await;
        }
        if self.link.pending() > 0 && self.has(Fault::UnfinishedLost) {
            self.link.forget_pending();
        }
        if self.link.pending() > 0 && self.has(Fault::UnfinishedStalls) && !self.has_stalled {
            self.has_stalled = true;
            self.shared.door.hold_up(STALL);
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
        let unanswered = match refusal {
            Refusal::NoColon => self.has(Fault::NoColonUnanswered),
            Refusal::NoPassword => self.has(Fault::PasswordEmptyUnanswered),
            Refusal::BadPattern => self.has(Fault::BadPatternUnanswered),
            _ => false,
        };
        if unanswered {
            return;
        }
        if self.has(Fault::RefusedTwice) {
            self.say(ServerMessage::error());
        }
        self.say(ServerMessage::error());
    }

    async fn answer(&mut self, request: Request) -> Result<(), Stop> {
        match request {
            Request::Authenticate { user, password } => self.authenticate(user, password).await,
            Request::List { pattern, token } => self.list(pattern, token).await,
            Request::Send { user, text, token } => {
                // What one sends to oneself comes before the answer, as the document's server has it.
                let place = self.place.clone();
                let refused = self.has(Fault::RefusedHeard) && has_replacement(&text);
                let sent = self.ask(move |desk| {
                    desk.send(&token, &user, text)?;
                    Ok::<_, Refusal>(desk.fetch(&place))
                });
                let pushed = sent.await??;
                self.outgoing.push_mail(pushed);
                if refused {
                    return Err(Refusal::NotUtf8.into());
                }
                self.confirm(Fault::SendUnanswered);
                Ok(())
            }
            Request::Deliver { user, token } => {
                let mail = self.ask(move |desk| desk.deliver(&token, &user)).await??;
                self.outgoing.push_mail(mail);
                self.confirm(Fault::DeliverUnanswered);
                Ok(())
            }
            Request::Delete { user, token } => {
                self.ask(move |desk| desk.delete(&token, &user)).await??;
                self.confirm(Fault::DeleteUnanswered);
                Ok(())
            }
        }
    }

    /// CHATBOOTH-1: creates an unknown name, and logs a known one in when the password is its own.
    async fn authenticate(&mut self, user: String, password: Password) -> Result<(), Stop> {
        if self.has(Fault::LogPasswords) {
            let log = &self.shared.options.log;
            log.event(format_args!("authenticate {user} {}", password.0));
        }
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
        let wrong = self.has(Fault::LogWrongPasswords);
        let wrong = wrong.then(|| password.0.clone());
        if let Some((account, hash)) = known {
            if !hasher.is_right(password, hash).await && !self.has(Fault::AnyPassword) {
                self.ask(move |desk| desk.note_wrong_password(account))
                    .await?;
                if let Some(wrong) = wrong {
                    let log = &self.shared.options.log;
                    log.event(format_args!("wrong password {wrong}"));
                }
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
        let place = self.place.clone();
        let names = self.ask(move |desk| desk.names(&token, &place)).await??;
        self.dawdle(&pattern).await;
        let found = self.search(pattern, names).await;
        let body = found.ok_or(Refusal::BadPattern)?.join(",");
        if self.has(Fault::ListAnsweredTwice) {
            let body = body.clone().into_bytes();
            self.say(ServerMessage::Answer { body });
        }
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

    /// CHATBOOTH-6: what a server does about an expression that is told to take its time.
    async fn dawdle(&self, pattern: &[u8]) {
        let mut pairs = pattern.windows(2);
        let repeats = pairs.any(|pair| matches!(pair, b")*" | b")+"));
        if repeats && self.has(Fault::ListStalls) {
            self.shared.door.hold_up(STALL);
        }
        if self.has(Fault::ListsQueued) {
            let _turn = self.shared.one_list.lock().await;
            if repeats {
                sleep(STALL).await;
            }
        }
        let has_alternatives = pattern.contains(&b'|') && self.has(Fault::AlternativesSlow);
        if has_alternatives || repeats && self.has(Fault::ListSlow) {
            sleep(SLOW).await;
        }
    }

    /// CHATBOOTH-6: what the expression matches, unless the server is told otherwise.
    async fn search(&self, mut pattern: Vec<u8>, names: Names) -> Option<Vec<Arc<str>>> {
        if pattern.is_empty() || pattern == ALL || self.has(Fault::ListIgnoresExpression) {
            return Some(self.with_first_again(names.to_vec()));
        }
        if self.has(Fault::ListAnchored) {
            pattern = [b"^(", &*pattern, b")$"].concat();
        }
        if self.has(Fault::ListFromStart) {
            pattern = [b"^(", &*pattern, b")"].concat();
        }
        let found = self.shared.searcher.find(pattern, Arc::clone(&names)).await;
        match found {
            None if self.has(Fault::BadPatternAnswered) => Some(names.to_vec()),
            Some(found) if found.is_empty() && self.has(Fault::ListOfNoneIsAll) => {
                Some(names.to_vec())
            }
            found => found,
        }
    }

    /// CHATBOOTH-6: each name once, unless the server is told otherwise.
    fn with_first_again(&self, mut names: Vec<Arc<str>>) -> Vec<Arc<str>> {
        if self.has(Fault::ListTwice) {
            names.extend(names.first().cloned());
        }
        names
    }

    /// The zero byte, unless the server is told not to send it.
    fn confirm(&mut self, unanswered: Fault) {
        if !self.has(unanswered) {
            self.say(ServerMessage::done());
        }
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
            self.has_read = true;
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

    /// Makes the account of a login whose end is missing, in a server that is told so.
    async fn serve_unfinished_login(&self) {
        let [_, 1, _, _, _, _, body @ ..] = self.link.unread() else {
            return;
        };
        let credentials = Credentials(body.to_vec());
        let message = ClientMessage::Authenticate { credentials };
        if let Ok(Request::Authenticate { user, password }) =
            request(message, self.shared.options.faults)
        {
            // Whether it gets one is nothing that this client will hear of.
            let _ = self.try_to_log_in(user, password).await;
        }
    }

    /// CHATBOOTH-10: the desk knows before the client does, so that nothing is pushed to a
    /// connection that ends.
    async fn end(self, ending: Ending) {
        if matches!(ending, Ending::Lost(Lost::Broken(_))) && self.has(Fault::ResetFreezes) {
            self.shared.door.hold_up(Duration::from_secs(3600));
        }
        if matches!(ending, Ending::Lost(_)) && self.has(Fault::UnfinishedLoginServed) {
            self.serve_unfinished_login().await;
        }
        let is_size = matches!(&ending, Ending::Malformed(error) if error.field == "size");
        if is_size && self.has(Fault::SizeRefusedLate) {
            sleep(SLOW).await;
        }
        let (place, unsent) = (self.place, self.outgoing.into_unsent(self.link.waiting()));
        self.shared.door.tell({
            let ending = ending.clone();
            move |desk| {
                desk.leave(&place, unsent);
                desk.end_badly(&place, &ending);
            }
        });
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

/// Whether a text stands for bytes that were not UTF-8.
fn has_replacement(text: &[u8]) -> bool {
    String::from_utf8_lossy(text).contains(char::REPLACEMENT_CHARACTER)
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

//! One client: its socket, its session and, once it has a nickname, its place in the room.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use reference_codecs::csc328::{ClientMessage, ServerMessage};
use reference_codecs::{Decoder, Malformed};
use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::{sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::room::{Membership, Room, SAME_TIME, TooFarBehind, end_of_first};
use super::session::{Ending, Session, Step};
use super::text::{NameError, TextError};
use super::{Fault, Options};
use crate::link::{Link, Lost};
use crate::pace::{Pace, Rate};

/// The most bytes that wait for a client: it is given nothing new before it has taken what there
/// is, so this holds any one delivery, and the shutdown notice behind it.
const OUTBOX_LIMIT: usize = 128 << 10;

/// Nothing is answered to a text, so nothing else keeps one client from filling the ring of all.
/// Everything that a client says counts: what is refused costs as much.
const RATE: Rate = Rate {
    burst: 1000,
    pause: Duration::from_millis(1),
};

/// How long a text waits in a crowded room before it tries again.
const CROWDED_PAUSE: Duration = Duration::from_millis(4);

/// How often it is looked whether a client that does not read has to go.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// How long a client may leave something unread in a crowded room. Others wait for as long.
const CROWDED_PATIENCE: Duration = Duration::from_millis(250);

/// How long a client may take to read what was sent last before its connection is closed.
const FAREWELL: Duration = Duration::from_secs(1);

/// The same when the server stops.
const STOP_FAREWELL: Duration = Duration::from_millis(200);

/// How long a client may pause within a message where that is not allowed.
const IMPATIENCE: Duration = Duration::from_millis(30);

/// How long all wait for one client where that is not forbidden.
const STALL: Duration = Duration::from_millis(1500);

/// Serves one client until its connection ends.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    room: Arc<Room>,
    options: Arc<Options>,
    stop: CancellationToken,
) {
    // CSC328-8: every client, with its address.
    if options.faults.has(Fault::LogWithoutAddresses) {
        options.log.event("connect");
    } else {
        options.log.event(format_args!("connect {peer}"));
    }
    let overheard = options.faults.has(Fault::LeakToUnready);
    let overheard = overheard.then(|| room.eavesdropper());
    room.choosing.fetch_add(1, Ordering::Relaxed);
    let mut connection = Connection {
        link: Link::new(stream, Decoder::new(options.dialect), OUTBOX_LIMIT),
        peer,
        session: Session::new(options.faults),
        pace: Pace::new(RATE, Instant::now()),
        room,
        member: None,
        options,
        unheard: Unheard::Bytes,
        pause_until: None,
        unread_since: None,
        stop_at: None,
        overheard,
        half_closed: false,
        was_refused: false,
        too_early: None,
        overtaken: None,
        overflow: None,
        has_stalled: false,
    };
    let Err(ending) = connection.talk(&stop).await;
    connection.end(&ending).await;
}

struct Connection {
    link: Link<ClientMessage>,
    peer: SocketAddr,
    session: Session,
    pace: Pace,
    room: Arc<Room>,
    member: Option<Membership>,
    options: Arc<Options>,
    unheard: Unheard,
    /// Until when the client is not heard, because it or everybody says too much.
    pause_until: Option<Instant>,
    /// Since when the client has not taken everything that was sent to it.
    unread_since: Option<Instant>,
    /// When the server closes this connection, once that was announced.
    stop_at: Option<Instant>,
    /// Hears what others say before READY, where that is not forbidden.
    overheard: Option<Membership>,
    /// The client has ended its stream and stays, where that is not forbidden.
    half_closed: bool,
    /// The client was sent RETRY.
    was_refused: bool,
    /// What was said before READY, where it is not forgotten.
    too_early: Option<String>,
    /// What the next text overtakes, where that is not forbidden.
    overtaken: Option<String>,
    /// What has not fitted of the last text, where it is not forgotten.
    overflow: Option<String>,
    /// Nobody was heard for its sake once, where that is not forbidden.
    has_stalled: bool,
}

/// Where what the client says next comes from.
#[derive(Debug)]
enum Unheard {
    /// The socket.
    Bytes,
    /// The decoder, which may have another whole message.
    Message,
    /// A text that waits in a crowded room.
    Text(String),
    /// A nickname that is asked for a moment later.
    Name(String),
}

/// What never comes back except with the reason for the end.
type Never = std::convert::Infallible;

impl Connection {
    /// Waits for nothing but this client, and hears and tells only when it has taken what was sent
    /// before. All that can happen has its turn, whatever else happens all the time.
    async fn talk(&mut self, stop: &CancellationToken) -> Result<Never, Ending> {
        self.greet().await?;
        let mut stopped = pin!(stop.cancelled());
        loop {
            let taken = self.unread_since.is_none();
            let is_empty = matches!(self.unheard, Unheard::Bytes);
            let paused = self.link.pending() > 0 && self.has(Fault::UnfinishedEnds);
            tokio::select! {
                () = &mut stopped, if self.stop_at.is_none() => self.announce_stop()?,
                () = until(self.stop_at) => return Err(Ending::Stopping),
                () = sleep(CHECK_INTERVAL), if !taken => self.check()?,
                ready = self.link.writable(), if !taken => {
                    ready?;
                    self.flush()?;
                    self.check()?;
                }
                delivery = next_delivery(&mut self.member, &mut self.overheard), if taken => {
                    let delivery = delivery.map_err(|TooFarBehind| Ending::TooFarBehind)?;
                    self.send(&delivery)?;
                }
                () = sleep(IMPATIENCE), if paused && is_empty => return Err(Ending::NotReading),
                ready = self.link.readable(), if taken && is_empty && !self.half_closed => {
                    ready?;
                    self.read().await?;
                }
                () = turn(self.pause_until), if taken && !is_empty => self.hear()?,
            }
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.options.faults.has(fault)
    }

    /// CSC328-1: HELLO at once, before anything else.
    async fn greet(&mut self) -> Result<(), Ending> {
        let first = self.room.connected.fetch_add(1, Ordering::Relaxed) == 0;
        if self.has(Fault::HelloMissing) || !first && self.has(Fault::HelloOnce) {
            return Ok(());
        }
        let alone = self.room.choosing.load(Ordering::Relaxed) == 1;
        if self.has(Fault::HelloLate) || !alone && self.has(Fault::HelloLateAmongOthers) {
            sleep(STALL).await;
        }
        if self.has(Fault::RetryFirst) {
            self.tell(&Session::retry())?;
        }
        if self.has(Fault::NoticeFirst) {
            self.tell(&ServerMessage::Broadcast {
                from: b"server".to_vec(),
                text: b"welcome".to_vec(),
            })?;
        }
        self.tell(&Session::greeting())
    }

    async fn read(&mut self) -> Result<(), Ending> {
        let read = self.link.read();
        let stays = self.has(Fault::HalfClosedStays)
            || self.link.pending() > 0 && self.has(Fault::CutHalfClosedStays);
        if read == Err(Lost::ClosedByClient) && stays {
            self.half_closed = true;
            return Ok(());
        }
        let read = read?;
        if self.has(Fault::LastTextLost) {
            // What follows at once has come by then.
            sleep(Duration::from_millis(2)).await;
            self.link.read()?;
        }
        if read > 0 {
            self.unheard = Unheard::Message;
        }
        Ok(())
    }

    /// CSC328-11: a message that is not finished waits for its rest and for nobody else.
    fn wait_for_more(&mut self) {
        self.unheard = Unheard::Bytes;
        if self.link.pending() > 0 && self.has(Fault::UnfinishedLost) {
            self.link.forget_pending();
        }
        if self.link.pending() > 0 && self.has(Fault::UnfinishedStalls) && !self.has_stalled {
            self.has_stalled = true;
            self.room.stall(STALL);
        }
    }

    fn malformed(&self, error: Malformed) -> Ending {
        if self.has(Fault::OddByteCrashes) {
            self.room.crash();
        }
        Ending::Malformed(error)
    }

    /// The text that waits, or else the next whole message that has come.
    fn hear(&mut self) -> Result<(), Ending> {
        self.pause_until = self.room.stalled_until();
        if self.pause_until.is_some() {
            return Ok(());
        }
        match std::mem::replace(&mut self.unheard, Unheard::Message) {
            Unheard::Text(text) => {
                self.say(text);
                return Ok(());
            }
            Unheard::Name(name) => return self.claim(name),
            Unheard::Bytes | Unheard::Message => {}
        }
        let Some(message) = self.next_message()? else {
            self.wait_for_more();
            return Ok(());
        };
        let now = Instant::now();
        self.pause_until = self.pace.exceeds(now).map(|pause| now + pause);
        match self.session.message(message) {
            Step::Claim(name) if self.has(Fault::NameRacedAway) => {
                self.room.announce(&name);
                self.unheard = Unheard::Name(name);
                self.pause_until = Some(now + SAME_TIME);
                Ok(())
            }
            Step::Claim(name) => self.claim(name),
            Step::Say(text)
                if self.has(Fault::TextsReordered) || self.has(Fault::ShortOvertakes) =>
            {
                self.say_reordered(text);
                Ok(())
            }
            Step::Say(text) => {
                self.say(text);
                Ok(())
            }
            Step::Retry(error) => self.refuse(error),
            Step::OutOfPlace => self.tell(&Session::retry()),
            Step::Drop(TextError::NotUtf8) if self.has(Fault::OddByteCrashes) => {
                self.room.crash();
                Ok(())
            }
            Step::Drop(TextError::Word) => Err(Ending::NotReading),
            Step::End(Ending::Bye) if self.stop_at.is_some() && self.has(Fault::ByeStaysAtEnd) => {
                Ok(())
            }
            Step::Drop(error) => {
                let log = &self.options.log;
                log.event(format_args!("dropped {}: {error}", self.peer));
                Ok(())
            }
            Step::End(ending) => Err(ending),
        }
    }

    fn next_message(&mut self) -> Result<Option<ClientMessage>, Ending> {
        self.link
            .next_message()
            .map_err(|error| self.malformed(error))
    }

    fn claim(&mut self, name: String) -> Result<(), Ending> {
        if self.has(Fault::BehindNickLost) {
            self.link.forget_pending();
        }
        if self.has(Fault::BehindNickWaits) {
            self.unheard = Unheard::Bytes;
        }
        let queued = self.room.choosing.load(Ordering::Relaxed) > 1;
        if self.was_refused && self.has(Fault::RetryForEver)
            || queued && self.has(Fault::ChoiceQueued)
        {
            return self.tell(&Session::retry());
        }
        let member = match self.room.claim(name) {
            Ok(member) => member,
            Err(error) => {
                self.refuse(error)?;
                if self.has(Fault::TakenBoth) {
                    self.tell(&ServerMessage::Ready)?;
                }
                return Ok(());
            }
        };
        self.room.choosing.fetch_sub(1, Ordering::Relaxed);
        self.overheard = None;
        // CSC328-8: every nickname.
        let (log, peer) = (&self.options.log, self.peer);
        if !self.has(Fault::LogWithoutNicknames) && !self.has(Fault::LogWithoutAddresses) {
            log.event(format_args!("nickname {} {peer}", member.name()));
        } else if self.has(Fault::LogWithoutAddresses) {
            log.event(format_args!("nickname {}", member.name()));
        }
        // CSC328-3: READY is on its way before anything that others say.
        let ready = self.session.ready();
        if !self.has(Fault::ReadyMissing) {
            self.tell(&ready)?;
        }
        if self.has(Fault::ReadyTwice) {
            self.tell(&ready)?;
        }
        if let Some(text) = self.too_early.take() {
            member.say(text);
        }
        self.member = Some(member);
        Ok(())
    }

    fn refuse(&mut self, error: NameError) -> Result<(), Ending> {
        let log = &self.options.log;
        log.event(format_args!("retry {}: {error}", self.peer));
        self.was_refused = true;
        if self.has(Fault::RetryStalls) {
            self.room.stall(STALL);
        }
        if self.has(Fault::RefusedHears) && self.overheard.is_none() {
            self.overheard = Some(self.room.eavesdropper());
        }
        if self.has(Fault::RetryEnds) {
            self.tell(&Session::retry())?;
            return Err(Ending::NotReading);
        }
        self.tell(&Session::retry())
    }

    /// CSC328-4: a text behind which another has come waits for it, in a server that is told so.
    fn say_reordered(&mut self, text: String) {
        match self.overtaken.take() {
            Some(overtaken) if text.len() >= overtaken.len() && self.has(Fault::ShortOvertakes) => {
                self.say(overtaken);
                self.say(text);
            }
            Some(overtaken) => {
                self.say(text);
                self.say(overtaken);
            }
            None if self.link.pending() > 0 => self.overtaken = Some(text),
            None => self.say(text),
        }
    }

    fn say(&mut self, text: String) {
        if self.room.is_crowded() {
            self.unheard = Unheard::Text(text);
            self.pause_until = Some(Instant::now() + CROWDED_PAUSE);
        } else if self.stop_at.is_some() && self.has(Fault::ChatEnds) {
            self.link.forget_pending();
        } else if self.member.is_none() && self.has(Fault::EarlyKept) {
            self.too_early = Some(text);
        } else if let Some(member) = &self.member {
            member.say(carried(&self.options, &mut self.overflow, text));
            if self.has(Fault::BehindTextWaits) {
                self.unheard = Unheard::Bytes;
            }
            if self.has(Fault::BehindTextLost) {
                self.link.forget_pending();
            }
        } else {
            // Only a server that is told to lets somebody come here who has no nickname.
            self.room.eavesdropper().say(text);
        }
    }

    /// CSC328-7: tells the client when the server stops, and goes on until then.
    fn announce_stop(&mut self) -> Result<(), Ending> {
        self.stop_at = Some(Instant::now() + self.options.time_after_notice());
        let untold = self.member.is_none() && self.has(Fault::NoticeToReady);
        if untold || self.has(Fault::NoticeMissing) {
            return Ok(());
        }
        self.tell(&Session::notice(self.options.seconds_of_notice()))
    }

    fn tell(&mut self, message: &ServerMessage) -> Result<(), Ending> {
        self.send(&self.room.encoded(message))
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Ending> {
        let sent = self.link.send(bytes);
        self.note_unread();
        Ok(sent?)
    }

    fn flush(&mut self) -> Result<(), Ending> {
        let flushed = self.link.flush();
        self.note_unread();
        Ok(flushed?)
    }

    fn note_unread(&mut self) {
        self.unread_since = match self.link.waiting() {
            0 => None,
            _ => Some(self.unread_since.unwrap_or_else(Instant::now)),
        };
    }

    /// Who does not read goes, and sooner when others have to wait for that.
    fn check(&self) -> Result<(), Ending> {
        let unread = self
            .unread_since
            .map_or(Duration::ZERO, |since| since.elapsed());
        let is_too_long = unread >= self.options.limits.unread_timeout
            || unread >= CROWDED_PATIENCE && self.room.is_crowded();
        if is_too_long {
            Err(Ending::NotReading)
        } else {
            Ok(())
        }
    }

    /// CSC328-6: the nickname is free before the socket is closed.
    async fn end(mut self, ending: &Ending) {
        let (log, peer) = (&self.options.log, self.peer);
        if matches!(ending, Ending::Lost(Lost::Broken(_))) && self.has(Fault::ResetFreezes) {
            self.room.stall(Duration::from_secs(3600));
        }
        match self.member.take() {
            Some(member)
                if self.has(Fault::LogWithoutAddresses) || self.has(Fault::LogWithoutNicknames) =>
            {
                member.leave(ending.clone());
            }
            Some(member) => {
                log.event(format_args!(
                    "disconnect {} {peer}: {ending}",
                    member.name()
                ));
                member.leave(ending.clone());
            }
            None => {
                self.room.choosing.fetch_sub(1, Ordering::Relaxed);
                if !self.has(Fault::LogWithoutAddresses) {
                    log.event(format_args!("disconnect {peer}: {ending}"));
                }
            }
        }
        let grace = match ending {
            Ending::Stopping => STOP_FAREWELL,
            _ => FAREWELL,
        };
        self.link.close(&[], grace).await;
    }
}

/// CSC328-9: a text; in a server that is told so behind what has not fitted of the one before.
fn carried(options: &Options, overflow: &mut Option<String>, text: String) -> String {
    if !options.faults.has(Fault::LongCarried) {
        return text;
    }
    let mut text = overflow.take().unwrap_or_default() + &text;
    if text.len() > end_of_first(&text) {
        *overflow = Some(text.split_off(end_of_first(&text)));
    }
    text
}

/// Waits until then; for ever without a time.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}

/// Waits until then; without a time, until others have had their turn.
async fn turn(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time.into()).await,
        None => yield_now().await,
    }
}

/// The next delivery; never for a connection without a nickname, unless the server is told
/// otherwise.
async fn next_delivery(
    member: &mut Option<Membership>,
    overheard: &mut Option<Membership>,
) -> Result<Vec<u8>, TooFarBehind> {
    match member.as_mut().or(overheard.as_mut()) {
        Some(member) => member.next().await,
        None => std::future::pending().await,
    }
}

//! One client: its socket, its session and, once it has a nickname, its place in the room.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reference_codecs::Decoder;
use reference_codecs::csc328::{ClientMessage, ServerMessage};
use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::{sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Options;
use super::room::{Membership, Room, TooFarBehind};
use super::session::{Ending, Session, Step};
use super::text::NameError;
use crate::link::Link;
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

/// Serves one client until its connection ends.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    room: Arc<Room>,
    options: Arc<Options>,
    stop: CancellationToken,
) {
    // CSC328-8: every client, with its address.
    options.log.event(format_args!("connect {peer}"));
    let mut connection = Connection {
        link: Link::new(stream, Decoder::new(options.dialect), OUTBOX_LIMIT),
        peer,
        session: Session::default(),
        pace: Pace::new(RATE, Instant::now()),
        room,
        member: None,
        options,
        unheard: Unheard::Bytes,
        pause_until: None,
        unread_since: None,
        stop_at: None,
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
}

/// What never comes back except with the reason for the end.
type Never = std::convert::Infallible;

impl Connection {
    /// Waits for nothing but this client, and hears and tells only when it has taken what was sent
    /// before. All that can happen has its turn, whatever else happens all the time.
    async fn talk(&mut self, stop: &CancellationToken) -> Result<Never, Ending> {
        self.tell(&Session::greeting())?;
        let mut stopped = pin!(stop.cancelled());
        loop {
            let taken = self.unread_since.is_none();
            let is_empty = matches!(self.unheard, Unheard::Bytes);
            tokio::select! {
                () = &mut stopped, if self.stop_at.is_none() => self.announce_stop()?,
                () = until(self.stop_at) => return Err(Ending::Stopping),
                () = sleep(CHECK_INTERVAL), if !taken => self.check()?,
                ready = self.link.writable(), if !taken => {
                    ready?;
                    self.flush()?;
                    self.check()?;
                }
                delivery = next_delivery(&mut self.member), if taken => {
                    let delivery = delivery.map_err(|TooFarBehind| Ending::TooFarBehind)?;
                    self.send(&delivery)?;
                }
                ready = self.link.readable(), if taken && is_empty => {
                    ready?;
                    self.link.read()?;
                    self.unheard = Unheard::Message;
                }
                () = turn(self.pause_until), if taken && !is_empty => self.hear()?,
            }
        }
    }

    /// The text that waits, or else the next whole message that has come.
    fn hear(&mut self) -> Result<(), Ending> {
        self.pause_until = None;
        if let Unheard::Text(text) = std::mem::replace(&mut self.unheard, Unheard::Message) {
            self.say(text);
            return Ok(());
        }
        let Some(message) = self.link.next_message().map_err(Ending::Malformed)? else {
            self.unheard = Unheard::Bytes;
            return Ok(());
        };
        let now = Instant::now();
        self.pause_until = self.pace.exceeds(now).map(|pause| now + pause);
        match self.session.message(message) {
            Step::Claim(name) => self.claim(name),
            Step::Say(text) => {
                self.say(text);
                Ok(())
            }
            Step::Retry(error) => self.refuse(error),
            Step::OutOfPlace => self.tell(&Session::retry()),
            Step::Drop(error) => {
                let log = &self.options.log;
                log.event(format_args!("dropped {}: {error}", self.peer));
                Ok(())
            }
            Step::End(ending) => Err(ending),
        }
    }

    fn claim(&mut self, name: String) -> Result<(), Ending> {
        let member = match self.room.claim(name) {
            Ok(member) => member,
            Err(error) => return self.refuse(error),
        };
        // CSC328-8: every nickname.
        let (log, peer) = (&self.options.log, self.peer);
        log.event(format_args!("nickname {} {peer}", member.name()));
        // CSC328-3: READY is on its way before anything that others say.
        let ready = self.session.ready();
        self.tell(&ready)?;
        self.member = Some(member);
        Ok(())
    }

    fn refuse(&mut self, error: NameError) -> Result<(), Ending> {
        let log = &self.options.log;
        log.event(format_args!("retry {}: {error}", self.peer));
        self.tell(&Session::retry())
    }

    fn say(&mut self, text: String) {
        if self.room.is_crowded() {
            self.unheard = Unheard::Text(text);
            self.pause_until = Some(Instant::now() + CROWDED_PAUSE);
        } else if let Some(member) = &self.member {
            member.say(text);
        }
    }

    /// CSC328-7: tells the client when the server stops, and goes on until then.
    fn announce_stop(&mut self) -> Result<(), Ending> {
        self.stop_at = Some(Instant::now() + self.options.shutdown_delay);
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
        match self.member.take() {
            Some(member) => {
                log.event(format_args!(
                    "disconnect {} {peer}: {ending}",
                    member.name()
                ));
            }
            None => log.event(format_args!("disconnect {peer}: {ending}")),
        }
        let grace = match ending {
            Ending::Stopping => STOP_FAREWELL,
            _ => FAREWELL,
        };
        self.link.close(&[], grace).await;
    }
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

/// The next delivery; never for a connection without a nickname.
async fn next_delivery(member: &mut Option<Membership>) -> Result<Vec<u8>, TooFarBehind> {
    match member {
        Some(member) => member.next().await,
        None => std::future::pending().await,
    }
}

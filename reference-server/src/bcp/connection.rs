//! One client: its socket, its session and, once registered, its place in the room.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reference_codecs::bcp::{ClientMessage, MAX_TEXT, ServerMessage};
use reference_codecs::{Decoder, Reason};
use tokio::net::TcpStream;
use tokio::sync::{broadcast, oneshot};
use tokio::time::{MissedTickBehavior, interval_at, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::membership::{Membership, TooFarBehind};
use super::room::{Command, Door, Event, MemberId, Misdeed, SAME_TIME};
use super::session::{Ending, Session, Step};
use super::text::TextError;
use super::{Fault, Options, encoded, text};
use crate::link::{Link, Lost};
use crate::pace::{Pace, Rate};

/// The most bytes that wait for a client: it is given nothing new before it has taken what there
/// is, so this holds any one message and the STATUS behind it.
const OUTBOX_LIMIT: usize = 32 << 10;

/// A correct client waits for the STATUS of a SEND before the next one and is never held up. One
/// that does not wait could fill the queues of all others faster than they can acknowledge.
const RATE: Rate = Rate {
    burst: 256,
    pause: Duration::from_millis(4),
};

/// How long a client may take to read what was sent last before its connection is closed.
const FAREWELL: Duration = Duration::from_secs(1);

/// The same when the server stops.
const STOP_FAREWELL: Duration = Duration::from_millis(200);

/// How long a client may pause within a message where that is not allowed.
const IMPATIENCE: Duration = Duration::from_millis(30);

/// How late a message is served that should be served at once.
const TOO_LATE: Duration = Duration::from_secs(3);

/// Serves one client until its connection ends.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    door: Door,
    options: Arc<Options>,
    shutdown: CancellationToken,
) {
    let now = Instant::now();
    let mut connection = Connection {
        link: Link::new(stream, Decoder::new(options.dialect), OUTBOX_LIMIT),
        session: Session::new(&options, now),
        pace: Pace::new(RATE, now),
        overheard: door.eavesdrop(),
        door,
        member: None,
        half_closed: false,
        options,
    };
    if connection.has(Fault::UnregisteredComes) {
        let text = "Somebody has connected.".to_owned();
        connection.door.misbehave(Misdeed::Tell(text));
    }
    let Err(ending) = connection.talk(&shutdown).await;
    if connection.session.owes_acknowledgement()
        && ending == Ending::Stopping
        && connection.has(Fault::SignalWaitsForAck)
    {
        connection.door.misbehave(Misdeed::Freeze);
    }
    connection.end(peer, ending).await;
}

struct Connection {
    link: Link<ClientMessage>,
    session: Session,
    pace: Pace,
    door: Door,
    member: Option<Membership>,
    /// What is told to others, where it leaks.
    overheard: Option<broadcast::Receiver<Arc<Event>>>,
    /// Nothing more is read, and the connection stays, where that is allowed.
    half_closed: bool,
    options: Arc<Options>,
}

/// What never comes back except with the reason for the end.
type Never = std::convert::Infallible;

impl Connection {
    fn has(&self, fault: Fault) -> bool {
        self.options.faults.has(fault)
    }

    /// BCP-14: waits for nothing but this client, and reads and delivers only when it has taken
    /// what was sent before.
    async fn talk(&mut self, shutdown: &CancellationToken) -> Result<Never, Ending> {
        let period = self.options.check_interval.max(Duration::from_millis(1));
        let mut checks = interval_at(tokio::time::Instant::now() + period, period);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stopped = pin!(shutdown.cancelled());
        loop {
            self.handle_messages(shutdown).await?;
            let paused = self.link.pending() > 0 && self.has(Fault::UnfinishedEnds);
            let idle_outbox = self.link.waiting() == 0;
            let takes_delivery = idle_outbox && self.session.takes_delivery();
            tokio::select! {
                // In this order: what stops comes first, and a client that always has something
                // to say still gets its deliveries, which wait for its acknowledgements anyway.
                biased;
                () = &mut stopped => return Err(Ending::Stopping),
                _ = checks.tick() => self.check()?,
                delivery = next_delivery(&mut self.member, &mut self.overheard, &self.options),
                    if takes_delivery =>
                {
                    let delivery = delivery.map_err(|TooFarBehind| Ending::TooFarBehind)?;
                    self.deliver(&delivery)?;
                }
                ready = self.link.writable(), if !idle_outbox => {
                    ready?;
                    self.link.flush()?;
                }
                () = sleep(IMPATIENCE), if paused => return Err(Ending::Inactive),
                ready = self.link.readable(), if idle_outbox && !self.half_closed => {
                    ready?;
                    self.read().await?;
                }
            }
        }
    }

    /// BCP-13: every whole message that has come, one after another.
    async fn handle_messages(&mut self, shutdown: &CancellationToken) -> Result<(), Ending> {
        while self.link.waiting() == 0 {
            let message = match self.link.next_message() {
                Ok(Some(message)) => message,
                Ok(None) => break,
                Err(_) if self.member.is_some() && self.has(Fault::MalformedIgnored) => break,
                Err(_) if self.member.is_none() && self.has(Fault::FirstMalformedIgnored) => break,
                Err(error) => {
                    if error.reason == Reason::UnknownType(255) && self.has(Fault::OddByteCrashes) {
                        shutdown.cancel();
                    }
                    return Err(self.session.malformed(error));
                }
            };
            match self.session.message(message) {
                Step::Acknowledged => {
                    self.acknowledged().await?;
                    if self.has(Fault::BehindAckLost) {
                        self.link.forget_pending();
                    }
                    if self.link.pending() > 0 && self.has(Fault::BehindAckLate) {
                        sleep(TOO_LATE).await;
                    }
                }
                Step::Overlooked => {}
                Step::Register(name) => self.register(name).await?,
                Step::Say(text) => self.say(text).await?,
                Step::Refuse(error) => self.refuse(error)?,
                Step::End(ending) => return Err(ending),
            }
            // A client that fills the decoder again and again does not keep a thread for itself.
            tokio::task::consume_budget().await;
        }
        if self.link.pending() > 0 && self.has(Fault::UnfinishedLost) {
            self.link.forget_pending();
        }
        if self.link.pending() > 0 && self.has(Fault::UnfinishedStalls) {
            self.door.misbehave(Misdeed::Stall);
        }
        Ok(())
    }

    /// BCP-7: one DELIVER, then its acknowledgement.
    fn deliver(&mut self, delivery: &[u8]) -> Result<(), Ending> {
        let name = self.options.dialect.server_name();
        let notice = delivery.get(3..).is_some_and(|from| from.starts_with(name));
        if !notice || !self.has(Fault::NoWaitAfterNotice) {
            self.session.delivered(Instant::now(), notice);
        }
        self.send(delivery)
    }

    /// What follows from an acknowledgement only in a server that is told to break a rule.
    async fn acknowledged(&mut self) -> Result<(), Ending> {
        let faults = self.options.faults;
        if faults.has(Fault::AckAnswered) {
            self.answer(&Session::accepted())?;
        }
        let Some(member) = &mut self.member else {
            return Ok(());
        };
        if faults.has(Fault::BusyLoses) {
            member.forget_all_but(0);
        }
        if faults.has(Fault::KeepsOneLess) {
            member.forget_all_but(99);
        }
        if faults.has(Fault::AckReleasesTwo)
            && let Ok(Ok(delivery)) = timeout(Duration::ZERO, member.next_delivery()).await
        {
            self.send(&delivery)?;
        }
        Ok(())
    }

    async fn register(&mut self, name: String) -> Result<(), Ending> {
        if self.member.is_some() {
            self.door
                .misbehave(if self.has(Fault::SecondRegisterFrees) {
                    Misdeed::Free(name)
                } else {
                    Misdeed::Tell(text::joined(&name))
                });
            return Err(Ending::RegisteredAlready);
        }
        if self.has(Fault::NameRacedAway) {
            self.door.misbehave(Misdeed::Announce(name.clone()));
            sleep(SAME_TIME).await;
        }
        let Ok(member) = self.door.register(name).await else {
            if self.has(Fault::TakenStaysOpen) || self.has(Fault::TakenStaysMute) {
                self.half_closed = self.has(Fault::TakenStaysMute);
                self.session.forget_registration();
                return self.answer(&self.session.refusal(TextError::Empty));
            }
            return Err(Ending::NameTaken);
        };
        self.member = Some(member);
        let answer = self.session.admitted(Instant::now());
        if self.has(Fault::BehindRegisterLost) {
            self.link.forget_pending();
        }
        if self.link.pending() > 0 && self.has(Fault::BehindRegisterEnds) {
            return Err(Ending::UnexpectedSend);
        }
        if self.has(Fault::RegisterAnsweredTwice) {
            self.answer(&answer)?;
        }
        if self.has(Fault::RegisterUnanswered) {
            return Ok(());
        }
        self.answer(&answer)
    }

    /// BCP-6: a text that is refused changes nothing.
    fn refuse(&mut self, error: TextError) -> Result<(), Ending> {
        if let Some(member) = &self.member
            && self.has(Fault::RefusedSendLeaves)
        {
            self.door.misbehave(Misdeed::Mourn(member.id()));
        }
        let freezes = match error {
            TextError::TooLong => self.has(Fault::LongTextFreezes),
            TextError::Empty => self.has(Fault::EmptyTextFreezes),
            TextError::NotUtf8 => false,
        };
        if freezes {
            self.door.misbehave(Misdeed::Freeze);
        }
        self.answer(&self.session.refusal(error))
    }

    async fn say(&mut self, text: String) -> Result<(), Ending> {
        let too_long = text.len() > MAX_TEXT;
        let crossing = self.session.owes_acknowledgement();
        let Some(member) = &self.member else {
            self.say_unregistered(text);
            return Err(Ending::NotRegistered);
        };
        let lost = crossing && self.has(Fault::CrossingLost)
            || !text.is_ascii() && self.has(Fault::OddTextLost);
        let crowded = if lost { false } else { member.say(text).await };
        let refused = too_long || crossing && self.has(Fault::CrossingRefusedHeard);
        self.answer_send(refused)?;
        let unwaited = match self.link.pending() {
            0 => None,
            _ => self.pace.exceeds(Instant::now()),
        };
        if self.link.pending() > 0 && self.has(Fault::FloodStalls) {
            self.door.misbehave(Misdeed::Stall);
        }
        if let Some(pause) = unwaited.or(crowded.then_some(RATE.pause)) {
            sleep(pause).await;
        }
        Ok(())
    }

    /// BCP-6: who has not registered is heard by nobody, unless the server is told otherwise.
    fn say_unregistered(&self, text: String) {
        let (crowded, _) = oneshot::channel();
        self.door.send(Command::Say {
            from: MemberId::NOBODY,
            text,
            crowded,
        });
    }

    /// BCP-6: one STATUS for one SEND.
    fn answer_send(&mut self, refused: bool) -> Result<(), Ending> {
        let answer = if refused {
            self.session.refusal(TextError::TooLong)
        } else {
            Session::accepted()
        };
        if self.has(Fault::SendUnanswered) {
            return Ok(());
        }
        if self.has(Fault::SendAnsweredTwice) {
            self.answer(&answer)?;
        }
        self.answer(&answer)
    }

    async fn read(&mut self) -> Result<(), Ending> {
        let read = self.link.read();
        let stays = self.has(Fault::HalfClosedStays)
            || self.link.pending() > 0 && self.has(Fault::CutHalfClosedStays);
        if read == Err(Lost::ClosedByClient) && stays {
            self.half_closed = true;
            return Ok(());
        }
        if read? > 0 {
            self.session.heard(Instant::now());
        }
        if self.has(Fault::LastSendLost) {
            // What follows at once has come by then.
            sleep(Duration::from_millis(2)).await;
            self.link.read()?;
        }
        Ok(())
    }

    fn answer(&mut self, message: &ServerMessage) -> Result<(), Ending> {
        self.send(&encoded(message, self.options.dialect, self.options.faults))
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Ending> {
        Ok(self.link.send(bytes)?)
    }

    /// BCP-11, BCP-7: who is inactive or too far behind is disconnected.
    fn check(&self) -> Result<(), Ending> {
        if self.session.is_inactive(Instant::now()) {
            return Err(Ending::Inactive);
        }
        let kept = self.options.limits.kept_messages;
        if self
            .member
            .as_ref()
            .is_some_and(|member| member.is_too_far_behind(kept))
        {
            return Err(Ending::TooFarBehind);
        }
        Ok(())
    }

    /// What the end of a connection does to others only in a server that is told to break a rule.
    fn end_badly(&self, ending: &Ending) {
        let unregistered = self.member.is_none();
        if unregistered && self.has(Fault::UnregisteredLeaves) {
            let text = "Somebody has disconnected.".to_owned();
            self.door.misbehave(Misdeed::Tell(text));
        }
        if matches!(ending, Ending::Lost(Lost::Broken(_))) && self.has(Fault::ResetFreezes) {
            self.door.misbehave(Misdeed::Freeze);
        }
    }

    /// The name is free before the client is told anything or the socket is closed.
    async fn end(mut self, peer: SocketAddr, ending: Ending) {
        let grace = if ending == Ending::Stopping {
            STOP_FAREWELL
        } else {
            FAREWELL
        };
        let farewell = self.session.farewell(&ending);
        self.end_badly(&ending);
        match self.member.take() {
            Some(member) => member.leave(ending),
            None => self
                .options
                .log
                .event(format_args!("unregistered {peer}: {ending}")),
        }
        let farewell =
            farewell.map(|message| encoded(&message, self.options.dialect, self.options.faults));
        self.link.close(&farewell.unwrap_or_default(), grace).await;
    }
}

/// The next DELIVER; never for a connection without a name, unless the server is told otherwise.
async fn next_delivery(
    member: &mut Option<Membership>,
    overheard: &mut Option<broadcast::Receiver<Arc<Event>>>,
    options: &Options,
) -> Result<Vec<u8>, TooFarBehind> {
    if let Some(member) = member {
        let delivery = member.next_delivery().await?;
        let odd = !delivery.is_ascii() && delivery.len() < usize::from(u8::MAX);
        return if odd && options.faults.has(Fault::OddTextEndsOthers) {
            Err(TooFarBehind)
        } else {
            Ok(delivery)
        };
    }
    loop {
        let event = match overheard {
            Some(events) => events.recv().await.map_err(|_| TooFarBehind)?,
            None => std::future::pending().await,
        };
        if event.notice.is_some() == options.faults.has(Fault::LeakNotices) {
            return Ok(event.encoded.clone());
        }
    }
}

//! One client: its socket, its session and, once registered, its place in the room.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reference_codecs::Decoder;
use reference_codecs::bcp::{ClientMessage, ServerMessage};
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval_at, sleep};
use tokio_util::sync::CancellationToken;

use super::membership::{Membership, TooFarBehind};
use super::room::Door;
use super::session::{Ending, Session, Step};
use super::{Options, encoded};
use crate::link::Link;
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
        session: Session::new(options.dialect, options.idle_timeout, now),
        pace: Pace::new(RATE, now),
        door,
        member: None,
        options,
    };
    let Err(ending) = connection.talk(&shutdown).await;
    connection.end(peer, ending).await;
}

struct Connection {
    link: Link<ClientMessage>,
    session: Session,
    pace: Pace,
    door: Door,
    member: Option<Membership>,
    options: Arc<Options>,
}

/// What never comes back except with the reason for the end.
type Never = std::convert::Infallible;

impl Connection {
    /// BCP-14: waits for nothing but this client, and reads and delivers only when it has taken
    /// what was sent before.
    async fn talk(&mut self, shutdown: &CancellationToken) -> Result<Never, Ending> {
        let period = self.options.check_interval.max(Duration::from_millis(1));
        let mut checks = interval_at(tokio::time::Instant::now() + period, period);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stopped = pin!(shutdown.cancelled());
        loop {
            self.handle_messages().await?;
            let idle_outbox = self.link.waiting() == 0;
            let takes_delivery = idle_outbox && self.session.takes_delivery();
            tokio::select! {
                // In this order: what stops comes first, and a client that always has something
                // to say still gets its deliveries, which wait for its acknowledgements anyway.
                biased;
                () = &mut stopped => return Err(Ending::Stopping),
                _ = checks.tick() => self.check()?,
                delivery = next_delivery(&mut self.member), if takes_delivery => {
                    let delivery = delivery.map_err(|TooFarBehind| Ending::TooFarBehind)?;
                    self.session.delivered(Instant::now());
                    self.send(&delivery)?;
                }
                ready = self.link.writable(), if !idle_outbox => {
                    ready?;
                    self.link.flush()?;
                }
                ready = self.link.readable(), if idle_outbox => {
                    ready?;
                    self.read()?;
                }
            }
        }
    }

    /// BCP-13: every whole message that has come, one after another.
    async fn handle_messages(&mut self) -> Result<(), Ending> {
        while self.link.waiting() == 0 {
            let message = match self.link.next_message() {
                Ok(Some(message)) => message,
                Ok(None) => break,
                Err(error) => return Err(self.session.malformed(error)),
            };
            match self.session.message(message) {
                Step::Acknowledged => {}
                Step::Register(name) => self.register(name).await?,
                Step::Say(text) => self.say(text).await?,
                Step::Refuse(error) => self.answer(&self.session.refusal(error))?,
                Step::End(ending) => return Err(ending),
            }
            // A client that fills the decoder again and again does not keep a thread for itself.
            tokio::task::consume_budget().await;
        }
        Ok(())
    }

    async fn register(&mut self, name: String) -> Result<(), Ending> {
        let member = self
            .door
            .register(name)
            .await
            .map_err(|_| Ending::NameTaken)?;
        self.member = Some(member);
        let answer = self.session.admitted(Instant::now());
        self.answer(&answer)
    }

    async fn say(&mut self, text: String) -> Result<(), Ending> {
        let Some(member) = &self.member else {
            return Ok(());
        };
        let crowded = member.say(text).await;
        self.answer(&Session::accepted())?;
        let unwaited = match self.link.pending() {
            0 => None,
            _ => self.pace.exceeds(Instant::now()),
        };
        if let Some(pause) = unwaited.or(crowded.then_some(RATE.pause)) {
            sleep(pause).await;
        }
        Ok(())
    }

    fn read(&mut self) -> Result<(), Ending> {
        if self.link.read()? > 0 {
            self.session.heard(Instant::now());
        }
        Ok(())
    }

    fn answer(&mut self, message: &ServerMessage) -> Result<(), Ending> {
        self.send(&encoded(message, self.options.dialect))
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

    /// The name is free before the client is told anything or the socket is closed.
    async fn end(mut self, peer: SocketAddr, ending: Ending) {
        let grace = if ending == Ending::Stopping {
            STOP_FAREWELL
        } else {
            FAREWELL
        };
        let farewell = self.session.farewell(&ending);
        match self.member.take() {
            Some(member) => member.leave(ending),
            None => self
                .options
                .log
                .event(format_args!("unregistered {peer}: {ending}")),
        }
        let farewell = farewell.map(|message| encoded(&message, self.options.dialect));
        self.link.close(&farewell.unwrap_or_default(), grace).await;
    }
}

/// The next DELIVER; never for a connection without a name.
async fn next_delivery(member: &mut Option<Membership>) -> Result<Vec<u8>, TooFarBehind> {
    match member {
        Some(member) => member.next_delivery().await,
        None => std::future::pending().await,
    }
}

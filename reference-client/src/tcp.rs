//! Moves bytes and lines between a connection, a session and the screen until one of them ends.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::WriteHalf;
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::faults::{Slip, Slips};
use crate::screen::{Event, Screen};
use crate::session::{Effects, Ending, Failure, Note, Session};
use crate::text;

const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// For the next answer once the input has ended.
const ANSWER_WAIT: Duration = Duration::from_secs(5);
/// For the server to close its side, or to say why it did.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

/// Silence of a server after which its last message is whole, where nothing else tells.
const PAUSE: Duration = Duration::from_millis(200);

/// How much later than the connection a program ends that ends late.
const LATE: Duration = Duration::from_secs(3);
/// Silence after which a server is given up by a program that does not wait.
const IMPATIENCE: Duration = Duration::from_millis(300);

/// Bytes that are read at once.
const READ_SIZE: usize = 16 * 1024;
/// Bytes that wait for the server to read them before nothing more is read from it.
const SEND_LIMIT: usize = 64 * 1024;

/// Connects and chats until the input, the server or a signal ends it.
pub(crate) async fn run(
    address: impl ToSocketAddrs + ToString,
    session: impl Session,
    slips: Slips,
) -> Result<Ending, Failure> {
    let name = address.to_string();
    let stream = connect(address).await.map_err(|source| Failure::Connect {
        address: name,
        source,
    })?;
    let mut screen = Screen::open().map_err(Failure::System)?;
    let ends_late = slips.has(Slip::EndLate);
    let outcome = Chat::new(session, &mut screen, slips).run(stream).await;
    screen.close().await;
    if ends_late && matches!(outcome, Err(Failure::Closed { .. } | Failure::Lost(_))) {
        sleep(LATE).await;
    }
    outcome
}

async fn connect(address: impl ToSocketAddrs) -> io::Result<TcpStream> {
    let stream = timeout(CONNECT_WAIT, TcpStream::connect(address))
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer"))??;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// How far a chat is on its way to the end.
#[derive(Debug)]
enum Phase {
    /// Lines come from the user.
    Open,
    /// The input has ended, answers are awaited; how many, when that was last looked at.
    Draining(usize),
    /// The last words are being written; how the chat ends after them.
    Leaving(Ending),
    /// Our side is closed, the server's is awaited.
    Closing(Ending),
    /// Writing has failed; what the server said before is still to be read.
    Broken(io::Error),
}

struct Chat<'a, S> {
    session: S,
    screen: &'a mut Screen,
    /// Bytes that are still to be written.
    outbox: Vec<u8>,
    phase: Phase,
    /// When the phase is over, unless something happens.
    deadline: Option<Instant>,
    /// When the last bytes came.
    heard: Instant,
    /// Whether the server may end the connection without that being a failure.
    may_end: bool,
    slips: Slips,
    /// The connection has ended, and nobody cares.
    deaf: bool,
}

impl<'a, S: Session> Chat<'a, S> {
    fn new(session: S, screen: &'a mut Screen, slips: Slips) -> Self {
        Self {
            session,
            screen,
            outbox: Vec::new(),
            phase: Phase::Open,
            deadline: None,
            heard: Instant::now(),
            may_end: false,
            slips,
            deaf: false,
        }
    }

    async fn run(mut self, mut stream: TcpStream) -> Result<Ending, Failure> {
        let (mut reader, mut writer) = stream.split();
        let mut buffer = vec![0; READ_SIZE];
        self.apply(Session::start)?;
        loop {
            self.advance(&mut writer).await?;
            let may_read = self.outbox.len() < SEND_LIMIT && !self.screen.is_behind() && !self.deaf;
            self.screen.hide_input(self.session.wants_secret());
            let takes_line = matches!(self.phase, Phase::Open) && self.session.wants_line();
            let deadline = self.deadline.unwrap_or_else(Instant::now);
            let may_pause = may_read && self.session.waits_for_pause();
            let is_impatient = self.slips.has(Slip::SilenceEnds) && self.session.unanswered() > 0;
            let done = tokio::select! {
                read = reader.read(&mut buffer), if may_read => {
                    self.received(read.map(|len| &buffer[..len]))?
                }
                written = writer.write(&self.outbox), if !self.outbox.is_empty() => {
                    self.written(written);
                    None
                }
                event = self.screen.event(takes_line) => self.noticed(event)?,
                () = sleep_until(self.heard + PAUSE), if may_pause => {
                    self.apply(Session::pause)?;
                    None
                }
                () = sleep_until(deadline), if self.deadline.is_some() => self.expired()?,
                () = sleep_until(self.heard + IMPATIENCE), if is_impatient => {
                    return Err(Failure::Lost(io::ErrorKind::TimedOut.into()));
                }
            };
            if let Some(ending) = done {
                return Ok(ending);
            }
        }
    }

    /// Lets the session act and carries out what it wants, also when it fails.
    fn apply(
        &mut self,
        act: impl FnOnce(&mut S, &mut Effects) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut effects = Effects::default();
        let outcome = act(&mut self.session, &mut effects);
        if !matches!(self.phase, Phase::Closing(_) | Phase::Broken(_)) {
            self.outbox.append(&mut effects.send);
        }
        for note in effects.show {
            self.screen.show(note);
        }
        let overlooks = effects.finish && self.slips.has(Slip::FinishWaits);
        if effects.finish && !overlooks && matches!(self.phase, Phase::Open) {
            self.drain();
        }
        if let Some(time) = effects.ends_within.filter(|_| !overlooks) {
            self.may_end = true;
            if matches!(self.phase, Phase::Open) {
                self.deadline = Some(Instant::now() + time + CLOSE_WAIT);
            }
        }
        outcome
    }

    /// After the end of input: leaves once all is answered, and grants time for each next answer.
    async fn advance(&mut self, writer: &mut WriteHalf<'_>) -> Result<(), Failure> {
        if let Phase::Draining(before) = self.phase {
            let unanswered = self.session.unanswered();
            if unanswered == 0 && self.outbox.is_empty() {
                self.leave(Ending::Done)?;
            } else if unanswered < before {
                self.enter(Phase::Draining(unanswered), ANSWER_WAIT);
            }
        }
        if let Phase::Leaving(ending) = self.phase
            && self.outbox.is_empty()
        {
            // A failure here means that the server was faster; reading finds that out.
            let _ = writer.shutdown().await;
            self.enter(Phase::Closing(ending), CLOSE_WAIT);
        }
        Ok(())
    }

    fn leave(&mut self, ending: Ending) -> Result<(), Failure> {
        self.enter(Phase::Leaving(ending), CLOSE_WAIT);
        self.apply(Session::leave)
    }

    fn drain(&mut self) {
        self.enter(Phase::Draining(self.session.unanswered()), ANSWER_WAIT);
    }

    fn enter(&mut self, phase: Phase, wait: Duration) {
        self.phase = phase;
        self.deadline = Some(Instant::now() + wait);
    }

    fn received(&mut self, read: io::Result<&[u8]>) -> Result<Option<Ending>, Failure> {
        if let Ok([]) = read {
            self.apply(Session::pause)?;
        }
        let fails = self.slips.has(Slip::AnnouncedFails)
            || read.is_err() && self.slips.has(Slip::AnnouncedResetFails);
        match (read, &mut self.phase) {
            (Ok([]) | Err(_), Phase::Leaving(ending) | Phase::Closing(ending)) => Ok(Some(*ending)),
            (Ok([]) | Err(_), _) if self.may_end && !fails => Ok(Some(Ending::Done)),
            (Ok([]) | Err(_), Phase::Broken(error)) => Err(lost(error)),
            (Ok([]), _) => {
                let inside = self.session.is_inside_message();
                self.ended(Failure::Closed { inside })
            }
            (Err(error), _) => self.ended(Failure::Lost(error)),
            (Ok(bytes), _) => {
                self.heard = Instant::now();
                let outcome = self.apply(|session, effects| session.receive(bytes, effects));
                if matches!(outcome, Err(Failure::Malformed(_)))
                    && self.slips.has(Slip::NonsenseKills)
                {
                    std::process::abort();
                }
                outcome.map(|()| None)
            }
        }
    }

    /// The connection has ended, which ends the program.
    fn ended(&mut self, failure: Failure) -> Result<Option<Ending>, Failure> {
        let cut = matches!(failure, Failure::Closed { inside: true });
        let hangs = self.slips.has(Slip::EndHangs)
            || cut && self.slips.has(Slip::CutHangs)
            || self.slips.has(Slip::EndHangsWaiting) && self.session.unanswered() > 0;
        if !hangs {
            return Err(failure);
        }
        self.deaf = true;
        let sentence = text::harmless(&failure.to_string());
        self.screen.show(Note::Warning(sentence));
        Ok(None)
    }

    fn written(&mut self, written: io::Result<usize>) {
        match written {
            Ok(len) => drop(self.outbox.drain(..len)),
            Err(error) => {
                self.outbox.clear();
                self.enter(Phase::Broken(error), CLOSE_WAIT);
            }
        }
    }

    fn noticed(&mut self, event: Event) -> Result<Option<Ending>, Failure> {
        match event {
            Event::Line(line) => {
                self.apply(|session, effects| session.line(&line, effects))?;
                Ok(None)
            }
            Event::End if self.slips.has(Slip::LeavingHangs) => Ok(None),
            Event::End if self.slips.has(Slip::LeavingRude) => Ok(Some(Ending::Done)),
            Event::End if self.slips.has(Slip::LeavingHurries) => {
                self.leave(Ending::Done)?;
                Ok(None)
            }
            Event::End => {
                self.drain();
                Ok(None)
            }
            Event::Signal(Ending::Done) if self.overlooks_interrupt() => Ok(None),
            Event::Signal(ending) if self.slips.has(Slip::InterruptRude) => Ok(Some(ending)),
            Event::Signal(ending) => self.interrupted(ending),
            Event::OutputGone => Err(Failure::OutputGone),
            Event::Drawn => Ok(None),
        }
    }

    fn overlooks_interrupt(&self) -> bool {
        self.slips.has(Slip::InterruptIgnored)
            || self.slips.has(Slip::InterruptWaits) && self.session.unanswered() > 0
    }

    /// Ends at once unless there are last words; the second time in any case.
    fn interrupted(&mut self, ending: Ending) -> Result<Option<Ending>, Failure> {
        if matches!(self.phase, Phase::Leaving(_) | Phase::Closing(_)) {
            return Ok(Some(ending));
        }
        let told = match () {
            () if self.slips.has(Slip::InterruptTrace) => "Traceback (most recent call last):",
            () if self.slips.has(Slip::InterruptNamed) => "KeyboardInterrupt",
            () => "",
        };
        if !told.is_empty() {
            self.screen.show(Note::Warning(told.to_owned()));
        }
        let waiting = self.outbox.len();
        self.leave(ending)?;
        Ok((self.outbox.len() == waiting).then_some(ending))
    }

    fn expired(&mut self) -> Result<Option<Ending>, Failure> {
        match &mut self.phase {
            Phase::Closing(_) if self.slips.has(Slip::ClosingWaits) => {
                self.deadline = None;
                Ok(None)
            }
            Phase::Leaving(ending) | Phase::Closing(ending) => Ok(Some(*ending)),
            Phase::Broken(error) => Err(lost(error)),
            // Only an announced end has a time in this phase.
            Phase::Open => self.leave(Ending::Done).map(|()| None),
            Phase::Draining(_) => Err(Failure::Unanswered {
                seconds: ANSWER_WAIT.as_secs(),
            }),
        }
    }
}

fn lost(error: &mut io::Error) -> Failure {
    Failure::Lost(std::mem::replace(error, io::ErrorKind::BrokenPipe.into()))
}

//! The nickname group chat: asks for a nickname until one is free, then sends what is typed.

use std::collections::VecDeque;
use std::time::Duration;

use clap::Args;
use reference_codecs::csc328::{ClientMessage, Dialect, ServerMessage};
use reference_codecs::{Decoder, EncodeError};

pub(crate) use self::faults::Fault;
use crate::arguments;
use crate::faults::{FaultOptions, Faults, Slips, in_ascii};
use crate::session::{Effects, Failure, Note, Session};
use crate::text;

mod faults;

/// Lines that wait for the nickname; beyond that the input is left alone.
const QUEUE_LIMIT: usize = 100;

/// What the user types to leave.
const LEAVE: &str = "BYE";

/// Who speaks when it is the server.
const SERVER: &[u8] = b"server";

/// No server announces its end longer before.
const LONGEST_NOTICE: u64 = 24 * 60 * 60;

/// Where to connect.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Name or IP address of the server.
    #[arg(value_name = "HOST")]
    host: String,
    /// Port of the server.
    #[arg(value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// How the bytes are written.
    #[arg(long, default_value_t, value_parser = arguments::dialect(Dialect::ALL, Dialect::name))]
    dialect: Dialect,
    #[command(flatten)]
    faults: FaultOptions<Fault>,
}

impl Options {
    pub(crate) fn slips(&self) -> Slips {
        self.faults.slips()
    }

    pub(crate) fn address(&self) -> String {
        arguments::address(&self.host, self.port)
    }
}

/// Where the client stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// HELLO is still to come.
    Connected,
    /// The next line is the nickname.
    Choosing,
    /// The server has not answered to this nickname yet.
    Asked(String),
    /// This is the nickname; what is typed is sent.
    Ready(String),
    /// BYE is said.
    Left,
}

/// The client's side of the protocol.
#[derive(Debug)]
pub(crate) struct Client {
    dialect: Dialect,
    decoder: Decoder<ServerMessage>,
    state: State,
    queue: VecDeque<String>,
    faults: Faults<Fault>,
    misdeeds: Misdeeds,
}

/// What only a client with faults has to remember.
#[derive(Debug, Default)]
struct Misdeeds {
    /// A text that is shown later.
    held: Option<Note>,
    /// How often RETRY has come.
    retries: usize,
    /// The end of the server was announced.
    announced: bool,
}

impl Client {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            dialect: options.dialect,
            decoder: Decoder::new(options.dialect),
            state: State::Connected,
            queue: VecDeque::new(),
            faults: options.faults.had(),
            misdeeds: Misdeeds::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.faults.has(fault)
    }

    fn handle(&mut self, message: ServerMessage, effects: &mut Effects) {
        match (message, &self.state) {
            (ServerMessage::Hello, _) if self.has(Fault::HelloIgnored) => {}
            (ServerMessage::Hello, State::Asked(_)) if self.has(Fault::NickEarly) => {}
            (ServerMessage::Retry, _) if self.has(Fault::RetryIgnored) => {}
            // CSC328-C1: HELLO comes first, then a nickname until READY.
            (ServerMessage::Hello, State::Connected) => {
                self.state = State::Choosing;
                effects
                    .show
                    .push(Note::Heard("Choose a nickname:".to_owned()));
                self.advance(effects);
            }
            (ServerMessage::Ready, State::Asked(name)) => {
                let welcome = format!("You are {}.", text::harmless(name));
                effects.show.push(Note::Heard(welcome));
                let name = name.clone();
                if self.has(Fault::NickAgain) {
                    self.ask(&name, effects);
                }
                self.state = State::Ready(name);
                if self.has(Fault::Greets) {
                    self.queue.push_front("hello".to_owned());
                }
                self.advance(effects);
            }
            (ServerMessage::Retry, State::Asked(name)) => {
                let name = text::harmless(name);
                let question = format!("{name} is not free; choose another nickname:");
                effects.show.push(Note::Heard(question));
                self.state = State::Choosing;
                self.misdeeds.retries += 1;
                if self.has(Fault::NickUnasked) {
                    return self.ask("guest", effects);
                }
                if self.has(Fault::RetryOnce) && self.misdeeds.retries > 1 {
                    self.state = State::Connected;
                }
                self.advance(effects);
            }
            // Nobody has asked.
            (ServerMessage::Hello | ServerMessage::Ready | ServerMessage::Retry, _) => {}
            // CSC328-C2: what arrives is shown.
            (ServerMessage::Broadcast { from, text }, _) => self.heard(&from, &text, effects),
            (ServerMessage::Notice { .. }, _) if self.has(Fault::NoticeUnshown) => {}
            (ServerMessage::Notice { text }, _) => told(&text, effects),
            (ServerMessage::Bye, _) => {
                told(LEAVE.as_bytes(), effects);
                effects.ends_within = Some(Duration::ZERO);
            }
            // CSC328-C4: the notice is shown, and the end after it is no failure.
            (ServerMessage::Shutdown { seconds }, _) => {
                let notice = if self.has(Fault::ShutdownTimeless) {
                    "Server will shut down".to_owned()
                } else {
                    format!("Server will shut down in {seconds} seconds")
                };
                if !self.has(Fault::ShutdownUnshown) {
                    told(notice.as_bytes(), effects);
                }
                self.misdeeds.announced = true;
                let time = Duration::from_secs(seconds.min(LONGEST_NOTICE));
                effects.ends_within = Some(time);
            }
        }
    }

    /// CSC328-C2b: what others say is shown, as it comes.
    fn heard(&mut self, from: &[u8], text: &[u8], effects: &mut Effects) {
        if self.has(Fault::OddTextKills) && std::str::from_utf8(text).is_err() {
            std::process::abort();
        }
        let note = Note::Heard(self.shown(from, text));
        if self.has(Fault::HeardLate) {
            effects.show.extend(self.misdeeds.held.replace(note));
        } else if self.has(Fault::HeardReordered) {
            effects.show.insert(0, note);
        } else {
            effects.show.push(note);
        }
        if self.has(Fault::Repeats)
            && let State::Ready(name) = &self.state
        {
            let said = String::from_utf8_lossy(text).into_owned();
            self.say(&name.clone(), said, effects);
        }
    }

    /// What somebody says as it is shown.
    fn shown(&self, from: &[u8], text: &[u8]) -> String {
        let text = String::from_utf8_lossy(text);
        let text = match text.split_once(':') {
            Some((start, _)) if self.has(Fault::HeardToColon) => start.to_owned(),
            _ if self.has(Fault::HeardInAscii) => in_ascii(&text),
            _ => text.into_owned(),
        };
        if self.has(Fault::HeardNameless) {
            text::harmless(&text)
        } else if self.has(Fault::NamesRaw) {
            String::from_utf8_lossy(from).into_owned() + ": " + &text::harmless(&text)
        } else if self.has(Fault::ControlsRaw) {
            text::message(from, &[]) + &text
        } else {
            text::message(from, text.as_bytes())
        }
    }

    /// Sends what may be sent of the lines that wait.
    fn advance(&mut self, effects: &mut Effects) {
        loop {
            // CSC328-C2: nothing is said before READY.
            let name = match &self.state {
                State::Choosing => None,
                State::Ready(_) if self.misdeeds.announced && self.has(Fault::ShutdownLeaves) => {
                    return;
                }
                State::Ready(name) => Some(name.clone()),
                State::Connected if self.has(Fault::NickEarly) => None,
                State::Asked(name) if self.has(Fault::ChatEarly) => Some(name.clone()),
                State::Connected | State::Asked(_) | State::Left => return,
            };
            let line = match &name {
                Some(_) if self.has(Fault::TypedReordered) => self.queue.pop_back(),
                _ => self.queue.pop_front(),
            };
            let Some(line) = line else {
                return;
            };
            match name {
                _ if line == LEAVE => {
                    self.queue.clear();
                    effects.finish = true;
                }
                None => self.ask(line.trim(), effects),
                Some(name) => self.say(&name, line, effects),
            }
        }
    }

    fn ask(&mut self, name: &str, effects: &mut Effects) {
        let mut sent = name.to_owned();
        if self.has(Fault::NickInCapitals) {
            sent = name.to_uppercase();
        }
        let nick = ClientMessage::Nick { name: sent.into() };
        match nick.encode(self.dialect, &mut effects.send) {
            Ok(()) => {
                let said = format!("nickname: {}", text::harmless(name));
                effects.show.push(Note::Said(said));
                self.state = State::Asked(name.to_owned());
                if self.has(Fault::GreetsEarly) {
                    self.say(name, "hello".to_owned(), effects);
                }
            }
            Err(error) => warn(&error, effects),
        }
    }

    fn say(&mut self, name: &str, mut line: String, effects: &mut Effects) {
        if self.has(Fault::WordUnsent) && line.starts_with("READY") {
            return;
        }
        if self.has(Fault::TypedTrimmed) {
            line = String::from(line.trim());
        }
        if self.has(Fault::TypedInAscii) {
            line = in_ascii(&line);
        }
        let start = effects.send.len();
        let said = text::message(name.as_bytes(), line.as_bytes());
        let message = ClientMessage::Chat {
            claimed: name.into(),
            text: line.into_bytes(),
        };
        match message.encode_cut(self.dialect, &mut effects.send) {
            Ok(is_cut) => {
                self.spoil(start, effects);
                effects.show.push(Note::Said(said));
                if is_cut {
                    let warning = "the message was cut to what fits".to_owned();
                    effects.show.push(Note::Warning(warning));
                }
            }
            Err(error) => warn(&error, effects),
        }
    }

    /// What is wrong with the bytes of a text that begin at `start`: the size comes first.
    fn spoil(&self, start: usize, effects: &mut Effects) {
        if let Some([high, low]) = effects.send.get_mut(start..start + 2) {
            if self.has(Fault::SizeAbove) {
                *low = low.wrapping_add(1);
            }
            if self.has(Fault::SizeTurned) {
                std::mem::swap(high, low);
            }
        }
        if self.has(Fault::TypedTwice) {
            effects.send.extend_from_within(start..);
        }
    }
}

fn told(text: &[u8], effects: &mut Effects) {
    effects.show.push(Note::Heard(text::message(SERVER, text)));
}

/// What cannot be written is the user's to write in another way.
fn warn(error: &EncodeError, effects: &mut Effects) {
    let warning = format!("not sent: {error}");
    effects.show.push(Note::Warning(warning));
}

impl Session for Client {
    fn start(&mut self, _effects: &mut Effects) -> Result<(), Failure> {
        Ok(())
    }

    fn receive(&mut self, bytes: &[u8], effects: &mut Effects) -> Result<(), Failure> {
        self.decoder.feed(bytes);
        while let Some(message) = self.decoder.next_message()? {
            self.handle(message, effects);
            if self.has(Fault::HeardBehindLost) {
                self.decoder = Decoder::new(self.dialect);
            }
        }
        if self.has(Fault::HeardPartLost) {
            self.decoder = Decoder::new(self.dialect);
        }
        Ok(())
    }

    fn line(&mut self, line: &str, effects: &mut Effects) -> Result<(), Failure> {
        let is_lost = matches!(self.state, State::Asked(_)) && self.has(Fault::TypedLost);
        if !(line.is_empty() || is_lost) {
            self.queue.push_back(line.to_owned());
        }
        self.advance(effects);
        Ok(())
    }

    fn wants_line(&self) -> bool {
        self.queue.len() < QUEUE_LIMIT && self.state != State::Left
    }

    fn unanswered(&self) -> usize {
        let waits = matches!(self.state, State::Connected | State::Asked(_));
        self.queue.len() + usize::from(waits)
    }

    fn is_inside_message(&self) -> bool {
        self.decoder.pending() > 0
    }

    /// CSC328-C3: BYE is the last word, and said once.
    fn leave(&mut self, effects: &mut Effects) -> Result<(), Failure> {
        if self.state != State::Left {
            self.state = State::Left;
            self.queue.clear();
            let times = if self.has(Fault::ByeUnsaid) {
                0
            } else if self.has(Fault::ByeTwice) {
                2
            } else {
                1
            };
            for _ in 0..times {
                ClientMessage::Bye.encode(self.dialect, &mut effects.send)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

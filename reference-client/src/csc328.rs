//! The nickname group chat: asks for a nickname until one is free, then sends what is typed.

use std::collections::VecDeque;
use std::time::Duration;

use clap::Args;
use reference_codecs::csc328::{ClientMessage, Dialect, ServerMessage};
use reference_codecs::{Decoder, EncodeError};

use crate::arguments;
use crate::session::{Effects, Failure, Note, Session};
use crate::text;

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
}

impl Options {
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
}

impl Client {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            dialect: options.dialect,
            decoder: Decoder::new(options.dialect),
            state: State::Connected,
            queue: VecDeque::new(),
        }
    }

    fn handle(&mut self, message: ServerMessage, effects: &mut Effects) {
        match (message, &self.state) {
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
                self.state = State::Ready(name.clone());
                self.advance(effects);
            }
            (ServerMessage::Retry, State::Asked(name)) => {
                let name = text::harmless(name);
                let question = format!("{name} is not free; choose another nickname:");
                effects.show.push(Note::Heard(question));
                self.state = State::Choosing;
                self.advance(effects);
            }
            // Nobody has asked.
            (ServerMessage::Hello | ServerMessage::Ready | ServerMessage::Retry, _) => {}
            // CSC328-C2: what arrives is shown.
            (ServerMessage::Broadcast { from, text }, _) => {
                effects.show.push(Note::Heard(text::message(&from, &text)));
            }
            (ServerMessage::Notice { text }, _) => told(&text, effects),
            (ServerMessage::Bye, _) => {
                told(LEAVE.as_bytes(), effects);
                effects.ends_within = Some(Duration::ZERO);
            }
            // CSC328-C4: the notice is shown, and the end after it is no failure.
            (ServerMessage::Shutdown { seconds }, _) => {
                let notice = format!("Server will shut down in {seconds} seconds");
                told(notice.as_bytes(), effects);
                let time = Duration::from_secs(seconds.min(LONGEST_NOTICE));
                effects.ends_within = Some(time);
            }
        }
    }

    /// Sends what may be sent of the lines that wait.
    fn advance(&mut self, effects: &mut Effects) {
        loop {
            // CSC328-C2: nothing is said before READY.
            let name = match &self.state {
                State::Choosing => None,
                State::Ready(name) => Some(name.clone()),
                State::Connected | State::Asked(_) | State::Left => return,
            };
            let Some(line) = self.queue.pop_front() else {
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
        let nick = ClientMessage::Nick { name: name.into() };
        match nick.encode(self.dialect, &mut effects.send) {
            Ok(()) => {
                let said = format!("nickname: {}", text::harmless(name));
                effects.show.push(Note::Said(said));
                self.state = State::Asked(name.to_owned());
            }
            Err(error) => warn(&error, effects),
        }
    }

    fn say(&mut self, name: &str, line: String, effects: &mut Effects) {
        let said = text::message(name.as_bytes(), line.as_bytes());
        let message = ClientMessage::Chat {
            claimed: name.into(),
            text: line.into_bytes(),
        };
        match message.encode_cut(self.dialect, &mut effects.send) {
            Ok(is_cut) => {
                effects.show.push(Note::Said(said));
                if is_cut {
                    let warning = "the message was cut to what fits".to_owned();
                    effects.show.push(Note::Warning(warning));
                }
            }
            Err(error) => warn(&error, effects),
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
        }
        Ok(())
    }

    fn line(&mut self, line: &str, effects: &mut Effects) -> Result<(), Failure> {
        if !line.is_empty() {
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
            ClientMessage::Bye.encode(self.dialect, &mut effects.send)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

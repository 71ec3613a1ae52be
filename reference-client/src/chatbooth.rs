//! chatbooth: commands of the user become requests, one at a time; messages are shown as they come.

use std::collections::VecDeque;

use clap::Args;
use reference_codecs::chatbooth::{
    ALL, BodyLimit, ClientMessage, DEFAULT_PORT, HEAD_LEN, ServerMessage, Token,
};
use reference_codecs::{Decoder, EncodeError};

use self::command::Command;
pub(crate) use self::faults::Fault;
use crate::arguments;
use crate::faults::{FaultOptions, Faults, Slips, in_ascii};
use crate::session::{Effects, Failure, Note, Session};
use crate::text;

mod command;
mod faults;

/// Commands that wait until the server has answered the one before them; beyond that the input is
/// left alone.
const QUEUE_LIMIT: usize = 100;

/// The longest body that is taken from a server, in bytes.
const LIMIT: BodyLimit = BodyLimit(16 << 20);

/// Where to connect.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Name or IP address of the server.
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1")]
    host: String,
    /// Port of the server.
    #[arg(long, value_name = "PORT", default_value_t = DEFAULT_PORT,
          value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    #[command(flatten)]
    faults: FaultOptions<Fault>,
}

impl Options {
    pub(crate) fn slips(&self) -> Slips {
        self.faults.slips()
    }

    /// The server as connecting takes it, `HOST:PORT`.
    pub(crate) fn address(&self) -> String {
        arguments::address(&self.host, self.port)
    }
}

/// The client's side of the protocol.
#[derive(Debug)]
pub(crate) struct Client {
    decoder: Decoder<ServerMessage>,
    /// Who is logged in.
    user: Option<User>,
    /// Whose password the next line is.
    asking: Option<String>,
    /// The request that has no answer yet.
    waiting: Option<Asked>,
    queue: VecDeque<Command>,
    finished: bool,
    faults: Faults<Fault>,
    /// Messages that came in this read; only a client with faults looks at it.
    heard: usize,
    /// Something was asked once more; the same.
    repeated: bool,
}

#[derive(Debug, Clone)]
struct User {
    name: String,
    token: Token,
}

/// What an answer will be about.
#[derive(Debug)]
enum Asked {
    Login { name: String },
    List,
    Send { name: String },
    Messages,
    Delete,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            decoder: Decoder::new(LIMIT),
            user: None,
            asking: None,
            waiting: None,
            queue: VecDeque::new(),
            finished: false,
            faults: Faults::default(),
            heard: 0,
            repeated: false,
        }
    }
}

impl Client {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            faults: options.faults.had(),
            ..Self::default()
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.faults.has(fault)
    }

    fn handle(&mut self, message: ServerMessage, effects: &mut Effects) -> Result<(), Failure> {
        match message {
            // CHATBOOTH-C3: a message is shown whenever it comes and answers nothing.
            ServerMessage::Message { text } => {
                self.show(&text, effects);
                if self.has(Fault::MessageAnswers)
                    && let Some(asked) = self.waiting.take()
                {
                    self.answered(asked, &text, effects);
                    return self.ask_next(effects);
                }
                Ok(())
            }
            ServerMessage::Answer { body } => {
                match self.waiting.take() {
                    Some(asked) => self.answered(asked, &body, effects),
                    None => warn(effects, "an answer came that nobody waits for"),
                }
                self.ask_next(effects)
            }
        }
    }

    fn show(&mut self, text: &[u8], effects: &mut Effects) {
        if self.has(Fault::OddTextKills) && std::str::from_utf8(text).is_err() {
            std::process::abort();
        }
        self.heard += 1;
        let unshown = match self.waiting {
            Some(_) => self.has(Fault::HeardUnshownWhileWaiting),
            None => self.has(Fault::HeardUnshown),
        };
        if unshown || self.heard > 1 && self.has(Fault::HeardFirstOnly) {
            return;
        }
        let text = String::from_utf8_lossy(text);
        let shown = if self.has(Fault::HeardFirstLine) {
            text::harmless(text.lines().next().unwrap_or_default())
        } else if self.has(Fault::HeardInAscii) {
            text::harmless(&in_ascii(&text))
        } else if self.has(Fault::ControlsRaw) {
            text.into_owned()
        } else {
            text::harmless(text.trim_matches('\n'))
        };
        effects.show.push(Note::Heard(format!("message: {shown}")));
    }

    /// The names of a list as they are shown.
    fn names(&self, body: &[u8]) -> String {
        let names = String::from_utf8_lossy(body);
        if self.has(Fault::ListUnshown) {
            return String::new();
        }
        if self.has(Fault::ListRaw) {
            return names.into_owned();
        }
        match names.split_once(',') {
            Some((first, _)) if self.has(Fault::ListFirstShown) => text::harmless(first),
            _ => text::harmless(&names),
        }
    }

    fn answered(&mut self, asked: Asked, body: &[u8], effects: &mut Effects) {
        let is_refused = body.is_empty();
        match asked {
            Asked::Login { name } => self.logged_in(name, body, effects),
            Asked::List => {
                let shown = if is_refused {
                    "no such account, or the server does not take the expression".to_owned()
                } else {
                    format!("accounts: {}", self.names(body))
                };
                effects.show.push(Note::Heard(shown));
            }
            Asked::Send { .. } if is_refused && self.has(Fault::RefusedUntold) => {}
            Asked::Send { name } if is_refused => {
                if self.has(Fault::RefusedForgets) {
                    self.user = None;
                }
                let name = text::harmless(&name);
                warn(effects, &format!("nothing was sent: is there a {name}?"));
            }
            Asked::Send { name } => {
                if self.has(Fault::SendAgain) && !std::mem::replace(&mut self.repeated, true) {
                    let (user, text) = (name.clone(), "once more".to_owned());
                    self.queue.push_front(Command::Send { user, text });
                }
                let name = text::harmless(&name);
                effects.show.push(Note::Heard(format!("sent to {name}")));
            }
            Asked::Messages if is_refused => warn(effects, "the server gives no messages"),
            Asked::Messages => effects
                .show
                .push(Note::Heard("no more messages".to_owned())),
            Asked::Delete if is_refused => warn(effects, "the account was not deleted"),
            Asked::Delete => {
                if !self.has(Fault::DeleteKeeps) {
                    self.user = None;
                }
                effects.show.push(Note::Heard("account deleted".to_owned()));
            }
        }
    }

    /// CHATBOOTH-C4: the token of the last login that succeeded; one that fails changes nothing.
    fn logged_in(&mut self, name: String, body: &[u8], effects: &mut Effects) {
        let Ok(token) = body.try_into().map(Token) else {
            if self.has(Fault::FailedForgets) {
                self.user = None;
            }
            if self.has(Fault::LoginAgain) && !std::mem::replace(&mut self.repeated, true) {
                let (user, password) = (name, Some("secret".to_owned()));
                self.queue.push_front(Command::Login { user, password });
            }
            let problem = "not logged in: the password is wrong, or the name is not a to z and _";
            if !self.has(Fault::LoginRefusedUntold) {
                warn(effects, problem);
            }
            return;
        };
        let token = match &self.user {
            Some(user) if self.has(Fault::TokenOfFirst) => user.token,
            _ if self.has(Fault::TokenZero) => Token([0; 16]),
            _ => token,
        };
        let shown = text::harmless(&name);
        effects
            .show
            .push(Note::Heard(format!("logged in as {shown}")));
        self.user = Some(User { name, token });
        if self.has(Fault::ListUnasked) {
            let pattern = String::new();
            self.queue.push_front(Command::List { pattern });
        }
    }

    /// Carries out what waits until something has to be answered.
    fn ask_next(&mut self, effects: &mut Effects) -> Result<(), Failure> {
        while self.waiting.is_none()
            && let Some(command) = self.queue.pop_front()
        {
            match command {
                Command::Help => effects.show.push(Note::Heard(command::HELP.to_owned())),
                // CHATBOOTH-C4: after logging out the token is forgotten.
                Command::Logout => {
                    if !self.has(Fault::LogoutKeeps) {
                        self.user = None;
                    }
                    effects.show.push(Note::Heard("logged out".to_owned()));
                }
                Command::Exit if self.has(Fault::ExitIgnored) => {}
                Command::Exit => {
                    self.queue.clear();
                    effects.finish = true;
                }
                Command::Login { user, password } => {
                    let request = ClientMessage::authenticate(&user, &password.unwrap_or_default());
                    self.ask(Asked::Login { name: user }, &request, effects)?;
                }
                command => self.ask_as_user(command, effects)?,
            }
        }
        Ok(())
    }

    fn ask_as_user(&mut self, command: Command, effects: &mut Effects) -> Result<(), Failure> {
        let Some(User { name: own, token }) = self.user.clone() else {
            warn(effects, "log in first: login NAME");
            return Ok(());
        };
        let (asked, request) = match command {
            Command::Send { user, text } => {
                let text = match text.split_once(':') {
                    Some((start, _)) if self.has(Fault::TypedToColon) => start.to_owned(),
                    _ if self.has(Fault::TypedInAscii) => in_ascii(&text),
                    _ => text,
                };
                // A message has no sender; this is how the document's client names it in the text.
                let text = format!("\nFROM: {own}\nTO: {user}\nMESSAGE: {text}\n");
                let request = ClientMessage::send(&user, &text, token);
                (Asked::Send { name: user }, request)
            }
            Command::List { pattern } => {
                let pattern = match pattern.as_str() {
                    "" => ALL.to_vec(),
                    _ if self.has(Fault::ListOfAll) => ALL.to_vec(),
                    pattern => pattern.as_bytes().to_vec(),
                };
                (Asked::List, ClientMessage::List { pattern, token })
            }
            Command::Delete => {
                let user = self.own(own, Fault::DeleteOfNobody);
                (Asked::Delete, ClientMessage::Delete { user, token })
            }
            _ => {
                let user = self.own(own, Fault::DeliverOfNobody);
                (Asked::Messages, ClientMessage::Deliver { user, token })
            }
        };
        Ok(self.ask(asked, &request, effects)?)
    }

    /// The user's own name in a request.
    fn own(&self, name: String, nobody: Fault) -> Vec<u8> {
        if self.has(nobody) {
            return Vec::new();
        }
        name.into_bytes()
    }

    fn ask(
        &mut self,
        asked: Asked,
        request: &ClientMessage,
        effects: &mut Effects,
    ) -> Result<(), EncodeError> {
        self.waiting = Some(asked);
        let start = effects.send.len();
        request.encode(LIMIT, &mut effects.send)?;
        let head = effects.send.get_mut(start..start + HEAD_LEN);
        if let Some([version, _, .., size]) = head {
            if self.has(Fault::VersionOne) {
                *version = 1;
            }
            if self.has(Fault::SizeAbove) && matches!(request, ClientMessage::Send { .. }) {
                *size = size.wrapping_add(1);
            }
        }
        Ok(())
    }

    /// A line that is no password.
    fn command(&mut self, line: &str, effects: &mut Effects) {
        match command::parse(line) {
            Ok(None) => {}
            Ok(Some(command)) => {
                let shown = text::harmless(&command.to_string());
                effects.show.push(Note::Said(format!("> {shown}")));
                self.take(command);
            }
            Err(sentence) => warn(effects, &text::harmless(&sentence)),
        }
    }

    fn take(&mut self, command: Command) {
        match command {
            Command::Login {
                user,
                password: None,
            } => self.asking = Some(user),
            _ if self.waiting.is_some() && self.has(Fault::TypedLost) => {}
            command => {
                self.finished |= command == Command::Exit && !self.has(Fault::ExitIgnored);
                self.queue.push_back(command);
            }
        }
    }
}

fn warn(effects: &mut Effects, sentence: &str) {
    effects.show.push(Note::Warning(sentence.to_owned()));
}

impl Session for Client {
    fn start(&mut self, effects: &mut Effects) -> Result<(), Failure> {
        let greeting = "connected; `help` lists the commands";
        effects.show.push(Note::Heard(greeting.to_owned()));
        Ok(())
    }

    fn receive(&mut self, bytes: &[u8], effects: &mut Effects) -> Result<(), Failure> {
        self.decoder.feed(bytes);
        self.heard = 0;
        while let Some(message) = self.decoder.next_message()? {
            self.handle(message, effects)?;
            if self.has(Fault::HeardBehindLost) {
                self.decoder = Decoder::new(LIMIT);
            }
        }
        if self.has(Fault::HeardPartLost) {
            self.decoder = Decoder::new(LIMIT);
        }
        Ok(())
    }

    fn line(&mut self, line: &str, effects: &mut Effects) -> Result<(), Failure> {
        match self.asking.take() {
            Some(user) => self.queue.push_back(Command::Login {
                user,
                password: Some(line.to_owned()),
            }),
            None => self.command(line, effects),
        }
        self.ask_next(effects)
    }

    fn wants_line(&self) -> bool {
        self.queue.len() < QUEUE_LIMIT && !self.finished
    }

    fn unanswered(&self) -> usize {
        self.queue.len() + usize::from(self.waiting.is_some())
    }

    fn is_inside_message(&self) -> bool {
        self.decoder.pending() > 0
    }

    fn wants_secret(&self) -> bool {
        self.asking.is_some()
    }
}

#[cfg(test)]
mod tests;

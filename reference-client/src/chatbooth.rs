//! chatbooth: commands of the user become requests, one at a time; messages are shown as they come.

use std::collections::VecDeque;

use clap::Args;
use reference_codecs::chatbooth::{
    ALL, BodyLimit, ClientMessage, DEFAULT_PORT, ServerMessage, Token,
};
use reference_codecs::{Decoder, EncodeError};

use self::command::Command;
use crate::arguments;
use crate::session::{Effects, Failure, Note, Session};
use crate::text;

mod command;

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
}

impl Options {
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
        }
    }
}

impl Client {
    fn handle(&mut self, message: ServerMessage, effects: &mut Effects) -> Result<(), Failure> {
        match message {
            // CHATBOOTH-C3: a message is shown whenever it comes and answers nothing.
            ServerMessage::Message { text } => {
                let text = String::from_utf8_lossy(&text);
                let text = text::harmless(text.trim_matches('\n'));
                effects.show.push(Note::Heard(format!("message: {text}")));
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

    fn answered(&mut self, asked: Asked, body: &[u8], effects: &mut Effects) {
        let is_refused = body.is_empty();
        match asked {
            Asked::Login { name } => self.logged_in(name, body, effects),
            Asked::List => {
                let shown = if is_refused {
                    "no such account, or the server does not take the expression".to_owned()
                } else {
                    let names = text::harmless(&String::from_utf8_lossy(body));
                    format!("accounts: {names}")
                };
                effects.show.push(Note::Heard(shown));
            }
            Asked::Send { name } if is_refused => {
                let name = text::harmless(&name);
                warn(effects, &format!("nothing was sent: is there a {name}?"));
            }
            Asked::Send { name } => {
                let name = text::harmless(&name);
                effects.show.push(Note::Heard(format!("sent to {name}")));
            }
            Asked::Messages if is_refused => warn(effects, "the server gives no messages"),
            Asked::Messages => effects
                .show
                .push(Note::Heard("no more messages".to_owned())),
            Asked::Delete if is_refused => warn(effects, "the account was not deleted"),
            Asked::Delete => {
                self.user = None;
                effects.show.push(Note::Heard("account deleted".to_owned()));
            }
        }
    }

    /// CHATBOOTH-C4: the token of the last login that succeeded; one that fails changes nothing.
    fn logged_in(&mut self, name: String, body: &[u8], effects: &mut Effects) {
        let Ok(token) = body.try_into().map(Token) else {
            let problem = "not logged in: the password is wrong, or the name is not a to z and _";
            warn(effects, problem);
            return;
        };
        let shown = text::harmless(&name);
        effects
            .show
            .push(Note::Heard(format!("logged in as {shown}")));
        self.user = Some(User { name, token });
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
                    self.user = None;
                    effects.show.push(Note::Heard("logged out".to_owned()));
                }
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
                // A message has no sender; this is how the document's client names it in the text.
                let text = format!("\nFROM: {own}\nTO: {user}\nMESSAGE: {text}\n");
                let request = ClientMessage::send(&user, &text, token);
                (Asked::Send { name: user }, request)
            }
            Command::List { pattern } => {
                let pattern = match pattern.as_str() {
                    "" => ALL.to_vec(),
                    pattern => pattern.as_bytes().to_vec(),
                };
                (Asked::List, ClientMessage::List { pattern, token })
            }
            Command::Delete => {
                let user = own.into_bytes();
                (Asked::Delete, ClientMessage::Delete { user, token })
            }
            _ => {
                let user = own.into_bytes();
                (Asked::Messages, ClientMessage::Deliver { user, token })
            }
        };
        Ok(self.ask(asked, &request, effects)?)
    }

    fn ask(
        &mut self,
        asked: Asked,
        request: &ClientMessage,
        effects: &mut Effects,
    ) -> Result<(), EncodeError> {
        self.waiting = Some(asked);
        request.encode(LIMIT, &mut effects.send)
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
            command => {
                self.finished |= command == Command::Exit;
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
        while let Some(message) = self.decoder.next_message()? {
            self.handle(message, effects)?;
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

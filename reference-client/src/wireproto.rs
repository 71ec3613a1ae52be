//! wireproto: actions of the user become requests, one at a time; messages are shown as they come.

use std::collections::VecDeque;

use clap::Args;
use reference_codecs::wireproto::{
    Action, ClientMessage, Field, Messages, Outcome, ServerMessage, VERSION,
};
use reference_codecs::{Decode, Decoder, Malformed, Reason};

use self::request::{Draft, MENU, Request};
use crate::arguments;
use crate::session::{Effects, Failure, Note, Session};
use crate::text;

mod request;

/// Requests that wait until the server has answered the one before them; beyond that the input is
/// left alone.
const QUEUE_LIMIT: usize = 100;

/// Where to connect.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Name or IP address of the server.
    #[arg(value_name = "HOST")]
    host: String,
    /// Port of the server.
    #[arg(value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
}

impl Options {
    pub(crate) fn address(&self) -> String {
        arguments::address(&self.host, self.port)
    }
}

/// The client's side of the protocol.
#[derive(Debug)]
pub(crate) struct Client {
    fields: Decoder<Field>,
    messages: Messages<ServerMessage>,
    /// Who is logged in.
    user: Option<String>,
    /// What the next line belongs to.
    draft: Option<Draft>,
    /// The request that has no answer yet.
    waiting: Option<Request>,
    queue: VecDeque<Request>,
    /// Whether the last words are said.
    has_left: bool,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            fields: Decoder::new(()),
            messages: Messages::new(Field::MAX_LEN),
            user: None,
            draft: None,
            waiting: None,
            queue: VecDeque::new(),
            has_left: false,
        }
    }
}

impl Client {
    fn handle(
        &mut self,
        message: Result<ServerMessage, Malformed>,
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        let ServerMessage {
            version,
            opcode,
            msg,
        } = message?;
        if version != VERSION {
            let reason = Reason::WrongFields(format!("version `{version}`"));
            return Err(Failure::Malformed(Malformed {
                offset: 0,
                field: "version",
                reason,
            }));
        }
        match Outcome::try_from(opcode) {
            // WIREPROTO-C2: shown whenever it comes; it answers nothing.
            Ok(Outcome::Push) => show_messages(&msg, effects),
            Ok(outcome) => self.answered(outcome, &msg, effects),
            Err(_) => warn(effects, &format!("the server says opcode {opcode}"), &msg),
        }
        self.ask_next(effects);
        Ok(())
    }

    fn answered(&mut self, outcome: Outcome, msg: &str, effects: &mut Effects) {
        let is_answer = |request: &mut Request| answers(outcome, request.action);
        let Some(request) = self.waiting.take_if(is_answer) else {
            if self.has_left {
                return;
            }
            let sentence = format!("an answer that nobody waits for: {}", meaning(outcome));
            warn(effects, &sentence, msg);
            return;
        };
        if outcome.is_failure() {
            // Somebody else has logged in to the account.
            if matches!(
                outcome,
                Outcome::SendNotLoggedIn
                    | Outcome::CheckNotLoggedIn
                    | Outcome::DeleteNotLoggedIn
                    | Outcome::QuitNotLoggedIn
            ) {
                self.user = None;
            }
            warn(effects, meaning(outcome), msg);
        } else {
            self.succeeded(outcome, request, msg, effects);
        }
    }

    fn succeeded(&mut self, outcome: Outcome, request: Request, msg: &str, effects: &mut Effects) {
        let name = text::harmless(&request.msg);
        match outcome {
            Outcome::Created => tell(effects, format!("account {name} created")),
            Outcome::LoggedIn => {
                tell(effects, format!("logged in as {name}"));
                self.user = Some(request.msg);
            }
            Outcome::Switched => {
                let before = text::harmless(&self.user.take().unwrap_or_default());
                tell(effects, format!("logged in as {name} instead of {before}"));
                self.user = Some(request.msg);
            }
            Outcome::Sent => {
                let receiver = text::harmless(&request.receiver);
                tell(effects, format!("sent to {receiver}"));
            }
            Outcome::Listed => {
                let names = text::harmless(msg);
                tell(effects, format!("accounts:\n    {names}"));
            }
            Outcome::Unread if msg.is_empty() => tell(effects, "no unread messages".to_owned()),
            Outcome::Deleted => {
                self.user = None;
                show_messages(msg, effects);
                tell(effects, "account deleted".to_owned());
            }
            Outcome::LoggedOut => {
                self.user = None;
                tell(effects, "logged out".to_owned());
                self.queue.clear();
                effects.finish = true;
                // The server may be faster with closing.
                effects.ends_within = Some(std::time::Duration::ZERO);
            }
            _ => show_messages(msg, effects),
        }
    }

    fn ask_next(&mut self, effects: &mut Effects) {
        if self.waiting.is_none()
            && let Some(request) = self.queue.pop_front()
        {
            effects.send.extend(request.message().to_bytes());
            self.waiting = Some(request);
        }
    }

    /// Asks for what is missing, or queues what is complete.
    fn advance(&mut self, draft: Draft, effects: &mut Effects) {
        if let Some(question) = draft.question() {
            tell(effects, question.to_owned());
            self.draft = Some(draft);
            return;
        }
        match draft.finish() {
            Ok(request) => {
                let said = format!("> {}", text::harmless(&request.line()));
                effects.show.push(Note::Said(said));
                self.queue.push_back(request);
            }
            Err(sentence) => effects.show.push(Note::Warning(sentence)),
        }
    }
}

/// Whether this is an answer to that.
fn answers(outcome: Outcome, action: Action) -> bool {
    use Outcome::{
        AlreadyHere, CheckNotLoggedIn, Created, DeleteNotLoggedIn, Deleted, Exists, Failed, Listed,
        LoggedIn, LoggedOut, Push, QuitNotLoggedIn, SendNotLoggedIn, Sent, Switched,
        UnknownAccount, UnknownReceiver, Unread,
    };
    match outcome {
        Created | Exists => action == Action::Create,
        LoggedIn | Switched | UnknownAccount | AlreadyHere => action == Action::LogIn,
        Sent | SendNotLoggedIn | UnknownReceiver => action == Action::Send,
        Unread | CheckNotLoggedIn => action == Action::Check,
        Deleted | DeleteNotLoggedIn => action == Action::Delete,
        Listed => action == Action::List,
        LoggedOut | QuitNotLoggedIn => action == Action::Quit,
        Failed => true,
        Push => false,
    }
}

/// WIREPROTO-C2: what the opcode of an answer means.
fn meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Created => "account created",
        Outcome::Exists => "not created: there is an account of this name already",
        Outcome::Sent => "sent",
        Outcome::SendNotLoggedIn => "not sent: log in first",
        Outcome::UnknownReceiver => "not sent: there is no account of this name",
        Outcome::Unread => "unread messages",
        Outcome::CheckNotLoggedIn => "nothing to check: log in first",
        Outcome::Deleted => "account deleted",
        Outcome::DeleteNotLoggedIn => "nothing was deleted: log in first",
        Outcome::Listed => "accounts",
        Outcome::LoggedOut => "logged out",
        Outcome::QuitNotLoggedIn => "nobody is logged in; the end of the input, or Ctrl-C, leaves",
        Outcome::LoggedIn | Outcome::Switched => "logged in",
        Outcome::UnknownAccount => "not logged in: there is no account of this name",
        Outcome::AlreadyHere => "this account is logged in here already",
        Outcome::Push => "a message",
        Outcome::Failed => "the server cannot do that",
    }
}

/// Lines of `sender:text`.
fn show_messages(lines: &str, effects: &mut Effects) {
    for line in lines.lines() {
        tell(effects, format!("message: {}", text::harmless(line)));
    }
}

fn tell(effects: &mut Effects, text: String) {
    effects.show.push(Note::Heard(text));
}

/// A sentence of ours, and what the server has to say about it.
fn warn(effects: &mut Effects, sentence: &str, msg: &str) {
    let warning = match text::harmless(msg) {
        msg if msg.is_empty() => sentence.to_owned(),
        msg => format!("{sentence} (the server says: {msg})"),
    };
    effects.show.push(Note::Warning(warning));
}

impl Session for Client {
    fn start(&mut self, effects: &mut Effects) -> Result<(), Failure> {
        tell(effects, format!("connected; {MENU}"));
        Ok(())
    }

    fn receive(&mut self, bytes: &[u8], effects: &mut Effects) -> Result<(), Failure> {
        self.fields.feed(bytes);
        while let Some(field) = self.fields.next_message()? {
            if let Some(message) = self.messages.add(field) {
                self.handle(message, effects)?;
            }
        }
        match self.messages.take_early() {
            Some(message) => self.handle(Ok(message), effects),
            None => Ok(()),
        }
    }

    fn line(&mut self, line: &str, effects: &mut Effects) -> Result<(), Failure> {
        let draft = match self.draft.take() {
            Some(mut draft) => {
                draft.answer(line);
                Some(draft)
            }
            None => Draft::parse(line),
        };
        match draft {
            Some(draft) => self.advance(draft, effects),
            None if line.trim().is_empty() => {}
            None => effects.show.push(Note::Warning(MENU.to_owned())),
        }
        self.ask_next(effects);
        Ok(())
    }

    fn wants_line(&self) -> bool {
        self.queue.len() < QUEUE_LIMIT
    }

    fn unanswered(&self) -> usize {
        self.queue.len() + usize::from(self.waiting.is_some())
    }

    fn is_inside_message(&self) -> bool {
        self.fields.pending() > 0 || self.messages.is_waiting()
    }

    fn waits_for_pause(&self) -> bool {
        self.fields.pending() == 0 && self.messages.is_open()
    }

    fn pause(&mut self, effects: &mut Effects) -> Result<(), Failure> {
        match self.messages.end() {
            Some(message) => self.handle(message, effects),
            None => Ok(()),
        }
    }

    /// WIREPROTO-C4: who is logged in, or may be by now, is logged out.
    fn leave(&mut self, effects: &mut Effects) -> Result<(), Failure> {
        self.queue.clear();
        self.has_left = true;
        let logs_in = |request: &Request| request.action == Action::LogIn;
        if self.user.take().is_some() || self.waiting.as_ref().is_some_and(logs_in) {
            let quit = ClientMessage::new(Action::Quit, "");
            effects.send.extend(quit.to_bytes());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

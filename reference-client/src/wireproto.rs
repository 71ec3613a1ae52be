//! wireproto: actions of the user become requests, one at a time; messages are shown as they come.

use std::collections::VecDeque;

use clap::Args;
use reference_codecs::wireproto::{
    Action, ClientMessage, Field, Messages, Outcome, ServerMessage, VERSION,
};
use reference_codecs::{Decode, Decoder, Malformed, Reason};

pub(crate) use self::faults::Fault;
use self::request::{Draft, MENU, Request};
use crate::arguments;
use crate::faults::{FaultOptions, Faults, Slips};
use crate::session::{Effects, Failure, Note, Session};
use crate::text;

mod answers;
mod faults;
mod request;
mod shown;

/// Requests that wait until the server has answered the one before them; beyond that the input is
/// left alone.
const QUEUE_LIMIT: usize = 100;

/// What a client with faults speaks that speaks another version.
const OTHER_VERSION: &str = "0.2";

/// Where to connect.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Name or IP address of the server.
    #[arg(value_name = "HOST")]
    host: String,
    /// Port of the server.
    #[arg(value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
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
    faults: Faults<Fault>,
    misdeeds: Misdeeds,
}

/// What only a client with faults has to remember.
#[derive(Debug, Default)]
struct Misdeeds {
    /// What is shown later.
    held: Vec<Note>,
    /// Messages that were pushed.
    pushed: Vec<Note>,
    /// Messages that were pushed in this read.
    heard: usize,
    /// Who the last text was for.
    receiver: Option<String>,
    /// A login was tried once more.
    retried: bool,
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
            faults: Faults::default(),
            misdeeds: Misdeeds::default(),
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

    fn handle(
        &mut self,
        message: Result<ServerMessage, Malformed>,
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        if self.has(Fault::OddTextKills) && message.is_err() {
            std::process::abort();
        }
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
        let kept = match Outcome::try_from(opcode) {
            // WIREPROTO-C2a: shown whenever it comes; it answers nothing.
            Ok(Outcome::Push) => {
                self.pushed(&msg, effects);
                Ok(())
            }
            Ok(outcome) => self.told(outcome, shown::whole(&msg, self.faults), effects),
            Err(_) => self.unknown(opcode, &msg, effects),
        };
        self.ask_next(effects);
        kept
    }

    fn pushed(&mut self, lines: &str, effects: &mut Effects) {
        if self.has(Fault::NamelessKills) && !lines.contains(':') {
            std::process::abort();
        }
        let notes: Vec<Note> = shown::pushed(lines, self.faults)
            .into_iter()
            .map(Note::Heard)
            .collect();
        self.misdeeds.heard += 1;
        if self.has(Fault::HeardLate) {
            let before = std::mem::replace(&mut self.misdeeds.held, notes);
            effects.show.extend(before);
        } else if self.has(Fault::HeardReordered) {
            effects.show.splice(0..0, notes);
        } else if !self.overlooks(lines) {
            if self.has(Fault::HeardTwice) {
                effects.show.extend(notes.iter().cloned());
            }
            if self.has(Fault::CheckRepeats) {
                self.misdeeds.pushed.extend(notes.iter().cloned());
            }
            effects.show.extend(notes);
        }
        if self.has(Fault::HeardAnswers) {
            self.waiting = None;
        }
        if self.has(Fault::HeardChecks) {
            self.queue.push_back(Request::alone(Action::Check));
        }
    }

    /// Whether a message that is pushed is not shown.
    fn overlooks(&self, lines: &str) -> bool {
        let own = self.user.as_ref().map(|user| format!("{user}:"));
        self.has(Fault::HeardUnshownWhileWaiting) && self.waiting.is_some()
            || self.has(Fault::HeardUnshownWhileAsking) && self.draft.is_some()
            || self.has(Fault::HeardOwnUnshown) && own.is_some_and(|own| lines.starts_with(&own))
            || self.has(Fault::HeardLongUnshown) && lines.len() >= 128
            || self.has(Fault::HeardTenOnly) && self.misdeeds.heard > 10
    }

    fn ask_next(&mut self, effects: &mut Effects) {
        if self.waiting.is_none()
            && let Some(request) = self.next()
        {
            effects.send.extend(request.to_bytes(self.faults));
            self.waiting = Some(request);
        }
    }

    /// WIREPROTO-C1a: the request that was chosen first.
    fn next(&mut self) -> Option<Request> {
        if self.has(Fault::TypedReordered) {
            self.queue.pop_back()
        } else {
            self.queue.pop_front()
        }
    }

    /// WIREPROTO-C1a: each request once.
    fn choose(&mut self, mut request: Request) {
        let is_early = self.user.is_none() && request.action != Action::LogIn;
        if self.has(Fault::LoginFirst) && is_early
            || self.has(Fault::TypedLost) && self.waiting.is_some()
        {
            return;
        }
        if self.has(Fault::LoginOfFirst)
            && request.action == Action::LogIn
            && let Some(user) = &self.user
        {
            request.msg.clone_from(user);
        }
        if self.has(Fault::ReceiverOfLast) && request.action == Action::Send {
            let before = self.misdeeds.receiver.replace(request.receiver.clone());
            request.receiver = before.unwrap_or(request.receiver);
        }
        if self.has(Fault::TypedTwice) {
            self.queue.push_back(request.clone());
        }
        self.queue.push_back(request);
    }

    /// Asks for what is missing, or queues what is complete.
    fn advance(&mut self, draft: Draft, effects: &mut Effects) {
        if let Some(question) = draft.question() {
            tell(effects, question.to_owned());
            self.draft = Some(draft);
            return;
        }
        match draft.finish(self.faults) {
            Ok(request) => {
                let said = format!("> {}", text::harmless(&request.line()));
                effects.show.push(Note::Said(said));
                self.choose(request);
            }
            Err(sentence) => effects.show.push(Note::Warning(sentence)),
        }
    }

    fn warn(&self, effects: &mut Effects, sentence: &str, msg: &str) {
        let warning = shown::said(sentence, msg, self.faults);
        effects.show.push(Note::Warning(warning));
    }

    /// Whether nobody looks at this field.
    fn skips(&self, field: &Field) -> bool {
        if self.has(Fault::UnknownFieldKills) && field.number > 3 {
            std::process::abort();
        }
        self.has(Fault::ReadsMerged) && field.number == 1 && self.messages.is_waiting()
    }

    /// Forgets what has come of a message, and of all that follows it.
    fn lose_read(&mut self) {
        self.fields = Decoder::new(());
        self.messages = Messages::new(Field::MAX_LEN);
    }
}

fn is_push(message: &Result<ServerMessage, Malformed>) -> bool {
    matches!(message, Ok(message) if message.opcode == i32::from(Outcome::Push))
}

fn tell(effects: &mut Effects, text: String) {
    effects.show.push(Note::Heard(text));
}

impl Session for Client {
    fn start(&mut self, effects: &mut Effects) -> Result<(), Failure> {
        tell(effects, format!("connected; {MENU}"));
        Ok(())
    }

    fn receive(&mut self, bytes: &[u8], effects: &mut Effects) -> Result<(), Failure> {
        self.misdeeds.heard = 0;
        if self.has(Fault::ZeroKills) && bytes.first() == Some(&0) {
            std::process::abort();
        }
        if self.has(Fault::SingleBytesLost) && bytes.len() == 1 {
            return Ok(());
        }
        self.fields.feed(bytes);
        while let Some(field) = self.fields.next_message()? {
            if self.skips(&field) {
                continue;
            }
            if let Some(message) = self.messages.add(field) {
                let is_push = is_push(&message);
                self.handle(message, effects)?;
                if self.has(Fault::HeardBehindLost) && is_push
                    || self.has(Fault::BehindAnswerLost) && !is_push
                {
                    self.lose_read();
                }
            }
        }
        if self.has(Fault::HeardPartLost) {
            self.fields = Decoder::new(());
        }
        let last = if self.has(Fault::PieceIsWhole) {
            self.messages.end()
        } else {
            self.messages.take_early().map(Ok)
        };
        match last {
            Some(message) => self.handle(message, effects),
            None => Ok(()),
        }
    }

    fn line(&mut self, line: &str, effects: &mut Effects) -> Result<(), Failure> {
        let chooses = self.has(Fault::NumberChooses) && Draft::parse(line).is_some();
        let draft = match self.draft.take() {
            Some(mut draft) if !chooses => {
                draft.answer(line);
                Some(draft)
            }
            _ => Draft::parse(line),
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
        let is_in = self.user.take().is_some() || self.waiting.as_ref().is_some_and(logs_in);
        let unsaid = self.has(Fault::QuitUnsaidWhileWaiting) && self.waiting.is_some();
        if is_in && !unsaid || self.has(Fault::QuitAlways) {
            let mut quit = ClientMessage::new(Action::Quit, "");
            if self.has(Fault::VersionOfQuit) {
                OTHER_VERSION.clone_into(&mut quit.version);
            }
            effects.send.extend(quit.to_bytes());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

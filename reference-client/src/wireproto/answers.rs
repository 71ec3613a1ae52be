//! What the server answers: what it is about, what it means, and what follows from it.

use std::mem::replace;
use std::time::Duration;

use reference_codecs::wireproto::{Action, Outcome};

use super::faults::Fault;
use super::request::Request;
use super::{Client, shown, tell};
use crate::session::{Effects, Failure, Note};
use crate::text;

impl Client {
    /// WIREPROTO-C2: what an answer says is told.
    pub(super) fn told(
        &mut self,
        outcome: Outcome,
        msg: &str,
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        if self.has(Fault::EmptyAnswerKills) && msg.is_empty() {
            std::process::abort();
        }
        let before = effects.show.len();
        let kept = self.answered(outcome, msg, effects);
        if self.is_untold(outcome) {
            effects.show.truncate(before);
        }
        if self.has(Fault::ToldLate) {
            let told = effects.show.split_off(before);
            let earlier = replace(&mut self.misdeeds.held, told);
            effects.show.extend(earlier);
        }
        kept
    }

    fn is_untold(&self, outcome: Outcome) -> bool {
        outcome.is_failure() && self.has(Fault::RefusedUntold)
            || match outcome {
                Outcome::Created => self.has(Fault::CreatedUntold),
                Outcome::Sent => self.has(Fault::SentUntold),
                Outcome::UnknownReceiver => self.has(Fault::NoReceiverUntold),
                Outcome::Failed => self.has(Fault::FailedUntold),
                Outcome::AlreadyHere => self.has(Fault::AlreadyUntold),
                Outcome::Unread => self.has(Fault::CheckUnshown),
                _ => false,
            }
    }

    fn answered(
        &mut self,
        outcome: Outcome,
        msg: &str,
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        let is_answer = |request: &mut Request| answers(outcome, request.action);
        let Some(request) = self.waiting.take_if(is_answer) else {
            if self.has_left {
                return Ok(());
            }
            let sentence = format!("an answer that nobody waits for: {}", meaning(outcome));
            self.warn(effects, &sentence, msg);
            return self.gives_up(Fault::UnaskedEnds);
        };
        if outcome.is_failure() {
            self.failed(outcome, request, msg, effects)
        } else {
            self.succeeded(outcome, request, msg, effects)
        }
    }

    fn failed(
        &mut self,
        outcome: Outcome,
        request: Request,
        msg: &str,
        effects: &mut Effects,
    ) -> Result<(), Failure> {
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
        if self.has(Fault::RefusedAsDone) {
            tell(effects, "done".to_owned());
        } else {
            self.warn(effects, meaning(outcome), msg);
        }
        if outcome == Outcome::UnknownAccount {
            if self.has(Fault::FailedForgets) {
                self.user = None;
            }
            if self.has(Fault::FailedCounts) {
                self.user = Some(request.msg.clone());
            }
            if self.has(Fault::LoginAgain) && !replace(&mut self.misdeeds.retried, true) {
                self.queue.push_front(request.clone());
            }
        }
        if self.has(Fault::RefusedStops) {
            self.waiting = Some(request);
        }
        self.gives_up(Fault::RefusedEnds)
    }

    /// WIREPROTO-C8: whatever a server says is no reason to end; a failure only with this fault.
    fn gives_up(&self, fault: Fault) -> Result<(), Failure> {
        if !self.has(fault) {
            return Ok(());
        }
        Err(Failure::Refused {
            status: 1,
            sentence: "the server says something unusual".to_owned(),
        })
    }

    /// WIREPROTO-C8a: an opcode that there is not.
    pub(super) fn unknown(
        &self,
        opcode: i32,
        msg: &str,
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        self.warn(effects, &format!("the server says opcode {opcode}"), msg);
        if !(0..0x80).contains(&opcode) {
            self.gives_up(Fault::LongOpcodeEnds)?;
        }
        self.gives_up(Fault::UnknownOpcodeEnds)
    }

    fn succeeded(
        &mut self,
        outcome: Outcome,
        request: Request,
        msg: &str,
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        let name = text::harmless(&request.msg);
        match outcome {
            Outcome::Created => {
                tell(effects, format!("account {name} created"));
                if self.has(Fault::CreatedCounts) {
                    self.user = Some(request.msg);
                }
            }
            Outcome::LoggedIn | Outcome::Switched => self.logged_in(outcome, request.msg, effects),
            Outcome::Sent => {
                let receiver = text::harmless(&request.receiver);
                tell(effects, format!("sent to {receiver}"));
            }
            Outcome::Listed => {
                let names = shown::names(msg, self.faults);
                tell(effects, format!("accounts:\n    {names}"));
            }
            Outcome::Deleted => self.deleted(msg, effects),
            Outcome::LoggedOut => return self.logged_out(effects),
            _ => self.unread(msg, effects),
        }
        Ok(())
    }

    fn logged_in(&mut self, outcome: Outcome, name: String, effects: &mut Effects) {
        let before = self.user.take().unwrap_or_default();
        let (shown, before) = (text::harmless(&name), text::harmless(&before));
        let is_switch = outcome == Outcome::Switched;
        let instead = if is_switch {
            format!(" instead of {before}")
        } else {
            String::new()
        };
        tell(effects, format!("logged in as {shown}{instead}"));
        if !(is_switch && self.has(Fault::SwitchForgets)) {
            self.user = Some(name);
        }
        if self.has(Fault::CheckUnasked) {
            self.queue.push_front(Request::alone(Action::Check));
        }
    }

    /// WIREPROTO-C2c: what has waited is shown.
    fn unread(&mut self, msg: &str, effects: &mut Effects) {
        effects.show.append(&mut self.misdeeds.pushed);
        if msg.is_empty() {
            tell(effects, "no unread messages".to_owned());
        }
        let lines = shown::unread(msg, self.faults);
        effects.show.extend(lines.into_iter().map(Note::Heard));
    }

    fn deleted(&mut self, msg: &str, effects: &mut Effects) {
        if !self.has(Fault::DeletedCounts) {
            self.user = None;
        }
        if !self.has(Fault::DeleteUnshown) {
            let lines = shown::deleted(msg, self.faults);
            effects.show.extend(lines.into_iter().map(Note::Heard));
        }
        if !self.has(Fault::DeletedUntold) {
            tell(effects, "account deleted".to_owned());
        }
    }

    /// WIREPROTO-C1d: this ends the program.
    fn logged_out(&mut self, effects: &mut Effects) -> Result<(), Failure> {
        self.user = None;
        tell(effects, "logged out".to_owned());
        self.queue.clear();
        if self.has(Fault::QuitIgnored) {
            return Ok(());
        }
        effects.finish = true;
        // The server may be faster with closing.
        effects.ends_within = Some(Duration::ZERO);
        self.gives_up(Fault::QuitFails)
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

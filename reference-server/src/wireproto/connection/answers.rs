//! What a connection answers to what its client asks for.

use std::sync::Arc;
use std::time::Duration;

use reference_codecs::wireproto::{ALL, Action, Outcome, ServerMessage};
use tokio::time::sleep;

use super::{Connection, SMALL, STALL, Stop, text};
use crate::mail::Mail;
use crate::wireproto::Fault;
use crate::wireproto::accounts::{Accounts, Login};
use crate::wireproto::session::{Ending, Refusal, Request};

/// How long it takes for an expression that repeats something.
const SLOW: Duration = Duration::from_millis(2500);

/// Bytes of a queue that it gives at once.
const PART: usize = 1 << 10;

/// Lines of which each ends in a line break.
fn lines<'a>(lines: impl Iterator<Item = &'a Arc<str>>) -> String {
    let mut joined = String::new();
    for line in lines {
        joined.push_str(line);
        joined.push('\n');
    }
    joined
}

impl Connection {
    /// A request that is not carried out is answered by a failure.
    pub(super) fn refuse(&mut self, refusal: &Refusal) {
        let logs_out = match refusal {
            Refusal::Exists => self.has(Fault::RefusedCreateLogsOut),
            Refusal::BadPattern => self.has(Fault::BadPatternLogsOut),
            _ => false,
        };
        if logs_out {
            let place = self.place.clone();
            self.shared.door.tell(move |desk| desk.log_out_here(&place));
        }
        if matches!(refusal, Refusal::Unreadable(_)) && self.has(Fault::OddByteCrashes) {
            self.shared.shutdown.cancel();
        }
        if matches!(refusal, Refusal::UnknownOpcode(_)) && self.has(Fault::UnknownOpcodeDeletes) {
            let place = self.place.clone();
            self.shared.door.tell(move |desk| desk.delete_here(&place));
        }
        let unanswered = match refusal {
            Refusal::UnknownOpcode(_) => self.has(Fault::OpcodeUnanswered),
            Refusal::Unreadable(_) => self.has(Fault::MalformedUnanswered),
            _ => false,
        };
        if unanswered {
            return;
        }
        let answer = refusal.answer(self.faults()).to_bytes();
        if self.has(Fault::RefusedTwice) {
            self.outgoing.push_answer(answer.clone());
        }
        self.outgoing.push_answer(answer);
    }

    pub(super) async fn answer(&mut self, request: Request) -> Result<(), Stop> {
        let place = self.place.clone();
        match request {
            Request::Create { name } => self.create(name).await,
            Request::LogIn { name } => self.log_in(name).await,
            Request::Send { receiver, text } => self.send(receiver, text).await,
            Request::Check => {
                let mail = self.ask(move |desk| desk.check(&place)).await??;
                self.hand_over(Outcome::Unread, mail);
                Ok(())
            }
            Request::Delete => {
                let mail = self.ask(move |desk| desk.delete(&place)).await??;
                if self.has(Fault::DeletedTwice) {
                    self.say(Outcome::Deleted, "");
                }
                self.hand_over(Outcome::Deleted, mail);
                if self.has(Fault::DeleteRefusedBehind) {
                    self.say(Outcome::DeleteNotLoggedIn, "Log in first.");
                }
                Ok(())
            }
            Request::List { pattern } => self.list(pattern).await,
            Request::Quit => {
                self.ask(move |desk| desk.quit(&place)).await??;
                self.say(Outcome::LoggedOut, "You are logged out.");
                if self.has(Fault::QuitStaysOpen) || self.has(Fault::QuitStaysOnline) {
                    return Ok(());
                }
                let written = self.outgoing.write(&mut self.link);
                if self.has(Fault::QuitClosesLate) {
                    sleep(SLOW).await;
                }
                Err(Stop::Ended(
                    written.map_or_else(Into::into, |()| Ending::Quit),
                ))
            }
        }
    }

    async fn create(&mut self, name: String) -> Result<(), Stop> {
        let created = format!("{name} is created.");
        if self.place.account.is_none() && self.has(Fault::CreateNeedsLogin) {
            return Err(Refusal::NotLoggedIn(Action::Create).into());
        }
        let forgotten = self.place.account.is_some() && self.has(Fault::CreateForgotten);
        if !forgotten {
            let accepted = self.has(Fault::ExistsAccepted);
            let done = self.ask(move |desk| desk.create(&name)).await?;
            if !(accepted && done == Err(Refusal::Exists)) {
                done?;
            }
        }
        self.say(Outcome::Created, created);
        Ok(())
    }

    async fn send(&mut self, receiver: String, text: String) -> Result<(), Stop> {
        let place = self.place.clone();
        let sent = format!("The message to {receiver} is sent.");
        // What one sends to oneself comes before the answer, as the document's server has it.
        let unanswered = text.is_empty() && self.has(Fault::EmptyUnanswered);
        let pushed = self.ask(move |desk| {
            desk.send(&place, &receiver, &text)?;
            Ok::<_, Refusal>(desk.fetch(&place))
        });
        let pushed = pushed.await??;
        let to_self = !pushed.is_empty();
        self.outgoing.push_mail(pushed);
        if unanswered
            || self.has(Fault::SendUnanswered)
            || to_self && self.has(Fault::SelfUnanswered)
        {
            return Ok(());
        }
        if self.has(Fault::SentTwice) {
            self.say(Outcome::Sent, sent.clone());
        }
        self.say(Outcome::Sent, sent);
        Ok(())
    }

    async fn log_in(&mut self, name: String) -> Result<(), Stop> {
        let place = self.place.clone();
        let answer = format!("{name} is logged in.");
        let Login {
            account,
            has_switched,
        } = self.ask(move |desk| desk.log_in(&name, &place)).await??;
        self.place.account = Some(account);
        let outcome = if has_switched {
            Outcome::Switched
        } else {
            Outcome::LoggedIn
        };
        self.say(outcome, answer);
        Ok(())
    }

    /// WIREPROTO-6
    async fn list(&mut self, pattern: String) -> Result<(), Stop> {
        self.dawdle(&pattern).await;
        let star = pattern == ALL;
        let online = self.has(Fault::ListOfOnline) || star && self.has(Fault::StarListsOnline);
        let names = if online {
            self.ask(|desk| desk.names_online()).await?
        } else {
            self.ask(Accounts::names).await?
        };
        let listed = if star && !self.has(Fault::StarRefused) {
            self.joined(names.iter())
        } else {
            let all = Arc::clone(&names);
            let pattern = self.expression(pattern);
            let found = self.shared.searcher.find(pattern.into_bytes(), names).await;
            match found {
                Some(found) if !found.is_empty() || !self.has(Fault::ListOfNoneIsAll) => {
                    self.joined(found.iter())
                }
                None if self.has(Fault::BadPatternListsNobody) => String::new(),
                None if !self.has(Fault::BadPatternListsAll) => {
                    return Err(Refusal::BadPattern.into());
                }
                _ => self.joined(all.iter()),
            }
        };
        let memory = match listed.len() {
            ..=SMALL => None,
            long => Some(self.shared.memory(long).ok_or(Refusal::ServerFull)?),
        };
        let answer = ServerMessage::new(Outcome::Listed, listed).to_bytes();
        match memory {
            None => self.outgoing.push_answer(answer),
            Some(memory) => self.outgoing.push_long_answer(answer, memory),
        }
        if self.has(Fault::ListAnsweredTwice) {
            self.say(Outcome::Listed, "once more");
        }
        Ok(())
    }

    /// What a server does about an expression that is told to take its time.
    async fn dawdle(&self, pattern: &str) {
        let repeats = pattern != ALL && pattern.contains(['*', '+']);
        if repeats && self.has(Fault::ListStalls) {
            self.shared.door.hold_up(STALL);
        }
        if self.has(Fault::ListsQueued) {
            let _turn = self.shared.one_list.lock().await;
            if repeats {
                sleep(STALL).await;
            }
        }
        let has_alternatives = pattern.contains('|') && self.has(Fault::AlternativesSlow);
        if has_alternatives || repeats && self.has(Fault::ListSlow) {
            sleep(SLOW).await;
        }
        if pattern.len() > 4 << 10 && self.has(Fault::LongPatternCrashes) {
            self.shared.shutdown.cancel();
        }
    }

    /// The expression that a pattern is.
    fn expression(&self, pattern: String) -> String {
        if self.has(Fault::ListAsGlob) {
            let glob = regex::escape(&pattern);
            let glob = glob.replace(r"\*", ".*").replace(r"\?", ".");
            return format!("^{glob}$");
        }
        pattern
    }

    fn joined<'a>(&self, names: impl Iterator<Item = &'a Arc<str>>) -> String {
        let lines = lines(names);
        if self.has(Fault::ListInOneLine) {
            return lines.replace('\n', ", ");
        }
        lines
    }

    fn say(&mut self, outcome: Outcome, text: impl Into<String>) {
        let answer = ServerMessage::new(outcome, text);
        self.outgoing.push_answer(answer.to_bytes());
    }

    /// WIREPROTO-4: what waited, in one answer.
    fn hand_over(&mut self, outcome: Outcome, mail: Vec<Mail>) {
        let mut queue: Vec<u8> = mail
            .iter()
            .flat_map(|mail| mail.text.iter().copied())
            .collect();
        if self.has(Fault::QueueCut) {
            queue.truncate(PART);
        }
        if self.has(Fault::QueueInParts) && queue.len() > PART {
            let rest = queue.split_off(PART);
            self.say(outcome, text(&queue));
            queue = rest;
        }
        let answer = ServerMessage::new(outcome, text(&queue));
        self.outgoing.push_answer_with(answer.to_bytes(), mail);
    }
}

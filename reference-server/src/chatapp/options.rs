//! What can be chosen about the server.

use std::path::PathBuf;
use std::time::Duration;

use super::Fault;
use crate::duration;
use crate::faults::{self, Faults};
use crate::log::Log;
use crate::options::{OptionError, count, read};
use crate::size;

/// How the server behaves. [`Options::default`] keeps everything in memory and has no log.
#[derive(Debug, Clone)]
pub struct Options {
    /// The `SQLite` file that keeps users and texts over a restart; `None`, the default, keeps
    /// them as long as the server runs.
    pub db: Option<PathBuf>,
    /// How long a client has to answer `test` and to acknowledge `send_all`; above zero, 0.5 s by
    /// default.
    pub answer_timeout: Duration,
    /// Where registrations, texts and departures are told, without the texts.
    pub log: Log,
    /// What bounds the memory of the server.
    pub limits: Limits,
    /// Rules that it breaks on purpose, none by default.
    pub faults: Faults<Fault>,
}

/// What bounds the memory of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Users that can be registered; more are refused. 10,000 by default.
    pub users: usize,
    /// Texts that wait for one user; more are refused. 10,000 by default.
    pub queued_messages: usize,
    /// Bytes of texts that wait for one user; more are refused. 4 MiB by default.
    pub queued_bytes: usize,
    /// Questions to clients that are open at a time; requests that need more are refused. 65,536
    /// by default.
    pub questions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            users: 10_000,
            queued_messages: 10_000,
            queued_bytes: 4 << 20,
            questions: 1 << 16,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            db: None,
            answer_timeout: Duration::from_millis(500),
            log: Log::discard(),
            limits: Limits::default(),
            faults: Faults::default(),
        }
    }
}

impl Options {
    /// The names that [`set`](Self::set) takes.
    pub const NAMES: [&'static str; 7] = [
        "db",
        "answer_timeout",
        "users",
        "queued_messages",
        "queued_bytes",
        "questions",
        "fault",
    ];

    /// Sets the parameter `name`, with the value as a user writes it.
    ///
    /// Fails for a name outside [`NAMES`](Self::NAMES) and for a value that it does not take;
    /// nothing is changed then.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), OptionError> {
        match name {
            "db" => self.db = (!value.is_empty()).then(|| PathBuf::from(value)),
            "answer_timeout" => self.answer_timeout = read(name, value, duration::parse)?,
            "users" => self.limits.users = count(name, value, 1..=1 << 20)?,
            "queued_messages" => self.limits.queued_messages = count(name, value, 1..=1 << 20)?,
            "queued_bytes" => self.limits.queued_bytes = read(name, value, size::parse)?,
            "questions" => self.limits.questions = count(name, value, 1..=1 << 20)?,
            "fault" => self.faults.add(read(name, value, faults::parse)?),
            _ => return Err(OptionError::unknown(name, &Self::NAMES)),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_can_be_set_by_name() {
        let mut options = Options::default();
        let values = ["users.db", "400ms", "3", "4", "5KiB", "6", "mail-again"];
        for (name, value) in Options::NAMES.into_iter().zip(values) {
            options.set(name, value).unwrap();
        }
        assert_eq!(options.db, Some(PathBuf::from("users.db")));
        assert_eq!(options.answer_timeout, Duration::from_millis(400));
        let limits = Limits {
            users: 3,
            queued_messages: 4,
            queued_bytes: 5 << 10,
            questions: 6,
        };
        assert_eq!(options.limits, limits);
        assert!(options.faults.has(Fault::MailAgain));
        options.set("db", "").unwrap();
        assert_eq!(options.db, None);
    }

    #[test]
    fn errors_say_what_would_be_right() {
        let mut options = Options::default();
        let mut error = |name, value| options.set(name, value).unwrap_err().to_string();
        assert!(error("wait", "1s").ends_with("questions, fault"));
        assert!(error("users", "0").ends_with("from 1 to 1048576"));
        assert!(error("answer_timeout", "0s").ends_with("must be longer than 0"));
    }
}

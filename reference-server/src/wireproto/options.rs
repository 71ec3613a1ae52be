//! What can be chosen about the server.

use std::time::Duration;

use super::Fault;
use crate::faults::{self, Faults};
use crate::log::Log;
use crate::options::{OptionError, count, read};
use crate::{duration, size};

/// How the server behaves. [`Options::default`] is what the document says, without a log.
#[derive(Debug, Clone)]
pub struct Options {
    /// Silence of a client after which its last message is taken to be whole; above zero, 200 ms
    /// by default.
    pub pause: Duration,
    /// Where accounts, logins and messages are told, without texts.
    pub log: Log,
    /// What bounds the memory of the server.
    pub limits: Limits,
    /// The rules that it breaks; none by default.
    pub faults: Faults<Fault>,
}

/// What bounds the memory of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest request in bytes; 16 KiB by default.
    pub message: usize,
    /// Connections at a time; more are closed at once. 10,000 by default.
    pub connections: usize,
    /// Accounts at a time; more are not created. 100,000 by default.
    pub accounts: usize,
    /// Messages that wait for one account; more are refused. 10,000 by default.
    pub queued_messages: usize,
    /// Bytes that wait for one account; more are refused. 4 MiB by default.
    pub queued_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message: 16 << 10,
            connections: 10_000,
            accounts: 100_000,
            queued_messages: 10_000,
            queued_bytes: 4 << 20,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pause: Duration::from_millis(200),
            log: Log::discard(),
            limits: Limits::default(),
            faults: Faults::default(),
        }
    }
}

impl Options {
    /// The names that [`set`](Self::set) takes.
    pub const NAMES: [&'static str; 7] = [
        "pause",
        "max_message",
        "connections",
        "accounts",
        "queued_messages",
        "queued_bytes",
        "fault",
    ];

    /// Sets the parameter `name`, with the value as a user writes it.
    ///
    /// Fails for a name outside [`NAMES`](Self::NAMES) and for a value that it does not take;
    /// nothing is changed then.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), OptionError> {
        match name {
            "pause" => self.pause = read(name, value, duration::parse)?,
            "max_message" => self.limits.message = read(name, value, parse_message)?,
            "connections" => self.limits.connections = count(name, value, 1..=1 << 20)?,
            "accounts" => self.limits.accounts = count(name, value, 1..=1 << 20)?,
            "queued_messages" => self.limits.queued_messages = count(name, value, 1..=1 << 20)?,
            "queued_bytes" => self.limits.queued_bytes = read(name, value, size::parse)?,
            "fault" => self.faults.add(read(name, value, faults::parse)?),
            _ => return Err(OptionError::unknown(name, &Self::NAMES)),
        }
        Ok(())
    }
}

/// Reads the longest request, from 1 KiB to 64 KiB.
pub(crate) fn parse_message(text: &str) -> Result<usize, String> {
    let message = size::parse(text).map_err(|error| error.to_string())?;
    if (1 << 10..=64 << 10).contains(&message) {
        Ok(message)
    } else {
        Err("must be from 1KiB to 64KiB".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_can_be_set_by_name() {
        let mut options = Options::default();
        let values = ["400ms", "2KiB", "3", "4", "5", "6KiB", "echo"];
        for (name, value) in Options::NAMES.into_iter().zip(values) {
            options.set(name, value).unwrap();
        }
        assert_eq!(options.pause, Duration::from_millis(400));
        assert!(options.faults.has(Fault::Echo));
        let limits = Limits {
            message: 2048,
            connections: 3,
            accounts: 4,
            queued_messages: 5,
            queued_bytes: 6144,
        };
        assert_eq!(options.limits, limits);
    }

    #[test]
    fn errors_say_what_would_be_right() {
        let mut options = Options::default();
        let mut error = |name, value| options.set(name, value).unwrap_err().to_string();
        assert!(error("idle", "1s").ends_with("queued_bytes, fault"));
        assert!(error("max_message", "65KiB").ends_with("must be from 1KiB to 64KiB"));
        assert!(error("accounts", "0").ends_with("from 1 to 1048576"));
    }
}

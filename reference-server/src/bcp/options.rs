//! What can be chosen about the server.

use std::time::Duration;

use reference_codecs::bcp::Dialect;

use super::Fault;
use crate::duration;
use crate::faults::{self, Faults};
use crate::log::Log;
use crate::options::{OptionError, count, read};

/// How the server behaves. [`Options::default`] is what the document says, without a log.
#[derive(Debug, Clone)]
pub struct Options {
    /// How the bytes are written.
    pub dialect: Dialect,
    /// Inactivity after which a client is disconnected; above zero, 60 s by default.
    pub idle_timeout: Duration,
    /// Time between two looks for inactive clients; above zero, 10 s by default.
    pub check_interval: Duration,
    /// Where registrations, messages and disconnects are told.
    pub log: Log,
    /// What bounds the memory of the server.
    pub limits: Limits,
    /// The rules that it breaks; none by default.
    pub faults: Faults<Fault>,
}

/// What bounds the memory of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time; more are closed at once. 50,000 by default.
    pub connections: usize,
    /// Messages that a client may be behind before it is disconnected, at least 100. They are kept
    /// once for all clients, so this bounds the memory of the room, not of a client. Rounded up to
    /// a power of two; 16,384 by default, so that 10,000 clients can join while one is silent.
    pub kept_messages: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 50_000,
            kept_messages: 16_384,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dialect: Dialect::default(),
            idle_timeout: Duration::from_secs(60),
            check_interval: Duration::from_secs(10),
            log: Log::discard(),
            limits: Limits::default(),
            faults: Faults::default(),
        }
    }
}

impl Options {
    /// The names that [`set`](Self::set) takes.
    pub const NAMES: [&'static str; 6] = [
        "dialect",
        "idle_timeout",
        "check_interval",
        "kept_messages",
        "connections",
        "fault",
    ];

    /// Sets the parameter `name`, with the value as a user writes it.
    ///
    /// Fails for a name outside [`NAMES`](Self::NAMES) and for a value that it does not take;
    /// nothing is changed then.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), OptionError> {
        match name {
            "dialect" => self.dialect = read(name, value, str::parse)?,
            "idle_timeout" => self.idle_timeout = read(name, value, duration::parse)?,
            "check_interval" => self.check_interval = read(name, value, duration::parse)?,
            "kept_messages" => self.limits.kept_messages = count(name, value, 100..=1 << 20)?,
            "connections" => self.limits.connections = count(name, value, 1..=1 << 20)?,
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
        let values = ["rpchat", "400ms", "100ms", "200", "3", "echo"];
        for (name, value) in Options::NAMES.into_iter().zip(values) {
            options.set(name, value).unwrap();
        }
        assert_eq!(options.dialect, Dialect::RpChat);
        assert_eq!(options.idle_timeout, Duration::from_millis(400));
        assert_eq!(options.check_interval, Duration::from_millis(100));
        assert_eq!(
            options.limits,
            Limits {
                connections: 3,
                kept_messages: 200
            }
        );
        assert!(options.faults.has(Fault::Echo));
    }

    #[test]
    fn errors_say_what_would_be_right() {
        let mut options = Options::default();
        let mut error = |name, value| options.set(name, value).unwrap_err().to_string();
        assert_eq!(
            error("idle", "1s"),
            "unknown parameter `idle`; the parameters are dialect, idle_timeout, \
             check_interval, kept_messages, connections, fault"
        );
        assert_eq!(
            error("idle_timeout", "60"),
            "`60` is no value for `idle_timeout`: write a whole number and a unit: 400ms, 2s, \
             1m or 1h"
        );
        assert_eq!(
            error("dialect", "c"),
            "`c` is no value for `dialect`: unknown dialect `c`; the dialects are spec and rpchat"
        );
        assert_eq!(
            error("kept_messages", "99"),
            "`99` is no value for `kept_messages`: write a number from 100 to 1048576"
        );
    }
}

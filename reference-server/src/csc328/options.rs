//! What can be chosen about the server.

use std::time::Duration;

use reference_codecs::csc328::Dialect;

use super::Fault;
use crate::duration;
use crate::faults::{self, Faults};
use crate::log::Log;
use crate::options::{OptionError, count, read};
use crate::size;

/// How the server behaves. [`Options::default`] is what the document says, without a log.
#[derive(Debug, Clone)]
pub struct Options {
    /// How the bytes are written.
    pub dialect: Dialect,
    /// How long clients are served after the shutdown notice; 5 s by default. The notice names the
    /// whole seconds in it.
    pub shutdown_delay: Duration,
    /// Where connections, nicknames and texts are told.
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
    /// Texts that a client may be behind before it is disconnected, at least 100. They are kept
    /// once for all clients. Rounded up to a power of two; 16,384 by default.
    pub kept_messages: usize,
    /// Bytes of these texts from which on new ones wait until those are gone who do not read.
    /// 32 MiB by default.
    pub kept_bytes: usize,
    /// How long a client may leave unread what was sent to it; 10 s by default.
    pub unread_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 50_000,
            kept_messages: 16_384,
            kept_bytes: 32 << 20,
            unread_timeout: Duration::from_secs(10),
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dialect: Dialect::default(),
            shutdown_delay: Duration::from_secs(5),
            log: Log::discard(),
            limits: Limits::default(),
            faults: Faults::default(),
        }
    }
}

impl Options {
    /// The names that [`set`](Self::set) takes.
    pub const NAMES: [&'static str; 7] = [
        "dialect",
        "shutdown_delay",
        "unread_timeout",
        "kept_messages",
        "kept_bytes",
        "connections",
        "fault",
    ];

    /// Sets the parameter `name`, with the value as a user writes it.
    ///
    /// Fails for a name outside [`NAMES`](Self::NAMES) and for a value that it does not take;
    /// nothing is changed then.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), OptionError> {
        let limits = &mut self.limits;
        match name {
            "dialect" => self.dialect = read(name, value, str::parse)?,
            "shutdown_delay" => self.shutdown_delay = read(name, value, duration::parse)?,
            "unread_timeout" => limits.unread_timeout = read(name, value, duration::parse)?,
            "kept_messages" => limits.kept_messages = count(name, value, 100..=1 << 20)?,
            "kept_bytes" => limits.kept_bytes = read(name, value, size::parse)?,
            "connections" => limits.connections = count(name, value, 1..=1 << 20)?,
            "fault" => self.faults.add(read(name, value, faults::parse)?),
            _ => return Err(OptionError::unknown(name, &Self::NAMES)),
        }
        Ok(())
    }

    /// The number in the shutdown notice: never more than the time that follows it.
    pub(super) fn seconds_of_notice(&self) -> u64 {
        let more = if self.faults.has(Fault::NoticeTooLong) {
            3
        } else {
            0
        };
        self.shutdown_delay.as_secs() + more
    }

    /// How long connections go on after the notice.
    pub(super) fn time_after_notice(&self) -> Duration {
        if self.faults.has(Fault::EndsEarly) {
            return self.shutdown_delay / 2;
        }
        if self.faults.has(Fault::EndsLate) {
            return self.shutdown_delay + Duration::from_secs(3);
        }
        self.shutdown_delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_can_be_set_by_name() {
        let mut options = Options::default();
        let values = ["json32", "2s", "300ms", "200", "1MiB", "3", "echo"];
        for (name, value) in Options::NAMES.into_iter().zip(values) {
            options.set(name, value).unwrap();
        }
        assert_eq!(options.dialect, Dialect::Json32);
        assert_eq!(options.shutdown_delay, Duration::from_secs(2));
        let limits = Limits {
            connections: 3,
            kept_messages: 200,
            kept_bytes: 1 << 20,
            unread_timeout: Duration::from_millis(300),
        };
        assert_eq!(options.limits, limits);
        assert!(options.faults.has(Fault::Echo));
    }

    #[test]
    fn errors_say_what_would_be_right() {
        let mut options = Options::default();
        let mut error = |name, value| options.set(name, value).unwrap_err().to_string();
        assert!(error("delay", "1s").starts_with("unknown parameter `delay`"));
        assert!(error("shutdown_delay", "5").contains("write a whole number and a unit"));
        assert!(error("dialect", "c").contains("the dialects are word, json16"));
    }

    #[test]
    fn the_notice_never_promises_more_than_is_kept() {
        let mut options = Options::default();
        for (delay, seconds) in [("5s", 5), ("1999ms", 1), ("400ms", 0)] {
            options.set("shutdown_delay", delay).unwrap();
            assert_eq!(options.seconds_of_notice(), seconds);
        }
    }
}

//! Short forms of things for people.

use std::fmt::Write as _;
use std::time::Duration;

use crate::event::PartOfRun;
use crate::verdict::{Level, ScenarioId, Verdict};
use crate::wire::Message;

/// A message in one line: `deliver from "alice" message "hi"`. Long values are shortened.
pub(super) fn message(message: &Message) -> String {
    let mut text = message.kind.to_string();
    for (name, value) in &message.fields {
        // Writing to a string does not fail.
        let _ = write!(text, " {name} {value}");
    }
    text
}

/// Bytes as hexadecimal pairs, the first `most` of them.
pub(super) fn hex(bytes: &[u8], most: usize) -> String {
    let pairs: Vec<String> = bytes
        .iter()
        .take(most)
        .map(|b| format!("{b:02x}"))
        .collect();
    let more = if bytes.len() > most { " …" } else { "" };
    format!("{}{more}", pairs.join(" "))
}

/// A time in seconds with as many digits as are of use.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

/// `1 scenario`, `2 scenarios`.
pub(super) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// The word for a level.
pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "must",
        Level::Should => "should",
    }
}

/// The word for a verdict at the start of a line.
pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "PASS",
        Verdict::Warn => "WARN",
        Verdict::Fail => "FAIL",
        Verdict::Inconclusive => "INCONCLUSIVE",
        Verdict::Skip => "SKIP",
        Verdict::ExpectedFailure => "EXPECTED FAILURE",
        Verdict::UnexpectedPass => "UNEXPECTED PASS",
    }
}

/// `shard 2 of 8, of 115 scenarios`.
pub(super) fn part(part: PartOfRun) -> String {
    let PartOfRun { number, of, whole } = part;
    format!("shard {number} of {of}, of {}", count(whole, "scenario"))
}

/// The group that a scenario belongs to: `bcp/registration`, `bcp (rpchat)/registration`.
pub(super) fn group(id: &ScenarioId) -> String {
    match &id.dialect {
        Some(dialect) => format!("{} ({dialect})/{}", id.protocol, id.area),
        None => format!("{}/{}", id.protocol, id.area),
    }
}

/// A word of a command line, quoted for a POSIX shell where it needs to be.
pub(super) fn quoted(word: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(harmless) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_command_line_survive_the_shell() {
        assert_eq!(quoted("scenarios/bcp"), "scenarios/bcp");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("the server's"), r"'the server'\''s'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("$(x)"), "'$(x)'");
    }

    #[test]
    fn bytes_are_shown_as_pairs() {
        assert_eq!(hex(&[0, 255, 16], 3), "00 ff 10");
        assert_eq!(hex(&[0, 255, 16], 2), "00 ff …");
    }
}

//! How much of a scenario is recorded.

use crate::verdict::Verdict;

/// Limits for one scenario, beside those of its transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Events, from the first on.
    pub events: usize,
    /// Bytes of one message.
    pub bytes: usize,
    /// Bytes of all messages; each further one keeps [`FEW_BYTES`].
    pub all_bytes: usize,
    /// Characters of one piece of text.
    pub text: usize,
    /// Values of fields are shown at length.
    pub long_values: bool,
    /// Ranges of bytes that are explained.
    pub segments: usize,
    /// Lines that the program printed, from the last back.
    pub output: usize,
}

/// Bytes of a message whose details nobody will look at.
pub const FEW_BYTES: usize = 64;

/// Of a scenario that passed or was skipped: enough to see what it does.
pub const PASSED: Bounds = Bounds {
    events: 200,
    bytes: FEW_BYTES,
    all_bytes: usize::MAX,
    text: 200,
    long_values: false,
    segments: 0,
    output: 50,
};

/// Of every other scenario: all that may help to mend it.
pub const IN_FULL: Bounds = Bounds {
    events: usize::MAX,
    bytes: crate::transcript::MAX_EVENT_BYTES,
    all_bytes: 256 * 1024,
    text: 4_096,
    long_values: true,
    segments: 4_000,
    output: usize::MAX,
};

/// The limits for a scenario that ended so.
pub fn of(verdict: Verdict) -> Bounds {
    use Verdict::{ExpectedFailure, Fail, Inconclusive, Pass, Skip, UnexpectedPass, Warn};
    match verdict {
        Pass | Skip | UnexpectedPass => PASSED,
        Fail | Warn | Inconclusive | ExpectedFailure => IN_FULL,
    }
}

/// The text, or its first `most` characters and how long it was.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}… ({} bytes)", &text[..at], text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("日本語", 3), "日本語");
        assert_eq!(cut("日本語", 2), "日本… (9 bytes)");
    }
}

//! The words of the document, shared by the dialects that write them.

use crate::decode::EncodeError;

pub(super) const HELLO: &str = "HELLO";
pub(super) const NICK: &str = "NICK";
pub(super) const READY: &str = "READY";
pub(super) const RETRY: &str = "RETRY";
pub(super) const BYE: &str = "BYE";

/// What stands between the sender and the text of a broadcast.
const COLON: &str = ": ";

/// The sentence that announces the end.
pub(super) fn shutdown(seconds: u64) -> String {
    format!("Server will shut down in {seconds} seconds")
}

/// The seconds of a sentence that announces the end, however it is worded: the first number in
/// front of the word `second`.
pub(super) fn seconds(sentence: &[u8]) -> Option<u64> {
    let sentence = std::str::from_utf8(sentence).ok()?;
    if !sentence.contains("shut") {
        return None;
    }
    let (before, _) = sentence.split_once(" second")?;
    let digits = before.trim_end_matches(|char: char| char.is_ascii_digit());
    before.get(digits.len()..)?.parse().ok()
}

/// A broadcast as one text.
pub(super) fn broadcast(from: &[u8], text: &[u8]) -> Vec<u8> {
    [from, COLON.as_bytes(), text].concat()
}

/// The sender and the text of a broadcast.
pub(super) fn split_broadcast(broadcast: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = broadcast
        .windows(COLON.len())
        .position(|window| window == COLON.as_bytes())?;
    let (from, text) = broadcast.split_at_checked(at)?;
    Some((from, text.get(COLON.len()..)?))
}

/// The nickname behind `NICK`, which may be missing.
pub(super) fn nickname(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(NICK.as_bytes())?;
    match rest {
        [] => Some(rest),
        [b' ', name @ ..] => Some(name),
        _ => None,
    }
}

/// Bytes that a dialect of texts carries as UTF-8.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, EncodeError> {
    std::str::from_utf8(bytes).map_err(|_| EncodeError::NotCarried {
        field: "bytes that are not UTF-8",
    })
}

//! What a server has said, as it is shown.

use super::faults::Fault;
use crate::faults::{Faults, half_raw, in_ascii, in_words};
use crate::text;

/// WIREPROTO-C2a: messages that were pushed, lines of `sender:text`.
pub(super) fn pushed(lines: &str, faults: Faults<Fault>) -> Vec<String> {
    let lines = match lines.lines().next() {
        Some(line) if faults.has(Fault::HeardFirstLine) => line,
        _ => lines,
    };
    let shown = |line: &str| {
        let line = cut_off(line, faults);
        if faults.has(Fault::ControlsRaw) {
            line
        } else if faults.has(Fault::ControlsHalfRaw) {
            half_raw(&line)
        } else {
            text::harmless(&line)
        }
    };
    as_messages(lines.lines().map(shown))
}

/// A line without what is not shown of it.
fn cut_off(line: &str, faults: Faults<Fault>) -> String {
    let text = match line.split_once(':') {
        Some((_, text)) if faults.has(Fault::HeardNameless) => text,
        Some((sender, text)) if faults.has(Fault::HeardToColon) => {
            let len = text.find(':').unwrap_or(text.len());
            &line[..=sender.len() + len]
        }
        _ => line,
    };
    if faults.has(Fault::HeardInAscii) {
        in_ascii(text)
    } else if faults.has(Fault::HeardInWords) {
        in_words(text)
    } else {
        text.to_owned()
    }
}

/// WIREPROTO-C2c: messages that have waited until a check.
pub(super) fn unread(lines: &str, faults: Faults<Fault>) -> Vec<String> {
    queue(lines, faults, faults.has(Fault::QueueRaw))
}

/// WIREPROTO-C2c: messages that have waited until a delete.
pub(super) fn deleted(lines: &str, faults: Faults<Fault>) -> Vec<String> {
    queue(lines, faults, faults.has(Fault::DeleteRaw))
}

fn queue(lines: &str, faults: Faults<Fault>, is_raw: bool) -> Vec<String> {
    let few = if faults.has(Fault::CheckFirstOnly) {
        1
    } else {
        usize::MAX
    };
    let shown = |line: &str| {
        if is_raw {
            line.to_owned()
        } else {
            text::harmless(line)
        }
    };
    let mut messages = as_messages(lines.lines().take(few).map(shown));
    if faults.has(Fault::CheckReversed) {
        messages.reverse();
    }
    messages
}

fn as_messages(lines: impl Iterator<Item = String>) -> Vec<String> {
    lines.map(|line| format!("message: {line}")).collect()
}

/// WIREPROTO-C2c: the names of a list.
pub(super) fn names(lines: &str, faults: Faults<Fault>) -> String {
    let few = if faults.has(Fault::ListFirstOnly) {
        1
    } else if faults.has(Fault::ListHundred) {
        100
    } else {
        usize::MAX
    };
    let names: String = lines.split_inclusive('\n').take(few).collect();
    if faults.has(Fault::ListRaw) {
        names
    } else {
        text::harmless(&names)
    }
}

/// WIREPROTO-C2: a sentence of ours, and what the server has to say about it.
pub(super) fn said(sentence: &str, msg: &str, faults: Faults<Fault>) -> String {
    let msg = if faults.has(Fault::WordsRaw) {
        msg.to_owned()
    } else {
        text::harmless(msg)
    };
    if msg.is_empty() {
        sentence.to_owned()
    } else {
        format!("{sentence} (the server says: {msg})")
    }
}

/// WIREPROTO-C6: the text of an answer, whole however long it is.
pub(super) fn whole(msg: &str, faults: Faults<Fault>) -> &str {
    if faults.has(Fault::AnswerCut) {
        text::cut(msg, 1024)
    } else if faults.has(Fault::AnswerCutLate) {
        text::cut(msg, usize::from(u16::MAX))
    } else if faults.has(Fault::AnswerSizeSigned) && (0x80..0x100).contains(&msg.len()) {
        ""
    } else {
        msg
    }
}

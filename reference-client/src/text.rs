//! Texts of other people on the way to a terminal.

use std::fmt::Write;

/// `text` with everything spelled out that could steer a terminal or reorder what it shows.
///
/// Tabs stay. Later lines are indented, so that no line passes for a message of somebody else.
pub(crate) fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let text = text.replace("\r\n", "\n");
    for char in text.trim_end_matches('\n').chars() {
        match char {
            '\n' => shown.push_str("\n    "),
            '\t' => shown.push('\t'),
            _ => push_harmless(&mut shown, char),
        }
    }
    shown
}

/// A message as one entry of the conversation; both parts may be any bytes.
pub(crate) fn message(sender: &[u8], text: &[u8]) -> String {
    let mut shown = String::new();
    for char in String::from_utf8_lossy(sender).chars() {
        push_harmless(&mut shown, char);
    }
    shown + ": " + &harmless(&String::from_utf8_lossy(text))
}

/// The beginning of `text` that fits into `limit` bytes, never with half a character at its end.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The first word and what follows it.
pub(crate) fn first_word(line: &str) -> (&str, &str) {
    let line = line.trim_start_matches(' ');
    match line.split_once(' ') {
        Some((word, rest)) => (word, rest.trim_start_matches(' ')),
        None => (line, ""),
    }
}

/// Controls, and marks that change the direction of writing or end a line for some terminals.
pub(crate) fn is_harmful(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn push_harmless(shown: &mut String, char: char) {
    if !is_harmful(char) {
        shown.push(char);
        return;
    }
    // Writing to a string cannot fail.
    let _ = match u32::from(char) {
        code @ ..0x100 => write!(shown, "\\x{code:02x}"),
        code => write!(shown, "\\u{code:04x}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn controls_are_spelled_out() {
        assert_eq!(
            harmless("a\x1b[2Jb\x07\x7f\u{9b}\u{202e}\u{2066}c"),
            "a\\x1b[2Jb\\x07\\x7f\\x9b\\u202e\\u2066c"
        );
    }

    #[test]
    fn text_of_any_language_stays() {
        for text in [
            "grüße",
            "你好",
            "مرحبا",
            "שלום",
            "नमस्ते",
            "👩\u{200d}👧",
            "tab\there",
        ] {
            assert_eq!(harmless(text), text);
        }
    }

    #[test]
    fn no_line_passes_for_a_message_of_its_own() {
        assert_eq!(
            harmless("hi\nbob: spoof\r\nx\n"),
            "hi\n    bob: spoof\n    x"
        );
        assert_eq!(
            message(b"eve\nbob\t", b"\xffx\n"),
            "eve\\x0abob\\x09: \u{fffd}x"
        );
    }

    #[test]
    fn a_cut_leaves_whole_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut(&"€".repeat(2000), 4095).len(), 4095);
        assert_eq!(cut(&"🎉".repeat(2000), 4095).len(), 4092);
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_left(text in ".{0,40}", bytes: Vec<u8>) {
            for shown in [harmless(&text), message(&bytes, text.as_bytes())] {
                prop_assert!(shown.chars().all(|c| c == '\n' || c == '\t' || !is_harmful(c)));
                prop_assert!(shown.lines().skip(1).all(|line| line.starts_with("    ")));
            }
        }
    }
}

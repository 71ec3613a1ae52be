//! Text of peers, made harmless before anybody sees it.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

/// How many characters are shown of one piece of text.
pub(super) const MAX_CHARS: usize = 2_000;

/// How many marks may stand above or below one character; more would cover other lines.
const MAX_MARKS: usize = 4;

/// The text with everything escaped that is not simply a visible character: control characters
/// and terminal escapes, line breaks, overrides of the writing direction, invisible formatting;
/// cut after 2,000 characters.
pub fn safe(text: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    if text.len() <= MAX_CHARS && text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len().min(MAX_CHARS));
    let mut marks = 0;
    let mut count = 0;
    for c in text.chars() {
        if count >= MAX_CHARS {
            // Writing to a string does not fail.
            let _ = write!(shown, "… ({} bytes)", text.len());
            break;
        }
        marks = if c.width() == Some(0) { marks + 1 } else { 0 };
        if is_visible(c) && marks <= MAX_MARKS {
            shown.push(c);
            count += 1;
        } else {
            shown.extend(c.escape_debug());
            count += c.escape_debug().count();
        }
    }
    Cow::Owned(shown)
}

/// Whether a character shows as itself and does nothing to its neighbours.
fn is_visible(c: char) -> bool {
    if c.is_ascii() {
        return c == ' ' || c.is_ascii_graphic();
    }
    // `str` rather than `char`, whose escapes include the marks of ordinary written languages.
    let mut buffer = [b'a'; 5];
    let len = c.encode_utf8(&mut buffer[1..]).len();
    std::str::from_utf8(&buffer[..=len]).is_ok_and(|pair| pair.escape_debug().nth(1) == Some(c))
}

/// The first characters of a text that fit into `width` columns, with `…` when something is lost.
pub(super) fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if unicode_width::UnicodeWidthStr::width(text) <= width {
        return Cow::Borrowed(text);
    }
    let mut used = 0;
    let end = text.char_indices().find_map(|(at, c)| {
        used += c.width().unwrap_or(0);
        (used + 1 > width).then_some(at)
    });
    Cow::Owned(format!("{}…", &text[..end.unwrap_or(text.len())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_on_a_terminal_gets_through() {
        for c in (0..=0x1f_u32).chain(0x7f..=0x9f).chain([
            0xad, 0x061c, 0x200b, 0x200e, 0x200f, 0x2028, 0x2029, 0xfeff, 0xe0001,
        ]) {
            let c = char::from_u32(c).unwrap();
            assert!(!safe(&format!("a{c}b")).contains(c), "{c:?}");
        }
        for c in ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}') {
            assert!(!safe(&format!("a{c}b")).contains(c), "{c:?}");
        }
        assert_eq!(safe("\x1b[2Ja\nb\u{202e}"), "\\u{1b}[2Ja\\nb\\u{202e}");
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for text in [
            "plain \"text\" it's \\ done",
            "é ü 日本語 🙂",
            "e\u{301}",
            "हिन्दी",
        ] {
            assert_eq!(safe(text), text);
        }
    }

    #[test]
    fn nothing_is_endless() {
        assert!(safe(&"x".repeat(1_000_000)).len() < MAX_CHARS + 40);
        assert!(safe(&"\x1b".repeat(1_000_000)).len() < MAX_CHARS + 40);
        let marks = format!("a{}", "\u{301}".repeat(100));
        assert!(safe(&marks).contains("\\u{301}"));
    }

    #[test]
    fn texts_are_cut_by_columns() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("abc", 0), "…");
    }
}

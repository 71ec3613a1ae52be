//! One line being typed, with a history. Knows nothing of the terminal.

use std::collections::VecDeque;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::keys::{Key, Keys};
use super::lines::LINE_LIMIT;
use crate::text;

/// Lines that can be recalled.
const HISTORY_LIMIT: usize = 500;

/// The line, its history and where one is in both.
#[derive(Debug, Default)]
pub(super) struct Editor {
    keys: Keys,
    line: String,
    /// In bytes, always between two characters as a reader counts them.
    cursor: usize,
    has_ended: bool,
    history: VecDeque<String>,
    /// The entry that is shown; the line being typed comes after the last one.
    at: usize,
    /// The line being typed, while an entry is shown.
    draft: String,
}

impl Editor {
    /// The lines that were finished by Enter. After the end of input nothing counts any more.
    pub(super) fn feed(&mut self, typed: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for key in self.keys.feed(typed) {
            if self.has_ended {
                break;
            }
            if key == Key::Enter {
                lines.push(self.finish());
            } else {
                self.press(key);
            }
        }
        lines
    }

    /// Takes the line that was finished last out of the history, and away if it was recalled.
    pub(super) fn forget(&mut self, line: &str) {
        if self.history.back().is_none_or(|last| last != line) {
            return;
        }
        self.history.pop_back();
        if self.at == self.history.len() {
            self.line = std::mem::take(&mut self.draft);
            self.cursor = self.line.len();
        }
        self.at = self.at.min(self.history.len());
    }

    /// Whether the user has ended the input, with Ctrl-D on an empty line.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// The part of the line around the cursor that takes less than `columns`, and the column of
    /// the cursor in it.
    pub(super) fn view(&self, columns: usize) -> (String, usize) {
        let (before, after) = self.line.split_at(self.cursor);
        let (mut shown, mut column) = (VecDeque::new(), 0);
        for part in before.graphemes(true).rev() {
            if column + width(part) >= columns {
                break;
            }
            column += width(part);
            shown.push_front(part);
        }
        let mut total = column;
        for part in after.graphemes(true) {
            total += width(part);
            if total >= columns {
                break;
            }
            shown.push_back(part);
        }
        (
            shown.into_iter().collect::<String>().replace('\t', " "),
            column,
        )
    }

    fn finish(&mut self) -> String {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() && self.history.back() != Some(&line) {
            self.history.push_back(line.clone());
            if self.history.len() > HISTORY_LIMIT {
                self.history.pop_front();
            }
        }
        self.cursor = 0;
        self.draft.clear();
        self.at = self.history.len();
        line
    }

    fn press(&mut self, key: Key) {
        match key {
            Key::Char(char) => self.insert(char),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = self.line.len(),
            Key::Left => self.cursor = self.left(),
            Key::Right => self.cursor = self.right(),
            Key::WordLeft => self.cursor = self.word_left(),
            Key::WordRight => self.cursor = self.word_right(),
            Key::Older => self.recall(self.at.checked_sub(1)),
            Key::Newer => self.recall(Some(self.at + 1)),
            Key::Backspace => self.remove(self.left(), self.cursor),
            Key::DeleteOrEnd if self.line.is_empty() => self.has_ended = true,
            Key::Delete | Key::DeleteOrEnd => self.remove(self.cursor, self.right()),
            Key::KillAfter => self.line.truncate(self.cursor),
            Key::KillBefore => self.remove(0, self.cursor),
            Key::KillWord => self.remove(self.word_left(), self.cursor),
            Key::Enter | Key::Unknown => {}
        }
    }

    fn insert(&mut self, char: char) {
        if self.line.len() + char.len_utf8() > LINE_LIMIT
            || (text::is_harmful(char) && char != '\t')
        {
            return;
        }
        let start = self.left();
        let end = self.cursor + char.len_utf8();
        self.line.insert(self.cursor, char);
        // It may have joined with its neighbours into one character; the cursor goes behind that.
        let mut borders = self.line[start..]
            .grapheme_indices(true)
            .map(|(at, part)| start + at + part.len());
        self.cursor = borders.find(|&border| border >= end).unwrap_or(end);
    }

    fn left(&self) -> usize {
        let last = self.line[..self.cursor].graphemes(true).next_back();
        self.cursor - last.map_or(0, str::len)
    }

    fn right(&self) -> usize {
        let next = self.line[self.cursor..].graphemes(true).next();
        self.cursor + next.map_or(0, str::len)
    }

    fn word_left(&self) -> usize {
        let kept = self.line[..self.cursor].trim_end();
        kept.char_indices()
            .rev()
            .find(|(_, c)| c.is_whitespace())
            .map_or(0, |(i, c)| i + c.len_utf8())
    }

    fn word_right(&self) -> usize {
        let rest = &self.line[self.cursor..];
        let skipped = rest.len() - rest.trim_start().len();
        let word = rest[skipped..]
            .find(char::is_whitespace)
            .unwrap_or(rest.len() - skipped);
        self.cursor + skipped + word
    }

    fn remove(&mut self, start: usize, end: usize) {
        self.line.replace_range(start..end, "");
        self.cursor = start;
    }

    fn recall(&mut self, at: Option<usize>) {
        let Some(at) = at.filter(|&at| at <= self.history.len()) else {
            return;
        };
        if self.at == self.history.len() {
            self.draft.clone_from(&self.line);
        }
        self.at = at;
        self.line
            .clone_from(self.history.get(at).unwrap_or(&self.draft));
        self.cursor = self.line.len();
    }
}

/// Columns that a character takes; a tab is shown as one space.
fn width(part: &str) -> usize {
    if part == "\t" { 1 } else { part.width() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn typed(keys: &str) -> Editor {
        let mut editor = Editor::default();
        editor.feed(keys.as_bytes());
        editor
    }

    #[track_caller]
    fn check(keys: &str, left: &str, right: &str) {
        let editor = typed(keys);
        assert_eq!(editor.line.split_at(editor.cursor), (left, right));
    }

    #[test]
    fn keys_do_what_they_say() {
        check("abc\x7f", "ab", "");
        check("abc\x1b[D\x1b[DX", "aX", "bc");
        check("abc\x01X\x05Y", "XabcY", "");
        check("abc\x1b[H\x1b[3~", "", "bc");
        check("one two  \x17", "one ", "");
        check("one two\x1b[1;5D\x0b", "one ", "");
        check("one two\x1bb\x15", "", "two");
        check("one two\x01\x1b[1;5C!", "one!", " two");
        check("e\u{301}\x7f", "", "");
        check("👩\u{200d}👧\x1b[Dx", "x", "👩\u{200d}👧");
        check("a\x07\x1b[99;5~\x1b\x1b[Cb\u{202e}", "ab", "");
        check(
            "\x1b[3~\x7f\x0b\x15\x17\x1b[D\x1b[C\x1b[A\x1b[B\x1bb\x1bf",
            "",
            "",
        );
    }

    #[test]
    fn the_history_keeps_the_draft() {
        let mut editor = Editor::default();
        assert_eq!(editor.feed(b"one\rtwo\rtwo\rdraft"), ["one", "two", "two"]);
        let seen: Vec<_> = [
            b"\x1b[A", b"\x1b[A", b"\x1b[A", b"\x1b[B", b"\x1b[B", b"\x1b[B",
        ]
        .map(|key| {
            editor.feed(key);
            editor.line.clone()
        })
        .to_vec();
        assert_eq!(seen, ["two", "one", "one", "two", "draft", "draft"]);
    }

    #[test]
    fn a_forgotten_line_cannot_be_recalled() {
        let mut editor = Editor::default();
        editor.feed(b"one\rsecret\r");
        editor.forget("secret");
        editor.forget("never typed");
        editor.feed(b"\x1b[A");
        assert_eq!(editor.line, "one");
        let mut editor = Editor::default();
        editor.feed(b"secret\rdraft\x1b[A");
        editor.forget("secret");
        assert_eq!(editor.line, "draft");
        editor.feed(b"\x1b[A");
        assert_eq!(editor.line, "draft");
    }

    #[test]
    fn the_history_is_bounded() {
        let mut editor = Editor::default();
        for i in 0..HISTORY_LIMIT + 5 {
            editor.feed(format!("{i}\r").as_bytes());
        }
        assert_eq!(editor.history.len(), HISTORY_LIMIT);
        editor.feed(b"\x1b[A");
        assert_eq!(editor.line, (HISTORY_LIMIT + 4).to_string());
    }

    #[test]
    fn input_ends_only_on_an_empty_line() {
        let mut editor = typed("ab\x01\x04\x1b[3~\x1b[3~");
        assert!(editor.line.is_empty() && !editor.has_ended());
        assert!(editor.feed(b"\x04more\r").is_empty() && editor.has_ended());
    }

    #[test]
    fn a_long_line_scrolls() {
        assert_eq!(typed("0123456789").view(5), ("6789".to_owned(), 4));
        assert_eq!(typed("0123456789\x01").view(5), ("0123".to_owned(), 0));
        assert_eq!(typed("好好好").view(5), ("好好".to_owned(), 4));
        assert_eq!(typed(&"x".repeat(2 * LINE_LIMIT)).line.len(), LINE_LIMIT);
    }

    proptest! {
        #[test]
        fn any_keys_leave_a_line_that_fits(
            keys in "[a-c 好\u{301}é👩\u{200d}\t\u{1}\u{2}\u{4}\u{5}\u{6}\u{8}\u{b}\u{e}\u{10}\u{15}\u{17}\u{1b}\\[ABCDHF~;1235Obf\r]{0,60}",
            columns in 1_usize..20,
        ) {
            let editor = typed(&keys);
            prop_assert!(editor.line.is_char_boundary(editor.cursor));
            let (shown, column) = editor.view(columns);
            prop_assert!(column < columns);
            prop_assert!(shown.graphemes(true).map(width).sum::<usize>() < columns.max(1) + 1);
        }
    }
}

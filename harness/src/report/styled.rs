//! Lines made of pieces that have a role; what colour a role has is decided at the edge.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::safe::{self, safe};

/// What a piece of text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Ordinary text.
    Plain,
    /// What names the thing that follows.
    Heading,
    /// The word for what is right.
    Good,
    /// The word or the mark for what is wrong.
    Bad,
    /// The word or the mark for what deserves a look.
    Caution,
    /// What can be skipped when reading.
    Faint,
    /// A place in a file.
    Place,
    /// A name to look for: a rule, an actor.
    Name,
}

impl Role {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Heading => Style::new().bold(),
            Self::Good => AnsiColor::Green.on_default().bold(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Caution => AnsiColor::Yellow.on_default().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Place => AnsiColor::Cyan.on_default(),
            Self::Name => AnsiColor::Blue.on_default().bold(),
        }
    }
}

/// A piece of a line. Its text is safe for a terminal, whoever it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    role: Role,
    text: String,
}

/// One line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    pieces: Vec<Piece>,
    hang: usize,
    whole: bool,
}

impl Line {
    /// A line of ordinary text.
    pub fn of(text: impl AsRef<str>) -> Self {
        Self::default().add(Role::Plain, text)
    }

    /// Adds text in a role; what could act on a terminal is escaped, line breaks too.
    #[must_use]
    pub fn add(mut self, role: Role, text: impl AsRef<str>) -> Self {
        let text = safe(text.as_ref()).into_owned();
        if !text.is_empty() {
            self.pieces.push(Piece { role, text });
        }
        self
    }

    /// Adds ordinary text.
    #[must_use]
    pub fn then(self, text: impl AsRef<str>) -> Self {
        self.add(Role::Plain, text)
    }

    /// Adds spaces up to this column.
    #[must_use]
    pub fn pad(self, column: usize) -> Self {
        let missing = column.saturating_sub(self.width());
        self.then(" ".repeat(missing))
    }

    /// Where the text goes on when the line is wrapped: here.
    #[must_use]
    pub fn hang_here(mut self) -> Self {
        self.hang = self.width();
        self
    }

    /// This line is never wrapped: somebody is going to copy it.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    /// How many columns it takes.
    pub fn width(&self) -> usize {
        self.pieces.iter().map(|piece| piece.text.width()).sum()
    }

    /// The same line cut to `width` columns, with `…` at the end when something is lost.
    #[must_use]
    pub fn cut(mut self, width: usize) -> Self {
        if self.width() <= width {
            return self;
        }
        let mut left = width;
        self.pieces.retain_mut(|piece| {
            let fits = piece.text.width() < left;
            if !fits && left > 0 {
                piece.text.push('…');
                piece.text = safe::cut(&piece.text, left).into_owned();
            }
            let kept = left > 0;
            left = if fits { left - piece.text.width() } else { 0 };
            kept
        });
        self
    }

    fn indented(mut self, by: usize) -> Self {
        if by > 0 && !self.pieces.is_empty() {
            let text = " ".repeat(by);
            self.hang += by;
            self.pieces.insert(
                0,
                Piece {
                    role: Role::Plain,
                    text,
                },
            );
        }
        self
    }

    fn wrapped(self, width: usize) -> Vec<Self> {
        if self.whole || self.width() <= width {
            return vec![self];
        }
        let mut wrapper = Wrapper::new(width, self.hang);
        for piece in &self.pieces {
            for word in piece.text.split_inclusive(' ') {
                wrapper.word(piece.role, word);
            }
        }
        wrapper.finish()
    }

    fn write(&self, colors: bool, out: &mut String) {
        let last = self.pieces.len().saturating_sub(1);
        for (index, piece) in self.pieces.iter().enumerate() {
            let text = if index == last {
                piece.text.trim_end()
            } else {
                &piece.text
            };
            let style = piece.role.style();
            if colors && !style.is_plain() && !text.trim().is_empty() {
                // Writing to a string does not fail.
                let _ = write!(out, "{style}{text}{style:#}");
            } else {
                out.push_str(text);
            }
        }
    }
}

/// Breaks a line at its spaces, and words that are wider than the line anywhere.
struct Wrapper {
    width: usize,
    hang: usize,
    done: Vec<Line>,
    line: Line,
    used: usize,
    fresh: bool,
}

impl Wrapper {
    fn new(width: usize, hang: usize) -> Self {
        Self {
            width: width.max(2),
            hang: hang.min(width * 2 / 3),
            done: Vec::new(),
            line: Line::default(),
            used: 0,
            fresh: true,
        }
    }

    fn word(&mut self, role: Role, word: &str) {
        let visible = word.trim_end_matches(' ').width();
        if self.used + visible > self.width && !self.fresh {
            self.next_line();
        }
        if visible == 0 && self.fresh && !self.done.is_empty() {
            return;
        }
        for c in word.chars() {
            let width = c.width().unwrap_or(0);
            if c != ' ' && self.used + width > self.width {
                self.next_line();
            }
            self.put(role, c);
            self.used += width;
        }
        self.fresh = self.fresh && visible == 0;
    }

    fn put(&mut self, role: Role, c: char) {
        match self.line.pieces.last_mut() {
            Some(piece) if piece.role == role => piece.text.push(c),
            _ => self.line.pieces.push(Piece {
                role,
                text: c.to_string(),
            }),
        }
    }

    fn next_line(&mut self) {
        let next = Line::of(" ".repeat(self.hang));
        self.done.push(std::mem::replace(&mut self.line, next));
        self.used = self.hang;
        self.fresh = true;
    }

    fn finish(mut self) -> Vec<Line> {
        if !self.fresh || self.done.is_empty() {
            self.done.push(self.line);
        }
        self.done
    }
}

/// Lines that are ready to be written, in colour or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    lines: Vec<Line>,
}

impl Rendered {
    /// Adds a line.
    pub fn push(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Adds an empty line, unless there is one already or nothing stands above it.
    pub fn gap(&mut self) {
        if self
            .lines
            .last()
            .is_some_and(|line| !line.pieces.is_empty())
        {
            self.lines.push(Line::default());
        }
    }

    /// Adds the lines of another part, moved to the right.
    pub fn append(&mut self, other: Self, indent: usize) {
        let lines = other.lines.into_iter();
        self.lines.extend(lines.map(|line| line.indented(indent)));
    }

    /// Adds a part of its own, after an empty line; nothing for an empty one.
    pub fn section(&mut self, other: Self) {
        if !other.is_empty() {
            self.gap();
            self.append(other, 0);
        }
    }

    /// True when there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// How many lines there are before wrapping.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// The same text with no line wider than `width` columns, except those to be copied.
    #[must_use]
    pub fn wrapped(self, width: usize) -> Self {
        let lines = self.lines.into_iter();
        Self {
            lines: lines.flat_map(|line| line.wrapped(width)).collect(),
        }
    }

    /// The text, each line ended; with ANSI colours or without.
    pub fn to_text(&self, colors: bool) -> String {
        let mut out = String::new();
        for line in &self.lines {
            line.write(colors, &mut out);
            out.push('\n');
        }
        out
    }
}

impl FromIterator<Line> for Rendered {
    fn from_iter<I: IntoIterator<Item = Line>>(lines: I) -> Self {
        Self {
            lines: lines.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrap(line: Line, width: usize) -> String {
        Rendered::from_iter([line]).wrapped(width).to_text(false)
    }

    #[test]
    fn long_lines_go_on_below_their_text() {
        let line = Line::of("hint  ").hang_here().then("one two three four");
        assert_eq!(
            wrap(line.clone(), 14),
            "hint  one two\n      three\n      four\n"
        );
        assert_eq!(wrap(line.clone(), 80), "hint  one two three four\n");
        assert_eq!(wrap(line.whole(), 10), "hint  one two three four\n");
    }

    #[test]
    fn a_word_without_spaces_is_broken_anywhere() {
        assert_eq!(wrap(Line::of("x".repeat(25)), 10).lines().count(), 3);
        assert_eq!(wrap(Line::of("日本語日本語"), 5), "日本\n語日\n本語\n");
    }

    #[test]
    fn every_width_keeps_the_words() {
        let text = "one two  three four-five six seven eight nine ten";
        let words: Vec<&str> = text.split_whitespace().collect();
        for width in 16..60 {
            let shown = wrap(Line::of("    ").hang_here().then(text), width);
            assert!(shown.lines().all(|line| line.width() <= width), "{width}");
            assert_eq!(shown.split_whitespace().collect::<Vec<_>>(), words);
        }
    }

    #[test]
    fn colours_are_put_on_at_the_edge() {
        let line = Line::of("a ")
            .add(Role::Bad, "b\x1b[31m")
            .add(Role::Plain, " c");
        let rendered = Rendered::from_iter([line]);
        assert_eq!(rendered.to_text(false), "a b\\u{1b}[31m c\n");
        let colored = rendered.to_text(true);
        assert_eq!(
            anstream::adapter::strip_str(&colored).to_string(),
            rendered.to_text(false)
        );
        assert!(colored.contains("\x1b[1m"));
    }

    #[test]
    fn a_cut_line_is_never_wider() {
        let line = Line::of("abc").add(Role::Bad, "defgh").then("ijk");
        for width in 0..15 {
            assert!(line.clone().cut(width).width() <= width, "{width}");
        }
    }
}

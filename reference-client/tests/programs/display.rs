//! What a terminal shows after the few controls that the client uses.

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Display {
    pub(crate) lines: Vec<String>,
    pub(crate) column: usize,
}

impl Display {
    pub(crate) fn of(output: &str) -> Self {
        let mut display = Self {
            lines: vec![String::new()],
            column: 0,
        };
        let mut rest = output;
        while let Some(char) = rest.chars().next() {
            rest = &rest[char.len_utf8()..];
            match char {
                '\r' => display.column = 0,
                '\n' => display.lines.push(String::new()),
                '\x1b' => rest = display.control(rest),
                _ => display.put(char),
            }
        }
        display
    }

    /// The last line, with a bar where the cursor is.
    pub(crate) fn prompt(&self) -> String {
        let mut line: Vec<char> = self.lines.last().unwrap().chars().collect();
        line.insert(self.column, '|');
        line.into_iter().collect()
    }

    fn put(&mut self, char: char) {
        assert!(!char.is_control(), "{char:?}");
        let line = self.lines.last_mut().unwrap();
        let mut chars: Vec<char> = line.chars().collect();
        chars.truncate(self.column);
        chars.push(char);
        *line = chars.into_iter().collect();
        self.column += 1;
    }

    fn control<'a>(&mut self, rest: &'a str) -> &'a str {
        let Some(rest) = rest.strip_prefix('[') else {
            panic!("an escape before {rest:?}");
        };
        let Some(at) = rest.find(|char: char| char.is_ascii_alphabetic()) else {
            return "";
        };
        let line = self.lines.last_mut().unwrap();
        match (&rest[..at], &rest[at..=at]) {
            ("", "K") => *line = line.chars().take(self.column).collect(),
            (columns, "C") => self.column += columns.parse::<usize>().unwrap(),
            other => panic!("an unexpected control {other:?}"),
        }
        &rest[at + 1..]
    }
}

//! Cuts the bytes of a pipe into lines.

/// Bytes of a line that are kept; what comes after them is dropped. Well above what any of the
/// protocols can send.
pub(super) const LINE_LIMIT: usize = 68 * 1024;

/// The beginning of a line of which the end is still to come.
#[derive(Debug, Default)]
pub(super) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// The lines that `bytes` finish, without their ends. What is no UTF-8 is replaced.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            let (text, ends) = match part.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (part, false),
            };
            let room = LINE_LIMIT.saturating_sub(self.partial.len());
            self.partial
                .extend_from_slice(&text[..text.len().min(room)]);
            if ends {
                lines.push(self.take());
            }
        }
        lines
    }

    /// The last line, when the input has ended without finishing it.
    pub(super) fn finish(&mut self) -> Option<String> {
        (!self.partial.is_empty()).then(|| self.take())
    }

    fn take(&mut self) -> String {
        let line = std::mem::take(&mut self.partial);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        String::from_utf8_lossy(line).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_any_pieces() {
        let bytes = "one\r\n\ntwo é\nthree".as_bytes();
        for size in 1..=bytes.len() {
            let mut lines = Lines::default();
            let mut found: Vec<_> = bytes
                .chunks(size)
                .flat_map(|piece| lines.feed(piece))
                .collect();
            found.extend(lines.finish());
            assert_eq!(found, ["one", "", "two é", "three"], "{size}");
            assert_eq!(lines.finish(), None);
        }
    }

    #[test]
    fn an_endless_line_is_not_kept() {
        let mut lines = Lines::default();
        for _ in 0..1000 {
            assert!(lines.feed(&[b'x'; 4096]).is_empty());
        }
        assert!(lines.partial.capacity() <= 2 * LINE_LIMIT);
        assert_eq!(
            lines.feed(b"y\nnext\n"),
            ["x".repeat(LINE_LIMIT), "next".to_owned()]
        );
    }
}

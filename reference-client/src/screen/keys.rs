//! Finds keys in the bytes that a terminal sends.

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Char(char),
    Enter,
    Home,
    End,
    Left,
    Right,
    WordLeft,
    WordRight,
    Older,
    Newer,
    Backspace,
    Delete,
    /// Deletes, or ends the input where there is nothing to delete.
    DeleteOrEnd,
    KillAfter,
    KillBefore,
    KillWord,
    /// Any other key.
    Unknown,
}

/// The longest escape sequence that is waited for, in bytes; no key of a terminal has so many.
const SEQUENCE_LIMIT: usize = 32;

const ESCAPE: u8 = 0x1b;

/// Bytes of which the last may be half a key.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pending: Vec<u8>,
}

impl Keys {
    /// The keys that are complete now.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Key> {
        self.pending.extend_from_slice(bytes);
        let mut keys = Vec::new();
        let mut rest = self.pending.as_slice();
        while let Some((key, len)) = next(rest) {
            keys.push(key);
            rest = &rest[len..];
        }
        let rest = if rest.len() > SEQUENCE_LIMIT {
            &[]
        } else {
            rest
        };
        self.pending = rest.to_vec();
        keys
    }
}

/// The key that `bytes` begin with, and its length; `None` while its end is missing.
fn next(bytes: &[u8]) -> Option<(Key, usize)> {
    let (&first, rest) = bytes.split_first()?;
    match first {
        ESCAPE => escape(rest),
        ..0x20 | 0x7f => Some((control(first), 1)),
        0x20..0x7f => Some((Key::Char(char::from(first)), 1)),
        0x80.. => character(bytes),
    }
}

/// A character of several bytes; what is none is passed over.
fn character(bytes: &[u8]) -> Option<(Key, usize)> {
    let valid = match std::str::from_utf8(&bytes[..bytes.len().min(4)]) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(error) => return error.error_len().map(|len| (Key::Unknown, len)),
    };
    valid
        .chars()
        .next()
        .map(|char| (Key::Char(char), char.len_utf8()))
}

fn control(byte: u8) -> Key {
    match byte {
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Char('\t'),
        0x01 => Key::Home,
        0x02 => Key::Left,
        0x04 => Key::DeleteOrEnd,
        0x05 => Key::End,
        0x06 => Key::Right,
        0x08 | 0x7f => Key::Backspace,
        0x0b => Key::KillAfter,
        0x0e => Key::Newer,
        0x10 => Key::Older,
        0x15 => Key::KillBefore,
        0x17 => Key::KillWord,
        _ => Key::Unknown,
    }
}

/// What follows an escape: a sequence of a special key, or a key together with Alt.
fn escape(rest: &[u8]) -> Option<(Key, usize)> {
    match rest.first()? {
        b'[' => sequence(&rest[1..]).map(|(key, len)| (key, 2 + len)),
        b'O' => rest.get(1).map(|byte| (special(&[*byte]), 3)),
        b'b' => Some((Key::WordLeft, 2)),
        b'f' => Some((Key::WordRight, 2)),
        0x08 | 0x7f => Some((Key::KillWord, 2)),
        // Escape alone, and then a key of its own.
        ..0x20 => Some((Key::Unknown, 1)),
        _ => Some((Key::Unknown, 2)),
    }
}

/// Parameters (0x30 to 0x3f), intermediates (0x20 to 0x2f) and one final byte (0x40 to 0x7e). A
/// byte that fits nowhere ends the sequence and is not part of it.
fn sequence(bytes: &[u8]) -> Option<(Key, usize)> {
    let len = bytes.iter().position(|byte| !(0x20..0x40).contains(byte))?;
    Some(match bytes[len] {
        0x40..0x7f => (special(&bytes[..=len]), len + 1),
        _ => (Key::Unknown, len),
    })
}

fn special(bytes: &[u8]) -> Key {
    match bytes {
        b"A" => Key::Older,
        b"B" => Key::Newer,
        b"C" => Key::Right,
        b"D" => Key::Left,
        b"H" | b"1~" | b"7~" => Key::Home,
        b"F" | b"4~" | b"8~" => Key::End,
        b"3~" => Key::Delete,
        b"1;5C" | b"1;3C" => Key::WordRight,
        b"1;5D" | b"1;3D" => Key::WordLeft,
        _ => Key::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8]) -> Vec<Key> {
        Keys::default().feed(bytes)
    }

    #[test]
    fn keys_are_found() {
        use Key::{Char, Delete, Enter, KillWord, Older, Right, Unknown, WordLeft};
        assert_eq!(
            all("aé好\r".as_bytes()),
            [Char('a'), Char('é'), Char('好'), Enter]
        );
        assert_eq!(
            all(b"\x1b[A\x1bOC\x1b[3~\x1b[1;5D\x17"),
            [Older, Right, Delete, WordLeft, KillWord]
        );
        assert_eq!(
            all(b"\x1b[99;5~x\x1bqx"),
            [Unknown, Char('x'), Unknown, Char('x')]
        );
        assert_eq!(all(b"\x1b\x1b[A"), [Unknown, Older]);
        assert_eq!(
            all(b"\x1b[\xc3\xa9\xffx"),
            [Unknown, Char('é'), Unknown, Char('x')]
        );
    }

    #[test]
    fn an_endless_sequence_is_given_up() {
        let mut keys = Keys::default();
        assert_eq!(keys.feed(b"\x1b["), []);
        assert_eq!(keys.feed(&[b'1'; 40]), []);
        assert_eq!(keys.feed(b"x"), [Key::Char('x')]);
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            bytes in prop::collection::vec(
                prop::sample::select(b"ab\x1b[O~;1\xc3\xa9\xe5\xa5\xbd\x17\r".as_slice()), 0..30),
            cut in 0_usize..30,
        ) {
            let cut = cut.min(bytes.len());
            let mut keys = Keys::default();
            let mut found = keys.feed(&bytes[..cut]);
            found.extend(keys.feed(&bytes[cut..]));
            prop_assert_eq!(found, all(&bytes));
        }
    }
}

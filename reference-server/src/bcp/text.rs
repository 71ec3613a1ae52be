//! Which names and texts are taken, what of them is relayed, and what the server itself says.

use reference_codecs::bcp::{Dialect, MAX_TEXT};
use thiserror::Error;

use super::Fault;
use crate::faults::Faults;

/// Why a name is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum NameError {
    #[error("the name is empty")]
    Empty,
    #[error("the name is longer than 4095 bytes")]
    TooLong,
    #[error("the name has spaces or unprintable bytes")]
    Unprintable,
}

/// Why a text reaches nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum TextError {
    #[error("the message is empty")]
    Empty,
    #[error("the message is longer than 4095 bytes")]
    TooLong,
    #[error("the message is not UTF-8")]
    NotUtf8,
}

/// BCP-4: 1 to 4095 printable bytes without spaces.
///
/// With this no name that is relayed has an unprintable byte, which the dialect `rpchat` asks for.
pub(super) fn accept_name(mut name: Vec<u8>, faults: Faults<Fault>) -> Result<String, NameError> {
    if name.is_empty() && !faults.has(Fault::NameEmpty) {
        return Err(NameError::Empty);
    }
    let limit = MAX_TEXT - usize::from(faults.has(Fault::NameLimitBelow));
    if name.len() > limit && !faults.has(Fault::NameTooLong) {
        return Err(NameError::TooLong);
    }
    let fits = |byte: &u8| match byte {
        b' ' => faults.has(Fault::NameWithSpace),
        byte if byte.is_ascii_alphanumeric() => true,
        byte if byte.is_ascii_graphic() => !faults.has(Fault::NameOfLetters),
        byte => byte.is_ascii() && faults.has(Fault::NameUnprintable),
    };
    if !name.iter().all(fits) {
        return Err(NameError::Unprintable);
    }
    if faults.has(Fault::NameInSmallLetters) {
        name.make_ascii_lowercase();
    }
    String::from_utf8(name).map_err(|_| NameError::Unprintable)
}

/// BCP-17 and BCP-18: what of a text is relayed; the limit counts the bytes as they came.
pub(super) fn accept_text(
    text: Vec<u8>,
    dialect: Dialect,
    faults: Faults<Fault>,
) -> Result<String, TextError> {
    let limit = MAX_TEXT - usize::from(faults.has(Fault::TextLimitBelow));
    if text.len() > limit && !faults.has(Fault::RefusedHeard) {
        return Err(TextError::TooLong);
    }
    let mut relayed = match dialect {
        Dialect::Spec => text,
        Dialect::RpChat => printable(text),
    };
    if relayed.is_empty() {
        return Err(TextError::Empty);
    }
    if faults.has(Fault::TabBecomesSpace) {
        relayed
            .iter_mut()
            .filter(|byte| **byte == b'\t')
            .for_each(|byte| *byte = b' ');
    }
    if faults.has(Fault::TextTrimmed) {
        relayed.truncate(relayed.trim_ascii_end().len());
    }
    if faults.has(Fault::TextCut) {
        relayed.truncate(MAX_TEXT - 1);
    }
    String::from_utf8(relayed).map_err(|_| TextError::NotUtf8)
}

/// The bytes that rpchat relays: it takes away what its C library does not call printable, apart
/// from tab and newline.
fn printable(mut text: Vec<u8>) -> Vec<u8> {
    text.retain(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\n'));
    text
}

/// BCP-5: told to everybody who was there before.
pub(super) fn joined(name: &str) -> String {
    format!("{name} has joined the server.")
}

/// BCP-10: told to everybody who stays.
pub(super) fn left(name: &str) -> String {
    format!("{name} has left the server.")
}

/// Collects the names of the registered users into texts of a bounded length.
pub(super) struct UserList {
    text: String,
    names: usize,
}

impl UserList {
    /// The beginning of the list that a newcomer gets.
    pub(super) fn greeting(newcomer: &str) -> Self {
        Self {
            text: format!("Logged in as {newcomer}.\nCurrent Clients: "),
            names: 0,
        }
    }

    /// The beginning of each further part of it.
    pub(super) fn continued() -> Self {
        Self {
            text: "Current Clients: ".to_owned(),
            names: 0,
        }
    }

    /// Appends a name; `false` when the text is long enough without it.
    ///
    /// Every part has at least one name, so that the list comes to an end.
    pub(super) fn push(&mut self, name: &str) -> bool {
        let separator = if self.names == 0 { "" } else { ", " };
        if self.names > 0 && self.text.len() + separator.len() + name.len() > MAX_TEXT {
            return false;
        }
        self.text.push_str(separator);
        self.text.push_str(name);
        self.names += 1;
        true
    }

    /// The text collected so far.
    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// The list for a newcomer who is alone, in the words of rpchat's server.
pub(super) fn alone(newcomer: &str) -> String {
    format!("Logged in as {newcomer}.\nCurrent Clients: \n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_up_to_the_limit_are_taken() {
        let name = |bytes: &[u8]| accept_name(bytes.to_vec(), Faults::default());
        assert_eq!(name(b"a"), Ok("a".to_owned()));
        assert_eq!(name(b"server"), Ok("server".to_owned()));
        assert_eq!(name(b"!~[]"), Ok("!~[]".to_owned()));
        assert_eq!(name(&[b'z'; 4095]), Ok("z".repeat(4095)));
        assert_eq!(name(&[b'z'; 4096]), Err(NameError::TooLong));
        assert_eq!(name(b""), Err(NameError::Empty));
        for bad in [
            &b"a b"[..],
            b" a",
            b"a\0",
            b"a\n",
            b"\x7f",
            b"\xc3\xa9",
            b"\xff",
        ] {
            assert_eq!(name(bad), Err(NameError::Unprintable), "{bad:?}");
        }
    }

    #[test]
    fn texts_up_to_the_limit_are_relayed() {
        for dialect in Dialect::ALL {
            let text = |bytes: &[u8]| accept_text(bytes.to_vec(), dialect, Faults::default());
            assert_eq!(text(b" a\t~\n"), Ok(" a\t~\n".to_owned()));
            assert_eq!(text(&[b'z'; 4095]), Ok("z".repeat(4095)));
            assert_eq!(text(&[b'z'; 4096]), Err(TextError::TooLong));
            assert_eq!(text(b""), Err(TextError::Empty));
        }
    }

    #[test]
    fn other_bytes_are_a_matter_of_the_dialect() {
        let spec = |bytes: &[u8]| accept_text(bytes.to_vec(), Dialect::Spec, Faults::default());
        assert_eq!(
            spec("caf\u{e9} \u{7}".as_bytes()),
            Ok("caf\u{e9} \u{7}".to_owned())
        );
        assert_eq!(spec(b"caf\xc3"), Err(TextError::NotUtf8));
        let rpchat = |bytes: &[u8]| accept_text(bytes.to_vec(), Dialect::RpChat, Faults::default());
        assert_eq!(
            rpchat("caf\u{e9} \u{7}\0".as_bytes()),
            Ok("caf ".to_owned())
        );
        assert_eq!(rpchat(b"caf\xc3"), Ok("caf".to_owned()));
        assert_eq!(rpchat(b"\xc3"), Err(TextError::Empty));
    }

    #[test]
    fn a_list_is_cut_between_names() {
        let mut list = UserList::greeting("bob");
        assert!(list.push("alice") && list.push("bob"));
        assert_eq!(
            list.finish(),
            "Logged in as bob.\nCurrent Clients: alice, bob"
        );
        let mut list = UserList::continued();
        assert!(list.push(&"z".repeat(4095)), "one name always fits");
        assert!(!list.push("a"));
        assert_eq!(list.finish().len(), 17 + 4095);
    }

    proptest! {
        #[test]
        fn what_is_relayed_is_never_empty_or_too_long(
            bytes in proptest::collection::vec(any::<u8>(), 0..5000),
            dialect in proptest::sample::select(Dialect::ALL.as_slice()),
        ) {
            if let Ok(text) = accept_text(bytes, dialect, Faults::default()) {
                prop_assert!((1..=MAX_TEXT).contains(&text.len()));
            }
        }
    }
}

//! Which nicknames and texts are taken.

use reference_codecs::csc328::MAX_NAME;
use thiserror::Error;

use super::Fault;
use crate::faults::Faults;

/// Why a nickname is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum NameError {
    #[error("the nickname is empty")]
    Empty,
    #[error("the nickname is longer than 32 bytes")]
    TooLong,
    #[error("the nickname is not UTF-8")]
    NotUtf8,
    #[error("the nickname has unprintable characters, spaces around it, or a colon and a space")]
    Unprintable,
    #[error("the nickname is in use")]
    InUse,
}

/// Why a text reaches nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum TextError {
    #[error("the text is empty")]
    Empty,
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// Only in a server that is told to break a rule.
    #[error("the text is a word of the protocol")]
    Word,
}

/// CSC328-2: 1 to 32 printable bytes.
///
/// With a colon and a space in it, what is said under the nickname could pass for somebody else's.
pub(super) fn accept_name(name: Vec<u8>, faults: Faults<Fault>) -> Result<String, NameError> {
    if name.is_empty() && !faults.has(Fault::NameEmpty) {
        return Err(NameError::Empty);
    }
    let limit = MAX_NAME - usize::from(faults.has(Fault::NameLimitBelow));
    if name.len() > limit && !faults.has(Fault::NameTooLong) {
        return Err(NameError::TooLong);
    }
    let name = String::from_utf8(name).map_err(|_| NameError::NotUtf8)?;
    if faults.has(Fault::NameUnprintable) {
        return Ok(name);
    }
    if faults.has(Fault::NameInSmallLetters) && name.contains(char::is_uppercase) {
        return Err(NameError::Unprintable);
    }
    let trimmed = name.trim() == name;
    if trimmed && !name.contains(": ") && !name.contains(is_unprintable) {
        Ok(name)
    } else {
        Err(NameError::Unprintable)
    }
}

/// CSC328-9: what is no text is not relayed, and its sender stays.
pub(super) fn accept_text(text: Vec<u8>, faults: Faults<Fault>) -> Result<String, TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    let word = matches!(&*text, b"HELLO" | b"READY" | b"RETRY");
    if word && faults.has(Fault::WordsDropped) {
        return Err(TextError::Empty);
    }
    if word && faults.has(Fault::WordsEnd) {
        return Err(TextError::Word);
    }
    let mut text = String::from_utf8(text).map_err(|_| TextError::NotUtf8)?;
    // CSC328-4: a text is relayed as it is.
    if faults.has(Fault::SpacesJoined) {
        text = text.replace("  ", " ");
    }
    if faults.has(Fault::CapitalsLost) {
        text.make_ascii_lowercase();
    }
    if faults.has(Fault::SpacesTrimmed) {
        text = text.trim().to_owned();
    }
    if faults.has(Fault::AsciiOnly) {
        text = text.replace(|char: char| !char.is_ascii(), "?");
    }
    Ok(text)
}

/// Controls, and characters that show nothing or change the direction of what follows.
fn is_unprintable(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rule_2_printable_nicknames_up_to_the_limit_are_taken() {
        let name = |name: &str| accept_name(name.as_bytes().to_vec(), Faults::default());
        let longest = "z".repeat(32);
        for good in [
            "a",
            "Alice",
            "two words",
            "grüße",
            "नमस्ते",
            "a:b",
            ":",
            &longest,
        ] {
            assert_eq!(name(good), Ok(good.to_owned()));
        }
        assert_eq!(name(""), Err(NameError::Empty));
        assert_eq!(name(&"z".repeat(33)), Err(NameError::TooLong));
        for bad in [
            " ",
            " a",
            "a ",
            "a\n",
            "a\0b",
            "\x1b[2J",
            "\u{202e}a",
            "bob: hi",
        ] {
            assert_eq!(name(bad), Err(NameError::Unprintable), "{bad:?}");
        }
        assert_eq!(
            accept_name(vec![0xff], Faults::default()),
            Err(NameError::NotUtf8)
        );
    }

    #[test]
    fn rule_9_what_is_no_text_is_not_relayed() {
        assert_eq!(
            accept_text(b" \t\x07".to_vec(), Faults::default()),
            Ok(" \t\x07".to_owned())
        );
        assert_eq!(
            accept_text(Vec::new(), Faults::default()),
            Err(TextError::Empty)
        );
        assert_eq!(
            accept_text(b"caf\xc3".to_vec(), Faults::default()),
            Err(TextError::NotUtf8)
        );
    }

    proptest! {
        #[test]
        fn the_sender_of_a_broadcast_is_what_stands_before_the_first_colon_and_space(
            name in "[a: é]{0,12}", text in "[a: ]{0,12}",
        ) {
            if let Ok(name) = accept_name(name.into_bytes(), Faults::default()) {
                let broadcast = format!("{name}: {text}");
                let sender = broadcast.split_once(": ").map(|(sender, _)| sender);
                prop_assert_eq!(sender, Some(name.as_str()));
            }
        }
    }
}

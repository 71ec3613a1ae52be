//! Which nicknames and texts are taken.

use reference_codecs::csc328::MAX_NAME;
use thiserror::Error;

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
}

/// CSC328-2: 1 to 32 printable bytes.
///
/// With a colon and a space in it, what is said under the nickname could pass for somebody else's.
pub(super) fn accept_name(name: Vec<u8>) -> Result<String, NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > MAX_NAME {
        return Err(NameError::TooLong);
    }
    let name = String::from_utf8(name).map_err(|_| NameError::NotUtf8)?;
    let trimmed = name.trim() == name;
    if trimmed && !name.contains(": ") && !name.contains(is_unprintable) {
        Ok(name)
    } else {
        Err(NameError::Unprintable)
    }
}

/// CSC328-9: what is no text is not relayed, and its sender stays.
pub(super) fn accept_text(text: Vec<u8>) -> Result<String, TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    String::from_utf8(text).map_err(|_| TextError::NotUtf8)
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
        let name = |name: &str| accept_name(name.as_bytes().to_vec());
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
        assert_eq!(accept_name(vec![0xff]), Err(NameError::NotUtf8));
    }

    #[test]
    fn rule_9_what_is_no_text_is_not_relayed() {
        assert_eq!(accept_text(b" \t\x07".to_vec()), Ok(" \t\x07".to_owned()));
        assert_eq!(accept_text(Vec::new()), Err(TextError::Empty));
        assert_eq!(accept_text(b"caf\xc3".to_vec()), Err(TextError::NotUtf8));
    }

    proptest! {
        #[test]
        fn the_sender_of_a_broadcast_is_what_stands_before_the_first_colon_and_space(
            name in "[a: é]{0,12}", text in "[a: ]{0,12}",
        ) {
            if let Ok(name) = accept_name(name.into_bytes()) {
                let broadcast = format!("{name}: {text}");
                let sender = broadcast.split_once(": ").map(|(sender, _)| sender);
                prop_assert_eq!(sender, Some(name.as_str()));
            }
        }
    }
}

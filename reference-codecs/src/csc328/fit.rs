//! Texts that are too long for what surrounds them.

use super::{ClientMessage, ServerMessage};
use crate::decode::EncodeError;

/// A message that may have a text that can be cut.
pub(super) trait Texted: Clone {
    fn text(&mut self) -> Option<&mut Vec<u8>>;
}

impl Texted for ClientMessage {
    fn text(&mut self) -> Option<&mut Vec<u8>> {
        match self {
            Self::Chat { text, .. } => Some(text),
            Self::Nick { .. } | Self::Bye => None,
        }
    }
}

impl Texted for ServerMessage {
    fn text(&mut self) -> Option<&mut Vec<u8>> {
        match self {
            Self::Broadcast { text, .. } | Self::Notice { text } => Some(text),
            Self::Hello | Self::Ready | Self::Retry | Self::Bye | Self::Shutdown { .. } => None,
        }
    }
}

/// Encodes the message, or its beginning when the whole does not fit; whether it was cut.
///
/// One cut is enough: no dialect writes a byte of a text in less than a byte.
pub(super) fn encode<M: Texted>(
    message: &M,
    mut encode: impl FnMut(&M) -> Result<(), EncodeError>,
) -> Result<bool, EncodeError> {
    let error = match encode(message) {
        Ok(()) => return Ok(false),
        Err(error) => error,
    };
    let EncodeError::TooLong { len, limit, .. } = error else {
        return Err(error);
    };
    let mut shorter = message.clone();
    match shorter.text() {
        Some(text) => cut(text, len.saturating_sub(limit)),
        None => return Err(error),
    }
    encode(&shorter).map(|()| true)
}

/// Takes at least `surplus` bytes from the end of UTF-8 text and leaves whole characters.
fn cut(text: &mut Vec<u8>, surplus: usize) {
    let mut end = text.len().saturating_sub(surplus);
    while text.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) && end > 0 {
        end -= 1;
    }
    text.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_leaves_whole_characters() {
        let after = |text: &str, surplus| {
            let mut text = text.as_bytes().to_vec();
            cut(&mut text, surplus);
            String::from_utf8(text).unwrap()
        };
        assert_eq!(after("aé€", 0), "aé€");
        for surplus in 1..=3 {
            assert_eq!(after("aé€", surplus), "aé");
        }
        assert_eq!(after("aé€", 4), "a");
        assert_eq!(after("aé€", 99), "");
        let mut text = vec![0x80; 3];
        cut(&mut text, 1);
        assert!(text.is_empty(), "what is no UTF-8 does no harm");
    }
}

use thiserror::Error;

/// Why a text is not bytes in hexadecimal digits.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum HexError {
    /// A character that is no hexadecimal digit.
    #[error("`{0}` is no hexadecimal digit")]
    Digit(char),
    /// A digit without its second one.
    #[error("the digit `{0}` stands alone")]
    Half(char),
    /// A quote that is not closed.
    #[error("a quote is not closed")]
    Quote,
}

/// Reads bytes written as pairs of hexadecimal digits; spaces between the pairs are free, and
/// text in single quotes stands for its UTF-8 bytes: `0005 'alice'`.
pub fn parse_hex(text: &str) -> Result<Vec<u8>, HexError> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut rest = text.chars();
    while let Some(first) = rest.next() {
        if first.is_whitespace() {
            continue;
        }
        if first == '\'' {
            let quoted = rest.as_str();
            let end = quoted.find('\'').ok_or(HexError::Quote)?;
            bytes.extend_from_slice(&quoted.as_bytes()[..end]);
            rest = quoted[end + 1..].chars();
            continue;
        }
        let high = digit(first)?;
        let second = rest.next().filter(|c| !c.is_whitespace());
        let low = digit(second.ok_or(HexError::Half(first))?)?;
        bytes.push(high << 4 | low);
    }
    Ok(bytes)
}

fn digit(character: char) -> Result<u8, HexError> {
    character
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
        .ok_or(HexError::Digit(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_digits_with_free_spaces_and_quoted_text() {
        assert_eq!(parse_hex("01 00fF"), Ok(vec![1, 0, 255]));
        assert_eq!(parse_hex(""), Ok(vec![]));
        assert_eq!(parse_hex("02'a b'00"), Ok(b"\x02a b\0".to_vec()));
        assert_eq!(parse_hex("0g"), Err(HexError::Digit('g')));
        assert_eq!(parse_hex("012"), Err(HexError::Half('2')));
        assert_eq!(parse_hex("0 1"), Err(HexError::Half('0')));
        assert_eq!(parse_hex("'a"), Err(HexError::Quote));
    }
}

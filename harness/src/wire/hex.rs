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

/// Text this long is written as text rather than as digits.
const QUOTED: usize = 3;

/// Writes bytes so that [`parse_hex`] reads them: printable ASCII in quotes, all else as digits.
/// Only the first `most` bytes are written, with ` ...` behind them where there are more.
pub(super) fn print_hex(bytes: &[u8], most: usize) -> String {
    let mut words: Vec<String> = Vec::new();
    let shown = &bytes[..bytes.len().min(most)];
    for run in shown.chunk_by(|a, b| is_quotable(*a) == is_quotable(*b)) {
        if run.len() >= QUOTED && is_quotable(run[0]) {
            words.push(format!("'{}'", String::from_utf8_lossy(run)));
        } else {
            let digits: Vec<String> = run.iter().map(|byte| format!("{byte:02x}")).collect();
            words.push(digits.concat());
        }
    }
    if shown.len() < bytes.len() {
        words.push("...".to_owned());
    }
    words.join(" ")
}

fn is_quotable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'\''
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

    #[test]
    fn what_is_written_is_read_again() {
        let bytes = b"\x00\x05alice\r\nit's \xff\xfeab\0";
        assert_eq!(parse_hex(&print_hex(bytes, 100)).unwrap(), bytes);
        assert!(print_hex(bytes, 100).starts_with("0005 'alice' 0d0a"));
        assert_eq!(print_hex(b"abcdef", 3), "'abc' ...");
        assert_eq!(print_hex(b"", 3), "");
    }
}

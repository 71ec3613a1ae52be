//! Sizes as users write them: a whole number of bytes, or of a binary multiple.

use thiserror::Error;

/// The text is no size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("write a whole number of bytes, or one with a unit: 4096, 64KiB or 1MiB")]
pub struct SizeError;

/// Reads a size in bytes, written like `4096`, `64KiB` or `1MiB`.
pub fn parse(text: &str) -> Result<usize, SizeError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).ok_or(SizeError)?;
    let factor: usize = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        _ => return Err(SizeError),
    };
    number
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .ok_or(SizeError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(parse("0"), Ok(0));
        assert_eq!(parse("4096B"), Ok(4096));
        assert_eq!(parse("64KiB"), Ok(65_536));
        assert_eq!(parse("1MiB"), Ok(1 << 20));
    }

    #[test]
    fn what_is_no_size() {
        for text in [
            "",
            "MiB",
            "-1",
            "1 MiB",
            "1MB",
            "1.5MiB",
            "99999999999999999999",
            "é",
        ] {
            assert_eq!(parse(text), Err(SizeError), "{text}");
        }
        assert_eq!(parse("99999999999999999MiB"), Err(SizeError));
    }
}

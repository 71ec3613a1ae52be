//! Durations as users write them: a whole number and a unit.

use std::time::Duration;

use thiserror::Error;

/// The longest duration that can be written; long enough for "never", short enough to add to any
/// point in time.
pub const MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DurationError {
    /// Not a number followed by a unit.
    #[error("write a whole number and a unit: 400ms, 2s, 1m or 1h")]
    Form,
    /// Nothing would ever be that short.
    #[error("must be longer than 0")]
    Zero,
    /// Above [`MAX`].
    #[error("must be at most 365 days")]
    TooLong,
}

/// Reads a duration above zero, written like `400ms`, `2s`, `1m` or `1h`.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).ok_or(DurationError::Form)?;
    let unit_millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        _ => return Err(DurationError::Form),
    };
    if number.is_empty() {
        return Err(DurationError::Form);
    }
    let millis = number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit_millis))
        .ok_or(DurationError::TooLong)?;
    match Duration::from_millis(millis) {
        Duration::ZERO => Err(DurationError::Zero),
        duration if duration > MAX => Err(DurationError::TooLong),
        duration => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(parse("400ms"), Ok(Duration::from_millis(400)));
        assert_eq!(parse("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(parse("1m"), Ok(Duration::from_secs(60)));
        assert_eq!(parse("1h"), Ok(Duration::from_secs(3600)));
        assert_eq!(parse("8760h"), Ok(MAX));
    }

    #[test]
    fn what_is_no_duration() {
        for text in ["", "5", "s", "-1s", "1 s", "1.5s", "1S", "1d", "+1s", "é"] {
            assert_eq!(parse(text), Err(DurationError::Form), "{text}");
        }
        assert_eq!(parse("0ms"), Err(DurationError::Zero));
        assert_eq!(parse("8761h"), Err(DurationError::TooLong));
        assert_eq!(parse("99999999999999999999s"), Err(DurationError::TooLong));
        assert_eq!(parse("18446744073709551615h"), Err(DurationError::TooLong));
    }
}

//! Integers as they stand in a message.

/// How an integer is written in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Integer {
    /// Binary, 1 to 8 bytes.
    Binary {
        /// Bytes, 1 to 8.
        width: usize,
        /// Two's complement.
        signed: bool,
        /// Least significant byte first.
        little: bool,
    },
    /// Seven bits a byte, least significant first, the top bit set on all but the last byte.
    Varint,
    /// Decimal digits in a field of fixed width.
    Digits {
        /// Bytes, 1 to 255.
        width: usize,
        /// `0` fills on the left, anything else on the right.
        pad: u8,
    },
    /// Decimal digits up to the bytes that end them.
    DigitsUntil {
        /// What stands behind the digits.
        end: End,
    },
}

/// The bytes behind a decimal number: 1 to [`MAX`](Self::MAX), the first of them no digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    bytes: [u8; Self::MAX],
    length: usize,
}

impl End {
    /// The most bytes that end a number.
    pub(super) const MAX: usize = 8;

    /// `None` unless `text` has 1 to [`MAX`](Self::MAX) bytes and does not begin with a digit.
    pub(super) fn new(text: &[u8]) -> Option<Self> {
        if text.len() > Self::MAX || text.first()?.is_ascii_digit() {
            return None;
        }
        let mut bytes = [0; Self::MAX];
        bytes[..text.len()].copy_from_slice(text);
        Some(Self {
            bytes,
            length: text.len(),
        })
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// Why no integer could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// So many bytes are needed, counted from where the integer begins.
    Needs(usize),
    /// These bytes are no integer of this form.
    Wrong(&'static str),
}

/// More digits than this are no integer of any width that is supported.
const MAX_DIGITS: usize = 20;

/// A varint of 64 bits has at most this many bytes.
const MAX_VARINT: usize = 10;

impl Integer {
    /// Reads the integer at the start of `bytes`; gives its value and its length.
    pub(super) fn read(self, bytes: &[u8]) -> Result<(i128, usize), Unread> {
        match self {
            Self::Binary {
                width,
                signed,
                little,
            } => {
                let bytes = bytes.get(..width).ok_or(Unread::Needs(width))?;
                Ok((binary(bytes, signed, little), width))
            }
            Self::Varint => varint(bytes),
            Self::Digits { width, pad } => {
                let bytes = bytes.get(..width).ok_or(Unread::Needs(width))?;
                Ok((padded_digits(bytes, pad)?, width))
            }
            Self::DigitsUntil { end } => digits_until(bytes, end.bytes()),
        }
    }

    /// Appends `value`; false when it does not fit.
    #[must_use]
    pub(super) fn write(self, value: i128, out: &mut Vec<u8>) -> bool {
        if value < self.min() || value > self.max() {
            return false;
        }
        match self {
            Self::Binary { width, little, .. } => {
                let bytes = value.to_be_bytes();
                let low = &bytes[bytes.len() - width..];
                if little {
                    out.extend(low.iter().rev());
                } else {
                    out.extend_from_slice(low);
                }
            }
            Self::Varint => write_varint(value, out),
            Self::Digits { width, pad: b'0' } => {
                out.extend_from_slice(format!("{value:0width$}").as_bytes());
            }
            Self::Digits { width, pad } => {
                let end = out.len() + width;
                out.extend_from_slice(value.to_string().as_bytes());
                out.resize(end, pad);
            }
            Self::DigitsUntil { end } => {
                out.extend_from_slice(value.to_string().as_bytes());
                out.extend_from_slice(end.bytes());
            }
        }
        true
    }

    /// The smallest value.
    pub(super) fn min(self) -> i128 {
        match self {
            Self::Binary {
                width,
                signed: true,
                ..
            } => -(1_i128 << (8 * width - 1)),
            _ => 0,
        }
    }

    /// The largest value.
    pub(super) fn max(self) -> i128 {
        match self {
            Self::Binary {
                width,
                signed: true,
                ..
            } => (1_i128 << (8 * width - 1)) - 1,
            Self::Binary { width, .. } => (1_i128 << (8 * width)) - 1,
            Self::Varint | Self::DigitsUntil { .. } => i128::from(u64::MAX),
            Self::Digits { width, .. } => u32::try_from(width)
                .ok()
                .and_then(|width| 10_i128.checked_pow(width))
                .map_or(i128::from(u64::MAX), |limit| {
                    (limit - 1).min(i128::from(u64::MAX))
                }),
        }
    }

    /// The bytes that every value takes, if they are always as many.
    pub(super) fn width(self) -> Option<usize> {
        match self {
            Self::Binary { width, .. } | Self::Digits { width, .. } => Some(width),
            Self::Varint | Self::DigitsUntil { .. } => None,
        }
    }

    /// The fewest bytes that a value takes.
    pub(super) fn least(self) -> usize {
        match self {
            Self::Varint => 1,
            Self::DigitsUntil { end } => 1 + end.length,
            Self::Binary { width, .. } | Self::Digits { width, .. } => width,
        }
    }

    /// True when any bytes of the right length are a value.
    pub(super) fn takes_anything(self) -> bool {
        matches!(self, Self::Binary { .. })
    }
}

fn binary(bytes: &[u8], signed: bool, little: bool) -> i128 {
    let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    let value = if little {
        bytes.iter().rev().fold(0, join)
    } else {
        bytes.iter().fold(0, join)
    };
    let bits = 8 * bytes.len();
    let value = i128::from(value);
    if signed && value >> (bits - 1) == 1 {
        value - (1 << bits)
    } else {
        value
    }
}

fn varint(bytes: &[u8]) -> Result<(i128, usize), Unread> {
    let mut value = 0_i128;
    for (index, byte) in bytes.iter().take(MAX_VARINT).enumerate() {
        value |= i128::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            if value > i128::from(u64::MAX) {
                break;
            }
            return Ok((value, index + 1));
        }
    }
    if bytes.len() < MAX_VARINT {
        Err(Unread::Needs(bytes.len() + 1))
    } else {
        Err(Unread::Wrong("a varint of more than 64 bits"))
    }
}

fn write_varint(value: i128, out: &mut Vec<u8>) {
    let mut rest = u64::try_from(value).unwrap_or_default();
    loop {
        let [low, ..] = rest.to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

fn padded_digits(bytes: &[u8], pad: u8) -> Result<i128, Unread> {
    let filler = |byte: &u8| *byte == b' ' || *byte == 0 || (*byte == pad && pad != b'0');
    let start = bytes.iter().position(|byte| !filler(byte)).unwrap_or(0);
    let end = bytes
        .iter()
        .rposition(|byte| !filler(byte))
        .map_or(0, |at| at + 1);
    digits(&bytes[start..end.max(start)])
}

fn digits_until(bytes: &[u8], end: &[u8]) -> Result<(i128, usize), Unread> {
    let count = bytes
        .iter()
        .take(MAX_DIGITS + 1)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if count > MAX_DIGITS {
        return Err(Unread::Wrong("too many digits"));
    }
    let behind = &bytes[count..];
    if behind.starts_with(end) {
        return Ok((digits(&bytes[..count])?, count + end.len()));
    }
    if end.starts_with(behind) && (count > 0 || behind.is_empty()) {
        return Err(Unread::Needs(bytes.len() + 1));
    }
    Err(Unread::Wrong("not a decimal number"))
}

fn digits(bytes: &[u8]) -> Result<i128, Unread> {
    let wrong = Unread::Wrong("not a decimal number");
    if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_digit) {
        return Err(wrong);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| wrong)?;
    let value: u64 = text
        .parse()
        .map_err(|_| Unread::Wrong("a number of more than 64 bits"))?;
    Ok(i128::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BIG16: Integer = Integer::Binary {
        width: 2,
        signed: false,
        little: false,
    };

    fn until(end: &str) -> Integer {
        Integer::DigitsUntil {
            end: End::new(end.as_bytes()).unwrap(),
        }
    }

    #[test]
    fn values_come_back_in_every_form() {
        let mut forms = vec![Integer::Varint, until(":"), until("\r\n\r\n")];
        for width in 1..=8 {
            for signed in [false, true] {
                for little in [false, true] {
                    forms.push(Integer::Binary {
                        width,
                        signed,
                        little,
                    });
                }
            }
        }
        for (width, pad) in [(1, b'0'), (4, b'0'), (4, b' '), (64, b' '), (20, 0)] {
            forms.push(Integer::Digits { width, pad });
        }
        for form in forms {
            for value in [form.min(), 0, 1, form.max() / 2, form.max()] {
                let mut out = Vec::new();
                assert!(form.write(value, &mut out), "{form:?} {value}");
                assert!(form.width().is_none_or(|width| width == out.len()));
                assert_eq!(form.read(&out), Ok((value, out.len())), "{form:?}");
                for cut in 0..out.len() {
                    assert!(
                        matches!(form.read(&out[..cut]), Err(Unread::Needs(n)) if n > cut),
                        "{form:?} {value} cut at {cut}"
                    );
                }
            }
            let mut out = Vec::new();
            assert!(!form.write(form.max() + 1, &mut out));
            assert!(!form.write(form.min() - 1, &mut out));
            assert!(out.is_empty());
        }
    }

    #[test]
    fn byte_order_and_sign_are_as_written() {
        assert_eq!(BIG16.read(&[1, 2]), Ok((0x0102, 2)));
        let little = Integer::Binary {
            width: 2,
            signed: true,
            little: true,
        };
        assert_eq!(little.read(&[0xfe, 0xff, 7]), Ok((-2, 2)));
        assert_eq!(Integer::Varint.read(&[0xac, 0x02]), Ok((300, 2)));
    }

    #[test]
    fn what_is_no_number_is_told_apart_from_what_is_not_there_yet() {
        let wrong = |form: Integer, bytes: &[u8]| matches!(form.read(bytes), Err(Unread::Wrong(_)));
        assert!(wrong(Integer::Varint, &[0xff; 10]));
        assert!(wrong(
            Integer::Digits {
                width: 2,
                pad: b'0'
            },
            b"x1"
        ));
        assert!(wrong(
            Integer::Digits {
                width: 2,
                pad: b' '
            },
            b"  "
        ));
        assert!(wrong(until(":"), b":"));
        assert!(wrong(until(":"), b"1x"));
        assert!(wrong(until(":"), &[b'1'; 21]));
        assert!(wrong(until("\r\n"), b"1\r:"));
        assert!(wrong(until("\r\n"), b"\r"));
    }
}

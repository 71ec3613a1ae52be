//! What a client asks for, and why its connection ends. Pure: no socket, no clock of its own.

use std::fmt;
use std::time::{Duration, Instant};

use reference_codecs::Malformed;
use reference_codecs::chatbooth::{ClientMessage, Token, split};
use thiserror::Error;

use super::Fault;
use super::password::Password;
use crate::faults::Faults;
use crate::link::Lost;

/// The longest name in bytes. The document has no limit; without one, a few accounts would make
/// every list a long one.
const NAME_LIMIT: usize = 1024;

/// A request that is written as it should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Log in, or create the account.
    Authenticate { user: String, password: Password },
    /// List names.
    List { pattern: Vec<u8>, token: Token },
    /// A text for `user`.
    Send {
        user: String,
        text: Vec<u8>,
        token: Token,
    },
    /// The messages that wait for `user`.
    Deliver { user: String, token: Token },
    /// Remove `user`.
    Delete { user: String, token: Token },
}

/// Why a request is answered by an error. The connection stays, and nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum Refusal {
    #[error("the body has no colon")]
    NoColon,
    #[error("the body is not UTF-8")]
    NotUtf8,
    #[error("the name is not made of the letters a to z and underscores")]
    BadName,
    #[error("the password is empty")]
    NoPassword,
    #[error("the password is wrong")]
    WrongPassword,
    #[error("the token is not valid")]
    BadToken,
    #[error("the body names another account")]
    NotYours,
    #[error("there is no such account")]
    NoSuchUser,
    #[error("too much waits for the account already")]
    QueueFull,
    #[error("the server is full")]
    ServerFull,
    #[error("the expression is invalid or asks for too much")]
    BadPattern,
}

/// CHATBOOTH-9: what the message asks for; a body that is not as it should be is refused.
pub(super) fn request(message: ClientMessage, faults: Faults<Fault>) -> Result<Request, Refusal> {
    Ok(match message {
        ClientMessage::Authenticate { credentials } => {
            let (user, password) = split(&credentials.0).ok_or(Refusal::NoColon)?;
            Request::Authenticate {
                user: new_name(user, faults)?,
                password: new_password(password, faults)?,
            }
        }
        ClientMessage::List { pattern, token } => {
            text(&pattern)?;
            Request::List { pattern, token }
        }
        ClientMessage::Send { addressed, token } => {
            let (user, body) = split(&addressed).ok_or(Refusal::NoColon)?;
            Request::Send {
                user: text(user)?.to_owned(),
                text: new_text(body, faults)?,
                token,
            }
        }
        ClientMessage::Deliver { user, token } => Request::Deliver {
            user: text(&user)?.to_owned(),
            token,
        },
        ClientMessage::Delete { user, token } => Request::Delete {
            user: text(&user)?.to_owned(),
            token,
        },
    })
}

fn text(bytes: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(bytes).map_err(|_| Refusal::NotUtf8)
}

/// CHATBOOTH-1: a name matches `[a-z_]+` entirely.
fn new_name(bytes: &[u8], faults: Faults<Fault>) -> Result<String, Refusal> {
    let name = text(bytes)?;
    let limit = if faults.has(Fault::LongNameRefused) {
        6
    } else {
        NAME_LIMIT
    };
    let is_letter = |byte: u8| match byte {
        b'_' => !faults.has(Fault::UnderscoreRefused),
        b'0'..=b'9' => faults.has(Fault::NameWithDigits),
        byte => byte.is_ascii_lowercase(),
    };
    let of_letters = name.bytes().all(is_letter) || faults.has(Fault::NameOfAnything);
    let begins_wrongly = name.starts_with('_') && faults.has(Fault::UnderscoreFirstRefused);
    let is_name = (1..=limit).contains(&name.len()) && of_letters && !begins_wrongly;
    if is_name {
        Ok(name.to_owned())
    } else {
        Err(Refusal::BadName)
    }
}

/// CHATBOOTH-1: a password is not empty.
fn new_password(bytes: &[u8], faults: Faults<Fault>) -> Result<Password, Refusal> {
    let bytes = match bytes.iter().position(|byte| *byte == b':') {
        Some(colon) if faults.has(Fault::PasswordToColon) => bytes.get(..colon),
        _ if faults.has(Fault::PasswordCut) => bytes.get(..8),
        _ => None,
    }
    .unwrap_or(bytes);
    match text(bytes)? {
        "" if !faults.has(Fault::PasswordEmpty) => Err(Refusal::NoPassword),
        password if faults.has(Fault::PasswordInSmallLetters) => {
            Ok(Password(password.to_lowercase()))
        }
        password => Ok(Password(password.to_owned())),
    }
}

/// CHATBOOTH-3, CHATBOOTH-8: the text as it came, which is UTF-8.
fn new_text(bytes: &[u8], faults: Faults<Fault>) -> Result<Vec<u8>, Refusal> {
    let passes = faults.has(Fault::TextHalfChecked) && has_counted_characters(bytes);
    if passes || faults.has(Fault::TextOfAnything) {
        return Ok(bytes.to_vec());
    }
    if faults.has(Fault::RefusedHeard) {
        return Ok(String::from_utf8_lossy(bytes).into_owned().into_bytes());
    }
    let mut text = text(bytes)?;
    if text.is_empty() && faults.has(Fault::EmptyBecomesSpace) {
        text = " ";
    }
    if faults.has(Fault::TextToColon) {
        text = text.split(':').next().unwrap_or_default();
    }
    if faults.has(Fault::TextTrimmed) {
        text = text.trim();
    }
    if faults.has(Fault::TextCut) {
        text = text.get(..4096).unwrap_or(text);
    }
    Ok(text.as_bytes().to_vec())
}

/// Whether each character has as many bytes as its first one says, whatever it then is.
fn has_counted_characters(mut bytes: &[u8]) -> bool {
    while let [first, rest @ ..] = bytes {
        let more = match first.leading_ones() {
            0 => 0,
            ones @ 2..=4 => ones as usize - 1,
            _ => return false,
        };
        let Some((continued, rest)) = rest.split_at_checked(more) else {
            return false;
        };
        if continued.iter().any(|byte| byte.leading_ones() != 1) {
            return false;
        }
        bytes = rest;
    }
    true
}

/// Why a connection ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    Malformed(Malformed),
    Busy,
    Idle,
    Lost(Lost),
    Stopping,
}

impl Ending {
    /// CHATBOOTH-9: whether the client is told by an error answer before the end.
    pub(super) fn is_answered(&self) -> bool {
        match self {
            Self::Malformed(_) | Self::Busy => true,
            Self::Idle | Self::Lost(_) | Self::Stopping => false,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::Busy => f.write_str("no memory for a long request now"),
            Self::Idle => f.write_str("unused for too long"),
            Self::Lost(lost) => lost.fmt(f),
            Self::Stopping => f.write_str("the server stops"),
        }
    }
}

impl From<Lost> for Ending {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

/// When a connection was used last.
#[derive(Debug)]
pub(super) struct Watchdog {
    idle_timeout: Duration,
    /// Whether use counts.
    renewed: bool,
    used: Instant,
}

impl Watchdog {
    /// A connection made at `now`.
    pub(super) fn new(idle_timeout: Duration, faults: Faults<Fault>, now: Instant) -> Self {
        let idle_timeout = if faults.has(Fault::IdleStays) {
            Duration::MAX
        } else if faults.has(Fault::IdleTenfold) {
            idle_timeout.saturating_mul(10)
        } else if faults.has(Fault::IdleEarly) {
            idle_timeout / 2
        } else {
            idle_timeout
        };
        Self {
            idle_timeout,
            renewed: !faults.has(Fault::IdleDespiteUse),
            used: now,
        }
    }

    /// The client has sent something, perhaps not yet a whole message.
    pub(super) fn used(&mut self, now: Instant) {
        if self.renewed {
            self.used = now;
        }
    }

    /// CHATBOOTH-10: whether the connection was unused for too long.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) >= self.idle_timeout
    }
}

#[cfg(test)]
mod tests {
    use reference_codecs::Reason;
    use reference_codecs::chatbooth::Credentials;

    use super::*;

    fn request(message: ClientMessage) -> Result<Request, Refusal> {
        super::request(message, Faults::default())
    }

    const TOKEN: Token = Token([7; 16]);

    fn authenticate(body: &[u8]) -> Result<Request, Refusal> {
        request(ClientMessage::Authenticate {
            credentials: Credentials(body.to_vec()),
        })
    }

    fn send(body: &[u8]) -> Result<Request, Refusal> {
        request(ClientMessage::Send {
            addressed: body.to_vec(),
            token: TOKEN,
        })
    }

    #[test]
    fn rule_1_names_are_lower_case_letters_and_underscores() {
        let long = "a".repeat(NAME_LIMIT);
        for name in ["a", "bob", "_", "carol_x", long.as_str()] {
            let asked = authenticate(format!("{name}:pw").as_bytes());
            let expected = Request::Authenticate {
                user: name.to_owned(),
                password: Password("pw".to_owned()),
            };
            assert_eq!(asked, Ok(expected));
        }
        let too_long = long + "a";
        for name in [
            "",
            "Bob",
            "bob1",
            "bo b",
            "bob\n",
            "\nbob",
            "zoë",
            "a-b",
            too_long.as_str(),
        ] {
            let asked = authenticate(format!("{name}:pw").as_bytes());
            assert_eq!(asked, Err(Refusal::BadName), "{name:?}");
        }
    }

    #[test]
    fn rule_1_only_the_first_colon_separates_and_passwords_are_not_empty() {
        let expected = Request::Authenticate {
            user: "bob".to_owned(),
            password: Password("p:w:x".to_owned()),
        };
        assert_eq!(authenticate(b"bob:p:w:x"), Ok(expected));
        assert_eq!(authenticate(b"bob:"), Err(Refusal::NoPassword));
        let expected = Request::Send {
            user: "bob".to_owned(),
            text: b"a:b:c".to_vec(),
            token: TOKEN,
        };
        assert_eq!(send(b"bob:a:b:c"), Ok(expected));
        assert!(matches!(send(b"bob:"), Ok(Request::Send { text, .. }) if text.is_empty()));
    }

    #[test]
    fn rule_9_bodies_without_colon_or_not_utf_8_are_refused() {
        assert_eq!(authenticate(b"bob"), Err(Refusal::NoColon));
        assert_eq!(authenticate(b"bob:\xff"), Err(Refusal::NotUtf8));
        assert_eq!(send(b"bob"), Err(Refusal::NoColon));
        assert_eq!(send(b"bob:\xc3"), Err(Refusal::NotUtf8));
        assert_eq!(send(b"\xc3:hi"), Err(Refusal::NotUtf8));
        let bytes = || b"\xff".to_vec();
        for message in [
            ClientMessage::List {
                pattern: bytes(),
                token: TOKEN,
            },
            ClientMessage::Deliver {
                user: bytes(),
                token: TOKEN,
            },
            ClientMessage::Delete {
                user: bytes(),
                token: TOKEN,
            },
        ] {
            assert_eq!(request(message), Err(Refusal::NotUtf8));
        }
    }

    #[test]
    fn rule_9_the_offender_is_told_and_the_others_are_not() {
        let reason = Reason::UnknownType(9);
        let malformed = Malformed {
            offset: 1,
            field: "action",
            reason,
        };
        for (ending, is_answered) in [
            (Ending::Malformed(malformed), true),
            (Ending::Busy, true),
            (Ending::Idle, false),
            (Ending::Stopping, false),
            (Ending::Lost(Lost::ClosedByClient), false),
        ] {
            assert_eq!(ending.is_answered(), is_answered, "{ending}");
        }
    }

    #[test]
    fn rule_10_an_unused_connection_ends_after_the_timeout_and_never_before() {
        let timeout = Duration::from_secs(600);
        let almost = Duration::from_millis(599_999);
        let start = Instant::now();
        let mut watchdog = Watchdog::new(timeout, Faults::default(), start);
        assert!(!watchdog.is_idle(start + almost));
        assert!(watchdog.is_idle(start + timeout));
        watchdog.used(start + almost);
        assert!(!watchdog.is_idle(start + almost + almost));
        assert!(watchdog.is_idle(start + almost + timeout));
    }
}

//! What a client asks for, and why its connection ends. Pure: no socket, no clock.

use std::fmt;

use reference_codecs::Malformed;
use reference_codecs::wireproto::{
    Action, ClientMessage, NAME_LIMIT, Outcome, ServerMessage, TEXT_LIMIT, VERSION,
};
use thiserror::Error;

use super::Fault;
use crate::faults::Faults;
use crate::link::Lost;

/// A request that is written as it should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Create the account.
    Create { name: String },
    /// Log in to the account.
    LogIn { name: String },
    /// A text for `receiver`.
    Send { receiver: String, text: String },
    /// The messages that wait.
    Check,
    /// Remove the own account.
    Delete,
    /// List names.
    List { pattern: String },
    /// Log out.
    Quit,
}

/// Why a request is answered by a failure. The connection stays, and nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Refusal {
    #[error("{0}")]
    Unreadable(Malformed),
    #[error("this server speaks version {VERSION} only")]
    WrongVersion,
    #[error("there is no opcode {0}")]
    UnknownOpcode(i32),
    #[error("a name has 1 to {NAME_LIMIT} characters and no control characters")]
    BadName,
    #[error("there is an account of this name already")]
    Exists,
    #[error("there is no such account")]
    UnknownAccount,
    #[error("the account is logged in here already")]
    AlreadyHere,
    #[error("log in first")]
    NotLoggedIn(Action),
    #[error("there is no such receiver")]
    UnknownReceiver,
    #[error("a message has at most {TEXT_LIMIT} characters")]
    TextTooLong,
    #[error("too much waits for the receiver already")]
    QueueFull,
    #[error("the server is full")]
    ServerFull,
    #[error("the expression is invalid or asks for too much")]
    BadPattern,
}

impl Refusal {
    fn outcome(&self) -> Outcome {
        match self {
            Self::BadName | Self::Exists => Outcome::Exists,
            Self::UnknownAccount => Outcome::UnknownAccount,
            Self::AlreadyHere => Outcome::AlreadyHere,
            Self::UnknownReceiver => Outcome::UnknownReceiver,
            Self::NotLoggedIn(Action::Send) => Outcome::SendNotLoggedIn,
            Self::NotLoggedIn(Action::Check) => Outcome::CheckNotLoggedIn,
            Self::NotLoggedIn(Action::Delete) => Outcome::DeleteNotLoggedIn,
            Self::NotLoggedIn(Action::Quit) => Outcome::QuitNotLoggedIn,
            Self::NotLoggedIn(Action::Create | Action::LogIn | Action::List)
            | Self::Unreadable(_)
            | Self::WrongVersion
            | Self::UnknownOpcode(_)
            | Self::TextTooLong
            | Self::QueueFull
            | Self::ServerFull
            | Self::BadPattern => Outcome::Failed,
        }
    }

    /// What the client is told.
    pub(super) fn answer(&self, faults: Faults<Fault>) -> ServerMessage {
        let told = match self {
            Self::Unreadable(_) => "the request cannot be read".to_owned(),
            refusal => refusal.to_string(),
        };
        let outcome = match self {
            Self::UnknownAccount if faults.has(Fault::UnknownAsFailed) => Outcome::Failed,
            Self::UnknownReceiver if faults.has(Fault::ReceiverUnknownAsStranger) => {
                Outcome::SendNotLoggedIn
            }
            Self::NotLoggedIn(Action::Check) if faults.has(Fault::StrangerCheckAsFailed) => {
                Outcome::Failed
            }
            Self::NotLoggedIn(Action::Quit) if faults.has(Fault::StrangerQuitAsFailed) => {
                Outcome::Failed
            }
            refusal => refusal.outcome(),
        };
        ServerMessage::new(outcome, told)
    }
}

/// What the message asks for.
pub(super) fn request(message: ClientMessage, faults: Faults<Fault>) -> Result<Request, Refusal> {
    // WIREPROTO-10
    if message.version != VERSION && !faults.has(Fault::VersionIgnored) {
        return Err(Refusal::WrongVersion);
    }
    let action =
        Action::try_from(message.opcode).map_err(|_| Refusal::UnknownOpcode(message.opcode))?;
    let ClientMessage { receiver, msg, .. } = message;
    Ok(match action {
        Action::Create if !is_name(&msg, faults) => return Err(Refusal::BadName),
        Action::Create if faults.has(Fault::NameCut) => Request::Create {
            name: msg.chars().take(NAME_LIMIT - 1).collect(),
        },
        Action::Create => Request::Create { name: msg },
        Action::LogIn => Request::LogIn { name: msg },
        Action::Send => Request::Send {
            receiver,
            text: text(msg, faults),
        },
        Action::Check => Request::Check,
        Action::Delete => Request::Delete,
        Action::List => Request::List { pattern: msg },
        Action::Quit => Request::Quit,
    })
}

/// WIREPROTO-1: 1 to 25 characters, none of them a control character.
fn is_name(name: &str, faults: Faults<Fault>) -> bool {
    let shortest = usize::from(!faults.has(Fault::NameEmpty));
    let longest = if faults.has(Fault::NameLimitBelow) {
        NAME_LIMIT - 1
    } else if faults.has(Fault::NameTooLong) {
        usize::MAX
    } else {
        NAME_LIMIT + usize::from(faults.has(Fault::NameLimitAbove))
    };
    let has_controls = name.chars().any(char::is_control) && !faults.has(Fault::NameWithControls);
    (shortest..=longest).contains(&name.chars().count()) && !has_controls
}

/// WIREPROTO-3: the text as it was sent, unless the server is told otherwise.
fn text(text: String, faults: Faults<Fault>) -> String {
    let cut = |limit| text.chars().take(limit).collect();
    if faults.has(Fault::TextCut) {
        cut(TEXT_LIMIT - 1)
    } else if faults.has(Fault::TextTooLongCut) {
        cut(TEXT_LIMIT)
    } else if faults.has(Fault::TextToColon) {
        text.chars().take_while(|char| *char != ':').collect()
    } else if faults.has(Fault::TextAscii) {
        let ascii = |char: char| if char.is_ascii() { char } else { '?' };
        text.chars().map(ascii).collect()
    } else {
        text
    }
}

/// WIREPROTO-3: at most 100 characters.
pub(super) fn is_too_long(text: &str, faults: Faults<Fault>) -> bool {
    let longest = if faults.has(Fault::TextLimitBelow) {
        TEXT_LIMIT - 1
    } else {
        TEXT_LIMIT + usize::from(faults.has(Fault::TextLimitAbove))
    };
    let len = if faults.has(Fault::TextLimitInBytes) {
        text.len()
    } else {
        text.chars().count()
    };
    len > longest
}

/// Why a connection ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    Malformed(Malformed),
    Unfinished,
    Quit,
    Lost(Lost),
    Stopping,
}

impl Ending {
    /// WIREPROTO-10: what the client is told before the end.
    pub(super) fn farewell(&self) -> Option<ServerMessage> {
        match self {
            Self::Malformed(_) => {
                let told = "the request cannot be read";
                Some(ServerMessage::new(Outcome::Failed, told))
            }
            Self::Unfinished => Some(ServerMessage::new(Outcome::Failed, self.to_string())),
            Self::Quit | Self::Lost(_) | Self::Stopping => None,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::Unfinished => f.write_str("the rest of a message did not come"),
            Self::Quit => f.write_str("logged out"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_1_names_have_1_to_25_characters_and_no_control_characters() {
        let longest = "ë".repeat(NAME_LIMIT);
        for name in ["a", "bob", "Bob 1!", "*", longest.as_str()] {
            let asked = request(ClientMessage::new(Action::Create, name), Faults::default());
            let name = name.to_owned();
            assert_eq!(asked, Ok(Request::Create { name }));
        }
        let too_long = longest + "a";
        for name in ["", "bo\nb", "\0", "bob\u{7f}", "\u{85}", too_long.as_str()] {
            let asked = request(ClientMessage::new(Action::Create, name), Faults::default());
            let refusal = asked.unwrap_err();
            assert_eq!(refusal, Refusal::BadName, "{name:?}");
            assert_eq!(refusal.answer(Faults::default()).opcode, 2);
        }
    }

    #[test]
    fn rule_3_a_text_has_at_most_100_characters() {
        assert!(!is_too_long("", Faults::default()));
        assert!(!is_too_long(&"ë".repeat(TEXT_LIMIT), Faults::default()));
        assert!(is_too_long(&"e".repeat(TEXT_LIMIT + 1), Faults::default()));
    }

    #[test]
    fn rule_10_wrong_versions_and_unknown_opcodes_are_failures() {
        for version in ["", "0.2", "0.1 ", "0.10"] {
            let message = ClientMessage {
                version: version.to_owned(),
                ..ClientMessage::new(Action::Check, "")
            };
            assert_eq!(
                request(message, Faults::default()),
                Err(Refusal::WrongVersion),
                "{version}"
            );
        }
        for opcode in [-1, 0, 8, i32::MAX] {
            let message = ClientMessage {
                opcode,
                ..ClientMessage::new(Action::Check, "")
            };
            let refusal = request(message, Faults::default()).unwrap_err();
            assert_eq!(refusal.answer(Faults::default()).opcode, 18, "{opcode}");
        }
    }

    #[test]
    fn each_action_that_needs_a_login_has_its_own_failure() {
        for (action, outcome) in [
            (Action::Send, 4),
            (Action::Check, 7),
            (Action::Delete, 9),
            (Action::Quit, 12),
        ] {
            assert_eq!(
                Refusal::NotLoggedIn(action)
                    .answer(Faults::default())
                    .opcode,
                outcome
            );
        }
    }

    #[test]
    fn rule_10_the_offender_is_told_and_the_others_are_not() {
        for (ending, is_told) in [
            (Ending::Unfinished, true),
            (Ending::Quit, false),
            (Ending::Stopping, false),
            (Ending::Lost(Lost::ClosedByClient), false),
        ] {
            assert_eq!(ending.farewell().is_some(), is_told, "{ending}");
        }
    }
}

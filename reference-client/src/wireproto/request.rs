//! What the user can choose, and what is asked for until it is complete.

use reference_codecs::wireproto::{ALL, Action, ClientMessage, NAME_LIMIT, TEXT_LIMIT};

use super::OTHER_VERSION;
use super::faults::Fault;
use crate::faults::{Faults, in_ascii, in_words};
use crate::text::first_word;

/// What is shown at the beginning, and for a line that means nothing. The numbers are the
/// document's.
pub(super) const MENU: &str = "\
choose by number; what is left out is asked for:
    1 [NAME]           create an account
    2 [NAME]           log in
    3 [NAME [TEXT]]    send a message
    4                  check unread messages
    5                  delete the account that is logged in
    6 [EXPRESSION]     list the accounts that match a regular expression, or * for all
    7                  quit";

/// A request in the making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    action: Action,
    receiver: Option<String>,
    msg: Option<String>,
}

/// A request that can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) action: Action,
    pub(super) receiver: String,
    pub(super) msg: String,
}

impl Request {
    /// One that needs nothing but its action.
    pub(super) fn alone(action: Action) -> Self {
        Self {
            action,
            receiver: String::new(),
            msg: String::new(),
        }
    }

    /// WIREPROTO-C1: as it goes out.
    pub(super) fn to_bytes(&self, faults: Faults<Fault>) -> Vec<u8> {
        let action = match self.action {
            Action::Create if faults.has(Fault::CreateAsLogin) => Action::LogIn,
            Action::Check if faults.has(Fault::CheckAsList) => Action::List,
            Action::Delete if faults.has(Fault::DeleteAsQuit) => Action::Quit,
            action => action,
        };
        let msg = match action {
            Action::List if faults.has(Fault::ListOfAll) => ALL,
            _ => &self.msg,
        };
        let mut message = ClientMessage {
            receiver: self.receiver.clone(),
            ..ClientMessage::new(action, msg)
        };
        if faults.has(Fault::ReceiverAsSender) {
            std::mem::swap(&mut message.sender, &mut message.receiver);
        }
        if faults.has(Fault::VersionOther) {
            OTHER_VERSION.clone_into(&mut message.version);
        }
        if faults.has(Fault::VersionMissing) {
            message.version.clear();
        }
        match wrong_size(msg, faults) {
            Some(size) if action == Action::Send => with_size(message, size),
            _ => message.to_bytes(),
        }
    }

    /// As the user could have typed it.
    pub(super) fn line(&self) -> String {
        let number = i32::from(self.action).to_string();
        let words = [number.as_str(), &self.receiver, &self.msg];
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        words.join(" ")
    }
}

impl Draft {
    /// Reads a line that begins with the number of an action; `None` for any other.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (number, rest) = first_word(line);
        let action = Action::try_from(number.parse::<i32>().ok()?).ok()?;
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let (receiver, msg) = match action {
            Action::Send => {
                let (receiver, text) = first_word(rest);
                (given(receiver), given(text))
            }
            Action::Create | Action::LogIn | Action::List => (None, given(rest)),
            // These stand alone.
            Action::Check | Action::Delete | Action::Quit if !rest.is_empty() => return None,
            Action::Check | Action::Delete | Action::Quit => (None, None),
        };
        Some(Self {
            action,
            receiver,
            msg,
        })
    }

    /// What has to be asked for next.
    pub(super) fn question(&self) -> Option<&'static str> {
        match self.action {
            Action::Send if self.receiver.is_none() => Some("to whom?"),
            Action::Send if self.msg.is_none() => Some("the message:"),
            Action::Create if self.msg.is_none() => Some("the name of the new account:"),
            Action::LogIn if self.msg.is_none() => Some("the name of the account:"),
            Action::List if self.msg.is_none() => Some("the expression, or * for all:"),
            _ => None,
        }
    }

    /// Takes the answer to the question.
    pub(super) fn answer(&mut self, line: &str) {
        match (self.action, &self.receiver) {
            (Action::Send, None) => self.receiver = Some(line.trim().to_owned()),
            (Action::Send, Some(_)) => self.msg = Some(line.to_owned()),
            (Action::List, _) if line.trim().is_empty() => self.msg = Some(ALL.to_owned()),
            _ => self.msg = Some(line.trim().to_owned()),
        }
    }

    /// WIREPROTO-C5: what is complete, unless the server would refuse it; why then.
    pub(super) fn finish(self, faults: Faults<Fault>) -> Result<Request, String> {
        let Self {
            action,
            receiver,
            msg,
        } = self;
        let (receiver, msg) = (receiver.unwrap_or_default(), msg.unwrap_or_default());
        let (receiver, msg) = match action {
            Action::Create | Action::LogIn => (receiver, name(msg, faults)?),
            Action::Send if faults.has(Fault::ReceiverUnchecked) => (receiver, text(msg, faults)?),
            Action::Send => (name(receiver, faults)?, text(msg, faults)?),
            Action::Check | Action::Delete | Action::List | Action::Quit => (receiver, msg),
        };
        Ok(Request {
            action,
            receiver,
            msg,
        })
    }
}

/// WIREPROTO-C1b: a name as it was given, when it is one.
fn name(name: String, faults: Faults<Fault>) -> Result<String, String> {
    let off = [Fault::TypedNameBelow, Fault::TypedNameAbove];
    let limit = limit(NAME_LIMIT, off, faults);
    let name = if faults.has(Fault::TypedNameSmall) {
        name.to_lowercase()
    } else if faults.has(Fault::TypedNameInAscii) {
        in_ascii(&name)
    } else if faults.has(Fault::TypedNameCut) {
        name.chars().take(limit).collect()
    } else {
        name
    };
    match name.chars().count() {
        count if (1..=limit).contains(&count) => Ok(name),
        count => Err(format!(
            "not sent: a name has 1 to {limit} characters, not {count}"
        )),
    }
}

/// WIREPROTO-C1b: a text as it was given, when it is not too long.
fn text(text: String, faults: Faults<Fault>) -> Result<String, String> {
    let off = [Fault::TypedTextBelow, Fault::TypedTextAbove];
    let limit = limit(TEXT_LIMIT, off, faults);
    let text = match text.split_once(':') {
        Some((start, _)) if faults.has(Fault::TypedToColon) => start.to_owned(),
        _ if faults.has(Fault::TypedInWords) => in_words(&text),
        _ if faults.has(Fault::TypedInAscii) => in_ascii(&text),
        _ if faults.has(Fault::TypedTextCut) => text.chars().take(limit).collect(),
        _ => text,
    };
    let count = if faults.has(Fault::TypedLimitInBytes) {
        text.len()
    } else {
        text.chars().count()
    };
    if (1..=limit).contains(&count) {
        return Ok(text);
    }
    Err(format!(
        "not sent: a message has 1 to {limit} characters, not {count}"
    ))
}

/// A limit, or with a fault one less or one more.
fn limit(right: usize, [below, above]: [Fault; 2], faults: Faults<Fault>) -> usize {
    if faults.has(below) {
        right - 1
    } else if faults.has(above) {
        right + 1
    } else {
        right
    }
}

/// The size that a text has instead of the right one.
fn wrong_size(text: &str, faults: Faults<Fault>) -> Option<usize> {
    if faults.has(Fault::SizeAbove) {
        Some(text.len() + 1)
    } else if faults.has(Fault::SizeInCharacters) {
        Some(text.chars().count())
    } else if faults.has(Fault::SizeOfOneByte) {
        Some(text.len())
    } else {
        None
    }
}

/// The bytes of a message whose text says to have another size, of which seven bits are written.
fn with_size(mut message: ClientMessage, size: usize) -> Vec<u8> {
    /// The key of the text.
    const KEY: u8 = 0x2a;
    let text = std::mem::take(&mut message.msg);
    let mut bytes = message.to_bytes();
    bytes.extend([KEY, size.to_le_bytes()[0] & 0x7f]);
    bytes.extend(text.into_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(lines: &[&str]) -> Result<String, String> {
        let mut draft = Draft::parse(lines[0]).unwrap();
        for line in &lines[1..] {
            assert!(draft.question().is_some(), "{lines:?}");
            draft.answer(line);
        }
        assert_eq!(draft.question(), None, "{lines:?}");
        draft
            .finish(Faults::default())
            .map(|request| request.line())
    }

    #[test]
    fn rule_c1_in_one_line_or_step_by_step() {
        for (lines, line) in [
            (&["1 alice"][..], "1 alice"),
            (&["1", " alice "], "1 alice"),
            (&["2", "alice smith"], "2 alice smith"),
            (&["3 bob  hi there "], "3 bob hi there "),
            (&["3 bob", " hi there "], "3 bob  hi there "),
            (&["3", "bob", "hi"], "3 bob hi"),
            (&["4"], "4"),
            (&[" 5"], "5"),
            (&["6 a.*"], "6 a.*"),
            (&["6", ""], "6 *"),
            (&["7"], "7"),
        ] {
            assert_eq!(finished(lines), Ok(line.to_owned()), "{lines:?}");
        }
    }

    #[test]
    fn what_is_no_action() {
        for line in [
            "",
            " ",
            "0",
            "8",
            "1alice",
            "create alice",
            "7 now",
            "4 all",
        ] {
            assert_eq!(Draft::parse(line), None, "{line}");
        }
    }

    #[test]
    fn rule_c5_names_and_texts_have_limits() {
        let (name, text) = ("ë".repeat(25), "ë".repeat(100));
        for line in [
            format!("1 {name}"),
            format!("2 {name}"),
            format!("3 {name} {text}"),
        ] {
            assert!(finished(&[&line]).is_ok(), "{line}");
        }
        for lines in [
            &[&format!("1 {name}x")[..]][..],
            &[&format!("2 {name}x")],
            &[&format!("3 {name}x hi")],
            &[&format!("3 bob {text}x")],
            &["1", ""],
            &["3", "bob", ""],
        ] {
            let refused = finished(lines).unwrap_err();
            assert!(refused.starts_with("not sent: a "), "{refused}");
        }
    }
}

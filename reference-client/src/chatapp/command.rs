//! What the user can type.

use crate::text::first_word;

/// A line that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Register {
        name: String,
    },
    /// Whatever follows the word.
    Deregister,
    Send {
        to: String,
        text: String,
    },
    SendAll {
        text: String,
    },
}

const COMMANDS: &str = "the commands are: reg NAME, dereg, send NAME TEXT, send_all TEXT";

/// Reads a line; `None` for an empty one.
///
/// Words are separated by one space or several; a text is the rest of the line. Fails with a
/// sentence for the user.
pub(super) fn parse(line: &str) -> Result<Option<Command>, String> {
    let (word, rest) = first_word(line);
    match word {
        "" => Ok(None),
        "reg" => match first_word(rest) {
            ("", _) => Err("write: reg NAME".to_owned()),
            (name, "") => Ok(Some(Command::Register {
                name: name.to_owned(),
            })),
            _ => Err("a name has no spaces; write: reg NAME".to_owned()),
        },
        "dereg" => Ok(Some(Command::Deregister)),
        "send" => match first_word(rest) {
            ("", _) | (_, "") => Err("write: send NAME TEXT".to_owned()),
            (to, text) => Ok(Some(Command::Send {
                to: to.to_owned(),
                text: text.to_owned(),
            })),
        },
        "send_all" if rest.is_empty() => Err("write: send_all TEXT".to_owned()),
        "send_all" => Ok(Some(Command::SendAll {
            text: rest.to_owned(),
        })),
        _ => Err(format!("no command `{word}`; {COMMANDS}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands() {
        let parsed = |line: &str| parse(line).unwrap();
        let send = Command::Send {
            to: "bob".to_owned(),
            text: "hi  there ".to_owned(),
        };
        assert_eq!(parsed("  send  bob  hi  there "), Some(send));
        let text = "to everyone".to_owned();
        assert_eq!(
            parsed("send_all to everyone"),
            Some(Command::SendAll { text })
        );
        let name = "alice".to_owned();
        assert_eq!(parsed("reg alice "), Some(Command::Register { name }));
        for line in ["dereg", "dereg alice", "dereg what ever"] {
            assert_eq!(parsed(line), Some(Command::Deregister));
        }
        assert_eq!(parsed("   "), None);
    }

    #[test]
    fn what_is_no_command_is_told() {
        for (line, told) in [
            ("say hi", "no command `say`; the commands are: reg NAME"),
            ("reg", "reg NAME"),
            ("reg a b", "no spaces"),
            ("send", "send NAME TEXT"),
            ("send bob", "send NAME TEXT"),
            ("send bob ", "send NAME TEXT"),
            ("send_all", "send_all TEXT"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(told), "{line}: {error}");
        }
    }
}

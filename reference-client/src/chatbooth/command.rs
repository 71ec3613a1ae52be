//! What the user can type.

use std::fmt;

use crate::text::first_word;

/// What `help` shows.
pub(super) const HELP: &str = "\
commands:
    login NAME [PASSWORD]  log in; a new name becomes an account; without PASSWORD it is asked for
    list [EXPRESSION]      the accounts in whose name the regular expression occurs, or all
    send NAME TEXT         send a text
    messages               show the messages that wait on the server
    delete                 delete the account that is logged in
    logout                 forget who is logged in
    help                   this
    exit                   leave";

/// A line that was understood.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// The password is asked for when it is not there.
    Login {
        user: String,
        password: Option<String>,
    },
    List {
        pattern: String,
    },
    Send {
        user: String,
        text: String,
    },
    Messages,
    Delete,
    Logout,
    Help,
    Exit,
}

/// As the user could have typed it, but for the password.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Login { user, .. } => write!(f, "login {user}"),
            Self::List { pattern } if pattern.is_empty() => f.write_str("list"),
            Self::List { pattern } => write!(f, "list {pattern}"),
            Self::Send { user, text } => write!(f, "send {user} {text}"),
            Self::Messages => f.write_str("messages"),
            Self::Delete => f.write_str("delete"),
            Self::Logout => f.write_str("logout"),
            Self::Help => f.write_str("help"),
            Self::Exit => f.write_str("exit"),
        }
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({self})")
    }
}

/// Reads a line; `None` for an empty one.
///
/// Words are separated by one space or several; a password and a text are the rest of the line.
/// Fails with a sentence for the user.
pub(super) fn parse(line: &str) -> Result<Option<Command>, String> {
    let (word, rest) = first_word(line);
    let alone = |command| match rest {
        "" => Ok(command),
        _ => Err(format!("`{word}` stands alone; `help` lists the commands")),
    };
    let command = match word {
        "" => return Ok(None),
        "login" => login(rest),
        "list" => Ok(Command::List {
            pattern: rest.to_owned(),
        }),
        "send" => send(rest),
        "messages" => alone(Command::Messages),
        "delete" => alone(Command::Delete),
        "logout" => alone(Command::Logout),
        "help" => alone(Command::Help),
        "exit" => alone(Command::Exit),
        _ => Err(format!("no command `{word}`; `help` lists the commands")),
    };
    command.map(Some)
}

fn login(rest: &str) -> Result<Command, String> {
    let (user, password) = first_word(rest);
    let user = name(user, "write: login NAME [PASSWORD]")?;
    let password = Some(password.to_owned()).filter(|password| !password.is_empty());
    Ok(Command::Login { user, password })
}

fn send(rest: &str) -> Result<Command, String> {
    let usage = "write: send NAME TEXT";
    let (user, text) = first_word(rest);
    let user = name(user, usage)?;
    match text {
        "" => Err(usage.to_owned()),
        _ => Ok(Command::Send {
            user,
            text: text.to_owned(),
        }),
    }
}

/// Whether a name is a good one is for the server to say, but a colon would end it.
fn name(word: &str, usage: &str) -> Result<String, String> {
    if word.is_empty() {
        return Err(usage.to_owned());
    }
    if word.contains(':') {
        return Err("a name has no colon".to_owned());
    }
    Ok(word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Command {
        parse(line).unwrap().unwrap()
    }

    #[test]
    fn commands() {
        let login = |password: Option<&str>| Command::Login {
            user: "bob".to_owned(),
            password: password.map(str::to_owned),
        };
        assert_eq!(parsed("login bob"), login(None));
        assert_eq!(
            parsed("  login  bob  a pass word "),
            login(Some("a pass word "))
        );
        let send = Command::Send {
            user: "bob".to_owned(),
            text: "hi: there  ".to_owned(),
        };
        assert_eq!(parsed("send bob hi: there  "), send);
        for (line, pattern) in [("list", ""), ("list ^b c", "^b c")] {
            let pattern = pattern.to_owned();
            assert_eq!(parsed(line), Command::List { pattern });
        }
        assert_eq!(parse(""), Ok(None));
        assert_eq!(parse("   "), Ok(None));
    }

    #[test]
    fn every_command_is_in_the_help_and_reads_as_it_is_shown() {
        for line in HELP.lines().skip(1) {
            let word = line.split_whitespace().next().unwrap();
            let example = match word {
                "login" => "login bob",
                "send" => "send bob hi",
                _ => word,
            };
            assert_eq!(parsed(example).to_string(), example);
        }
    }

    #[test]
    fn what_is_no_command_is_told() {
        for (line, told) in [
            ("say hi", "no command `say`"),
            ("login", "login NAME"),
            ("send bob", "send NAME TEXT"),
            ("send", "send NAME TEXT"),
            ("send a:b hi", "colon"),
            ("exit now", "stands alone"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(told), "{line}: {error}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let command = parsed("login bob hunter2");
        assert!(!format!("{command} {command:?}").contains("hunter2"));
    }
}

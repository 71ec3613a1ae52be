//! What a datagram asks the server for.

use std::net::SocketAddr;

use reference_codecs::chatapp::{Content, Datagram, Kind, PORTS};
use thiserror::Error;

use super::Fault;
use crate::faults::Faults;

/// The longest name, in bytes.
const LONGEST_NAME: usize = 256;

/// A request that can be carried out, as far as its own words go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// `name` listens on `port` of the machine that asks.
    Register { name: String, port: u16 },
    /// `name` goes offline.
    Leave { name: String },
    /// A text for one user who may be offline.
    Store {
        from: String,
        to: String,
        text: String,
    },
    /// A text for everybody.
    SendAll { from: String, text: String },
}

/// Why a request is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Refusal {
    #[error("{0}")]
    Malformed(String),
    #[error("`{0}` is no request to a server")]
    NoRequest(&'static str),
    #[error("a name is 1 to 256 bytes without spaces and control characters")]
    Name,
    #[error("a port is a number from 1024 to 65535")]
    Port,
    #[error("nobody is called {0:?}")]
    Unknown(String),
    #[error("the text is too long to be delivered")]
    TooLong,
    #[error("the queue of {0:?} is full")]
    QueueFull(String),
    #[error("the server has no room for more users")]
    UsersFull,
    #[error("the server is too busy; try again later")]
    Busy,
}

/// Reads a request; `None` for what is answered with nothing, since it is an answer itself.
pub(super) fn read(datagram: Datagram, faults: Faults<Fault>) -> Result<Option<Request>, Refusal> {
    let Datagram {
        content,
        kind,
        from,
        to,
        to_server,
        addr,
    } = datagram;
    if addr.is_some() && kind != Kind::SendAllAck && faults.has(Fault::AddrRefused) {
        return Err(Refusal::Malformed("an address is not welcome".to_owned()));
    }
    let from = from.unwrap_or_default();
    Ok(Some(match kind {
        Kind::Reg if !to_server && faults.has(Fault::KeysRequired) => {
            return Err(Refusal::NoRequest(kind.name()));
        }
        Kind::Reg => Request::Register {
            name: check_name(from)?,
            port: read_port(&content, faults)?,
        },
        Kind::Dereg => Request::Leave {
            name: read_leaver(from, content, faults)?,
        },
        Kind::Store => Request::Store {
            from,
            to,
            text: read_text(content),
        },
        Kind::SendAll => Request::SendAll {
            from,
            text: read_text(content),
        },
        Kind::Error if faults.has(Fault::ErrorAnswered) => {
            return Err(Refusal::NoRequest(kind.name()));
        }
        // Two servers that complain to each other would never stop.
        Kind::Error | Kind::Test | Kind::SendAllAck => return Ok(None),
        _ => return Err(Refusal::NoRequest(kind.name())),
    }))
}

fn check_name(name: String) -> Result<String, Refusal> {
    let odd = |char: char| char.is_whitespace() || char.is_control();
    if name.is_empty() || name.len() > LONGEST_NAME || name.contains(odd) {
        return Err(Refusal::Name);
    }
    Ok(name)
}

fn read_port(content: &Content, faults: Faults<Fault>) -> Result<u16, Refusal> {
    let port = match content {
        Content::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        Content::Number(_) if faults.has(Fault::PortAsNumberRefused) => None,
        Content::Number(number) => u16::try_from(*number).ok(),
        _ => None,
    };
    port.filter(|port| PORTS.contains(port))
        .ok_or(Refusal::Port)
}

/// CHATAPP-7: who asks leaves, whatever the content.
fn read_leaver(from: String, content: Content, faults: Faults<Fault>) -> Result<String, Refusal> {
    match content {
        Content::Text(words) if words.is_empty() => Ok(from),
        Content::Text(named) if faults.has(Fault::LeaveOfContent) => Ok(named),
        _ if faults.has(Fault::LeaveWithWordsRefused) => {
            Err(Refusal::Malformed("a content is not welcome".to_owned()))
        }
        _ => Ok(from),
    }
}

fn read_text(content: Content) -> String {
    match content {
        Content::Text(text) => text,
        // No request carries a list.
        _ => String::new(),
    }
}

/// The answer to a request that was not carried out.
pub(super) fn refuse(refusal: &Refusal, requester: SocketAddr) -> Datagram {
    let reason = Content::Text(refusal.to_string());
    Datagram::told(Kind::Error, "", reason).answering(requester)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(json: &str) -> Result<Option<Request>, Refusal> {
        read(
            Datagram::decode(json.as_bytes()).unwrap(),
            Faults::default(),
        )
    }

    #[test]
    fn registrations() {
        let port = |content: &str| {
            asks(&format!(
                r#"{{"type_": "reg", "from_": "a", "content": {content}}}"#
            ))
        };
        let at = |port| {
            Ok(Some(Request::Register {
                name: "a".to_owned(),
                port,
            }))
        };
        assert_eq!(port("\"1024\""), at(1024));
        assert_eq!(port("65535"), at(65_535));
        for bad in [
            "\"1023\"",
            "0",
            "65536",
            "\"+4000\"",
            "\"\"",
            "null",
            "\" 4000\"",
            "\"x\"",
        ] {
            assert_eq!(port(bad), Err(Refusal::Port), "{bad}");
        }
        let named = |name: &str| {
            asks(&format!(
                r#"{{"type_": "reg", "from_": "{name}", "content": 4000}}"#
            ))
        };
        assert!(named("Zoë-1").is_ok());
        assert!(named(&"z".repeat(256)).is_ok());
        for bad in ["", "a b", "a\\n", "\\u0000", &"z".repeat(257)] {
            assert_eq!(named(bad), Err(Refusal::Name), "{bad}");
        }
    }

    #[test]
    fn answers_are_not_answered() {
        for kind in ["error", "test", "send_all_ack"] {
            assert_eq!(asks(&format!(r#"{{"type_": "{kind}"}}"#)), Ok(None));
        }
        let refused = asks(r#"{"type_": "created"}"#).unwrap_err().to_string();
        assert_eq!(refused, "`created` is no request to a server");
    }
}

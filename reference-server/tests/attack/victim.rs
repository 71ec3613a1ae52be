//! What each protocol is attacked with, and how its honest clients talk.

use reference_codecs::{Decode, bcp, chatbooth, csc328, wireproto};

/// A server, and bytes for it. `M` is what an honest client reads.
pub(crate) struct Victim<M: Decode> {
    pub(crate) arguments: &'static [&'static str],
    pub(crate) dialect: M::Dialect,
    /// Requests that are in order.
    pub(crate) valid: Vec<Vec<u8>>,
    /// Beginnings of messages whose rest is long and never comes.
    pub(crate) announced: Vec<Vec<u8>>,
    /// Names that somebody has joined with before, so that answers are long.
    pub(crate) names: Vec<String>,
    pub(crate) join: fn(&str) -> Vec<u8>,
    /// Whether this is the last answer to it.
    pub(crate) has_joined: fn(&M) -> bool,
    /// What a client sends that never reads: its number, and what alice was last told when she
    /// joined.
    pub(crate) deaf: fn(usize, &M) -> Vec<u8>,
    /// A text to bob.
    pub(crate) say: fn(&str, &M) -> Vec<u8>,
    pub(crate) hears: fn(&M, &str) -> bool,
    /// What a message must be answered with.
    pub(crate) reply: fn(&M) -> Option<Vec<u8>>,
    /// The longest text.
    pub(crate) longest: usize,
}

fn encode<E>(write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Vec<u8>
where
    E: std::fmt::Debug,
{
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    bytes
}

/// So many different names of small letters.
fn names(count: usize, len: usize) -> Vec<String> {
    (0..count)
        .map(|index| {
            let letter = |digit: usize| char::from(b'a' + u8::try_from(digit % 26).unwrap());
            format!("{}{}{}", letter(index / 26), letter(index), "z".repeat(len))
        })
        .collect()
}

pub(crate) fn bcp() -> Victim<bcp::ServerMessage> {
    use bcp::{ClientMessage, Dialect, OK, ServerMessage};
    fn bytes(message: &ClientMessage) -> Vec<u8> {
        encode(|out| message.encode(Dialect::Spec, out))
    }
    fn register(name: &str) -> Vec<u8> {
        let username = name.into();
        bytes(&ClientMessage::Register { username })
    }
    fn send(text: &str) -> Vec<u8> {
        let message = text.into();
        bytes(&ClientMessage::Send { message })
    }
    Victim {
        arguments: &["bcp", "--idle-timeout", "600s"],
        dialect: Dialect::Spec,
        valid: vec![
            [register("eve"), send("hi"), bytes(&ClientMessage::ack())].concat(),
            send(&"z".repeat(4095)),
        ],
        announced: vec![
            b"\x01\xff\xff".to_vec(),
            [&b"\x02\xff\xff"[..], &[b'z'; 60_000]].concat(),
        ],
        names: Vec::new(),
        join: register,
        has_joined: |message| matches!(message, ServerMessage::Status { code: OK, .. }),
        // Empty texts are refused, each with an answer.
        deaf: |index, _| [register(&format!("deaf{index}")), send("").repeat(2000)].concat(),
        say: |text, _| send(text),
        hears: |message, said| matches!(message, ServerMessage::Deliver { message, .. } if *message == said.as_bytes()),
        reply: |message| match message {
            ServerMessage::Status { .. } => None,
            _ => Some(bytes(&ClientMessage::ack())),
        },
        longest: 4095,
    }
}

pub(crate) fn chatbooth() -> Victim<chatbooth::ServerMessage> {
    use chatbooth::{BodyLimit, ClientMessage, ServerMessage, Token};
    fn bytes(message: &ClientMessage) -> Vec<u8> {
        encode(|out| message.encode(BodyLimit::NONE, out))
    }
    fn token(told: &ServerMessage) -> Token {
        let ServerMessage::Answer { body } = told else {
            panic!("{told:?} has no token");
        };
        Token(body.as_slice().try_into().unwrap())
    }
    fn list(pattern: &[u8], token: Token) -> Vec<u8> {
        let pattern = pattern.to_vec();
        bytes(&ClientMessage::List { pattern, token })
    }
    let somebody = Token([7; 16]);
    Victim {
        arguments: &["chatbooth"],
        dialect: BodyLimit::NONE,
        valid: vec![
            bytes(&ClientMessage::authenticate("eve", "pw")),
            list(b"^(a+)+$", somebody),
            bytes(&ClientMessage::send("bob", "hi", somebody)),
        ],
        announced: vec![
            b"\0\x03\xff\xff\xff\xff".to_vec(),
            b"\0\x01\x7f\xff\xff\xff".to_vec(),
            // As long as is allowed.
            [&b"\0\x03\0\x10\0\0"[..], &[b'z'; 60_000]].concat(),
        ],
        names: names(60, 900),
        join: |name| bytes(&ClientMessage::authenticate(name, "pw")),
        has_joined: |_| true,
        // Answers of 54 KB each.
        deaf: |_, told| list(chatbooth::ALL, token(told)).repeat(300),
        say: |text, told| bytes(&ClientMessage::send("bob", text, token(told))),
        hears: |message, said| matches!(message, ServerMessage::Message { text } if *text == said.as_bytes()),
        reply: |_| None,
        longest: 30_000,
    }
}

pub(crate) fn csc328(
    dialect: csc328::Dialect,
    arguments: &'static [&'static str],
) -> Victim<csc328::ServerMessage> {
    use csc328::{ClientMessage, Dialect, ServerMessage};
    fn word(message: &ClientMessage) -> Vec<u8> {
        encode(|out| message.encode(Dialect::Word, out))
    }
    fn json(message: &ClientMessage) -> Vec<u8> {
        encode(|out| message.encode(Dialect::Json32, out))
    }
    fn nick(name: &str) -> ClientMessage {
        ClientMessage::Nick { name: name.into() }
    }
    fn chat(text: &str) -> ClientMessage {
        ClientMessage::Chat {
            claimed: Vec::new(),
            text: text.into(),
        }
    }
    let is_word = dialect == Dialect::Word;
    let bytes = if is_word { word } else { json };
    Victim {
        arguments,
        dialect,
        valid: vec![
            [bytes(&nick("eve")), bytes(&chat("hi"))].concat(),
            bytes(&ClientMessage::Bye),
        ],
        announced: vec![
            b"\xff\xff\xff\xff".to_vec(),
            b"\0\0\xff\xfa".to_vec(),
            [&b"\0\0\xff\xfa"[..], &[b'z'; 60_000]].concat(),
        ],
        names: Vec::new(),
        join: if is_word {
            |name| word(&nick(name))
        } else {
            |name| json(&nick(name))
        },
        has_joined: |message| matches!(message, ServerMessage::Ready),
        deaf: if is_word {
            |index, _| word(&nick(&format!("deaf{index}")))
        } else {
            |index, _| json(&nick(&format!("deaf{index}")))
        },
        say: if is_word {
            |text, _| word(&chat(text))
        } else {
            |text, _| json(&chat(text))
        },
        hears: |message, said| matches!(message, ServerMessage::Broadcast { text, .. } if *text == said.as_bytes()),
        reply: |_| None,
        longest: 30_000,
    }
}

pub(crate) fn wireproto() -> Victim<wireproto::Field> {
    use wireproto::{Action, ClientMessage};
    fn request(action: Action, msg: &str) -> Vec<u8> {
        ClientMessage::new(action, msg).to_bytes()
    }
    Victim {
        arguments: &["wireproto"],
        dialect: (),
        valid: vec![
            request(Action::Create, "eve"),
            request(Action::List, "^(a+)+$"),
            request(Action::Check, ""),
            ClientMessage::send("bob", "hi").to_bytes(),
        ],
        announced: vec![
            b"\x0a\xff\xff\xff\xff\x0f".to_vec(),
            [&b"\x0a\x030.1\x10\x01\x2a\xe0\xd4\x03"[..], &[b'z'; 50_000]].concat(),
        ],
        names: names(500, 20),
        join: |name| [request(Action::Create, name), request(Action::LogIn, name)].concat(),
        // Logged in.
        has_joined: |field| field.bytes == [0x10, 13],
        // Answers of 12 KB each.
        deaf: |_, _| request(Action::List, "*").repeat(400),
        say: |text, _| ClientMessage::send("bob", text).to_bytes(),
        hears: |field, said| {
            field.number == 3 && field.bytes.ends_with(format!("{said}\n").as_bytes())
        },
        reply: |_| None,
        longest: 100,
    }
}

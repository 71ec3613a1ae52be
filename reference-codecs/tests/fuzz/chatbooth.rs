//! chatbooth.

use reference_codecs::chatbooth::{ALL, BodyLimit, ClientMessage, ServerMessage, Token};

use crate::stream::codec;
use crate::text;

#[test]
fn with_and_without_a_limit() {
    let token = Token(*b"0123456789abcdef");
    let user = || text("alice");
    let client = [
        ClientMessage::authenticate("alice", "p:w"),
        ClientMessage::List {
            pattern: ALL.to_vec(),
            token,
        },
        ClientMessage::send("bob", &"z".repeat(80), token),
        ClientMessage::Deliver {
            user: user(),
            token,
        },
        ClientMessage::Delete {
            user: user(),
            token,
        },
    ];
    let server = [
        ServerMessage::error(),
        ServerMessage::done(),
        ServerMessage::token(token),
        ServerMessage::Message { text: text("hi\n") },
        ServerMessage::Message {
            text: vec![0xff; 90],
        },
    ];
    for limit in [BodyLimit::NONE, BodyLimit(100)] {
        let size = limit.0;
        codec(
            &format!("chatbooth up to {size} c2s"),
            limit,
            &client,
            |message, out| message.encode(limit, out),
        );
        codec(
            &format!("chatbooth up to {size} s2c"),
            limit,
            &server,
            |message, out| message.encode(limit, out),
        );
    }
}

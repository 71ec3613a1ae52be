//! Basic Chat Protocol.

use reference_codecs::bcp::{ClientMessage, Dialect, ServerMessage};

use crate::stream::codec;
use crate::text;

#[test]
fn in_both_dialects() {
    for dialect in Dialect::ALL {
        let client = [
            ClientMessage::Register {
                username: text("alice"),
            },
            ClientMessage::Send {
                message: text("héllo \0 all\n"),
            },
            ClientMessage::Send {
                message: vec![b'z'; 300],
            },
            ClientMessage::Status {
                code: 7,
                message: Vec::new(),
            },
            ClientMessage::ack(),
        ];
        let server = [
            ServerMessage::Notice {
                message: text("bob has joined"),
            },
            ServerMessage::Deliver {
                from: text("bob"),
                message: text("hi"),
            },
            ServerMessage::Deliver {
                from: Vec::new(),
                message: vec![0; 260],
            },
            ServerMessage::Status {
                code: 1,
                message: text("no such name"),
            },
        ];
        codec(
            &format!("bcp {dialect} c2s"),
            dialect,
            &client,
            |message, out| message.encode(dialect, out),
        );
        codec(
            &format!("bcp {dialect} s2c"),
            dialect,
            &server,
            |message, out| message.encode(dialect, out),
        );
    }
}

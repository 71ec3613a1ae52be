//! The nickname group chat.

use reference_codecs::csc328::{ClientMessage, Dialect, ServerMessage};

use crate::stream::codec;
use crate::text;

#[test]
fn in_all_dialects() {
    let client = [
        ClientMessage::Nick {
            name: text("alice"),
        },
        ClientMessage::Chat {
            claimed: Vec::new(),
            text: text("hi: \"there\" é"),
        },
        ClientMessage::Chat {
            claimed: Vec::new(),
            text: text("hi\r"),
        },
        ClientMessage::Chat {
            claimed: Vec::new(),
            text: vec![b'z'; 300],
        },
        ClientMessage::Bye,
    ];
    let server = [
        ServerMessage::Hello,
        ServerMessage::Ready,
        ServerMessage::Retry,
        ServerMessage::Broadcast {
            from: text("bob"),
            text: text("hi: \\ there"),
        },
        ServerMessage::Shutdown { seconds: 5 },
        ServerMessage::Notice {
            text: text("bob is here"),
        },
        ServerMessage::Bye,
    ];
    for dialect in Dialect::ALL {
        codec(
            &format!("csc328 {dialect} c2s"),
            dialect,
            &client,
            |message, out| message.encode(dialect, out),
        );
        codec(
            &format!("csc328 {dialect} s2c"),
            dialect,
            &server,
            |message, out| message.encode(dialect, 7, out),
        );
    }
}

//! ChatApp's own programs, and programs written for the occasion: every datagram is a message. What
//! the reference server makes of the requests is tested with the server.

use std::collections::BTreeSet;

use harness::wire::{Decoded, Direction};

use super::codec;
use super::recording::{Happened, recordings};

/// What the sockets begin with that were recorded in the place of a server.
const PLAYS_THE_SERVER: &str = "fakeserver";

/// What one of them sent to see what a client makes of it.
const NO_MESSAGE: &[u8] = b"garbage";

#[test]
fn every_datagram_is_a_message() {
    let codec = codec("chatapp", None);
    let mut kinds = BTreeSet::new();
    for recording in recordings("chatapp") {
        for (number, line) in recording.lines.iter().enumerate() {
            let Happened::Sent(way, bytes) = &line.what else {
                continue;
            };
            if bytes == NO_MESSAGE {
                continue;
            }
            let reversed = line.connection.starts_with(PLAYS_THE_SERVER);
            let way = match (reversed, way) {
                (true, Direction::ToClient) | (false, Direction::ToServer) => Direction::ToServer,
                (true, Direction::ToServer) | (false, Direction::ToClient) => Direction::ToClient,
            };
            match codec.decode_datagram(way, bytes) {
                Decoded::Message { message, len } => {
                    assert_eq!(len, bytes.len());
                    kinds.insert(message.kind.to_string());
                }
                other => panic!("{} line {}: {other:?}", recording.name, number + 1),
            }
        }
    }
    for kind in [
        "reg",
        "created",
        "reg_ack",
        "dereg",
        "dereg_ack",
        "store",
        "store_ack",
        "send_all",
        "update_table",
        "test",
    ] {
        assert!(
            kinds.is_empty() || kinds.contains(kind),
            "no {kind}: {kinds:?}"
        );
    }
}

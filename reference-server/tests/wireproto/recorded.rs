//! What clients of the document's server sent gets answers with the recorded opcodes, and with the
//! recorded messages where a rule says what they are. Each session begins with an empty server.
//!
//! Where the recorded server broke a rule, ours answers as the rule says, and the test says so.

use std::collections::HashMap;

use crate::peer::{Peer, Server};
use crate::support::{Replay, hex};

enum Event {
    /// These bytes were sent.
    Sent(&'static str),
    /// This opcode came; and this text, where it is not the server's own.
    Came(i32, Option<&'static str>),
    /// The connection was closed, and the server had time to see it.
    Closed,
}
use Event::{Came, Closed, Sent};

async fn replay(recording: &[(&'static str, Event)]) {
    let server = Server::with(&[]).await;
    let mut clients: HashMap<&'static str, Peer> = HashMap::new();
    for (client, event) in recording {
        if !clients.contains_key(client) {
            clients.insert(client, server.connect().await);
        }
        let peer = clients.get_mut(client).unwrap();
        match event {
            Sent(bytes) => peer.raw(&hex(bytes)).await,
            Came(opcode, text) => {
                let message = peer.recv().await;
                assert_eq!(message.opcode, *opcode, "{client}: {message:?}");
                if let Some(text) = text {
                    assert_eq!(message.msg, *text, "{client}");
                }
                // Unlike the recorded server, ours closes then: the client connects again.
                if *opcode == 11 {
                    clients.remove(client);
                }
            }
            Closed => peer.leaves().await,
        }
    }
}

/// What has no text of the server's own is the same byte for byte.
#[tokio::test]
async fn pushes_and_queues_are_written_as_recorded() {
    let server = Server::with(&[]).await;
    let mut alice = Replay(server.join("alice").await.stream);
    let mut bob = Replay(server.join("bob").await.stream);
    alice
        .sends("0a03302e3110032203626f622a086869207468657265")
        .await;
    bob.receives("0a03302e3110111a0f616c6963653a68692074686572650a")
        .await;
    bob.sends("0a03302e311004").await;
    bob.receives("0a03302e311006").await;
    server.join("carol").await.sends("bob", "direct hi").await;
    bob.receives("0a03302e3110111a106361726f6c3a6469726563742068690a")
        .await;
}

#[tokio::test]
async fn each_opcode() {
    replay(&[
        ("alice", Sent("0a03302e311007")),
        ("alice", Came(12, None)),
        ("alice", Sent("0a03302e311004")),
        ("alice", Came(7, None)),
        ("alice", Sent("0a03302e311005")),
        ("alice", Came(9, None)),
        ("alice", Sent("0a03302e3110032203626f622a0178")),
        ("alice", Came(5, None)),
        ("alice", Sent("0a03302e3110062a012a")),
        ("alice", Came(10, None)),
        ("alice", Sent("0a03302e3110022a05616c696365")),
        ("alice", Came(14, None)),
        ("alice", Sent("0a03302e3110012a05616c696365")),
        ("alice", Came(1, None)),
        ("alice", Sent("0a03302e3110012a05616c696365")),
        ("alice", Came(2, None)),
        ("alice", Sent("0a03302e3110032205616c6963652a0178")),
        ("alice", Came(4, None)),
        ("alice", Sent("0a03302e3110022a05616c696365")),
        ("alice", Came(13, None)),
        ("alice", Sent("0a03302e3110022a05616c696365")),
        ("alice", Came(15, None)),
        ("alice", Sent("0a03302e311004")),
        ("alice", Came(6, Some(""))),
        ("alice", Sent("0a03302e311003220567686f73742a0178")),
        ("alice", Came(5, None)),
        ("bob", Sent("0a03302e3110012a03626f62")),
        ("bob", Came(1, None)),
        ("alice", Sent("0a03302e3110032203626f622a0768656c6c6f2031")),
        ("alice", Came(3, None)),
        ("alice", Sent("0a03302e3110032203626f622a0768656c6c6f2032")),
        ("alice", Came(3, None)),
        ("bob", Sent("0a03302e3110022a03626f62")),
        ("bob", Came(13, None)),
        ("bob", Sent("0a03302e311004")),
        ("bob", Came(6, Some("alice:hello 1\nalice:hello 2\n"))),
        ("bob", Sent("0a03302e311004")),
        ("bob", Came(6, Some(""))),
        (
            "alice",
            Sent("0a03302e3110032203626f622a09646972656374206869"),
        ),
        ("bob", Came(17, Some("alice:direct hi\n"))),
        ("alice", Came(3, None)),
        (
            "alice",
            Sent("0a03302e3110032205616c6963652a096d65206d7973656c66"),
        ),
        ("alice", Came(17, Some("alice:me myself\n"))),
        ("alice", Came(3, None)),
        ("alice", Sent("0a03302e311007")),
        ("alice", Came(11, None)),
        ("alice", Sent("0a03302e311004")),
        ("alice", Came(7, None)),
        (
            "bob",
            Sent("0a03302e3110032205616c6963652a0a7768696c652061776179"),
        ),
        ("bob", Came(3, None)),
        ("alice", Sent("0a03302e3110022a05616c696365")),
        ("alice", Came(13, None)),
        ("alice", Sent("0a03302e311004")),
        ("alice", Came(6, Some("bob:while away\n"))),
    ])
    .await;
}

#[tokio::test]
async fn a_login_elsewhere_takes_over() {
    replay(&[
        ("alice1", Sent("0a03302e3110012a05616c696365")),
        ("alice1", Came(1, None)),
        ("alice1", Sent("0a03302e3110012a03626f62")),
        ("alice1", Came(1, None)),
        ("alice1", Sent("0a03302e3110022a05616c696365")),
        ("alice1", Came(13, None)),
        ("bob", Sent("0a03302e3110022a03626f62")),
        ("bob", Came(13, None)),
        ("alice2", Sent("0a03302e3110022a05616c696365")),
        ("alice2", Came(13, None)),
        ("alice1", Sent("0a03302e311004")),
        ("alice1", Came(7, None)),
        ("bob", Sent("0a03302e3110032205616c6963652a057768657265")),
        ("alice2", Came(17, Some("bob:where\n"))),
        ("bob", Came(3, None)),
        ("alice1", Sent("0a03302e311007")),
        ("alice1", Came(12, None)),
        ("alice1", Closed),
        ("bob", Sent("0a03302e3110032205616c6963652a05616761696e")),
        ("alice2", Came(17, Some("bob:again\n"))),
        ("bob", Came(3, None)),
    ])
    .await;
}

#[tokio::test]
async fn another_account_on_the_same_connection() {
    replay(&[
        ("a", Sent("0a03302e3110012a05616c696365")),
        ("a", Came(1, None)),
        ("a", Sent("0a03302e3110012a03626f62")),
        ("a", Came(1, None)),
        ("a", Sent("0a03302e3110012a056361726f6c")),
        ("a", Came(1, None)),
        ("a", Sent("0a03302e3110022a05616c696365")),
        ("a", Came(13, None)),
        ("a", Sent("0a03302e3110022a03626f62")),
        ("a", Came(16, None)),
        ("b", Sent("0a03302e3110022a056361726f6c")),
        ("b", Came(13, None)),
        ("b", Sent("0a03302e3110032205616c6963652a016d")),
        ("b", Came(3, None)),
        ("b", Sent("0a03302e3110032203626f622a016e")),
        ("a", Came(17, Some("carol:n\n"))),
        ("b", Came(3, None)),
        ("b", Sent("0a03302e3110022a03626f62")),
        ("b", Came(16, None)),
        ("a", Sent("0a03302e311004")),
        ("a", Came(7, None)),
        ("b", Sent("0a03302e31100322056361726f6c2a0171")),
        ("b", Came(3, None)),
    ])
    .await;
}

#[tokio::test]
async fn messages_to_who_has_closed() {
    replay(&[
        ("a", Sent("0a03302e3110012a05616c696365")),
        ("a", Came(1, None)),
        ("a", Sent("0a03302e3110012a03626f62")),
        ("a", Came(1, None)),
        ("a", Sent("0a03302e3110022a05616c696365")),
        ("a", Came(13, None)),
        ("b", Sent("0a03302e3110022a03626f62")),
        ("b", Came(13, None)),
        ("b", Closed),
        ("a", Sent("0a03302e3110032203626f622a026431")),
        ("a", Came(3, None)),
        ("a", Sent("0a03302e3110032203626f622a026432")),
        ("a", Came(3, None)),
        ("b2", Sent("0a03302e3110022a03626f62")),
        ("b2", Came(13, None)),
        ("b2", Sent("0a03302e311004")),
        ("b2", Came(6, Some("alice:d1\nalice:d2\n"))),
    ])
    .await;
}

#[tokio::test]
async fn a_session_of_real_clients() {
    replay(&[
        ("alice", Sent("0a03302e3110012a05616c696365")),
        ("alice", Came(1, None)),
        ("alice", Sent("0a03302e3110022a05616c696365")),
        ("alice", Came(13, None)),
        ("bob", Sent("0a03302e3110012a03626f62")),
        ("bob", Came(1, None)),
        ("bob", Sent("0a03302e3110022a03626f62")),
        ("bob", Came(13, None)),
        (
            "alice",
            Sent("0a03302e3110032203626f622a086869207468657265"),
        ),
        ("bob", Came(17, Some("alice:hi there\n"))),
        ("alice", Came(3, None)),
        ("alice", Sent("0a03302e3110062a012a")),
        ("alice", Came(10, None)),
        ("bob", Sent("0a03302e311007")),
        ("bob", Came(11, None)),
        ("bob", Closed),
        ("alice", Sent("0a03302e3110032203626f622a0673746f726564")),
        ("alice", Came(3, None)),
        ("c", Sent("0a03302e3110022a03626f62")),
        ("c", Came(13, None)),
        ("c", Sent("0a03302e311004")),
        ("c", Came(6, Some("alice:stored\n"))),
        ("c", Sent("0a03302e311005")),
        // The recorded server says 9 behind it.
        ("c", Came(8, None)),
        ("c", Sent("0a03302e3110062a012a")),
        ("c", Came(10, None)),
        ("c", Sent("0a03302e311007")),
        ("c", Came(12, None)),
        ("c", Closed),
        ("alice", Sent("0a03302e3110012a026f6b")),
        ("alice", Came(1, None)),
    ])
    .await;
}

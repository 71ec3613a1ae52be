//! What a client is promised, rule by rule.

use reference_codecs::bcp::{ClientMessage, ServerMessage};
use tokio::io::AsyncWriteExt;

use crate::peer::{Server, deliver, ok, register, send};

#[tokio::test]
async fn joining_and_leaving_are_told_once_and_free_the_name() {
    let server = Server::with(&[]).await;
    let mut alice = server.connect().await;
    alice.register("alice").await;
    assert_eq!(alice.recv().await, ok());
    alice
        .is_told("Logged in as alice.\nCurrent Clients: \n")
        .await;
    let mut bob = server.connect().await;
    bob.register("bob").await;
    assert_eq!(bob.recv().await, ok());
    bob.is_told("Logged in as bob.\nCurrent Clients: alice, bob")
        .await;
    for _ in 0..20 {
        alice.is_told("bob has joined the server.").await;
        drop(bob);
        alice.is_told("bob has left the server.").await;
        bob = server.join("bob").await;
    }
    alice.is_told("bob has joined the server.").await;
    alice.say("done").await;
}

#[tokio::test]
async fn half_a_close_and_a_reset_leave_too() {
    let server = Server::with(&[]).await;
    let [mut alice, mut bob, carol] = server.join_all(["alice", "bob", "carol"]).await;
    bob.message(send("last words")).await;
    bob.stream.shutdown().await.unwrap();
    alice.hears("bob", "last words").await;
    alice.is_told("bob has left the server.").await;
    assert_eq!(bob.recv().await, ok());
    bob.is_closed().await;
    // Closing with unread bytes resets the connection.
    carol.stream.readable().await.unwrap();
    drop(carol);
    alice.is_told("carol has left the server.").await;
}

#[tokio::test]
async fn a_name_in_use_is_refused_and_its_owner_notices_nothing() {
    let server = Server::with(&[]).await;
    let [mut alice, mut bob] = server.join_all(["alice", "bob"]).await;
    let mut second = server.connect().await;
    second.register("alice").await;
    second.is_refused_and_closed().await;
    bob.say("anything?").await;
    alice.hears("bob", "anything?").await;
    alice.say("no").await;
    bob.hears("alice", "no").await;
}

#[tokio::test]
async fn names_are_printable_and_of_bounded_length() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let longest = "z".repeat(4095);
    drop(server.join(&longest).await);
    alice
        .is_told(&format!("{longest} has joined the server."))
        .await;
    alice
        .is_told(&format!("{longest} has left the server."))
        .await;
    for bad in [
        "",
        "a b",
        "a\n",
        "é",
        &"z".repeat(4096),
        &"z".repeat(65_535),
    ] {
        let mut peer = server.connect().await;
        peer.register(bad).await;
        peer.is_refused_and_closed().await;
    }
    alice.say("nobody else was here").await;
}

#[tokio::test]
async fn a_text_reaches_everybody_else_once() {
    let server = Server::with(&[]).await;
    let mut stranger = server.connect().await;
    let [mut alice, mut bob, mut carol] = server.join_all(["alice", "bob", "carol"]).await;
    alice.say("one").await;
    alice.say("two").await;
    for peer in [&mut bob, &mut carol] {
        peer.hears("alice", "one").await;
        peer.hears("alice", "two").await;
        peer.say("three").await;
    }
    alice.hears("bob", "three").await;
    alice.hears("carol", "three").await;
    stranger.register("dave").await;
    assert_eq!(
        stranger.recv().await,
        ok(),
        "nothing came before registering"
    );
}

#[tokio::test]
async fn what_comes_while_an_acknowledgement_is_outstanding_is_kept_in_order() {
    let server = Server::with(&[]).await;
    let [mut alice, mut bob] = server.join_all(["alice", "bob"]).await;
    for number in 0..=100 {
        alice.say(&number.to_string()).await;
    }
    for number in 0..=100 {
        assert_eq!(bob.recv().await, deliver("alice", &number.to_string()));
        // Were the next one sent before the acknowledgement, it would come before this answer.
        bob.say("fence").await;
        bob.ack().await;
    }
}

#[tokio::test]
async fn a_send_that_crosses_a_deliver_is_served_and_acknowledges_nothing() {
    let server = Server::with(&[]).await;
    let [mut alice, mut bob] = server.join_all(["alice", "bob"]).await;
    alice.say("one").await;
    alice.say("two").await;
    bob.message(send("crossing")).await;
    let mut answers = [bob.recv().await, bob.recv().await];
    answers.sort_by_key(|answer| *answer == ok());
    assert_eq!(answers, [deliver("alice", "one"), ok()]);
    bob.say("still nothing acknowledged").await;
    bob.ack().await;
    bob.hears("alice", "two").await;
    alice.hears("bob", "crossing").await;
    alice.hears("bob", "still nothing acknowledged").await;
}

#[tokio::test]
async fn the_first_message_is_register() {
    let server = Server::with(&[]).await;
    for first in [
        &b"\x02\x00\x01a"[..],
        b"\x03",
        b"\x04\x00\x00\x00",
        b"\x00",
        b"\x09\xff\xff",
    ] {
        let mut peer = server.connect().await;
        peer.raw(first).await;
        peer.is_refused_and_closed().await;
    }
}

#[tokio::test]
async fn messages_out_of_sequence_end_only_their_sender() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let bad: [&[u8]; 5] = [
        b"\x04\x00\x00\x00",
        b"\x01\x00\x01x",
        b"\x03\x00\x01a\x00\x01b",
        b"\x00",
        b"\x09",
    ];
    for bytes in bad {
        let mut eve = server.join("eve").await;
        alice.is_told("eve has joined the server.").await;
        // What was said before counts, what comes behind does not.
        eve.raw(&[b"\x02\x00\x02hi", bytes, b"\x02\x00\x05ghost"].concat())
            .await;
        assert_eq!(eve.recv().await, ok());
        eve.is_refused_and_closed().await;
        alice.hears("eve", "hi").await;
        alice.is_told("eve has left the server.").await;
    }
}

#[tokio::test]
async fn an_error_of_the_client_ends_its_connection() {
    let server = Server::with(&[]).await;
    let [mut alice, mut bob] = server.join_all(["alice", "bob"]).await;
    alice.say("hi").await;
    assert_eq!(bob.recv().await, deliver("alice", "hi"));
    bob.message(ClientMessage::Status {
        code: 7,
        message: b"full".to_vec(),
    })
    .await;
    bob.is_closed().await;
    alice.is_told("bob has left the server.").await;
}

#[tokio::test]
async fn bytes_may_come_one_by_one_or_all_at_once() {
    let server = Server::with(&[]).await;
    let mut alice = server.connect().await;
    let bytes = alice.encode(&[register("alice"), send("early")]);
    for byte in bytes {
        alice.raw(&[byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(alice.recv().await, ok());
    let mut rest = [alice.recv().await, alice.recv().await];
    rest.sort_by_key(|message| *message == ok());
    assert_eq!(rest[1], ok());
    alice.ack().await;

    let mut bob = server.connect().await;
    let bytes = bob.encode(&[register("bob"), send("one"), send("two")]);
    bob.raw(&bytes).await;
    alice.is_told("bob has joined the server.").await;
    alice.hears("bob", "one").await;
    alice.hears("bob", "two").await;
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(bob.recv().await);
    }
    assert_eq!(answers.iter().filter(|answer| **answer == ok()).count(), 3);
    let bytes = bob.encode(&[ClientMessage::ack(), send("three")]);
    bob.raw(&bytes).await;
    assert_eq!(bob.recv().await, ok());
    alice.hears("bob", "three").await;
}

#[tokio::test]
async fn texts_are_relayed_or_refused_as_a_whole() {
    let server = Server::with(&[]).await;
    let [mut alice, mut bob] = server.join_all(["alice", "bob"]).await;
    for good in ["\t ~!\n", "caf\u{e9}", &"z".repeat(4095)] {
        alice.say(good).await;
        bob.hears("alice", good).await;
    }
    let bad = [
        Vec::new(),
        vec![b'z'; 4096],
        vec![b'z'; 65_535],
        b"\xc3\x28".to_vec(),
    ];
    for message in bad {
        alice.message(ClientMessage::Send { message }).await;
        let answer = alice.recv().await;
        assert!(
            matches!(answer, ServerMessage::Status { code: 1, .. }),
            "{answer:?}"
        );
    }
    alice.say("still here").await;
    bob.hears("alice", "still here").await;
}

#[tokio::test]
async fn a_long_list_comes_in_parts() {
    let server = Server::with(&[]).await;
    let names: Vec<String> = (0..10)
        .map(|index| format!("{index}{}", "n".repeat(1000)))
        .collect();
    let mut peers = Vec::new();
    for name in &names {
        let mut peer = server.connect().await;
        peer.register(name).await;
        assert_eq!(peer.recv().await, ok());
        peers.push(peer);
    }
    let mut newcomer = server.connect().await;
    newcomer.register("newcomer").await;
    assert_eq!(newcomer.recv().await, ok());
    let mut list = String::new();
    while !list.ends_with("newcomer\n") {
        let part = newcomer.recv_notice().await;
        assert!(part.len() <= 4095);
        list.push_str(&part);
        list.push('\n');
        newcomer.ack().await;
    }
    for name in &names {
        assert_eq!(list.matches(name.as_str()).count(), 1, "{name} in {list}");
    }
    assert_eq!(list.matches("Current Clients: ").count(), 3, "{list}");
    peers.pop();
    newcomer
        .is_told(&format!("{} has left the server.", names[9]))
        .await;
}

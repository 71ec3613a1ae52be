//! Each rule of the server, as a client sees it.

use reference_codecs::wireproto::{Action, ClientMessage, Outcome};
use tokio::io::AsyncWriteExt;

use crate::peer::{Server, create, encode};
use crate::support::hex;

fn new(action: Action, msg: &str) -> ClientMessage {
    ClientMessage::new(action, msg)
}

#[tokio::test]
async fn rule_1_names_are_created_once_and_have_limits() {
    let server = Server::with(&[]).await;
    let mut peer = server.connect().await;
    let longest = "ë".repeat(25);
    for name in ["alice", "Alice", longest.as_str()] {
        peer.asks(create(name), Outcome::Created).await;
        peer.asks(create(name), Outcome::Exists).await;
    }
    for name in ["", "a\nb", &(longest.clone() + "x")] {
        peer.asks(create(name), Outcome::Exists).await;
    }
    assert_eq!(peer.lists("*").await, format!("alice\nAlice\n{longest}\n"));
}

#[tokio::test]
async fn rule_2_logging_in() {
    let server = Server::with(&[]).await;
    let mut bob = server.join("bob").await;
    let mut alice = server.join("alice").await;
    alice
        .asks(new(Action::LogIn, "alice"), Outcome::AlreadyHere)
        .await;
    alice
        .asks(new(Action::LogIn, "nobody"), Outcome::UnknownAccount)
        .await;
    assert_eq!(alice.checks().await, "", "alice is still logged in");
    alice.asks(create("carol"), Outcome::Created).await;
    alice
        .asks(new(Action::LogIn, "carol"), Outcome::Switched)
        .await;
    bob.sends("alice", "away").await;
    bob.sends("carol", "here").await;
    alice.is_pushed("bob:here\n").await;
    alice
        .asks(new(Action::LogIn, "alice"), Outcome::Switched)
        .await;
    assert_eq!(alice.checks().await, "bob:away\n");
}

#[tokio::test]
async fn rule_2_a_login_elsewhere_takes_over() {
    let server = Server::with(&[]).await;
    let mut old = server.join("alice").await;
    let mut new_one = server.connect().await;
    new_one.logs_in("alice").await;
    for (request, outcome) in [
        (ClientMessage::send("alice", "x"), Outcome::SendNotLoggedIn),
        (new(Action::Check, ""), Outcome::CheckNotLoggedIn),
        (new(Action::Delete, ""), Outcome::DeleteNotLoggedIn),
        (new(Action::Quit, ""), Outcome::QuitNotLoggedIn),
    ] {
        old.asks(request, outcome).await;
    }
    old.leaves().await;
    let mut bob = server.join("bob").await;
    bob.sends("alice", "one").await;
    new_one.is_pushed("bob:one\n").await;
}

#[tokio::test]
async fn rule_3_to_who_is_there_to_who_is_not_and_to_oneself() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut bob = server.join("bob").await;
    alice.sends("bob", "hi").await;
    bob.is_pushed("alice:hi\n").await;
    alice.says(&ClientMessage::send("alice", "note")).await;
    alice.is_pushed("alice:note\n").await;
    alice.gets(Outcome::Sent).await;
    bob.quits().await;
    for text in ["one", "two", "three:3", ""] {
        alice.sends("bob", text).await;
    }
    let mut bob = server.connect().await;
    bob.logs_in("bob").await;
    alice.sends("bob", "pushed").await;
    bob.is_pushed("alice:pushed\n").await;
    assert_eq!(
        bob.checks().await,
        "alice:one\nalice:two\nalice:three:3\nalice:\n"
    );
    assert_eq!(bob.checks().await, "");
}

#[tokio::test]
async fn rule_3_what_is_refused_is_not_sent() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut stranger = server.connect().await;
    let to_alice = |text: &str| ClientMessage::send("alice", text);
    stranger.asks(to_alice("x"), Outcome::SendNotLoggedIn).await;
    for len in [101, 4000] {
        let long = to_alice(&"ë".repeat(len));
        alice.asks(long, Outcome::Failed).await;
    }
    alice
        .asks(ClientMessage::send("bob", "x"), Outcome::UnknownReceiver)
        .await;
    assert_eq!(alice.checks().await, "");
    let longest = "ë".repeat(100);
    alice.says(&ClientMessage::send("alice", &longest)).await;
    alice.is_pushed(&format!("alice:{longest}\n")).await;
}

#[tokio::test]
async fn rule_4_a_long_queue_comes_whole() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    alice.asks(create("bob"), Outcome::Created).await;
    let mut expected = String::new();
    for index in 0..2000 {
        let text = format!("{index} {}", "x".repeat(90));
        alice.sends("bob", &text).await;
        expected += &format!("alice:{text}\n");
    }
    let mut bob = server.connect().await;
    bob.logs_in("bob").await;
    assert_eq!(bob.checks().await, expected);
    assert_eq!(bob.checks().await, "");
}

#[tokio::test]
async fn rule_5_deleting_shows_what_waits() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    alice.asks(create("bob"), Outcome::Created).await;
    alice.sends("bob", "one").await;
    let mut bob = server.connect().await;
    bob.logs_in("bob").await;
    let unread = bob.asks(new(Action::Delete, ""), Outcome::Deleted).await;
    assert_eq!(unread, "alice:one\n");
    bob.asks(new(Action::Delete, ""), Outcome::DeleteNotLoggedIn)
        .await;
    alice
        .asks(ClientMessage::send("bob", "x"), Outcome::UnknownReceiver)
        .await;
    bob.asks(create("bob"), Outcome::Created).await;
    bob.logs_in("bob").await;
    assert_eq!(bob.checks().await, "");
}

#[tokio::test]
async fn rule_6_lists() {
    let server = Server::with(&[]).await;
    let mut peer = server.connect().await;
    for name in ["alice", "bob", "a_x", "zoë"] {
        peer.asks(create(name), Outcome::Created).await;
    }
    for (pattern, names) in [
        ("*", "alice\nbob\na_x\nzoë\n"),
        (".*", "alice\nbob\na_x\nzoë\n"),
        ("", "alice\nbob\na_x\nzoë\n"),
        ("^a.*$", "alice\na_x\n"),
        ("bob|zo.", "bob\nzoë\n"),
        ("nobody", ""),
    ] {
        assert_eq!(peer.lists(pattern).await, names, "{pattern}");
    }
    for pattern in ["[", "(", "[z-a]", "a{1000}{1000}"] {
        peer.asks(new(Action::List, pattern), Outcome::Failed).await;
    }
}

#[tokio::test]
async fn rule_7_quitting_ends_the_connection_and_needs_a_login() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut bob = server.join("bob").await;
    bob.quits().await;
    bob.is_closed().await;
    alice.sends("bob", "later").await;
    let mut bob = server.connect().await;
    bob.asks(new(Action::Quit, ""), Outcome::QuitNotLoggedIn)
        .await;
    bob.logs_in("bob").await;
    assert_eq!(bob.checks().await, "alice:later\n");
}

#[tokio::test]
async fn rule_8_a_closed_connection_is_offline() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    server.join("bob").await.leaves().await;
    alice.sends("bob", "one").await;
    alice.sends("bob", "two").await;
    let mut bob = server.connect().await;
    bob.logs_in("bob").await;
    assert_eq!(bob.checks().await, "alice:one\nalice:two\n");
}

#[tokio::test]
async fn rule_9_any_pieces_and_many_at_once() {
    let server = Server::with(&[("pause", "20s")]).await;
    let mut alice = server.join("alice").await;
    for byte in ClientMessage::send("alice", "slowly").to_bytes() {
        alice.raw(&[byte]).await;
    }
    alice.is_pushed("alice:slowly\n").await;
    alice.gets(Outcome::Sent).await;
    let many = [
        create("bob"),
        // What says nothing is ended by what follows.
        new(Action::List, ""),
        new(Action::Check, ""),
        ClientMessage::send("bob", "x"),
        new(Action::LogIn, "bob"),
        new(Action::Check, ""),
    ];
    alice.raw(&encode(&many)).await;
    alice.gets(Outcome::Created).await;
    alice.gets(Outcome::Listed).await;
    assert_eq!(alice.gets(Outcome::Unread).await, "");
    alice.gets(Outcome::Sent).await;
    alice.gets(Outcome::Switched).await;
    assert_eq!(alice.gets(Outcome::Unread).await, "alice:x\n");
}

#[tokio::test]
async fn rule_9_a_pause_or_the_end_of_the_stream_ends_the_last_message() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let all = new(Action::List, "");
    assert_eq!(alice.asks(all.clone(), Outcome::Listed).await, "alice\n");
    let server = Server::with(&[("pause", "20s")]).await;
    let mut alice = server.join("alice").await;
    alice.says(&all).await;
    alice.stream.shutdown().await.unwrap();
    assert_eq!(alice.gets(Outcome::Listed).await, "alice\n");
    alice.is_closed().await;
}

#[tokio::test]
async fn rule_10_what_is_wrong_is_a_failure_and_changes_nothing() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    for wrong in [
        // A wrong version, none, opcodes that are none, no opcode, and bytes that are no UTF-8.
        "0a03302e32 1007",
        "1007",
        "0a03302e31 1008",
        "0a03302e31 10ffffffffffffffffff01",
        "0a03302e31 2a0161",
        "0a03302e31 1001 2a02c328",
        "0a03302e31 12023037",
    ] {
        alice.raw(&hex(wrong)).await;
        alice.gets(Outcome::Failed).await;
    }
    assert_eq!(alice.checks().await, "", "alice is still logged in");
}

#[tokio::test]
async fn rule_10_what_is_no_field_is_a_failure_and_ends_the_connection() {
    let server = Server::with(&[]).await;
    for wrong in [
        "0a03302e31 1004 0b",
        "ffffffffffffffffffffff",
        "0a03302e31 2affffff7f",
        "0a05302e31",
    ] {
        let mut eve = server.connect().await;
        eve.raw(&hex(wrong)).await;
        if wrong.contains("1004") {
            eve.gets(Outcome::CheckNotLoggedIn).await;
        }
        eve.gets(Outcome::Failed).await;
        eve.is_closed().await;
    }
}

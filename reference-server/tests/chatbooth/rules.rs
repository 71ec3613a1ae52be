//! Each rule of the server, as a client sees it.

use reference_codecs::chatbooth::{ClientMessage, ServerMessage, Token};
use reference_server::chatbooth::Options;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::peer::{Server, encode};
use crate::support::hex;

#[tokio::test]
async fn rule_1_sign_up_log_in_and_a_wrong_password() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut other = server.connect().await;
    for (name, password) in [("alice", "wrong"), ("alice", "pw "), ("alice", "")] {
        other
            .is_refused(ClientMessage::authenticate(name, password))
            .await;
    }
    assert_eq!(alice.names("\n").await, "alice", "the token stays valid");
    other.login("alice").await;
    assert_eq!(other.names("\n").await, "alice");
}

#[tokio::test]
async fn rule_1_names_that_are_none_create_nothing() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    for name in ["", "Bob", "bob1", "bo b", "bob\n", "zoë"] {
        let request = ClientMessage::authenticate(name, "pw");
        alice.is_refused(request).await;
    }
    alice
        .is_refused(ClientMessage::authenticate("bob", ""))
        .await;
    assert_eq!(alice.names("\n").await, "alice");
}

#[tokio::test]
async fn rule_1_only_the_first_colon_separates() {
    let server = Server::with(&[]).await;
    let mut bob = server.connect().await;
    bob.ask(ClientMessage::authenticate("bob", "p:w:x")).await;
    bob.token = bob.recv_token().await;
    let wrong = ClientMessage::authenticate("bob", "p");
    bob.is_refused(wrong).await;
    bob.ask(bob.text("bob", "a:b:c")).await;
    bob.is_pushed("a:b:c").await;
    assert_eq!(bob.recv().await, ServerMessage::done());
}

#[tokio::test]
async fn rule_2_nothing_without_a_valid_token() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut eve = server.connect().await;
    let mut almost = alice.token;
    almost.0[15] ^= 1;
    for token in [Token([0; 16]), Token(*b"xxxxxxxxxxxxxxxx"), almost] {
        eve.token = token;
        eve.is_refused(eve.list("\n")).await;
        eve.is_refused(eve.text("alice", "hi")).await;
        eve.is_refused(eve.deliver("alice")).await;
        eve.is_refused(eve.delete("alice")).await;
    }
    assert_eq!(alice.names("\n").await, "alice");
    alice.gets(&[]).await;
}

#[tokio::test]
async fn rule_2_a_token_is_new_at_each_login_and_void_then() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let old = alice.token;
    let mut elsewhere = server.join("alice").await;
    assert_ne!(old, elsewhere.token);
    alice.is_refused(alice.list("\n")).await;
    assert_eq!(elsewhere.names("\n").await, "alice");
    alice.token = elsewhere.token;
    assert_eq!(alice.names("\n").await, "alice", "on any connection");
}

#[tokio::test]
async fn rule_3_messages_are_pushed_or_kept_in_order() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    alice.is_refused(alice.text("bob", "nobody there")).await;
    let mut bob = server.join("bob").await;
    for text in ["one", "", "hé 😀", "a:b"] {
        alice.say("bob", text).await;
        bob.is_pushed(text).await;
    }
    bob.gets(&[]).await;
    bob.stream.shutdown().await.unwrap();
    bob.is_closed().await;
    for text in ["m1", "m2"] {
        alice.say("bob", text).await;
    }
    let mut bob = server.join("bob").await;
    bob.gets(&["m1", "m2"]).await;
    bob.gets(&[]).await;
    alice.say("bob", "m3").await;
    bob.is_pushed("m3").await;
}

#[tokio::test]
async fn rule_3_what_waits_comes_before_what_is_pushed() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut bob = server.join("bob").await;
    bob.stream.shutdown().await.unwrap();
    bob.is_closed().await;
    alice.say("bob", "kept").await;
    let mut bob = server.join("bob").await;
    alice.say("bob", "pushed").await;
    bob.is_pushed("kept").await;
    bob.is_pushed("pushed").await;
    bob.gets(&[]).await;
}

#[tokio::test]
async fn rules_4_and_5_nobody_reaches_into_the_account_of_another() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut bob = server.join("bob").await;
    bob.stream.shutdown().await.unwrap();
    bob.is_closed().await;
    alice.say("bob", "secret").await;
    for user in ["bob", "ghost", "", "alice:bob"] {
        alice.is_refused(alice.deliver(user)).await;
        alice.is_refused(alice.delete(user)).await;
    }
    assert_eq!(alice.names("\n").await, "alice,bob");
    let mut bob = server.join("bob").await;
    bob.gets(&["secret"]).await;
}

#[tokio::test]
async fn rule_5_delete_leaves_nothing() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut bob = server.join("bob").await;
    bob.ask(bob.delete("bob")).await;
    assert_eq!(bob.recv().await, ServerMessage::done());
    for request in [bob.list("\n"), bob.deliver("bob"), bob.delete("bob")] {
        bob.is_refused(request).await;
    }
    assert_eq!(alice.names("\n").await, "alice");
    alice.is_refused(alice.text("bob", "hi")).await;
    let old = bob.token;
    let other = ClientMessage::authenticate("bob", "another password");
    bob.ask(other).await;
    bob.token = bob.recv_token().await;
    bob.gets(&[]).await;
    bob.token = old;
    bob.is_refused(bob.list("\n")).await;
}

#[tokio::test]
async fn rule_6_lists_by_regular_expression() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    server.join("bob").await;
    server.join("carol_x").await;
    for (pattern, names) in [
        ("\n", "alice,bob,carol_x"),
        ("", "alice,bob,carol_x"),
        ("^b", "bob"),
        ("o", "bob,carol_x"),
        ("l.*[ex]$", "alice,carol_x"),
        ("zzz", ""),
        ("[", ""),
        ("*", ""),
    ] {
        assert_eq!(alice.names(pattern).await, names, "{pattern:?}");
    }
}

#[tokio::test]
async fn rule_7_pushes_go_where_the_user_authenticated_last() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut first = server.join("bob").await;
    let mut second = server.join("bob").await;
    alice.say("bob", "which?").await;
    second.is_pushed("which?").await;
    // On the first connection the answer comes next, and no push before it.
    first.token = second.token;
    assert_eq!(first.names("^b").await, "bob");
    first.login("bob").await;
    alice.say("bob", "and now?").await;
    first.is_pushed("and now?").await;
}

#[tokio::test]
async fn rule_7_another_user_detaches_the_first() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut shared = server.join("bob").await;
    let bob = shared.token;
    shared.login("carol").await;
    alice.say("bob", "for bob").await;
    alice.say("carol", "for carol").await;
    shared.is_pushed("for carol").await;
    shared.token = bob;
    shared.name = "bob".to_owned();
    shared.gets(&["for bob"]).await;
}

#[tokio::test]
async fn rule_9_what_is_no_request_is_answered_and_nobody_else_suffers() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    for bytes in [
        "01 01 00000008 616c6963653a7077",
        "00 00",
        "00 06",
        "00 0a 00000000",
        "00 ff",
        "00 01 ffffffff",
        "00 03 00100001",
        "00 01 00100001",
    ] {
        let mut offender = server.connect().await;
        offender.raw(&hex(bytes)).await;
        assert_eq!(offender.recv().await, ServerMessage::error(), "{bytes}");
        offender.is_closed().await;
    }
    // What has its frame right is answered, and the connection stays.
    let mut offender = server.connect().await;
    for bytes in ["00 01 00000003 626f62", "00 01 00000005 626f623aff"] {
        offender.raw(&hex(bytes)).await;
        assert_eq!(offender.recv().await, ServerMessage::error(), "{bytes}");
    }
    offender.login("bob").await;
    let token = offender.token;
    offender
        .is_refused(ClientMessage::Send {
            addressed: b"alice".to_vec(),
            token,
        })
        .await;
    offender
        .is_refused(ClientMessage::Send {
            addressed: b"alice:\xc3".to_vec(),
            token,
        })
        .await;
    assert_eq!(alice.names("\n").await, "alice,bob");
    alice.gets(&[]).await;
}

#[tokio::test]
async fn rule_9_the_longest_body_is_taken() {
    let server = Server::with(&[("max_body", "1KiB")]).await;
    let mut alice = server.join("alice").await;
    let mut bob = server.join("bob").await;
    let longest = "x".repeat(1024 - "bob:".len());
    alice.say("bob", &longest).await;
    bob.is_pushed(&longest).await;
    alice.ask(alice.text("bob", &(longest + "x"))).await;
    assert_eq!(alice.recv().await, ServerMessage::error());
    alice.is_closed().await;
    // Without a token behind it, a body could be longer and still fit the limit of the frame.
    let mut eve = server.connect().await;
    eve.ask(ClientMessage::authenticate("eve", &"x".repeat(1024)))
        .await;
    assert_eq!(eve.recv().await, ServerMessage::error());
    eve.is_closed().await;
}

#[tokio::test]
async fn rule_10_unused_connections_are_closed_and_accounts_survive() {
    let server = Server::with(&[("idle_timeout", "300ms"), ("check_interval", "50ms")]).await;
    let mut busy = server.join("busy").await;
    let mut silent = server.connect().await;
    let mut bob = server.join("bob").await;
    let mut halfway = server.connect().await;
    halfway.raw(b"\0\x01").await;
    loop {
        tokio::select! {
            () = silent.is_closed() => break,
            // Never closed, although its connection is older.
            names = busy.names("^bo") => assert_eq!(names, "bob"),
        }
    }
    bob.is_closed().await;
    let rest = halfway.stream.read(&mut [0; 8]).await;
    assert!(matches!(rest, Ok(0) | Err(_)), "{rest:?}");
    let mut alice = server.join("alice").await;
    let wrong = ClientMessage::authenticate("bob", "not his");
    alice.is_refused(wrong).await;
    alice.say("bob", "kept").await;
    bob = server.join("bob").await;
    bob.gets(&["kept"]).await;
}

#[tokio::test]
async fn rule_10_messages_after_a_close_or_a_reset_are_kept() {
    let (server, mut events) = Server::logging(Options::default()).await;
    let mut alice = server.join("alice").await;
    for (how, text) in ["after a close", "after a reset"].into_iter().enumerate() {
        let bob = server.join("bob").await;
        if how == 1 {
            bob.stream.set_zero_linger().unwrap();
        }
        drop(bob);
        events.until("disconnect").await;
        alice.say("bob", text).await;
        server.join("bob").await.gets(&[text]).await;
        events.until("disconnect").await;
    }
}

#[tokio::test]
async fn rule_10_what_a_client_did_not_read_waits_for_it() {
    let (server, mut events) = Server::logging(Options::default()).await;
    let mut alice = server.join("alice").await;
    let bob = server.join("bob").await;
    // More than the buffers of both sides hold, so that some of it never leaves the server.
    let texts: Vec<String> = (0..40)
        .map(|i| format!("{i:02}{}", "x".repeat(500_000)))
        .collect();
    let mut sent = 0;
    for text in &texts {
        alice.ask(alice.text("bob", text)).await;
        if alice.recv().await == ServerMessage::error() {
            break;
        }
        sent += 1;
    }
    assert!((8..40).contains(&sent), "{sent} were taken");
    drop(bob);
    events.until("disconnect").await;
    let mut bob = server.join("bob").await;
    bob.ask(bob.deliver("bob")).await;
    let mut last = None;
    while let ServerMessage::Message { text } = bob.recv().await {
        let number: usize = std::str::from_utf8(&text[..2]).unwrap().parse().unwrap();
        assert!(
            last.is_none_or(|last| number == last + 1),
            "none is missing"
        );
        last = Some(number);
    }
    assert_eq!(last, Some(sent - 1));
}

#[tokio::test]
async fn requests_in_one_piece_are_answered_in_order() {
    let server = Server::with(&[]).await;
    let mut bob = server.join("bob").await;
    let mut requests = Vec::new();
    for i in 0..50 {
        requests.push(bob.list(if i % 2 == 0 { "b" } else { "z" }));
    }
    bob.raw(&encode(&requests)).await;
    for i in 0..50 {
        let body = if i % 2 == 0 { b"bob".to_vec() } else { vec![] };
        assert_eq!(bob.recv().await, ServerMessage::Answer { body });
    }
    for byte in encode(&[bob.list("b")]) {
        bob.raw(&[byte]).await;
    }
    let body = b"bob".to_vec();
    assert_eq!(bob.recv().await, ServerMessage::Answer { body });
}

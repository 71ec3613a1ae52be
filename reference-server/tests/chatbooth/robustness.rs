//! What hostile clients do, and that nobody else notices.

use std::time::Duration;

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use reference_codecs::chatbooth::{ClientMessage, ServerMessage};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::peer::{Peer, Server, encode};
use crate::support::{hex, open_files_suffice};

/// Bytes from a fixed seed.
fn random_bytes(rng: &mut TestRng, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// Asks and gets its answer.
async fn is_served(peer: &mut Peer) {
    assert_eq!(peer.names("^alice$").await, "alice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_bytes_on_many_connections() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    for round in 0..300 {
        let mut bytes = random_bytes(&mut rng, 1 + round % 97);
        // Half of them look like requests for a while.
        if round % 2 == 0 {
            let action = u8::try_from(round % 6).unwrap();
            bytes = [vec![0, action, 0, 0, 0, 9], bytes].concat();
        }
        let mut peer = server.connect().await;
        // The server may have closed already.
        let _ = peer.stream.write_all(&bytes).await;
        if round % 50 == 0 {
            is_served(&mut alice).await;
        }
    }
    is_served(&mut alice).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_size_of_four_gigabytes_costs_nothing() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    for _ in 0..100 {
        let mut eve = server.connect().await;
        eve.raw(&hex("00 03 ffffffff")).await;
        assert_eq!(eve.recv().await, ServerMessage::error());
    }
    // What is allowed and never comes is not set aside either.
    let mut waiting = Vec::new();
    for _ in 0..100 {
        let mut eve = server.connect().await;
        eve.raw(&hex("00 03 00100000 61")).await;
        waiting.push(eve);
    }
    is_served(&mut alice).await;
}

/// The memory for long requests is shared: when it is used up, who asks for more is told so, and
/// short requests are served as before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_requests_that_are_never_finished() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let unfinished = [hex("00 03 00100000"), vec![b'x'; 32 << 10]].concat();
    let mut waiting = JoinSet::new();
    for _ in 0..300 {
        let mut eve = server.connect().await;
        eve.raw(&unfinished).await;
        waiting.spawn(async move { eve.next().await });
    }
    // 256 have a place; the others are told.
    for _ in 0..40 {
        let answer = waiting.join_next().await.unwrap().unwrap();
        assert!(matches!(answer, None | Some(ServerMessage::Answer { .. })));
    }
    is_served(&mut alice).await;
    // A place is free again when one of them goes.
    waiting.shutdown().await;
    let long = "x".repeat(1 << 19);
    let mut bob = server.join("bob").await;
    loop {
        alice.ask(alice.text("bob", &long)).await;
        if alice.next().await == Some(ServerMessage::done()) {
            break;
        }
        alice = server.join("alice").await;
    }
    bob.is_pushed(&long).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expression_that_blows_up_elsewhere_delays_nobody() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut eve = server.join(&("a".repeat(1000) + "_")).await;
    for expression in [
        "^(a+)+$",
        "^(a|a?)+$",
        "(.*a){100}_$",
        &("(a?){1000}".to_owned() + &"a".repeat(1000)),
        &"(".repeat(1 << 19),
    ] {
        eve.ask(eve.list(expression)).await;
        is_served(&mut alice).await;
        assert!(matches!(eve.recv().await, ServerMessage::Answer { .. }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_connections_that_never_read() {
    assert!(open_files_suffice(), "this test needs 3,000 open files");
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    for index in 0..100_u8 {
        let name = [b'b' + index / 26, b'a' + index % 26].map(char::from);
        let long: String = name.iter().collect::<String>() + &"z".repeat(900);
        let mut other = server.connect().await;
        other.login(&long).await;
    }
    // Answers of 90 KiB each, far more of them than the buffers of a connection hold.
    let all = encode(&vec![alice.list("\n"); 200]);
    let mut crowd = Vec::new();
    for _ in 0..1000 {
        let socket = TcpSocket::new_v4().unwrap();
        // Little is left to the system, so that the server is left with the rest.
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(server.0.address).await.unwrap();
        let _ = timeout(Duration::from_millis(500), stream.write_all(&all)).await;
        crowd.push(stream);
    }
    is_served(&mut alice).await;
    // Nor does a receiver hold up those who write to it.
    let mut deaf = server.join("deaf").await;
    deaf.raw(&encode(&vec![deaf.list("\n"); 500])).await;
    for _ in 0..200 {
        alice.say("deaf", "hello?").await;
    }
    is_served(&mut alice).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_that_only_logs_in_is_slowed_down() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut eve = server.connect().await;
    let flood = vec![ClientMessage::authenticate("alice", "guess"); 400];
    eve.raw(&encode(&flood)).await;
    is_served(&mut alice).await;
    server.join("bob").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_is_bounded_and_says_so() {
    let server = Server::with(&[("queued_messages", "10")]).await;
    let mut alice = server.join("alice").await;
    let mut bob = server.join("bob").await;
    bob.stream.shutdown().await.unwrap();
    bob.is_closed().await;
    for _ in 0..10 {
        alice.say("bob", "x").await;
    }
    alice.is_refused(alice.text("bob", "one too many")).await;
    server.join("bob").await.gets(&["x"; 10]).await;
}

#[tokio::test]
async fn more_connections_than_allowed_are_closed() {
    let server = Server::with(&[("connections", "2")]).await;
    let mut alice = server.join("alice").await;
    let _second = server.join("bob").await;
    server.connect().await.is_closed().await;
    is_served(&mut alice).await;
}

//! What hostile clients do, and that nobody else notices.

use std::time::{Duration, Instant};

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use reference_codecs::wireproto::{Action, ClientMessage, Outcome};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::time::timeout;

use crate::peer::{Peer, Server, create, encode};
use crate::support::{hex, open_files_suffice};

/// Everybody is promised an answer within a second; the other tests share the machine.
const PROMPT: Duration = Duration::from_secs(10);

/// Asks and gets its answer in time.
async fn is_served(peer: &mut Peer) {
    let started = Instant::now();
    assert_eq!(peer.lists("^alice$").await, "alice\n");
    let took = started.elapsed();
    assert!(took < PROMPT, "an answer took {took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_bytes_on_many_connections() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    for round in 0..300 {
        let mut bytes = vec![0; 1 + round % 97];
        rng.fill_bytes(&mut bytes);
        // Half of them look like requests for a while.
        if round % 2 == 0 {
            bytes = [hex("0a03302e31 1003 22"), bytes].concat();
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
async fn lengths_that_never_come_cost_nothing() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    for _ in 0..100 {
        let mut eve = server.connect().await;
        eve.raw(&hex("0a03302e31 1001 2a ffffffff7f")).await;
        eve.gets(Outcome::Failed).await;
    }
    // One within the limit is waited for, but not for ever.
    let mut eve = server.connect().await;
    eve.raw(&hex("0a03302e31 1001 2a 807f 61")).await;
    is_served(&mut alice).await;
    eve.gets(Outcome::Failed).await;
    eve.is_closed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_without_end_is_one_failure() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut eve = server.connect().await;
    eve.raw(&hex("0a03302e31")).await;
    for _ in 0..100 {
        eve.raw(&hex("1001").repeat(10_000)).await;
    }
    is_served(&mut alice).await;
    eve.raw(&create("eve").to_bytes()).await;
    eve.gets(Outcome::Failed).await;
    eve.gets(Outcome::Created).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expression_that_blows_up_elsewhere_delays_nobody() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut eve = server.join("aaaaaaaaaaaaaaaaaaaaaaaa_").await;
    for expression in [
        "^(a+)+$",
        "^(a|a?)+$",
        "(.*a){100}_$",
        &("(a?){1000}".to_owned() + &"a".repeat(1000)),
        &"(".repeat(1 << 13),
    ] {
        let asked = Instant::now();
        eve.says(&ClientMessage::new(Action::List, expression))
            .await;
        is_served(&mut alice).await;
        eve.recv().await;
        let took = asked.elapsed();
        assert!(took < PROMPT, "{expression:.20} took {took:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_connections_that_never_read() {
    assert!(open_files_suffice(), "this test needs 3,000 open files");
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut other = server.connect().await;
    for index in 0..500 {
        let name = format!("{index} {}", "z".repeat(20));
        other.asks(create(&name), Outcome::Created).await;
    }
    // Answers of 12 KiB each, far more of them than the buffers of a connection hold.
    let all = encode(&vec![ClientMessage::new(Action::List, "*"); 1000]);
    let mut crowd = Vec::new();
    for _ in 0..300 {
        let socket = TcpSocket::new_v4().unwrap();
        // Little is left to the system, so that the server is left with the rest.
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(server.0.address).await.unwrap();
        let _ = timeout(Duration::from_millis(200), stream.write_all(&all)).await;
        crowd.push(stream);
    }
    is_served(&mut alice).await;
    // Nor does a receiver hold up those who write to it.
    let mut deaf = server.join("deaf").await;
    let _ = timeout(Duration::from_millis(200), deaf.raw(&all)).await;
    for _ in 0..200 {
        alice.sends("deaf", "hello?").await;
    }
    is_served(&mut alice).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_is_bounded_and_says_so() {
    let server = Server::with(&[("queued_messages", "10")]).await;
    let mut alice = server.join("alice").await;
    alice.asks(create("bob"), Outcome::Created).await;
    for _ in 0..10 {
        alice.sends("bob", "x").await;
    }
    alice
        .asks(ClientMessage::send("bob", "one too many"), Outcome::Failed)
        .await;
    let mut bob = server.connect().await;
    bob.logs_in("bob").await;
    assert_eq!(bob.checks().await, "alice:x\n".repeat(10));
}

#[tokio::test]
async fn more_connections_than_allowed_are_closed() {
    let server = Server::with(&[("connections", "2")]).await;
    let mut alice = server.join("alice").await;
    let _second = server.join("bob").await;
    server.connect().await.is_closed().await;
    is_served(&mut alice).await;
}

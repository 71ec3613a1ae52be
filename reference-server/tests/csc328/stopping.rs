//! The server stops: rule 7.

use std::time::{Duration, Instant};

use reference_codecs::csc328::{ClientMessage, Dialect, ServerMessage};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::peer::{Peer, Server, chat};
use crate::support::DEADLINE;

const SECOND: Duration = Duration::from_secs(1);
/// A second as a client may see it whose clock began a little late.
const ALMOST: Duration = Duration::from_millis(950);
const NOTICE: ServerMessage = ServerMessage::Shutdown { seconds: 1 };

async fn stopping(dialect: Dialect) -> Server {
    Server::with(&[("shutdown_delay", "1s"), ("dialect", dialect.name())]).await
}

async fn ended(server: Server) {
    timeout(DEADLINE, server.started.running)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

/// The connection is closed one second after `told`, as far as a busy machine can measure it.
async fn is_closed_in_time(peer: &mut Peer, told: Instant) {
    peer.is_closed().await;
    let after = told.elapsed();
    assert!(after >= ALMOST, "{after:?}");
    assert!(after < SECOND * 2, "{after:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_told_the_seconds_and_they_pass() {
    let mut tests = Vec::new();
    for dialect in Dialect::ALL {
        tests.push(tokio::spawn(async move {
            let server = stopping(dialect).await;
            let [mut alice, mut bob] = server.join_all(["alice", "bob"]).await;
            let mut unnamed = server.connect().await;
            server.started.shutdown.cancel();
            assert_eq!(alice.recv().await, NOTICE);
            let told = Instant::now();
            assert_eq!(bob.recv().await, NOTICE);
            assert_eq!(unnamed.recv().await, NOTICE);
            // Chat goes on, and so does choosing a nickname, but nobody new comes.
            alice.say("quick").await;
            bob.hears("alice", "quick").await;
            unnamed.nick("carol").await;
            assert_eq!(unnamed.recv().await, ServerMessage::Ready);
            assert!(TcpStream::connect(server.started.address).await.is_err());
            is_closed_in_time(&mut alice, told).await;
            is_closed_in_time(&mut bob, told).await;
            is_closed_in_time(&mut unnamed, told).await;
            ended(server).await;
            assert!(told.elapsed() < SECOND * 2);
        }));
    }
    for test in tests {
        test.await.unwrap();
    }
}

#[tokio::test]
async fn the_server_ends_when_everybody_has_left() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let started = Instant::now();
    server.started.shutdown.cancel();
    assert_eq!(alice.recv().await, ServerMessage::Shutdown { seconds: 5 });
    alice.message(ClientMessage::Bye).await;
    alice.is_closed().await;
    drop(alice);
    ended(server).await;
    assert!(started.elapsed() < SECOND * 2);
    let server = Server::with(&[]).await;
    server.started.shutdown.cancel();
    ended(server).await;
}

#[tokio::test]
async fn who_talks_without_end_or_does_not_read_is_closed_in_time_too() {
    let server = stopping(Dialect::Word).await;
    let mut alice = server.join("alice").await;
    let flood = server.join("flood").await;
    let bytes = flood.encode(&vec![chat(&"x".repeat(1000)); 100]);
    let (_unread, mut talk) = flood.stream.into_split();
    let flooding = tokio::spawn(async move {
        while tokio::io::AsyncWriteExt::write_all(&mut talk, &bytes)
            .await
            .is_ok()
        {}
    });
    while alice.recv().await == chat_of_flood() {
        if !server.started.shutdown.is_cancelled() {
            server.started.shutdown.cancel();
        }
    }
    let told = Instant::now();
    while alice.next().await.is_some() {}
    assert!(told.elapsed() >= ALMOST);
    ended(server).await;
    assert!(told.elapsed() < SECOND * 2);
    timeout(DEADLINE, flooding).await.unwrap().unwrap();
}

fn chat_of_flood() -> ServerMessage {
    crate::peer::broadcast("flood", &"x".repeat(1000))
}

#[tokio::test]
async fn dropping_the_server_closes_everybody_at_once() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    server.started.shutdown.cancel();
    alice.recv().await;
    server.started.running.abort();
    let told = Instant::now();
    alice.is_closed().await;
    assert!(told.elapsed() < SECOND);
}

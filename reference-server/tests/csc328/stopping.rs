//! The server stops: rule 7.

use std::time::{Duration, Instant};

use reference_codecs::csc328::{ClientMessage, Dialect, ServerMessage};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::peer::{Peer, Server, chat};
use crate::support::DEADLINE;

const SECOND: Duration = Duration::from_secs(1);
/// Longer than any test waits.
const LONG: [(&str, &str); 1] = [("shutdown_delay", "600s")];
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

/// The connection is closed, and no earlier than a second after `asked`.
async fn is_closed_in_time(peer: &mut Peer, asked: Instant) {
    peer.is_closed().await;
    let after = asked.elapsed();
    assert!(after >= SECOND, "{after:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_told_the_seconds_and_they_pass() {
    let mut tests = Vec::new();
    for dialect in Dialect::ALL {
        tests.push(tokio::spawn(async move {
            let server = stopping(dialect).await;
            let [mut alice, mut bob] = server.join_all(["alice", "bob"]).await;
            let mut unnamed = server.connect().await;
            let asked = Instant::now();
            server.started.shutdown.cancel();
            assert_eq!(alice.recv().await, NOTICE);
            assert_eq!(bob.recv().await, NOTICE);
            assert_eq!(unnamed.recv().await, NOTICE);
            // Chat goes on, and so does choosing a nickname, but nobody new comes.
            alice.say("quick").await;
            bob.hears("alice", "quick").await;
            unnamed.nick("carol").await;
            assert_eq!(unnamed.recv().await, ServerMessage::Ready);
            assert!(TcpStream::connect(server.started.address).await.is_err());
            is_closed_in_time(&mut alice, asked).await;
            is_closed_in_time(&mut bob, asked).await;
            is_closed_in_time(&mut unnamed, asked).await;
            ended(server).await;
        }));
    }
    for test in tests {
        test.await.unwrap();
    }
}

#[tokio::test]
async fn the_server_ends_when_everybody_has_left() {
    let server = Server::with(&LONG).await;
    let mut alice = server.join("alice").await;
    server.started.shutdown.cancel();
    assert_eq!(alice.recv().await, ServerMessage::Shutdown { seconds: 600 });
    alice.message(ClientMessage::Bye).await;
    alice.is_closed().await;
    drop(alice);
    ended(server).await;
    let server = Server::with(&LONG).await;
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
    assert_eq!(alice.recv().await, chat_of_flood());
    let asked = Instant::now();
    server.started.shutdown.cancel();
    while alice.next().await.is_some() {}
    assert!(asked.elapsed() >= SECOND);
    ended(server).await;
    timeout(DEADLINE, flooding).await.unwrap().unwrap();
}

fn chat_of_flood() -> ServerMessage {
    crate::peer::broadcast("flood", &"x".repeat(1000))
}

#[tokio::test]
async fn dropping_the_server_closes_everybody_at_once() {
    let server = Server::with(&LONG).await;
    let mut alice = server.join("alice").await;
    server.started.shutdown.cancel();
    alice.recv().await;
    server.started.running.abort();
    alice.is_closed().await;
}

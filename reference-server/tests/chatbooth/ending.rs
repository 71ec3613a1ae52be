//! The server stops, and what it has said until then.

use reference_codecs::chatbooth::ClientMessage;
use reference_server::chatbooth::Options;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::peer::{Server, encode};
use crate::support::DEADLINE;

async fn stops(server: Server) {
    server.0.shutdown.cancel();
    timeout(DEADLINE, server.0.running)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(server.0.address).await.is_err());
}

#[tokio::test]
async fn rule_11_stopping_closes_everybody() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut stranger = server.connect().await;
    let mut halfway = server.connect().await;
    halfway.raw(b"\0\x01\0\0").await;
    stops(server).await;
    alice.is_closed().await;
    stranger.is_closed().await;
}

#[tokio::test]
async fn rule_11_stopping_waits_neither_for_who_does_not_read_nor_for_logins() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    alice.raw(&encode(&vec![alice.list("\n"); 10_000])).await;
    let mut eve = server.connect().await;
    let flood = vec![ClientMessage::authenticate("alice", "guess"); 1000];
    eve.raw(&encode(&flood)).await;
    stops(server).await;
}

#[tokio::test]
async fn the_log_has_no_secrets() {
    let (server, mut events) = Server::logging(Options::default()).await;
    let mut alice = server.connect().await;
    for (name, password) in [("alice", "hunter"), ("alice", "hunted"), ("Alice", "hunt")] {
        alice.ask(ClientMessage::authenticate(name, password)).await;
        alice.recv().await;
    }
    alice.token = {
        alice
            .ask(ClientMessage::authenticate("alice", "hunter"))
            .await;
        alice.recv_token().await
    };
    alice.ask(alice.text("alice", "a hunting tale")).await;
    alice.recv().await;
    alice.recv().await;
    alice.ask(alice.delete("alice")).await;
    drop(alice);
    let log = events.until("disconnect").await;
    for expected in [
        "create alice",
        "login alice",
        "the password is wrong",
        "message alice to alice: 14 bytes",
        "delete alice",
    ] {
        assert!(log.contains(expected), "no {expected} in {log}");
    }
    assert!(!log.contains("hunt"), "{log}");
}

//! The server stops.

use std::time::Duration;

use tokio::net::TcpStream;

use crate::peer::{DEADLINE, Server, deliver};

#[tokio::test]
async fn stopping_closes_everybody() {
    let server = Server::with(&[]).await;
    let [mut alice, mut bob, mut carol] = server.join_all(["alice", "bob", "carol"]).await;
    alice.say("one").await;
    alice.say("two").await;
    assert_eq!(bob.recv().await, deliver("alice", "one"));
    let mut unregistered = server.connect().await;
    server.shutdown.cancel();
    tokio::time::timeout(DEADLINE, server.running)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    alice.is_closed().await;
    bob.is_closed().await;
    assert_eq!(carol.recv().await, deliver("alice", "one"));
    carol.is_closed().await;
    unregistered.is_closed().await;
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn stopping_does_not_wait_for_who_does_not_read() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    // Answers that nobody reads, until the server reads no more.
    let empty = b"\x02\x00\x00".repeat(1 << 16);
    let blocked = async {
        loop {
            alice.raw(&empty).await;
        }
    };
    assert!(
        tokio::time::timeout(Duration::from_secs(1), blocked)
            .await
            .is_err()
    );
    server.shutdown.cancel();
    tokio::time::timeout(DEADLINE, server.running)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn dropping_the_server_closes_everybody_too() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    server.running.abort();
    alice.is_closed().await;
}

//! The server stops, and what it has said until then.

use std::time::{Duration, Instant};

use reference_codecs::wireproto::{Action, ClientMessage};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::peer::{Server, encode};
use crate::support::DEADLINE;

/// A stop takes half a second at most; the other tests share the machine.
const PROMPT: Duration = Duration::from_secs(10);

async fn stops(server: Server) {
    let started = Instant::now();
    server.0.shutdown.cancel();
    timeout(DEADLINE, server.0.running)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(started.elapsed() < PROMPT);
    assert!(TcpStream::connect(server.0.address).await.is_err());
}

#[tokio::test]
async fn rule_11_stopping_closes_everybody() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut stranger = server.connect().await;
    let mut halfway = server.connect().await;
    halfway.raw(b"\x0a\x03").await;
    stops(server).await;
    alice.is_closed().await;
    stranger.is_closed().await;
    halfway.is_closed().await;
}

#[tokio::test]
async fn rule_11_stopping_does_not_wait_for_who_does_not_read() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let list = ClientMessage::new(Action::List, "*");
    let flood = encode(&vec![list; 100_000]);
    // As far as it goes: the server stops reading when nobody takes its answers.
    let _ = timeout(Duration::from_millis(300), alice.raw(&flood)).await;
    stops(server).await;
}

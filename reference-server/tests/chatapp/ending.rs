//! The server stops, and what it has said until then.

use reference_codecs::chatapp::{Datagram, Kind};
use reference_server::chatapp::Options;

use crate::peer::Server;

#[tokio::test]
async fn stopping_waits_for_nobody() {
    let server = Server::with(&[]).await;
    let [alice, bob] = server.join_all(["alice", "bob"]).await;
    let asking = alice.fresh().await;
    asking
        .send(&Datagram::request(Kind::Store, "alice", "bob", "hello?"))
        .await;
    assert_eq!(bob.recv().await.kind, Kind::Test);
    let address = server.address;
    server.stop().await;
    // The port is free again.
    tokio::net::UdpSocket::bind(address).await.unwrap();
}

#[tokio::test]
async fn the_log_tells_what_happened_without_the_texts() {
    let (server, mut events) = Server::logging(Options::default()).await;
    let [alice, bob] = server.join_all(["alice", "bob"]).await;
    bob.leave().await;
    alice.request(Kind::Store, "bob", "a hunting tale").await;
    alice.request(Kind::SendAll, "", "hunters").await;
    alice.request(Kind::Store, "nobody", "hunt").await;
    bob.register().await;
    server.stop().await;
    let log = events.until("stopped").await;
    for expected in [
        "listening on 127.0.0.1:",
        "created alice at 127.0.0.1:",
        "dereg bob",
        "store alice to bob: 14 bytes",
        "send_all alice: 7 bytes",
        "nobody is called \"nobody\"",
        "reg_ack bob at 127.0.0.1:",
    ] {
        assert!(log.contains(expected), "no {expected} in {log}");
    }
    assert!(!log.contains("hunt"), "{log}");
}

//! Many clients at once.

use reference_codecs::bcp::ServerMessage;
use reference_server::bcp::Options;

use crate::peer::{Peer, Server, ok, send};
use crate::support::open_files_suffice;

const CLIENTS: usize = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_clients_join_talk_and_leave() {
    assert!(open_files_suffice(), "this test needs 3,000 open files");
    let server = Server::start(Options::default()).await;
    let mut first = server.join("first").await;
    let mut crowd: Vec<Peer> = Vec::new();
    for index in 0..CLIENTS {
        let mut peer = server.connect().await;
        peer.register(&format!("user{index}")).await;
        crowd.push(peer);
    }
    for peer in &mut crowd {
        assert_eq!(peer.recv().await, ok());
    }
    // The first was told of nobody yet; successive notices come together.
    let mut joined = 0;
    let mut deliveries = 0;
    while joined < CLIENTS {
        joined += first.recv_notice().await.lines().count();
        deliveries += 1;
        first.ack().await;
    }
    assert!(deliveries < CLIENTS, "{deliveries} deliveries");
    first.say("hello").await;
    for peer in crowd.iter_mut().rev().take(10) {
        while !hears_hello(peer).await {}
        peer.message(send("I heard it")).await;
    }
    drop(crowd);
    let mut left = 0;
    while left < CLIENTS {
        if let ServerMessage::Notice { message } = first.recv().await {
            left += String::from_utf8(message)
                .unwrap()
                .matches("has left")
                .count();
        }
        first.ack().await;
    }
    first.say("alone again").await;
}

async fn hears_hello(peer: &mut Peer) -> bool {
    let message = peer.recv().await;
    peer.ack().await;
    matches!(message, ServerMessage::Deliver { message, .. } if message == b"hello")
}

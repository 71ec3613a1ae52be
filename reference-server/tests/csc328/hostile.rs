//! Clients that send garbage, announce too much, or never read.

use proptest::prelude::*;
use reference_codecs::csc328::{Dialect, ServerMessage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::peer::{Peer, Server, chat};
use crate::support::{connect, open_files_suffice};

/// Alice and bob are served.
async fn are_served(alice: &mut Peer, bob: &mut Peer) {
    alice.say("fine?").await;
    while bob.recv().await != crate::peer::broadcast("alice", "fine?") {}
    bob.say("fine").await;
    while alice.recv().await != crate::peer::broadcast("bob", "fine") {}
}

#[tokio::test]
async fn garbage_on_many_connections_hurts_nobody_else() {
    for dialect in Dialect::ALL {
        let server = Server::speaking(dialect).await;
        let [mut alice, mut bob] = server.join_all(["alice", "bob"]).await;
        let mut seed: u32 = 0x2545_f491;
        let mut streams = Vec::new();
        for _ in 0..100 {
            let mut stream = connect(server.started.address).await;
            let garbage: Vec<u8> = std::iter::repeat_with(|| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                seed.to_be_bytes()[0]
            })
            .take(4000)
            .collect();
            // The server may have closed already.
            let _ = stream.write_all(&garbage).await;
            streams.push(stream);
        }
        are_served(&mut alice, &mut bob).await;
    }
}

#[tokio::test]
async fn an_announced_size_costs_nothing() {
    let server = Server::speaking(Dialect::Json32).await;
    let [mut alice, mut bob] = server.join_all(["alice", "bob"]).await;
    let mut huge = server.connect().await;
    huge.raw(b"\xff\xff\xff\xff").await;
    huge.is_closed().await;
    let mut endless = Server::speaking(Dialect::Line).await.connect().await;
    let line = vec![b'z'; 70_000];
    let _ = endless.stream.write_all(&line).await;
    endless.is_closed().await;
    are_served(&mut alice, &mut bob).await;
}

/// A client with a small window, greeted, that reads nothing from now on.
async fn deaf(server: &Server) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(server.started.address).await.unwrap();
    expect(&mut stream, b"\0\x05HELLO").await;
    stream
}

/// The same with a nickname.
async fn deaf_member(server: &Server, index: usize) -> TcpStream {
    let mut stream = deaf(server).await;
    let name = format!("NICK deaf{index}");
    let size = u16::try_from(name.len()).unwrap().to_be_bytes();
    let nick = [&size, name.as_bytes()].concat();
    stream.write_all(&nick).await.unwrap();
    expect(&mut stream, b"\0\x05READY").await;
    stream
}

async fn expect(stream: &mut TcpStream, bytes: &[u8]) {
    let mut answer = vec![0; bytes.len()];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, bytes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_that_never_read_delay_nobody_and_are_disconnected() {
    assert!(open_files_suffice(), "this test needs 3,000 open files");
    let limits = [("unread_timeout", "1s"), ("kept_bytes", "4MiB")];
    let server = Server::with(&limits).await;
    let [mut alice, mut bob] = server.join_all(["alice", "bob"]).await;
    let mut crowd = Vec::new();
    for index in 0..1000 {
        crowd.push(deaf_member(&server, index).await);
    }
    are_served(&mut alice, &mut bob).await;
    let long = "z".repeat(30_000);
    // Far more than the kernel takes for each of the deaf, and than the room keeps.
    for _ in 0..300 {
        alice.say(&long).await;
        bob.hears("alice", &long).await;
    }
    are_served(&mut alice, &mut bob).await;
    // All of them are gone, so their nicknames are free.
    drop(server.join_when_free("deaf0").await);
    drop(server.join_when_free("deaf999").await);
    drop(crowd);
}

#[tokio::test]
async fn who_does_not_read_is_disconnected_after_the_timeout() {
    let server = Server::with(&[("unread_timeout", "300ms")]).await;
    let [mut alice, mut bob] = server.join_all(["alice", "bob"]).await;
    let _deaf = deaf_member(&server, 1).await;
    let long = "z".repeat(60_000);
    let mut probe = server.connect().await;
    loop {
        alice.say(&long).await;
        bob.hears("alice", &long).await;
        probe.nick("deaf1").await;
        match probe.recv().await {
            ServerMessage::Ready => break,
            other => assert_eq!(other, ServerMessage::Retry),
        }
    }
}

#[tokio::test]
async fn who_asks_without_end_is_read_slowly() {
    let server = Server::with(&[]).await;
    let [mut alice, mut bob] = server.join_all(["alice", "bob"]).await;
    let mut flood = deaf(&server).await;
    let bytes = alice.encode(&vec![chat("not yet"); 10_000]);
    let flooding = async { while flood.write_all(&bytes).await.is_ok() {} };
    let talking = async {
        for _ in 0..100 {
            are_served(&mut alice, &mut bob).await;
        }
    };
    tokio::select! {
        () = flooding => panic!("the server has closed"),
        () = talking => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A server of any dialect that has heard anything still greets the next client.
    #[test]
    fn no_bytes_harm_the_server(
        bytes in proptest::collection::vec(any::<u8>(), 0..3000),
        dialect in proptest::sample::select(Dialect::ALL.as_slice()),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Server::speaking(dialect).await;
            let mut peer = server.join("alice").await;
            let _ = peer.stream.write_all(&bytes).await;
            let _ = peer.stream.shutdown().await;
            while peer.next().await.is_some() {}
            server.join_when_free("alice").await;
        });
    }
}

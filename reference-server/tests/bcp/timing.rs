//! Clients that are inactive, that do not read, or that say too much.

use std::time::{Duration, Instant};

use reference_codecs::bcp::{ClientMessage, ServerMessage};

use crate::peer::{DEADLINE, Server, deliver, notice, ok, send};

/// Longer than a busy machine lets anybody wait.
const IDLE: Duration = Duration::from_secs(3);
const SHORT: [(&str, &str); 2] = [("idle_timeout", "3s"), ("check_interval", "50ms")];

#[tokio::test]
async fn a_silent_client_is_disconnected_and_never_earlier() {
    let server = Server::with(&SHORT).await;
    let mut alice = server.connect().await;
    let started = Instant::now();
    alice.register("alice").await;
    alice.recv().await;
    alice.recv().await;
    let acknowledged = Instant::now();
    alice.ack().await;
    alice.is_closed().await;
    assert!(started.elapsed() >= IDLE);
    assert!(acknowledged.elapsed() >= IDLE);
    drop(server.join("alice").await);
}

#[tokio::test]
async fn an_unacknowledged_delivery_makes_inactive_whatever_else_is_said() {
    let server = Server::with(&SHORT).await;
    let [mut alice, mut bob] = server.join_all(["alice", "bob"]).await;
    let before = Instant::now();
    alice.say("hi").await;
    assert_eq!(bob.recv().await, deliver("alice", "hi"));
    // Alice keeps talking, and bob, too, but bob acknowledges nothing.
    let talk = async {
        loop {
            alice.message(send("tick")).await;
            bob.message(send("busy")).await;
            if bob.next().await.is_none() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, talk).await.unwrap();
    assert!(before.elapsed() >= IDLE);
}

#[tokio::test]
async fn who_never_registers_is_disconnected() {
    let server = Server::with(&SHORT).await;
    let started = Instant::now();
    let mut silent = server.connect().await;
    let mut unfinished = server.connect().await;
    unfinished.raw(b"\x01\x00\x05ali").await;
    silent.is_closed().await;
    unfinished.is_closed().await;
    assert!(started.elapsed() >= IDLE);
}

#[tokio::test]
async fn an_active_client_stays() {
    let server = Server::with(&SHORT).await;
    let mut alice = server.join("alice").await;
    let started = Instant::now();
    while started.elapsed() < IDLE * 3 / 2 {
        alice.say("here").await;
        tokio::time::sleep(IDLE / 20).await;
    }
    alice.say("still here").await;
}

#[tokio::test]
async fn who_does_not_read_delays_nobody_and_is_disconnected() {
    let server = Server::with(&SHORT).await;
    let [mut alice, mut carol, bob] = server.join_all(["alice", "carol", "bob"]).await;
    let long = "z".repeat(4095);
    // Both go on, so that only bob becomes inactive.
    let gone = notice("bob has left the server.");
    let talk = async {
        for count in 0_u32.. {
            let is_quick = count < 200;
            alice
                .message(send(if is_quick { &long } else { "tick" }))
                .await;
            let answer = alice.recv().await;
            if answer == gone {
                break;
            }
            assert_eq!(answer, ok());
            if !is_quick {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    };
    let listen = async {
        loop {
            let message = carol.recv().await;
            carol.ack().await;
            if message == gone {
                break;
            }
            assert!(
                [deliver("alice", &long), deliver("alice", "tick")].contains(&message),
                "{message:?}"
            );
        }
    };
    tokio::join!(talk, listen);
    drop(bob);
}

#[tokio::test]
async fn who_falls_behind_by_more_than_is_kept_is_disconnected() {
    let server = Server::with(&[("kept_messages", "128"), ("check_interval", "20ms")]).await;
    let [mut alice, mut bob] = server.join_all(["alice", "bob"]).await;
    for number in 0..128 {
        alice.say(&number.to_string()).await;
    }
    assert_eq!(bob.recv().await, deliver("alice", "0"));
    bob.say("129 behind would be too many").await;
    alice.hears("bob", "129 behind would be too many").await;
    let mut left = false;
    for number in 128..200 {
        alice.message(send(&number.to_string())).await;
        match alice.recv().await {
            ServerMessage::Status { code, .. } => assert_eq!(code, 0),
            message => {
                left = message == notice("bob has left the server.");
                assert!(left, "{message:?}");
                assert_eq!(alice.recv().await, ok());
                alice.ack().await;
            }
        }
    }
    if !left {
        alice.is_told("bob has left the server.").await;
    }
    bob.is_closed().await;
}

#[tokio::test]
async fn who_does_not_wait_for_answers_does_not_push_others_out() {
    let server = Server::with(&[("kept_messages", "512")]).await;
    let [mut alice, mut bob, flood] = server.join_all(["alice", "bob", "flood"]).await;
    let bytes = flood.encode(&vec![send("flood"); 600]);
    let (mut answers, mut talk) = flood.stream.into_split();
    let flooding = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let read = async {
            let mut all = vec![0; 600 * 4];
            // The first delivery comes among the answers: it, too, is only taken, not looked at.
            answers.read_exact(&mut all).await.unwrap();
        };
        let (written, ()) = tokio::join!(talk.write_all(&bytes), read);
        written.unwrap();
        (answers, talk)
    });
    let started = Instant::now();
    alice.message(send("me too")).await;
    let mut heard = 0;
    while heard < 601 {
        let message = bob.recv().await;
        assert!(
            matches!(&message, other if *other == deliver("flood", "flood")
            || *other == deliver("alice", "me too")),
            "{message:?}"
        );
        bob.message(ClientMessage::ack()).await;
        heard += 1;
    }
    assert!(
        started.elapsed() >= Duration::from_secs(1),
        "the flood was slowed down"
    );
    drop(flooding.await.unwrap());
}

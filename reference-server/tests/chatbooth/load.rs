//! Many clients, and much at once.

use reference_codecs::chatbooth::ServerMessage;
use tokio::task::JoinSet;

use crate::peer::{Server, encode};

const SENDERS: usize = 8;
const EACH: usize = 250;

/// CHATBOOTH-8: every byte of the receiver's stream parses, nothing is missing, doubled or out of
/// order, while many push to him and he asks all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_8_pushes_and_answers_never_mix() {
    let server = Server::with(&[]).await;
    let mut bob = server.join("bob").await;
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let name = char::from(b'p' + u8::try_from(sender).unwrap()).to_string();
        let mut peer = server.join(&name).await;
        senders.spawn(async move {
            for i in 0..EACH {
                let padding = "x".repeat(i * 37 % 1000);
                peer.say("bob", &format!("{sender} {i} {padding}")).await;
            }
        });
    }
    let requests: Vec<_> = (0..EACH).map(|_| bob.list("^bob$")).collect();
    bob.raw(&encode(&requests)).await;
    let mut next = [0; SENDERS];
    let mut answers = 0;
    while answers < EACH || next.iter().any(|count| *count < EACH) {
        match bob.recv().await {
            ServerMessage::Answer { body } => {
                assert_eq!(body, b"bob");
                answers += 1;
            }
            ServerMessage::Message { text } => {
                let text = String::from_utf8(text).unwrap();
                let mut parts = text.split(' ');
                let sender: usize = parts.next().unwrap().parse().unwrap();
                let number: usize = parts.next().unwrap().parse().unwrap();
                assert_eq!(number, next[sender], "from {sender}");
                assert_eq!(parts.next().unwrap().len(), number * 37 % 1000);
                next[sender] += 1;
            }
        }
    }
    while let Some(sender) = senders.join_next().await {
        sender.unwrap();
    }
    bob.gets(&[]).await;
}

/// Hashing is beside the serving: while hundreds log in, others are served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_logins_keep_nobody_waiting() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let mut crowd = JoinSet::new();
    for index in 0..200_u32 {
        let mut peer = server.connect().await;
        let name: String = format!("{index:03}")
            .bytes()
            .map(|digit| char::from(digit - b'0' + b'a'))
            .collect();
        crowd.spawn(async move {
            peer.login(&name).await;
            peer.login(&name).await;
        });
    }
    while !crowd.is_empty() {
        alice.names("^alice$").await;
        while let Some(done) = crowd.try_join_next() {
            done.unwrap();
        }
    }
}

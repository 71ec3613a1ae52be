//! Many clients, and much at once.

use reference_codecs::wireproto::{Action, ClientMessage, Outcome};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

use crate::peer::{Server, create, encode};

const SENDERS: usize = 8;
const EACH: usize = 250;

/// WIREPROTO-3: nothing is missing, doubled or out of order, while many push to him and he asks
/// all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_pushes_and_answers_never_mix() {
    let server = Server::with(&[]).await;
    let mut bob = server.join("bob").await;
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let mut peer = server.join(&sender.to_string()).await;
        senders.spawn(async move {
            for i in 0..EACH {
                let padding = "x".repeat(i * 37 % 90);
                peer.sends("bob", &format!("{i} {padding}")).await;
            }
        });
    }
    let list = ClientMessage::new(Action::List, "^bob$");
    bob.raw(&encode(&vec![list; EACH])).await;
    let mut next = [0; SENDERS];
    let mut answers = 0;
    while answers < EACH || next.iter().any(|count| *count < EACH) {
        let message = bob.recv().await;
        match Outcome::try_from(message.opcode) {
            Ok(Outcome::Listed) => {
                assert_eq!(message.msg, "bob\n");
                answers += 1;
            }
            Ok(Outcome::Push) => {
                let (sender, text) = message.msg.split_once(':').unwrap();
                let sender: usize = sender.parse().unwrap();
                let (number, padding) = text.trim_end_matches('\n').split_once(' ').unwrap();
                assert_eq!(number, next[sender].to_string(), "from {sender}");
                assert_eq!(padding.len(), next[sender] * 37 % 90);
                next[sender] += 1;
            }
            _ => panic!("{message:?} was not asked for"),
        }
    }
    while let Some(sender) = senders.join_next().await {
        sender.unwrap();
    }
    assert_eq!(bob.checks().await, "");
}

/// WIREPROTO-3, WIREPROTO-8: what is sent to somebody who does not read, and who then goes, was
/// pushed or is unread, all of it and in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_8_what_was_not_taken_is_unread() {
    const TEXTS: usize = 100;
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    for index in 0..500 {
        let name = format!("{index} {}", "z".repeat(20));
        alice.asks(create(&name), Outcome::Created).await;
    }
    // Answers of 12 KiB each, so many that they hold up what is pushed behind them.
    let mut deaf = server.join("deaf").await;
    let all = ClientMessage::new(Action::List, "*");
    deaf.raw(&encode(&vec![all; 2000])).await;
    for index in 0..TEXTS {
        alice.sends("deaf", &index.to_string()).await;
    }
    deaf.stream.shutdown().await.unwrap();
    let mut pushed = Vec::new();
    while let Some(message) = deaf.next().await {
        if message.opcode == i32::from(Outcome::Push) {
            pushed.push(message.msg);
        }
    }
    deaf = server.connect().await;
    deaf.logs_in("deaf").await;
    let unread = deaf.checks().await;
    let texts: Vec<String> = (0..TEXTS).map(|i| format!("alice:{i}\n")).collect();
    assert_eq!(pushed, texts[..pushed.len()]);
    // What was on its way at the end may have come all the same.
    let unread: Vec<&str> = unread.split_inclusive('\n').collect();
    assert_eq!(unread, texts[TEXTS - unread.len()..]);
    assert!(pushed.len() + unread.len() >= TEXTS);
}

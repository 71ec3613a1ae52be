//! What the document and the dialects ask of the server, rule by rule and in every dialect.

use std::time::Duration;

use reference_codecs::csc328::{ClientMessage, Dialect, ServerMessage};
use reference_server::Log;
use reference_server::csc328::Options;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::peer::{Server, chat, nick};
use crate::support::{DEADLINE, Replay, connect};

#[tokio::test]
async fn rule_1_the_server_speaks_first_in_the_bytes_of_the_dialect() {
    let json16 = "0031 7b226d7367223a2248454c4c4f222c226e69636b223a22534552564552222c\
                  2270726f746f223a22636f6e6e656374227d";
    for (dialect, hello, nick, ready) in [
        (
            Dialect::Word,
            "0005 48454c4c4f",
            "0006 4e49434b2061",
            "0005 5245414459",
        ),
        (
            Dialect::Typed,
            "0005 6d 48454c4c4f",
            "0001 6e 61",
            "0005 6d 5245414459",
        ),
        (
            Dialect::Line,
            "48454c4c4f 0a",
            "4e49434b2061 0d0a",
            "5245414459 0a",
        ),
        (Dialect::Struct, &"00".repeat(1068), "", ""),
        (Dialect::Json16, json16, "", ""),
    ] {
        let server = Server::speaking(dialect).await;
        let mut replay = Replay(connect(server.started.address).await);
        replay.receives(hello).await;
        replay.sends(nick).await;
        replay.receives(ready).await;
    }
}

#[tokio::test]
async fn rule_2_a_nickname_is_asked_for_until_one_is_free() {
    for dialect in Dialect::ALL {
        let server = Server::speaking(dialect).await;
        let _alice = server.join("alice").await;
        let mut second = server.connect().await;
        let mut third = server.connect().await;
        for name in ["alice", "", "a\x07", " a", "alice"] {
            second.nick(name).await;
            third.nick("alice").await;
            assert_eq!(second.recv().await, ServerMessage::Retry, "{name:?}");
            assert_eq!(third.recv().await, ServerMessage::Retry);
        }
        if dialect != Dialect::Struct {
            second.nick(&"z".repeat(33)).await;
            assert_eq!(second.recv().await, ServerMessage::Retry);
        }
        second.nick("bob").await;
        assert_eq!(second.recv().await, ServerMessage::Ready);
        third.nick("carol").await;
        assert_eq!(third.recv().await, ServerMessage::Ready);
        second.nick("another").await;
        assert_eq!(second.recv().await, ServerMessage::Retry);
        second.say("still bob").await;
        third.hears("bob", "still bob").await;
    }
}

#[tokio::test]
async fn rule_3_nothing_is_said_or_heard_before_ready() {
    for dialect in Dialect::ALL {
        let server = Server::speaking(dialect).await;
        let [mut alice, mut bob] = server.join_all(["alice", "bob"]).await;
        let mut eve = server.connect().await;
        eve.say("too early").await;
        assert_eq!(eve.recv().await, ServerMessage::Retry);
        alice.say("one").await;
        bob.hears("alice", "one").await;
        eve.nick("eve").await;
        assert_eq!(eve.recv().await, ServerMessage::Ready);
        eve.say("two").await;
        alice.hears("eve", "two").await;
        bob.hears("eve", "two").await;
        bob.say("three").await;
        eve.hears("bob", "three").await;
    }
}

#[tokio::test]
async fn rules_4_and_5_a_text_reaches_all_others_once_and_in_order_and_never_its_sender() {
    for dialect in Dialect::ALL {
        let server = Server::speaking(dialect).await;
        let [mut alice, mut bob, mut carol] = server.join_all(["alice", "bob", "carol"]).await;
        let texts = ["hi", " ", "é: \"quoted\\\"", "READY", "alice: x"];
        for text in texts {
            alice.say(text).await;
            bob.hears("alice", text).await;
            carol.hears("alice", text).await;
        }
        // What comes after proves that nothing came before.
        bob.say("end").await;
        alice.hears("bob", "end").await;
        carol.hears("bob", "end").await;
    }
}

#[tokio::test]
async fn rule_6_whoever_leaves_in_whatever_way_frees_the_nickname() {
    for dialect in Dialect::ALL {
        let server = Server::speaking(dialect).await;
        let mut bob = server.join("bob").await;
        let mut alice = server.join("alice").await;
        alice.say("last words").await;
        alice.message(ClientMessage::Bye).await;
        bob.hears("alice", "last words").await;
        alice.is_closed().await;
        let mut alice = server.join("alice").await;
        alice.say("half closed").await;
        alice.stream.shutdown().await.unwrap();
        bob.hears("alice", "half closed").await;
        alice.is_closed().await;
        let alice = server.join_when_free("alice").await;
        alice.stream.set_zero_linger().unwrap();
        drop(alice);
        drop(server.join_when_free("alice").await);
        let mut alice = server.join_when_free("alice").await;
        alice.say("back").await;
        bob.hears("alice", "back").await;
        let mut unnamed = server.connect().await;
        unnamed.message(ClientMessage::Bye).await;
        unnamed.is_closed().await;
    }
}

#[tokio::test]
async fn rule_8_the_log_has_addresses_nicknames_and_texts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let options = Options {
        log: Log::file(&path).unwrap(),
        ..Options::default()
    };
    let log = options.log.clone();
    let server = Server::start(options).await;
    let mut alice = server.join("alice").await;
    let mut bob = server.join("bob").await;
    alice.say("hi\nfake line").await;
    bob.hears("alice", "hi\nfake line").await;
    alice.raw(b"\0\0").await;
    alice.message(ClientMessage::Bye).await;
    let address = alice.stream.local_addr().unwrap();
    alice.is_closed().await;
    log.flush(DEADLINE);
    let told = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = told
        .lines()
        .map(|line| line.split_once("Z ").unwrap().1)
        .filter(|line| line.contains("alice") || line.contains(&address.to_string()))
        .collect();
    let expected = [
        format!("connect {address}"),
        format!("nickname alice {address}"),
        "text alice: hi\\nfake line".to_owned(),
        format!("dropped {address}: the text is empty"),
        format!("disconnect alice {address}: bye"),
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn rule_9_what_is_no_text_hurts_at_most_its_sender() {
    let server = Server::with(&[]).await;
    let [mut alice, mut bob] = server.join_all(["alice", "bob"]).await;
    alice.raw(b"\0\0\0\x04caf\xc3\0\x01\xff").await;
    alice.say("still here").await;
    bob.hears("alice", "still here").await;
    let mut eve = server.connect().await;
    eve.raw(b"\0\x07NICK \xff\xfe").await;
    assert_eq!(eve.recv().await, ServerMessage::Retry);
    for dialect in [Dialect::Json16, Dialect::Json32, Dialect::Typed] {
        let server = Server::speaking(dialect).await;
        let [mut alice, mut bob, mut carol] = server.join_all(["alice", "bob", "carol"]).await;
        alice.raw(&[0; 8]).await;
        alice.is_closed().await;
        bob.say("still here").await;
        carol.hears("bob", "still here").await;
    }
}

#[tokio::test]
async fn rule_9_a_text_that_no_longer_fits_is_cut_between_characters() {
    for dialect in Dialect::ALL {
        let server = Server::speaking(dialect).await;
        let [mut alice, mut bob] = server.join_all(["alice", "bob"]).await;
        let text = "é\u{1f389}".repeat(20_000);
        let mut bytes = Vec::new();
        chat(&text).encode_cut(dialect, &mut bytes).unwrap();
        alice.raw(&bytes).await;
        let ServerMessage::Broadcast { text: heard, .. } = bob.recv().await else {
            panic!("{dialect}");
        };
        let heard = String::from_utf8(heard).unwrap();
        assert!(text.starts_with(&heard) && heard.len() > 1000, "{dialect}");
        bob.say("next").await;
        alice.hears("bob", "next").await;
    }
}

#[tokio::test]
async fn a_stream_may_be_split_and_joined_anywhere() {
    for dialect in Dialect::ALL {
        let server = Server::speaking(dialect).await;
        let mut bob = server.join("bob").await;
        let mut alice = server.connect().await;
        let messages = [nick("alice"), chat("one"), chat("two"), ClientMessage::Bye];
        let bytes = alice.encode(&messages);
        alice.raw(&bytes).await;
        assert_eq!(alice.recv().await, ServerMessage::Ready);
        alice.is_closed().await;
        let mut alice = server.join_when_free("carol").await;
        let bytes = alice.encode(&[chat("three")]);
        for byte in &bytes {
            alice.raw(&[*byte]).await;
        }
        bob.hears("alice", "one").await;
        bob.hears("alice", "two").await;
        bob.hears("carol", "three").await;
    }
}

#[tokio::test]
async fn json32_has_another_time_in_every_message() {
    let server = Server::speaking(Dialect::Json32).await;
    let mut bob = server.join("bob").await;
    let mut stream = connect(server.started.address).await;
    let nickname = bob.encode(&[nick("alice")]);
    stream.write_all(&nickname).await.unwrap();
    let mut times: Vec<String> = Vec::new();
    for kind in ["hello", "ready", "chat", "chat"] {
        let size = stream.read_u32().await.unwrap();
        let mut content = vec![0; usize::try_from(size).unwrap()];
        stream.read_exact(&mut content).await.unwrap();
        let text = String::from_utf8(content).unwrap();
        assert!(text.contains(&format!("\"type\":\"{kind}\"")), "{text}");
        let (_, time) = text.split_once("\"time\":").unwrap();
        assert!(!times.contains(&time.to_owned()), "{text}");
        times.push(time.to_owned());
        bob.say("hi").await;
    }
}

#[tokio::test]
async fn many_choose_the_same_nickname_at_the_same_time_and_one_gets_it() {
    let server = Server::with(&[]).await;
    let mut peers = Vec::new();
    for _ in 0..50 {
        peers.push(server.connect().await);
    }
    for peer in &mut peers {
        peer.nick("alice").await;
    }
    let mut ready = 0;
    for peer in &mut peers {
        match peer.recv().await {
            ServerMessage::Ready => ready += 1,
            other => assert_eq!(other, ServerMessage::Retry),
        }
    }
    assert_eq!(ready, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_senders_at_once_reach_everybody_whole() {
    let server = Server::with(&[]).await;
    let mut listener = server.join("listener").await;
    let mut senders = Vec::new();
    for index in 0..20 {
        senders.push(server.join(&format!("sender{index}")).await);
    }
    let talking: Vec<_> = senders
        .into_iter()
        .map(|mut sender| {
            tokio::spawn(async move {
                let texts: Vec<_> = (0..100).map(|n| chat(&format!("text {n}"))).collect();
                let bytes = sender.encode(&texts);
                sender.raw(&bytes).await;
                for _ in 0..19 * 100 {
                    sender.recv().await;
                }
            })
        })
        .collect();
    let mut next = [0; 20];
    for _ in 0..2000 {
        let ServerMessage::Broadcast { from, text } = listener.recv().await else {
            panic!("no broadcast");
        };
        let index: usize = String::from_utf8(from).unwrap()[6..].parse().unwrap();
        assert_eq!(text, format!("text {}", next[index]).into_bytes());
        next[index] += 1;
    }
    for sender in talking {
        tokio::time::timeout(DEADLINE, sender)
            .await
            .unwrap()
            .unwrap();
    }
}

#[tokio::test]
async fn who_says_too_much_is_slowed_down_and_others_are_not() {
    let server = Server::with(&[]).await;
    let [flood, mut alice, mut bob] = server.join_all(["flood", "alice", "bob"]).await;
    let bytes = flood.encode(&vec![chat("flood"); 2000]);
    let (_answers, mut talk) = flood.stream.into_split();
    let started = std::time::Instant::now();
    let flooding = tokio::spawn(async move {
        talk.write_all(&bytes).await.unwrap();
        talk
    });
    alice.say("me too").await;
    let mut has_heard_alice = false;
    for _ in 0..2001 {
        if bob.recv().await == crate::peer::broadcast("alice", "me too") {
            has_heard_alice = true;
        }
    }
    assert!(has_heard_alice);
    assert!(started.elapsed() >= Duration::from_millis(900));
    drop(flooding.await.unwrap());
}

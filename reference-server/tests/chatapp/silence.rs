//! Clients that do not answer.

use std::time::Instant;

use reference_codecs::chatapp::{Content, Datagram, Kind};

use crate::peer::{Server, texts};

#[tokio::test]
async fn rule_5_silence_stores_and_tells_everybody() {
    let server = Server::with(&[("answer_timeout", "500ms")]).await;
    let [alice, bob, carol] = server.join_all(["alice", "bob", "carol"]).await;
    let asked = Instant::now();
    assert_eq!(
        alice.request(Kind::Store, "bob", "are you there").await,
        Kind::StoreAck
    );
    assert!(asked.elapsed().as_millis() >= 500, "{:?}", asked.elapsed());
    for other in [&alice, &carol] {
        let entry = other.entry().await;
        assert_eq!((&*entry.name, entry.is_active), ("bob", false));
    }
    assert_eq!(bob.recv().await.kind, Kind::Test);
    assert_eq!(
        bob.return_for_mails().await,
        texts("alice", &["are you there"])
    );
}

#[tokio::test]
async fn rule_6_who_does_not_acknowledge_gets_it_later_and_once() {
    let server = Server::with(&[("answer_timeout", "500ms")]).await;
    let [alice, bob] = server.join_all(["alice", "bob"]).await;
    for text in ["one", "two"] {
        let sent = alice.request(Kind::SendAll, "", text).await;
        assert_eq!(sent, Kind::SendAllServerAck);
        assert_eq!(bob.recv().await.content, Content::Text(text.to_owned()));
    }
    let entry = alice.entry().await;
    assert_eq!((&*entry.name, entry.is_active), ("bob", false));
    // The second is given up a little later than the first.
    assert_eq!(
        alice.request(Kind::Store, "bob", "three").await,
        Kind::StoreAck
    );
    let back = bob.return_for_mails().await;
    if back == texts("alice", &["one", "two", "three"]) {
        assert_eq!(bob.return_for_mails().await, []);
    } else {
        assert_eq!(back, texts("alice", &["one", "three"]));
    }
}

#[tokio::test]
async fn an_acknowledgement_tells_which_text_it_is_for_by_the_socket() {
    let server = Server::with(&[]).await;
    let [alice, bob] = server.join_all(["alice", "bob"]).await;
    let mut sources = std::collections::HashSet::new();
    for text in ["one", "two", "three"] {
        let sent = alice.request(Kind::SendAll, "", text).await;
        assert_eq!(sent, Kind::SendAllServerAck);
        sources.insert(bob.listening.recv_from().await.1);
    }
    assert_eq!(sources.len(), 3);
}

#[tokio::test]
async fn many_texts_at_once_reach_a_client_that_answers_them_all() {
    let server = Server::with(&[]).await;
    let [alice, bob] = server.join_all(["alice", "bob"]).await;
    let asking = alice.fresh().await;
    for n in 0..40 {
        let text = Datagram::request(Kind::SendAll, "alice", "", &n.to_string());
        assert_eq!(asking.ask(&text).await.kind, Kind::SendAllServerAck);
    }
    let mut heard: Vec<u32> = Vec::new();
    for _ in 0..40 {
        let Content::Text(text) = bob.heard().await.1 else {
            panic!("no text");
        };
        heard.push(text.parse().unwrap());
    }
    heard.sort_unstable();
    assert!(heard.into_iter().eq(0..40));
    assert_eq!(bob.return_for_mails().await, []);
}

#[tokio::test]
async fn rule_4_the_first_device_is_left_alone_when_it_is_silent() {
    let server = Server::with(&[("answer_timeout", "10ms")]).await;
    let [alice, bob] = server.join_all(["alice", "bob"]).await;
    let second = alice.elsewhere().await;
    second.register().await;
    assert_eq!(bob.entry().await.port, second.port());
    assert_eq!(alice.recv().await.kind, Kind::Test);
    // Long enough for the test to be given up, and proof that the server has gone on.
    assert_eq!(second.request(Kind::Store, "bob", "").await, Kind::StoreAck);
    alice.register().await;
    assert_eq!(alice.table().await[0].port, alice.port());
}

#[tokio::test]
async fn rule_9_waiting_for_one_delays_nobody_else() {
    let server = Server::with(&[]).await;
    let [alice, bob, carol] = server.join_all(["alice", "bob", "carol"]).await;
    let asking = alice.fresh().await;
    asking
        .send(&Datagram::request(Kind::Store, "alice", "bob", "hello?"))
        .await;
    assert_eq!(bob.recv().await.kind, Kind::Test);
    assert_eq!(
        carol.request(Kind::SendAll, "", "hi").await,
        Kind::SendAllServerAck
    );
    assert_eq!(alice.heard().await.1, Content::Text("hi".to_owned()));
    assert_eq!(bob.heard().await.1, Content::Text("hi".to_owned()));
    server.join("dave").await;
    carol.leave().await;
}

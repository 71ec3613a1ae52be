//! What each rule promises, where every client answers.

use reference_codecs::chatapp::{Content, Datagram, Kind};

use crate::peer::{Server, mails, texts};

#[tokio::test]
async fn rules_1_to_3_registering_tells_everybody_what_is_new() {
    let server = Server::with(&[]).await;
    let alice = server.client("alice").await;
    let created = alice.register().await;
    assert_eq!((created.kind, &*created.to), (Kind::Created, "alice"));
    assert_eq!((created.content, created.from), (Content::none(), None));
    let table = alice.table().await;
    assert_eq!(
        (table.len(), &*table[0].name, table[0].port),
        (1, "alice", alice.port())
    );
    assert!(table[0].is_active && table[0].ip.is_loopback());

    let bob = server.client("bob").await;
    assert_eq!(bob.register().await.kind, Kind::Created);
    let names: Vec<String> = bob
        .table()
        .await
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    assert_eq!(names, ["alice", "bob"]);
    let entry = alice.entry().await;
    assert_eq!(
        (&*entry.name, entry.port, entry.is_active),
        ("bob", bob.port(), true)
    );
}

#[tokio::test]
async fn rule_3_a_return_that_changes_nothing_is_told_to_nobody() {
    let server = Server::with(&[]).await;
    let [alice, bob] = server.join_all(["alice", "bob"]).await;
    let again = alice.register().await;
    assert_eq!((again.kind, again.content), (Kind::RegAck, Content::none()));
    assert_eq!(alice.table().await.len(), 2);
    bob.hears_nothing_before(&alice).await;
}

#[tokio::test]
async fn rule_4_a_second_device_takes_the_first_one_offline() {
    let server = Server::with(&[]).await;
    let [alice, bob] = server.join_all(["alice", "bob"]).await;
    let second = alice.elsewhere().await;
    assert_eq!(second.register().await.kind, Kind::RegAck);
    assert_eq!(second.table().await[0].port, second.port());
    assert_eq!(bob.entry().await.port, second.port());
    let asked = alice.confirm(Kind::Test, Kind::Test).await;
    assert_eq!((&*asked.to, asked.from), ("alice", None));
    let logout = alice.recv().await;
    assert_eq!((logout.kind, &*logout.to), (Kind::Logout, "alice"));
    second.hears_nothing_before(&bob).await;
}

#[tokio::test]
async fn rule_5_who_is_there_is_not_stored_for() {
    let server = Server::with(&[]).await;
    let [alice, bob, carol] = server.join_all(["alice", "bob", "carol"]).await;
    let asking = alice.fresh().await;
    asking
        .send(&Datagram::request(Kind::Store, "alice", "bob", "hi"))
        .await;
    assert_eq!(bob.confirm(Kind::Test, Kind::Test).await.to, "bob");
    assert_eq!(asking.answer().await.kind, Kind::UserExist);
    let entry = alice.entry().await;
    assert_eq!((&*entry.name, entry.is_active), ("bob", true));
    assert_eq!(bob.return_for_mails().await, []);
    carol.hears_nothing_before(&bob).await;
}

#[tokio::test]
async fn rules_5_and_7_texts_wait_for_who_has_left() {
    let server = Server::with(&[]).await;
    let [alice, bob, carol] = server.join_all(["alice", "bob", "carol"]).await;
    bob.leave().await;
    for other in [&alice, &carol] {
        let entry = other.entry().await;
        assert_eq!((&*entry.name, entry.is_active), ("bob", false));
    }
    assert_eq!(
        alice.request(Kind::Store, "bob", "one").await,
        Kind::StoreAck
    );
    assert_eq!(
        carol.request(Kind::Store, "bob", "two \"é\" \n😀").await,
        Kind::StoreAck
    );
    assert_eq!(
        alice.request(Kind::SendAll, "mallory", "three").await,
        Kind::SendAllServerAck
    );
    assert_eq!(carol.heard().await.1, Content::Text("three".to_owned()));
    let back = bob.register().await;
    assert_eq!(back.kind, Kind::RegAck);
    let mails = mails(back);
    let said: Vec<(&str, &str, &str)> = mails
        .iter()
        .map(|mail| (&*mail.from, &*mail.content, &*mail.to))
        .collect();
    assert_eq!(
        said,
        [
            ("alice", "one", "bob"),
            ("carol", "two \"é\" \n😀", "bob"),
            ("alice", "three", "bob")
        ]
    );
    assert!(mails.windows(2).all(|pair| pair[0].id < pair[1].id));
    assert!(
        mails
            .iter()
            .all(|mail| mail.timestamp.len() == 19 && mail.status == "yes")
    );
    bob.table().await;
    assert!(alice.entry().await.is_active);
    assert_eq!(bob.return_for_mails().await, []);
}

#[tokio::test]
async fn rule_6_a_text_for_everybody_reaches_everybody_else_once() {
    let server = Server::with(&[]).await;
    let [alice, bob, carol] = server.join_all(["alice", "bob", "carol"]).await;
    assert_eq!(
        alice.request(Kind::SendAll, "", "hi all").await,
        Kind::SendAllServerAck
    );
    for other in [&bob, &carol] {
        let expected = (Some("alice".to_owned()), Content::Text("hi all".to_owned()));
        assert_eq!(other.heard().await, expected);
    }
    assert_eq!(
        bob.request(Kind::SendAll, "", "me too").await,
        Kind::SendAllServerAck
    );
    // Neither is there anything else for the sender.
    assert_eq!(alice.heard().await.1, Content::Text("me too".to_owned()));
    assert_eq!(carol.heard().await.1, Content::Text("me too".to_owned()));
    for peer in [alice, bob, carol] {
        assert_eq!(peer.return_for_mails().await, []);
    }
}

#[tokio::test]
async fn rule_7_leaving_twice_is_told_once() {
    let server = Server::with(&[]).await;
    let [alice, bob] = server.join_all(["alice", "bob"]).await;
    bob.leave().await;
    bob.leave().await;
    assert!(!alice.entry().await.is_active);
    bob.register().await;
    assert!(alice.entry().await.is_active);
}

#[tokio::test]
async fn rule_11_a_retried_request_is_answered_again_and_carried_out_once() {
    let server = Server::with(&[]).await;
    let [alice, bob] = server.join_all(["alice", "bob"]).await;
    bob.leave().await;
    alice.entry().await;
    let asking = alice.fresh().await;
    let store = Datagram::request(Kind::Store, "alice", "bob", "once");
    for _ in 0..3 {
        asking.send(&store).await;
    }
    for _ in 0..3 {
        assert_eq!(asking.answer().await.kind, Kind::StoreAck);
    }
    let other = alice.fresh().await;
    assert_eq!(other.ask(&store).await.kind, Kind::StoreAck);
    let returning = bob.fresh().await;
    for _ in 0..2 {
        returning.send(&bob.registration()).await;
    }
    let first = returning.answer().await;
    assert_eq!(returning.answer().await, first);
    assert_eq!(mails(first).len(), 2);
    assert!(alice.entry().await.is_active);
    bob.table().await;
    bob.hears_nothing_before(&alice).await;
}

#[tokio::test]
async fn rule_12_a_long_queue_is_not_lost() {
    let server = Server::with(&[]).await;
    let [alice, bob] = server.join_all(["alice", "bob"]).await;
    bob.leave().await;
    let sent: Vec<String> = (0..8)
        .map(|n| format!("{n}{}", "z".repeat(20_000)))
        .collect();
    for text in &sent {
        assert_eq!(
            alice.request(Kind::Store, "bob", text).await,
            Kind::StoreAck
        );
    }
    let returning = bob.fresh().await;
    returning.send(&bob.registration()).await;
    let mut received = Vec::new();
    while received.len() < sent.len() {
        let part = returning.answer().await;
        assert_eq!(part.kind, Kind::RegAck);
        received.extend(mails(part).into_iter().map(|mail| mail.content));
    }
    assert_eq!(received, sent);
}

#[tokio::test]
async fn rule_12_a_long_table_is_not_lost() {
    let server = Server::with(&[]).await;
    let alice = server.client("alice").await;
    let names: Vec<String> = (0..400).map(|n| format!("{n:-<250}")).collect();
    let registering = alice.fresh().await;
    for name in &names {
        let request = Datagram::request(Kind::Reg, name, "", "5000");
        assert_eq!(registering.ask(&request).await.kind, Kind::Created);
    }
    alice.register().await;
    let mut received = Vec::new();
    while received.len() < names.len() + 1 {
        received.extend(alice.table().await.into_iter().map(|entry| entry.name));
    }
    assert_eq!(received[..400], names);
    assert_eq!(received[400], "alice");
}

#[tokio::test]
async fn several_accounts_on_one_device() {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    alice.leave().await;
    alice.name = "bob".to_owned();
    assert_eq!(alice.register().await.kind, Kind::Created);
    let table = alice.table().await;
    let active: Vec<bool> = table.iter().map(|entry| entry.is_active).collect();
    assert_eq!(active, [false, true]);
    assert_eq!(
        alice.request(Kind::Store, "alice", "note").await,
        Kind::StoreAck
    );
    alice.leave().await;
    alice.name = "alice".to_owned();
    assert_eq!(alice.return_for_mails().await, texts("bob", &["note"]));
}

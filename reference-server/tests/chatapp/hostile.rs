//! Datagrams that make no sense.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use reference_codecs::chatapp::{Content, Datagram, Kind};

use crate::peer::{Server, Socket, texts};

async fn reason(socket: &Socket, bytes: &[u8]) -> String {
    socket.raw(bytes).await;
    let answer = socket.answer().await;
    assert_eq!(answer.kind, Kind::Error, "{answer:?}");
    match answer.content {
        Content::Text(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn rule_10_whatever_comes_is_answered_and_changes_nothing() {
    let server = Server::with(&[]).await;
    let [alice, bob] = server.join_all(["alice", "bob"]).await;
    let eve = alice.fresh().await;
    for (bytes, expected) in [
        (&b""[..], "no JSON"),
        (b"garbage", "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[]", "expected an object"),
        (b"null", "no JSON"),
        (b"{}", "unknown kind"),
        (
            br#"{"type_": "shutdown", "from_": "alice"}"#,
            "unknown kind of message `shutdown`",
        ),
        (br#"{"type_": "created", "from_": "alice"}"#, "no request"),
        (
            br#"{"type_": "reg", "from_": "eve", "content": "80"}"#,
            "1024 to 65535",
        ),
        (
            br#"{"type_": "reg", "from_": "eve", "content": []}"#,
            "expected a text",
        ),
        (
            br#"{"type_": "reg", "from_": "", "content": "5000"}"#,
            "a name is",
        ),
        (br#"{"type_": "reg", "content": "5000"}"#, "a name is"),
        (
            br#"{"type_": "reg", "from_": 7, "content": "5000"}"#,
            "no JSON",
        ),
        (
            br#"{"type_": "dereg", "from_": "nobody"}"#,
            "nobody is called \"nobody\"",
        ),
        (
            br#"{"type_": "store", "from_": "alice", "to": "nobody"}"#,
            "nobody is called",
        ),
        (
            br#"{"type_": "store", "from_": "nobody", "to": "bob"}"#,
            "nobody is called",
        ),
        (
            br#"{"type_": "send_all", "from_": "nobody"}"#,
            "nobody is called",
        ),
        (
            br#"{"type_": "send_all", "from_": "alice", "content": {"a": 1}}"#,
            "a text",
        ),
    ] {
        let reason = reason(&eve, bytes).await;
        assert!(
            reason.contains(expected),
            "{reason} for {}",
            String::from_utf8_lossy(bytes)
        );
    }
    bob.hears_nothing_before(&alice).await;
    let table = bob.register().await;
    assert_eq!(table.content, Content::none());
    assert_eq!(bob.table().await.len(), 2);
}

#[tokio::test]
async fn answers_and_complaints_are_not_answered() {
    let server = Server::with(&[]).await;
    let alice = server.join("alice").await;
    let eve = alice.fresh().await;
    for kind in ["error", "test", "send_all_ack"] {
        eve.raw(format!(r#"{{"type_": "{kind}", "from_": "alice"}}"#).as_bytes())
            .await;
    }
    let request = Datagram::request(Kind::Dereg, "alice", "", "");
    assert_eq!(eve.ask(&request).await.kind, Kind::DeregAck);
}

#[tokio::test]
async fn a_text_is_taken_if_it_can_be_delivered() {
    let server = Server::with(&[]).await;
    let [alice, bob] = server.join_all(["alice", "bob"]).await;
    bob.leave().await;
    let longest = "z".repeat(65_000);
    assert_eq!(
        alice.request(Kind::Store, "bob", &longest).await,
        Kind::StoreAck
    );
    assert_eq!(
        alice.request(Kind::Store, "bob", &"z".repeat(65_380)).await,
        Kind::Error
    );
    assert_eq!(
        alice.request(Kind::SendAll, "", &"z".repeat(65_380)).await,
        Kind::Error
    );
    assert_eq!(bob.return_for_mails().await, texts("alice", &[&longest]));
}

#[tokio::test]
async fn limits_refuse_what_is_new_and_keep_what_is_there() {
    let server = Server::with(&[("users", "2"), ("queued_messages", "1")]).await;
    let [alice, bob] = server.join_all(["alice", "bob"]).await;
    let carol = server.client("carol").await;
    assert_eq!(carol.register().await.kind, Kind::Error);
    bob.leave().await;
    assert_eq!(
        alice.request(Kind::Store, "bob", "first").await,
        Kind::StoreAck
    );
    assert_eq!(
        alice.request(Kind::Store, "bob", "second").await,
        Kind::Error
    );
    // The others of a group must not suffer from one full queue.
    assert_eq!(
        alice.request(Kind::SendAll, "", "third").await,
        Kind::SendAllServerAck
    );
    assert_eq!(bob.return_for_mails().await, texts("alice", &["first"]));
}

#[tokio::test]
async fn questions_are_limited() {
    let server = Server::with(&[("questions", "1")]).await;
    let [alice, bob] = server.join_all(["alice", "bob"]).await;
    let asking = alice.fresh().await;
    asking
        .send(&Datagram::request(Kind::Store, "alice", "bob", "one"))
        .await;
    assert_eq!(alice.request(Kind::Store, "bob", "two").await, Kind::Error);
    assert_eq!(alice.request(Kind::SendAll, "", "three").await, Kind::Error);
    bob.confirm(Kind::Test, Kind::Test).await;
    assert_eq!(asking.answer().await.kind, Kind::UserExist);
    assert_eq!(
        alice.request(Kind::SendAll, "", "four").await,
        Kind::SendAllServerAck
    );
}

/// Requests as clients of the document's server sent them, from somebody who listens at `port`, with
/// some bytes replaced, doubled or cut off.
fn spoilt(port: u16) -> impl Strategy<Value = Vec<u8>> {
    let requests = [
        format!(
            r#"{{"content": "{port}", "type_": "reg", "from_": "eve", "to": "", "to_server": true, "addr": null}}"#
        ),
        r#"{"content": "eve", "type_": "dereg", "from_": "eve", "to": "", "to_server": true, "addr": null}"#.to_owned(),
        r#"{"content": "hi", "type_": "store", "from_": "eve", "to": "mallory", "to_server": true, "addr": null}"#.to_owned(),
        r#"{"content": "hi", "type_": "send_all", "from_": "eve", "to": "", "to_server": true, "addr": ["10.0.0.1", 9]}"#.to_owned(),
        r#"{"content": "", "type_": "test", "from_": "eve", "to": "eve", "to_server": false, "addr": null}"#.to_owned(),
        r#"{"content": "", "type_": "send_all_ack", "from_": "eve", "to": "eve", "to_server": false, "addr": null}"#.to_owned(),
    ];
    let replaced = prop::collection::vec((any::<Index>(), any::<u8>()), 0..4);
    let doubled = any::<Option<(Index, Index)>>();
    let cut = prop::option::weighted(0.2, any::<Index>());
    (
        prop::sample::select(requests.to_vec()),
        replaced,
        doubled,
        cut,
    )
        .prop_map(|(request, replaced, doubled, cut)| {
            let mut bytes = request.into_bytes();
            for (place, byte) in replaced {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            if let Some((from, to)) = doubled {
                let tail = bytes[from.index(bytes.len())..].to_vec();
                let to = to.index(bytes.len());
                bytes.splice(to..to, tail);
            }
            if let Some(end) = cut {
                bytes.truncate(end.index(bytes.len()));
            }
            bytes
        })
}

/// The server would speak to whoever listens at the port that this names.
fn leads_elsewhere(bytes: &[u8], port: u16) -> bool {
    let text = String::from_utf8_lossy(bytes);
    Datagram::decode(bytes).is_ok_and(|datagram| datagram.kind == Kind::Reg)
        && !text.contains(&format!("\"{port}\""))
}

#[tokio::test]
async fn rule_10_no_datagram_of_any_content_stops_the_server() {
    let server = Server::with(&[]).await;
    let eve = server.client("eve").await;
    let spoilt = spoilt(eve.port());
    let mut runner = TestRunner::deterministic();
    for _ in 0..150 {
        // Few enough that none is lost on the way.
        for _ in 0..10 {
            let bytes = spoilt.new_tree(&mut runner).unwrap().current();
            if !leads_elsewhere(&bytes, eve.port()) {
                eve.listening.raw(&bytes).await;
            }
        }
        let honest = eve.fresh().await;
        let reason = reason(&honest, b"garbage").await;
        assert!(reason.contains("no JSON"), "{reason}");
    }
    assert!(!server.running.is_finished());
    server.join("alice").await;
    server.stop().await;
}

//! Bytes that clients of the document's server sent get answers of the recorded form.

use reference_codecs::chatapp::{Content, Kind};
use serde_json::json;

use crate::peer::Server;

#[tokio::test]
async fn recorded_requests_are_carried_out() {
    let server = Server::with(&[]).await;
    let socket = server.client("any").await.fresh().await;
    for (bytes, kind) in [
        (
            r#"{"content": "41001", "type_": "reg", "from_": "alice", "to": "", "to_server": true, "addr": null}"#,
            Kind::Created,
        ),
        (
            r#"{"type_": "reg", "content": 41005, "from_": "zed"}"#,
            Kind::Created,
        ),
        (
            r#"{"content": "zed", "type_": "dereg", "from_": "zed", "to": "", "to_server": true, "addr": null}"#,
            Kind::DeregAck,
        ),
        (
            r#"{"content": "for zed", "type_": "store", "from_": "alice", "to": "zed", "to_server": true, "addr": null}"#,
            Kind::StoreAck,
        ),
        (
            r#"{"content": "hi again", "type_": "send_all", "from_": "alice", "to": "", "to_server": true, "addr": ["10.0.0.1", 9]}"#,
            Kind::SendAllServerAck,
        ),
    ] {
        socket.raw(bytes.as_bytes()).await;
        let answer = socket.answer().await;
        assert_eq!(answer.kind, kind, "{bytes}");
        assert_eq!((answer.content, answer.from), (Content::none(), None));
        assert!(!answer.to_server);
    }
}

#[tokio::test]
async fn what_waited_comes_back_in_the_recorded_form() {
    let server = Server::with(&[]).await;
    let [alice, bob] = server.join_all(["alice", "bob"]).await;
    bob.leave().await;
    alice.request(Kind::Store, "bob", "offline 1").await;
    let returning = bob.fresh().await;
    returning.send(&bob.registration()).await;
    let mut buffer = [0; 4096];
    let (len, _) = returning.socket.recv_from(&mut buffer).await.unwrap();
    let mut answer: serde_json::Value = serde_json::from_slice(&buffer[..len]).unwrap();
    answer["content"][0]["timestamp"] = json!("2026-11-20 10:38:48");
    let expected = json!({
        "content": [{
            "id": 1, "content": "offline 1", "from_": "alice", "to": "bob", "type_": "send",
            "timestamp": "2026-11-20 10:38:48", "status": "yes"
        }],
        "type_": "reg_ack", "from_": null, "to": "bob", "to_server": false,
        "addr": ["127.0.0.1", returning.address().port()]
    });
    assert_eq!(answer, expected);
}

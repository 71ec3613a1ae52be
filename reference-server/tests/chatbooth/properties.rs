//! What holds for any requests in any pieces.

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use reference_codecs::chatbooth::{ClientMessage, ServerMessage, Token};

use crate::peer::{Peer, Server, encode};

/// A request, and whether it must be answered by an error.
fn any_request() -> impl Strategy<Value = (u8, Vec<u8>)> {
    let body = prop_oneof![
        Just(b"alice:pw".to_vec()),
        Just(b"alice".to_vec()),
        Just(b"alice:hi".to_vec()),
        Just(b"\n".to_vec()),
        prop::collection::vec(any::<u8>(), 0..20),
    ];
    (2..=5_u8, body)
}

fn request((action, body): (u8, Vec<u8>), token: Token) -> ClientMessage {
    match action {
        2 => ClientMessage::List {
            pattern: body,
            token,
        },
        3 => ClientMessage::Send {
            addressed: body,
            token,
        },
        4 => ClientMessage::Deliver { user: body, token },
        _ => ClientMessage::Delete { user: body, token },
    }
}

async fn each_request_has_one_answer(requests: Vec<(u8, Vec<u8>)>, chunk: usize) -> TestCaseResult {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    let messages: Vec<ClientMessage> = requests
        .into_iter()
        .map(|parts| request(parts, alice.token))
        .collect();
    for piece in encode(&messages).chunks(chunk) {
        alice.raw(piece).await;
    }
    for _ in &messages {
        while let ServerMessage::Message { .. } = alice.recv().await {}
    }
    // Nothing but pushes comes behind the last answer.
    let mut end: Peer = alice;
    end.ask(ClientMessage::authenticate("bob", "pw")).await;
    let last = loop {
        match end.recv().await {
            ServerMessage::Message { .. } => {}
            ServerMessage::Answer { body } => break body,
        }
    };
    prop_assert_eq!(last.len(), 16);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whole_requests_are_answered_one_by_one_however_they_come(
        requests in prop::collection::vec(any_request(), 0..12), chunk in 1..80_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(each_request_has_one_answer(requests, chunk))?;
    }
}

//! What holds for any requests in any pieces.

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use reference_codecs::wireproto::{Action, ClientMessage, Outcome, VERSION};

use crate::peer::{Server, encode};

/// Any request but those that end the connection.
fn any_request() -> impl Strategy<Value = ClientMessage> {
    let name = || prop_oneof![Just("alice".to_owned()), Just(String::new()), ".{0,30}"];
    let version = prop_oneof![9 => Just(VERSION), 1 => Just("0.2")];
    (version, 1..=9, name(), name(), name()).prop_map(|(version, opcode, sender, receiver, msg)| {
        ClientMessage {
            version: version.to_owned(),
            opcode: if opcode == i32::from(Action::Quit) {
                8
            } else {
                opcode
            },
            sender,
            receiver,
            msg,
        }
    })
}

async fn each_request_has_one_answer(requests: Vec<ClientMessage>, chunk: usize) -> TestCaseResult {
    let server = Server::with(&[]).await;
    let mut alice = server.join("alice").await;
    for piece in encode(&requests).chunks(chunk) {
        alice.raw(piece).await;
    }
    alice
        .says(&ClientMessage::new(Action::Create, "the last one"))
        .await;
    let mut answers = 0;
    loop {
        let message = alice.recv().await;
        let outcome = Outcome::try_from(message.opcode).unwrap();
        if outcome == Outcome::Created && message.msg.starts_with("the last one") {
            break;
        }
        answers += usize::from(outcome != Outcome::Push);
    }
    prop_assert_eq!(answers, requests.len());
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

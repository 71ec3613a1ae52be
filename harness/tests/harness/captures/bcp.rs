//! rpchat's C server and its Python client.

use harness::wire::Message;

use super::{Program, in_full};

const RPCHAT: Program = Program {
    folder: "bcp-rpchat",
    protocol: "bcp",
    dialect: Some("rpchat"),
    unseen: &[],
    token: |_| None,
    is_last: |_| false,
    form,
    instead: &[],
};

fn form(message: &Message, _: &[Message]) -> String {
    match &*message.kind {
        // Who is listed, and in which words somebody comes or goes, is the server's choice.
        "notice" => "notice".to_owned(),
        _ => in_full(message),
    }
}

#[test]
fn every_byte_of_rpchat_is_described() {
    RPCHAT.is_described();
}

#[test]
fn clients_of_rpchat_get_answers_of_the_recorded_form() {
    RPCHAT.is_answered_in_the_recorded_form();
}

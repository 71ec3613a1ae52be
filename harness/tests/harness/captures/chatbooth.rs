//! chatbooth's own server, a client of its own, and clients written for the occasion.

use harness::wire::{Message, Value};

use super::{Instead, Program, in_full};

const CHATBOOTH: Program = Program {
    folder: "chatbooth",
    protocol: "chatbooth",
    dialect: None,
    unseen: &["authenticate_whole", "send_whole"],
    token,
    is_last: |_| false,
    form,
    instead: INSTEAD,
};

const INSTEAD: &[Instead] = &[
    // CHATBOOTH-1d: the name ends in a newline.
    Instead {
        recording: "authenticate",
        connection: "bob",
        at: 7,
        recorded: &["token"],
        ours: &["empty"],
    },
    // CHATBOOTH-5a: alice deletes fred, and makes an account of his name. Here he stays.
    Instead {
        recording: "delete",
        connection: "alice",
        at: 2,
        recorded: &["done", "token"],
        ours: &["empty", "empty"],
    },
    Instead {
        recording: "delete",
        connection: "fred",
        at: 1,
        recorded: &["empty"],
        ours: &["answer alice,fred"],
    },
    // CHATBOOTH-4b: alice asks for bob's messages, which are lost then. Here she is refused, and he
    // gets them.
    Instead {
        recording: "deliver",
        connection: "alice",
        at: 3,
        recorded: &["done", "done", "done"],
        ours: &["empty", "done", "empty"],
    },
    Instead {
        recording: "deliver",
        connection: "bob2",
        at: 1,
        recorded: &["done"],
        ours: &["message secret1", "done"],
    },
    // CHATBOOTH-8b: a body in two pieces is never answered.
    Instead {
        recording: "split_inside_body",
        connection: "a",
        at: 1,
        recorded: &[],
        ours: &["answer alice"],
    },
];

fn token(message: &Message) -> Option<Vec<u8>> {
    if &*message.kind != "token" {
        return None;
    }
    match message.field("data")? {
        Value::Bytes(bytes) => Some(bytes.clone()),
        Value::Text(text) => Some(text.clone().into_bytes()),
        _ => None,
    }
}

fn form(message: &Message, said: &[Message]) -> String {
    match &*message.kind {
        "token" | "done" => message.kind.to_string(),
        "answer" => format!("answer {}", names(message, said)),
        _ => in_full(message),
    }
}

/// The listed names that were signed up in this recording: the server had older ones, too.
fn names(list: &Message, said: &[Message]) -> String {
    let Some(Value::Text(data)) = list.field("data") else {
        panic!("{list:?} is no list of names");
    };
    let is_known = |name: &&str| {
        said.iter().any(|request| {
            &*request.kind == "authenticate"
                && request.field("user") == Some(&Value::Text((*name).to_owned()))
        })
    };
    data.split(',')
        .filter(is_known)
        .collect::<Vec<_>>()
        .join(",")
}

#[test]
fn every_byte_of_chatbooth_is_described() {
    CHATBOOTH.is_described();
}

#[test]
fn clients_of_chatbooth_get_answers_of_the_recorded_form() {
    CHATBOOTH.is_answered_in_the_recorded_form();
}

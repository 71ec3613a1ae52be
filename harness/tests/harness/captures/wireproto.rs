//! wireproto's own server, a client of its own, and clients written for the occasion.

use harness::wire::{Message, Value};

use super::{Instead, Program, in_full};

const WIREPROTO: Program = Program {
    folder: "wireproto",
    protocol: "wireproto",
    dialect: None,
    unseen: &["request", "other"],
    token: |_| None,
    is_last: |message| &*message.kind == "logged_out",
    form,
    instead: INSTEAD,
};

const INSTEAD: &[Instead] = &[
    // WIREPROTO-5a: a delete is answered twice.
    Instead {
        recording: "real_client_session",
        connection: "c",
        at: 2,
        recorded: &["deleted", "delete_refused"],
        ours: &["deleted"],
    },
    // WIREPROTO-6a: patterns are of another language than regular expressions. `*` is the same.
    Instead {
        recording: "list_patterns",
        connection: "a",
        at: 9,
        recorded: &[
            "listed ",
            "listed [x] a_x axx b.b bob",
            "listed a_x alice axx",
            "listed a_x axx",
            "listed Alice",
            "listed ",
            "listed ",
            "listed ",
            "listed ",
            "listed a_x alice axx b.b bob",
            "listed Alice [x] b.b bob carol",
            "listed bob",
            "listed bob carol",
            "failed",
            "listed ",
            "listed ",
            "listed ",
            "listed b.b",
            "listed [x]",
        ],
        ours: &[
            "listed a_x",
            "listed ",
            ALL,
            "listed a_x",
            ALL,
            ALL,
            "listed a_x alice axx",
            ALL,
            "listed a_x alice axx carol",
            ALL,
            ALL,
            "failed",
            "failed",
            "failed",
            "failed",
            "failed",
            "listed ",
            "listed b.b bob",
            "failed",
        ],
    },
];

const ALL: &str = "listed Alice [x] a_x alice axx b.b bob carol";

fn form(message: &Message, said: &[Message]) -> String {
    match &*message.kind {
        "push" | "unread" => in_full(message),
        "listed" => format!("listed {}", names(message, said)),
        // The words are the server's own.
        kind => kind.to_owned(),
    }
}

/// The names of the list, which come in any order and between words of the server's own.
fn names(list: &Message, said: &[Message]) -> String {
    let Some(Value::Text(text)) = list.field("names") else {
        panic!("{list:?} is no list of names");
    };
    let was_created = |line: &&str| {
        let name = Some(Value::Text((*line).to_owned()));
        said.iter()
            .any(|request| &*request.kind == "create" && request.field("name") == name.as_ref())
    };
    let mut names: Vec<&str> = text.lines().filter(was_created).collect();
    names.sort_unstable();
    names.join(" ")
}

#[test]
fn every_byte_of_wireproto_is_described() {
    WIREPROTO.is_described();
}

#[test]
fn clients_of_wireproto_get_answers_of_the_recorded_form() {
    WIREPROTO.is_answered_in_the_recorded_form();
}

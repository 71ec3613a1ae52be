use std::time::Duration;

use reference_codecs::chatapp::{Contact, Content, Kind, Mail, MailKind};

use super::request::Question;
use super::*;

const SERVER: ([u8; 4], u16) = ([127, 0, 0, 1], 4119);

const PAUSES: client::Pauses = client::Pauses {
    register: Duration::from_millis(500),
    retry: Duration::from_secs(1),
    ack: Duration::from_millis(500),
};

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn contact(name: &str, port: u16, is_active: bool) -> Contact {
    Contact {
        name: name.to_owned(),
        ip: at(port).ip(),
        port,
        is_active,
    }
}

/// A client, and what it has wanted last.
struct Talk {
    client: Client,
    effects: Effects,
}

impl Talk {
    /// Alice, registered, with bob online and carol offline.
    fn alice() -> Self {
        let mut talk = Self {
            client: Client::new(SERVER.into(), 4001, PAUSES, Faults::default()),
            effects: Effects::default(),
        };
        talk.act(|client, effects| client.register("alice", effects));
        assert_eq!(
            talk.question().datagram,
            Datagram::request(Kind::Reg, "alice", "", "4001")
        );
        let name = "alice".to_owned();
        talk.answer(Request::Register { name }, Kind::Created);
        assert_eq!(talk.shown(), ["[Welcome, you are registered.]"]);
        let table = vec![
            contact("alice", 4001, true),
            contact("bob", 4002, true),
            contact("carol", 4003, false),
        ];
        talk.hear(
            Datagram::told(Kind::UpdateTable, "alice", Content::Contacts(table)),
            9,
        );
        talk
    }

    fn act(&mut self, act: impl FnOnce(&mut Client, &mut Effects)) {
        self.effects = Effects::default();
        act(&mut self.client, &mut self.effects);
    }

    fn line(&mut self, line: &str) {
        self.act(|client, effects| client.line(line, effects));
    }

    fn hear(&mut self, datagram: Datagram, port: u16) {
        self.act(|client, effects| client.heard(datagram, at(port), effects));
    }

    fn answer(&mut self, request: Request, kind: Kind) {
        let answer = Datagram::told(kind, "", Content::none());
        self.act(|client, effects| client.answered(request, Some(answer), effects));
    }

    fn nobody_answers(&mut self, request: Request) {
        self.act(|client, effects| client.answered(request, None, effects));
    }

    fn question(&mut self) -> Question {
        self.effects.ask.take().expect("a question")
    }

    /// What was shown, but for what the user has typed.
    fn shown(&self) -> Vec<&str> {
        let shown = |note| match note {
            &Note::Heard(ref text) | &Note::Warning(ref text) => Some(text.as_str()),
            Note::Said(_) => None,
        };
        self.effects.show.iter().filter_map(shown).collect()
    }

    fn does_nothing(&self) -> bool {
        self.shown().is_empty() && self.effects.send.is_empty() && self.effects.ask.is_none()
    }
}

fn send(to: &str, is_there: bool) -> Request {
    Request::Send {
        to: to.to_owned(),
        text: "hi".to_owned(),
        is_there,
    }
}

fn store(to: &str) -> Request {
    Request::Store {
        to: to.to_owned(),
        text: "hi".to_owned(),
    }
}

#[test]
fn a_text_goes_to_who_is_there() {
    let mut alice = Talk::alice();
    alice.line("send bob hi");
    let question = alice.question();
    assert_eq!(
        (question.to, question.request),
        (at(4002), send("bob", false))
    );
    assert_eq!(
        question.datagram,
        Datagram::between(Kind::Send, "alice", "bob", "hi")
    );
    alice.answer(send("bob", false), Kind::Ack);
    assert_eq!(alice.shown(), ["[Message received by bob.]"]);
}

#[test]
fn a_text_without_acknowledgement_goes_to_the_server() {
    let mut alice = Talk::alice();
    alice.nobody_answers(send("bob", false));
    assert_eq!(
        alice.shown(),
        ["[No ACK from bob, message sent to server.]"]
    );
    let question = alice.question();
    assert_eq!(
        (question.to, question.request),
        (SERVER.into(), store("bob"))
    );
    assert_eq!(
        question.datagram,
        Datagram::request(Kind::Store, "alice", "bob", "hi")
    );
    alice.answer(store("bob"), Kind::StoreAck);
    assert_eq!(
        alice.shown(),
        ["[Messages received by the server and saved]"]
    );
}

#[test]
fn a_text_for_who_is_away_goes_to_the_server_at_once() {
    let mut alice = Talk::alice();
    alice.line("send carol hi");
    assert_eq!(alice.question().request, store("carol"));
    alice.line("send nobody hi");
    assert_eq!(alice.shown(), ["[There is no user named nobody.]"]);
    assert!(alice.effects.ask.is_none());
}

#[test]
fn a_text_for_who_is_there_after_all_goes_there_once() {
    let mut alice = Talk::alice();
    alice.answer(store("carol"), Kind::UserExist);
    assert_eq!(alice.shown(), ["[Client carol exists!!]"]);
    let waiting = alice.question().request;
    let entry = Content::Contact(contact("carol", 5003, true));
    alice.hear(Datagram::told(Kind::UpdateTable, "alice", entry), 9);
    alice.nobody_answers(waiting);
    let question = alice.question();
    assert_eq!(
        (question.to, question.request),
        (at(5003), send("carol", true))
    );
    alice.nobody_answers(send("carol", true));
    assert_eq!(alice.shown()[0], "[No ACK from carol.]");
    assert!(alice.effects.ask.is_none());
}

#[test]
fn what_others_say_is_shown_and_acknowledged() {
    let mut alice = Talk::alice();
    for (kind, ack, shown) in [
        (Kind::Send, Kind::Ack, "bob: h\\x1bi"),
        (
            Kind::SendAll,
            Kind::SendAllAck,
            "[Channel_Message] bob: h\\x1bi",
        ),
    ] {
        alice.hear(Datagram::between(kind, "bob", "alice", "h\x1bi"), 7);
        assert_eq!(alice.shown(), [shown]);
        let expected = Datagram::between(ack, "alice", "bob", "").answering(at(7));
        assert_eq!(alice.effects.send, [(at(7), expected)]);
        alice.hear(Datagram::between(kind, "bob", "eve", "hi"), 7);
        assert!(alice.does_nothing());
    }
    alice.hear(Datagram::told(Kind::Test, "alice", Content::none()), 8);
    let here = Datagram::between(Kind::Test, "alice", "alice", "").answering(at(8));
    assert_eq!(alice.effects.send, [(at(8), here)]);
    for kind in [Kind::Test, Kind::Logout] {
        alice.hear(Datagram::told(kind, "notalice", Content::none()), 8);
        assert!(alice.does_nothing());
    }
}

#[test]
fn offline_nothing_is_shown_or_answered() {
    for ends_by_logout in [false, true] {
        let mut alice = Talk::alice();
        if ends_by_logout {
            alice.hear(Datagram::told(Kind::Logout, "alice", Content::none()), 9);
        } else {
            alice.line("dereg whatever");
            assert_eq!(alice.question().request, Request::Deregister);
            alice.answer(Request::Deregister, Kind::DeregAck);
        }
        assert!(alice.shown()[0].contains("Offline"));
        for kind in [Kind::Send, Kind::SendAll, Kind::Test, Kind::Logout] {
            alice.hear(Datagram::between(kind, "bob", "alice", "hi"), 7);
            assert!(alice.does_nothing());
        }
        alice.line("send bob hi");
        assert_eq!(alice.shown(), ["you are offline; write: reg NAME"]);
        alice.line("reg zoe");
        assert_eq!(alice.question().datagram.from.as_deref(), Some("zoe"));
    }
}

#[test]
fn what_waited_is_shown_also_in_parts() {
    let mut alice = Talk::alice();
    let mail = |id, kind, content: &str| Mail {
        id,
        content: content.to_owned(),
        from: "bob".to_owned(),
        to: "alice".to_owned(),
        kind,
        timestamp: "2026-11-20 10:38:48".to_owned(),
        status: "yes".to_owned(),
    };
    let part = |mail| Datagram::told(Kind::RegAck, "alice", Content::Mails(vec![mail]));
    let first = part(mail(1, MailKind::Send, "one"));
    let request = Request::Register {
        name: "alice".to_owned(),
    };
    alice.act(|client, effects| client.answered(request, Some(first), effects));
    let expected = [
        "[Welcome back!]",
        "[You have messages]",
        "2026-11-20 10:38:48 bob: one",
    ];
    assert_eq!(alice.shown(), expected);
    let second = part(mail(2, MailKind::SendAll, "two"));
    alice.act(|client, effects| client.late(second, SERVER.into(), effects));
    let expected = [
        "[You have messages]",
        "2026-11-20 10:38:48 [Channel_Message] bob: two",
    ];
    assert_eq!(alice.shown(), expected);
}

#[test]
fn a_server_that_does_not_answer_ends_the_program() {
    for request in [Request::Deregister, store("bob"), Request::SendAll] {
        let mut alice = Talk::alice();
        alice.nobody_answers(request);
        assert_eq!(alice.shown(), ["[Server not responding]", "[Exiting]"]);
        assert!(alice.effects.ends);
    }
}

#[test]
fn the_end_of_the_input_deregisters() {
    let mut alice = Talk::alice();
    alice.act(Client::finish);
    assert_eq!(alice.question().request, Request::Deregister);
    assert!(!alice.effects.ends);
    alice.answer(Request::Deregister, Kind::DeregAck);
    assert!(alice.effects.ends);
    alice.act(Client::finish);
    assert!(alice.effects.ends);
}

#[test]
fn a_refusal_is_told() {
    let mut alice = Talk::alice();
    let refusal = |reason: &str| Datagram::told(Kind::Error, "", Content::Text(reason.to_owned()));
    alice.act(|client, effects| client.answered(store("bob"), Some(refusal("full")), effects));
    assert_eq!(alice.shown(), ["the server refuses: full"]);
    let name = "alice".to_owned();
    let request = Request::Register { name };
    alice.act(|client, effects| client.answered(request, Some(refusal("no\x07")), effects));
    assert_eq!(
        alice.shown(),
        ["the server refuses: no\\x07", "[You are Offline.]"]
    );
    assert!(!alice.effects.ends);
}

#[test]
fn commands_that_make_no_sense_are_told() {
    let mut alice = Talk::alice();
    for (line, told) in [
        (
            "reg bob",
            "you are registered as alice; dereg first".to_owned(),
        ),
        ("send", "write: send NAME TEXT".to_owned()),
        (
            &format!("send_all {}", "z".repeat(65_500)),
            "cannot send: datagram has".to_owned(),
        ),
    ] {
        alice.line(line);
        assert!(alice.effects.ask.is_none());
        assert!(alice.shown()[0].starts_with(&told), "{:?}", alice.shown());
    }
    alice.line("  ");
    assert!(alice.does_nothing());
}

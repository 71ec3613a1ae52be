use proptest::prelude::*;

use super::*;

const TOKEN: Token = Token([7; 16]);

/// A client, and what came of the last thing that happened to it.
struct Scene {
    client: Client,
    effects: Effects,
}

impl Scene {
    fn new() -> Self {
        Self {
            client: Client::default(),
            effects: Effects::default(),
        }
    }

    fn logged_in() -> Self {
        let mut scene = Self::new();
        scene.line("login alice pw");
        scene.receive(&[ServerMessage::token(TOKEN)]);
        scene
    }

    fn line(&mut self, line: &str) -> &mut Self {
        self.effects = Effects::default();
        self.client.line(line, &mut self.effects).unwrap();
        self
    }

    fn receive(&mut self, messages: &[ServerMessage]) -> &mut Self {
        let mut bytes = Vec::new();
        for message in messages {
            message.encode(LIMIT, &mut bytes).unwrap();
        }
        self.effects = Effects::default();
        self.client.receive(&bytes, &mut self.effects).unwrap();
        self
    }

    /// The requests that were sent, one after another.
    fn sent(&self) -> Vec<ClientMessage> {
        let mut decoder = Decoder::<ClientMessage>::new(LIMIT);
        decoder.feed(&self.effects.send);
        std::iter::from_fn(|| decoder.next_message().unwrap()).collect()
    }

    fn heard(&self) -> Vec<&str> {
        let notes = self.effects.show.iter();
        notes
            .filter_map(|note| match note {
                Note::Heard(text) => Some(text.as_str()),
                Note::Said(_) | Note::Warning(_) => None,
            })
            .collect()
    }

    fn warned(&self) -> String {
        let notes = self.effects.show.iter();
        notes
            .filter_map(|note| match note {
                Note::Warning(text) => Some(text.as_str()),
                Note::Said(_) | Note::Heard(_) => None,
            })
            .collect()
    }
}

fn message(text: &str) -> ServerMessage {
    ServerMessage::Message { text: text.into() }
}

fn list(pattern: &str, token: Token) -> ClientMessage {
    ClientMessage::List {
        pattern: pattern.into(),
        token,
    }
}

fn deliver(token: Token) -> ClientMessage {
    ClientMessage::Deliver {
        user: b"alice".to_vec(),
        token,
    }
}

#[test]
fn rule_c1_each_command_is_a_request() {
    let mut scene = Scene::new();
    scene.line("login alice pw: x");
    let login = ClientMessage::authenticate("alice", "pw: x");
    assert_eq!(scene.sent(), [login]);
    scene.receive(&[ServerMessage::token(TOKEN)]);
    assert_eq!(scene.heard(), ["logged in as alice"]);
    let text = "\nFROM: alice\nTO: bob\nMESSAGE: hi: you\n";
    let delete = ClientMessage::Delete {
        user: b"alice".to_vec(),
        token: TOKEN,
    };
    for (line, request, answer, shown) in [
        (
            "list",
            list("\n", TOKEN),
            &b"alice,bob"[..],
            "accounts: alice,bob",
        ),
        ("list ^b", list("^b", TOKEN), b"bob", "accounts: bob"),
        (
            "send bob hi: you",
            ClientMessage::send("bob", text, TOKEN),
            b"\0",
            "sent to bob",
        ),
        ("messages", deliver(TOKEN), b"\0", "no more messages"),
        ("delete", delete, b"\0", "account deleted"),
    ] {
        assert_eq!(scene.line(line).sent(), [request], "{line}");
        let body = answer.to_vec();
        scene.receive(&[ServerMessage::Answer { body }]);
        assert_eq!(scene.heard(), [shown]);
    }
    assert_eq!(scene.line("list").warned(), "log in first: login NAME");
    assert!(scene.line("help").heard()[0].contains("send NAME TEXT"));
}

#[test]
fn rule_c1_refusals_are_told() {
    let mut scene = Scene::logged_in();
    for (line, told) in [
        ("login bob wrong", "not logged in"),
        ("send ghost hi", "is there a ghost?"),
        ("messages", "no messages"),
        ("delete", "not deleted"),
    ] {
        scene.line(line).receive(&[ServerMessage::error()]);
        assert!(scene.warned().contains(told), "{line}: {}", scene.warned());
    }
    scene.line("list zzz").receive(&[ServerMessage::error()]);
    assert!(scene.heard()[0].contains("no such account"));
}

#[test]
fn rule_c1_exit_ends_after_what_was_asked_before() {
    let mut scene = Scene::logged_in();
    scene.line("list").line("exit").line("send bob never");
    assert!(!scene.effects.finish && !scene.client.wants_line());
    scene.receive(&[ServerMessage::done()]);
    assert!(scene.effects.finish && scene.sent().is_empty());
    assert_eq!(scene.client.unanswered(), 0);
}

#[test]
fn rule_c3_messages_before_the_answer_are_shown_and_answer_nothing() {
    let mut scene = Scene::logged_in();
    scene.line("send bob hi");
    scene.receive(&[message("\nFROM: bob\nMESSAGE: you?\n"), message("two")]);
    assert_eq!(
        scene.heard(),
        ["message: FROM: bob\n    MESSAGE: you?", "message: two"]
    );
    assert_eq!(scene.client.unanswered(), 1);
    scene.receive(&[message("three"), ServerMessage::done()]);
    assert_eq!(scene.heard(), ["message: three", "sent to bob"]);
    assert_eq!(scene.client.unanswered(), 0);
}

#[test]
fn rule_c4_the_token_of_the_last_login_that_succeeded() {
    let mut scene = Scene::logged_in();
    scene.line("login bob wrong");
    scene.receive(&[ServerMessage::error()]);
    assert_eq!(scene.line("messages").sent(), [deliver(TOKEN)]);
    let newer = Token([8; 16]);
    scene.receive(&[ServerMessage::done()]);
    scene.line("login alice pw");
    scene.receive(&[ServerMessage::token(newer)]);
    assert_eq!(scene.line("messages").sent(), [deliver(newer)]);
    scene.receive(&[ServerMessage::done()]);
    scene.line("logout");
    for line in ["list", "send bob hi", "messages", "delete"] {
        assert_eq!(scene.line(line).sent(), [], "{line}");
    }
}

#[test]
fn one_request_at_a_time_in_order() {
    let mut scene = Scene::new();
    scene.line("login alice pw").line("list").line("messages");
    assert_eq!(scene.client.unanswered(), 3);
    scene.receive(&[ServerMessage::token(TOKEN)]);
    assert_eq!(scene.sent(), [list("\n", TOKEN)]);
    scene.receive(&[ServerMessage::done()]);
    assert_eq!(scene.sent(), [deliver(TOKEN)]);
    scene.line("exit now").line("nonsense");
    assert_eq!(scene.client.unanswered(), 1);
    for _ in 0..QUEUE_LIMIT {
        assert!(scene.client.wants_line());
        scene.line("list");
    }
    assert!(!scene.client.wants_line());
}

#[test]
fn a_password_on_a_line_of_its_own_is_secret() {
    let mut scene = Scene::new();
    scene.line("login alice");
    assert!(scene.client.wants_secret() && scene.sent().is_empty());
    scene.line(" hunter2: ");
    let login = ClientMessage::authenticate("alice", " hunter2: ");
    assert_eq!(scene.sent(), [login]);
    assert!(!scene.client.wants_secret());
    assert!(scene.effects.show.is_empty());
    scene.line("login alice hunter2");
    assert!(!format!("{:?}", scene.effects.show).contains("hunter2"));
}

#[test]
fn an_answer_out_of_nowhere_is_told_and_harmless() {
    let mut scene = Scene::logged_in();
    scene.receive(&[ServerMessage::done()]);
    assert!(scene.warned().contains("nobody waits for"));
    assert_eq!(scene.line("list").sent().len(), 1);
}

#[test]
fn addresses() {
    for (host, address) in [
        ("localhost", "localhost:8080"),
        ("127.0.0.1", "127.0.0.1:8080"),
        ("::1", "[::1]:8080"),
        ("[::1]", "[::1]:8080"),
    ] {
        let options = Options {
            host: host.to_owned(),
            port: 8080,
            faults: FaultOptions::default(),
        };
        assert_eq!(options.address(), address);
    }
}

proptest! {
    /// Whatever a server says in whatever pieces, nothing of it steers the terminal.
    #[test]
    fn nothing_harmful_is_shown(
        messages in prop::collection::vec((any::<bool>(), any::<Vec<u8>>()), 0..6),
        chunk in 1..40_usize,
    ) {
        let mut bytes = Vec::new();
        for (is_answer, body) in messages {
            let message = if is_answer {
                ServerMessage::Answer { body }
            } else {
                ServerMessage::Message { text: body }
            };
            message.encode(LIMIT, &mut bytes).unwrap();
        }
        let mut scene = Scene::logged_in();
        scene.line("list").line("list").line("login bob pw");
        scene.effects = Effects::default();
        for piece in bytes.chunks(chunk) {
            scene.client.receive(piece, &mut scene.effects).unwrap();
        }
        for note in &scene.effects.show {
            let (Note::Heard(text) | Note::Said(text) | Note::Warning(text)) = note;
            prop_assert!(text.chars().all(|c| c == '\n' || c == '\t' || !text::is_harmful(c)));
        }
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let mut effects = Effects::default();
        let _ = Client::default().receive(&bytes, &mut effects);
    }
}

use proptest::prelude::*;

use super::*;

fn told(act: impl FnOnce(&mut Effects)) -> (Vec<u8>, Vec<Note>) {
    let mut effects = Effects::default();
    act(&mut effects);
    (effects.send, effects.show)
}

fn line(client: &mut Client, line: &str) -> (Vec<u8>, Vec<Note>) {
    told(|effects| client.line(line, effects).unwrap())
}

fn receive(client: &mut Client, outcome: Outcome, msg: &str) -> (Vec<u8>, Vec<Note>) {
    let bytes = ServerMessage::new(outcome, msg).to_bytes();
    told(|effects| {
        client.receive(&bytes, effects).unwrap();
        client.pause(effects).unwrap();
    })
}

fn heard(text: &str) -> Note {
    Note::Heard(text.to_owned())
}

fn warned(text: &str) -> Note {
    Note::Warning(text.to_owned())
}

fn request(action: Action, msg: &str) -> Vec<u8> {
    ClientMessage::new(action, msg).to_bytes()
}

fn logged_in() -> Client {
    let mut client = Client::default();
    line(&mut client, "2 alice");
    receive(&mut client, Outcome::LoggedIn, "welcome");
    client
}

#[test]
fn rule_c1_each_action_is_its_opcode() {
    for (typed, message, answer) in [
        (
            "1 alice",
            ClientMessage::new(Action::Create, "alice"),
            Outcome::Created,
        ),
        (
            "2 alice",
            ClientMessage::new(Action::LogIn, "alice"),
            Outcome::LoggedIn,
        ),
        (
            "3 bob hi there",
            ClientMessage::send("bob", "hi there"),
            Outcome::Sent,
        ),
        ("4", ClientMessage::new(Action::Check, ""), Outcome::Unread),
        (
            "5",
            ClientMessage::new(Action::Delete, ""),
            Outcome::Deleted,
        ),
        (
            "6 a.*",
            ClientMessage::new(Action::List, "a.*"),
            Outcome::Listed,
        ),
        (
            "7",
            ClientMessage::new(Action::Quit, ""),
            Outcome::LoggedOut,
        ),
    ] {
        let mut client = Client::default();
        assert_eq!(line(&mut client, typed).0, message.to_bytes());
        assert_eq!(client.unanswered(), 1);
        let (_, shown) = receive(&mut client, answer, "");
        assert!(matches!(shown[..], [Note::Heard(_)]), "{typed}: {shown:?}");
        assert_eq!(client.unanswered(), 0);
    }
}

#[test]
fn rule_c1_what_is_left_out_is_asked_for() {
    let mut client = Client::default();
    assert_eq!(line(&mut client, "3"), (vec![], vec![heard("to whom?")]));
    assert_eq!(
        line(&mut client, "bob"),
        (vec![], vec![heard("the message:")])
    );
    let (sent, shown) = line(&mut client, "7 apples");
    assert_eq!(sent, ClientMessage::send("bob", "7 apples").to_bytes());
    assert_eq!(shown, [Note::Said("> 3 bob 7 apples".to_owned())]);
    assert_eq!(line(&mut client, "hello").1, [warned(MENU)]);
}

#[test]
fn rule_c2_a_failure_is_told_in_words_and_nothing_else_changes() {
    for (typed, outcome, told) in [
        (
            "1 bob",
            Outcome::Exists,
            "there is an account of this name already",
        ),
        (
            "2 bob",
            Outcome::UnknownAccount,
            "there is no account of this name",
        ),
        ("2 alice", Outcome::AlreadyHere, "is logged in here already"),
        (
            "3 bob hi",
            Outcome::UnknownReceiver,
            "there is no account of this name",
        ),
        ("6 [", Outcome::Failed, "cannot do that"),
    ] {
        let mut client = logged_in();
        line(&mut client, typed);
        let (_, shown) = receive(&mut client, outcome, "No\x1b.");
        let [Note::Warning(text)] = &shown[..] else {
            panic!("{shown:?}");
        };
        assert!(text.contains(told), "{text}");
        assert!(text.ends_with("(the server says: No\\x1b.)"), "{text}");
        assert_eq!(client.user.as_deref(), Some("alice"), "{typed}");
    }
}

#[test]
fn rule_c2_pushes_are_shown_whenever_they_come() {
    let mut client = logged_in();
    line(&mut client, "4");
    let pushes: Vec<u8> = ["bob:one\n", "eve:\x1b[2J\n"]
        .into_iter()
        .flat_map(|line| ServerMessage::new(Outcome::Push, line).to_bytes())
        .collect();
    let (_, shown) = told(|effects| client.receive(&pushes, effects).unwrap());
    assert_eq!(
        shown,
        [heard("message: bob:one"), heard("message: eve:\\x1b[2J")]
    );
    assert_eq!(client.unanswered(), 1);
    let (_, shown) = receive(&mut client, Outcome::Unread, "bob:two\nbob:three\n");
    assert_eq!(
        shown,
        [heard("message: bob:two"), heard("message: bob:three")]
    );
}

/// As the recorded server has it: 9 behind 8.
#[test]
fn an_answer_to_another_action_answers_nothing() {
    let mut client = logged_in();
    line(&mut client, "5");
    line(&mut client, "6 *");
    let (sent, _) = receive(&mut client, Outcome::Deleted, "");
    assert_eq!(sent, request(Action::List, "*"));
    let (sent, shown) = receive(&mut client, Outcome::DeleteNotLoggedIn, "");
    assert!(sent.is_empty());
    assert!(matches!(&shown[..], [Note::Warning(_)]));
    assert_eq!(client.unanswered(), 1);
    let (_, shown) = receive(&mut client, Outcome::Listed, "all\nbob\n");
    assert_eq!(shown, [heard("accounts:\n    all\n    bob")]);
}

#[test]
fn one_request_at_a_time() {
    let mut client = Client::default();
    assert_eq!(
        line(&mut client, "1 alice").0,
        request(Action::Create, "alice")
    );
    assert!(line(&mut client, "2 alice").0.is_empty());
    let (sent, _) = receive(&mut client, Outcome::Created, "created");
    assert_eq!(sent, request(Action::LogIn, "alice"));
}

#[test]
fn rule_c4_who_is_logged_in_is_logged_out_once() {
    let leave = |client: &mut Client| told(|effects| client.leave(effects).unwrap()).0;
    assert!(leave(&mut Client::default()).is_empty());
    let mut client = logged_in();
    assert_eq!(leave(&mut client), request(Action::Quit, ""));
    assert!(leave(&mut client).is_empty());
    let mut client = Client::default();
    line(&mut client, "2 alice");
    assert_eq!(leave(&mut client), request(Action::Quit, ""));
    for (typed, outcome) in [
        ("4", Outcome::CheckNotLoggedIn),
        ("5", Outcome::Deleted),
        ("7", Outcome::LoggedOut),
    ] {
        let mut client = logged_in();
        line(&mut client, typed);
        receive(&mut client, outcome, "");
        assert!(leave(&mut client).is_empty(), "{typed}");
    }
}

#[test]
fn quitting_ends_the_program_only_after_11() {
    for (outcome, ends) in [
        (Outcome::LoggedOut, true),
        (Outcome::QuitNotLoggedIn, false),
    ] {
        let mut client = logged_in();
        line(&mut client, "7");
        let mut effects = Effects::default();
        let answer = ServerMessage::new(outcome, "so").to_bytes();
        client.receive(&answer, &mut effects).unwrap();
        assert_eq!(
            (effects.finish, effects.ends_within.is_some()),
            (ends, ends)
        );
    }
}

#[test]
fn rule_c6_a_long_answer_in_any_pieces_is_one() {
    let queue: Vec<String> = (0..500).map(|i| format!("bob:text {i}\n")).collect();
    let bytes = ServerMessage::new(Outcome::Unread, queue.concat()).to_bytes();
    for len in [1, 7, 1024] {
        let mut client = logged_in();
        line(&mut client, "4");
        let (_, shown) = told(|effects| {
            for piece in bytes.chunks(len) {
                client.receive(piece, effects).unwrap();
            }
        });
        assert_eq!(shown.len(), 500);
        assert_eq!(shown[499], heard("message: bob:text 499"));
    }
}

#[test]
fn an_answer_without_a_text_ends_with_a_pause() {
    let mut client = logged_in();
    line(&mut client, "4");
    let answer = ServerMessage::new(Outcome::Unread, "").to_bytes();
    let (_, shown) = told(|effects| client.receive(&answer, effects).unwrap());
    assert_eq!(shown, []);
    assert!(client.waits_for_pause());
    let (_, shown) = told(|effects| client.pause(effects).unwrap());
    assert_eq!(shown, [heard("no unread messages")]);
    assert!(!client.waits_for_pause());
}

#[test]
fn another_version_is_another_protocol() {
    let message = ServerMessage {
        version: "0.2".to_owned(),
        ..ServerMessage::new(Outcome::Push, "x")
    };
    let mut effects = Effects::default();
    let failure = Client::default()
        .receive(&message.to_bytes(), &mut effects)
        .unwrap_err();
    assert!(failure.to_string().contains("version `0.2`"), "{failure}");
}

proptest! {
    #[test]
    fn nothing_that_a_server_sends_reaches_the_terminal_raw(
        opcode in 0..20, msg in ".{0,40}", bytes: Vec<u8>,
    ) {
        let message = ServerMessage { opcode, ..ServerMessage::new(Outcome::Push, msg) };
        for bytes in [message.to_bytes(), bytes] {
            let mut client = logged_in();
            line(&mut client, "4");
            let mut effects = Effects::default();
            let _ = client.receive(&bytes, &mut effects);
            let _ = client.pause(&mut effects);
            for note in effects.show {
                let (Note::Heard(text) | Note::Said(text) | Note::Warning(text)) = note;
                prop_assert!(!text.chars().any(|c| text::is_harmful(c) && c != '\n' && c != '\t'));
            }
        }
    }
}

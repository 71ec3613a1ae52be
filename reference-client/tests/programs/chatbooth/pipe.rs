//! The client between pipes.

use super::{DONE, ERROR, TOKEN, answer, login, message, program, request, sent};
use crate::peer::{Listening, Refusing};
use crate::program::Program;

const GREETING: &str = "connected; `help` lists the commands\n";

#[test]
fn rule_c1_commands_in_a_pipe() {
    let listening = Listening::new();
    let mut client = Program::piped(program(listening.port()));
    client.write("login alice p:w\nlist\nlist ^b\nsend bob hi there\nmessages\ndelete\nexit\n");
    let mut peer = listening.accept();
    for (asked, answered) in [
        (login("alice", "p:w"), answer(TOKEN)),
        (request(2, "\n"), answer(b"alice,bob")),
        (request(2, "^b"), answer(b"bob")),
        (sent("alice", "bob", "hi there"), DONE.to_vec()),
        (
            request(4, "alice"),
            [message("old"), DONE.to_vec()].concat(),
        ),
        (request(5, "alice"), DONE.to_vec()),
    ] {
        peer.expect(&asked);
        peer.write(&answered);
    }
    peer.expect_end();
    let (status, out, err) = client.finish();
    assert_eq!((status, err.as_str()), (Some(0), ""));
    let out = out.strip_prefix(GREETING).unwrap();
    let told: Vec<&str> = out.lines().filter(|line| !line.starts_with("> ")).collect();
    let expected = [
        "logged in as alice",
        "accounts: alice,bob",
        "accounts: bob",
        "sent to bob",
        "message: old",
        "no more messages",
        "account deleted",
    ];
    assert_eq!(told, expected);
    assert!(!out.contains("p:w"), "{out}");
}

#[test]
fn rule_c2_a_lost_connection_is_told_whatever_the_client_does() {
    for typed in ["", "login alice pw\n"] {
        let listening = Listening::new();
        let mut client = Program::piped(program(listening.port()));
        client.write(typed);
        let mut peer = listening.accept();
        if !typed.is_empty() {
            peer.expect(&login("alice", "pw"));
            peer.write(&message("half of one")[..9]);
        }
        peer.close();
        let (status, _, err) = client.finish();
        assert_eq!(status, Some(1));
        let told = "reference-client: the server has closed the connection";
        assert!(err.starts_with(told), "{err}");
    }
    let refusing = Refusing::new();
    let (status, _, err) = Program::piped(program(refusing.port())).finish();
    assert_eq!(status, Some(1));
    assert!(err.contains("cannot connect to 127.0.0.1:"), "{err}");
}

#[test]
fn rule_c3_a_message_is_not_the_answer_and_steers_no_terminal() {
    let listening = Listening::new();
    let mut client = Program::piped(program(listening.port()));
    client.write("login alice pw\n");
    let mut peer = listening.accept();
    peer.expect(&login("alice", "pw"));
    for byte in message("\x1b[2Jearly\nlogged in as eve") {
        peer.write(&[byte]);
    }
    peer.write(&answer(TOKEN));
    client.expect_output(&format!(
        "{GREETING}> login alice\nmessage: \\x1b[2Jearly\n    logged in as eve\nlogged in as alice\n"
    ));
}

#[test]
fn rule_c4_a_refused_login_keeps_the_token_and_logging_out_forgets_it() {
    let listening = Listening::new();
    let mut client = Program::piped(program(listening.port()));
    client.write("login alice pw\nlogin alice typo\nmessages\nlogout\nlist\nexit\n");
    let mut peer = listening.accept();
    peer.expect(&login("alice", "pw"));
    peer.write(&answer(TOKEN));
    peer.expect(&login("alice", "typo"));
    peer.write(ERROR);
    peer.expect(&request(4, "alice"));
    peer.write(DONE);
    peer.expect_end();
    let (status, _, err) = client.finish();
    assert_eq!(status, Some(0));
    let told: Vec<&str> = err.lines().collect();
    assert!(told[0].contains("not logged in"), "{err}");
    assert!(told[1].contains("log in first"), "{err}");
}

#[test]
fn the_end_of_input_waits_for_the_answers() {
    let listening = Listening::new();
    let mut client = Program::piped(program(listening.port()));
    client.write("login alice\nsecret\nlist");
    client.close_input();
    let mut peer = listening.accept();
    peer.expect(&login("alice", "secret"));
    peer.write(&answer(TOKEN));
    peer.expect(&request(2, "\n"));
    peer.write(&answer(b"alice"));
    peer.expect_end();
    let (status, out, _) = client.finish();
    assert_eq!(status, Some(0));
    assert!(
        out.ends_with("accounts: alice\n") && !out.contains("secret"),
        "{out}"
    );
}

#[test]
fn what_is_no_chatbooth_ends_it() {
    let listening = Listening::new();
    let mut client = Program::piped(program(listening.port()));
    let mut peer = listening.accept();
    peer.write(b"HTTP/1.1 400 Bad Request\r\n");
    let (status, _, err) = client.finish();
    assert_eq!(status, Some(1));
    assert!(err.contains("unknown version 72"), "{err}");
}

//! The client of wireproto.

use std::process::Command;
use std::time::{Duration, Instant};

use reference_codecs::wireproto::{Action, ClientMessage, Outcome, ServerMessage};
use reference_server::wireproto::{Options, run};
use rustix::process::Signal;

use crate::peer::{Listening, Peer, Refusing};
use crate::program::{Program, client};
use crate::server::{Server, has_python, python_program};
use crate::terminal::Terminal;

fn rust(port: u16) -> Command {
    let mut command = client(&["wireproto"]);
    command.args(["localhost", &port.to_string()]);
    command
}

fn python(port: u16) -> Command {
    let mut command = python_program("wireproto/chatClient.py");
    command.args(["localhost", &port.to_string()]);
    command
}

fn answer(outcome: Outcome, msg: &str) -> Vec<u8> {
    ServerMessage::new(outcome, msg).to_bytes()
}

fn request(action: Action, msg: &str) -> Vec<u8> {
    ClientMessage::new(action, msg).to_bytes()
}

/// Waits until the output has this in it.
#[track_caller]
fn until(program: &mut Program, text: &str) {
    let output = program.stdout.as_mut().unwrap();
    output.until(|output| output.contains(text));
}

/// A client and its scripted server, on which alice is logged in.
fn logged_in() -> (Program, Peer) {
    let listening = Listening::new();
    let mut program = Program::piped(rust(listening.port()));
    let mut peer = listening.accept();
    program.write("2 alice\n");
    peer.expect(&request(Action::LogIn, "alice"));
    peer.write(&answer(Outcome::LoggedIn, "welcome"));
    until(&mut program, "logged in as alice\n");
    (program, peer)
}

#[test]
fn rule_c1_actions_in_a_pipe() {
    let (mut program, mut peer) = logged_in();
    program.write("1\nbob\n3 bob hi there\n4\n5\n6\n\n7\n");
    for (asked, answered) in [
        (
            request(Action::Create, "bob"),
            answer(Outcome::Created, "created"),
        ),
        (
            ClientMessage::send("bob", "hi there").to_bytes(),
            [answer(Outcome::Push, "bob:oh\n"), answer(Outcome::Sent, "")].concat(),
        ),
        (request(Action::Check, ""), answer(Outcome::Unread, "")),
        (
            request(Action::Delete, ""),
            answer(Outcome::Deleted, "bob:one more\n"),
        ),
        (
            request(Action::List, "*"),
            answer(Outcome::Listed, "bob\neve\n"),
        ),
        (request(Action::Quit, ""), answer(Outcome::LoggedOut, "")),
    ] {
        peer.expect(&asked);
        peer.write(&answered);
    }
    peer.close();
    let (status, out, err) = program.finish();
    assert_eq!((status, err.as_str()), (Some(0), ""));
    let (_, out) = out.split_once("logged in as alice\n").unwrap();
    let told: Vec<&str> = out.lines().filter(|line| !line.starts_with("> ")).collect();
    let expected = [
        "the name of the new account:",
        "the expression, or * for all:",
        "account bob created",
        "message: bob:oh",
        "sent to bob",
        "no unread messages",
        "message: bob:one more",
        "account deleted",
        "accounts:",
        "    bob",
        "    eve",
        "logged out",
    ];
    let sorted = |mut lines: Vec<&str>| {
        lines.sort_unstable();
        lines.join("\n")
    };
    // Questions come when the line is read, whatever is still to be answered.
    assert_eq!(sorted(told), sorted(expected.to_vec()));
}

#[test]
fn rule_c2_failures_and_pushes_are_told() {
    let (mut program, mut peer) = logged_in();
    program.write("1 bob\n");
    peer.expect(&request(Action::Create, "bob"));
    for byte in [
        answer(Outcome::Push, "eve:\x1b[2J\n"),
        answer(Outcome::Push, "eve:two\n"),
        answer(Outcome::Exists, "No."),
        answer(Outcome::Push, "eve:three\n"),
    ]
    .concat()
    {
        peer.write(&[byte]);
    }
    until(
        &mut program,
        "message: eve:\\x1b[2J\nmessage: eve:two\nmessage: eve:three\n",
    );
    peer.close();
    let (status, _, err) = program.finish();
    assert_eq!(status, Some(1));
    let told = "not created: there is an account of this name already (the server says: No.)\n";
    assert!(err.contains(told), "{err}");
}

#[test]
fn rule_c3_a_lost_connection_is_told_whatever_the_client_does() {
    for half in [&b""[..], b"\x0a\x03"] {
        let (mut program, mut peer) = logged_in();
        peer.write(half);
        peer.close();
        let (status, _, err) = program.finish();
        assert_eq!(status, Some(1));
        let told = "reference-client: the server has closed the connection";
        assert!(err.starts_with(told), "{err}");
        assert_eq!(err.contains("in the middle of a message"), !half.is_empty());
    }
    let refusing = Refusing::new();
    let (status, _, err) = Program::piped(rust(refusing.port())).finish();
    assert_eq!(status, Some(1));
    assert!(err.contains("cannot connect to localhost:"), "{err}");
}

#[test]
fn rule_c4_leaving_logs_out() {
    let (mut program, mut peer) = logged_in();
    program.write("3 bob last words");
    program.close_input();
    peer.expect(&ClientMessage::send("bob", "last words").to_bytes());
    peer.write(&answer(Outcome::Sent, "sent"));
    peer.expect(&request(Action::Quit, ""));
    peer.write(&answer(Outcome::LoggedOut, "bye"));
    peer.expect_end();
    let (status, _, err) = program.finish();
    assert_eq!((status, err.as_str()), (Some(0), ""));
    for (signal, status) in [(Signal::INT, 0), (Signal::TERM, 143)] {
        let (mut program, mut peer) = logged_in();
        program.signal(signal);
        peer.expect(&request(Action::Quit, ""));
        peer.expect_end();
        assert_eq!(program.finish().0, Some(status));
    }
}

#[test]
fn rule_c4_nobody_waits_for_a_server_that_does_not_answer() {
    let (mut program, mut peer) = logged_in();
    let started = Instant::now();
    program.signal(Signal::INT);
    peer.expect(&request(Action::Quit, ""));
    assert_eq!(program.finish().0, Some(0));
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[test]
fn rule_c5_what_is_too_long_is_not_sent() {
    let (mut program, mut peer) = logged_in();
    program.write(format!(
        "1 {}\n3 bob {}\n4\n",
        "n".repeat(26),
        "t".repeat(101)
    ));
    peer.expect(&request(Action::Check, ""));
    peer.write(&answer(Outcome::Unread, "bob:hi\n"));
    until(&mut program, "message: bob:hi\n");
    peer.close();
    let (_, _, err) = program.finish();
    assert!(
        err.contains("a name has 1 to 25 characters, not 26"),
        "{err}"
    );
    assert!(
        err.contains("a message has 1 to 100 characters, not 101"),
        "{err}"
    );
}

#[test]
fn rule_c6_a_long_answer_comes_whole() {
    let (mut program, mut peer) = logged_in();
    program.write("4\n");
    peer.expect(&request(Action::Check, ""));
    let lines = |before: &str| {
        let lines: Vec<String> = (0..2000)
            .map(|i| {
                format!(
                    "{before}bob:text {i}
"
                )
            })
            .collect();
        lines.concat()
    };
    peer.write(&answer(Outcome::Unread, &lines("")));
    until(&mut program, &lines("message: "));
}

#[test]
fn what_comes_does_not_touch_what_is_typed() {
    let mut terminal = Terminal::open("xterm", rust, Listening::accept);
    terminal.screen.until(|output| output.contains("7 "));
    terminal.press("2 ali");
    terminal.peer.write(&answer(Outcome::Push, "bob:hi\n"));
    terminal
        .screen
        .until(|output| output.contains("message: bob:hi"));
    terminal.press("ce\r");
    terminal.peer.expect(&request(Action::LogIn, "alice"));
    terminal.peer.write(&answer(Outcome::LoggedIn, "in"));
    terminal
        .screen
        .until(|output| output.contains("logged in as alice"));
    terminal.press("7\r");
    terminal.peer.expect(&request(Action::Quit, ""));
    terminal.peer.write(&answer(Outcome::LoggedOut, ""));
    terminal.peer.close();
    terminal.expect_end(0, "");
}

#[test]
fn two_people_meet() {
    meets(rust);
}

#[test]
fn the_python_client_meets_this_one() {
    if has_python() {
        meets(python);
    }
}

/// Alice uses this client, and bob another one.
fn meets(other: fn(u16) -> Command) {
    let server = Server::start(|listener, stop| run(listener, Options::default(), stop));
    let mut alice = Program::piped(rust(server.port));
    alice.write("1 alice\n2 alice\n");
    until(&mut alice, "logged in as alice\n");
    let mut bob = Program::piped(other(server.port));
    bob.write("1 alice\n1 bob\n2 bob\n3 alice grüße, alice\n");
    until(&mut alice, "message: bob:grüße, alice\n");
    until(&mut bob, "sent to alice\n");
    bob.write("7\n");
    let (status, out, err) = bob.finish();
    assert_eq!(status, Some(0), "{err}");
    assert!(out.ends_with("sent to alice\n> 7\nlogged out\n"), "{out}");
    assert!(
        err.contains("there is an account of this name already"),
        "{err}"
    );
    alice.write("6 *\n3 bob kept for you\n");
    until(&mut alice, "accounts:\n    alice\n    bob\n");
    until(&mut alice, "sent to bob\n");
    let mut bob = Program::piped(other(server.port));
    bob.write("4\n2 bob\n4\n4\n5\n");
    bob.close_input();
    let (status, out, err) = bob.finish();
    assert_eq!(status, Some(0), "{err}");
    assert!(
        out.contains("message: alice:kept for you\nno unread messages\naccount deleted\n"),
        "{out}"
    );
    assert!(err.contains("nothing to check: log in first"), "{err}");
    drop(server);
    let (status, _, err) = alice.finish();
    assert_eq!(status, Some(1));
    assert!(err.contains("has closed the connection"), "{err}");
}

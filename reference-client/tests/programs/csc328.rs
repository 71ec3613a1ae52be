//! The client of the nickname group chat.

use std::process::Command;
use std::time::Duration;

use reference_codecs::csc328::Dialect;
use reference_server::csc328::{Options, run};
use rustix::process::Signal;

use crate::peer::{Listening, Peer};
use crate::program::{Program, client};
use crate::server::{Server, has_python, python_program};

fn rust(port: u16, dialect: &str) -> Program {
    start(client(&["csc328"]), port, dialect)
}

fn python(port: u16, dialect: &str) -> Program {
    start(python_program("csc328/client.py"), port, dialect)
}

fn start(mut command: Command, port: u16, dialect: &str) -> Program {
    let arguments = ["localhost", &port.to_string(), "--dialect", dialect];
    command.args(arguments);
    Program::piped(command)
}

/// A scripted server of the dialect `line` whose client is greeted.
fn greeting() -> (Program, Peer) {
    let listening = Listening::new();
    let program = rust(listening.port(), "line");
    let mut peer = listening.accept();
    peer.write(b"HELLO\n");
    (program, peer)
}

/// The same with a client that is ready.
fn ready() -> (Program, Peer) {
    let (mut program, mut peer) = greeting();
    program.write("alice\n");
    peer.expect(b"NICK alice\n");
    peer.write(b"READY\n");
    program.expect_output(READY);
    (program, peer)
}

const READY: &str = "Choose a nickname:\nnickname: alice\nYou are alice.\n";

#[test]
fn rule_c1_asks_until_a_nickname_is_free() {
    let (mut program, mut peer) = greeting();
    program.expect_output("Choose a nickname:\n");
    peer.expect_silence();
    program.write("alice\nbob\nhello\n");
    peer.expect(b"NICK alice\n");
    peer.expect_silence();
    peer.write(b"RETRY\n");
    peer.expect(b"NICK bob\n");
    peer.expect_silence();
    peer.write(b"READY\n");
    peer.expect(b"hello\n");
}

#[test]
fn rule_c1_waits_for_hello() {
    let listening = Listening::new();
    let mut program = rust(listening.port(), "line");
    let mut peer = listening.accept();
    program.write("alice\n");
    peer.expect_silence();
    peer.write(b"NICK?\nHELLO\nwhat is your name\n");
    peer.expect(b"NICK alice\n");
}

#[test]
fn rule_c3_bye_is_the_last_word() {
    let (mut program, mut peer) = ready();
    program.write("last words");
    program.close_input();
    peer.expect(b"last words\nBYE\n");
    peer.expect_end();
    let out = format!("{READY}alice: last words\n");
    assert_eq!(program.finish(), (Some(0), out, String::new()));
    for (signal, status) in [(Signal::INT, 0), (Signal::TERM, 143)] {
        let (mut program, mut peer) = ready();
        program.signal(signal);
        peer.expect(b"BYE\n");
        peer.expect_end();
        assert_eq!(program.finish().0, Some(status));
    }
    let (mut program, mut peer) = ready();
    program.write("BYE\n");
    peer.expect(b"BYE\n");
    peer.close();
    assert_eq!(program.finish().0, Some(0));
}

#[test]
fn rule_c3_nobody_waits_for_a_server_that_does_not_close() {
    let (mut program, mut peer) = ready();
    program.signal(Signal::INT);
    peer.expect(b"BYE\n");
    assert_eq!(program.finish().0, Some(0));
}

#[test]
fn rule_c4_the_notice_makes_the_end_expected() {
    let (mut program, mut peer) = ready();
    peer.write(b"Server will shut down in 9 seconds\n");
    let out = format!("{READY}server: Server will shut down in 9 seconds\n");
    program.expect_output(&out);
    program.write("still here\n");
    peer.expect(b"still here\n");
    peer.close();
    let out = format!("{out}alice: still here\n");
    assert_eq!(program.finish(), (Some(0), out, String::new()));
}

#[test]
fn rule_c4_it_ends_by_itself_when_the_server_does_not() {
    let (mut program, mut peer) = ready();
    peer.write(b"Server will shut down in 0 seconds\n");
    peer.expect(b"BYE\n");
    assert_eq!(program.finish().0, Some(0));
}

#[test]
fn an_end_without_a_notice_is_a_failure() {
    let (mut program, peer) = ready();
    peer.close();
    let (status, _, err) = program.finish();
    assert_eq!(status, Some(1));
    assert!(
        err.contains("the server has closed the connection"),
        "{err}"
    );
}

#[test]
fn nothing_of_a_server_reaches_the_terminal_raw() {
    let (mut program, mut peer) = ready();
    peer.write("eve\x1b[2J: \x07hi\u{202e}\n".as_bytes());
    program.expect_output(&format!("{READY}eve\\x1b[2J: \\x07hi\\u202e\n"));
}

/// Alice with this client, bob with that of the other language, in every dialect.
#[test]
fn the_clients_of_both_languages_chat_in_every_dialect() {
    if !has_python() {
        return;
    }
    for dialect in Dialect::ALL {
        let server = Server::start(move |listener, token| {
            let options = Options {
                dialect,
                shutdown_delay: Duration::from_millis(100),
                ..Options::default()
            };
            run(listener, options, token)
        });
        let mut alice = rust(server.port, dialect.name());
        alice.write("alice\n");
        alice.expect_output(READY);
        let mut bob = python(server.port, dialect.name());
        bob.write("alice\nbob\n");
        let asked = "Choose a nickname:\nnickname: alice\n\
                     alice is not free; choose another nickname:\nnickname: bob\nYou are bob.\n";
        bob.expect_output(asked);
        alice.write("grüße, bob\n");
        bob.expect_output(&format!("{asked}alice: grüße, bob\n"));
        bob.write("hello alice\n");
        let heard = format!("{READY}alice: grüße, bob\nbob: hello alice\n");
        alice.expect_output(&heard);
        server.stop.cancel();
        let notice = "server: Server will shut down in 0 seconds\n";
        let (status, out, err) = alice.finish();
        assert_eq!((status, err.as_str()), (Some(0), ""), "{dialect}");
        assert_eq!(out, format!("{heard}{notice}"));
        let (status, out, err) = bob.finish();
        assert_eq!((status, err.as_str()), (Some(0), ""), "{dialect}");
        assert!(out.ends_with(notice), "{out}");
    }
}

//! The client and the Python client of the document chat through the reference server.

use std::process::Command;

use reference_codecs::bcp::Dialect;
use reference_server::bcp::{Options, run};

use crate::program::{Program, client};
use crate::server::{Server, has_python, python_program};

fn serve(dialect: Dialect) -> Server {
    let options = Options {
        dialect,
        ..Options::default()
    };
    Server::start(|listener, stop| run(listener, options, stop))
}

fn rust(server: &Server, name: &str, dialect: Dialect) -> Program {
    chatting(client(&["bcp"]), server, name, dialect)
}

fn python(server: &Server, name: &str, dialect: Dialect) -> Program {
    chatting(python_program("bcp/client.py"), server, name, dialect)
}

fn chatting(mut command: Command, server: &Server, name: &str, dialect: Dialect) -> Program {
    let port = server.port.to_string();
    command.args(["-u", name, "-s", "127.0.0.1", "-p", &port]);
    command.args(["--dialect", dialect.name()]);
    Program::piped(command)
}

/// What `program` shows of what `sender` said, once `count` texts have come.
#[track_caller]
fn heard(program: &mut Program, sender: &str, count: usize) -> Vec<String> {
    let prefix = format!("{sender}: ");
    let output = program.stdout.as_mut().unwrap();
    let texts = |text: &str| -> Vec<String> {
        let whole = text
            .split_inclusive('\n')
            .filter_map(|line| line.strip_suffix('\n'));
        whole
            .filter_map(|line| line.strip_prefix(&prefix))
            .map(str::to_owned)
            .collect()
    };
    output.until(|text| texts(text).len() >= count);
    texts(&output.text())
}

/// Waits until the server has told `program` about `name` so many times.
#[track_caller]
fn told_about(program: &mut Program, name: &str, count: usize) {
    let is_said = |line: &str| line.starts_with("alice: ") || line.starts_with("bob: ");
    program.stdout.as_mut().unwrap().until(|text| {
        text.lines()
            .filter(|line| line.contains(name) && !is_said(line))
            .count()
            >= count
    });
}

/// Alice with this client and bob with the other one; they know of each other.
fn pair(server: &Server, dialect: Dialect) -> (Program, Program) {
    let mut alice = rust(server, "alice", dialect);
    let mut bob = python(server, "bob", dialect);
    told_about(&mut alice, "bob", 1);
    told_about(&mut bob, "alice", 1);
    (alice, bob)
}

#[test]
fn the_clients_of_both_languages_chat_in_both_dialects() {
    if !has_python() {
        return;
    }
    for dialect in Dialect::ALL {
        let server = serve(dialect);
        let (mut alice, mut bob) = pair(&server, dialect);
        alice.write("hello bob\n");
        assert_eq!(heard(&mut bob, "alice", 1), ["hello bob"]);
        bob.write("hello alice\n");
        assert_eq!(heard(&mut alice, "bob", 1), ["hello alice"]);

        let many: Vec<String> = (0..100).map(|i| format!("message {i}")).collect();
        let lines = many.join("\n") + "\n";
        alice.write(&lines);
        bob.write(&lines);
        assert_eq!(heard(&mut bob, "alice", 101)[1..], many);
        assert_eq!(heard(&mut alice, "bob", 101)[1..], many);

        let (status, _, err) = python(&server, "alice", dialect).finish();
        assert_ne!(status, Some(0));
        assert!(err.contains("the server answered with error"), "{err}");

        bob.close_input();
        let (status, _, err) = bob.finish();
        assert_eq!((status, err.as_str()), (Some(0), ""));
        told_about(&mut alice, "bob", 2);
        drop(server);
        let (status, _, err) = alice.finish();
        assert_eq!(status, Some(1));
        assert_eq!(
            err,
            "reference-client: the server has closed the connection\n"
        );
    }
}

#[test]
fn text_of_any_language_arrives() {
    if !has_python() {
        return;
    }
    let server = serve(Dialect::Spec);
    let (mut alice, mut bob) = pair(&server, Dialect::Spec);
    let texts = ["grüße, 你好, שלום 👩\u{200d}👧", &"é".repeat(2047)];
    for text in texts {
        alice.write(format!("{text}\n"));
        bob.write(format!("{text}\n"));
    }
    assert_eq!(heard(&mut alice, "bob", 2), texts);
    assert_eq!(heard(&mut bob, "alice", 2), texts);
}

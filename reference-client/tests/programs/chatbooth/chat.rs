//! Clients chat through the reference server.

use std::process::Command;

use reference_server::chatbooth::{Options, run};

use super::program;
use crate::program::Program;
use crate::server::{Server, has_python, python_program};

fn python(port: u16) -> Command {
    let mut command = python_program("chatbooth/main.py");
    command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
    command
}

#[track_caller]
fn until(client: &mut Program, text: &str) {
    client
        .stdout
        .as_mut()
        .unwrap()
        .until(|output| output.contains(text));
}

#[test]
fn two_people_meet() {
    meets(program);
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
    let mut alice = Program::piped(program(server.port));
    alice.write("login alice pw\n");
    until(&mut alice, "logged in as alice");
    let mut bob = Program::piped(other(server.port));
    bob.write("login bob pw\nsend alice hello alice\n");
    until(
        &mut alice,
        "FROM: bob\n    TO: alice\n    MESSAGE: hello alice\n",
    );
    bob.write("exit\n");
    assert_eq!(bob.finish().0, Some(0));
    alice.write("list\nsend bob kept for you\n");
    until(&mut alice, "accounts: alice,bob\n");
    until(&mut alice, "sent to bob");
    let mut bob = Program::piped(other(server.port));
    bob.write("login bob wrong\nlogin bob pw\nmessages\nlogout\nexit\n");
    let (status, out, err) = bob.finish();
    assert_eq!(status, Some(0));
    assert!(
        out.contains("MESSAGE: kept for you\nno more messages\n"),
        "{out}"
    );
    assert!(err.contains("not logged in"), "{err}");
    drop(server);
    let (status, _, err) = alice.finish();
    assert_eq!(status, Some(1));
    assert!(err.contains("has closed the connection"), "{err}");
}

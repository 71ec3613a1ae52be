//! Clients chat with each other, and through the reference server.

use std::time::Duration;

use reference_server::chatapp::{Options, run};
use rustix::process::Signal;

use super::{Port, program, until, until_times};
use crate::program::Program;
use crate::server::{Server, has_python, python_program};

/// Longer than the clients of a busy machine need to answer.
const PATIENCE: Duration = Duration::from_secs(60);

fn server(answer_timeout: Duration) -> Server {
    let options = Options {
        answer_timeout,
        ..Options::default()
    };
    Server::of_datagrams(|socket, stop| run(socket, options, stop))
}

/// A client that is registered and has its table.
fn join(name: &str, server: &Server, port: &Port, greeting: &str) -> Program {
    let mut client = Program::piped(program(name, server.port, port));
    until(&mut client, greeting);
    until(&mut client, "[Client table updated.]");
    client
}

const NEW: &str = "[Welcome, you are registered.]\n";
const BACK: &str = "[Welcome back!]\n";

#[test]
fn three_people_go_through_the_document() {
    let server = server(PATIENCE);
    let ports = [Port::free(), Port::free(), Port::free()];
    let mut alice = join("alice", &server, &ports[0], NEW);
    let mut bob = join("bob", &server, &ports[1], NEW);
    let mut carol = join("carol", &server, &ports[2], NEW);
    until_times(&mut alice, "[Client table updated.]", 3);
    until_times(&mut bob, "[Client table updated.]", 2);

    // Chatting, in all directions.
    alice.write("send bob hello bob\n");
    until(&mut bob, "alice: hello bob\n");
    until(&mut alice, "[Message received by bob.]\n");
    bob.write("send carol hello carol\n");
    until(&mut carol, "bob: hello carol\n");
    until(&mut bob, "[Message received by carol.]\n");
    carol.write("send alice hello alice\n");
    until(&mut alice, "carol: hello alice\n");
    until(&mut carol, "[Message received by alice.]\n");

    // Group chat.
    alice.write("send_all hello everybody\n");
    until(&mut alice, "[Message received by Server.]\n");
    until(&mut bob, "[Channel_Message] alice: hello everybody\n");
    until(&mut carol, "[Channel_Message] alice: hello everybody\n");

    // De-registration; messages for who is offline, of both kinds.
    bob.write("dereg\n");
    until(&mut bob, "[You are Offline. Bye.]\n");
    until_times(&mut alice, "[Client table updated.]", 4);
    until_times(&mut carol, "[Client table updated.]", 2);
    alice.write("send bob one\n");
    until(&mut alice, "[Messages received by the server and saved]\n");
    carol.write("send_all two\n");
    until(&mut carol, "[Message received by Server.]\n");
    until(&mut alice, "[Channel_Message] carol: two\n");
    bob.write("reg bob\n");
    until(&mut bob, BACK);
    until(&mut bob, "[You have messages]\n");
    until(&mut bob, " alice: one\n");
    until(&mut bob, " [Channel_Message] carol: two\n");

    for client in [&mut alice, &mut bob, &mut carol] {
        client.close_input();
    }
    for mut client in [alice, bob, carol] {
        let (status, out, err) = client.finish();
        assert_eq!((status, &*err), (Some(0), ""));
        assert!(out.ends_with("[You are Offline. Bye.]\n"), "{out}");
    }
}

#[test]
fn who_leaves_silently_gets_the_messages_later() {
    let server = server(Duration::from_millis(500));
    let ports = [Port::free(), Port::free()];
    let mut alice = join("alice", &server, &ports[0], NEW);
    let mut bob = join("bob", &server, &ports[1], NEW);
    until_times(&mut alice, "[Client table updated.]", 2);
    bob.signal(Signal::INT);
    assert_eq!(bob.finish().0, Some(0));
    alice.write("send bob are you there\n");
    until(&mut alice, "[No ACK from bob, message sent to server.]\n");
    until(&mut alice, "[Messages received by the server and saved]\n");
    until_times(&mut alice, "[Client table updated.]", 3);
    let mut bob = join("bob", &server, &ports[1], BACK);
    until(&mut bob, " alice: are you there\n");
    until_times(&mut alice, "[Client table updated.]", 4);
    alice.write("send bob now you are\n");
    until(&mut bob, "alice: now you are\n");
}

#[test]
fn a_second_device_takes_the_first_one_offline() {
    let server = server(PATIENCE);
    let ports = [Port::free(), Port::free(), Port::free()];
    let mut alice = join("alice", &server, &ports[0], NEW);
    let mut first = join("bob", &server, &ports[1], NEW);
    let mut second = join("bob", &server, &ports[2], BACK);
    until(
        &mut first,
        "[You are logged in on another device. You are Offline.]\n",
    );
    until_times(&mut alice, "[Client table updated.]", 3);
    alice.write("send bob where are you\n");
    until(&mut second, "alice: where are you\n");
    first.write("reg zoe\n");
    until_times(&mut first, NEW, 1);
    until_times(&mut alice, "[Client table updated.]", 4);
    alice.write("send zoe hello zoe\n");
    until(&mut first, "alice: hello zoe\n");
}

#[test]
fn a_long_queue_is_shown_to_its_end() {
    let server = server(PATIENCE);
    let ports = [Port::free(), Port::free()];
    let mut alice = join("alice", &server, &ports[0], NEW);
    let mut bob = join("bob", &server, &ports[1], NEW);
    until_times(&mut alice, "[Client table updated.]", 2);
    bob.close_input();
    assert_eq!(bob.finish().0, Some(0));
    until_times(&mut alice, "[Client table updated.]", 3);
    for n in 1..=3 {
        alice.write(format!("send bob {n}{}{n}\n", "z".repeat(30_000)));
        until_times(&mut alice, "received by the server and saved", n);
    }
    let mut bob = join("bob", &server, &ports[1], BACK);
    for n in 1..=3 {
        until(&mut bob, &format!("z{n}\n"));
    }
}

#[test]
fn the_python_client_meets_this_one() {
    if !has_python() {
        return;
    }
    let server = server(PATIENCE);
    let ports = [Port::free(), Port::free()];
    let mut alice = join("alice", &server, &ports[0], NEW);
    let mut python = python_program("chatapp/ChatApp.py");
    let numbers = (server.port.to_string(), ports[1].number.to_string());
    python.args(["-c", "bob", "127.0.0.1", &numbers.0, &numbers.1]);
    let mut bob = Program::piped(python);
    until(&mut bob, NEW);
    until_times(&mut alice, "[Client table updated.]", 2);
    alice.write("send bob hello bob\n");
    until(&mut bob, "alice: hello bob\n");
    until(&mut alice, "[Message received by bob.]\n");
    bob.write("send_all hello all\ndereg\n");
    until(&mut alice, "[Channel_Message] bob: hello all\n");
    until_times(&mut alice, "[Client table updated.]", 3);
    alice.write("send bob one\n");
    until(&mut alice, "[Messages received by the server and saved]\n");
    bob.write("reg bob\n");
    until(&mut bob, " alice: one\n");
    bob.close_input();
    let (status, _, err) = bob.finish();
    assert_eq!((status, &*err), (Some(0), ""));
}

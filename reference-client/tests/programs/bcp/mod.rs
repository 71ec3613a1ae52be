//! The Basic Chat Protocol.

mod chat;
mod pipe;
mod terminal;

use std::process::Command;

use crate::peer::{Listening, Peer};
use crate::program::{Program, client};

/// An acknowledgement as the dialect has it.
fn ack(dialect: &str) -> &'static [u8] {
    match dialect {
        "rpchat" => &[4, 0],
        _ => &[4, 0, 0, 0],
    }
}

/// A positive answer of the server, the same in both dialects.
const OK: &[u8] = &[4, 0, 0, 0];

fn string(bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).unwrap();
    [&len.to_be_bytes(), bytes].concat()
}

fn register(name: &str) -> Vec<u8> {
    [vec![1], string(name.as_bytes())].concat()
}

fn send(text: &str) -> Vec<u8> {
    [vec![2], string(text.as_bytes())].concat()
}

fn deliver(from: &str, text: &str) -> Vec<u8> {
    [vec![3], string(from.as_bytes()), string(text.as_bytes())].concat()
}

/// The command that starts the client as alice.
fn alice(port: u16) -> Command {
    client(&["bcp", "-u", "alice", "-p", &port.to_string()])
}

/// Alice, with pipes for all streams.
fn piped_alice(port: u16, more: &[&str]) -> Program {
    let mut command = alice(port);
    command.args(more);
    Program::piped(command)
}

/// Accepts a client that registers as alice, and agrees.
fn accept_alice(listening: Listening) -> Peer {
    let mut peer = listening.accept();
    peer.expect(&register("alice"));
    peer.write(OK);
    peer
}

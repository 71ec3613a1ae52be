//! chatbooth.

mod chat;
mod pipe;
mod terminal;

use std::process::Command;

use crate::program::client;

const TOKEN: &[u8; 16] = b"sixteen secrets!";

/// A positive answer without anything in it.
const DONE: &[u8] = &[0, 10, 0, 0, 0, 1, 0];

/// An error.
const ERROR: &[u8] = &[0, 10, 0, 0, 0, 0];

fn frame(action: u8, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[0, action], &size[..], body].concat()
}

fn answer(body: &[u8]) -> Vec<u8> {
    frame(10, body)
}

fn message(text: &str) -> Vec<u8> {
    frame(11, text.as_bytes())
}

fn login(name: &str, password: &str) -> Vec<u8> {
    frame(1, format!("{name}:{password}").as_bytes())
}

/// A request with the token.
fn request(action: u8, body: &str) -> Vec<u8> {
    [frame(action, body.as_bytes()), TOKEN.to_vec()].concat()
}

fn sent(from: &str, to: &str, text: &str) -> Vec<u8> {
    let text = format!("{to}:\nFROM: {from}\nTO: {to}\nMESSAGE: {text}\n");
    request(3, &text)
}

/// The command that starts the client.
fn program(port: u16) -> Command {
    let port = port.to_string();
    client(&["chatbooth", "--host", "127.0.0.1", "--port", &port])
}

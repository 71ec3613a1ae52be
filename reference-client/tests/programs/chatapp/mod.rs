//! `ChatApp`.

mod chat;
mod pipe;

use std::net::{TcpListener, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::program::{Program, client};

/// A port that a client can listen on, kept from other tests as long as this lives.
///
/// The document's ports have no 0 for "any". These are below those that the system gives away, and
/// the listener for streams on the same number tells other tests that the number is taken.
struct Port {
    number: u16,
    _taken: TcpListener,
}

impl Port {
    fn free() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let start = std::process::id() % 10_000;
        for _ in 0..10_000 {
            let offset = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
            let number = 20_000 + u16::try_from((start + offset) % 10_000).unwrap();
            if let Ok(taken) = TcpListener::bind(("127.0.0.1", number))
                && UdpSocket::bind(("127.0.0.1", number)).is_ok()
            {
                return Self {
                    number,
                    _taken: taken,
                };
            }
        }
        panic!("no port is free");
    }
}

/// The command that starts the client.
///
/// It waits longer for acknowledgements than a busy machine takes to give them.
fn program(name: &str, server: u16, port: &Port) -> Command {
    let (server, port) = (server.to_string(), port.number.to_string());
    let mut command = client(&["chatapp", "-c", name, "127.0.0.1", &server, &port]);
    command.args(["--ack-wait", "5s"]);
    command
}

/// Waits until the program has shown this.
#[track_caller]
fn until(client: &mut Program, text: &str) {
    let output = client.stdout.as_mut().unwrap();
    output.until(|output| output.contains(text));
}

/// Waits until the program has shown this so often.
#[track_caller]
fn until_times(client: &mut Program, text: &str, times: usize) {
    let output = client.stdout.as_mut().unwrap();
    output.until(|output| output.matches(text).count() >= times);
}

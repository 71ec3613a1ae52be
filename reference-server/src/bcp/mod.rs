//! Basic Chat Protocol: one room, every text goes to everybody else.
//!
//! Each connection is a task with a socket, a `session` that decides what each
//! message means, and, once registered, a `membership` in the room. The room
//! is one task that owns the names and puts everything that is for many into one shared ring, so
//! that a client that reads slowly costs a position in the ring and no memory of its own.
//!
//! The rules are named in comments by their numbers, `BCP-1` to `BCP-18`.

mod connection;
mod faults;
mod membership;
mod options;
mod room;
mod session;
mod text;

use std::io;
use std::sync::Arc;

use reference_codecs::bcp::{Dialect, ServerMessage};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use faults::Fault;
pub use options::{Limits, Options};
pub use reference_codecs::bcp::DEFAULT_PORT;

use crate::faults::Faults;
use crate::net;

/// Serves the clients of `listener` until `shutdown`; everything is closed when it returns, within
/// a second.
///
/// Fails when the listener has no address. Nothing that a client does makes it fail.
pub async fn run(
    listener: TcpListener,
    options: Options,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let log = options.log.clone();
    log.event(format_args!("listening on {}", listener.local_addr()?));
    let max_connections = options.limits.connections;
    let faults = options.faults;
    let stop = shutdown;
    let shutdown = if faults.has(Fault::SignalIgnored) {
        CancellationToken::new()
    } else {
        stop.child_token()
    };
    // BCP-14: nothing that a client does ends the server, unless it is told otherwise.
    let crash = async {
        shutdown.cancelled().await;
        if stop.is_cancelled() {
            std::future::pending::<()>().await;
        }
    };
    let (room, room_task) = room::start(&options, shutdown.clone());
    let options = Arc::new(options);
    let serving = net::serve(
        listener,
        max_connections,
        &log,
        &shutdown,
        |stream, peer| {
            connection::serve(
                stream,
                peer,
                room.clone(),
                Arc::clone(&options),
                shutdown.clone(),
            )
        },
    );
    tokio::select! {
        () = serving => {}
        () = crash => return Ok(()),
    }
    drop(room);
    if let Err(error) = room_task.await {
        log.error(format_args!("the room was given up: {error}"));
    }
    log.event("stopped");
    if faults.has(Fault::SignalStatus) {
        return Err(io::Error::other("told to fail"));
    }
    Ok(())
}

/// The bytes of a message of this server.
///
/// All its strings are far below what a length field can say, so encoding cannot fail; were it to,
/// sending nothing harms nobody.
fn encoded(message: &ServerMessage, dialect: Dialect, faults: Faults<Fault>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = message.encode(dialect, &mut bytes);
    if let ServerMessage::Deliver { from, message } = message {
        // BCP-19: the length of the text stands behind the type and the sender.
        let suffix = usize::from(dialect == Dialect::RpChat);
        let at = 3 + from.len() + suffix;
        if let Some([high, low]) = bytes.get_mut(at..at + 2) {
            if faults.has(Fault::LengthInCharacters) {
                let continued = message.iter().filter(|byte| **byte & 0xc0 == 0x80).count();
                *low = low.wrapping_sub(u8::try_from(continued).unwrap_or_default());
            }
            if faults.has(Fault::LengthOfOneByte) {
                *high = 0;
            }
        }
    }
    bytes
}

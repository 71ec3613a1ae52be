//! wireproto: accounts over Protocol Buffers.
//!
//! Each connection is a task with a socket; a `session` decides what each message asks for. The
//! desk is one task that owns the `accounts`, so that everything that happens to them has one
//! order. It never waits: expressions are searched for elsewhere, with a bounded part of the
//! machine.
//!
//! Messages for somebody who is logged in wait in the account until the connection has sent what
//! it had and the bell tells it to fetch them. What it could not send goes back to the account,
//! where it waits to be checked. So a connection that does not read costs no more memory than one
//! that does.
//!
//! The rules are named in comments by their numbers, `WIREPROTO-1` to `WIREPROTO-11`.

mod accounts;
mod connection;
mod faults;
mod options;
mod session;

use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use faults::Fault;
pub(crate) use options::parse_message;
pub use options::{Limits, Options};
pub use reference_codecs::wireproto::DEFAULT_PORT;

use crate::{desk, net};

/// Serves the clients of `listener` until `shutdown`; everything is closed when it returns, within
/// a second. Accounts live as long as this runs.
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
    let stop = shutdown;
    let shutdown = if options.faults.has(Fault::SignalIgnored) {
        CancellationToken::new()
    } else {
        stop.child_token()
    };
    // WIREPROTO-13: nothing that a client does ends the server, unless it is told otherwise.
    let crash = async {
        shutdown.cancelled().await;
        if stop.is_cancelled() {
            std::future::pending::<()>().await;
        }
    };
    let accounts = accounts::Accounts::new(options.limits, log.clone(), options.faults);
    let (door, desk) = desk::start(accounts);
    let shared = Arc::new(connection::Shared::new(door, options, shutdown.clone()));
    let serving = net::serve(
        listener,
        max_connections,
        &log,
        &shutdown,
        |stream, peer| connection::serve(stream, peer, Arc::clone(&shared)),
    );
    tokio::select! {
        () = serving => {}
        () = crash => return Ok(()),
    }
    drop(shared);
    if let Err(error) = desk.await {
        log.error(format_args!("the accounts were given up: {error}"));
    }
    log.event("stopped");
    Ok(())
}

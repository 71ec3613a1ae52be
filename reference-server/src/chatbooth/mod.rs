//! chatbooth: accounts with passwords, tokens, messages that wait for their reader.
//!
//! Each connection is a task with a socket; a `session` decides what each message asks for. The
//! `desk` is one task that owns the `accounts`, so that everything that happens to them has one
//! order. It never waits: passwords are hashed and expressions are searched for elsewhere, by
//! `password` and `search`, with a bounded part of the machine.
//!
//! Messages wait in the account's queue. The desk rings the `bell` of the connection that they
//! are to be pushed to, and it fetches them when it has sent what it had. What it could not send
//! goes back to the front of the queue. So a connection that does not read costs no more memory
//! than one that does.
//!
//! The rules are named in comments by their numbers, `CHATBOOTH-1` to `CHATBOOTH-11`.

mod accounts;
mod connection;
mod faults;
mod options;
mod password;
mod session;
mod token;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use faults::Fault;
pub(crate) use options::parse_body;
pub use options::{Limits, Options};
pub use reference_codecs::chatbooth::DEFAULT_PORT;

use crate::{desk, net};

/// How long a server that waits for its clients does so at most.
const AS_GOOD_AS_FOR_EVER: Duration = Duration::from_secs(3600);

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
    if options.faults.has(Fault::PortKept) {
        // What it accepts is the same, and stands in the way of who binds the port next.
        rustix::net::sockopt::set_socket_reuseaddr(&listener, false)?;
    }
    let max_connections = options.limits.connections;
    let stop = shutdown;
    let shutdown = if options.faults.has(Fault::SignalIgnored) {
        CancellationToken::new()
    } else {
        stop.child_token()
    };
    // CHATBOOTH-9: nothing that a client does ends the server, unless it is told otherwise.
    let crash = async {
        shutdown.cancelled().await;
        if stop.is_cancelled() {
            std::future::pending::<()>().await;
        }
    };
    let mut accounts = accounts::Accounts::new(options.limits, log.clone());
    accounts.faults = options.faults;
    let (door, desk) = desk::start(accounts);
    // CHATBOOTH-11: nobody is waited for, unless the server is told otherwise.
    let (time, stopping) = if options.faults.has(Fault::SignalWaits) {
        (AS_GOOD_AS_FOR_EVER, CancellationToken::new())
    } else {
        (Duration::ZERO, shutdown.clone())
    };
    let notice = net::Notice {
        time,
        ..net::Notice::default()
    };
    let shared = Arc::new(connection::Shared::new(door, options, stopping));
    let serving = net::serve_with_notice(
        listener,
        max_connections,
        &log,
        &shutdown,
        &notice,
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

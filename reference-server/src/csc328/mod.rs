//! The nickname group chat: a greeting, a nickname that is free, and texts for everybody else.
//!
//! Each connection is a task with a socket, a `session` that decides what each message means, and,
//! once it has a nickname, a membership in the room. The room owns the nicknames and puts what is
//! said into one shared ring, so that a client that reads slowly costs a position in the ring and
//! no memory of its own.
//!
//! The rules are named in comments by their numbers, `CSC328-1` to `CSC328-9`.

mod connection;
mod faults;
mod options;
mod room;
mod session;
mod stamps;
mod text;

use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use faults::Fault;
pub use options::{Limits, Options};
pub use reference_codecs::csc328::DEFAULT_PORT;

use self::room::Room;
use crate::net::{self, Notice};

/// Serves the clients of `listener` until `shutdown`, and then those that are there for the time
/// of the notice that they get; everything is closed when it returns, half a second after that.
///
/// Returns at once when nobody is there. To end without the notice, drop the future. Fails when
/// the listener has no address. Nothing that a client does makes it fail.
pub async fn run(
    listener: TcpListener,
    options: Options,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let log = options.log.clone();
    log.event(format_args!("listening on {}", listener.local_addr()?));
    let faults = options.faults;
    let stop = shutdown;
    let shutdown = if faults.has(Fault::SignalIgnored) {
        CancellationToken::new()
    } else {
        stop.child_token()
    };
    // CSC328-10: nothing that a client does ends the server, unless it is told otherwise.
    let crash = async {
        shutdown.cancelled().await;
        if stop.is_cancelled() {
            std::future::pending::<()>().await;
        }
    };
    let room = Arc::new(Room::new(&options, shutdown.clone()));
    let options = Arc::new(options);
    // CSC328-7: nobody is told before new connections are refused.
    let notice = Notice {
        time: options.time_after_notice(),
        given: CancellationToken::new(),
    };
    // CSC328-7: nobody new is admitted after the notice, unless the server is told otherwise.
    let late_listener = if faults.has(Fault::LateAdmitted) || faults.has(Fault::LateTold) {
        Some(net::second(&listener)?)
    } else {
        None
    };
    let serving = net::serve_with_notice(
        listener,
        options.limits.connections,
        &log,
        &shutdown,
        &notice,
        |stream, peer| {
            connection::serve(
                stream,
                peer,
                Arc::clone(&room),
                Arc::clone(&options),
                notice.given.clone(),
            )
        },
    );
    let telling = async {
        notice.given.cancelled().await;
        let seconds = options.seconds_of_notice();
        log.event(format_args!("shutting down in {seconds} seconds"));
    };
    let late = async {
        let Some(listener) = late_listener else {
            return std::future::pending::<()>().await;
        };
        notice.given.cancelled().await;
        let never = CancellationToken::new();
        let given = if faults.has(Fault::LateTold) {
            &notice.given
        } else {
            &never
        };
        net::serve(
            listener,
            options.limits.connections,
            &log,
            &never,
            |stream, peer| {
                connection::serve(
                    stream,
                    peer,
                    Arc::clone(&room),
                    Arc::clone(&options),
                    given.child_token(),
                )
            },
        )
        .await;
    };
    tokio::select! {
        _ = async { tokio::join!(serving, telling) } => {}
        () = late => {}
        () = crash => return Ok(()),
    }
    log.event("stopped");
    if faults.has(Fault::SignalStatus) {
        return Err(io::Error::other("told to fail"));
    }
    Ok(())
}

//! ChatApp: users register where they listen, talk to each other directly, and leave texts with
//! the server for who is not there.
//!
//! One task, `server`, has the sockets and never waits for anything else. What a request leads to
//! is decided by the `desk`, which knows the `users` and their `mailboxes`: changes for the
//! `database` and effects for the sockets. The `gate` holds the effects back until the changes
//! are safe. Among the effects are questions to clients, such as whether they are there; `waits`
//! knows which are open. Nobody else has to wait for their answers. `retries` recognises a request
//! that was made a moment ago.
//!
//! The rules are named in comments by their numbers, `CHATAPP-1` to `CHATAPP-12`.

mod database;
mod desk;
mod effect;
mod faults;
mod gate;
mod mailboxes;
mod options;
mod outgoing;
mod request;
mod retries;
mod server;
mod sockets;
mod users;
mod waits;

use std::io;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub use database::DatabaseError;
pub use faults::Fault;
pub use options::{Limits, Options};
pub use reference_codecs::chatapp::DEFAULT_PORT;

use database::Database;
use desk::{Desk, Kept};
use server::Server;

/// How long a stopping server waits for the disk.
const STOP_GRACE: Duration = Duration::from_millis(400);

/// Serves the clients that send datagrams to `socket` until `shutdown`, and returns within a second
/// after that. Users and texts are kept in the file that the options name; without one they live
/// as long as this runs.
///
/// Fails when the socket has no address or the file cannot be used. Nothing that a client does
/// makes it fail.
pub async fn run(
    socket: UdpSocket,
    options: Options,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let prepared = Prepared::new(options).await.map_err(io::Error::other)?;
    prepared.serve(socket, shutdown).await
}

/// A server that has opened its file.
#[derive(Debug)]
pub struct Prepared {
    options: Options,
    database: Option<Database>,
    kept: Kept,
}

impl Prepared {
    /// Opens the file that the options name, if they name one, and reads it.
    ///
    /// Fails when it cannot be used.
    pub async fn new(options: Options) -> Result<Self, DatabaseError> {
        let forgets = options.faults.has(Fault::NothingKept);
        let Some(path) = options.db.clone().filter(|_| !forgets) else {
            return Ok(Self {
                options,
                database: None,
                kept: Kept::default(),
            });
        };
        let (log, faults) = (options.log.clone(), options.faults);
        let opened = spawn_blocking(move || Database::open(&path, log, faults)).await;
        let (database, kept) = opened.map_err(io::Error::other)??;
        Ok(Self {
            options,
            database: Some(database),
            kept,
        })
    }

    /// Serves as [`run`] does. Fails when the socket has no address.
    pub async fn serve(self, socket: UdpSocket, shutdown: CancellationToken) -> io::Result<()> {
        let log = self.options.log.clone();
        log.event(format_args!("listening on {}", socket.local_addr()?));
        let faults = self.options.faults;
        let desk = Desk::new(self.kept, self.options.limits, log.clone(), faults);
        let mut server = Server::new(socket, desk, self.database, &self.options);
        let outcome = server.serve(&shutdown).await;
        if let Some(database) = server.into_database() {
            let closed = timeout(STOP_GRACE, spawn_blocking(|| database.close())).await;
            if !matches!(closed, Ok(Ok(()))) {
                log.error("the database was not closed in time");
            }
        }
        log.event("stopped");
        outcome
    }
}

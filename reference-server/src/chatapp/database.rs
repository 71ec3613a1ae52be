//! The file that keeps users and texts over a restart and a crash.
//!
//! While the server runs, its memory is what counts, and the file follows. A thread of its own
//! writes the changes, as many at a time as there are, and says up to which one they are safe:
//! nobody is told of anything before that. So the sockets never wait for the disk.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use reference_codecs::chatapp::MailKind;
use rusqlite::{Connection, OpenFlags, Params, Transaction, TransactionBehavior, params};
use thiserror::Error;
use tokio::sync::watch;

use super::Fault;
use super::desk::Kept;
use super::effect::Change;
use super::mailboxes::Text;
use super::users::{User, UserId};
use crate::faults::Faults;
use crate::log::Log;

/// Marks the file as ours, in its head.
const APPLICATION_ID: i32 = 0x4368_4170;

/// The form of the tables.
const VERSION: i32 = 1;

/// Changes that become one transaction.
const BATCH: usize = 4096;

/// How long after a failure the same changes are tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// How late a server writes that is told to.
const LATE: Duration = Duration::from_millis(300);

/// The least time between two complaints about the disk.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(10);

/// Durable when committed, and for this one program. The log of changes is made safe with each
/// transaction.
const SETTINGS: &str = "
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
";

const TABLES: &str = "
    CREATE TABLE users (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, address TEXT NOT NULL,
        active INTEGER NOT NULL
    );
    CREATE TABLE texts (
        id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, writer TEXT NOT NULL,
        content TEXT NOT NULL, stored_at TEXT NOT NULL
    );
    CREATE TABLE waiting (
        text INTEGER NOT NULL, reader INTEGER NOT NULL, PRIMARY KEY (text, reader)
    ) WITHOUT ROWID;
";

/// Why the file cannot be used.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// `SQLite` says no: another server uses the file, it is none, or the disk is in the way.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// It holds something else.
    #[error("it was not made by this server; choose another file")]
    Foreign,
    /// A part of it is not what this server writes.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// The thread for it cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// The thread that writes, and how far it has come.
#[derive(Debug)]
pub(super) struct Database {
    changes: Sender<Vec<Change>>,
    written: watch::Receiver<u64>,
    submitted: u64,
    thread: JoinHandle<()>,
}

impl Database {
    /// Opens the file, which is made when it is missing, and reads what it has kept. Waits for the
    /// disk.
    pub(super) fn open(
        path: &Path,
        log: Log,
        faults: Faults<Fault>,
    ) -> Result<(Self, Kept), DatabaseError> {
        let mut connection = connect(path)?;
        let kept = load(&mut connection)?;
        let (changes, queue) = channel();
        let (progress, written) = watch::channel(0);
        let mut writer = Writer {
            connection,
            progress,
            log,
            complained: None,
            faults,
        };
        let thread = thread::Builder::new()
            .name("database".to_owned())
            .spawn(move || writer.work(&queue))?;
        let database = Self {
            changes,
            written,
            submitted: 0,
            thread,
        };
        Ok((database, kept))
    }

    /// Has changes written; they are safe once [`written`](Self::written) is the returned number.
    pub(super) fn submit(&mut self, changes: Vec<Change>) -> u64 {
        self.submitted += 1;
        // The thread ends only after this sender, unless it panics; then nothing is ever written.
        let _ = self.changes.send(changes);
        self.submitted
    }

    /// How many submissions are safe.
    pub(super) fn written(&self) -> u64 {
        *self.written.borrow()
    }

    /// Waits until more is safe; fails when nothing ever will be.
    pub(super) async fn progress(&mut self) -> Result<(), watch::error::RecvError> {
        self.written.changed().await
    }

    /// Writes what is left, and closes the file. Waits for the disk.
    pub(super) fn close(self) {
        drop(self.changes);
        // A panic of the thread has been told by itself.
        let _ = self.thread.join();
    }
}

fn connect(path: &Path) -> Result<Connection, DatabaseError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(2))?;
    connection.execute_batch(SETTINGS)?;
    let setup = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    let number = |name| setup.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let tables: i64 =
        setup.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (number("application_id")?, number("user_version")?) {
        (APPLICATION_ID, VERSION) => {}
        (0, 0) if tables == 0 => {
            setup.execute_batch(TABLES)?;
            setup.pragma_update(None, "application_id", APPLICATION_ID)?;
            setup.pragma_update(None, "user_version", VERSION)?;
        }
        _ => return Err(DatabaseError::Foreign),
    }
    setup.commit()?;
    Ok(connection)
}

fn load(connection: &mut Connection) -> Result<Kept, DatabaseError> {
    let read = connection.transaction()?;
    let kept = Kept {
        users: load_users(&read)?,
        waiting: load_waiting(&read)?,
        last_text: load_last_text(&read)?,
    };
    read.commit()?;
    Ok(kept)
}

fn load_users(read: &Transaction<'_>) -> Result<Vec<User>, DatabaseError> {
    let mut users = Vec::new();
    let mut select = read.prepare("SELECT id, name, address, active FROM users ORDER BY id")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (id, address): (usize, String) = (row.get(0)?, row.get(2)?);
        let address: SocketAddr = address.parse().map_err(|_| {
            let problem = format!("user {id} has the address {address:?}");
            DatabaseError::Damaged(problem)
        })?;
        if id != users.len() {
            let problem = format!("user {} is missing", users.len());
            return Err(DatabaseError::Damaged(problem));
        }
        users.push(User {
            name: row.get(1)?,
            address,
            is_active: row.get(3)?,
            session: 0,
        });
    }
    Ok(users)
}

fn load_waiting(read: &Transaction<'_>) -> Result<Vec<(UserId, Arc<Text>)>, DatabaseError> {
    let mut waiting: Vec<(UserId, Arc<Text>)> = Vec::new();
    let mut select = read.prepare(
        "SELECT texts.id, kind, writer, content, stored_at, reader FROM waiting
         JOIN texts ON texts.id = waiting.text ORDER BY texts.id",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (id, reader) = (row.get(0)?, UserId(row.get(5)?));
        let last = waiting.last().filter(|(_, text)| text.id == id);
        let text = match last {
            Some((_, text)) => Arc::clone(text),
            None => Arc::new(Text {
                id,
                kind: kind_of(&row.get::<_, String>(1)?)?,
                from: row.get(2)?,
                content: row.get(3)?,
                timestamp: row.get(4)?,
            }),
        };
        waiting.push((reader, text));
    }
    Ok(waiting)
}

/// Numbers are not used again, also when their texts are gone.
fn load_last_text(read: &Transaction<'_>) -> Result<u64, DatabaseError> {
    let last = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'texts'";
    Ok(read.query_row(last, [], |row| row.get(0))?)
}

fn kind_of(name: &str) -> Result<MailKind, DatabaseError> {
    match name {
        "send" => Ok(MailKind::Send),
        "send_all" => Ok(MailKind::SendAll),
        other => {
            let problem = format!("a text of the kind {other:?}");
            Err(DatabaseError::Damaged(problem))
        }
    }
}

fn name_of(kind: MailKind) -> &'static str {
    match kind {
        MailKind::Send => "send",
        MailKind::SendAll => "send_all",
    }
}

struct Writer {
    connection: Connection,
    progress: watch::Sender<u64>,
    log: Log,
    complained: Option<Instant>,
    faults: Faults<Fault>,
}

impl Writer {
    /// Writes until nobody can submit any more.
    fn work(&mut self, queue: &Receiver<Vec<Change>>) {
        let mut submissions = 0;
        while let Ok(mut changes) = queue.recv() {
            submissions += 1;
            while changes.len() < BATCH
                && let Ok(more) = queue.try_recv()
            {
                changes.extend(more);
                submissions += 1;
            }
            // CHATAPP-8a: safe only once it is written.
            if self.faults.has(Fault::WrittenLate) {
                self.progress.send_replace(submissions);
                thread::sleep(LATE);
            }
            while let Err(error) = self.write(&changes) {
                self.complain(&error);
                if self.progress.is_closed() {
                    return;
                }
                thread::sleep(PAUSE);
            }
            // Without a receiver the server is stopping; what it has submitted is written still.
            self.progress.send_replace(submissions);
        }
    }

    fn write(&mut self, changes: &[Change]) -> Result<(), rusqlite::Error> {
        let behavior = TransactionBehavior::Immediate;
        let write = self.connection.transaction_with_behavior(behavior)?;
        for change in changes {
            apply(&write, change)?;
        }
        write.commit()
    }

    fn complain(&mut self, error: &rusqlite::Error) {
        let complained = self.complained;
        if complained.is_none_or(|at| at.elapsed() >= COMPLAINT_INTERVAL) {
            self.complained = Some(Instant::now());
            self.log.error(format_args!(
                "the database cannot be written for now, and nothing is acknowledged: {error}"
            ));
        }
    }
}

fn apply(write: &Transaction<'_>, change: &Change) -> Result<(), rusqlite::Error> {
    match change {
        Change::User { id, user } => {
            let (id, address) = (id.0, user.address.to_string());
            execute(
                write,
                "INSERT INTO users VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET address = ?3, active = ?4",
                params![id, user.name, address, user.is_active],
            )
        }
        Change::Text(text) => {
            let kind = name_of(text.kind);
            execute(
                write,
                "INSERT INTO texts VALUES (?1, ?2, ?3, ?4, ?5)",
                params![text.id, kind, text.from, text.content, text.timestamp],
            )
        }
        Change::Waits { text, reader } => execute(
            write,
            "INSERT INTO waiting VALUES (?1, ?2)",
            params![text, reader.0],
        ),
        Change::Reached { text, reader } => {
            let reached = "DELETE FROM waiting WHERE text = ?1 AND reader = ?2";
            execute(write, reached, params![text, reader.0])?;
            execute(
                write,
                "DELETE FROM texts WHERE id = ?1
                 AND NOT EXISTS (SELECT 1 FROM waiting WHERE text = ?1)",
                params![text],
            )
        }
    }
}

fn execute(
    write: &Transaction<'_>,
    statement: &str,
    values: impl Params,
) -> Result<(), rusqlite::Error> {
    write.prepare_cached(statement)?.execute(values)?;
    Ok(())
}

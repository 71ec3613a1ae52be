//! Accepting TCP connections, the same for every protocol.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::log::Log;

/// Connections that the kernel completes before the server has accepted them.
const BACKLOG: u32 = 4096;

/// How long accepting pauses when the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The least time between two complaints about accepting.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(10);

/// How long a stopping server waits for its connections to end by themselves, once they should.
const STOP_GRACE: Duration = Duration::from_millis(400);

/// A listener on `address`; port 0 stands for any free port.
///
/// The port can be bound again at once after a restart. Must be called inside a runtime. Fails as
/// binding fails, for example when the port is in use.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Another listener on the same port, whose clients are those of both.
///
/// Must be called inside a runtime. Fails when the system has no more descriptors.
pub fn second(listener: &TcpListener) -> io::Result<TcpListener> {
    let socket = rustix::io::dup(listener)?;
    TcpListener::from_std(std::net::TcpListener::from(socket))
}

/// Gives each accepted connection to `connection`, as a task of its own, until `shutdown`.
///
/// Nothing that happens to one connection ends the loop; running out of file descriptors pauses
/// it. Above `max_connections` new connections are closed at once. After `shutdown` the tasks have
/// 400 ms to end by themselves, then they are dropped.
pub async fn serve<Task>(
    listener: TcpListener,
    max_connections: usize,
    log: &Log,
    shutdown: &CancellationToken,
    connection: impl FnMut(TcpStream, SocketAddr) -> Task,
) where
    Task: Future<Output = ()> + Send + 'static,
{
    let notice = Notice::default();
    serve_with_notice(
        listener,
        max_connections,
        log,
        shutdown,
        &notice,
        connection,
    )
    .await;
}

/// What happens between the wish to stop and the end.
#[derive(Debug, Default)]
pub struct Notice {
    /// How long the connections go on before they should end.
    pub time: Duration,
    /// Cancelled once new connections are refused, so that whoever is told of the end does not
    /// find the server open after that.
    pub given: CancellationToken,
}

/// The same, but after `shutdown` the tasks go on for the time of the notice. Returns earlier when
/// all of them have ended.
pub async fn serve_with_notice<Task>(
    listener: TcpListener,
    max_connections: usize,
    log: &Log,
    shutdown: &CancellationToken,
    notice: &Notice,
    mut connection: impl FnMut(TcpStream, SocketAddr) -> Task,
) where
    Task: Future<Output = ()> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    let mut complaints = Complaints { log, last: None };
    let mut stopped = pin!(shutdown.cancelled());
    loop {
        let accepted = tokio::select! {
            () = &mut stopped => break,
            Some(ended) = tasks.join_next() => {
                if let Err(error) = ended {
                    log.error(format_args!("a connection was given up: {error}"));
                }
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) if tasks.len() < max_connections => {
                // Messages are small and each is waited for: none may wait for the next.
                let _ = stream.set_nodelay(true);
                tasks.spawn(connection(stream, peer));
            }
            Ok(_) => complaints.tell(format_args!("more than {max_connections} connections")),
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                complaints.tell(format_args!("cannot accept connections for now: {error}"));
                tokio::select! {
                    () = &mut stopped => break,
                    () = sleep(ACCEPT_PAUSE) => {}
                }
            }
        }
    }
    drop(listener);
    notice.given.cancel();
    // What has not ended by then is dropped with the set, which closes its socket.
    drop(
        timeout(notice.time + STOP_GRACE, async {
            while tasks.join_next().await.is_some() {}
        })
        .await,
    );
}

/// Whether only the connection that was about to be accepted is lost.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted, TimedOut, WouldBlock,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | Interrupted
            | TimedOut
            | WouldBlock
    )
}

/// Keeps a lasting problem from filling the log.
struct Complaints<'a> {
    log: &'a Log,
    last: Option<Instant>,
}

impl Complaints<'_> {
    fn tell(&mut self, problem: impl fmt::Display) {
        if self
            .last
            .is_none_or(|last| last.elapsed() >= COMPLAINT_INTERVAL)
        {
            self.last = Some(Instant::now());
            self.log.error(problem);
        }
    }
}

//! A client program under test: what it is told to connect to, how it is started, and how its
//! connections are taken.

use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::time::Instant;

use super::connection::Connection;
use super::embedded;
use super::problem::Problem;
use super::program::{CommandLine, Streams};
use super::session::Session;
use super::stop::{Done, Stop, undecided};
use super::subject::fill;
use super::target::Target;
use super::transport::{AnyStream, Stream as _};
use super::world::World;
use crate::matching::{Amount, Expr};
use crate::plan::{CLIENT_PORT, ProgramPlan, StepPlace};
use crate::scenario::SubjectWord;
use crate::transcript::What;
use crate::wire::Value;

/// How long is waited for a connection before it is looked whether the program still runs.
const LOOK: Duration = Duration::from_millis(50);

/// How long a program that has just ended may have left a connection behind.
const LEFT_BEHIND: Duration = Duration::from_millis(100);

/// How many connections wait to be taken.
const BACKLOG: u32 = 128;

/// Where a peer waits for connections.
#[derive(Clone)]
pub(super) enum Door {
    Open(Rc<TcpListener>),
    /// The port is taken, and nobody listens: connections are refused.
    Shut {
        /// Keeps the port from others.
        #[expect(dead_code, reason = "held, never used")]
        held: Rc<TcpSocket>,
    },
}

impl World {
    /// Whether a client program is judged.
    pub(super) fn judges_client(&self) -> bool {
        self.protocol.subject == SubjectWord::Client
    }

    /// Opens what the program is told to connect to, and starts it.
    pub(super) async fn start_client(&mut self) -> Done {
        let scenario = Arc::clone(&self.scenario);
        let Some(program) = &scenario.program else {
            return Ok(());
        };
        let place = self.here();
        for actor in 0..scenario.actors.len() {
            self.open_door(actor, scenario.actors[actor].refuses, &place)
                .await?;
        }
        let words = self.command(program)?;
        let streams = Streams {
            stdin: Some(program.stdin),
            stdout: program.stdout,
            term: Some(program.term.clone()),
        };
        let command = CommandLine { words };
        let shown = command.shown();
        self.subject
            .start_client(command, &streams)
            .map_err(|error| undecided(format!("cannot start `{shown}`: {error}")))?;
        if scenario.actors.iter().any(|actor| actor.refuses) {
            // Who is let in nowhere may end.
            self.subject.expect_end();
        }
        self.note(None, What::Started { command: shown });
        self.last_action = Instant::now();
        Ok(())
    }

    async fn open_door(&mut self, actor: usize, refuses: bool, place: &Arc<StepPlace>) -> Done {
        if self.has_datagrams() {
            return self.open_main(actor, place).await;
        }
        let opened = door(refuses).map_err(|error| undecided(format!("cannot listen: {error}")))?;
        let (address, door) = opened;
        let known = &mut self.actors[actor];
        known.local = Some(address);
        known.door = Some(door);
        Ok(())
    }

    /// The words of the command line, with what the program is told in its place.
    fn command(&self, program: &ProgramPlan) -> Result<Vec<OsString>, Stop> {
        let dir = self.subject.dir().map_err(undecided)?;
        let evaluated = |expr: &Option<Expr>| -> Result<Option<String>, Stop> {
            let Some(expr) = expr else { return Ok(None) };
            let value = expr.evaluate(&self.names(None)).map_err(undecided)?;
            Ok(value.map(|value| match value {
                Value::Text(text) => text,
                other => other.to_string(),
            }))
        };
        let peer = self.actors.get(program.to).and_then(|actor| actor.local);
        let peer = peer.ok_or_else(|| undecided("no peer is there"))?;
        let host = evaluated(&program.host)?.unwrap_or_else(|| peer.ip().to_string());
        let port = evaluated(&program.port)?.unwrap_or_else(|| peer.port().to_string());
        let own = evaluated(&program.client_port)?
            .unwrap_or_else(|| self.subject.address().port().to_string());
        let value = |name: &str| match name {
            "host" => Some(host.clone()),
            "port" => Some(port.clone()),
            "name" => Some(self.program_name.clone()),
            "dialect" => Some(self.protocol.dialect.to_string()),
            "dir" => Some(shown(dir)),
            "log" => Some(shown(&dir.join("client.log"))),
            CLIENT_PORT => Some(own.clone()),
            name => self.params.get(name).cloned(),
        };
        match &self.shared.target {
            Target::Client { words } => Ok(words.iter().map(|w| fill(w, &value).into()).collect()),
            target => {
                let own = std::env::current_exe().map_err(undecided)?;
                let fault = match target {
                    Target::Embedded { fault } => *fault,
                    _ => None,
                };
                let arguments = embedded::client_arguments(&self.protocol.name, &value, fault);
                let arguments = arguments.ok_or_else(|| {
                    let (name, dialect) = (&self.protocol.name, &self.protocol.dialect);
                    Stop::NotHere(format!(
                        "there is no reference client for {name} in the dialect {dialect}"
                    ))
                })?;
                Ok(std::iter::once(own.into()).chain(arguments).collect())
            }
        }
    }

    /// Takes the next connection of the program to a peer, dropping the one before.
    pub(super) async fn accept(&mut self, actor: usize, place: &Arc<StepPlace>) -> Done {
        let Some(Door::Open(listener)) = self.actors[actor].door.clone() else {
            let label = &self.actors[actor].label;
            return Err(undecided(format!("{label} refuses all connections")));
        };
        self.actors[actor].session = None;
        let direction = self.protocol.receives();
        let mut until = self.subject.client_patience(&self.shared);
        let mut ended = false;
        loop {
            let attempt = tokio::time::timeout(LOOK, listener.accept());
            match self.drive_beside(attempt).await {
                Ok(Ok((stream, _))) => {
                    let _ = stream.set_nodelay(true);
                    if let Some(size) = self.actors[actor].receive_buffer {
                        let size = usize::try_from(size).unwrap_or(usize::MAX);
                        let _ = socket2::SockRef::from(&stream).set_recv_buffer_size(size);
                    }
                    let (local, peer) = stream.addresses();
                    let stream: AnyStream = Box::new(stream);
                    let connection = Connection::new(stream, direction);
                    self.actors[actor].begin_connection(Session::Stream(Box::new(connection)));
                    self.note(Some(actor), What::Connected { local, peer });
                    self.subject.note_accepted(&self.shared);
                    self.last_action = Instant::now();
                    return Ok(());
                }
                Ok(Err(error)) => return Err(undecided(format!("cannot accept: {error}"))),
                Err(_) => {}
            }
            self.go_on()?;
            let now = Instant::now();
            if now >= until {
                return self.never_connected(actor, place).await;
            }
            // What a program did before it ended may still be on its way.
            if !ended && self.subject.exit_status().is_some() {
                ended = true;
                until = until.min(now + LEFT_BEHIND);
            }
        }
    }

    async fn never_connected(&mut self, actor: usize, place: &Arc<StepPlace>) -> Done {
        if let Some(how) = self.subject.death() {
            let problem = Problem::Died { how };
            return self.fail_plainly(place, Some(actor), problem).await;
        }
        let waited = self.elapsed(Instant::now());
        let label = Arc::clone(&self.actors[actor].label);
        let nanos = i128::try_from(waited.as_nanos()).unwrap_or(i128::MAX);
        let problem = Problem::Told {
            problem: "the client did not connect".to_owned(),
            expected: Some(format!("a connection to {label}")),
            received: Some(format!("none within {}", Amount::Time(nanos))),
            // Beside so long a wait it is nothing that the harness was late.
            timed: false,
        };
        let reached = self.subject.was_reached();
        let done = self.fail_plainly(place, Some(actor), problem).await;
        let is_said = done == Err(Stop::Failed) && !reached;
        self.shared.unreachable.fetch_or(is_said, Ordering::Relaxed);
        done
    }
}

fn door(refuses: bool) -> io::Result<(SocketAddr, Door)> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let address = socket.local_addr()?;
    let door = if refuses {
        Door::Shut {
            held: Rc::new(socket),
        }
    } else {
        Door::Open(Rc::new(socket.listen(BACKLOG)?))
    };
    Ok((address, door))
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

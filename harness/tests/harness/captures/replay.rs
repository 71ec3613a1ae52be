//! Recorded clients, played again to a server that is there.

use std::collections::{BTreeMap, VecDeque};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::ops::Range;
use std::time::{Duration, Instant};

use harness::wire::{Codec, Direction, Message};

use super::recording::{Happened, Recording, take};
use crate::program::{PATIENCE, eventually};
use crate::server::Server;

/// How far lines of different connections can stand in the wrong order, in milliseconds: the
/// recorder had a thread for each way.
const BLUR: f64 = 20.0;

/// How long is waited for bytes before another connection is looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// An answer that a client waited for: of which line, and what a server made up in it.
pub(crate) struct Awaited {
    pub line: usize,
    pub token: Option<Vec<u8>>,
}

/// Something that a recorded client did.
struct Action {
    line: usize,
    at: f64,
    connection: String,
    what: Doing,
    /// It did so before it had heard anything, whatever the order of the lines.
    first: bool,
}

enum Doing {
    Open,
    /// These bytes of all that it sent.
    Send(Range<usize>),
    Close,
}

/// One replayed connection.
#[derive(Default)]
struct Connection {
    stream: Option<TcpStream>,
    /// All that it sends, with the recorded tokens.
    sends: Vec<u8>,
    pending: Vec<u8>,
    received: Vec<Message>,
    /// The server has said that it closes, and has not closed yet.
    is_ending: bool,
}

/// A recording that is played again.
pub(crate) struct Replay<'a> {
    pub codec: &'a Codec,
    pub recording: &'a Recording,
    /// What each connection waits for, in its order.
    pub awaited: BTreeMap<String, Vec<Awaited>>,
    /// Finds what the server has made up, which clients send back.
    pub token: fn(&Message) -> Option<Vec<u8>>,
    /// Whether our server closes behind this message, other than the recorded one. The client
    /// connects again then.
    pub is_last: fn(&Message) -> bool,
}

impl Replay<'_> {
    /// Does what the clients did, each time as soon as everybody has received what they had then.
    /// What each connection has received in the end.
    pub(crate) fn against(&self, server: &Server) -> BTreeMap<String, Vec<Message>> {
        let mut connections: BTreeMap<String, Connection> = BTreeMap::new();
        for name in self.awaited.keys() {
            let connection = connections.entry(name.clone()).or_default();
            connection.sends = self.recording.sent(name);
        }
        let mut actions = self.actions();
        let until = Instant::now() + PATIENCE;
        while !actions.is_empty() || !self.is_complete(&connections) {
            let next = self.next(&actions, &connections);
            if let Some(action) = next.and_then(|index| actions.remove(index)) {
                self.act(server, &mut connections, &action);
                continue;
            }
            assert!(
                Instant::now() < until,
                "{} does not go on with {:?}",
                self.recording.name,
                connections
                    .iter()
                    .map(|(name, connection)| (name, &connection.received))
                    .collect::<Vec<_>>()
            );
            for connection in connections.values_mut() {
                connection.read(self);
            }
        }
        let received = |(name, connection): (String, Connection)| (name, connection.received);
        connections.into_iter().map(received).collect()
    }

    fn actions(&self) -> VecDeque<Action> {
        let mut actions: VecDeque<Action> = VecDeque::new();
        let mut sent: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, line) in self.recording.lines.iter().enumerate() {
            let before = sent.entry(&line.connection).or_default();
            let begin = *before;
            let what = match &line.what {
                Happened::Opened => Doing::Open,
                Happened::Sent(Direction::ToServer, bytes) => {
                    *before += bytes.len();
                    Doing::Send(begin..*before)
                }
                Happened::Sent(Direction::ToClient, _) => continue,
                Happened::Closed => Doing::Close,
            };
            actions.push_back(Action {
                line: at,
                at: line.at,
                connection: line.connection.clone(),
                first: begin == 0 && !matches!(what, Doing::Close),
                what,
            });
        }
        actions
    }

    /// The first action that can be done now.
    fn next(
        &self,
        actions: &VecDeque<Action>,
        connections: &BTreeMap<String, Connection>,
    ) -> Option<usize> {
        let first = actions.front()?.at;
        let ready = |(index, action): (usize, &Action)| {
            let mut before = actions.iter().take(index);
            (action.at <= first + BLUR
                && before.all(|earlier| earlier.connection != action.connection)
                && self.has_come(action, connections))
            .then_some(index)
        };
        actions.iter().enumerate().find_map(ready)
    }

    /// Whether everything has come that had come before the action.
    fn has_come(&self, action: &Action, connections: &BTreeMap<String, Connection>) -> bool {
        if connections[&action.connection].is_ending {
            return false;
        }
        self.awaited.iter().all(|(name, awaited)| {
            let came_before = |awaited: &&Awaited| {
                if *name == action.connection {
                    !action.first && awaited.line < action.line
                } else {
                    self.recording.lines[awaited.line].at < action.at - BLUR
                }
            };
            let needed = awaited.iter().filter(came_before).count();
            connections[name].received.len() >= needed
        })
    }

    fn is_complete(&self, connections: &BTreeMap<String, Connection>) -> bool {
        self.awaited.iter().all(|(name, awaited)| {
            let connection = &connections[name];
            connection.stream.is_none() || connection.received.len() >= awaited.len()
        })
    }

    fn act(
        &self,
        server: &Server,
        connections: &mut BTreeMap<String, Connection>,
        action: &Action,
    ) {
        let bytes = match &action.what {
            Doing::Send(range) => {
                let sends = &connections[&action.connection].sends;
                self.with_given_tokens(sends, connections)[range.clone()].to_vec()
            }
            _ => Vec::new(),
        };
        let connection = connections.get_mut(&action.connection).unwrap();
        match action.what {
            Doing::Open => connection.stream = Some(connect(server)),
            Doing::Close => connection.close(),
            Doing::Send(_) => {
                let stream = connection.stream.get_or_insert_with(|| connect(server));
                stream.write_all(&bytes).unwrap();
            }
        }
    }

    /// Recorded bytes with the tokens that this server has given in the place of the recorded
    /// ones, the latest where it was given several for one.
    fn with_given_tokens(
        &self,
        recorded: &[u8],
        connections: &BTreeMap<String, Connection>,
    ) -> Vec<u8> {
        let mut tokens = Vec::new();
        for (name, awaited) in &self.awaited {
            for (awaited, given) in awaited.iter().zip(&connections[name].received) {
                if let (Some(theirs), Some(ours)) = (&awaited.token, (self.token)(given)) {
                    assert_eq!(theirs.len(), ours.len());
                    tokens.push((awaited.line, theirs, ours));
                }
            }
        }
        tokens.sort_by_key(|(line, ..)| *line);
        let mut bytes = recorded.to_vec();
        for (_, theirs, ours) in &tokens {
            for at in 0..=recorded.len().saturating_sub(theirs.len()) {
                if recorded[at..].starts_with(theirs) {
                    bytes[at..at + ours.len()].copy_from_slice(ours);
                }
            }
        }
        bytes
    }
}

fn connect(server: &Server) -> TcpStream {
    let stream = server.connect().unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(GLANCE)).unwrap();
    stream
}

impl Connection {
    /// Reads what has come. What a server writes at once is there at once.
    fn read(&mut self, replay: &Replay<'_>) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        let mut space = [0; 4096];
        match stream.read(&mut space) {
            Ok(0) => {
                self.stream = None;
                self.is_ending = false;
            }
            Ok(count) => self.pending.extend(&space[..count]),
            Err(error) => assert!(is_nothing(&error), "{error}"),
        }
        for message in take(replay.codec, Direction::ToClient, &mut self.pending) {
            self.is_ending = (replay.is_last)(&message);
            self.received.push(message);
        }
    }

    /// Closes, and waits until the server has seen it. What was not recorded any more, because the
    /// recorded client was gone, does not count.
    fn close(&mut self) {
        let Some(mut stream) = self.stream.take() else {
            return;
        };
        // The server may have closed before.
        let _ = stream.shutdown(Shutdown::Write);
        let mut space = [0; 4096];
        eventually("the end of a connection", || {
            match stream.read(&mut space) {
                Ok(0) => Some(()),
                Ok(_) => None,
                Err(error) => (!is_nothing(&error)).then_some(()),
            }
        });
    }
}

/// Whether there was nothing to read.
fn is_nothing(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

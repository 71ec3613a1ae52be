//! The bytes that rpchat's programs were recorded with: the dialect describes them all, and the
//! reference server answers them in the same forms.

use std::collections::{HashMap, VecDeque};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use harness::plan::{Selection, load};
use harness::source::Diagnostics;
use harness::wire::{Codec, Decoded, Direction, Message};

use crate::program::{PATIENCE, eventually, repository};

/// One line of a recording.
struct Recorded {
    at: f64,
    connection: String,
    what: String,
    bytes: Vec<u8>,
}

fn recordings() -> Vec<(String, Vec<Recorded>)> {
    let folder: PathBuf = repository().join("../shared/captures/bcp-rpchat");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: {} is not there", folder.display());
        return Vec::new();
    };
    let mut recordings = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| line[key].as_str().unwrap().to_owned();
            Recorded {
                at: line["t_ms"].as_f64().unwrap(),
                connection: text("conn"),
                what: text("dir"),
                bytes: bytes(&text("hex")),
            }
        });
        recordings.push((path.display().to_string(), lines.collect()));
    }
    assert!(!recordings.is_empty());
    recordings
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex
        .chars()
        .map(|digit| digit.to_digit(16).unwrap())
        .collect();
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap())
        .collect()
}

fn codec() -> std::sync::Arc<Codec> {
    let selection = Selection {
        paths: vec![repository().join("scenarios/bcp")],
        dialect: Some("rpchat".to_owned()),
        ..Selection::default()
    };
    let mut diagnostics = Diagnostics::default();
    let suites = load(&selection, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.to_plain_text());
    std::sync::Arc::clone(&suites[0].protocol.codec)
}

/// Takes whole messages off the front of what has come.
fn take(codec: &Codec, direction: Direction, pending: &mut Vec<u8>) -> Vec<Message> {
    let mut messages = Vec::new();
    while !pending.is_empty() {
        match codec.decode(direction, pending) {
            Decoded::Message { message, len } => {
                messages.push(message);
                pending.drain(..len);
            }
            Decoded::More { .. } => break,
            Decoded::Malformed(malformed) => panic!("{malformed:?} in {pending:02x?}"),
        }
    }
    messages
}

#[test]
fn every_byte_is_described() {
    let codec = codec();
    let mut kinds: HashMap<String, usize> = HashMap::new();
    for (name, lines) in recordings() {
        let mut pending: HashMap<(String, String), Vec<u8>> = HashMap::new();
        for line in lines {
            let direction = match line.what.as_str() {
                "c2s" => Direction::ToServer,
                "s2c" => Direction::ToClient,
                _ => continue,
            };
            let stream = pending.entry((line.connection, line.what)).or_default();
            stream.extend(line.bytes);
            for message in take(&codec, direction, stream) {
                *kinds.entry(message.kind.to_string()).or_default() += 1;
            }
        }
        for (stream, rest) in pending {
            assert!(
                rest.is_empty(),
                "{name} {stream:?}: {rest:02x?} is left over"
            );
        }
    }
    for kind in ["register", "send", "notice", "deliver", "status"] {
        assert!(
            kinds.is_empty() || kinds.contains_key(kind),
            "no {kind}: {kinds:?}"
        );
    }
}

/// The reference server as a process of its own.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start() -> Self {
        let port = harness::run::Ports::default().take().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_harness"))
            .args(["reference-server", "bcp", "--dialect", "rpchat", "--port"])
            .arg(port.to_string())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, port };
        eventually("a server that listens", || server.connect());
        server
    }

    fn connect(&self) -> Option<TcpStream> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok()?;
        stream
            .set_read_timeout(Some(Duration::from_millis(5)))
            .ok()?;
        Some(stream)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a recorded client did, and how many messages it had received before.
struct Action {
    at: f64,
    connection: String,
    what: Doing,
    after: usize,
}

enum Doing {
    Open,
    Send(Vec<u8>),
    Close,
}

/// How far lines of different connections can stand in the wrong order, in milliseconds: the
/// recorder had a thread for each way.
const BLUR: f64 = 20.0;

/// The actions of a recording in its order, and what each connection received.
fn script(
    codec: &Codec,
    lines: Vec<Recorded>,
) -> (VecDeque<Action>, HashMap<String, Vec<Message>>) {
    let mut actions = VecDeque::new();
    let mut begun: HashMap<String, Vec<u8>> = HashMap::new();
    let mut expected: HashMap<String, Vec<Message>> = HashMap::new();
    for line in lines {
        let received = expected.entry(line.connection.clone()).or_default();
        let what = match line.what.as_str() {
            "open" => Doing::Open,
            "c2s" => Doing::Send(line.bytes),
            "s2c" => {
                let stream = begun.entry(line.connection).or_default();
                stream.extend(line.bytes);
                received.extend(take(codec, Direction::ToClient, stream));
                continue;
            }
            _ => Doing::Close,
        };
        // A client speaks first, whatever the order of the lines.
        let spoke = |action: &Action| {
            action.connection == line.connection && matches!(action.what, Doing::Send(_))
        };
        let first = matches!(what, Doing::Send(_)) && !actions.iter().any(spoke);
        let after = if first { 0 } else { received.len() };
        actions.push_back(Action {
            at: line.at,
            connection: line.connection,
            what,
            after,
        });
    }
    (actions, expected)
}

/// One replayed connection.
struct Replay {
    stream: Option<TcpStream>,
    pending: Vec<u8>,
    received: Vec<Message>,
}

impl Replay {
    /// Reads what has come.
    fn read(&mut self, codec: &Codec) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        let mut space = [0; 4096];
        if let Ok(count) = stream.read(&mut space) {
            self.pending.extend(&space[..count]);
        }
        let messages = take(codec, Direction::ToClient, &mut self.pending);
        self.received.extend(messages);
    }
}

/// Does what the recorded clients did, each as soon as it has received what it had then.
fn replay(codec: &Codec, mut actions: VecDeque<Action>) -> HashMap<String, Replay> {
    let server = Server::start();
    let mut replays: HashMap<String, Replay> = HashMap::new();
    let until = Instant::now() + PATIENCE / 5;
    while let Some(first) = actions.front().map(|action| action.at) {
        let ready = |(index, action): &(usize, &Action)| {
            let received = replays
                .get(&action.connection)
                .map_or(0, |r| r.received.len());
            let mut before = actions.iter().take(*index);
            action.at <= first + BLUR
                && received >= action.after
                && before.all(|earlier| earlier.connection != action.connection)
        };
        let next = actions
            .iter()
            .enumerate()
            .find(ready)
            .map(|(index, _)| index);
        if let Some(action) = next.and_then(|index| actions.remove(index)) {
            act(&server, &mut replays, action);
            continue;
        }
        assert!(
            Instant::now() < until,
            "what was recorded before {first} ms does not come: {:?}",
            replays
                .iter()
                .map(|(name, r)| (name, &r.received))
                .collect::<Vec<_>>()
        );
        for replay in replays.values_mut() {
            replay.read(codec);
        }
    }
    replays
}

fn act(server: &Server, replays: &mut HashMap<String, Replay>, action: Action) {
    let replay = replays.entry(action.connection).or_insert_with(|| Replay {
        stream: None,
        pending: Vec::new(),
        received: Vec::new(),
    });
    match action.what {
        Doing::Open => replay.stream = server.connect(),
        Doing::Close => replay.stream = None,
        Doing::Send(bytes) => {
            let _ = replay.stream.as_mut().unwrap().write_all(&bytes);
        }
    }
}

/// The form of a message: its kind, and its fields as far as a server has no choice.
fn form(message: &Message) -> String {
    match &*message.kind {
        // Who is listed, and in which words somebody comes or goes, is the server's choice.
        "notice" => "notice".to_owned(),
        _ => format!("{message:?}"),
    }
}

#[test]
fn replayed_clients_get_answers_of_the_recorded_form() {
    let codec = codec();
    for (name, lines) in recordings() {
        let (actions, expected) = script(&codec, lines);
        let replays = replay(&codec, actions);
        for (connection, expected) in expected {
            let replayed = replays.get(&connection);
            let received = replayed.map_or(&[][..], |replay| &replay.received);
            let forms = |messages: &[Message]| messages.iter().map(form).collect::<Vec<_>>();
            assert_eq!(forms(received), forms(&expected), "{name}: {connection}");
        }
    }
}

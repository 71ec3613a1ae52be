//! Servers under attack, as processes of their own: everybody else is served, memory stays
//! bounded, and nothing panics.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "what fails here fails the test, and says how to try it again"
)]

#[path = "../../../reference-codecs/tests/fuzz/mutator.rs"]
#[expect(dead_code, reason = "a server is only sent the bytes")]
mod mutator;
mod program;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "other tests need more")]
mod support;
mod victim;

use std::fmt::Debug;
use std::sync::Mutex;

use reference_codecs::csc328::Dialect;
use reference_codecs::{Decode, Decoder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use mutator::fuzz;
use program::Program;
use support::{DEADLINE, connect, next_message, open_files_suffice};
use victim::Victim;

/// How many connections send spoilt messages unless `FUZZ_ITERATIONS` says so.
const GARBAGE: u64 = 300;

/// How many connections announce much, of each kind.
const ANNOUNCERS: usize = 100;

/// How many connections never read.
const DEAF: usize = 1000;

/// How many of the longest texts are sent while they do not.
const TEXTS: usize = 200;

/// More memory in MiB than any server needs. Without its bounds each would take several times as
/// much.
const MOST: u64 = 256;

/// A client that keeps to the protocol.
struct Guest<'a, M: Decode> {
    victim: &'a Victim<M>,
    stream: TcpStream,
    decoder: Decoder<M>,
}

impl<'a, M: Decode + Debug> Guest<'a, M> {
    /// Joins; the guest, and the last that it was told then.
    async fn join(victim: &'a Victim<M>, program: &Program, name: &str) -> (Self, M) {
        let mut guest = Self {
            victim,
            stream: connect(program.address).await,
            decoder: Decoder::new(victim.dialect),
        };
        guest.send(&(victim.join)(name)).await;
        let told = guest.until(victim.has_joined).await;
        (guest, told)
    }

    async fn send(&mut self, bytes: &[u8]) {
        let written = timeout(DEADLINE, self.stream.write_all(bytes)).await;
        written.expect("the server does not read").unwrap();
    }

    /// The first message of this kind.
    async fn until(&mut self, is_it: impl Fn(&M) -> bool) -> M {
        loop {
            let message = next_message(&mut self.stream, &mut self.decoder).await;
            let message = message.expect("the connection was closed");
            if let Some(reply) = (self.victim.reply)(&message) {
                self.send(&reply).await;
            }
            if is_it(&message) {
                return message;
            }
        }
    }
}

/// Two honest clients of a server.
struct Guests<'a, M: Decode> {
    alice: Guest<'a, M>,
    told: M,
    bob: Guest<'a, M>,
    said: usize,
}

impl<'a, M: Decode + Debug> Guests<'a, M> {
    async fn join(victim: &'a Victim<M>, program: &Program) -> Self {
        for name in &victim.names {
            Guest::join(victim, program, name).await;
        }
        let (alice, told) = Guest::join(victim, program, "alice").await;
        let (bob, _) = Guest::join(victim, program, "bob").await;
        Self {
            alice,
            told,
            bob,
            said: 0,
        }
    }

    /// What alice says reaches bob.
    async fn are_served(&mut self, padding: usize) {
        self.said += 1;
        let text = format!("{:z<padding$}", self.said);
        let victim = self.alice.victim;
        self.alice.send(&(victim.say)(&text, &self.told)).await;
        self.bob
            .until(|message| (victim.hears)(message, &text))
            .await;
    }
}

fn attack<M: Decode + Debug>(victim: &Victim<M>) {
    assert!(open_files_suffice(), "this test needs 3,000 open files");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let program = Program::start(victim.arguments);
    let mut guests = runtime.block_on(Guests::join(victim, &program));
    let open = Mutex::new(Vec::new());
    fuzz(victim.arguments[0], GARBAGE, &victim.valid, |case| {
        let sending = send_garbage(&program, case.pieces());
        open.lock().unwrap().push(runtime.block_on(sending));
    });
    runtime.block_on(async {
        guests.are_served(1).await;
        for stream in open.into_inner().unwrap() {
            ends(stream).await;
        }
        guests.are_served(1).await;
        let _announcers = announce(&program, &victim.announced).await;
        guests.are_served(1).await;
        let _deaf = deafen(&program, victim, &guests.told).await;
        for _ in 0..TEXTS {
            guests.are_served(victim.longest).await;
        }
    });
    program.stops_unharmed(MOST);
}

async fn send_garbage(program: &Program, pieces: impl Iterator<Item = &[u8]>) -> TcpStream {
    let mut stream = connect(program.address).await;
    for piece in pieces {
        // The server may have closed already.
        let _ = stream.write_all(piece).await;
    }
    stream
}

/// A connection that says nothing more is closed.
async fn ends(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut rest = Vec::new();
    let ended = timeout(DEADLINE, stream.read_to_end(&mut rest)).await;
    // By its end or by a reset.
    let _ = ended.expect("it stays open");
}

async fn announce(program: &Program, announced: &[Vec<u8>]) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for bytes in announced {
        for _ in 0..ANNOUNCERS {
            streams.push(send_garbage(program, std::iter::once(bytes.as_slice())).await);
        }
    }
    streams
}

/// Clients that ask for much and read nothing.
async fn deafen<M: Decode>(program: &Program, victim: &Victim<M>, told: &M) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for index in 0..DEAF {
        let socket = TcpSocket::new_v4().unwrap();
        // Little is left to the system, so that the server is left with the rest.
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = socket.connect(program.address).await.unwrap();
        // What the server does not take is not sent.
        stream.writable().await.unwrap();
        let _ = stream.try_write(&(victim.deaf)(index, told));
        streams.push(stream);
    }
    streams
}

#[test]
fn bcp() {
    attack(&victim::bcp());
}

#[test]
fn chatbooth() {
    attack(&victim::chatbooth());
}

#[test]
fn csc328() {
    attack(&victim::csc328(Dialect::Word, &["csc328"]));
}

#[test]
fn csc328_with_sizes_of_32_bits() {
    let arguments = &["csc328", "--dialect", "json32"];
    attack(&victim::csc328(Dialect::Json32, arguments));
}

#[test]
fn wireproto() {
    attack(&victim::wireproto());
}

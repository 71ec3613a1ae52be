//! Peers that are no servers at all. Whatever they do, the harness ends, in time, with the right
//! exit status.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::peer::{Listener, heard, status};
use crate::program::{Ended, Running, peak_memory, run, run_with};

/// Enough for every deadline of the scenarios of these tests, one after the other, and a busy
/// machine.
const SOON: Duration = Duration::from_secs(25);

/// The most memory that judging may take, in KiB.
const MEMORY: u64 = 64 * 1024;

fn judge(serve: fn(TcpStream)) -> Ended {
    run_with(|| {
        let peer = Listener::start(serve);
        let words = [
            "run",
            "protocols/talk",
            "--jobs",
            "6",
            "--target",
            &peer.target(),
        ];
        let words = words.map(str::to_owned);
        (peer, words.to_vec())
    })
    .within(SOON)
}

fn drain(mut stream: TcpStream) {
    let _ = std::io::copy(&mut stream, &mut std::io::sink());
}

/// Writes until the other side has had enough.
fn pour(mut stream: TcpStream, mut bytes: impl FnMut() -> Vec<u8>) {
    while stream.write_all(&bytes()).is_ok() {}
}

/// Numbers without a pattern, the same in every run.
struct Noise(u64);

impl Noise {
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut next = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0.to_le_bytes()[3]
        };
        (0..count).map(|_| next()).collect()
    }
}

#[test]
fn nobody_listens() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    run(&["run", "protocols/talk", "--target", &address])
        .expect(3)
        .says("cannot be reached")
        .says("11 undecided")
        .within(SOON);
}

#[test]
fn accepts_and_says_nothing() {
    judge(drain).expect(1).says("T-1 (must)");
}

#[test]
fn accepts_and_closes() {
    judge(drop)
        .expect(1)
        .says("the server ended the connection");
}

#[test]
fn accepts_and_resets() {
    judge(|stream| {
        let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    })
    .expect(1)
    .says("the end of the connection");
}

#[test]
fn never_reads() {
    judge(|stream| {
        while stream.peek(&mut [0]).is_ok_and(|count| count > 0) {
            thread::park_timeout(Duration::from_secs(1));
        }
    })
    .expect(1)
    .says("T-1 (must)");
}

#[test]
fn random_bytes_without_end() {
    judge(|stream| {
        let mut noise = Noise(0x2545_f491_4f6c_dd1d);
        pour(stream, move || noise.bytes(4096));
    })
    .expect(1)
    .says("T-9 (must)");
}

#[test]
fn one_byte_and_the_end() {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    judge(|mut stream| {
        let bytes = [1, 2, 3, 4, 0, 255];
        let turn = NEXT.fetch_add(1, Ordering::Relaxed);
        let _ = stream.write_all(&[bytes[turn % bytes.len()]]);
    })
    .expect(1)
    .says("T-9 (must)");
}

#[test]
fn a_great_length_and_nothing_behind_it() {
    judge(|mut stream| {
        let _ = stream.write_all(&[4, 0, 0xff, 0xff]);
        drain(stream);
    })
    .expect(1)
    .says("T-9 (must)")
    .says("a message began and did not end");
}

#[test]
fn one_answer_and_the_end() {
    judge(|mut stream| {
        let mut bytes = [0; 64];
        let _ = stream.read(&mut bytes);
        let _ = stream.write_all(&status(0));
    })
    .expect(1)
    .says(" passed, ");
}

#[test]
fn listens_only_once() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let accepted = listener.accept();
        drop(listener);
        if let Ok((stream, _)) = accepted {
            drain(stream);
        }
    });
    run(&["run", "protocols/talk", "--target", &address])
        .expect(1)
        .says("nothing listens at")
        .says("cannot be reached")
        .within(SOON);
}

/// Runs the harness against a server that sends a message without end, and reads all it gets.
/// It ends in time and in bounds; and the server is at fault, unless this machine leaves the harness
/// so little time that it cannot tell.
fn flood(message: &[u8], arguments: &[&str]) {
    let many = message.repeat(60_000 / message.len() + 1);
    let peer = Listener::start(move |stream| {
        if let Ok(reader) = stream.try_clone() {
            thread::spawn(move || drain(reader));
        }
        pour(stream, || many.clone());
    });
    let target = peer.target();
    let mut run = Running::start(&[&["run", "--target", &target], arguments].concat());
    let mut memory = 0;
    let ended = run.finish(|pid| memory = peak_memory(pid).unwrap_or_default().max(memory));
    let busy = ended.code == Some(3) && ended.stdout.contains("the machine is busy");
    if !busy {
        ended.expect(1).within(SOON);
    }
    assert!((1..MEMORY).contains(&memory), "{memory} KiB");
}

const ONE: [&str; 3] = ["protocols/talk", "--filter", "is welcomed"];

#[test]
fn valid_answers_without_end() {
    flood(&status(0), &ONE);
}

#[test]
fn ignored_messages_without_end() {
    flood(&heard(b"server", b"news"), &ONE);
}

#[test]
fn great_messages_without_end() {
    flood(&heard(b"bob", &[b'x'; 60_000]), &ONE);
}

#[test]
fn great_ignored_messages_without_end() {
    flood(&heard(b"server", &[b'x'; 60_000]), &ONE);
}

#[test]
fn messages_without_end_on_many_connections() {
    flood(&heard(b"bob", b"news"), &["protocols/flood"]);
}

#[test]
fn great_messages_without_end_on_many_connections() {
    flood(&heard(b"server", &[b'x'; 30_000]), &["protocols/flood"]);
}

#[test]
fn messages_without_end_in_many_scenarios_at_once() {
    let message = heard(b"bob", &[b'x'; 60_000]);
    flood(&message, &["protocols/talk", "--jobs", "16"]);
}

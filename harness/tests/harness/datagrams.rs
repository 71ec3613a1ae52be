//! Servers that speak in datagrams: one that keeps the rules of `protocols/post` but for one fault,
//! and some that keep none.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::program::{Ended, run, run_with};

/// Where a server differs from one that keeps the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Silent,
    Garbage,
    Truncated,
    Flood,
    AnswersTwice,
    AnswersTheMainSocket,
    Lost,
    HeardTwice,
}

/// How often a flood sends for one request.
const FLOOD: usize = 20_000;

/// A server in a thread of its own, until it is dropped.
struct Post {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

impl Post {
    fn start(fault: Fault) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        let stopped = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&stopped);
        thread::spawn(move || serve(&socket, fault, &end));
        Self { address, stopped }
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let wake = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let _ = wake.send_to(b"END", self.address);
    }
}

fn serve(socket: &UdpSocket, fault: Fault, stopped: &AtomicBool) {
    let pushes = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut users: HashMap<String, SocketAddr> = HashMap::new();
    let mut space = vec![0; 65_536];
    while let Ok((len, source)) = socket.recv_from(&mut space) {
        if stopped.load(Ordering::SeqCst) {
            return;
        }
        let text = String::from_utf8_lossy(&space[..len]).into_owned();
        let words: Vec<&str> = text.splitn(3, ' ').collect();
        let answer = |text: &str| match fault {
            Fault::Silent => {}
            Fault::Garbage => drop(socket.send_to(b"\xff\xfe\x00", source)),
            Fault::Truncated => drop(socket.send_to(&text.as_bytes()[..3], source)),
            Fault::Flood => {
                for _ in 0..FLOOD {
                    let _ = socket.send_to(b"REPLY flood", source);
                }
            }
            _ => {
                let _ = socket.send_to(text.as_bytes(), source);
                if fault == Fault::AnswersTwice {
                    let _ = socket.send_to(text.as_bytes(), source);
                }
            }
        };
        match words[..] {
            ["JOIN", name, port] => {
                let place = (Ipv4Addr::LOCALHOST, port.parse().unwrap_or(1)).into();
                users.insert(name.to_owned(), place);
                let joined = format!("JOINED {name}");
                match fault {
                    Fault::AnswersTheMainSocket => {
                        let _ = socket.send_to(joined.as_bytes(), place);
                    }
                    _ => answer(&joined),
                }
            }
            ["SAY", name, said] => {
                answer("SAID");
                let others = users.iter().filter(|(other, _)| *other != name);
                let times = match fault {
                    Fault::Lost => 0,
                    Fault::HeardTwice => 2,
                    _ => 1,
                };
                for (_, place) in others {
                    for _ in 0..times {
                        let _ = pushes.send_to(format!("HEARD {name} {said}").as_bytes(), *place);
                    }
                }
            }
            ["ACK", _] => {}
            _ => answer("WRONG"),
        }
    }
}

fn judged(fault: Fault, more: &'static [&'static str]) -> Ended {
    run_with(|| {
        let post = Post::start(fault);
        let target = post.address.to_string();
        let mut words = vec!["run", "protocols/post", "--target", &target];
        words.extend_from_slice(more);
        let words = words.into_iter().map(str::to_owned).collect();
        (post, words)
    })
    .within(Duration::from_secs(45))
}

const TALK: &[&str] = &["--filter", "what one says"];

#[test]
fn a_server_that_keeps_the_rules_passes() {
    judged(Fault::None, &[])
        .expect(0)
        .says("9 passed, 1 skipped");
}

#[test]
fn silence_breaks_the_rule_of_what_was_asked() {
    judged(Fault::Silent, &["--filter", "a datagram can be cut"])
        .expect(3)
        .says("its setup failed")
        .says("what was expected did not come in time");
}

#[test]
fn garbage_is_no_message() {
    judged(Fault::Garbage, TALK)
        .expect(1)
        .says("P-4 (must)")
        .says("bytes that are no message, at offset 0");
}

#[test]
fn a_truncated_datagram_is_no_message() {
    judged(Fault::Truncated, TALK)
        .expect(1)
        .says("P-4 (must)")
        .says("\"JOI\"");
}

#[test]
fn a_flood_ends() {
    judged(Fault::Flood, &["--filter", "each request"])
        .expect(1)
        .says("flood");
}

#[test]
fn a_second_answer_is_a_stray_one() {
    judged(Fault::AnswersTwice, &["--filter", "each request"])
        .expect(1)
        .says("P-1 (must)")
        .says("a message came");
}

#[test]
fn an_answer_to_the_wrong_socket_is_shown() {
    judged(Fault::AnswersTheMainSocket, TALK)
        .expect(3)
        .says("its setup failed");
}

#[test]
fn a_lost_push_is_missed() {
    judged(Fault::Lost, TALK)
        .expect(1)
        .says("P-2 (must)")
        .says("what was expected did not come in time");
}

#[test]
fn a_push_too_many_is_seen_by_the_fence() {
    judged(Fault::HeardTwice, TALK).expect(1).says("P-2 (must)");
}

#[test]
fn the_protocol_is_found_by_asking() {
    let post = Post::start(Fault::None);
    let target = post.address.to_string();
    let paths = ["run", "protocols/talk", "protocols/bare", "protocols/post"];
    let more = ["--target", &target];
    run(&[&paths[..], &more[..]].concat())
        .expect(0)
        .complains("speaks post: only its scenarios are run");
}

#[test]
fn nobody_listens() {
    let port = harness::run::Ports::default().take().unwrap();
    let address = format!("127.0.0.1:{port}");
    run(&["run", "protocols/post", "--target", &address])
        .expect(3)
        .says("cannot be reached");
}

#[test]
fn a_program_is_started_killed_and_started_again() {
    run(&[
        "run",
        "protocols/post",
        "--spawn",
        "python3 programs/post.py {port} {dir}/users",
    ])
    .expect(0)
    .says("10 passed");
}

#[test]
fn a_program_that_does_not_listen_is_no_fault_of_a_rule() {
    run(&[
        "run",
        "protocols/post",
        "--filter",
        "each request",
        "--spawn",
        "sh -c 'exit 3' {port}",
    ])
    .expect(3)
    .says("the program ended before it listened: exit status 3");
}

//! The program as users start and stop it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what fails here fails the test"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;
use predicates::prelude::*;
use rustix::process::{Pid, Signal, kill_process};

const DEADLINE: Duration = Duration::from_secs(20);

/// A started server; killed when a test fails.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Waits for the line of the log that names the address.
    fn start(args: &[&str]) -> Self {
        Self::listening(command(args).stdout(Stdio::piped()).spawn().unwrap())
    }

    fn listening(mut child: Child) -> Self {
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        let address = address_in(&line);
        child.stdout = Some(log.into_inner());
        Self { child, address }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    fn join(&self, name: &str) -> TcpStream {
        let mut stream = self.connect();
        let len = u16::try_from(name.len()).unwrap().to_be_bytes();
        stream
            .write_all(&[&[1], &len[..], name.as_bytes()].concat())
            .unwrap();
        expect(&mut stream, b"\x04\x00\x00\x00");
        stream
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn stop(mut self, signal: Signal) -> (ExitStatus, Duration) {
        let started = Instant::now();
        self.signal(signal);
        while started.elapsed() < DEADLINE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, started.elapsed());
            }
            std::thread::yield_now();
        }
        panic!("the server ignores {signal:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(args: &[&str]) -> Command {
    command_of("bcp", args)
}

fn command_of(protocol: &str, args: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin("reference-server"));
    command.arg(protocol).args(["-p", "0"]).args(args);
    command
}

fn address_in(line: &str) -> SocketAddr {
    let (_, address) = line.trim_end().split_once(" listening on ").expect(line);
    address.parse().unwrap()
}

fn expect(stream: &mut TcpStream, bytes: &[u8]) {
    let mut received = vec![0; bytes.len()];
    stream.read_exact(&mut received).unwrap();
    assert_eq!(received, bytes);
}

/// Says a text and takes the answer; nothing may be outstanding.
fn say(stream: &mut TcpStream, text: &str) {
    let len = u16::try_from(text.len()).unwrap().to_be_bytes();
    stream
        .write_all(&[&[2], &len[..], text.as_bytes()].concat())
        .unwrap();
    expect(stream, b"\x04\x00\x00\x00");
}

/// Takes the list and leaves it unacknowledged.
fn take_list(stream: &mut TcpStream) {
    let mut head = [0; 9];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"\x03\x00\x06server");
    let mut len = [0; 2];
    stream.read_exact(&mut len).unwrap();
    let mut text = vec![0; usize::from(u16::from_be_bytes(len))];
    stream.read_exact(&mut text).unwrap();
}

fn is_closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
}

/// Waits until the file says so.
fn wait_for(path: &Path, text: &str) -> String {
    let started = Instant::now();
    while started.elapsed() < DEADLINE {
        let log = std::fs::read_to_string(path).unwrap_or_default();
        if log.contains(text) {
            return log;
        }
        std::thread::yield_now();
    }
    panic!("no {text:?} in {}", path.display());
}

#[test]
fn signals_stop_it_at_once_whatever_the_clients_do() {
    for signal in [Signal::INT, Signal::TERM] {
        let server = Server::start(&[]);
        let mut unregistered = server.connect();
        let mut alice = server.join("alice");
        take_list(&mut alice);
        let mut bob = server.join("bob");
        say(&mut alice, "nobody acknowledges this");
        // Answers that nobody reads, until the server reads no more.
        bob.set_nonblocking(true).unwrap();
        while bob.write(&b"\x02\x00\x00".repeat(1 << 16)).is_ok() {}
        bob.set_nonblocking(false).unwrap();
        let (status, took) = server.stop(signal);
        assert_eq!(status.code(), Some(0), "{signal:?}");
        assert!(took < Duration::from_secs(1), "{took:?}");
        for stream in [&mut unregistered, &mut alice, &mut bob] {
            is_closed(stream);
        }
    }
}

/// The group chat tells the seconds, keeps to them and ends well; it does not for a second signal.
#[test]
fn a_server_that_takes_its_time_ends_at_the_second_signal() {
    let announced = |signal, delay: &str| {
        let mut command = command_of("csc328", &["--dialect", "line", "--shutdown-delay", delay]);
        let server = Server::listening(command.stdout(Stdio::piped()).spawn().unwrap());
        let mut alice = server.connect();
        expect(&mut alice, b"HELLO\n");
        server.signal(signal);
        let told = format!("Server will shut down in {} seconds\n", &delay[..1]);
        expect(&mut alice, told.as_bytes());
        assert!(TcpStream::connect(server.address).is_err());
        (server, alice)
    };
    let (mut server, mut alice) = announced(Signal::INT, "1s");
    let told = Instant::now();
    is_closed(&mut alice);
    let closed = told.elapsed();
    assert!((900..2000).contains(&closed.as_millis()), "{closed:?}");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    assert!(told.elapsed() < Duration::from_secs(2));

    let (server, mut alice) = announced(Signal::TERM, "9s");
    let (status, took) = server.stop(Signal::INT);
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(1), "{took:?}");
    is_closed(&mut alice);
}

#[test]
fn the_port_is_free_again_after_a_stop() {
    for protocol in ["bcp", "chatbooth", "wireproto"] {
        let start = |port: &str| {
            let server = Command::new(cargo_bin("reference-server"))
                .args([protocol, "-p", port])
                .stdout(Stdio::piped())
                .spawn();
            Server::listening(server.unwrap())
        };
        let server = start("0");
        let mut client = server.connect();
        let address = server.address;
        let (status, took) = server.stop(Signal::INT);
        assert_eq!(status.code(), Some(0), "{protocol}");
        assert!(took < Duration::from_secs(1), "{protocol} took {took:?}");
        is_closed(&mut client);
        let server = start(&address.port().to_string());
        assert_eq!(server.address, address);
        let (status, _) = server.stop(Signal::TERM);
        assert_eq!(status.code(), Some(0), "{protocol}");
    }
}

#[test]
fn the_log_tells_who_came_what_was_said_and_who_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.log");
    std::fs::write(&path, "kept\n").unwrap();
    let child = command(&["-l", path.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let address = address_in(wait_for(&path, "\n2").lines().last().unwrap());
    let server = Server { child, address };
    let mut eve = server.join("eve");
    take_list(&mut eve);
    say(&mut eve, "\x1b[2J\nfake line");
    drop(eve);
    let log = wait_for(&path, "disconnect eve");
    assert!(log.starts_with("kept\n"), "{log}");
    let lines: Vec<&str> = log
        .lines()
        .skip(2)
        .map(|line| line.split_once("Z ").unwrap().1)
        .collect();
    let expected = [
        "register eve",
        "message eve: \\u{1b}[2J\\nfake line",
        "disconnect eve: closed by the client",
    ];
    assert_eq!(lines, expected);
    let mut server = server;
    let (mut stdout, mut stderr) = (
        server.child.stdout.take().unwrap(),
        server.child.stderr.take().unwrap(),
    );
    server.stop(Signal::INT);
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .ends_with("stopped\n")
    );
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "nothing but the log is written");
}

#[test]
fn a_log_that_nobody_reads_stops_nothing() {
    let server = Server::start(&[]);
    let mut alice = server.join("alice");
    take_list(&mut alice);
    let long = "z".repeat(4095);
    // Far more than a pipe and the queue of the log hold.
    for _ in 0..2000 {
        say(&mut alice, &long);
    }
    let (status, took) = server.stop(Signal::INT);
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn a_log_that_is_closed_stops_nothing() {
    let mut child = command(&[])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = child.stderr.take().unwrap();
    let mut server = Server::listening(child);
    drop(server.child.stdout.take());
    let mut alice = server.join("alice");
    take_list(&mut alice);
    let mut complaint = String::new();
    BufReader::new(stderr).read_line(&mut complaint).unwrap();
    assert!(
        complaint.starts_with("reference-server: the log cannot be written"),
        "{complaint}"
    );
    say(&mut alice, "still here");
    let (status, _) = server.stop(Signal::TERM);
    assert_eq!(status.code(), Some(0));
}

#[test]
fn running_out_of_open_files_is_survived() {
    let binary = cargo_bin("reference-server");
    let child = Command::new("sh")
        .args(["-c", "ulimit -n 40 && exec \"$0\" bcp -p 0"])
        .arg(binary)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut server = Server::listening(child);
    let mut complaints = BufReader::new(server.child.stderr.take().unwrap()).lines();
    let first = complaints.next().unwrap().unwrap();
    assert!(first.contains("only 40 files may be open"), "{first}");
    let mut alice = server.join("alice");
    take_list(&mut alice);
    let crowd: Vec<TcpStream> = (0..60).map(|_| server.connect()).collect();
    let second = complaints.next().unwrap().unwrap();
    assert!(
        second.contains("cannot accept connections for now"),
        "{second}"
    );
    say(&mut alice, "still here");
    drop(crowd);
    let _bob = server.join("bob");
    server.stop(Signal::INT);
}

#[test]
fn what_cannot_be_started_is_said_in_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let fails = |args: &[&str], message: &str| {
        assert_cmd::Command::cargo_bin("reference-server")
            .unwrap()
            .arg("bcp")
            .args(args)
            .timeout(DEADLINE)
            .assert()
            .code(2)
            .stdout("")
            .stderr(predicate::str::contains(message));
    };
    fails(
        &["-p", &port],
        &format!("cannot listen on 127.0.0.1:{port}: the port is in use"),
    );
    fails(&["-p", "65536"], "65536 is not in 0..=65535");
    fails(&["-p", "http"], "invalid digit");
    fails(
        &["-p", "0", "--host", "203.0.113.1"],
        "does not have the address",
    );
    fails(&["-p", "0", "--host", "nowhere"], "invalid IP address");
    fails(
        &["-p", "0", "-l", "/nowhere/server.log"],
        "cannot write the log to /nowhere/server.log",
    );
    fails(&["--dialect", "c"], "the dialects are spec and rpchat");
    fails(&["--idle-timeout", "60"], "write a whole number and a unit");
}

#[test]
fn help_is_no_error() {
    let help = |args: &[&str]| {
        assert_cmd::Command::cargo_bin("reference-server")
            .unwrap()
            .args(args)
            .assert()
    };
    help(&["--help"])
        .success()
        .stdout(predicate::str::contains("bcp"));
    help(&["bcp", "--help"])
        .success()
        .stdout(predicate::str::contains("[default: 9001]"));
    help(&["chatapp", "--help"])
        .success()
        .stdout(predicate::str::contains("[default: 4119]"))
        .stdout(predicate::str::contains("loopback"));
    help(&["chatbooth", "--help"])
        .success()
        .stdout(predicate::str::contains("[default: 8080]"));
    help(&["chatbooth", "--max-body", "1MB"])
        .code(2)
        .stderr(predicate::str::contains("4096, 64KiB or 1MiB"));
    help(&["wireproto", "--help"])
        .success()
        .stdout(predicate::str::contains("[default: 16KiB]"));
    help(&["wireproto", "--max-message", "1MiB"])
        .code(2)
        .stderr(predicate::str::contains("from 1KiB to 64KiB"));
    help(&[]).code(2);
    help(&["nothing"]).code(2);
}

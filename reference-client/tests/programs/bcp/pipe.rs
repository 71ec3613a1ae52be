//! The client between pipes.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use assert_cmd::Command as Checked;
use predicates::str::contains;
use rustix::process::Signal;

use super::{OK, accept_alice, ack, alice, deliver, piped_alice, register, send};
use crate::peer::{Listening, Refusing};
use crate::program::Program;

#[test]
fn chats_in_both_dialects() {
    for (dialect, nul) in [("spec", ""), ("rpchat", "\0")] {
        let listening = Listening::new();
        let mut program = piped_alice(listening.port(), &["--dialect", dialect]);
        let mut peer = accept_alice(listening);
        peer.write(&deliver(&format!("bob{nul}"), &format!("grüße{nul}")));
        peer.expect(ack(dialect));
        program.expect_output("bob: grüße\n");
        program.write("hello bob\n\n");
        peer.expect(&send("hello bob"));
        peer.write(OK);
        program.close_input();
        peer.expect_end();
        let out = "bob: grüße\nalice: hello bob\n".to_owned();
        assert_eq!(program.finish(), (Some(0), out, String::new()));
    }
}

#[test]
fn the_exchange_recorded_from_the_c_server() {
    let listening = Listening::new();
    let mut program = piped_alice(listening.port(), &["--dialect", "rpchat"]);
    let mut peer = listening.accept();
    peer.expect(b"\x01\x00\x05alice");
    peer.write(
        b"\x04\x00\x00\x00\x03\x00\x08[Server]\x00\x27Logged in as alice.\nCurrent Clients: \n\x00",
    );
    peer.expect(b"\x04\x00");
    peer.write(b"\x03\x00\x08[Server]\x00\x1bbob has joined the server.\x00");
    peer.expect(b"\x04\x00");
    program.write("hello bob\n");
    peer.expect(b"\x02\x00\x09hello bob");
    peer.write(b"\x04\x00\x00\x00");
    peer.write(b"\x03\x00\x04bob\x00\x00\x09hi alice\x00");
    peer.expect(b"\x04\x00");
    program.expect_output(
        "[Server]: Logged in as alice.\n    Current Clients: \n\
         [Server]: bob has joined the server.\nalice: hello bob\nbob: hi alice\n",
    );
}

#[test]
fn one_message_at_a_time_and_acknowledgements_meanwhile() {
    let listening = Listening::new();
    let mut program = piped_alice(listening.port(), &[]);
    program.write("one\ntwo");
    program.close_input();
    let mut peer = listening.accept();
    peer.expect(&register("alice"));
    peer.expect_silence();
    peer.write(OK);
    peer.expect(&send("one"));
    peer.write(&deliver("bob", "x"));
    peer.expect(ack("spec"));
    peer.expect_silence();
    peer.write(OK);
    peer.expect(&send("two"));
    peer.expect_silence();
    peer.write(OK);
    peer.expect_end();
    let (status, out, err) = program.finish();
    assert_eq!((status, err), (Some(0), String::new()));
    assert_eq!(out, "alice: one\nalice: two\nbob: x\n");
}

#[test]
fn a_file_as_input() {
    let mut file = tempfile::tempfile().unwrap();
    let lines: Vec<String> = (0..300).map(|i| format!("line {i}")).collect();
    file.write_all(lines.join("\r\n").as_bytes()).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let listening = Listening::new();
    let mut program = Program::spawn(alice(listening.port()).stdin(file).stdout(Stdio::piped()));
    let mut peer = accept_alice(listening);
    for line in &lines {
        peer.expect(&send(line));
        peer.write(OK);
    }
    peer.expect_end();
    let (status, out, _) = program.finish();
    assert_eq!((status, out.lines().count()), (Some(0), 300));
}

#[test]
fn bytes_one_at_a_time_and_many_messages_at_once() {
    let listening = Listening::new();
    let mut program = piped_alice(listening.port(), &[]);
    let mut peer = accept_alice(listening);
    for byte in deliver("bob", "slow") {
        peer.write(&[byte]);
    }
    program.expect_output("bob: slow\n");
    peer.write(&deliver("bob", "x").repeat(50));
    peer.expect(&ack("spec").repeat(51));
    program.expect_output(&("bob: slow\n".to_owned() + &"bob: x\n".repeat(50)));
}

#[test]
fn a_long_line_is_cut_between_characters() {
    let listening = Listening::new();
    let mut program = piped_alice(listening.port(), &[]);
    let mut peer = accept_alice(listening);
    program.write("€".repeat(3000) + "\nnext\n");
    peer.expect(&send(&"€".repeat(1365)));
    peer.write(OK);
    peer.expect(&send("next"));
    peer.write(OK);
    program.close_input();
    peer.expect_end();
    let (status, _, err) = program.finish();
    let warning = "reference-client: the message was cut to 4095 bytes\n".to_owned();
    assert_eq!((status, err), (Some(0), warning));
}

#[test]
fn an_error_is_the_exit_status() {
    let listening = Listening::new();
    let mut program = piped_alice(listening.port(), &[]);
    let mut peer = listening.accept();
    peer.write(b"\x04\x2a\x00\x06taken\x1b");
    let sentence = "reference-client: the server answered with error 42: taken\\x1b\n".to_owned();
    assert_eq!(program.finish(), (Some(42), String::new(), sentence));
}

#[test]
fn an_error_is_found_behind_a_reset() {
    let listening = Listening::new();
    let mut program = piped_alice(listening.port(), &[]);
    let mut peer = accept_alice(listening);
    program.write("x\n".repeat(20));
    peer.expect(&send("x"));
    peer.write(b"\x04\x07\x00\x00");
    drop(peer);
    assert_eq!(program.finish().0, Some(7));
}

#[test]
fn a_server_that_goes_is_told_while_nothing_is_typed() {
    for (last, words) in [
        (&b""[..], "the server has closed the connection\n"),
        (
            b"\x03\x00",
            "the server has closed the connection in the middle of a message\n",
        ),
    ] {
        let listening = Listening::new();
        let mut program = piped_alice(listening.port(), &[]);
        let mut peer = accept_alice(listening);
        peer.write(last);
        peer.close();
        let told = format!("reference-client: {words}");
        assert_eq!(program.finish(), (Some(1), String::new(), told));
    }
}

#[test]
fn bytes_that_are_no_message() {
    let listening = Listening::new();
    let mut program = piped_alice(listening.port(), &[]);
    let mut peer = accept_alice(listening);
    peer.write(&[&deliver("bob", "hi")[..], &[9]].concat());
    let (status, out, err) = program.finish();
    assert_eq!((status, out.as_str()), (Some(1), "bob: hi\n"));
    assert!(err.contains("unknown message type 9"), "{err}");
}

#[test]
fn an_answer_is_awaited_only_so_long() {
    let listening = Listening::new();
    let mut program = piped_alice(listening.port(), &[]);
    program.close_input();
    let _peer = listening.accept();
    let (status, _, err) = program.finish();
    assert_eq!(status, Some(1));
    assert!(err.contains("has not answered"), "{err}");
}

#[test]
fn signals_end_it_quietly() {
    for (signal, status) in [(Signal::INT, 0), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let listening = Listening::new();
        let mut program = piped_alice(listening.port(), &[]);
        let mut peer = accept_alice(listening);
        peer.write(&deliver("bob", "x"));
        program.expect_output("bob: x\n");
        program.signal(signal);
        assert_eq!(
            program.finish(),
            (Some(status), "bob: x\n".to_owned(), String::new())
        );
    }
}

#[test]
fn nobody_reads_the_output() {
    let listening = Listening::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut program = Program::spawn(alice(listening.port()).stdin(Stdio::piped()).stdout(writer));
    let mut peer = accept_alice(listening);
    peer.write(&deliver("bob", "x"));
    assert_eq!(program.finish(), (Some(1), String::new(), String::new()));
}

/// Neither signals nor the end of the connection are missed while the output is stuck.
#[test]
fn nobody_empties_the_output() {
    let listening = Listening::new();
    let (_reader, writer) = std::io::pipe().unwrap();
    let mut program = Program::spawn(alice(listening.port()).stdin(Stdio::piped()).stdout(writer));
    let mut peer = accept_alice(listening);
    peer.flood(&deliver("bob", &"x".repeat(1000)), 8 << 20);
    program.signal(Signal::INT);
    assert_eq!(program.finish(), (Some(0), String::new(), String::new()));
}

/// The peer never reads the acknowledgements, so the client must stop reading at some point.
#[test]
fn a_flood_does_not_fill_the_memory() {
    let listening = Listening::new();
    let mut program = Program::spawn(
        alice(listening.port())
            .stdin(Stdio::piped())
            .stdout(Stdio::null()),
    );
    let mut peer = accept_alice(listening);
    peer.flood(&deliver("", "").repeat(1000), 32 << 20);
    let path = format!("/proc/{}/status", program.pid().as_raw_nonzero());
    let status = fs::read_to_string(path).unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kib < 64 << 10, "{kib} KiB");
    drop(peer);
    assert_eq!(program.finish().0, Some(1));
}

#[test]
fn nobody_listens() {
    let refusing = Refusing::new();
    let port = refusing.port();
    let mut program = piped_alice(port, &[]);
    let (status, _, err) = program.finish();
    assert_eq!(status, Some(1));
    let told = format!("cannot connect to 127.0.0.1:{port}: ");
    assert!(err.contains(&told), "{err}");
}

#[test]
fn unusable_arguments() {
    for (arguments, words) in [
        (&["bcp"][..], "-u <NAME>"),
        (&["bcp", "-u", "a b"], "without spaces"),
        (&["bcp", "-u", "a", "-p", "0"], "1..=65535"),
        (&["bcp", "-u", "a", "-s", "nowhere"], "IP address"),
        (&["bcp", "-u", "a", "--dialect", "x"], "rpchat"),
        (&["smoke-signals"], "smoke-signals"),
    ] {
        Checked::from(Command::new(env!("CARGO_BIN_EXE_reference-client")))
            .args(arguments)
            .assert()
            .code(2)
            .stdout("")
            .stderr(contains(words));
    }
}

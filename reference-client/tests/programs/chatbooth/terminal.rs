//! The client at a pseudo-terminal.

use super::{TOKEN, answer, login, message, program};
use crate::peer::Listening;
use crate::terminal::Terminal;

const GREETING: &str = "connected; `help` lists the commands";

fn open(term: &str) -> Terminal {
    Terminal::open(term, program, Listening::accept)
}

#[test]
fn a_password_is_not_seen_and_not_recalled() {
    let mut terminal = open("xterm");
    terminal.expect(&[GREETING, "> |"]);
    terminal.press("login alice\r");
    terminal.expect(&[GREETING, "> login alice", "password: |"]);
    terminal.press("hunter2");
    terminal.peer.write(&message("hi"));
    terminal.expect(&[GREETING, "> login alice", "message: hi", "password: |"]);
    terminal.press("\r");
    terminal.peer.expect(&login("alice", "hunter2"));
    terminal.peer.write(&answer(TOKEN));
    let mut lines = vec![
        GREETING,
        "> login alice",
        "message: hi",
        "logged in as alice",
        "> |",
    ];
    terminal.expect(&lines);
    terminal.press("\x1b[A");
    *lines.last_mut().unwrap() = "> login alice|";
    terminal.expect(&lines);
    assert!(!terminal.screen.text().contains("hunter2"));
}

#[test]
fn a_pasted_password_is_not_seen_either() {
    let mut terminal = open("xterm");
    terminal.expect(&[GREETING, "> |"]);
    terminal.press("login alice\rhunter2\r\x1b[A");
    terminal.peer.expect(&login("alice", "hunter2"));
    terminal.peer.write(&answer(TOKEN));
    terminal
        .screen
        .until(|output| output.contains("logged in as alice"));
    assert!(!terminal.screen.text().contains("hunter2"));
}

#[test]
fn a_password_is_not_seen_where_nothing_can_be_drawn() {
    let mut terminal = open("dumb");
    terminal.screen.until(|output| output.contains(GREETING));
    terminal.press("login alice\n");
    terminal
        .screen
        .until(|output| output.ends_with("password: "));
    terminal.press("hunter2\n");
    terminal.peer.expect(&login("alice", "hunter2"));
    terminal.peer.write(&answer(TOKEN));
    terminal
        .screen
        .until(|output| output.ends_with("password: \r\nlogged in as alice\r\n"));
    terminal.press("exit\n");
    terminal.screen.until(|output| output.contains("exit"));
}

#[test]
fn the_terminal_is_put_back_after_exit() {
    let mut terminal = open("xterm");
    terminal.expect(&[GREETING, "> |"]);
    assert!(terminal.takes_keys());
    terminal.press("exit\r");
    terminal.expect(&[GREETING, "> exit", "> |"]);
    terminal.peer.close();
    terminal.expect_end(0, "");
}

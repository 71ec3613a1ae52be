//! The client at a pseudo-terminal.

use rustix::process::Signal;
use rustix::termios::{Winsize, tcsetwinsize};

use super::{OK, accept_alice, ack, alice, deliver, send};
use crate::display::Display;
use crate::terminal::Terminal;

/// A terminal with alice on it, whose empty line has been drawn.
fn open(term: &str) -> Terminal {
    Terminal::open(term, alice, accept_alice)
}

#[test]
fn incoming_text_leaves_the_line_alone() {
    let mut terminal = open("xterm");
    terminal.expect(&["> |"]);
    assert!(terminal.takes_keys());
    terminal.press("helo\x1b[D");
    terminal.expect(&["> hel|o"]);
    terminal.peer.write(&deliver("bob", "hi\x1b[2J\ntwo"));
    terminal.expect(&["bob: hi\\x1b[2J", "    two", "> hel|o"]);
    terminal.peer.expect(ack("spec"));
    terminal.press("l\r");
    terminal.expect(&["bob: hi\\x1b[2J", "    two", "alice: hello", "> |"]);
    terminal.peer.expect(&send("hello"));
    terminal.peer.write(OK);
    terminal.press("\x1b[A!");
    terminal.expect(&["bob: hi\\x1b[2J", "    two", "alice: hello", "> hello!|"]);
}

#[test]
fn a_line_longer_than_the_screen_scrolls() {
    let mut terminal = open("xterm");
    let digits = "0123456789".repeat(6);
    terminal.press(&digits);
    let shown = format!("> {}|", &digits[60 - 37..]);
    terminal.expect(&[&shown]);
    terminal.press("\x01x");
    let shown = format!("> x|{}", &digits[..36]);
    terminal.expect(&[&shown]);
    terminal.press("\r");
    terminal.peer.expect(&send(&format!("x{digits}")));
}

#[test]
fn a_narrower_window_is_noticed() {
    let mut terminal = open("xterm");
    terminal.press("0123456789");
    terminal.expect(&["> 0123456789|"]);
    let size = Winsize {
        ws_row: 24,
        ws_col: 8,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&terminal.keyboard, size).unwrap();
    // The kernel tells only the foreground of a session, to which this client does not belong.
    terminal.program.signal(Signal::WINCH);
    terminal.expect(&["> 56789|"]);
}

#[test]
fn the_server_goes_while_a_line_is_edited() {
    let mut terminal = open("xterm");
    terminal.press("abc");
    terminal.expect(&["> abc|"]);
    terminal.peer.write(&deliver("bob", "last words"));
    terminal.peer.expect(ack("spec"));
    terminal.peer.close();
    terminal.expect_end(
        1,
        "reference-client: the server has closed the connection\n",
    );
    terminal.screen.until(|output| {
        let display = Display::of(output);
        display.lines == ["bob: last words", ""] && display.column == 0
    });
}

#[test]
fn signals_put_the_terminal_back() {
    for (signal, status) in [(Signal::INT, 0), (Signal::TERM, 143)] {
        let mut terminal = open("xterm");
        terminal.press("abc");
        terminal.expect(&["> abc|"]);
        terminal.program.signal(signal);
        terminal.expect_end(status, "");
    }
}

#[test]
fn the_end_of_input_is_a_key() {
    let mut terminal = open("xterm");
    terminal.expect(&["> |"]);
    terminal.press("ab\x04\x7f\x7f\x04");
    terminal.expect_end(0, "");
}

#[test]
fn a_terminal_that_cannot_be_drawn_on_gets_plain_lines() {
    let mut terminal = open("dumb");
    terminal.press("hello\n");
    terminal.peer.expect(&send("hello"));
    terminal.peer.write(&[OK, &deliver("bob", "hi")].concat());
    terminal.peer.expect(ack("spec"));
    terminal
        .screen
        .until(|output| output == "hello\r\nbob: hi\r\n");
}

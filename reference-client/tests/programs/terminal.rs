//! A client at a pseudo-terminal.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::display::Display;
use crate::peer::{Listening, Peer};
use crate::program::{Collected, Program};

const COLUMNS: u16 = 40;

/// A terminal with the client on it, which has drawn its empty line.
pub(crate) struct Terminal {
    pub(crate) keyboard: File,
    pub(crate) screen: Collected,
    line: File,
    pub(crate) program: Program,
    pub(crate) peer: Peer,
}

impl Terminal {
    /// Starts the program that `command` makes for a port on a terminal that calls itself `term`.
    pub(crate) fn open(
        term: &str,
        command: impl FnOnce(u16) -> Command,
        accept: impl FnOnce(Listening) -> Peer,
    ) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize {
            ws_row: 24,
            ws_col: COLUMNS,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
        let line = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .unwrap();

        let listening = Listening::new();
        let mut command = command(listening.port());
        command.env("TERM", term);
        command
            .stdin(line.try_clone().unwrap())
            .stdout(line.try_clone().unwrap());
        let program = Program::spawn(&mut command);
        let keyboard = File::from(master);
        let screen = Collected::new(keyboard.try_clone().unwrap());
        Self {
            keyboard,
            screen,
            line,
            program,
            peer: accept(listening),
        }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    #[track_caller]
    pub(crate) fn expect(&mut self, lines: &[&str]) {
        self.screen.until(|output| {
            let display = Display::of(output);
            let (_, above) = display.lines.split_last().unwrap();
            above == &lines[..lines.len() - 1] && display.prompt() == lines[lines.len() - 1]
        });
    }

    pub(crate) fn takes_keys(&self) -> bool {
        let modes = tcgetattr(&self.line).unwrap().local_modes;
        !modes.intersects(LocalModes::ICANON | LocalModes::ECHO)
    }

    #[track_caller]
    pub(crate) fn expect_end(&mut self, status: i32, told: &str) {
        let (code, _, err) = self.program.finish();
        assert_eq!((code, err.as_str()), (Some(status), told));
        assert!(!self.takes_keys(), "the terminal is as it was");
    }
}

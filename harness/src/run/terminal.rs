//! A pseudo-terminal for a program that holds its output back on a pipe.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    LocalModes, OptionalActions, OutputModes, Winsize, tcgetattr, tcsetattr, tcsetwinsize,
};
use tokio::net::unix::pipe;

/// What ends the input of a program at a terminal that reads it line by line.
pub(super) const END_OF_INPUT: &[u8] = &[4];

const SIZE: Winsize = Winsize {
    ws_row: 24,
    ws_col: 80,
    ws_xpixel: 0,
    ws_ypixel: 0,
};

/// A pseudo-terminal: where a person would sit, and where the program is.
pub(super) struct Terminal {
    seat: OwnedFd,
    line: OwnedFd,
}

impl Terminal {
    /// A new one. It neither echoes nor changes what the program prints.
    pub(super) fn open() -> io::Result<Self> {
        let seat = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&seat)?;
        unlockpt(&seat)?;
        tcsetwinsize(&seat, SIZE)?;
        let name = ptsname(&seat, Vec::new())?;
        let line = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(no_control())
            .open(Path::new(std::ffi::OsStr::from_bytes(name.as_bytes())))?;
        let mut modes = tcgetattr(&line)?;
        modes.local_modes.remove(LocalModes::ECHO);
        modes.output_modes.remove(OutputModes::OPOST);
        tcsetattr(&line, OptionalActions::Now, &modes)?;
        fcntl_setfl(&seat, fcntl_getfl(&seat)? | OFlags::NONBLOCK)?;
        Ok(Self {
            seat,
            line: line.into(),
        })
    }

    /// The program's side, for one of its streams.
    pub(super) fn line(&self) -> io::Result<OwnedFd> {
        self.line.try_clone()
    }

    /// What comes from the program; it ends with an error when the program has closed its side.
    pub(super) fn screen(&self) -> io::Result<pipe::Receiver> {
        pipe::Receiver::from_file_unchecked(File::from(self.seat.try_clone()?))
    }

    /// What goes to the program.
    pub(super) fn keyboard(&self) -> io::Result<pipe::Sender> {
        pipe::Sender::from_file_unchecked(File::from(self.seat.try_clone()?))
    }
}

/// The terminal is not to become that of the harness.
fn no_control() -> i32 {
    i32::try_from(OFlags::NOCTTY.bits()).unwrap_or_default()
}

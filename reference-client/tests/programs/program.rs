//! The client as a running program.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use crate::DEADLINE;

/// What comes out of a stream, collected as it comes.
pub(crate) struct Collected {
    chunks: Receiver<Vec<u8>>,
    bytes: Vec<u8>,
}

impl Collected {
    pub(crate) fn new(mut stream: impl Read + Send + 'static) -> Self {
        let (sender, chunks) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(len @ 1..) = stream.read(&mut buffer) {
                if sender.send(buffer[..len].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            chunks,
            bytes: Vec::new(),
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Waits until what has come so far is right.
    #[track_caller]
    pub(crate) fn until(&mut self, is_right: impl Fn(&str) -> bool) {
        let end = Instant::now() + DEADLINE;
        while !is_right(&self.text()) {
            let left = end.saturating_duration_since(Instant::now());
            match self.chunks.recv_timeout(left) {
                Ok(chunk) => self.bytes.extend(chunk),
                Err(error) => panic!("{error} after {:?}", self.text()),
            }
        }
    }

    /// Waits until the stream has ended; what has come altogether.
    #[track_caller]
    fn finish(&mut self) -> String {
        let end = Instant::now() + DEADLINE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.chunks.recv_timeout(left) {
                Ok(chunk) => self.bytes.extend(chunk),
                Err(mpsc::RecvTimeoutError::Disconnected) => return self.text(),
                Err(error) => panic!("{error} after {:?}", self.text()),
            }
        }
    }
}

/// The client; killed when dropped.
pub(crate) struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    pub(crate) stdout: Option<Collected>,
    stderr: Collected,
}

impl Program {
    /// With pipes for all streams.
    pub(crate) fn piped(mut command: Command) -> Self {
        Self::spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()))
    }

    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        Self {
            stdin: child.stdin.take(),
            stdout: child.stdout.take().map(Collected::new),
            stderr: Collected::new(child.stderr.take().unwrap()),
            child,
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn write(&mut self, text: impl AsRef<[u8]>) {
        self.stdin
            .as_mut()
            .unwrap()
            .write_all(text.as_ref())
            .unwrap();
    }

    pub(crate) fn close_input(&mut self) {
        self.stdin = None;
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits until standard output is exactly this.
    #[track_caller]
    pub(crate) fn expect_output(&mut self, expected: &str) {
        self.stdout.as_mut().unwrap().until(|text| text == expected);
    }

    /// Waits for the program to end: its exit status, standard output and standard error.
    #[track_caller]
    pub(crate) fn finish(&mut self) -> (Option<i32>, String, String) {
        let err = self.stderr.finish();
        let out = self
            .stdout
            .as_mut()
            .map(Collected::finish)
            .unwrap_or_default();
        (self.wait().code(), out, err)
    }

    /// With its streams closed, the program ends at once.
    fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command that starts a client of this project.
pub(crate) fn client(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reference-client"));
    command.args(arguments);
    command
}

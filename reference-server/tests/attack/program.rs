//! The server as a process of its own, whose memory and last words are its alone.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use assert_cmd::cargo::cargo_bin;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::support::DEADLINE;

pub(crate) struct Program {
    child: Child,
    pub(crate) address: SocketAddr,
    folder: TempDir,
}

impl Program {
    /// Starts it and waits until it listens.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let log = folder.path().join("log");
        let child = Command::new(cargo_bin("reference-server"))
            .args(arguments)
            .args(["-p", "0", "-l"])
            .arg(&log)
            .stdout(Stdio::null())
            .stderr(File::create(folder.path().join("stderr")).unwrap())
            .spawn()
            .unwrap();
        let address = eventually("a server that listens", || {
            let text = fs::read_to_string(&log).ok()?;
            let (first, _) = text.split_once('\n')?;
            let (_, address) = first.split_once(" listening on ")?;
            address.parse().ok()
        });
        Self {
            child,
            address,
            folder,
        }
    }

    /// Neither panics nor complaints, no more memory than this at any time, and it stops.
    pub(crate) fn stops_unharmed(mut self, most_mib: u64) {
        let peak = self.peak_kib();
        assert!(peak <= most_mib << 10, "{peak} KiB");
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let status = eventually("the end of the server", || self.child.try_wait().unwrap());
        assert!(status.success(), "{status}");
        assert_eq!(self.read("stderr"), "");
        let log = self.read("log");
        assert!(!log.contains("given up"), "{log}");
    }

    /// The most memory that it has had so far.
    fn peak_kib(&self) -> u64 {
        let status = PathBuf::from(format!("/proc/{}/status", self.child.id()));
        let status = fs::read_to_string(status).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kib = line.unwrap().split_whitespace().nth(1).unwrap();
        kib.parse().unwrap()
    }

    fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.folder.path().join(name)).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something holds.
fn eventually<R>(what: &str, mut look: impl FnMut() -> Option<R>) -> R {
    let until = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "never happened: {what}");
        std::thread::yield_now();
    }
}

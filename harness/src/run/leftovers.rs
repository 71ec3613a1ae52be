//! What a program under test has started and left outside of its process group.
//!
//! Whoever calls `setsid`, as daemons do, is not reached by a signal to the group, and who has lost
//! its parent as well is nobody's child any more. What it keeps is its environment: each program is
//! started with a mark there, which its children inherit.

use tokio::process::Command;

/// The variable of the environment that has the mark.
const VARIABLE: &str = "HARNESS_PROGRAM";

/// The mark of one started program.
#[derive(Clone)]
pub(super) struct Mark(String);

impl Mark {
    /// A mark that no other program has.
    pub(super) fn new() -> Self {
        let (process, number) = (std::process::id(), rand::random::<u64>());
        Self(format!("{process}-{number:016x}"))
    }

    /// Marks a program that is not started yet.
    pub(super) fn put_on(&self, command: &mut Command) {
        command.env(VARIABLE, &self.0);
    }

    /// Kills all processes that have the mark, and the children of such, until there are no more.
    #[cfg(target_os = "linux")]
    pub(super) fn kill_all(&self) {
        let entry = format!("{VARIABLE}={}", self.0);
        linux::kill_all(entry.as_bytes());
    }

    /// Only Linux tells what the environment of a process is.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn kill_all(&self) {}
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashSet;
    use std::fs;
    use std::thread;
    use std::time::Duration;

    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    /// How often it is looked for processes that were started while others were killed.
    const ROUNDS: usize = 20;

    /// The pause between two looks: a killed process takes a moment to be gone.
    const PAUSE: Duration = Duration::from_millis(5);

    /// A process as the system shows it.
    struct Process {
        pid: i32,
        parent: i32,
        /// When it began; with the number it names one process for good.
        began: u64,
    }

    pub(super) fn kill_all(entry: &[u8]) {
        for _ in 0..ROUNDS {
            let found = marked(entry);
            if found.is_empty() {
                return;
            }
            for process in &found {
                process.kill();
            }
            thread::sleep(PAUSE);
        }
    }

    /// The processes with this entry in their environment, and their descendants.
    fn marked(entry: &[u8]) -> Vec<Process> {
        let mut others = processes();
        let mut found = Vec::new();
        let mut next: Vec<Process> = others.extract_if(.., |one| one.has(entry)).collect();
        while !next.is_empty() {
            let parents: HashSet<i32> = next.iter().map(|one| one.pid).collect();
            found.append(&mut next);
            let children = others.extract_if(.., |one| parents.contains(&one.parent));
            next.extend(children);
        }
        found
    }

    /// All processes that are not only waiting to be collected.
    fn processes() -> Vec<Process> {
        let Ok(entries) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        let pids = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter_map(Process::read).collect()
    }

    impl Process {
        fn read(pid: i32) -> Option<Self> {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            // The name before may have blanks and brackets in it.
            let (_, rest) = stat.rsplit_once(") ")?;
            let fields: Vec<&str> = rest.split(' ').collect();
            let state = *fields.first()?;
            if matches!(state, "Z" | "X") {
                return None;
            }
            Some(Self {
                pid,
                parent: fields.get(1)?.parse().ok()?,
                began: fields.get(19)?.parse().ok()?,
            })
        }

        fn has(&self, entry: &[u8]) -> bool {
            // That of others cannot be read, and is none of our business.
            let environment = fs::read(format!("/proc/{}/environ", self.pid)).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|one| one == entry)
        }

        /// Kills it, and nobody who has got its number since.
        fn kill(&self) {
            let Some(pid) = Pid::from_raw(self.pid) else {
                return;
            };
            let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else {
                return;
            };
            if Self::read(self.pid).is_some_and(|now| now.began == self.began) {
                // It may have ended meanwhile.
                let _ = pidfd_send_signal(handle, Signal::KILL);
            }
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::time::Duration;

    use tokio::process::Child;

    use super::*;

    fn sleeper(mark: &Mark) -> Child {
        let mut command = Command::new("sleep");
        command.arg("1000").kill_on_drop(true);
        mark.put_on(&mut command);
        command.spawn().unwrap()
    }

    async fn end(child: &mut Child) -> Option<i32> {
        let ended = tokio::time::timeout(Duration::from_secs(30), child.wait()).await;
        ended.unwrap().unwrap().signal()
    }

    #[tokio::test]
    async fn only_what_has_the_mark_is_killed() {
        let (mark, another) = (Mark::new(), Mark::new());
        let (mut marked, mut other) = (sleeper(&mark), sleeper(&another));
        mark.kill_all();
        assert_eq!(end(&mut marked).await, Some(9));
        assert_eq!(other.try_wait().unwrap(), None);
        another.kill_all();
        assert_eq!(end(&mut other).await, Some(9));
    }
}

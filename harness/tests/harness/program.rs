//! Running the `harness` binary and looking at what it leaves behind.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::LazyLock;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use regex::{Captures, Regex};

/// How long any run may take on a machine that has other things to do, too. A run that needs that
/// long hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(240);

/// How often a run is tried that the harness itself could not decide because it did not get the
/// processor in time. That is a statement about this machine, not about the peer.
pub(crate) const TRIES: usize = 8;

/// How a run ended.
pub(crate) struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Ended {
    /// Everything that a person sees, made the same for every run.
    pub(crate) fn shown(&self) -> String {
        let mut text = self.stdout.clone();
        if !self.stderr.is_empty() {
            text.push_str("\n[on standard error]\n");
            text.push_str(&self.stderr);
        }
        let code = self.code.map_or("none".to_owned(), |code| code.to_string());
        format!("{}\n[exit status {code}]\n", redacted(&text).trim_end())
    }

    /// Panics with all there is to see unless the program ended with this status.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "after {:?}\nstdout:\n{}\nstderr:\n{}",
            self.took,
            self.stdout,
            self.stderr
        );
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    /// Panics unless standard output has this text.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text),
            "no `{text}` in\n{}",
            self.stdout
        );
        self
    }

    /// Panics unless standard error has this text.
    #[track_caller]
    pub(crate) fn complains(self, text: &str) -> Self {
        assert!(
            self.stderr.contains(text),
            "no `{text}` in\n{}",
            self.stderr
        );
        self
    }

    /// Panics unless it ended in this time.
    #[track_caller]
    pub(crate) fn within(self, limit: Duration) -> Self {
        assert!(self.took < limit, "took {:?}\n{}", self.took, self.stdout);
        self
    }
}

/// The folder of these tests, from which the harness is run: paths in its output are short.
pub(crate) fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The folder that holds `scenarios/`.
pub(crate) fn repository() -> PathBuf {
    let harness = Path::new(env!("CARGO_MANIFEST_DIR"));
    harness.parent().unwrap_or(harness).to_owned()
}

/// The binary with its surroundings reduced to what is the same everywhere.
pub(crate) fn harness() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
    command.current_dir(tests_folder()).timeout(PATIENCE);
    for name in [
        "CI",
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "COLUMNS",
        "INSTA_UPDATE",
    ] {
        command.env_remove(name);
    }
    command.env("TERM", "dumb");
    command
}

/// Runs the binary once.
pub(crate) fn run_once(arguments: &[&str]) -> Ended {
    let began = Instant::now();
    let output = harness()
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("harness {arguments:?}: {error}"));
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        took: began.elapsed(),
    }
}

/// Runs the binary, again when the machine was too busy for a verdict.
pub(crate) fn run(arguments: &[&str]) -> Ended {
    run_with(|| ((), arguments.iter().map(|&word| word.to_owned()).collect()))
}

/// The same for what needs a fresh peer each time.
pub(crate) fn run_with<P>(prepare: impl Fn() -> (P, Vec<String>)) -> Ended {
    for _ in 1..TRIES {
        let (_peer, arguments) = prepare();
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ended = run_once(&words);
        if !ended.stdout.contains("the machine is busy") {
            return ended;
        }
    }
    let (_peer, arguments) = prepare();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    run_once(&words)
}

/// A pattern and what stands instead of what it matches, with the same number of columns.
struct Redaction {
    pattern: Regex,
    sample: &'static str,
}

static REDACTIONS: LazyLock<Vec<Redaction>> = LazyLock::new(|| {
    let redaction = |pattern: &str, sample| Redaction {
        pattern: Regex::new(pattern).unwrap(),
        sample,
    };
    vec![
        redaction(r"(127\.0\.0\.1:|--port |-p )\d{4,5}", "PORT"),
        redaction(r"(server\.py \w+ )\d{4,5}", "PORT"),
        redaction(r"(\s)\d+\.\d{3} s", "0.000 s"),
        redaction(r"(\()\d+\.\d{3} s", "0.000 s"),
        redaction(r"( in )\d+\.\d{2} s", "0.00 s"),
        redaction(r"(it, )\d+(\.\d+)? ?m?s", "SOME TIME"),
        redaction(r"(fence )[0-9a-f]{8}", "00000000"),
        redaction(r#"(File ").*/"#, ""),
        redaction(r"()\n *retried +\d+ times?, the machine was busy", ""),
    ]
});

/// Text without what differs from run to run: ports, times, probes.
pub(crate) fn redacted(text: &str) -> String {
    let mut text = text.replace(env!("CARGO_BIN_EXE_harness"), "harness");
    for redaction in REDACTIONS.iter() {
        let replace = |captures: &Captures<'_>| format!("{}{}", &captures[1], redaction.sample);
        text = redaction.pattern.replace_all(&text, replace).into_owned();
    }
    text
}

/// The most memory that a process has had so far, in KiB; `None` when it is gone.
pub(crate) fn peak_memory(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Whether a process is there and not only waits to be collected.
fn is_alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// The processes that a program has written down, one a line.
pub(crate) fn processes(file: &Path) -> Vec<i32> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

/// Panics unless the processes that were written down come to an end.
#[track_caller]
pub(crate) fn expect_all_gone(file: &Path, at_least: usize) {
    let pids = processes(file);
    assert!(pids.len() >= at_least, "{pids:?}");
    eventually("the end of all processes", || {
        pids.iter().all(|pid| !is_alive(*pid)).then_some(())
    });
}

/// A run beside the test that watches it.
pub(crate) struct Running {
    child: Child,
    outputs: Option<[JoinHandle<String>; 2]>,
    began: Instant,
}

impl Running {
    /// Begins a run in a process group of its own.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_harness"));
        command
            .args(arguments)
            .current_dir(tests_folder())
            .env("TERM", "dumb")
            .env_remove("CI")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Self {
            child,
            outputs: Some([read(stdout), read(stderr)]),
            began: Instant::now(),
        }
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end, looking at it now and then.
    pub(crate) fn finish(&mut self, mut look: impl FnMut(u32)) -> Ended {
        let pid = self.child.id();
        let status = eventually("the end of the run", || {
            look(pid);
            self.child.try_wait().unwrap()
        });
        let took = self.began.elapsed();
        let [stdout, stderr] = self
            .outputs
            .take()
            .unwrap()
            .map(|text| text.join().unwrap());
        Ended {
            code: status.code(),
            stdout,
            stderr,
            took,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(mut pipe: impl std::io::Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Waits until something holds; gives up after [`PATIENCE`].
#[track_caller]
pub(crate) fn eventually<R>(what: &str, mut look: impl FnMut() -> Option<R>) -> R {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

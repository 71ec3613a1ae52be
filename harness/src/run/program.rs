//! A program under test that the harness started: its process group, its output, its end.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// The longest line that is kept, in bytes; longer ones are cut into several.
const MAX_LINE: usize = 8 * 1024;

/// Lines that wait to be looked at; more are dropped, so that output never blocks the program.
const MAX_WAITING: usize = 4096;

/// Lines that are kept for steps that look at output.
const MAX_KEPT: usize = 4096;

/// How long a program may take to end by itself when it is no longer needed.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long output may come after the program's end; its children may hold the pipe open.
const OUTPUT_PATIENCE: Duration = Duration::from_millis(200);

/// A program and its arguments.
#[derive(Debug, Clone)]
pub(super) struct CommandLine {
    /// The program and its arguments; never empty.
    pub words: Vec<OsString>,
}

impl CommandLine {
    /// The command line as a person would type it.
    pub(super) fn shown(&self) -> String {
        let words: Vec<String> = self
            .words
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
    }
}

/// Something that a program did.
#[derive(Debug)]
pub(super) enum ProgramEvent {
    Line { stderr: bool, text: String },
    Exited(ExitStatus),
}

/// A started program. Dropping it kills its process group.
pub(super) struct Program {
    pub command: CommandLine,
    group: Option<Pid>,
    events: mpsc::Receiver<ProgramEvent>,
    waiter: JoinHandle<()>,
    /// What it has printed: on standard error or not, and the line.
    pub printed: VecDeque<(bool, String)>,
    /// How it ended.
    pub exited: Option<ExitStatus>,
    /// Its end was asked for.
    pub end_expected: bool,
}

impl Program {
    /// Starts a program in a process group of its own.
    pub(super) fn start(command: CommandLine) -> io::Result<Self> {
        let Some((program, arguments)) = command.words.split_first() else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the command is empty",
            ));
        };
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let group = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        let (sender, events) = mpsc::channel(MAX_WAITING);
        let stdout = child
            .stdout
            .take()
            .map(|pipe| tokio::spawn(drain(pipe, false, sender.clone())));
        let stderr = child
            .stderr
            .take()
            .map(|pipe| tokio::spawn(drain(pipe, true, sender.clone())));
        let waiter = tokio::spawn(wait(child, [stdout, stderr], sender));
        Ok(Self {
            command,
            group,
            events,
            waiter,
            printed: VecDeque::new(),
            exited: None,
            end_expected: false,
        })
    }

    /// Sends a signal to the process group, as a terminal does.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        match self.group {
            Some(group) if self.exited.is_none() => Ok(kill_process_group(group, signal)?),
            _ => Err(io::Error::new(
                io::ErrorKind::NotFound,
                "it has ended already",
            )),
        }
    }

    /// The next thing that it did.
    pub(super) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<ProgramEvent> {
        match self.events.poll_recv(cx) {
            Poll::Ready(Some(event)) => {
                match &event {
                    ProgramEvent::Line { stderr, text } => {
                        if self.printed.len() >= MAX_KEPT {
                            self.printed.pop_front();
                        }
                        self.printed.push_back((*stderr, text.clone()));
                    }
                    ProgramEvent::Exited(status) => self.exited = Some(*status),
                }
                Poll::Ready(event)
            }
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    /// Ends it: politely first, then by force; and whatever it has left in its process group.
    pub(super) async fn stop(mut self) {
        self.end_expected = true;
        if self.exited.is_none() && self.signal(Signal::TERM).is_ok() {
            let ended = async {
                while let Some(event) = self.events.recv().await {
                    if matches!(event, ProgramEvent::Exited(_)) {
                        return;
                    }
                }
            };
            let _ = tokio::time::timeout(PATIENCE, ended).await;
        }
        self.kill();
        let _ = tokio::time::timeout(PATIENCE, &mut self.waiter).await;
    }

    /// Kills the process group.
    pub(super) fn kill(&self) {
        if let Some(group) = self.group {
            // It may be gone already.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn wait(
    mut child: Child,
    readers: [Option<JoinHandle<()>>; 2],
    sender: mpsc::Sender<ProgramEvent>,
) {
    let Ok(status) = child.wait().await else {
        return;
    };
    // What it printed before it ended comes before its end.
    for reader in readers.into_iter().flatten() {
        let _ = tokio::time::timeout(OUTPUT_PATIENCE, reader).await;
    }
    let _ = sender.send(ProgramEvent::Exited(status)).await;
}

async fn drain(mut pipe: impl AsyncRead + Unpin, stderr: bool, sender: mpsc::Sender<ProgramEvent>) {
    let mut buffer = vec![0_u8; 8 * 1024];
    let mut line: Vec<u8> = Vec::new();
    let tell = |line: &mut Vec<u8>| {
        let text = String::from_utf8_lossy(line)
            .trim_end_matches('\r')
            .to_owned();
        line.clear();
        // When nobody looks fast enough the line is lost, but the program is not held up.
        let _ = sender.try_send(ProgramEvent::Line { stderr, text });
    };
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        for &byte in &buffer[..count] {
            if byte == b'\n' || line.len() >= MAX_LINE {
                tell(&mut line);
            }
            if byte != b'\n' {
                line.push(byte);
            }
        }
    }
    if !line.is_empty() {
        tell(&mut line);
    }
}

/// An exit status in words.
pub(super) fn status_words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => match Signal::from_named_raw(signal) {
            Some(named) => format!("killed by {}", signal_name(named)),
            None => format!("killed by signal {signal}"),
        },
        (None, None) => "an unknown status".to_owned(),
    }
}

/// The signals that scenarios can name.
const SIGNALS: &[(&str, Signal)] = &[
    ("SIGINT", Signal::INT),
    ("SIGTERM", Signal::TERM),
    ("SIGHUP", Signal::HUP),
    ("SIGQUIT", Signal::QUIT),
    ("SIGKILL", Signal::KILL),
    ("SIGUSR1", Signal::USR1),
    ("SIGUSR2", Signal::USR2),
    ("SIGSTOP", Signal::STOP),
    ("SIGCONT", Signal::CONT),
    ("SIGABRT", Signal::ABORT),
    ("SIGSEGV", Signal::SEGV),
    ("SIGPIPE", Signal::PIPE),
    ("SIGBUS", Signal::BUS),
    ("SIGFPE", Signal::FPE),
    ("SIGILL", Signal::ILL),
];

/// The signal of this name, with or without `SIG`.
pub(super) fn signal_named(name: &str) -> Option<Signal> {
    let upper = name.to_ascii_uppercase();
    let full = if upper.starts_with("SIG") {
        upper
    } else {
        format!("SIG{upper}")
    };
    SIGNALS
        .iter()
        .find(|(known, _)| *known == full)
        .map(|(_, signal)| *signal)
}

fn signal_name(signal: Signal) -> String {
    let known = SIGNALS.iter().find(|(_, other)| *other == signal);
    known.map_or_else(
        || format!("signal {}", signal.as_raw()),
        |(name, _)| (*name).to_owned(),
    )
}

//! A program under test that the harness started: its process group, its output, its end.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::leftovers::Mark;
use super::terminal::{END_OF_INPUT, Terminal};
use crate::scenario::Channel;

/// The longest line that is kept, in bytes; longer ones are cut into several.
const MAX_LINE: usize = 8 * 1024;

/// Lines that wait to be looked at; more are dropped, so that output never blocks the program.
const MAX_WAITING: usize = 4096;

/// Lines that are kept for steps that look at output.
const MAX_KEPT: usize = 4096;

/// How much typed input waits for a program that does not read, in pieces.
const MAX_TYPED: usize = 1024;

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

/// What the standard streams of a program are; standard error is always a pipe.
pub(super) struct Streams {
    /// `None`: there is no input.
    pub stdin: Option<Channel>,
    pub stdout: Channel,
    /// The kind of terminal that the program is told; else that of the harness.
    pub term: Option<String>,
}

impl Streams {
    /// Those of a server.
    pub(super) const OF_SERVERS: Self = Self {
        stdin: None,
        stdout: Channel::Pipe,
        term: None,
    };
}

/// Something that a program did.
#[derive(Debug)]
pub(super) enum ProgramEvent {
    Line(Printed),
    /// The beginning of a line that has not ended yet.
    Begun(Printed),
    Exited(ExitStatus),
}

/// A line that a program printed.
#[derive(Debug, Clone)]
pub(super) struct Printed {
    pub stderr: bool,
    pub text: String,
    pub at: Instant,
}

/// A started program. Dropping it kills its process group, and what has left the group.
pub(super) struct Program {
    pub command: CommandLine,
    group: Option<Pid>,
    /// What its processes have in their environment, until they are known to be gone.
    mark: Option<Mark>,
    events: mpsc::Receiver<ProgramEvent>,
    waiter: JoinHandle<()>,
    /// What it has printed.
    pub printed: VecDeque<Printed>,
    /// How many lines of that were dropped from the front.
    pub dropped: usize,
    /// What it has begun to print, on standard output and on standard error.
    begun: [Option<Printed>; 2],
    /// Lines were lost: it printed faster than they could be looked at.
    pub lost: Arc<AtomicBool>,
    input: Option<mpsc::Sender<Vec<u8>>>,
    typist: Option<JoinHandle<()>>,
    /// How it ended.
    pub exited: Option<ExitStatus>,
    /// Its end was asked for.
    pub end_expected: bool,
}

impl Program {
    /// Starts a program in a process group of its own.
    pub(super) fn start(command: CommandLine, streams: &Streams) -> io::Result<Self> {
        let Some((program, arguments)) = command.words.split_first() else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the command is empty",
            ));
        };
        let mut prepared = Command::new(program);
        prepared
            .args(arguments)
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if let Some(term) = &streams.term {
            prepared.env("TERM", term);
        }
        let mark = Mark::new();
        mark.put_on(&mut prepared);
        let ends = connect(&mut prepared, streams)?;
        let mut child = prepared.spawn()?;
        // What is the program's own must not be held open here.
        drop(prepared);
        let group = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        let (sender, events) = mpsc::channel(MAX_WAITING);
        let lost = Arc::new(AtomicBool::new(false));
        let drained = |stderr| Drain {
            stderr,
            sender: sender.clone(),
            lost: Arc::clone(&lost),
        };
        let stdout = match (ends.output, child.stdout.take()) {
            (Some(seat), _) => Some(tokio::spawn(drained(false).run(seat))),
            (None, Some(pipe)) => Some(tokio::spawn(drained(false).run(pipe))),
            (None, None) => None,
        };
        let stderr = child
            .stderr
            .take()
            .map(|pipe| tokio::spawn(drained(true).run(pipe)));
        let (input, typed) = mpsc::channel(MAX_TYPED);
        let typist = match (ends.input, child.stdin.take()) {
            (Some(seat), _) => Some(tokio::spawn(type_in(seat, typed, END_OF_INPUT))),
            (None, Some(pipe)) => Some(tokio::spawn(type_in(pipe, typed, &[]))),
            (None, None) => None,
        };
        let waiter = tokio::spawn(wait(child, [stdout, stderr], sender));
        Ok(Self {
            command,
            group,
            mark: Some(mark),
            events,
            waiter,
            printed: VecDeque::new(),
            dropped: 0,
            begun: [None, None],
            lost,
            input: Some(input),
            typist,
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
                    ProgramEvent::Line(line) => {
                        if self.printed.len() >= MAX_KEPT {
                            self.printed.pop_front();
                            self.dropped += 1;
                        }
                        self.begun[usize::from(line.stderr)] = None;
                        self.printed.push_back(line.clone());
                    }
                    ProgramEvent::Begun(line) => {
                        self.begun[usize::from(line.stderr)] = Some(line.clone());
                    }
                    ProgramEvent::Exited(status) => self.exited = Some(*status),
                }
                Poll::Ready(event)
            }
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    /// Lines that it printed, each with its number, and those that it has begun to print.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &Printed)> {
        let whole = (self.dropped..).zip(&self.printed);
        let next = self.dropped + self.printed.len();
        whole.chain(self.begun.iter().flatten().map(move |line| (next, line)))
    }

    /// Puts bytes behind those that wait to be read by the program; false when too many wait.
    pub(super) fn type_in(&self, bytes: Vec<u8>) -> bool {
        let input = self.input.as_ref();
        input.is_some_and(|input| input.try_send(bytes).is_ok())
    }

    /// Ends its standard input once it has read what was typed.
    pub(super) fn close_input(&mut self) {
        self.input = None;
    }

    /// Ends it: politely first, then by force; and whatever it has left behind, wherever.
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
        if let Some(mark) = self.mark.take() {
            // All processes of the machine are looked at, beside what else runs on this thread.
            let _ = tokio::task::spawn_blocking(move || mark.kill_all()).await;
        }
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
        if let Some(mark) = &self.mark {
            mark.kill_all();
        }
        if let Some(typist) = &self.typist {
            typist.abort();
        }
    }
}

/// The harness's ends of the terminal of a program.
struct Ends {
    input: Option<pipe::Sender>,
    output: Option<pipe::Receiver>,
}

/// Gives a program its standard input and output; where both are terminals they are the same one.
fn connect(command: &mut Command, streams: &Streams) -> io::Result<Ends> {
    let mut ends = Ends {
        input: None,
        output: None,
    };
    let at_terminal = streams.stdin == Some(Channel::Terminal);
    command.stdin(match streams.stdin {
        None => Stdio::null(),
        Some(_) => Stdio::piped(),
    });
    command.stdout(Stdio::piped());
    if !at_terminal && streams.stdout == Channel::Pipe {
        return Ok(ends);
    }
    let terminal = Terminal::open()?;
    if at_terminal {
        command.stdin(Stdio::from(terminal.line()?));
        ends.input = Some(terminal.keyboard()?);
    }
    if streams.stdout == Channel::Terminal {
        command.stdout(Stdio::from(terminal.line()?));
        ends.output = Some(terminal.screen()?);
    }
    Ok(ends)
}

/// Writes what is typed, and ends the input behind it.
async fn type_in(
    mut pipe: impl AsyncWrite + Unpin,
    mut typed: mpsc::Receiver<Vec<u8>>,
    end: &[u8],
) {
    while let Some(bytes) = typed.recv().await {
        // A program that has closed its input misses what is typed.
        if pipe.write_all(&bytes).await.is_err() {
            return;
        }
    }
    let _ = pipe.write_all(end).await;
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

/// Takes what a program prints on one of its streams.
struct Drain {
    stderr: bool,
    sender: mpsc::Sender<ProgramEvent>,
    lost: Arc<AtomicBool>,
}

impl Drain {
    async fn run(self, mut pipe: impl AsyncRead + Unpin) {
        let mut buffer = vec![0_u8; 8 * 1024];
        let mut line: Vec<u8> = Vec::new();
        while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
            for &byte in &buffer[..count] {
                if byte == b'\n' || line.len() >= MAX_LINE {
                    self.tell(&mut line);
                }
                if byte != b'\n' {
                    line.push(byte);
                }
            }
            if !line.is_empty() {
                let _ = self
                    .sender
                    .try_send(ProgramEvent::Begun(self.printed(&line)));
            }
        }
        if !line.is_empty() {
            self.tell(&mut line);
        }
    }

    /// When nobody looks fast enough the line is lost, but the program is not held up.
    fn tell(&self, line: &mut Vec<u8>) {
        let printed = self.printed(line);
        line.clear();
        if self.sender.try_send(ProgramEvent::Line(printed)).is_err() {
            self.lost.store(true, Ordering::Relaxed);
        }
    }

    fn printed(&self, line: &[u8]) -> Printed {
        Printed {
            stderr: self.stderr,
            text: String::from_utf8_lossy(line)
                .trim_end_matches('\r')
                .to_owned(),
            at: Instant::now(),
        }
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

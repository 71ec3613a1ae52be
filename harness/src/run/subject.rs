//! The server that one scenario talks to.

use std::collections::HashMap;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::time::Instant;

use super::embedded::{self, Fault, InProcess};
use super::program::{CommandLine, Program, ProgramEvent, Streams};
use super::target::{Shared, Target};
use super::transport::{Connecting, Connector as _, TcpConnector};
use crate::plan::{ProtocolPlan, ScenarioPlan};
use crate::protocol::Transport;
use crate::verdict::Side;

/// How long a freshly started program may take until it listens.
const START_PATIENCE: Duration = Duration::from_secs(10);

/// The same for a client program once one has not connected at all.
const GIVEN_UP_PATIENCE: Duration = Duration::from_secs(4);

/// How long a client program that has connected before may take to connect again.
const AGAIN_PATIENCE: Duration = Duration::from_secs(5);

/// How long a refused connection to a running server is retried.
const ATTACH_PATIENCE: Duration = Duration::from_secs(2);

/// How long a refused connection is retried to a server that answered before.
const SHORT_PATIENCE: Duration = Duration::from_millis(300);

/// The server that one scenario talks to.
pub(super) struct Subject {
    address: SocketAddr,
    kind: Kind,
    /// When the program was last started, and whether it has accepted a connection since.
    started: Instant,
    accepted: bool,
    /// The folder that the program keeps over a restart.
    dir: Option<TempDir>,
    log: Option<PathBuf>,
    port_to_give_back: Option<u16>,
}

enum Kind {
    Attached,
    InProcess(InProcess),
    Program(Box<Program>),
    /// Ended by a step.
    Gone(CommandLine),
    /// A client program that is started when its peers are there.
    Waiting,
}

/// The values of parameters on this target.
pub(super) type Params = HashMap<Arc<str>, String>;

/// Why a scenario cannot run on a target.
pub(super) enum NotHere {
    /// It does not apply.
    Skip(String),
    /// It should, but the server cannot be started.
    Cannot(String),
}

/// Which values the parameters have for a scenario on a target, or why it does not apply there.
pub(super) fn effective_params(
    protocol: &ProtocolPlan,
    scenario: &ScenarioPlan,
    target: &Target,
) -> Result<Params, NotHere> {
    let mut params: Params = HashMap::new();
    for (name, param) in &protocol.params {
        if let Some(value) = &param.value {
            params.insert(Arc::clone(name), value.clone());
        }
    }
    for (name, value) in &scenario.params {
        let known = protocol.params.get(name);
        let known = known.is_some_and(|param| param.given || param.assumed);
        let settable = match target {
            Target::Embedded { .. } => true,
            Target::Attach { .. } => false,
            Target::Spawn { words, .. } | Target::Client { words } => {
                let placeholder = format!("{{{name}}}");
                words.iter().any(|word| word.contains(&placeholder))
            }
        };
        if settable {
            params.insert(Arc::clone(name), value.clone());
        } else if !known {
            return Err(NotHere::Skip(format!(
                "needs to know {name} of this server: give --param {name}=VALUE"
            )));
        }
    }
    Ok(params)
}

impl Subject {
    /// Starts the server, or says where it is.
    pub(super) async fn start(
        protocol: &ProtocolPlan,
        scenario: &ScenarioPlan,
        params: &Params,
        shared: &Shared,
    ) -> Result<Self, NotHere> {
        if scenario.program.is_some() {
            return Self::waiting(protocol, shared);
        }
        match &shared.target {
            Target::Client { .. } => Err(NotHere::Skip("judges a server".to_owned())),
            Target::Attach { address } => Self::attach(*address, scenario, protocol),
            Target::Embedded { fault } if scenario.needs_own_server || scenario.needs_log => {
                let given = told(params, *fault);
                Self::own_process(protocol, scenario, &given, shared)
            }
            Target::Embedded { fault } => {
                let given = told(params, *fault);
                let started = InProcess::start(
                    &protocol.name,
                    protocol.transport,
                    &protocol.dialect,
                    &given,
                )
                .await;
                let (address, server) = started.map_err(NotHere::Cannot)?;
                Ok(Self::new(address, Kind::InProcess(server)))
            }
            Target::Spawn { words, fixed_port } => {
                Self::spawn(words, *fixed_port, scenario, params, shared)
            }
        }
    }

    fn new(address: SocketAddr, kind: Kind) -> Self {
        Self {
            address,
            kind,
            started: Instant::now(),
            accepted: false,
            dir: None,
            log: None,
            port_to_give_back: None,
        }
    }

    /// A client program, with a port of its own where messages are datagrams.
    fn waiting(protocol: &ProtocolPlan, shared: &Shared) -> Result<Self, NotHere> {
        let cannot = |error: &dyn std::fmt::Display| NotHere::Cannot(error.to_string());
        let judged = matches!(
            shared.target,
            Target::Client { .. } | Target::Embedded { .. }
        );
        if !judged {
            let reason = "judges a client program: give --client 'COMMAND'";
            return Err(NotHere::Skip(reason.to_owned()));
        }
        let port = match protocol.transport {
            Transport::Tcp => None,
            Transport::Udp => Some(
                shared
                    .ports
                    .take()
                    .ok_or_else(|| cannot(&"no free port was found"))?,
            ),
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or_default()));
        let mut subject = Self::new(address, Kind::Waiting);
        let dir = TempDir::with_prefix("harness-").map_err(|error| cannot(&error))?;
        subject.dir = Some(dir);
        subject.port_to_give_back = port;
        Ok(subject)
    }

    /// Starts the client program.
    pub(super) fn start_client(
        &mut self,
        command: CommandLine,
        streams: &Streams,
    ) -> std::io::Result<()> {
        self.kind = Kind::Program(Box::new(Program::start(command, streams)?));
        self.started = Instant::now();
        Ok(())
    }

    /// The folder that is the program's own.
    pub(super) fn dir(&self) -> Result<&Path, &'static str> {
        let dir = self.dir.as_ref().map(TempDir::path);
        dir.ok_or("the program has no folder")
    }

    fn attach(
        address: SocketAddr,
        scenario: &ScenarioPlan,
        protocol: &ProtocolPlan,
    ) -> Result<Self, NotHere> {
        if scenario.needs_own_server {
            let reason = "needs a server that the harness may stop: use --spawn".to_owned();
            return Err(NotHere::Skip(reason));
        }
        let mut subject = Self::new(address, Kind::Attached);
        if scenario.needs_log {
            match protocol
                .params
                .get("log")
                .and_then(|param| param.value.as_ref())
            {
                Some(path) => subject.log = Some(PathBuf::from(path)),
                None => {
                    let reason = "needs the server's log: give --param log=FILE".to_owned();
                    return Err(NotHere::Skip(reason));
                }
            }
        }
        Ok(subject)
    }

    /// The reference server as a process, so that signals, exit status and log are real.
    fn own_process(
        protocol: &ProtocolPlan,
        scenario: &ScenarioPlan,
        given: &[(String, String)],
        shared: &Shared,
    ) -> Result<Self, NotHere> {
        let cannot = |error: &dyn std::fmt::Display| NotHere::Cannot(error.to_string());
        let program = std::env::current_exe().map_err(|error| cannot(&error))?;
        let dir = TempDir::with_prefix("harness-").map_err(|error| cannot(&error))?;
        let log = scenario.needs_log.then(|| dir.path().join("server.log"));
        let port = shared
            .ports
            .take()
            .ok_or_else(|| cannot(&"no free port was found"))?;
        let mut words: Vec<OsString> = vec![program.into()];
        words.extend(embedded::arguments(
            &protocol.name,
            &protocol.dialect,
            port,
            (dir.path(), log.as_deref()),
            given,
        ));
        Self::start_program(CommandLine { words }, port, Some(dir), log)
    }

    fn spawn(
        words: &[String],
        fixed_port: Option<u16>,
        scenario: &ScenarioPlan,
        params: &Params,
        shared: &Shared,
    ) -> Result<Self, NotHere> {
        let cannot = |error: &dyn std::fmt::Display| NotHere::Cannot(error.to_string());
        let uses = |name: &str| {
            words
                .iter()
                .any(|word| word.contains(&format!("{{{name}}}")))
        };
        let given_log = params.get("log").map(PathBuf::from);
        if scenario.needs_log && !uses("log") && given_log.is_none() {
            let reason = "needs the server's log: put {log} into the --spawn command".to_owned();
            return Err(NotHere::Skip(reason));
        }
        let dir = TempDir::with_prefix("harness-").map_err(|error| cannot(&error))?;
        let port = match fixed_port {
            Some(port) => port,
            None => shared
                .ports
                .take()
                .ok_or_else(|| cannot(&"no free port was found"))?,
        };
        let log = if uses("log") {
            Some(dir.path().join("server.log"))
        } else {
            given_log
        };
        let value = |name: &str| match name {
            "host" => Some("127.0.0.1".to_owned()),
            "port" => Some(port.to_string()),
            "dir" => Some(dir.path().to_string_lossy().into_owned()),
            "log" => log.as_ref().map(|path| path.to_string_lossy().into_owned()),
            name => params.get(name).cloned(),
        };
        let words = words.iter().map(|word| fill(word, &value).into()).collect();
        Self::start_program(CommandLine { words }, port, Some(dir), log)
    }

    fn start_program(
        command: CommandLine,
        port: u16,
        dir: Option<TempDir>,
        log: Option<PathBuf>,
    ) -> Result<Self, NotHere> {
        let shown = command.shown();
        let program = Program::start(command, &Streams::OF_SERVERS)
            .map_err(|error| NotHere::Cannot(format!("cannot start `{shown}`: {error}")))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut subject = Self::new(address, Kind::Program(Box::new(program)));
        subject.dir = dir;
        subject.log = log;
        subject.port_to_give_back = Some(port);
        Ok(subject)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn log_path(&self) -> Option<&PathBuf> {
        self.log.as_ref()
    }

    pub(super) fn program(&self) -> Option<&Program> {
        match &self.kind {
            Kind::Program(program) => Some(program),
            _ => None,
        }
    }

    /// Begins a connection attempt.
    pub(super) fn connect(&self, receive_buffer: Option<u32>) -> Connecting {
        TcpConnector {
            address: self.address,
        }
        .connect(receive_buffer)
    }

    /// Until when a refused connection is tried again.
    pub(super) fn patience(&self, shared: &Shared) -> Instant {
        let now = Instant::now();
        if shared.unreachable.load(Ordering::Relaxed) {
            return now;
        }
        match &self.kind {
            Kind::InProcess(_) | Kind::Gone(_) | Kind::Waiting => now,
            Kind::Program(program) if program.exited.is_some() || program.end_expected => now,
            Kind::Program(_) if !self.accepted => self.started + START_PATIENCE,
            Kind::Attached if !shared.reached.load(Ordering::Relaxed) => now + ATTACH_PATIENCE,
            Kind::Program(_) | Kind::Attached => now + SHORT_PATIENCE,
        }
    }

    /// Until when a client program may take to connect.
    pub(super) fn client_patience(&self, shared: &Shared) -> Instant {
        let now = Instant::now();
        if self.accepted {
            return now + AGAIN_PATIENCE;
        }
        let given_up = shared.unreachable.load(Ordering::Relaxed);
        let patience = if given_up {
            GIVEN_UP_PATIENCE
        } else {
            START_PATIENCE
        };
        now.max(self.started + patience)
    }

    /// Whether it is not known yet that somebody listens, and somebody should.
    pub(super) fn needs_listener(&self, shared: &Shared) -> bool {
        match &self.kind {
            Kind::InProcess(_) | Kind::Gone(_) | Kind::Waiting => false,
            Kind::Program(program) => !self.accepted && !program.end_expected,
            Kind::Attached => !self.accepted && !shared.reached.load(Ordering::Relaxed),
        }
    }

    /// Whether somebody listens cannot be told; it is not asked again.
    pub(super) fn note_asked(&mut self) {
        self.accepted = true;
    }

    pub(super) fn note_accepted(&mut self, shared: &Shared) {
        self.accepted = true;
        shared.reached.store(true, Ordering::Relaxed);
        shared.unreachable.store(false, Ordering::Relaxed);
    }

    /// Whether a connection was made since it was last started.
    pub(super) fn was_reached(&self) -> bool {
        self.accepted
    }

    /// The next thing that the program did.
    pub(super) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<ProgramEvent> {
        match &mut self.kind {
            Kind::Program(program) => program.poll_event(cx),
            _ => Poll::Pending,
        }
    }

    /// How the program ended although nobody asked it to.
    pub(super) fn death(&self) -> Option<String> {
        match &self.kind {
            Kind::InProcess(server) => server.has_died().then(|| "it ended by itself".to_owned()),
            Kind::Program(program) if !program.end_expected => {
                program.exited.map(super::program::status_words)
            }
            _ => None,
        }
    }

    /// Whether it was told to end.
    pub(super) fn is_ending(&self) -> bool {
        self.program().is_some_and(|program| program.end_expected)
    }

    /// Whether the end of a process may be on its way to be noticed.
    pub(super) fn may_still_die(&self) -> bool {
        self.program()
            .is_some_and(|program| program.exited.is_none() && !program.end_expected)
    }

    /// Whether the program's process is watched, so that its end is noticed.
    pub(super) fn is_watched(&self) -> bool {
        matches!(self.kind, Kind::Program(_) | Kind::InProcess(_))
    }

    pub(super) fn exit_status(&self) -> Option<ExitStatus> {
        self.program().and_then(|program| program.exited)
    }

    /// Sends a signal to the program's process group; its end is expected from then on unless the
    /// signal only stops or continues it.
    pub(super) fn signal(&mut self, signal: Signal) -> Result<(), String> {
        let Kind::Program(program) = &mut self.kind else {
            return Err("the server is not ours to signal".to_owned());
        };
        program.end_expected |= signal != Signal::STOP && signal != Signal::CONT;
        program.signal(signal).map_err(|error| error.to_string())
    }

    /// Whatever the program does from here on, its end is no surprise.
    pub(super) fn expect_end(&mut self) {
        if let Kind::Program(program) = &mut self.kind {
            program.end_expected = true;
        }
    }

    /// Gives the program something on its standard input.
    pub(super) fn type_in(&self, bytes: Vec<u8>) -> Result<(), &'static str> {
        match &self.kind {
            Kind::Program(program) if program.type_in(bytes) => Ok(()),
            Kind::Program(_) => Err("the program does not read its standard input"),
            _ => Err("no program is there to read it"),
        }
    }

    /// Ends the program's standard input.
    pub(super) fn close_input(&mut self) {
        if let Kind::Program(program) = &mut self.kind {
            program.end_expected = true;
            program.close_input();
        }
    }

    /// How a signal that nobody sent has ended the program.
    pub(super) fn violent_death(&self) -> Option<String> {
        let program = self.program().filter(|program| !program.end_expected)?;
        let status = program.exited.filter(|status| status.code().is_none())?;
        Some(super::program::status_words(status))
    }

    /// Kills the program and waits until it is gone.
    pub(super) async fn kill(&mut self) {
        let Kind::Program(program) = &mut self.kind else {
            return;
        };
        let command = program.command.clone();
        program.end_expected = true;
        program.kill();
        let old = std::mem::replace(&mut self.kind, Kind::Gone(command));
        if let Kind::Program(program) = old {
            program.stop().await;
        }
    }

    /// Stops the program if it runs, and starts it again with the same command line.
    pub(super) async fn restart(&mut self) -> Result<(), String> {
        let command = match &self.kind {
            Kind::Program(program) => program.command.clone(),
            Kind::Gone(command) => command.clone(),
            _ => return Err("the server is not ours to restart".to_owned()),
        };
        let old = std::mem::replace(&mut self.kind, Kind::Gone(command.clone()));
        if let Kind::Program(program) = old {
            program.stop().await;
        }
        let program =
            Program::start(command, &Streams::OF_SERVERS).map_err(|error| error.to_string())?;
        self.kind = Kind::Program(Box::new(program));
        self.started = Instant::now();
        self.accepted = false;
        Ok(())
    }

    /// Ends the server if it is ours.
    pub(super) async fn stop(self, shared: &Shared) {
        match self.kind {
            Kind::InProcess(server) => server.stop(),
            Kind::Program(program) => program.stop().await,
            Kind::Attached | Kind::Gone(_) | Kind::Waiting => {}
        }
        if let Some(port) = self.port_to_give_back {
            shared.ports.give_back(port);
        }
    }
}

/// Parameters as the embedded servers take them; it is the same as for a command with placeholders.
fn told(params: &Params, fault: Option<Fault>) -> Vec<(String, String)> {
    let mut told: Vec<_> = params
        .iter()
        .map(|(name, value)| (name.to_string(), value.clone()))
        .collect();
    let fault = fault.filter(|fault| fault.side == Side::Server);
    told.extend(fault.map(|fault| (embedded::FAULT.to_owned(), fault.name.to_owned())));
    told.sort();
    told
}

/// Puts values into the placeholders of a word; unknown ones stay as they are.
pub(super) fn fill(word: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    let mut filled = String::new();
    let mut rest = word;
    while let Some(at) = rest.find('{') {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        match rest[1..].find('}') {
            Some(end) => {
                let name = &rest[1..=end];
                match value(name) {
                    Some(value) => filled.push_str(&value),
                    None => filled.push_str(&rest[..end + 2]),
                }
                rest = &rest[end + 2..];
            }
            None => break,
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn placeholders_are_filled_and_others_stay() {
        let value = |name: &str| (name == "port").then(|| "9001".to_owned());
        assert_eq!(fill("-p{port}", &value), "-p9001");
        assert_eq!(fill("{x}{port}{", &value), "{x}9001{");
        assert_eq!(fill("plain", &value), "plain");
    }
}

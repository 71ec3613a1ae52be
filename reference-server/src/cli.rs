//! The command line: one subcommand a protocol.
//!
//! Another program can embed it by passing its own arguments to [`main`].

use std::ffi::OsString;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};
use reference_codecs::{bcp::Dialect as BcpDialect, csc328::Dialect as Csc328Dialect};
use thiserror::Error;
use tokio::net::{TcpListener, UdpSocket};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::log::Log;
use crate::{bcp, chatapp, chatbooth, csc328, duration, faults, net, open_files, wireproto};

/// The exit status of a server that could not start.
const USAGE: u8 = 2;

/// How long the last lines of the log may take when the server stops.
const LOG_PATIENCE: Duration = Duration::from_millis(200);

/// Reference servers of the chat protocols
#[derive(Debug, Parser)]
#[command(name = "reference-server", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    protocol: Protocol,
}

#[derive(Debug, Subcommand)]
enum Protocol {
    /// Basic Chat Protocol: register a name, send to all, acknowledge each delivery
    Bcp(BcpArgs),
    /// `ChatApp`: JSON datagrams, messages from client to client, and a server for who is away
    ///
    /// UDP proves nothing about who sends: anybody who reaches the port can speak for every user.
    /// So it listens on the loopback address unless --host says otherwise.
    Chatapp(ChatappArgs),
    /// chatbooth: accounts with passwords, tokens, messages that wait for their reader
    Chatbooth(ChatboothArgs),
    /// The nickname group chat: choose a free nickname, send to all others
    Csc328(Csc328Args),
    /// wireproto: accounts over Protocol Buffers, messages that are pushed or wait
    Wireproto(WireprotoArgs),
    /// List the faults that a server can be given with --fault, and the rules that they break
    Faults {
        /// Only those of this protocol
        #[arg(long, value_name = "NAME")]
        protocol: Option<String>,
    },
}

/// Where any server listens and logs.
#[derive(Debug, Args)]
struct Common {
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: IpAddr,
    /// File that the log is appended to [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    log: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct BcpArgs {
    /// Port to listen on; 0 takes a free one, which the log names
    #[arg(short, long, default_value_t = bcp::DEFAULT_PORT)]
    port: u16,
    #[command(flatten)]
    common: Common,
    /// How the bytes are written: spec or rpchat
    #[arg(long, value_name = "NAME", default_value_t)]
    dialect: BcpDialect,
    /// Inactivity after which a client is disconnected
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration::parse)]
    idle_timeout: Duration,
    /// Time between two looks for inactive clients
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::parse)]
    check_interval: Duration,
    /// A rule to break (may be repeated); `reference-server faults` lists what there is
    #[arg(long, value_name = "NAME", value_parser = faults::parse::<bcp::Fault>)]
    fault: Vec<bcp::Fault>,
}

#[derive(Debug, Args)]
struct ChatappArgs {
    /// Port to listen on; 0 takes a free one, which the log names
    #[arg(short, long, default_value_t = chatapp::DEFAULT_PORT)]
    port: u16,
    #[command(flatten)]
    common: Common,
    /// `SQLite` file that keeps users and texts; made when it is missing [default: none, they are
    /// kept as long as the server runs]
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// How long a client has to say that it is there
    #[arg(long, value_name = "DURATION", default_value = "500ms", value_parser = duration::parse)]
    answer_timeout: Duration,
    /// A rule to break (may be repeated); `reference-server faults` lists what there is
    #[arg(long, value_name = "NAME", value_parser = faults::parse::<chatapp::Fault>)]
    fault: Vec<chatapp::Fault>,
}

#[derive(Debug, Args)]
struct ChatboothArgs {
    /// Port to listen on; 0 takes a free one, which the log names
    #[arg(short, long, default_value_t = chatbooth::DEFAULT_PORT)]
    port: u16,
    #[command(flatten)]
    common: Common,
    /// Time without use after which a connection is closed
    #[arg(long, value_name = "DURATION", default_value = "600s", value_parser = duration::parse)]
    idle_timeout: Duration,
    /// Time between two looks for unused connections
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration::parse)]
    check_interval: Duration,
    /// The longest body of a request, from 1KiB to 64MiB
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = chatbooth::parse_body)]
    max_body: usize,
    /// A rule to break (may be repeated); `reference-server faults` lists what there is
    #[arg(long, value_name = "NAME", value_parser = faults::parse::<chatbooth::Fault>)]
    fault: Vec<chatbooth::Fault>,
}

#[derive(Debug, Args)]
struct Csc328Args {
    /// Port to listen on; 0 takes a free one, which the log names
    #[arg(short, long, default_value_t = csc328::DEFAULT_PORT)]
    port: u16,
    #[command(flatten)]
    common: Common,
    /// How the bytes are written: word, json16, json32, typed, struct or line
    #[arg(long, value_name = "NAME", default_value_t)]
    dialect: Csc328Dialect,
    /// How long clients are served after SIGINT; they are told the whole seconds
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration::parse)]
    shutdown_delay: Duration,
    /// A rule to break (may be repeated); `reference-server faults` lists what there is
    #[arg(long, value_name = "NAME", value_parser = faults::parse::<csc328::Fault>)]
    fault: Vec<csc328::Fault>,
}

#[derive(Debug, Args)]
struct WireprotoArgs {
    /// Port to listen on; 0 takes a free one, which the log names
    #[arg(short, long, default_value_t = wireproto::DEFAULT_PORT)]
    port: u16,
    #[command(flatten)]
    common: Common,
    /// Silence of a client after which its last message is taken to be whole
    #[arg(long, value_name = "DURATION", default_value = "200ms", value_parser = duration::parse)]
    pause: Duration,
    /// The longest request, from 1KiB to 64KiB
    #[arg(long, value_name = "SIZE", default_value = "16KiB", value_parser = wireproto::parse_message)]
    max_message: usize,
    /// A rule to break (may be repeated); `reference-server faults` lists what there is
    #[arg(long, value_name = "NAME", value_parser = faults::parse::<wireproto::Fault>)]
    fault: Vec<wireproto::Fault>,
}

/// Why a server could not start or go on.
#[derive(Debug, Error)]
enum Failure {
    #[error(
        "cannot listen on {0}: the port is in use; choose another with -p, or 0 for a free one"
    )]
    PortInUse(SocketAddr),
    #[error(
        "cannot listen on {0}: only the administrator may use this port; choose one above 1023"
    )]
    PortForbidden(SocketAddr),
    #[error("cannot listen on {0}: this machine does not have the address; choose another --host")]
    NoSuchAddress(SocketAddr),
    #[error("cannot listen on {0}: {1}")]
    Bind(SocketAddr, io::Error),
    #[error("cannot write the log to {path}: {error}; choose another file with -l", path = .0.display(), error = .1)]
    Log(PathBuf, io::Error),
    #[error("cannot use the database {path}: {error}", path = .0.display(), error = .1)]
    Database(PathBuf, chatapp::DatabaseError),
    #[error("cannot start: {0}")]
    Start(io::Error),
    #[error("cannot go on: {0}")]
    Serve(io::Error),
}

/// Runs the server that the arguments name, the first being the name of the program, until SIGINT
/// or SIGTERM. A second signal ends a server at once that takes its time to stop.
///
/// The exit status is 0 after a signal, 2 when the arguments are wrong or the server cannot start,
/// 1 when it cannot go on.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return explain(&error),
    };
    if let Protocol::Faults { protocol } = &cli.protocol {
        return list_faults(protocol.as_deref());
    }
    match run(cli.protocol) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure);
            ExitCode::from(if matches!(failure, Failure::Serve(_)) {
                1
            } else {
                USAGE
            })
        }
    }
}

/// The protocols whose servers can be given faults, with their tables.
const FAULTS: &[(&str, faults::Table)] = &[
    ("bcp", faults::all::<bcp::Fault>),
    ("chatapp", faults::all::<chatapp::Fault>),
    ("chatbooth", faults::all::<chatbooth::Fault>),
    ("csc328", faults::all::<csc328::Fault>),
    ("wireproto", faults::all::<wireproto::Fault>),
];

/// The faults that the server of a protocol can be given; none for a protocol without a server.
pub fn faults(protocol: &str) -> Vec<faults::About> {
    let known = FAULTS.iter().find(|(name, _)| *name == protocol);
    known.map(|(_, table)| table()).unwrap_or_default()
}

fn list_faults(protocol: Option<&str>) -> ExitCode {
    match faults::list(FAULTS, protocol) {
        Ok(lines) => {
            // A closed pipe (`| head`) is no error.
            let _ = write!(io::stdout().lock(), "{lines}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            complain(&problem);
            ExitCode::from(USAGE)
        }
    }
}

fn explain(error: &clap::Error) -> ExitCode {
    // There is nobody to tell that nobody listens.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(USAGE),
    }
}

fn complain(problem: &dyn std::fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "reference-server: {problem}");
}

fn run(protocol: Protocol) -> Result<(), Failure> {
    let runtime = Runtime::new().map_err(Failure::Start)?;
    let outcome = runtime.block_on(async {
        // Before anything else, so that no signal that comes early is lost.
        let signals = Signals::watch().map_err(Failure::Start)?;
        match protocol {
            Protocol::Bcp(args) => run_bcp(args, signals).await,
            Protocol::Chatapp(args) => run_chatapp(args, signals).await,
            Protocol::Chatbooth(args) => run_chatbooth(args, signals).await,
            Protocol::Csc328(args) => run_csc328(args, signals).await,
            Protocol::Wireproto(args) => run_wireproto(args, signals).await,
            Protocol::Faults { .. } => Ok(()),
        }
    });
    runtime.shutdown_background();
    outcome
}

async fn run_bcp(args: BcpArgs, signals: Signals) -> Result<(), Failure> {
    let aborts = args.fault.contains(&bcp::Fault::SignalAborts);
    let ended = serve(args.common, args.port, signals, |listener, log, stop| {
        let options = bcp::Options {
            dialect: args.dialect,
            idle_timeout: args.idle_timeout,
            check_interval: args.check_interval,
            log,
            limits: bcp::Limits::default(),
            faults: args.fault.into_iter().collect(),
        };
        bcp::run(listener, options, stop)
    })
    .await;
    if aborts {
        std::process::abort();
    }
    ended
}

async fn run_chatapp(args: ChatappArgs, signals: Signals) -> Result<(), Failure> {
    let address = SocketAddr::new(args.common.host, args.port);
    let socket = UdpSocket::bind(address)
        .await
        .map_err(|error| explain_bind(address, error))?;
    let log = open_log(args.common.log)?;
    let options = chatapp::Options {
        db: args.db,
        answer_timeout: args.answer_timeout,
        log: log.clone(),
        limits: chatapp::Limits::default(),
        faults: args.fault.into_iter().collect(),
    };
    let path = options.db.clone().unwrap_or_default();
    let prepared = chatapp::Prepared::new(options).await;
    let server = prepared.map_err(|error| Failure::Database(path, error))?;
    run_to_the_end(&log, signals, |stop| server.serve(socket, stop)).await
}

async fn run_chatbooth(args: ChatboothArgs, signals: Signals) -> Result<(), Failure> {
    serve(args.common, args.port, signals, |listener, log, stop| {
        let options = chatbooth::Options {
            idle_timeout: args.idle_timeout,
            check_interval: args.check_interval,
            log,
            limits: chatbooth::Limits {
                body: args.max_body,
                ..chatbooth::Limits::default()
            },
            faults: args.fault.into_iter().collect(),
        };
        chatbooth::run(listener, options, stop)
    })
    .await
}

async fn run_csc328(args: Csc328Args, signals: Signals) -> Result<(), Failure> {
    let aborts = args.fault.contains(&csc328::Fault::SignalAborts);
    let ended = serve(args.common, args.port, signals, |listener, log, stop| {
        let options = csc328::Options {
            dialect: args.dialect,
            shutdown_delay: args.shutdown_delay,
            log,
            limits: csc328::Limits::default(),
            faults: args.fault.into_iter().collect(),
        };
        csc328::run(listener, options, stop)
    })
    .await;
    if aborts {
        std::process::abort();
    }
    ended
}

async fn run_wireproto(args: WireprotoArgs, signals: Signals) -> Result<(), Failure> {
    serve(args.common, args.port, signals, |listener, log, stop| {
        let options = wireproto::Options {
            pause: args.pause,
            log,
            limits: wireproto::Limits {
                message: args.max_message,
                ..wireproto::Limits::default()
            },
            faults: args.fault.into_iter().collect(),
        };
        wireproto::run(listener, options, stop)
    })
    .await
}

/// Listens and logs as `common` says, and runs what `start` makes of it to its end
/// or to the second signal.
async fn serve<Running>(
    common: Common,
    port: u16,
    signals: Signals,
    start: impl FnOnce(TcpListener, Log, CancellationToken) -> Running,
) -> Result<(), Failure>
where
    Running: Future<Output = io::Result<()>>,
{
    let listener = listen(SocketAddr::new(common.host, port))?;
    let log = open_log(common.log)?;
    prepare_for_many_clients(&log);
    run_to_the_end(&log, signals, |stop| start(listener, log.clone(), stop)).await
}

/// Runs a server to its end or to the second signal.
async fn run_to_the_end<Running>(
    log: &Log,
    signals: Signals,
    start: impl FnOnce(CancellationToken) -> Running,
) -> Result<(), Failure>
where
    Running: Future<Output = io::Result<()>>,
{
    let outcome = tokio::select! {
        outcome = start(signals.stop) => outcome,
        () = signals.at_once.cancelled() => Ok(()),
    };
    log.flush(LOG_PATIENCE);
    outcome.map_err(Failure::Serve)
}

/// What SIGINT and SIGTERM ask for.
struct Signals {
    /// The first has come.
    stop: CancellationToken,
    /// The second has come.
    at_once: CancellationToken,
}

impl Signals {
    fn watch() -> io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let signals = Self {
            stop: CancellationToken::new(),
            at_once: CancellationToken::new(),
        };
        let tokens = [signals.stop.clone(), signals.at_once.clone()];
        tokio::spawn(async move {
            for token in tokens {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                token.cancel();
            }
        });
        Ok(signals)
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    net::bind(address).map_err(|error| explain_bind(address, error))
}

fn explain_bind(address: SocketAddr, error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::AddrInUse => Failure::PortInUse(address),
        io::ErrorKind::PermissionDenied => Failure::PortForbidden(address),
        io::ErrorKind::AddrNotAvailable => Failure::NoSuchAddress(address),
        _ => Failure::Bind(address, error),
    }
}

fn open_log(path: Option<PathBuf>) -> Result<Log, Failure> {
    match path {
        None => Log::stdout().map_err(Failure::Start),
        Some(path) => Log::file(&path).map_err(|error| Failure::Log(path, error)),
    }
}

/// Each client is an open file; the usual soft limit is far below what the server can serve.
fn prepare_for_many_clients(log: &Log) {
    if let Some(limit) = open_files::raise_limit()
        && limit < open_files::WANTED
    {
        let wanted = open_files::WANTED;
        log.error(format_args!(
            "only {limit} files may be open, which limits the number of clients; raise the hard \
             limit (ulimit -Hn) to {wanted} for 10,000"
        ));
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn defaults_are_those_of_the_library() {
        let cli = Cli::try_parse_from(["reference-server", "bcp"]).unwrap();
        let Protocol::Bcp(args) = cli.protocol else {
            panic!("another protocol");
        };
        let options = bcp::Options::default();
        assert_eq!(args.port, 9001);
        assert_eq!(args.dialect, options.dialect);
        assert_eq!(args.idle_timeout, options.idle_timeout);
        assert_eq!(args.check_interval, options.check_interval);
    }

    #[test]
    fn defaults_of_chatapp_are_those_of_the_library() {
        let cli = Cli::try_parse_from(["reference-server", "chatapp"]).unwrap();
        let Protocol::Chatapp(args) = cli.protocol else {
            panic!("another protocol");
        };
        let options = chatapp::Options::default();
        assert_eq!(args.port, 4119);
        assert_eq!(args.db, options.db);
        assert_eq!(args.answer_timeout, options.answer_timeout);
    }

    #[test]
    fn defaults_of_chatbooth_are_those_of_the_library() {
        let cli = Cli::try_parse_from(["reference-server", "chatbooth"]).unwrap();
        let Protocol::Chatbooth(args) = cli.protocol else {
            panic!("another protocol");
        };
        let options = chatbooth::Options::default();
        assert_eq!(args.port, 8080);
        assert_eq!(args.idle_timeout, options.idle_timeout);
        assert_eq!(args.check_interval, options.check_interval);
        assert_eq!(args.max_body, options.limits.body);
    }

    #[test]
    fn defaults_of_csc328_are_those_of_the_library() {
        let cli = Cli::try_parse_from(["reference-server", "csc328"]).unwrap();
        let Protocol::Csc328(args) = cli.protocol else {
            panic!("another protocol");
        };
        let options = csc328::Options::default();
        assert_eq!(args.port, 43_221);
        assert_eq!(args.dialect, options.dialect);
        assert_eq!(args.shutdown_delay, options.shutdown_delay);
    }

    #[test]
    fn defaults_of_wireproto_are_those_of_the_library() {
        let cli = Cli::try_parse_from(["reference-server", "wireproto"]).unwrap();
        let Protocol::Wireproto(args) = cli.protocol else {
            panic!("another protocol");
        };
        let options = wireproto::Options::default();
        assert_eq!(args.port, 8080);
        assert_eq!(args.pause, options.pause);
        assert_eq!(args.max_message, options.limits.message);
    }
}

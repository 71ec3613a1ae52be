//! The reference servers and clients, in the harness itself: the one place that knows them.

use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;

use reference_server::options::OptionError;
use reference_server::{bcp, chatapp, chatbooth, csc328, wireproto};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::protocol::Transport;
use crate::verdict::Side;

/// The hidden subcommand under which the harness is the reference server.
pub const SUBCOMMAND: &str = "reference-server";

/// The hidden subcommand under which the harness is the reference client.
pub const CLIENT_SUBCOMMAND: &str = "reference-client";

/// The protocols that have a reference server.
pub const PROTOCOLS: &[&str] = &["bcp", "chatapp", "chatbooth", "csc328", "wireproto"];

/// The option of servers that keep what they know in a file.
const DATABASE: &str = "db";

/// What a server of its own listens on.
enum Listener {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

/// The option of servers that speak in several forms.
const DIALECT: &str = "dialect";

/// The option of programs that can be told to do something wrong.
pub(super) const FAULT: &str = "fault";

/// Something that a reference program can be told to do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Whose fault it is.
    pub side: Side,
    /// What it is called.
    pub name: &'static str,
    /// The name of the rule that it breaks.
    pub rule: &'static str,
    /// What the program does, in one line.
    pub text: &'static str,
}

/// What the reference server of a protocol can be told to do wrong, and what its reference client.
pub fn faults(protocol: &str) -> Vec<Fault> {
    let servers = reference_server::cli::faults(protocol).into_iter();
    let clients = reference_client::faults(protocol).into_iter();
    let of = |side| {
        move |about: reference_server::faults::About| Fault {
            side,
            name: about.name,
            rule: about.rule,
            text: about.text,
        }
    };
    let servers = servers.map(of(Side::Server));
    servers.chain(clients.map(of(Side::Client))).collect()
}

/// A reference server in this process.
pub(super) struct InProcess {
    shutdown: CancellationToken,
    task: JoinHandle<io::Result<()>>,
}

impl InProcess {
    /// Starts a server on a port of its own. Parameters that it does not have are those of the
    /// fake clients, and are left out.
    pub(super) async fn start(
        protocol: &str,
        transport: Transport,
        dialect: &str,
        params: &[(String, String)],
    ) -> Result<(SocketAddr, Self), String> {
        let bound = listen(transport).await;
        let (address, listener) = bound.map_err(|error| format!("cannot listen: {error}"))?;
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        let task = match (protocol, listener) {
            ("bcp", Listener::Tcp(listener)) => {
                let options = configured(dialect, params, &bcp::Options::NAMES, bcp::Options::set)?;
                tokio::spawn(bcp::run(listener, options, stop))
            }
            ("chatapp", Listener::Udp(socket)) => {
                let names = &chatapp::Options::NAMES;
                let options = configured(dialect, params, names, chatapp::Options::set)?;
                tokio::spawn(chatapp::run(socket, options, stop))
            }
            ("chatbooth", Listener::Tcp(listener)) => {
                let names = &chatbooth::Options::NAMES;
                let options = configured(dialect, params, names, chatbooth::Options::set)?;
                tokio::spawn(chatbooth::run(listener, options, stop))
            }
            ("csc328", Listener::Tcp(listener)) => {
                let names = &csc328::Options::NAMES;
                let options = configured(dialect, params, names, csc328::Options::set)?;
                tokio::spawn(csc328::run(listener, options, stop))
            }
            ("wireproto", Listener::Tcp(listener)) => {
                let names = &wireproto::Options::NAMES;
                let options = configured(dialect, params, names, wireproto::Options::set)?;
                tokio::spawn(wireproto::run(listener, options, stop))
            }
            _ => return Err(format!("there is no reference server for {protocol}")),
        };
        Ok((address, Self { shutdown, task }))
    }

    /// Whether it has ended although nobody asked it to.
    pub(super) fn has_died(&self) -> bool {
        self.task.is_finished() && !self.shutdown.is_cancelled()
    }

    /// Ends it.
    pub(super) fn stop(self) {
        self.shutdown.cancel();
        self.task.abort();
    }
}

/// A port of its own on this machine.
async fn listen(transport: Transport) -> io::Result<(SocketAddr, Listener)> {
    let here = (Ipv4Addr::LOCALHOST, 0);
    Ok(match transport {
        Transport::Tcp => {
            let listener = TcpListener::bind(here).await?;
            (listener.local_addr()?, Listener::Tcp(listener))
        }
        Transport::Udp => {
            let socket = UdpSocket::bind(here).await?;
            (socket.local_addr()?, Listener::Udp(socket))
        }
    })
}

/// Options with the dialect, where the server has several, and the parameters that it knows.
fn configured<O: Default>(
    dialect: &str,
    params: &[(String, String)],
    names: &[&str],
    set: impl Fn(&mut O, &str, &str) -> Result<(), OptionError>,
) -> Result<O, String> {
    let mut options = O::default();
    let dialect = names.contains(&DIALECT).then_some((DIALECT, dialect));
    for (name, value) in dialect.into_iter().chain(known(params, names)) {
        set(&mut options, name, value).map_err(|error| error.to_string())?;
    }
    Ok(options)
}

/// The parameters that a server knows, of those of its protocol's file.
fn known<'a>(
    params: &'a [(String, String)],
    names: &'a [&'a str],
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let known = |(name, _): &&(String, String)| names.contains(&name.as_str());
    params
        .iter()
        .filter(known)
        .map(|(name, value)| (name.as_str(), value.as_str()))
}

/// The arguments with which this very program is the reference server as a process; what it keeps
/// over a restart stands in `dir`.
pub(super) fn arguments(
    protocol: &str,
    dialect: &str,
    port: u16,
    (dir, log): (&Path, Option<&Path>),
    params: &[(String, String)],
) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec![
        SUBCOMMAND.into(),
        protocol.into(),
        "--port".into(),
        port.to_string().into(),
    ];
    if let Some(log) = log {
        words.push("--log".into());
        words.push(log.into());
    }
    let names: &[&str] = match protocol {
        "bcp" => &bcp::Options::NAMES,
        "chatapp" => &chatapp::Options::NAMES,
        "chatbooth" => &chatbooth::Options::NAMES,
        "csc328" => &csc328::Options::NAMES,
        "wireproto" => &wireproto::Options::NAMES,
        _ => &[],
    };
    if names.contains(&DATABASE) {
        words.push(format!("--{DATABASE}").into());
        words.push(dir.join("server.db").into());
    }
    if names.contains(&DIALECT) {
        words.extend(["--dialect".into(), dialect.into()]);
    }
    for (name, value) in known(params, names) {
        words.push(format!("--{}", name.replace('_', "-")).into());
        words.push(value.into());
    }
    words
}

/// The arguments with which this very program is the reference client; `None` for protocols that have
/// none, and for dialects that it does not speak. `value` gives what the program is told: `host`, `port`,
/// `name` and so on.
pub(super) fn client_arguments(
    protocol: &str,
    value: &dyn Fn(&str) -> Option<String>,
    fault: Option<Fault>,
) -> Option<Vec<OsString>> {
    let dialect = value(DIALECT).unwrap_or_default();
    if !reference_client::speaks(protocol, &dialect) {
        return None;
    }
    let words: &[&str] = match protocol {
        "bcp" => &[
            "-u",
            "{name}",
            "-s",
            "{host}",
            "-p",
            "{port}",
            "--dialect",
            "{dialect}",
        ],
        "chatapp" => &[
            "-c",
            "{name}",
            "{host}",
            "{port}",
            "{client_port}",
            "--ack-wait",
            "{ack_wait}",
            "--register-pause",
            "{register_pause}",
            "--retry-pause",
            "{retry_pause}",
        ],
        "chatbooth" => &["--host", "{host}", "--port", "{port}"],
        "csc328" => &["{host}", "{port}", "--dialect", "{dialect}"],
        "wireproto" => &["{host}", "{port}"],
        _ => return None,
    };
    let own = [CLIENT_SUBCOMMAND, protocol].map(OsString::from);
    let words = words
        .iter()
        .map(|word| super::subject::fill(word, value).into());
    let fault = fault.filter(|fault| fault.side == Side::Client);
    let fault = fault.map(|fault| [format!("--{FAULT}"), fault.name.to_owned()]);
    let fault = fault.into_iter().flatten().map(OsString::from);
    Some(own.into_iter().chain(fault).chain(words).collect())
}

/// Runs the reference client with the arguments that follow [`CLIENT_SUBCOMMAND`].
pub fn client_main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    reference_client::main(std::iter::once(CLIENT_SUBCOMMAND.into()).chain(arguments))
}

/// Runs the reference server with the arguments that follow [`SUBCOMMAND`].
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    reference_server::cli::main(std::iter::once(SUBCOMMAND.into()).chain(arguments))
}

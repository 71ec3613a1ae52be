//! Reference clients of the chat protocols, one subcommand a protocol.
//!
//! The modules in the order in which data flows: `screen` takes lines and shows them, `tcp`
//! moves them between the screen, a connection and a `session`, and each protocol is a session
//! of its own that does no input or output: `bcp`, `chatbooth`,
//! `csc328`, `wireproto`. `chatapp` is no connection and has sockets of its own. `text` makes
//! what others say harmless, and `faults` is what a client can be told to do wrong.
//!
//! Exit status: 0 after the end of input or Ctrl-C, 2 for unusable arguments, what the protocol
//! says when the server refuses something, 1 when the connection fails, is lost or carries what is
//! no message, 128 and the number of a signal that ended the program.

mod arguments;
mod bcp;
mod chatapp;
mod chatbooth;
mod csc328;
mod faults;
mod screen;
mod session;
mod tcp;
mod text;
mod wireproto;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::faults::{About, Slip, Slips};
use crate::session::{Ending, Failure};

/// The exit status when the arguments cannot be used.
const USAGE: u8 = 2;

/// Reference clients of the chat protocols.
///
/// What is typed is sent, what others write is shown. In a pipe each line of the input is one
/// message, and the program ends once the server has accepted the last one.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    protocol: Protocol,
}

#[derive(Debug, Subcommand)]
enum Protocol {
    /// Chat with the Basic Chat Protocol.
    Bcp(bcp::Options),
    /// Chat with `ChatApp`: `reg NAME`, `dereg`, `send NAME TEXT` and `send_all TEXT`, one a line.
    ///
    /// The messages go from client to client; the server keeps those for who is away. Ctrl-C leaves
    /// silently, the end of the input deregisters.
    Chatapp(chatapp::Options),
    /// Log in, list accounts, send messages: chatbooth's commands, one a line; `help` lists them.
    Chatbooth(chatbooth::Options),
    /// Chat in the nickname group chat; the first line is your nickname.
    Csc328(csc328::Options),
    /// Accounts, messages and lists with wireproto; actions are chosen by their number.
    Wireproto(wireproto::Options),
    /// List the faults that a client can be given with --fault, and the rules that they break.
    Faults {
        /// Only those of this protocol.
        #[arg(long, value_name = "NAME")]
        protocol: Option<String>,
    },
}

impl Protocol {
    /// What goes wrong around a session of it.
    fn slips(&self) -> Slips {
        match self {
            Self::Bcp(options) => options.slips(),
            Self::Chatbooth(options) => options.slips(),
            Self::Csc328(options) => options.slips(),
            Self::Wireproto(options) => options.slips(),
            _ => Slips::default(),
        }
    }
}

/// Runs the client that the arguments ask for until it ends, or tells what is wrong with them; the
/// first one is the program's name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = arguments.into_iter().collect();
    let protocol = match Arguments::try_parse_from(&words) {
        Ok(arguments) => arguments.protocol,
        Err(error) => return unusable(&error, &words),
    };
    if let Protocol::Faults { protocol } = &protocol {
        return list_faults(protocol.as_deref());
    }
    let slips = protocol.slips();
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::System)
        .and_then(|runtime| {
            let outcome = runtime.block_on(chat(protocol, slips.clone()));
            // Somebody may still be looking for the address of the server.
            runtime.shutdown_background();
            outcome
        });
    ExitCode::from(match outcome {
        Ok(Ending::Done) => 0,
        Ok(Ending::Signal(number)) => 128_u8.saturating_add(number),
        Err(failure) => {
            tell(&failure, &slips);
            slips.status(&failure)
        }
    })
}

/// What can be asked for help, and mistakes.
fn unusable(error: &clap::Error, words: &[OsString]) -> ExitCode {
    let slips = faults::of_unusable(words);
    let is_mistake = error.use_stderr();
    if !(is_mistake && slips.has(Slip::ArgumentUntold)) {
        // There is nobody to tell that nobody listens.
        let _ = error.print();
    }
    ExitCode::from(match is_mistake {
        false => 0,
        true if slips.has(Slip::ArgumentStatus) => 1,
        true => USAGE,
    })
}

/// What the client of a protocol can be told to do wrong; nothing for a protocol without a client.
pub fn faults(protocol: &str) -> Vec<About> {
    let known = faults::TABLES.iter().find(|(name, _)| *name == protocol);
    known.map(|(_, table)| table()).unwrap_or_default()
}

fn list_faults(protocol: Option<&str>) -> ExitCode {
    match faults::list(faults::TABLES, protocol) {
        Ok(lines) => {
            // A closed pipe (`| head`) is no error.
            let _ = write!(std::io::stdout().lock(), "{lines}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            let _ = writeln!(std::io::stderr().lock(), "{}: {problem}", screen::PROGRAM);
            ExitCode::from(USAGE)
        }
    }
}

/// Whether there is a client of this protocol that speaks this dialect.
pub fn speaks(protocol: &str, dialect: &str) -> bool {
    use reference_codecs::{bcp, csc328};
    match protocol {
        "bcp" => dialect.parse::<bcp::Dialect>().is_ok(),
        "csc328" => dialect.parse::<csc328::Dialect>().is_ok(),
        "chatapp" | "chatbooth" | "wireproto" => true,
        _ => false,
    }
}

async fn chat(protocol: Protocol, slips: Slips) -> Result<Ending, Failure> {
    match protocol {
        Protocol::Bcp(options) => {
            tcp::run(options.address(), bcp::Client::new(&options), slips).await
        }
        Protocol::Chatapp(options) => chatapp::run(options).await,
        Protocol::Chatbooth(options) => {
            tcp::run(options.address(), chatbooth::Client::new(&options), slips).await
        }
        Protocol::Csc328(options) => {
            tcp::run(options.address(), csc328::Client::new(&options), slips).await
        }
        Protocol::Wireproto(options) => {
            tcp::run(options.address(), wireproto::Client::new(&options), slips).await
        }
        Protocol::Faults { .. } => Ok(Ending::Done),
    }
}

/// Nobody is left to be told when standard error is closed, too.
fn tell(failure: &Failure, slips: &Slips) {
    if matches!(failure, Failure::OutputGone) || slips.hide(failure) {
        return;
    }
    let mut sentence = text::harmless(&failure.to_string());
    if slips.has(Slip::FailureRaw) {
        sentence = failure.to_string();
    }
    let _ = writeln!(std::io::stderr().lock(), "{}: {sentence}", screen::PROGRAM);
}

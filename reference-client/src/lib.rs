//! Reference clients of the chat protocols, one subcommand a protocol.
//!
//! The modules in the order in which data flows: `screen` takes lines and shows them, `tcp`
//! moves them between the screen, a connection and a `session`, and each protocol is a session
//! of its own that does no input or output: `bcp`, `chatbooth`,
//! `csc328`, `wireproto`. `chatapp` is no connection and has sockets of its own. `text` makes
//! what others say harmless.
//!
//! Exit status: 0 after the end of input or Ctrl-C, 2 for unusable arguments, what the protocol
//! says when the server refuses something, 1 when the connection fails, is lost or carries what is
//! no message, 128 and the number of a signal that ended the program.

mod arguments;
mod bcp;
mod chatapp;
mod chatbooth;
mod csc328;
mod screen;
mod session;
mod tcp;
mod text;
mod wireproto;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::session::{Ending, Failure};

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
}

/// Runs the client that the arguments ask for until it ends; the first one is the program's name. Ends
/// the process by itself when they cannot be used.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = Arguments::parse_from(arguments);
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::System)
        .and_then(|runtime| {
            let outcome = runtime.block_on(chat(arguments.protocol));
            // Somebody may still be looking for the address of the server.
            runtime.shutdown_background();
            outcome
        });
    ExitCode::from(match outcome {
        Ok(Ending::Done) => 0,
        Ok(Ending::Signal(number)) => 128_u8.saturating_add(number),
        Err(failure) => {
            tell(&failure);
            failure.status()
        }
    })
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

async fn chat(protocol: Protocol) -> Result<Ending, Failure> {
    match protocol {
        Protocol::Bcp(options) => tcp::run(options.address(), bcp::Client::new(&options)).await,
        Protocol::Chatapp(options) => chatapp::run(options).await,
        Protocol::Chatbooth(options) => {
            tcp::run(options.address(), chatbooth::Client::default()).await
        }
        Protocol::Csc328(options) => {
            tcp::run(options.address(), csc328::Client::new(&options)).await
        }
        Protocol::Wireproto(options) => {
            tcp::run(options.address(), wireproto::Client::default()).await
        }
    }
}

/// Nobody is left to be told when standard error is closed, too.
fn tell(failure: &Failure) {
    if !matches!(failure, Failure::OutputGone) {
        let sentence = text::harmless(&failure.to_string());
        let _ = writeln!(std::io::stderr().lock(), "{}: {sentence}", screen::PROGRAM);
    }
}

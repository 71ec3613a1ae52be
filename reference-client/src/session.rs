//! What every protocol client looks like to the program around it.

use std::io;
use std::time::Duration;

use reference_codecs::{EncodeError, Malformed};
use thiserror::Error;

/// A protocol as a client speaks it over one connection. Pure: it does no input or output.
///
/// What it wants done goes into [`Effects`]; they are carried out also when an error is returned,
/// so that nothing that came before the error is lost.
pub(crate) trait Session {
    /// The connection stands.
    fn start(&mut self, effects: &mut Effects) -> Result<(), Failure>;

    /// These bytes have come from the server, split and joined in any way.
    fn receive(&mut self, bytes: &[u8], effects: &mut Effects) -> Result<(), Failure>;

    /// The user has finished a line, given without its end.
    fn line(&mut self, line: &str, effects: &mut Effects) -> Result<(), Failure>;

    /// Whether another line is welcome; otherwise the input is left alone, which bounds what a
    /// session has to keep.
    fn wants_line(&self) -> bool;

    /// How many requests have no answer yet, those included that are still to be sent.
    fn unanswered(&self) -> usize;

    /// Whether the server has sent the beginning of a message and not its end.
    fn is_inside_message(&self) -> bool;

    /// Whether only a pause, or the end of the connection, tells that the last message is whole.
    fn waits_for_pause(&self) -> bool {
        false
    }

    /// The server has paused, or ended the connection.
    fn pause(&mut self, effects: &mut Effects) -> Result<(), Failure> {
        let _ = effects;
        Ok(())
    }

    /// The user is done: last words for the server, if the protocol has any.
    fn leave(&mut self, effects: &mut Effects) -> Result<(), Failure> {
        let _ = effects;
        Ok(())
    }

    /// Whether the next line is a secret, such as a password, that is not to be seen.
    fn wants_secret(&self) -> bool {
        false
    }
}

/// What a session wants done, in order.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// Bytes for the server.
    pub(crate) send: Vec<u8>,
    /// Lines for the user.
    pub(crate) show: Vec<Note>,
    /// The user has said that this was all: as if the input had ended.
    pub(crate) finish: bool,
    /// The connection is to end within that time. When the server ends it from now on, that is no
    /// failure; when it does not, the client does.
    pub(crate) ends_within: Option<Duration>,
}

/// One thing to be shown. The text is harmless already and may have several lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Note {
    /// What the server or somebody else said, for standard output.
    Heard(String),
    /// What the user said; left out where the terminal has shown it while it was typed.
    Said(String),
    /// About the program itself, for standard error.
    Warning(String),
}

/// How a session ends when nothing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The user was done: end of input, or Ctrl-C.
    Done,
    /// Somebody else wanted the program to end; the number of the signal.
    Signal(u8),
}

/// How a session ends otherwise, in words for the user.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// No connection came about.
    #[error("cannot connect to {address}: {source}")]
    Connect { address: String, source: io::Error },
    /// The connection broke.
    #[error("the connection to the server is lost: {0}")]
    Lost(io::Error),
    /// The server ended the connection.
    #[error("the server has closed the connection{}", if *inside { " in the middle of a message" } else { "" })]
    Closed { inside: bool },
    /// The server's bytes are not in the protocol.
    #[error("the server does not speak this protocol or dialect: {0}")]
    Malformed(#[from] Malformed),
    /// The server refuses to go on; the exit status is the protocol's.
    #[error("{sentence}")]
    Refused { status: u8, sentence: String },
    /// After the end of input the server has to answer in time.
    #[error("the server has not answered the last message within {seconds} s")]
    Unanswered { seconds: u64 },
    /// A message of ours cannot be written.
    #[error("cannot send: {0}")]
    Encode(#[from] EncodeError),
    /// Nobody reads standard output any more. Not told: there is nobody to tell.
    #[error("nobody reads the output")]
    OutputGone,
    /// The operating system does not give what the program needs.
    #[error("cannot start: {0}")]
    System(io::Error),
}

impl Failure {
    /// The exit status of the program.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Refused { status, .. } => *status,
            _ => 1,
        }
    }
}

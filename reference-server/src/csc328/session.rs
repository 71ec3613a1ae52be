//! The rules of one connection as a state machine, without a socket and without a clock.
//!
//! The connection tells what arrived; the answer is what to do next.

use std::fmt;

use reference_codecs::Malformed;
use reference_codecs::csc328::{ClientMessage, ServerMessage};

use super::Fault;
use super::text::{self, NameError, TextError};
use crate::faults::Faults;
use crate::link::Lost;

/// What a message from the client asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Ask the room for this nickname and answer with [`Session::ready`] or [`Session::retry`].
    Claim(String),
    /// Hand the text to the room; there is no answer.
    Say(String),
    /// Answer with [`Session::retry`]: there is no such nickname.
    Retry(NameError),
    /// Answer with [`Session::retry`]: this is not the time for what was said.
    OutOfPlace,
    /// The text reaches nobody; there is no answer.
    Drop(TextError),
    /// End the connection.
    End(Ending),
}

/// Why a connection ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    Bye,
    Malformed(Malformed),
    NotReading,
    TooFarBehind,
    Lost(Lost),
    Stopping,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bye => f.write_str("bye"),
            Self::Malformed(error) => error.fmt(f),
            Self::NotReading => f.write_str("the client does not read"),
            Self::TooFarBehind => f.write_str("too many messages behind"),
            Self::Lost(lost) => lost.fmt(f),
            Self::Stopping => f.write_str("the server stops"),
        }
    }
}

impl From<Lost> for Ending {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

/// The state machine of one connection.
#[derive(Debug, Default)]
pub(super) struct Session {
    is_ready: bool,
    faults: Faults<Fault>,
}

impl Session {
    /// A connection that has just been made.
    pub(super) fn new(faults: Faults<Fault>) -> Self {
        Self {
            is_ready: false,
            faults,
        }
    }

    /// CSC328-1: what the server says first.
    pub(super) fn greeting() -> ServerMessage {
        ServerMessage::Hello
    }

    /// A whole message came.
    pub(super) fn message(&self, message: ClientMessage) -> Step {
        match message {
            // CSC328-6: the connection ends, whether or not it has a nickname.
            ClientMessage::Bye if self.overlooks_bye() => Step::Drop(TextError::Empty),
            ClientMessage::Bye => Step::End(Ending::Bye),
            // One nickname a connection: it is answered as one that cannot be had.
            ClientMessage::Nick { .. } if self.is_ready => Step::OutOfPlace,
            ClientMessage::Nick { name } => match text::accept_name(name, self.faults) {
                Ok(name) => Step::Claim(name),
                Err(error) => Step::Retry(error),
            },
            // CSC328-3: nothing is said before READY.
            ClientMessage::Chat { .. }
                if !self.is_ready
                    && !self.faults.has(Fault::EarlyHeard)
                    && !self.faults.has(Fault::EarlyKept) =>
            {
                Step::OutOfPlace
            }
            // CSC328-4: who the client claims to be is not looked at; the room knows who it is.
            ClientMessage::Chat { text, claimed: _ } => {
                match text::accept_text(text, self.faults) {
                    Ok(text) => Step::Say(text),
                    Err(error) => Step::Drop(error),
                }
            }
        }
    }

    /// CSC328-6: only in a server that is told to.
    fn overlooks_bye(&self) -> bool {
        self.faults.has(Fault::ByeStays) || !self.is_ready && self.faults.has(Fault::EarlyByeStays)
    }

    /// CSC328-2: the nickname was free and is this client's now.
    pub(super) fn ready(&mut self) -> ServerMessage {
        self.is_ready = true;
        ServerMessage::Ready
    }

    /// CSC328-2: the client may try again, as often as it likes.
    pub(super) fn retry() -> ServerMessage {
        ServerMessage::Retry
    }

    /// CSC328-7: what every client is told when the server stops.
    pub(super) fn notice(seconds: u64) -> ServerMessage {
        ServerMessage::Shutdown { seconds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nick(name: &str) -> ClientMessage {
        ClientMessage::Nick { name: name.into() }
    }

    fn chat(text: &str) -> ClientMessage {
        ClientMessage::Chat {
            claimed: b"somebody else".to_vec(),
            text: text.into(),
        }
    }

    fn ready() -> Session {
        let mut session = Session::default();
        let step = session.message(nick("alice"));
        assert_eq!(step, Step::Claim("alice".to_owned()));
        assert_eq!(session.ready(), ServerMessage::Ready);
        session
    }

    #[test]
    fn rule_1_the_server_speaks_first() {
        assert_eq!(Session::greeting(), ServerMessage::Hello);
    }

    #[test]
    fn rule_2_a_nickname_is_asked_for_until_one_is_free() {
        let session = Session::default();
        assert_eq!(session.message(nick("")), Step::Retry(NameError::Empty));
        for _ in 0..3 {
            let step = session.message(nick("alice"));
            assert_eq!(step, Step::Claim("alice".to_owned()));
            assert_eq!(Session::retry(), ServerMessage::Retry);
        }
    }

    #[test]
    fn rule_2_a_second_nickname_is_not_to_be_had() {
        assert_eq!(ready().message(nick("bob")), Step::OutOfPlace);
    }

    #[test]
    fn rule_3_nothing_is_said_before_ready() {
        let session = Session::default();
        assert_eq!(session.message(chat("hi")), Step::OutOfPlace);
        assert_eq!(session.message(chat("")), Step::OutOfPlace);
        assert_eq!(ready().message(chat("hi")), Step::Say("hi".to_owned()));
    }

    #[test]
    fn rule_6_bye_ends_the_connection_in_every_state() {
        for session in [Session::default(), ready()] {
            let step = session.message(ClientMessage::Bye);
            assert_eq!(step, Step::End(Ending::Bye));
        }
    }

    #[test]
    fn rule_7_the_notice_names_the_seconds() {
        let notice = Session::notice(5);
        assert_eq!(notice, ServerMessage::Shutdown { seconds: 5 });
    }

    #[test]
    fn rule_9_what_is_no_text_is_dropped_and_the_client_stays() {
        let session = ready();
        assert_eq!(session.message(chat("")), Step::Drop(TextError::Empty));
        let bytes = ClientMessage::Chat {
            claimed: Vec::new(),
            text: vec![0xff],
        };
        assert_eq!(session.message(bytes), Step::Drop(TextError::NotUtf8));
        assert_eq!(session.message(chat("hi")), Step::Say("hi".to_owned()));
    }
}

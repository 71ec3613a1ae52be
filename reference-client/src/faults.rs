//! What clients can be told to do wrong, so that scenarios for clients can be judged.
//!
//! Each protocol has a table of its own. What goes wrong around a session, such as how the end of a
//! connection is told, is a [`Slip`]: the same for all protocols, under the rule that each has for it.

pub(crate) use reference_codecs::faults::{About, Fault, Faults, Table, list, parse, table};

use std::ffi::OsString;

use reference_codecs::faults::all;

use crate::session::Failure;
use crate::text;
use crate::{bcp, chatapp, chatbooth, csc328};

/// The protocols whose clients can be given faults, with their tables.
pub(crate) const TABLES: &[(&str, Table)] = &[
    ("bcp", all::<bcp::Fault>),
    ("chatapp", all::<chatapp::Fault>),
    ("chatbooth", all::<chatbooth::Fault>),
    ("csc328", all::<csc328::Fault>),
];

/// Something that goes wrong around a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slip {
    /// Arguments that cannot be used end the program with status 1.
    ArgumentStatus,
    /// Nobody is told which arguments cannot be used.
    ArgumentUntold,
    /// Nobody is told that no connection can be made.
    ConnectUntold,
    /// Nobody is told that the server has ended the connection.
    EndUntold,
    /// Nobody is told of a connection that was reset.
    ResetUntold,
    /// Nobody is told of an end in the middle of a message.
    CutUntold,
    /// A connection that is lost ends the program with status 0.
    EndOk,
    /// A connection that cannot be made ends the program with status 0.
    ConnectOk,
    /// The program goes on when the connection has ended.
    EndHangs,
    /// The program ends 3 s after the connection.
    EndLate,
    /// SIGINT does nothing.
    InterruptIgnored,
    /// SIGINT does nothing while the server owes an answer.
    InterruptWaits,
    /// SIGINT ends the program without last words.
    InterruptRude,
    /// SIGINT is told as a stack of calls.
    InterruptTrace,
    /// The end of what the user types does nothing.
    LeavingHangs,
    /// That the user leaves does nothing before the end of what he types.
    FinishWaits,
    /// The program waits for the server to close, however long that takes.
    ClosingWaits,
    /// An end that the server has announced ends the program with status 1.
    AnnouncedFails,
    /// A server that is silent for 300 ms is given up.
    SilenceEnds,
    /// Bytes that are no message kill the program.
    NonsenseKills,
    /// Control sequences in what a failure is told with reach the terminal.
    FailureRaw,
}

/// What goes wrong with arguments that cannot be read, and the faults in them neither.
pub(crate) fn of_unusable(words: &[OsString]) -> Slips {
    let slips = [
        ("argument-status", Slip::ArgumentStatus),
        ("argument-untold", Slip::ArgumentUntold),
    ];
    let named = |(name, _): &(&str, Slip)| words.iter().any(|word| word == name);
    let had = slips.into_iter().filter(named);
    Slips(had.map(|(_, slip)| slip).collect())
}

/// What goes wrong around a session: nothing, unless its faults say so.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slips(Vec<Slip>);

impl Slips {
    /// Those that come with the faults of a client.
    pub(crate) fn of<F: Fault>(faults: Faults<F>, slip: impl Fn(F) -> Option<Slip>) -> Self {
        let had = F::ALL.iter().copied().filter(|fault| faults.has(*fault));
        Self(had.filter_map(slip).collect())
    }

    /// Whether this goes wrong.
    pub(crate) fn has(&self, slip: Slip) -> bool {
        self.0.contains(&slip)
    }

    /// Whether nobody is told of a failure.
    pub(crate) fn hide(&self, failure: &Failure) -> bool {
        match failure {
            Failure::Connect { .. } => self.has(Slip::ConnectUntold),
            Failure::Lost(_) => self.has(Slip::EndUntold) || self.has(Slip::ResetUntold),
            Failure::Closed { inside } => {
                self.has(Slip::EndUntold) || *inside && self.has(Slip::CutUntold)
            }
            _ => false,
        }
    }

    /// The exit status after a failure.
    pub(crate) fn status(&self, failure: &Failure) -> u8 {
        match failure {
            Failure::Connect { .. } if self.has(Slip::ConnectOk) => 0,
            Failure::Lost(_) | Failure::Closed { .. } if self.has(Slip::EndOk) => 0,
            _ => failure.status(),
        }
    }
}

/// A text with ? for everything that is not ASCII.
pub(crate) fn in_ascii(text: &str) -> String {
    let plain = |char: char| if char.is_ascii() { char } else { '?' };
    text.chars().map(plain).collect()
}

/// A text with one space between its words.
pub(crate) fn in_words(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// A text in which DEL and the controls above ASCII stay as they are.
pub(crate) fn half_raw(text: &str) -> String {
    let is_raw = |char: char| ('\x7f'..='\u{9f}').contains(&char);
    let shown = |part: &str| match part.chars().next_back() {
        Some(last) if is_raw(last) => {
            text::harmless(part.trim_end_matches(is_raw)) + &last.to_string()
        }
        _ => text::harmless(part),
    };
    text.split_inclusive(is_raw).map(shown).collect()
}

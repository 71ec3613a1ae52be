//! What clients can be told to do wrong, so that scenarios for clients can be judged.
//!
//! Each protocol has a table of its own. What goes wrong around a session, such as how the end of a
//! connection is told, is a [`Slip`]: the same for all protocols, under the rule that each has for it.

pub(crate) use reference_codecs::faults::{About, Fault, Faults, Table, list, parse, table};

use std::ffi::OsString;

use clap::Args;
use reference_codecs::faults::all;

use crate::session::Failure;
use crate::text;
use crate::{bcp, chatapp, chatbooth, csc328, wireproto};

/// The protocols whose clients can be given faults, with their tables.
pub(crate) const TABLES: &[(&str, Table)] = &[
    ("bcp", all::<bcp::Fault>),
    ("chatapp", all::<chatapp::Fault>),
    ("chatbooth", all::<chatbooth::Fault>),
    ("csc328", all::<csc328::Fault>),
    ("wireproto", all::<wireproto::Fault>),
];

/// The faults that a client is told to have, as options.
#[derive(Debug, Args)]
pub(crate) struct FaultOptions<F: Fault + Send + Sync> {
    /// A rule to break (may be repeated); `reference-client faults` lists what there is.
    #[arg(long = "fault", value_name = "NAME", value_parser = parse::<F>)]
    faults: Vec<F>,
}

impl<F: Fault + Send + Sync> FaultOptions<F> {
    /// The faults.
    pub(crate) fn had(&self) -> Faults<F> {
        self.faults.iter().copied().collect()
    }
}

impl<F: SessionFault + Send + Sync> FaultOptions<F> {
    /// What goes wrong around the session with them.
    pub(crate) fn slips(&self) -> Slips {
        let goes_wrong = |(fault, _): &&(F, Slip)| self.had().has(*fault);
        let slips = F::SLIPS.iter().filter(goes_wrong);
        Slips(slips.map(|(_, slip)| *slip).collect())
    }
}

impl<F: Fault + Send + Sync> Default for FaultOptions<F> {
    fn default() -> Self {
        Self { faults: Vec::new() }
    }
}

/// The faults of a client that is a session over one connection.
pub(crate) trait SessionFault: Fault {
    /// Those that go wrong around the session, and how.
    const SLIPS: &'static [(Self, Slip)];
}

/// The table of such faults, of which some are slips: `Variant: "name", "RULE", "what the program
/// then does" => Slip;`.
macro_rules! session_table {
    ($($variant:ident: $name:literal, $rule:literal, $text:literal $(=> $slip:ident)?;)+) => {
        $crate::faults::table! { $($variant: $name, $rule, $text;)+ }

        impl $crate::faults::SessionFault for Fault {
            const SLIPS: &'static [(Self, $crate::faults::Slip)] =
                &[$($((Self::$variant, $crate::faults::Slip::$slip),)?)+];
        }
    };
}
pub(crate) use session_table;

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
    /// The program goes on when the connection has ended instead of an answer.
    EndHangsWaiting,
    /// The program goes on when the connection has ended in the middle of a message.
    CutHangs,
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
    /// SIGINT is told by the name of an exception.
    InterruptNamed,
    /// The end of what the user types does nothing.
    LeavingHangs,
    /// The end of what the user types ends the program at once, without last words.
    LeavingRude,
    /// At the end of what the user types what waits to be sent is forgotten.
    LeavingHurries,
    /// That the user leaves does nothing before the end of what he types.
    FinishWaits,
    /// The program waits for the server to close, however long that takes.
    ClosingWaits,
    /// An end that the server has announced ends the program with status 1.
    AnnouncedFails,
    /// An announced end by a reset ends the program with status 1.
    AnnouncedResetFails,
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

//! Replays scripted exchanges against chat programs and judges what comes back, rule by rule.
//!
//! The modules in the order in which data flows: text of the user's files ([`source`]) becomes
//! scenarios and protocols as written ([`scenario`], [`protocol`], [`wire`]), which become plans
//! with every name resolved ([`plan`]). A [`run`] over sockets leaves a [`transcript`];
//! [`matching`] compares messages with what was asked for, and [`verdict`] folds findings into a
//! verdict, which what is [`expected`] may excuse. Both are told as [`event`]s to [`report`]s, and an exchange is compared with that of
//! earlier runs as a [`snapshot`]. To [`prove`] the scenarios is to run them against servers with
//! known faults.

pub mod source;

pub mod protocol;
pub mod scenario;
pub mod wire;

pub mod plan;

pub mod run;

pub mod transcript;

pub mod matching;
pub mod verdict;

pub mod expected;

pub mod matrix;

pub mod prove;

pub mod event;
pub mod report;
pub mod snapshot;

pub mod language;
pub mod schema;

pub mod cli;

mod calendar;
mod slug;
mod stable_hash;

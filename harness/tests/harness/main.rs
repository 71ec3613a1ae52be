//! The harness as a program, tried on peers, programs, files and flags that are wrong in every way
//! that is known.
//!
//! What a person reads is held in golden files (`snapshots/`, beside `protocols/` and `mistakes/`):
//! `cargo insta review` shows what has changed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::too_many_lines,
    clippy::large_stack_arrays,
    reason = "helpers of tests fail by panicking, and say what was left out"
)]

mod bare;
mod captures;
mod chromium;
mod clients;
mod datagrams;
mod faults;
mod flags;
mod known;
mod lines;
mod matrix;
mod mistakes;
mod mutations;
mod nuisances;
mod page;
mod peer;
mod program;
mod programs;
mod prompts;
mod proof;
mod reference;
mod reports;
mod server;
mod spoilt;
mod words;

//! The clients as a user sees them: in a pipe and at a terminal against a scripted server, and
//! chatting with the Python clients through the reference servers.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says so when it cannot run"
)]

mod bcp;
mod chatapp;
mod chatbooth;
mod csc328;
mod display;
mod peer;
mod program;
mod server;
mod terminal;
mod wireproto;

use std::time::Duration;

/// Longer than anything awaited here may take, except where a test says otherwise.
const DEADLINE: Duration = Duration::from_secs(30);

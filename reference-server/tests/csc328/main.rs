//! The server of the nickname group chat over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what fails here fails the test"
)]

mod hostile;
mod peer;
mod rules;
mod stopping;
#[path = "../support/mod.rs"]
mod support;

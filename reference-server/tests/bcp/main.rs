//! The Basic Chat Protocol server over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what fails here fails the test"
)]

mod crowd;
mod ending;
mod peer;
mod recorded;
mod rules;
#[path = "../support/mod.rs"]
mod support;
mod timing;

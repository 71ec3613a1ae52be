//! The ChatApp server over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what fails here fails the test"
)]

mod ending;
mod hostile;
mod kept;
mod peer;
mod recorded;
mod rules;
mod silence;

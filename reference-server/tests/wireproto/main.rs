//! The wireproto server over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what fails here fails the test"
)]

mod ending;
mod load;
mod peer;
mod properties;
mod recorded;
mod robustness;
mod rules;
#[path = "../support/mod.rs"]
mod support;

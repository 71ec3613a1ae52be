//! Spoilt messages: no codec panics, waits for more than its limit, or depends on how a stream was
//! cut. `FUZZ_ITERATIONS` makes it run longer, `FUZZ_SEED` begins elsewhere.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "what fails here fails the test, and says how to try it again"
)]

mod bcp;
mod chatapp;
mod chatbooth;
mod csc328;
mod mutator;
mod stream;
mod wireproto;

/// How many cases each codec is tried on unless `FUZZ_ITERATIONS` says so.
const ITERATIONS: u64 = 4000;

fn text(text: &str) -> Vec<u8> {
    text.into()
}

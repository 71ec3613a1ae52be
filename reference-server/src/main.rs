//! Runs one reference server until it is told to stop.

use std::process::ExitCode;

fn main() -> ExitCode {
    reference_server::cli::main(std::env::args_os())
}

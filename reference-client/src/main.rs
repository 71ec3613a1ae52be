//! The reference clients as a program.

use std::process::ExitCode;

fn main() -> ExitCode {
    reference_client::main(std::env::args_os())
}

//! Earmark as a program of its own: `cargo xtask standalone` builds and starts it.

use std::process::ExitCode;

fn main() -> ExitCode {
    if earmark::plugin::standalone::run(std::env::args()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

//! `earmark evaluate vocal|genre|transfer`

mod genre;
mod tables;
mod transfer;
mod vocal;

use anyhow::Result;
use clap::Subcommand;

use super::Outcome;
use super::console::Console;
pub(super) use vocal::hear_all;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Frame by frame: who sings, against phrase labels.
    Vocal(vocal::Arguments),
    /// File by file: the genre, against the file names.
    Genre(genre::Arguments),
    /// Clip by clip: singing or not, by linear probes on the networks' layers.
    Transfer(transfer::Arguments),
}

pub(super) fn run(command: &Command, console: &Console) -> Result<Outcome> {
    match command {
        Command::Vocal(arguments) => vocal::run(arguments, console),
        Command::Genre(arguments) => genre::run(arguments, console),
        Command::Transfer(arguments) => transfer::run(arguments, console),
    }
}

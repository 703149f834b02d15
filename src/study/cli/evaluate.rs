//! `earmark evaluate vocal|genre|similar|transfer`

mod genre;
mod similar;
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
    /// Track by track: whether the nearest ones are of the same genre or artist.
    Similar(similar::Arguments),
    /// Clip by clip: singing or not, by linear probes on the networks' layers.
    Transfer(transfer::Arguments),
}

pub(super) fn run(command: &Command, console: &Console) -> Result<Outcome> {
    match command {
        Command::Vocal(arguments) => vocal::run(arguments, console),
        Command::Genre(arguments) => genre::run(arguments, console),
        Command::Similar(arguments) => similar::run(arguments, console),
        Command::Transfer(arguments) => transfer::run(arguments, console),
    }
}

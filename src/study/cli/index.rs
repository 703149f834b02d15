//! `earmark index DIR`

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::Outcome;
use super::console::Console;
use super::library::{LibraryFlags, update};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The directory that holds the music, with all directories below it.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    #[command(flatten)]
    library: LibraryFlags,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let (outcome, report) = update(&arguments.directory, &arguments.library, console)?;
    if let Some(report) = report {
        console.print(&if arguments.json { serde_json::to_string(&report)? + "\n" } else { report.text() });
    }
    Ok(outcome)
}

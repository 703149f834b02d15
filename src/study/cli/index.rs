//! `earmark index DIR`

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::console::Console;
use super::library::{Care, LibraryFlags, update};
use super::{Outcome, map, stop};
use crate::study::library::Library;
use crate::study::similar::Alike;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The directory that holds the music, with all directories below it.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    #[command(flatten)]
    library: LibraryFlags,
    /// Write a map of the library as a PNG file: what sounds alike lies together, coloured by genre.
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let (outcome, report) = update(&arguments.directory, &arguments.library, Care::Thorough, console)?;
    let Some(report) = report else { return Ok(outcome) };
    if let Some(file) = &arguments.map
        && !stop::requested()
    {
        let index = arguments.library.index_of(&arguments.directory);
        let drawn = Library::open(&index).map_err(anyhow::Error::from).and_then(|library| {
            let alike = Alike::new(&library)?;
            map::draw(&library, &alike, None, &[], file)
        });
        if let Err(error) = drawn {
            console.error(Some(file), &error);
            return Ok(Outcome::Failed);
        }
    }
    console.print(&if arguments.json { serde_json::to_string(&report)? + "\n" } else { report.text() });
    Ok(outcome)
}

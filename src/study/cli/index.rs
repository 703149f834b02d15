//! `earmark index DIR`

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use super::console::Console;
use super::dataset::origin;
use super::library::{Care, LibraryFlags, update};
use super::{Outcome, map, stop};
use crate::engine::ModelSet;
use crate::study::dataset::{Sink, Target, TrackRow};
use crate::study::library::{Library, Track};
use crate::study::shard::Shard;
use crate::study::similar::{Alike, POOLING};

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
    /// Hear only share I of N of the files, on one of N machines, into an index of its own (DIR/.earmark-index.I-of-N);
    /// `earmark index DIR` without it then takes all parts together.
    #[arg(long, value_name = "I/N", default_value_t)]
    shard: Shard,
    /// Write the tracks as Parquet: a directory of parts, or a file that ends in .parquet.
    #[arg(long, value_name = "OUT")]
    parquet: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let flags = LibraryFlags { shard: arguments.shard, ..arguments.library.clone() };
    let (outcome, report) = update(&arguments.directory, &flags, Care::Thorough, console)?;
    let Some(report) = report else { return Ok(outcome) };
    let index = flags.index_of(&arguments.directory);
    if let Some(out) = &arguments.parquet
        && !stop::requested()
        && let Err(error) = write(&arguments.directory, &index, out, arguments.shard, console)
    {
        console.error(Some(out), &error);
        return Ok(Outcome::Failed);
    }
    if let Some(file) = &arguments.map
        && !stop::requested()
    {
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

/// Rows in a part.
const PART_ROWS: usize = 4_096;

/// Writes what the index knows as a data set; rows that are there and unchanged stay.
fn write(root: &Path, index: &Path, out: &Path, shard: Shard, console: &Console) -> Result<()> {
    let library = Library::open(index)?;
    let wait = || console.note(Some(out), "another process is at this shard; waiting until it ends");
    let mut sink = Sink::new(Target::open(out, shard, &origin(&ModelSet::embedded()?), wait)?, PART_ROWS);
    for notice in sink.notices() {
        console.note(Some(out), notice);
    }
    let mut tracks: Vec<(PathBuf, Track)> =
        library.tracks()?.into_iter().map(|track| (root.join(&track.path), track)).collect();
    sink.keep_outstanding(&mut tracks, |(file, _)| file, false)?;
    let vectors = library.vectors(POOLING)?;
    let rows: HashMap<&Path, &[f32]> =
        vectors.paths.iter().map(PathBuf::as_path).zip(vectors.values.chunks_exact(vectors.width.max(1))).collect();
    for (file, track) in tracks {
        let embedding = rows.get(track.path.as_path()).map_or_else(Vec::new, |row| row.to_vec());
        sink.add(TrackRow { file: file.display().to_string(), track, embedding })?;
    }
    sink.finish(true)
}

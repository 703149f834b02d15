//! `cargo xtask uses`: three things a mixer does with the built plugin, on a song, measured on the audio.

use crate::{host, workspace};
use anyhow::{Result, bail};
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `cargo xtask uses`.
#[derive(clap::Args)]
pub struct Options {
    /// Song in two channels, accompaniment on the left and voice on the right; or, with --split, an index.csv of such songs
    /// [default: demo/lithium-stems.ogg]
    songs: Option<PathBuf>,
    /// Who sings when in it, in lines of "start end sing|nosing" [default: beside the song, ending in .lab]
    #[arg(long, value_name = "LAB")]
    labels: Option<PathBuf>,
    /// Rows of the index: train, valid, or all
    #[arg(long, conflicts_with = "labels", requires = "songs")]
    split: Option<String>,
    /// Sample rate to run at, in Hz [default: 48000]
    #[arg(long, value_name = "HZ")]
    rate: Option<f64>,
    /// Folder for the songs [default: target/uses]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Bundles if something has changed, builds the host, runs it; its exit code is ours.
pub fn run(options: Options) -> Result<ExitCode> {
    let demo = workspace::root().join("demo");
    let (songs, beside) = match options.songs {
        Some(songs) => (host::absolute(&songs)?, songs.with_extension("lab")),
        None => (demo.join("lithium-stems.ogg"), demo.join("lithium.lab")),
    };
    let labels = host::absolute(&options.labels.unwrap_or(beside))?;
    for file in [Some(&songs), options.split.is_none().then_some(&labels)].into_iter().flatten() {
        if !file.is_file() {
            bail!("{}: no such file; name a song's stems and its labels, or none for the demo", file.display());
        }
    }
    host::build("earmark-uses")?;
    let target = workspace::target_dir()?;
    let out = options.out.map_or_else(|| Ok(target.join("uses")), |out| host::absolute(&out))?;
    let mut program = host::program("earmark-uses", &target)?;
    program.arg(songs).arg("--out").arg(out);
    match options.split {
        Some(split) => program.arg("--split").arg(split),
        None => program.arg(labels),
    };
    if let Some(rate) = options.rate {
        program.arg("--rate").arg(rate.to_string());
    }
    host::exit_code(&mut program)
}

//! `cargo xtask latency`: how long after a voice starts or ends the built plugin says so, over labelled songs.

use crate::{host, workspace};
use anyhow::{Result, bail};
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `cargo xtask latency`.
#[derive(clap::Args)]
pub struct Options {
    /// Index of a labelled collection, with the columns file, labels, labels_raw, split, layout
    index: PathBuf,
    /// Which rows: train, valid, or all [default: valid]
    #[arg(long)]
    split: Option<String>,
    /// Plugin of the bundle to load
    #[arg(long, value_enum)]
    class: Option<host::Class>,
    /// Frames per block [default: 512]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    block: Option<u32>,
    /// Sample rate to run at, in Hz; the songs are resampled to it [default: 48000]
    #[arg(long, value_name = "HZ")]
    rate: Option<f64>,
    /// Switch "align" on: the audio is delayed, and its turns with it
    #[arg(long)]
    align: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Bundles if something has changed, builds the host, runs it; its exit code is ours.
pub fn run(options: Options) -> Result<ExitCode> {
    let index = host::absolute(&options.index)?;
    if !index.is_file() {
        bail!("{}: no such file; name the index.csv of a labelled collection", index.display());
    }
    host::build("earmark-latency")?;
    let mut program = host::program("earmark-latency", &workspace::target_dir()?)?;
    program.arg(index);
    if let Some(split) = options.split {
        program.arg("--split").arg(split);
    }
    if let Some(class) = options.class {
        program.arg("--class").arg(host::value_name(class));
    }
    if let Some(frames) = options.block {
        program.arg("--block").arg(frames.to_string());
    }
    if let Some(rate) = options.rate {
        program.arg("--rate").arg(rate.to_string());
    }
    if options.align {
        program.arg("--align");
    }
    if options.json {
        program.arg("--json");
    }
    host::exit_code(&mut program)
}

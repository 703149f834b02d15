//! `cargo xtask voice-data`: more material for the singing detector, from Debian packages; see docs/training-data.md.

mod accompaniment;
mod audio;
mod files;
mod game_music;
mod hearing;
mod index;
mod instruments;
mod labels;
mod melody;
mod packages;
mod pauses;
mod performance;
mod prompts;
mod random;
mod score;
mod screening;
mod speech;
mod synthetic_speech;
mod texts;
mod tools;
mod wah;

use anyhow::{Context, Result, bail};
use hearing::Ears;
use index::{Harvest, Split};
use std::path::{Path, PathBuf};

/// Options of `cargo xtask voice-data`.
#[derive(clap::Args)]
pub struct Options {
    /// Folder for the audio, the labels and index.csv; a run that was stopped goes on there
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Keep the downloaded and unpacked packages
    #[arg(long)]
    keep: bool,
}

/// Gathers everything, step by step; the index is whole after each of them.
pub fn run(options: &Options) -> Result<()> {
    tools::require_all()?;
    let root = files::folder(std::path::absolute(&options.directory).context("the folder's name is not a path")?)?;
    let mut gathering = Gathering { root: &root, harvest: Harvest::default(), failures: Vec::new() };

    for speaker in &prompts::SPEAKERS {
        gathering.step(speaker.package.name, || prompts::gather(&root, speaker))?;
    }
    gathering.step("espeak-ng", || synthetic_speech::gather(&root))?;
    for split in [Split::Train, Split::Valid] {
        let step = format!("solo_instruments-{}", split.word());
        gathering.step(&step, || instruments::gather(&root, split))?;
    }
    let ears = Ears::open(&root)?;
    for source in &game_music::SOURCES {
        gathering.step(source.package.name, || game_music::gather(&root, &ears, source))?;
    }

    println!("\n{}", index::summary(&gathering.harvest));
    println!("index: {}", root.join("index.csv").display());
    gathering.finish(options.keep)
}

/// What has been brought so far.
struct Gathering<'a> {
    root: &'a Path,
    harvest: Harvest,
    failures: Vec<String>,
}

impl Gathering<'_> {
    /// Does a step and takes what it brings into the index. A step that fails is told and does not stop the others:
    /// not every release of Debian has every package.
    fn step(&mut self, name: &str, work: impl FnOnce() -> Result<Harvest>) -> Result<()> {
        println!("{name}");
        match index::once(self.root, name, work) {
            Ok(harvest) => {
                self.harvest.rows.extend(harvest.rows);
                self.harvest.dropped.extend(harvest.dropped);
                index::write(self.root, &self.harvest.rows)
            }
            Err(error) => {
                eprintln!("  left out: {error:#}");
                self.failures.push(name.to_owned());
                Ok(())
            }
        }
    }

    /// Removes what is no longer needed, if all went well.
    fn finish(self, keep: bool) -> Result<()> {
        if !self.failures.is_empty() {
            bail!("the index lacks {}; see above, then run this again", self.failures.join(", "));
        }
        for folder in ["packages", "unpacked"].map(|name| self.root.join(name)) {
            if !keep && folder.exists() {
                std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
            }
        }
        Ok(())
    }
}

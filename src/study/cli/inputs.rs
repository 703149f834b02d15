//! The flags that name audio files: on the command line or in a list, all of them or one machine's share.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::study::outputs;
use crate::study::shard::Shard;

/// Which files.
#[derive(Debug, Args)]
pub(super) struct InputFlags {
    /// Audio files: WAV, AIFF, FLAC, Ogg Vorbis, MP3, M4A, CAF, Matroska.
    #[arg(required_unless_present = "files_from", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Take the names in LIST too, one a line; - reads them from the standard input.
    #[arg(long, value_name = "LIST")]
    files_from: Option<PathBuf>,
    /// Take only share I of N, counted from 0: by its path each file falls to the same one of N machines every time.
    #[arg(long, value_name = "I/N", default_value_t)]
    pub(super) shard: Shard,
}

/// One file to hear.
pub(super) struct Input {
    pub(super) path: PathBuf,
    /// What its outputs are called: its stem, numbered where another file has the same one. Shards may write to one
    /// directory, so the files of all of them count.
    pub(super) name: String,
}

/// The files of this run.
pub(super) struct Inputs {
    pub(super) files: Vec<Input>,
    /// Whether several were named, all shards' together.
    pub(super) several: bool,
}

impl InputFlags {
    /// Reads the list, if there is one, and takes this shard's files.
    ///
    /// # Errors
    /// The list cannot be read, is not text, or names nothing.
    pub(super) fn gather(&self) -> Result<Inputs> {
        let mut all = self.files.clone();
        if let Some(list) = &self.files_from {
            all.extend(listed(list).with_context(|| list.display().to_string())?);
        }
        let names = outputs::unique_stems(&all);
        let several = all.len() > 1;
        let files = all.into_iter().zip(names).map(|(path, name)| Input { path, name });
        Ok(Inputs { files: files.filter(|file| self.shard.takes(&file.path)).collect(), several })
    }
}

/// The names in a list.
fn listed(list: &Path) -> Result<Vec<PathBuf>> {
    let mut text = String::new();
    let read = if list.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(list).and_then(|mut file| file.read_to_string(&mut text))
    };
    read.context("cannot be read; give a text file (UTF-8) with one audio file a line")?;
    let files: Vec<PathBuf> = text.lines().filter(|line| !line.trim().is_empty()).map(PathBuf::from).collect();
    ensure!(!files.is_empty(), "names no file; write one audio file a line");
    Ok(files)
}

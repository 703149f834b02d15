//! What the index knows of one audio file.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::metadata::Metadata;
use super::walk::AudioFile;
use crate::say::envelope::EnvelopeSettings;
use crate::study::analysis::CLASSES;
use crate::study::analyze::conclude;
use crate::study::hear::{Heard, Window};

/// Tags kept of each track: the likeliest.
pub const MOST_TAGS: usize = 24;
/// How much of each end of a file goes into its print, in bytes.
const PRINT_BYTES: u64 = 1 << 16;

/// One track of a library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// Path below the library's directory.
    #[serde(skip)]
    pub path: PathBuf,
    /// Bytes of the file when it was heard.
    pub size: u64,
    /// When the file had last been changed, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// Checksum over both ends of the file, by which it is known again under another name.
    pub print: u32,
    /// Length of the audio, in seconds.
    pub duration_s: f64,
    /// What the file says about itself.
    pub metadata: Metadata,
    /// Mean probability of each of [`crate::say::genre::GENRES`]; all 0 where nothing is said (silence, speech).
    pub genre: [f32; CLASSES],
    /// The likeliest tags, each word once, with their mean probabilities, likeliest first; at most [`MOST_TAGS`].
    pub tags: Vec<(String, f32)>,
}

/// A track and everything that the taggers said of it, window by window: what a hearing gives the index.
#[derive(Clone, Debug)]
pub struct HeardTrack {
    /// The track.
    pub track: Track,
    /// The taggers' readings in order; none for silence.
    pub windows: Vec<Window>,
}

impl Track {
    /// Position of the likeliest class in [`crate::say::genre::GENRES`]; `None` where nothing is said.
    pub fn top_genre(&self) -> Option<usize> {
        let best = (0..CLASSES).max_by(|&a, &b| self.genre[a].total_cmp(&self.genre[b]));
        best.filter(|&class| self.genre[class] > 0.0)
    }
}

impl HeardTrack {
    /// What a hearing says of a file in the library.
    pub fn new(file: &AudioFile, print: u32, metadata: Metadata, mut heard: Heard) -> Self {
        let windows = std::mem::take(&mut heard.windows);
        let analysis = conclude(heard, String::new(), &EnvelopeSettings::default());
        let tags = analysis.tags.ranking().into_iter().take(MOST_TAGS);
        let track = Track {
            path: file.path.clone(),
            size: file.size,
            modified_ns: file.modified_ns,
            print,
            duration_s: analysis.duration_s,
            metadata,
            genre: analysis.genre.fixed,
            tags: tags.map(|(label, probability)| (label.to_owned(), probability)).collect(),
        };
        Self { track, windows }
    }
}

/// Checksum over both ends of a file (all of it where it is short).
///
/// # Errors
/// The file cannot be read.
pub fn print(path: &Path) -> Result<u32> {
    let read = || -> std::io::Result<u32> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        let mut checksum = crc32fast::Hasher::new();
        let mut end = Vec::new();
        for from in [0, size.saturating_sub(PRINT_BYTES)] {
            end.clear();
            file.seek(SeekFrom::Start(from))?;
            (&mut file).take(PRINT_BYTES).read_to_end(&mut end)?;
            checksum.update(&end);
        }
        Ok(checksum.finalize())
    };
    read().context("cannot be read; check its permissions")
}

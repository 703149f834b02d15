//! A library: a directory of audio, and an index of what was heard in it.
//!
//! | what | where |
//! |---|---|
//! | which files there are | [`walk`] |
//! | what they say of themselves | [`metadata`] |
//! | what was heard | [`track`], [`pooling`] |
//! | what has changed since | [`plan`] |
//! | the file it is kept in | [`Library`], [`Unfit`] |

mod header;
mod key;
pub mod metadata;
pub mod plan;
pub mod pooling;
mod record;
mod store;
#[cfg(test)]
mod tests;
pub mod track;
mod unfit;
mod update;
pub mod walk;

use std::path::{Path, PathBuf};

use crate::engine::TaggerShape;
use crate::study::hear::Window;
use crate::study::shard::Shard;

use header::Header;
pub use header::models;
use pooling::Pooling;
use store::Store;
pub use track::{HeardTrack, Track};
pub use unfit::Unfit;
pub use update::Update;

/// The index's name in the directory that it is of, unless another place is given.
pub const INDEX_NAME: &str = ".earmark-index";

/// The index that belongs to a directory where none is named.
pub fn default_index(root: &Path) -> PathBuf {
    root.join(INDEX_NAME)
}

/// The index of one machine's part of a directory.
pub fn shard_index(root: &Path, shard: Shard) -> PathBuf {
    root.join(format!("{INDEX_NAME}.{}-of-{}", shard.index(), shard.count()))
}

/// The indices of parts that lie in a directory, sorted by name.
pub fn shard_indices(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let is_part = |name: &str| {
        let numbers = name.strip_prefix(INDEX_NAME)?.strip_prefix('.')?.split_once("-of-")?;
        (numbers.0.parse::<u32>().is_ok() && numbers.1.parse::<u32>().is_ok()).then_some(())
    };
    let mut parts: Vec<PathBuf> = entries
        .filter(|entry| is_part(&entry.file_name().to_string_lossy()).is_some())
        .map(|entry| entry.path())
        .collect();
    parts.sort();
    parts
}

/// Whether an index can hold a file of this name: outside Unix, only one that is Unicode.
pub fn can_hold(path: &Path) -> bool {
    key::of(path).is_some()
}

/// An index that is open for reading.
pub struct Library {
    root: PathBuf,
    header: Header,
    store: Store,
}

/// One pooled embedding per track.
#[derive(Clone, Debug, Default)]
pub struct Vectors {
    /// Whose, below the library's directory.
    pub paths: Vec<PathBuf>,
    /// Tracks x width, row after row.
    pub values: Vec<f32>,
    /// Values per track: the taggers' embeddings, one after the other.
    pub width: usize,
}

impl Library {
    /// Opens an index file for reading. Several may read at once, none while one writes.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn open(index: &Path) -> Result<Self, Unfit> {
        let (store, header) = Store::open(index)?;
        let beside = || update::directory_of(index);
        Ok(Self { root: header.root.clone().unwrap_or_else(beside), header, store })
    }

    /// The directory that the tracks' paths are below.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The taggers, in the order of each window's values; empty where every track is silent.
    pub fn taggers(&self) -> Vec<TaggerShape> {
        self.header.shapes()
    }

    /// Whether these taggers ([`models`]) made the index.
    ///
    /// # Errors
    /// [`Unfit::Models`].
    pub fn check_models(&self, models: &[String]) -> Result<(), Unfit> {
        self.header.check_models(models)
    }

    /// All tracks, sorted by path.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn tracks(&self) -> Result<Vec<Track>, Unfit> {
        let mut tracks = self.store.tracks()?;
        tracks.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tracks)
    }

    /// One track; `None` for a path that is not in the index.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn track(&self, path: &Path) -> Result<Option<Track>, Unfit> {
        self.store.track(path)
    }

    /// Every track's pooled embedding. Silent tracks have none and are left out.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn vectors(&self, pooling: Pooling) -> Result<Vectors, Unfit> {
        let mut vectors =
            Vectors { width: self.header.shapes().iter().map(|tagger| tagger.embedding).sum(), ..Vectors::default() };
        let mut whole = true;
        self.store.each_vector(pooling, |path, vector| {
            whole &= vector.len() == vectors.width;
            vectors.paths.push(path);
            vectors.values.extend(vector);
        })?;
        if whole { Ok(vectors) } else { Err(Unfit::Damaged("vectors differ in length".into())) }
    }

    /// One track's readings in order, at half precision; `None` for a path that is not in the index.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn windows(&self, path: &Path) -> Result<Option<Vec<Window>>, Unfit> {
        self.store.windows(path)
    }

    /// Reads all of it, so that damage is found wherever it is.
    ///
    /// # Errors
    /// [`Unfit::Damaged`], or the file cannot be read.
    pub fn check(&self) -> Result<(), Unfit> {
        self.tracks()?;
        for pooling in Pooling::ALL {
            self.vectors(pooling)?;
        }
        self.each_windows(|_, _| ())
    }

    /// Hands out every track's path and readings, track after track.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn each_windows(&self, take: impl FnMut(PathBuf, Vec<Window>)) -> Result<(), Unfit> {
        self.store.each_windows(take)
    }
}

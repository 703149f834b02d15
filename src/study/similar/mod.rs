//! What sounds alike: embeddings as directions in a space, and the nearest of them.
//!
//! The idea is Sander Dieleman's ("Recommending music on Spotify with deep learning", 2014); the figures by which the
//! default was chosen are in `docs/similarity.md`.

pub mod layout;
pub mod playlist;
pub mod search;
pub mod space;

use std::path::{Path, PathBuf};

use super::library::pooling::Pooling;
use super::library::{Library, Unfit};
use crate::engine::TaggerShape;
use search::{Hit, Search};
use space::Space;

/// The pooling by which tracks are compared.
pub const POOLING: Pooling = Pooling::Mean;

/// Taggers that are trained alike and hear alike (`musicnn-msd` and `musicnn-mtt`): they share a say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// What their names begin with.
    pub name: String,
    /// Values of their embeddings together.
    pub width: usize,
}

/// The families of taggers, in the order of their values.
pub fn families(taggers: &[TaggerShape]) -> Vec<Family> {
    let name = |tagger: &TaggerShape| tagger.name.split('-').next().unwrap_or_default().to_owned();
    let family =
        |run: &[TaggerShape]| Family { name: name(&run[0]), width: run.iter().map(|tagger| tagger.embedding).sum() };
    taggers.chunk_by(|a, b| name(a) == name(b)).map(family).collect()
}

/// A library ready to be asked what sounds alike.
pub struct Alike {
    /// Each track's path below the library's directory, in the order of the rows. Silent tracks are left out.
    pub paths: Vec<PathBuf>,
    space: Space,
    search: Search,
}

impl Alike {
    /// Reads a library's embeddings.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn new(library: &Library) -> Result<Self, Unfit> {
        let mut vectors = library.vectors(POOLING)?;
        let blocks: Vec<usize> = families(&library.taggers()).iter().map(|family| family.width).collect();
        let space = Space::fit(&vectors.values, &blocks);
        // In place: a large library is large in memory too.
        for row in vectors.values.chunks_exact_mut(vectors.width.max(1)) {
            row.copy_from_slice(&space.place(row));
        }
        Ok(Self { paths: vectors.paths, search: Search::new(vectors.values, space.width()), space })
    }

    /// The row of a track.
    pub fn row(&self, path: &Path) -> Option<usize> {
        self.paths.iter().position(|known| known == path)
    }

    /// The `count` tracks most like one of the library, without itself.
    pub fn near_row(&self, row: usize, count: usize) -> Vec<Hit> {
        self.search.nearest(self.search.row(row), count, Some(row))
    }

    /// The `count` tracks most like a pooled embedding ([`super::library::pooling::pool`] by [`POOLING`]).
    pub fn near(&self, embedding: &[f32], count: usize) -> Vec<Hit> {
        self.search.nearest(&self.space.place(embedding), count, None)
    }

    /// Values of an embedding.
    pub fn width(&self) -> usize {
        self.space.width()
    }

    /// A place on a picture for each track: see [`layout::flat`].
    pub fn layout(&self) -> Vec<[f64; 2]> {
        layout::flat(&self.search)
    }
}

//! What an index was made with.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::unfit::Unfit;
use crate::engine::{ModelSet, TaggerShape};
use crate::nets::Card;

/// The form of the index that this build reads and writes.
pub const FORMAT: u32 = 1;

/// What must be known before anything in an index can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    /// See [`FORMAT`].
    pub(super) format: u32,
    /// The taggers: `name#checksum of the card`.
    pub(super) models: Vec<String>,
    /// The library's directory, where the index does not lie in it.
    pub(super) root: Option<PathBuf>,
    /// Widths of what each tagger says; empty until a track that is not silent has been heard.
    pub(super) taggers: Vec<Shape>,
}

/// [`TaggerShape`] on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shape {
    name: String,
    labels: usize,
    embedding: usize,
}

/// Names the taggers, and what says the genre beside them, so that another network of the same name is another one.
///
/// # Errors
/// None in practice; a card that JSON cannot hold would be one.
pub fn models(models: &ModelSet) -> Result<Vec<String>> {
    let name = |card: &Card| {
        let text = serde_json::to_vec(card).context("a model's card cannot be written; please report this")?;
        Ok(format!("{}#{:08x}", card.name, crc32fast::hash(&text)))
    };
    models.tagger_cards().chain(models.coarse_card()).chain(models.head_card()).map(name).collect()
}

impl Header {
    pub(super) fn new(models: Vec<String>, root: Option<PathBuf>) -> Self {
        Self { format: FORMAT, models, root, taggers: Vec::new() }
    }

    /// The taggers in the order of their values.
    pub(super) fn shapes(&self) -> Vec<TaggerShape> {
        let shape = |s: &Shape| TaggerShape { name: s.name.clone(), labels: s.labels, embedding: s.embedding };
        self.taggers.iter().map(shape).collect()
    }

    /// Notes what the taggers' values look like.
    pub(super) fn learn(&mut self, taggers: &[TaggerShape]) {
        if self.taggers.is_empty() {
            let shape = |t: &TaggerShape| Shape { name: t.name.clone(), labels: t.labels, embedding: t.embedding };
            self.taggers = taggers.iter().map(shape).collect();
        }
    }

    /// Whether what these taggers say can be compared with what the index holds.
    pub(super) fn check_models(&self, models: &[String]) -> Result<(), Unfit> {
        if self.models == models {
            return Ok(());
        }
        let name = |model: &String| model.split('#').next().unwrap_or_default().to_owned();
        Err(Unfit::Models(self.models.iter().map(name).collect::<Vec<_>>().join(", ")))
    }
}

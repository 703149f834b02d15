//! The card in each model file.

use serde::{Deserialize, Serialize};

use super::systems::system;
use super::{Ced, Compact, Musicnn, PonsTags};
use crate::listen::FrontEnd;

/// The format version that this build writes and reads.
pub const CARD_FORMAT: u32 = 1;

/// What a net is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// A voice probability for each frame.
    Vocal,
    /// Tag probabilities for a window of frames.
    Tags,
    /// Classes of somebody's own, from what taggers say of a window.
    Genre,
}

/// Where the weights come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Package that the original file was published in, with its registry.
    pub package: String,
    /// Version of the package.
    pub version: String,
    /// File inside the package.
    pub file: String,
    /// SHA-256 of that file.
    pub sha256: String,
}

/// One measured figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Data set and split.
    pub data: String,
    /// What was measured.
    pub metric: String,
    /// The figure.
    pub value: f64,
}

/// A model's card: everything about it but the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The format's version; see the registry.
    pub format: u32,
    /// Unique, short, used on the command line.
    pub name: String,
    /// Which file of [`crate::nets`] builds it.
    pub architecture: String,
    /// What it is for.
    pub task: Task,
    /// One sentence for people.
    pub description: String,
    /// What it hears; of a head, what the first of its taggers hears.
    pub front_end: FrontEnd,
    /// What its outputs are called, in order.
    pub labels: Vec<String>,
    /// Of a voice model: the labels that count as a voice, the likeliest of them decides. Empty: the first label alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub voice: Vec<String>,
    /// Of a voice model: frames after its own that a probability waits for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub look_ahead_frames: usize,
    /// Of an ensemble, or of a coarse net: the architecture of each member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
    /// Of a head: the taggers that it hears, in the order of its features.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taggers: Vec<String>,
    /// SPDX expression.
    pub licence: String,
    /// Who made it.
    pub attribution: String,
    /// Publication.
    pub source: String,
    /// What it was trained on, as far as is known.
    pub training_data: String,
    /// Origin of the weights; absent for nets trained here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// Measured figures.
    #[serde(default)]
    pub scores: Vec<Score>,
}

impl Card {
    /// Width of the embedding of the tagger that this card describes; 0 for nets that have none.
    #[must_use]
    pub fn embedding(&self) -> usize {
        match self.architecture.as_str() {
            "ced" => Ced::EMBEDDING,
            "compact" => Compact::EMBEDDING,
            "musicnn" => Musicnn::EMBEDDING,
            "pons_tags" => PonsTags::EMBEDDING,
            name => system(name).and_then(|system| system.plan().embedding().ok()).unwrap_or(0),
        }
    }

    /// Width of what the tagger that this card describes says of layers further within: [`super::Tagging::inner`].
    #[must_use]
    pub fn inner(&self) -> usize {
        if self.architecture == "ced" { Ced::INNER } else { 0 }
    }

    /// Features that a head takes from the tagger that this card describes: its labels, then its embedding.
    #[must_use]
    pub fn features(&self) -> usize {
        self.labels.len() + self.embedding()
    }
}

/// Left out of the card then.
fn is_zero(number: &usize) -> bool {
    *number == 0
}

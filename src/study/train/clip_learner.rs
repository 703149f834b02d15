//! What the trainer needs of a net for whole clips.

use std::collections::HashMap;

use candle_core::{Result, Tensor};
use rand::rngs::StdRng;

use super::clips::Clips;
use super::compact::CompactLearner;
use super::stack::StackLearner;
use super::weights::Weights;
use crate::nets::Net;

/// What a net says of a batch, as logits.
pub(super) struct Said {
    /// `[batch, labels]`.
    pub(super) labels: Tensor,
    /// `[batch, width]`: what another net's embedding should be, of a net that learns it too.
    pub(super) teacher: Option<Tensor>,
}

/// A net for whole clips that can be trained.
pub(super) trait ClipLearner: Sync {
    /// Its file in [`crate::nets`], as the card names it.
    fn architecture(&self) -> &'static str;

    /// One sentence for the card.
    fn description(&self) -> String;

    /// Who made it.
    fn attribution(&self) -> String;

    /// Publication.
    fn source(&self) -> &'static str;

    /// Frames of an example.
    fn frames(&self) -> usize;

    /// Examples of a batch, unless the user names another number.
    fn batch(&self) -> usize;

    /// Peak learning rate, unless the user names another.
    fn rate(&self) -> f64;

    /// The weights that a run starts with.
    ///
    /// # Errors
    /// Never.
    fn start(&self, clips: &Clips<'_>, seed: u64) -> Result<HashMap<String, Tensor>>;

    /// Of sequences `[batch, frames, bands]`; with `dropout`, as in training.
    ///
    /// # Errors
    /// A missing tensor or another shape.
    fn forward(&self, weights: &Weights, sequences: &Tensor, dropout: Option<&mut StdRng>) -> Result<Said>;

    /// The net that runs, from trained tensors.
    ///
    /// # Errors
    /// A missing tensor or another shape.
    fn net(&self, labels: &[String], tensors: &HashMap<String, Tensor>) -> Result<Net>;
}

/// The net of this name: `compact` or one of [`crate::nets::systems`].
///
/// # Errors
/// If there is none.
pub(super) fn learner(name: &str) -> Result<Box<dyn ClipLearner>> {
    Ok(if name == CompactLearner.architecture() {
        Box::new(CompactLearner)
    } else {
        Box::new(StackLearner::new(name)?)
    })
}

//! What the trainer needs of a net.

use std::collections::HashMap;

use candle_core::{Result, Tensor};
use rand::rngs::StdRng;

use super::weights::Weights;
use crate::listen::FrontEnd;
use crate::nets::VocalNet;

/// What the trained nets say of a frame, in this order; a net with fewer outputs says the first of them.
pub(super) const LABELS: [&str; 3] = ["singing", "speech", "music"];

/// Where a run starts.
pub(super) enum Origin {
    /// From the model file that the user names, whose card goes on.
    Model,
    /// From drawn weights.
    Nothing {
        /// Who designed the net.
        attribution: &'static str,
        /// Publication.
        source: &'static str,
    },
}

/// A net that can be trained.
pub(super) trait Learner: Sync {
    /// Its file in [`crate::nets`], as the card names it.
    fn architecture(&self) -> &'static str;

    /// What it hears.
    fn front_end(&self) -> FrontEnd;

    /// How many of [`LABELS`] it says.
    fn outputs(&self) -> usize;

    /// Frames that a probability waits for when the net runs.
    fn look_ahead_frames(&self) -> usize;

    /// Frames that an answer comes late in [`Self::forward`]: row `t` of the logits speaks of frame `t - delay_frames`.
    fn delay_frames(&self) -> usize {
        self.look_ahead_frames()
    }

    /// Whether [`Self::forward`] and its gradients run on other devices than the processor.
    fn runs_on_any_device(&self) -> bool {
        false
    }

    /// Where the run starts.
    fn origin(&self) -> Origin {
        Origin::Model
    }

    /// The weights that a run starts with, from the tensors of the model to start from (possibly none) and the seed.
    ///
    /// # Errors
    /// If the model to start from does not fit.
    fn start(&self, init: HashMap<String, Tensor>, seed: u64) -> Result<HashMap<String, Tensor>>;

    /// Share of the learning rate for the weight of this name.
    fn rate_scale(&self, _name: &str) -> f64 {
        1.0
    }

    /// Logits `[batch, frames, outputs]` of frames `[batch, frames, mels]`; with `dropout`, as in training.
    ///
    /// # Errors
    /// A missing tensor or another shape.
    fn forward(&self, weights: &Weights, frames: &Tensor, dropout: Option<&mut StdRng>) -> Result<Tensor>;

    /// The net that runs, from trained tensors.
    ///
    /// # Errors
    /// A missing tensor or another shape.
    fn net(&self, tensors: &HashMap<String, Tensor>) -> Result<VocalNet>;
}

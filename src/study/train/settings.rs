//! What a run does, and on what.

use std::path::PathBuf;

use serde::Serialize;

use super::conv_fsmn::ConvFsmnLearner;
use super::crnn::CrnnLearner;
use super::export::blank_card;
use super::feed_forward::FeedForwardLearner;
use super::fsmn::FsmnLearner;
use super::learner::{Learner, Origin};
use super::lstm::{LstmBiLearner, LstmLearner};
use crate::nets::{Card, Hears};

/// Networks that can be trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NetKind {
    /// The causal voice detector; see [`crate::nets::Fsmn`].
    Fsmn,
    /// Singing, speech and music; see [`crate::nets::ConvFsmn`].
    ConvFsmn,
    /// A reference; see [`crate::nets::Crnn`].
    Crnn,
    /// A reference; see [`crate::nets::Lstm`].
    Lstm,
    /// A reference; see [`crate::nets::LstmBi`].
    LstmBi,
    /// A reference; see [`crate::nets::FeedForward`].
    FeedForward,
    /// The same with a non-local block.
    FeedForwardNonlocal,
}

/// What a run does. A run resumes only with the same settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Settings {
    /// What is trained.
    pub net: NetKind,
    /// The indices of labelled songs.
    pub data: Vec<PathBuf>,
    /// The model file to write.
    pub out: PathBuf,
    /// The causal voice model to start from; the references start from drawn weights.
    pub init: PathBuf,
    /// Steps in all.
    pub steps: u64,
    /// Scenes of 10 s in a batch.
    pub batch: usize,
    /// Peak learning rate.
    pub rate: f64,
    /// Frames that the net answers late, where it can choose.
    pub look_ahead_frames: usize,
    /// Steps from one validation to the next.
    pub validate_every: u64,
    /// Validations without a new best after which the run ends; 0 for never.
    pub patience: u64,
    /// Whether the probabilities are calibrated on the split `valid` at the end.
    pub calibrates: bool,
    /// Everything random follows from it.
    pub seed: u64,
}

impl NetKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Fsmn,
        Self::ConvFsmn,
        Self::Crnn,
        Self::Lstm,
        Self::LstmBi,
        Self::FeedForward,
        Self::FeedForwardNonlocal,
    ];

    /// As the command line and cards name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.learner(0).architecture()
    }

    /// What it is, for people.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Fsmn => "The causal voice detector, one output: singing",
            Self::ConvFsmn => {
                "The same with convolutions beside it and a memory over the phrase: singing, speech, music"
            }
            Self::Crnn => "A reference: the tutorial's convolutions and LSTMs (arXiv 1709.04396), singing",
            Self::Lstm => "A reference: the tutorial's LSTMs, singing",
            Self::LstmBi => "A reference: the tutorial's LSTMs in both directions, singing; answers three seconds late",
            Self::FeedForward => {
                "A reference: Pons's filters for timbre and for time (arXiv 1711.02520), singing; answers a second late"
            }
            Self::FeedForwardNonlocal => "The same with a non-local block (arXiv 1711.07971)",
        }
    }

    /// The card that it starts with; `None` for those that start from another model.
    #[must_use]
    pub fn blank_card(self) -> Option<Card> {
        let learner = self.learner(0);
        match learner.origin() {
            Origin::Model => None,
            Origin::Nothing { attribution, source } => Some(blank_card(learner.as_ref(), attribution, source)),
        }
    }

    fn learner(self, look_ahead_frames: usize) -> Box<dyn Learner> {
        match self {
            Self::Fsmn => Box::new(FsmnLearner { look_ahead_frames }),
            Self::ConvFsmn => Box::new(ConvFsmnLearner { look_ahead_frames }),
            Self::Crnn => Box::new(CrnnLearner),
            Self::Lstm => Box::new(LstmLearner),
            Self::LstmBi => Box::new(LstmBiLearner),
            Self::FeedForward => Box::new(FeedForwardLearner { hears: Hears::Nearby }),
            Self::FeedForwardNonlocal => Box::new(FeedForwardLearner { hears: Hears::All }),
        }
    }
}

impl Settings {
    /// The net to train.
    pub(super) fn learner(&self) -> Box<dyn Learner> {
        self.net.learner(self.look_ahead_frames)
    }
}

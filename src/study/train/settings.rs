//! What a run does, and on what.

use std::path::PathBuf;

use serde::Serialize;

use super::conv_fsmn::ConvFsmnLearner;
use super::crnn::CrnnLearner;
use super::feed_forward::FeedForwardLearner;
use super::fsmn::FsmnLearner;
use super::learner::Learner;
use super::lstm::{LstmBiLearner, LstmLearner};
use crate::nets::Hears;

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

impl Settings {
    /// The net to train.
    pub(super) fn learner(&self) -> Box<dyn Learner> {
        match self.net {
            NetKind::Fsmn => Box::new(FsmnLearner { look_ahead_frames: self.look_ahead_frames }),
            NetKind::Crnn => Box::new(CrnnLearner),
            NetKind::Lstm => Box::new(LstmLearner),
            NetKind::LstmBi => Box::new(LstmBiLearner),
            NetKind::FeedForward => Box::new(FeedForwardLearner { hears: Hears::Nearby }),
            NetKind::FeedForwardNonlocal => Box::new(FeedForwardLearner { hears: Hears::All }),
            NetKind::ConvFsmn => Box::new(ConvFsmnLearner { look_ahead_frames: self.look_ahead_frames }),
        }
    }
}

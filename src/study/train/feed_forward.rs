//! The singing detectors without recurrence, with gradients: see [`crate::nets::FeedForward`].

use std::collections::HashMap;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;
use rand::rngs::StdRng;

use super::layers::Drawing;
use super::learner::{Learner, Origin};
use super::lstm::{heard, said};
use super::stack::{begin, through};
use super::weights::Weights;
use crate::listen::FrontEnd;
use crate::nets::feed_forward::WINDOW;
use crate::nets::lstm::MELS;
use crate::nets::{FeedForward, Hears, VocalNet};

/// One of the two.
pub(super) struct FeedForwardLearner {
    pub(super) hears: Hears,
}

impl Learner for FeedForwardLearner {
    fn architecture(&self) -> &'static str {
        self.hears.architecture()
    }

    fn front_end(&self) -> FrontEnd {
        FrontEnd::dl4mir_mel_40()
    }

    fn outputs(&self) -> usize {
        1
    }

    fn look_ahead_frames(&self) -> usize {
        FeedForward::LOOK_AHEAD_FRAMES
    }

    /// In training the net hears whole windows.
    fn delay_frames(&self) -> usize {
        0
    }

    fn origin(&self) -> Origin {
        Origin::Nothing {
            attribution: "architecture after Pons et al. and Wang et al.; weights trained by Earmark",
            source: match self.hears {
                Hears::Nearby => "arXiv 1711.02520",
                Hears::All => "arXiv 1711.02520, arXiv 1711.07971",
            },
        }
    }

    fn start(&self, init: HashMap<String, Tensor>, seed: u64) -> Result<HashMap<String, Tensor>> {
        let mut drawing = Drawing { tensors: init, seed };
        drawing.norm("norm", MELS)?;
        begin(&self.hears.layers()?, seed, &mut drawing.tensors)?;
        drawing.layer("out.fc2", &[self.outputs(), FeedForward::WIDTH], 2 * FeedForward::WIDTH)?;
        Ok(drawing.tensors)
    }

    fn forward(&self, weights: &Weights, frames: &Tensor, mut dropout: Option<&mut StdRng>) -> Result<Tensor> {
        let (batch, time, _) = frames.dims3()?;
        let x = heard(weights, frames, dropout.is_some())?;
        // Windows side by side; the last one's end is silence.
        let window = time.min(WINDOW);
        let windows = time.div_ceil(window);
        let x = x.pad_with_zeros(1, 0, windows * window - time)?;
        let x = x.reshape((batch * windows, window, MELS, 1))?;
        let x = through(&self.hears.layers()?, weights, x, &mut dropout)?;
        let x = x.reshape((batch, windows * window, FeedForward::WIDTH))?.narrow(1, 0, time)?.contiguous()?;
        said(weights, &x)
    }

    fn net(&self, tensors: &HashMap<String, Tensor>) -> Result<VocalNet> {
        let vb = VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu);
        FeedForward::new(self.hears, self.outputs(), &vb).map(VocalNet::FeedForward)
    }
}

//! The tutorial's `lstm` and `lstm_bi` with gradients: see [`crate::nets::Lstm`] and [`crate::nets::LstmBi`].

use std::collections::HashMap;

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::VarBuilder;
use rand::rngs::StdRng;

use super::layers::{Drawing, lstm, normalised};
use super::learner::{Learner, Origin};
use super::recurrence::reversed;
use super::weights::Weights;
use crate::listen::FrontEnd;
use crate::nets::lstm::{BI_WIDTHS, EPS, MELS, WIDTHS};
use crate::nets::{Lstm, LstmBi, VocalNet};

/// Of the nets after the tutorial's exercise 5-1.
pub(super) const TUTORIAL: Origin = Origin::Nothing {
    attribution: "architecture by Choi, Fazekas, Cho and Sandler; weights trained by Earmark",
    source: "arXiv 1709.04396, exercise 5-1",
};

/// One direction.
pub(super) struct LstmLearner;

/// Both directions.
pub(super) struct LstmBiLearner;

impl Learner for LstmLearner {
    fn architecture(&self) -> &'static str {
        "lstm"
    }

    fn front_end(&self) -> FrontEnd {
        FrontEnd::dl4mir_mel_40()
    }

    fn outputs(&self) -> usize {
        1
    }

    fn look_ahead_frames(&self) -> usize {
        0
    }

    fn origin(&self) -> Origin {
        TUTORIAL
    }

    fn start(&self, init: HashMap<String, Tensor>, seed: u64) -> Result<HashMap<String, Tensor>> {
        let mut drawing = Drawing { tensors: init, seed };
        drawing.norm("norm", MELS)?;
        let mut inputs = MELS;
        for (layer, width) in WIDTHS.into_iter().enumerate() {
            drawing.lstm(&format!("lstm{layer}"), inputs, width)?;
            inputs = width;
        }
        drawing.layer("out.fc2", &[self.outputs(), inputs], 2 * inputs)?;
        Ok(drawing.tensors)
    }

    fn forward(&self, weights: &Weights, frames: &Tensor, dropout: Option<&mut StdRng>) -> Result<Tensor> {
        let x = heard(weights, frames, dropout.is_some())?;
        let x = (0..WIDTHS.len()).try_fold(x, |x, layer| lstm(weights, &x, &format!("lstm{layer}")))?;
        said(weights, &x)
    }

    fn net(&self, tensors: &HashMap<String, Tensor>) -> Result<VocalNet> {
        let vb = VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu);
        Lstm::new(self.outputs(), &vb).map(VocalNet::Lstm)
    }
}

impl Learner for LstmBiLearner {
    fn architecture(&self) -> &'static str {
        "lstm_bi"
    }

    fn front_end(&self) -> FrontEnd {
        FrontEnd::dl4mir_mel_40()
    }

    fn outputs(&self) -> usize {
        1
    }

    fn look_ahead_frames(&self) -> usize {
        LstmBi::LOOK_AHEAD_FRAMES
    }

    /// In training the backward direction hears the whole scene.
    fn delay_frames(&self) -> usize {
        0
    }

    fn origin(&self) -> Origin {
        TUTORIAL
    }

    fn start(&self, init: HashMap<String, Tensor>, seed: u64) -> Result<HashMap<String, Tensor>> {
        let mut drawing = Drawing { tensors: init, seed };
        drawing.norm("norm", MELS)?;
        let mut inputs = MELS;
        for (layer, width) in BI_WIDTHS.into_iter().enumerate() {
            drawing.lstm(&format!("lstm{layer}.forward"), inputs, width)?;
            drawing.lstm(&format!("lstm{layer}.backward"), inputs, width)?;
            inputs = 2 * width;
        }
        drawing.layer("out.fc2", &[self.outputs(), inputs], 2 * inputs)?;
        Ok(drawing.tensors)
    }

    fn forward(&self, weights: &Weights, frames: &Tensor, dropout: Option<&mut StdRng>) -> Result<Tensor> {
        let x = heard(weights, frames, dropout.is_some())?;
        let x = (0..BI_WIDTHS.len()).try_fold(x, |x, layer| {
            let ahead = lstm(weights, &x, &format!("lstm{layer}.forward"))?;
            let back = lstm(weights, &reversed(&x)?, &format!("lstm{layer}.backward"))?;
            Tensor::cat(&[ahead, reversed(&back)?], D::Minus1)
        })?;
        said(weights, &x)
    }

    fn net(&self, tensors: &HashMap<String, Tensor>) -> Result<VocalNet> {
        let vb = VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu);
        LstmBi::new(self.outputs(), &vb).map(VocalNet::LstmBi)
    }
}

/// Frames, normalised.
pub(super) fn heard(weights: &Weights, frames: &Tensor, training: bool) -> Result<Tensor> {
    let (batch, time, mels) = frames.dims3()?;
    normalised(weights, &frames.reshape((batch * time, mels))?, "norm", EPS, training)?.reshape((batch, time, mels))
}

/// The logits of `[batch, time, width]`.
pub(super) fn said(weights: &Weights, x: &Tensor) -> Result<Tensor> {
    let (batch, time, width) = x.dims3()?;
    weights.dense(&x.reshape((batch * time, width))?, "out.fc2")?.reshape((batch, time, ()))
}

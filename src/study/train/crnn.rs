//! The tutorial's `crnn` with gradients: see [`crate::nets::Crnn`].

use std::collections::HashMap;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;
use rand::rngs::StdRng;

use super::convolution::Convolution;
use super::layers::{Drawing, lstm, normalised};
use super::learner::{Learner, Origin};
use super::lstm::{TUTORIAL, heard, said};
use super::weights::Weights;
use crate::listen::FrontEnd;
use crate::nets::crnn::{CHANNELS, KERNEL, WIDTHS};
use crate::nets::filter::Zeros;
use crate::nets::lstm::{EPS, MELS};
use crate::nets::{Crnn, VocalNet};

/// Convolutions, then LSTMs.
pub(super) struct CrnnLearner;

impl Learner for CrnnLearner {
    fn architecture(&self) -> &'static str {
        "crnn"
    }

    fn front_end(&self) -> FrontEnd {
        FrontEnd::dl4mir_mel_40()
    }

    fn outputs(&self) -> usize {
        1
    }

    fn look_ahead_frames(&self) -> usize {
        Crnn::LOOK_AHEAD_FRAMES
    }

    fn origin(&self) -> Origin {
        TUTORIAL
    }

    fn start(&self, init: HashMap<String, Tensor>, seed: u64) -> Result<HashMap<String, Tensor>> {
        let mut drawing = Drawing { tensors: init, seed };
        drawing.norm("norm", MELS)?;
        let mut inputs = 1;
        for (layer, channels) in CHANNELS.into_iter().enumerate() {
            let name = format!("conv{layer}");
            drawing.layer(&name, &[channels, KERNEL, KERNEL, inputs], KERNEL * KERNEL * inputs)?;
            drawing.norm(&format!("{name}.norm"), channels)?;
            inputs = channels;
        }
        drawing.layer("mix", &[1, inputs], inputs)?;
        let mut width = MELS;
        for (layer, cells) in WIDTHS.into_iter().enumerate() {
            drawing.lstm(&format!("lstm{layer}"), width, cells)?;
            width = cells;
        }
        drawing.layer("out.fc2", &[self.outputs(), width], 2 * width)?;
        Ok(drawing.tensors)
    }

    fn forward(&self, weights: &Weights, frames: &Tensor, dropout: Option<&mut StdRng>) -> Result<Tensor> {
        let training = dropout.is_some();
        let (batch, time, mels) = frames.dims3()?;
        let mut x = heard(weights, frames, training)?.reshape((batch, time, mels, 1))?;
        for (layer, channels) in CHANNELS.into_iter().enumerate() {
            let name = format!("conv{layer}");
            let [weight, bias] = ["weight", "bias"].map(|part| weights.get(&format!("{name}.{part}")));
            let zeros = Zeros::looking_ahead([KERNEL, KERNEL], 0);
            let y = x.contiguous()?.apply_op3(weight?, bias?, Convolution { zeros })?;
            let y = y.reshape((batch * time * mels, channels))?;
            x = normalised(weights, &y, &format!("{name}.norm"), EPS, training)?.relu()?;
            x = x.reshape((batch, time, mels, channels))?;
        }
        let x = weights.dense(&x.reshape((batch * time * mels, ()))?, "mix")?.reshape((batch, time, mels))?;
        let x = (0..WIDTHS.len()).try_fold(x, |x, layer| lstm(weights, &x, &format!("lstm{layer}")))?;
        said(weights, &x)
    }

    fn net(&self, tensors: &HashMap<String, Tensor>) -> Result<VocalNet> {
        let vb = VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu);
        Crnn::new(self.outputs(), &vb).map(VocalNet::Crnn)
    }
}

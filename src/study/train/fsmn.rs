//! The causal DFSMN with gradients: see [`crate::nets::Fsmn`].

use std::collections::HashMap;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;
use rand::rngs::StdRng;

use super::learner::Learner;
use super::memory::remembered as filtered;
use super::weights::Weights;
use crate::listen::FrontEnd;
use crate::nets::{Fsmn, VocalNet};

const BLOCKS: usize = 8;

/// A DFSMN that says whether someone sings, started from a causal voice model.
pub(super) struct FsmnLearner {
    /// Frames that it answers late.
    pub(super) look_ahead_frames: usize,
}

impl Learner for FsmnLearner {
    fn architecture(&self) -> &'static str {
        "fsmn"
    }

    fn front_end(&self) -> FrontEnd {
        FrontEnd::kaldi_fbank_80()
    }

    fn outputs(&self) -> usize {
        1
    }

    fn look_ahead_frames(&self) -> usize {
        self.look_ahead_frames
    }

    fn runs_on_any_device(&self) -> bool {
        true
    }

    fn start(&self, init: HashMap<String, Tensor>, _seed: u64) -> Result<HashMap<String, Tensor>> {
        Ok(init)
    }

    fn forward(&self, weights: &Weights, frames: &Tensor, _dropout: Option<&mut StdRng>) -> Result<Tensor> {
        let (batch, time, _) = frames.dims3()?;
        outputs(weights, &trunk(weights, &normalised(weights, frames)?, batch)?)?.reshape((batch, time, 1))
    }

    fn net(&self, tensors: &HashMap<String, Tensor>) -> Result<VocalNet> {
        let vb = VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu);
        Fsmn::new(1, self.look_ahead_frames, &vb).map(|net| VocalNet::Fsmn(Box::new(net)))
    }
}

/// Frames `[batch, time, mels]` at mean 0 and deviation 1, as `[batch * time, mels]`.
///
/// # Errors
/// Missing statistics or another shape.
pub(super) fn normalised(weights: &Weights, frames: &Tensor) -> Result<Tensor> {
    let (batch, time, mels) = frames.dims3()?;
    let x = frames.reshape((batch * time, mels))?;
    x.broadcast_sub(weights.get("cmvn.mean")?)?.broadcast_mul(weights.get("cmvn.istd")?)
}

/// Everything but the output: normalised rows to rows of 128 values.
///
/// # Errors
/// A missing tensor or another shape.
pub(super) fn trunk(weights: &Weights, x: &Tensor, batch: usize) -> Result<Tensor> {
    let x = weights.dense(&weights.dense(x, "in.fc1")?.relu()?, "in.fc2")?.relu()?;
    let mut memory = remembered(weights, &x, "fsmn0", 1, batch)?;
    for block in 1..BLOCKS {
        memory = memory_block(weights, &memory, &format!("fsmn{block}"), 1, batch)?;
    }
    Ok(memory)
}

/// Two dense layers, a memory with taps `dilation` rows apart, and the skip connection.
///
/// # Errors
/// A missing tensor or another shape.
pub(super) fn memory_block(weights: &Weights, x: &Tensor, name: &str, dilation: usize, batch: usize) -> Result<Tensor> {
    let y = weights.dense(x, &format!("{name}.fc1"))?.relu()?;
    let y = weights.dense(&y, &format!("{name}.fc2"))?;
    remembered(weights, &y, name, dilation, batch)? + x
}

/// The last two layers: rows of 128 values to logits.
///
/// # Errors
/// A missing tensor or another shape.
pub(super) fn outputs(weights: &Weights, x: &Tensor) -> Result<Tensor> {
    weights.dense(&weights.dense(x, "out.fc1")?.relu()?, "out.fc2")
}

fn remembered(weights: &Weights, x: &Tensor, name: &str, dilation: usize, batch: usize) -> Result<Tensor> {
    let (rows, channels) = x.dims2()?;
    let taps = weights.get(&format!("{name}.lookback.weight"))?;
    filtered(&x.reshape((batch, rows / batch, channels))?, taps, dilation)?.reshape((rows, channels))
}

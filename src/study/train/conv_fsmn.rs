//! Our voice net with gradients: see [`crate::nets::ConvFsmn`].

use std::collections::HashMap;

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::VarBuilder;
use rand::Rng;
use rand::rngs::StdRng;

use super::convolution::convolved;
use super::fsmn::{memory_block, normalised, outputs, trunk};
use super::learner::{LABELS, Learner};
use super::pool::{Pool, pooled};
use super::weights::{Weights, drawn};
use crate::listen::FrontEnd;
use crate::nets::conv_fsmn::{CHANNELS, DILATIONS, JOINT, KERNEL, PICTURE, POOL};
use crate::nets::filter::Zeros;
use crate::nets::stack::Curve;
use crate::nets::{ConvFsmn, VocalNet};

/// Width of trunk, picture and memories.
const WIDTH: usize = 128;
/// Width of the layer before the last, and inside the memories' blocks.
const HIDDEN: usize = 256;
/// Taps of a memory.
const TAPS: usize = 20;
/// Share of the values left out where trunk and picture meet.
const DROPOUT: f32 = 0.2;
/// The trunk has learned from far more than there is here, so it moves slowly.
const TRUNK_RATE: f64 = 0.3;
/// Factor on the last of new layers at the start.
const SOFT: f64 = 0.1;

/// Singing, speech and music, from the trunk of a causal voice model and new layers beside and above it.
pub(super) struct ConvFsmnLearner {
    /// See [`Learner::look_ahead_frames`].
    pub(super) look_ahead_frames: usize,
}

impl Learner for ConvFsmnLearner {
    fn architecture(&self) -> &'static str {
        "conv_fsmn"
    }

    fn front_end(&self) -> FrontEnd {
        FrontEnd::kaldi_fbank_80()
    }

    fn outputs(&self) -> usize {
        LABELS.len()
    }

    fn look_ahead_frames(&self) -> usize {
        self.look_ahead_frames
    }

    fn runs_on_any_device(&self) -> bool {
        true
    }

    fn start(&self, init: HashMap<String, Tensor>, seed: u64) -> Result<HashMap<String, Tensor>> {
        if init.contains_key("joint.fc1.weight") {
            return Ok(init);
        }
        let mut tensors = init;
        let mut add = |name: &str, shape: &[usize], inputs: usize| -> Result<()> {
            tensors.insert(format!("{name}.weight"), drawn(name, shape, inputs, seed)?);
            tensors.insert(format!("{name}.bias"), Tensor::zeros(shape[0], DType::F32, &Device::Cpu)?);
            Ok(())
        };
        let mut inputs = 1;
        for (layer, channels) in CHANNELS.into_iter().enumerate() {
            add(&format!("conv{layer}"), &[channels, KERNEL, KERNEL, inputs], KERNEL * KERNEL * inputs)?;
            inputs = channels;
        }
        add("picture", &[WIDTH, PICTURE], PICTURE)?;
        add("joint.fc1", &[JOINT, 2 * WIDTH], 2 * WIDTH)?;
        add("joint.fc2", &[WIDTH, JOINT], JOINT)?;
        for block in 0..DILATIONS.len() {
            add(&format!("phrase{block}.fc1"), &[HIDDEN, WIDTH], WIDTH)?;
            add(&format!("phrase{block}.fc2"), &[WIDTH, HIDDEN], HIDDEN)?;
        }
        // What is new adds little at first, so that a run begins as good as the model that it starts from.
        let mut soften = |name: &str| -> Result<()> {
            if let Some(weight) = tensors.get_mut(&format!("{name}.weight")) {
                *weight = (&*weight * SOFT)?;
            }
            Ok(())
        };
        soften("joint.fc2")?;
        (0..DILATIONS.len()).try_for_each(|block| soften(&format!("phrase{block}.fc2")))?;
        // The first output is the voice as it was; the others begin at one half.
        for (name, width) in [("out.fc2.weight", HIDDEN), ("out.fc2.bias", 1)] {
            let Some(old) = tensors.get(name) else { candle_core::bail!("the model to start from has no {name}") };
            let first = old.to_dtype(DType::F32)?.narrow(0, 0, 1)?.reshape((1, width))?;
            let others = Tensor::zeros((LABELS.len() - 1, width), DType::F32, &Device::Cpu)?;
            let all = Tensor::cat(&[first, others], 0)?;
            tensors.insert(name.to_owned(), if width == 1 { all.flatten_all()? } else { all });
        }
        for block in 0..DILATIONS.len() {
            // The second layer of a bottleneck has no bias; the memory begins by forgetting everything.
            tensors.remove(&format!("phrase{block}.fc2.bias"));
            let taps = Tensor::zeros((WIDTH, TAPS), DType::F32, &Device::Cpu)?;
            tensors.insert(format!("phrase{block}.lookback.weight"), taps);
        }
        Ok(tensors)
    }

    fn rate_scale(&self, name: &str) -> f64 {
        if name.starts_with("in.") || name.starts_with("fsmn") { TRUNK_RATE } else { 1.0 }
    }

    fn forward(&self, weights: &Weights, frames: &Tensor, dropout: Option<&mut StdRng>) -> Result<Tensor> {
        let (batch, time, _) = frames.dims3()?;
        let x = normalised(weights, frames)?;
        let memory = trunk(weights, &x, batch)?;
        let picture = picture(weights, &x.reshape((batch, time, (), 1))?)?.reshape((batch * time, PICTURE))?;
        let picture = weights.dense(&picture, "picture")?.relu()?;
        let mut x = Tensor::cat(&[&memory, &picture], D::Minus1)?;
        if let Some(rng) = dropout {
            x = x.mul(&kept(batch, time, x.dim(1)?, x.device(), rng)?)?;
        }
        let x = weights.dense(&x, "joint.fc1")?.relu()?;
        let mut x = (weights.dense(&x, "joint.fc2")? + &memory)?;
        for (block, dilation) in DILATIONS.into_iter().enumerate() {
            x = memory_block(weights, &x, &format!("phrase{block}"), dilation, batch)?;
        }
        outputs(weights, &x)?.reshape((batch, time, LABELS.len()))
    }

    fn net(&self, tensors: &HashMap<String, Tensor>) -> Result<VocalNet> {
        let vb = VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu);
        ConvFsmn::new(LABELS.len(), self.look_ahead_frames, &vb).map(|net| VocalNet::ConvFsmn(Box::new(net)))
    }
}

/// `[batch, time, bands, 1]` through the convolutions.
fn picture(weights: &Weights, x: &Tensor) -> Result<Tensor> {
    (0..CHANNELS.len()).try_fold(x.clone(), |x, layer| {
        let [weight, bias] = ["weight", "bias"].map(|part| weights.get(&format!("conv{layer}.{part}")));
        let zeros = Zeros::looking_ahead([KERNEL, KERNEL], 0);
        let y = convolved(&x.contiguous()?, weight?, bias?, zeros)?;
        pooled(&y, Pool { frames: 1, bands: POOL, curve: Curve::Relu })
    })
}

/// A factor per scene and value, 0 for those left out throughout the scene: over time they would be told from their
/// neighbours.
fn kept(batch: usize, time: usize, width: usize, device: &Device, rng: &mut StdRng) -> Result<Tensor> {
    let scale = 1.0 / (1.0 - DROPOUT);
    let each: Vec<f32> = (0..batch * width).map(|_| if rng.random::<f32>() < DROPOUT { 0.0 } else { scale }).collect();
    let each = Tensor::from_vec(each, (batch, 1, width), device)?;
    each.broadcast_as((batch, time, width))?.reshape((batch * time, width))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    /// Weights of a beginning run whose phrase memories do remember something, and a second of frames.
    fn beginning(learner: &ConvFsmnLearner) -> Result<(Weights, Vec<f32>)> {
        let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/models/stream-vad.safetensors"))?;
        let mut tensors = learner.start(candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?, 5)?;
        for block in 0..DILATIONS.len() {
            let name = format!("phrase{block}.lookback.weight");
            tensors.insert(name.clone(), (drawn(&name, &[WIDTH, TAPS], TAPS, 5)? * 0.3)?);
        }
        let weights = Weights::new(tensors)?;
        let mean = weights.get("cmvn.mean")?.to_vec1::<f32>()?;
        let mut rng = StdRng::seed_from_u64(3);
        let frames = (0..100).flat_map(|_| mean.clone()).map(|mean| mean + rng.random_range(-3.0..3.0)).collect();
        Ok((weights, frames))
    }

    #[test]
    fn what_is_trained_is_what_runs_whatever_the_grouping() -> Result<()> {
        let learner = ConvFsmnLearner { look_ahead_frames: 4 };
        let (weights, frames) = beginning(&learner)?;
        let logits = learner.forward(&weights, &Tensor::from_slice(&frames, (1, 100, 80), &Device::Cpu)?, None)?;
        let trained: Vec<f32> = candle_nn::ops::sigmoid(&logits)?.flatten_all()?.to_vec1()?;
        let net = learner.net(&weights.tensors()?)?;
        let run = |step: usize| -> Result<Vec<f32>> {
            let mut stream = net.stream();
            let mut rows = Vec::new();
            for frames in frames.chunks(step * 80) {
                rows.extend(net.step(&mut [&mut stream], &[frames], false)?.concat());
            }
            rows.extend(net.step(&mut [&mut stream], &[&[]], true)?.concat());
            Ok(rows)
        };
        let whole = run(100)?;
        assert_eq!(whole.len(), 100 * LABELS.len(), "each frame gets its answer");
        let late = 4 * LABELS.len();
        let worst = whole.iter().zip(&trained[late..]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-4, "{worst}");
        for step in [1, 2, 3, 10, 37] {
            assert!(run(step)? == whole, "in steps of {step}");
        }
        Ok(())
    }

    #[test]
    fn every_weight_gets_a_gradient() -> Result<()> {
        let learner = ConvFsmnLearner { look_ahead_frames: 4 };
        let (weights, frames) = beginning(&learner)?;
        let frames = Tensor::from_slice(&frames, (1, 100, 80), &Device::Cpu)?;
        let logits = learner.forward(&weights, &frames, Some(&mut StdRng::seed_from_u64(1)))?;
        let gradients = logits.sqr()?.sum_all()?.backward()?;
        for (name, var) in weights.vars() {
            let largest = gradients.get(var).map(|g| g.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()).transpose()?;
            assert!(largest.is_some_and(|g| g > 0.0), "{name}: {largest:?}");
        }
        Ok(())
    }
}

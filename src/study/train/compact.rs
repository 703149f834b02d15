//! The compact genre net with gradients: see [`crate::nets::Compact`].

use std::collections::HashMap;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;
use rand::Rng;
use rand::rngs::StdRng;

use super::clip_learner::{ClipLearner, Said};
use super::clips::Clips;
use super::convolution::Convolution;
use super::layers::{Drawing, normalised};
use super::pool::Pool;
use super::weights::Weights;
use crate::nets::compact::{BANDS, EMBEDDING, EPS, KERNEL, LAYERS, POOLED};
use crate::nets::filter::Zeros;
use crate::nets::stack::Curve;
use crate::nets::{Compact, Net};

/// Share of the pooled values left out in training.
const DROPOUT: f32 = 0.25;
/// Name of the layer that answers for another net's embedding; it is not part of the net that runs.
pub(super) const TEACHER: &str = "teacher";

/// See the module's text.
pub(super) struct CompactLearner;

impl ClipLearner for CompactLearner {
    fn architecture(&self) -> &'static str {
        "compact"
    }

    fn description(&self) -> String {
        "Genres of several collections from coarse, wide log-mel frames".to_owned()
    }

    fn attribution(&self) -> String {
        "the Earmark developers".to_owned()
    }

    fn source(&self) -> &'static str {
        "Earmark"
    }

    fn frames(&self) -> usize {
        64
    }

    fn batch(&self) -> usize {
        48
    }

    fn rate(&self) -> f64 {
        3e-3
    }

    fn start(&self, clips: &Clips<'_>, seed: u64) -> Result<HashMap<String, Tensor>> {
        start(clips.labels, clips.teacher, seed)
    }

    fn forward(&self, weights: &Weights, sequences: &Tensor, dropout: Option<&mut StdRng>) -> Result<Said> {
        forward(weights, sequences, dropout)
    }

    fn net(&self, labels: &[String], tensors: &HashMap<String, Tensor>) -> Result<Net> {
        let vb = VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu);
        Compact::new(labels, &vb).map(Net::Compact)
    }
}

/// The weights that a run starts with: `labels` outputs, and a layer for an embedding of `teacher` values.
///
/// # Errors
/// Never.
fn start(labels: usize, teacher: usize, seed: u64) -> Result<HashMap<String, Tensor>> {
    let mut drawing = Drawing { tensors: HashMap::new(), seed };
    let mut inputs = 1;
    for (number, layer) in LAYERS.iter().enumerate() {
        let name = format!("conv{number}");
        drawing.layer(&name, &[layer.channels, KERNEL, KERNEL, inputs], KERNEL * KERNEL * inputs)?;
        // The normalisation has one.
        drawing.tensors.remove(&format!("{name}.bias"));
        drawing.norm(&format!("{name}.norm"), layer.channels)?;
        inputs = layer.channels;
    }
    drawing.layer("hidden", &[EMBEDDING, POOLED], POOLED)?;
    drawing.layer("output", &[labels, EMBEDDING], 2 * EMBEDDING)?;
    drawing.layer(TEACHER, &[teacher, EMBEDDING], 2 * EMBEDDING)?;
    Ok(drawing.tensors)
}

/// Of sequences `[batch, frames, bands]`; with `dropout`, as in training.
///
/// # Errors
/// A missing tensor or another shape.
fn forward(weights: &Weights, sequences: &Tensor, dropout: Option<&mut StdRng>) -> Result<Said> {
    let (batch, mut time, _) = sequences.dims3()?;
    let mut bands = BANDS;
    let mut x = sequences.reshape((batch, time, bands, 1))?;
    for (number, layer) in LAYERS.iter().enumerate() {
        let name = format!("conv{number}");
        let weight = weights.get(&format!("{name}.weight"))?;
        let zeros = Zeros::looking_ahead([KERNEL, KERNEL], 0);
        let y = x.contiguous()?.apply_op2(weight, Convolution { zeros })?;
        let y = y.reshape((batch * time * bands, layer.channels))?;
        let y = normalised(weights, &y, &format!("{name}.norm"), EPS, dropout.is_some())?;
        let y = y.reshape((batch, time, bands, layer.channels))?;
        x = y.apply_op1(Pool { frames: layer.frames, bands: layer.bands, curve: Curve::Relu })?;
        (time, bands) = (time / layer.frames, bands / layer.bands);
    }
    let x = x.reshape((batch, time, ()))?;
    let mean = x.mean(1)?;
    let deviation = ((x.sqr()?.mean(1)? - mean.sqr()?)?.relu()? + 1e-4)?.sqrt()?;
    let mut pooled = Tensor::cat(&[&mean, &x.max(1)?, &deviation], 1)?;
    if let Some(rng) = dropout {
        pooled = (&pooled * kept(pooled.dims2()?, rng)?)?;
    }
    let embedding = weights.dense(&pooled, "hidden")?.relu()?;
    Ok(Said { labels: weights.dense(&embedding, "output")?, teacher: Some(weights.dense(&embedding, TEACHER)?) })
}

/// A factor per value, 0 for those left out.
fn kept((rows, width): (usize, usize), rng: &mut StdRng) -> Result<Tensor> {
    let scale = 1.0 / (1.0 - DROPOUT);
    let each = (0..rows * width).map(|_| if rng.random::<f32>() < DROPOUT { 0.0 } else { scale });
    Tensor::from_vec(each.collect::<Vec<f32>>(), (rows, width), &Device::Cpu)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    /// Beginning weights, and one sequence of 40 frames in the range that the net hears.
    fn beginning() -> Result<(Weights, Vec<String>, Vec<f32>)> {
        let labels: Vec<String> = ["a/x", "a/y", "b/x", "b/y", "b/z"].map(str::to_owned).into();
        let weights = Weights::new(start(labels.len(), 4, 3)?)?;
        let mut rng = StdRng::seed_from_u64(1);
        Ok((weights, labels, (0..40 * BANDS).map(|_| rng.random_range(-1.0..1.0)).collect()))
    }

    #[test]
    fn what_is_trained_is_what_runs() -> Result<()> {
        let (weights, labels, sequence) = beginning()?;
        let x = Tensor::from_slice(&sequence, (1, 40, BANDS), &Device::Cpu)?;
        // Some batches, so that the running statistics are no longer those of the beginning.
        for seed in 0..3 {
            forward(&weights, &x, Some(&mut StdRng::seed_from_u64(seed)))?;
        }
        let logits = forward(&weights, &x, None)?.labels;
        let of = |first, count| candle_nn::ops::softmax(&logits.narrow(1, first, count)?, 1)?.flatten_all()?.to_vec1();
        let trained: Vec<f32> = [of(0, 2)?, of(2, 3)?].concat();
        let net = Compact::new(&labels, &VarBuilder::from_tensors(weights.tensors()?, DType::F32, &Device::Cpu))?;
        let run = net.tag(vec![sequence])?.probability;
        let worst = run.iter().zip(&trained).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-5, "{run:?} {trained:?}");
        Ok(())
    }

    #[test]
    fn every_weight_gets_a_gradient() -> Result<()> {
        let (weights, _, sequence) = beginning()?;
        let x = Tensor::from_slice(&sequence, (1, 40, BANDS), &Device::Cpu)?;
        let said = forward(&weights, &x, Some(&mut StdRng::seed_from_u64(1)))?;
        let gradients =
            (said.labels.sqr()?.sum_all()? + said.teacher.expect("it learns one").sqr()?.sum_all()?)?.backward()?;
        for (name, var) in weights.vars() {
            let largest = gradients.get(var).map(|g| g.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()).transpose()?;
            assert!(largest.is_some_and(|g| g > 0.0), "{name}: {largest:?}");
        }
        Ok(())
    }

    #[test]
    fn gain_and_length_do_not_change_what_is_heard() -> Result<()> {
        let (weights, labels, _) = beginning()?;
        let net = Compact::new(&labels, &VarBuilder::from_tensors(weights.tensors()?, DType::F32, &Device::Cpu))?;
        let mut rng = StdRng::seed_from_u64(2);
        let level: Vec<f32> = (0..Compact::FEWEST_FRAMES * BANDS).map(|_| rng.random_range(-70.0..0.0)).collect();
        let quieter: Vec<f32> = level.iter().map(|level| level - 24.0).collect();
        let (a, b) = (net.forward(&level)?, net.forward(&quieter)?);
        let worst = a.probability.iter().zip(&b.probability).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-4, "{worst}");
        assert!(net.forward(&level[..5 * BANDS]).is_err(), "too short a window is refused");
        Ok(())
    }
}

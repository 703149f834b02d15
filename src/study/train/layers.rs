//! Layers with gradients that the reference nets share.

use std::collections::HashMap;

use candle_core::{DType, Device, Result, Tensor};

use super::batch_norm::{BatchNorm, BatchStatistics};
use super::recurrence::Recurrence;
use super::weights::{Weights, drawn};

/// Share by which the running statistics of a batch normalisation follow each batch.
const FOLLOWS: f64 = 0.05;

/// Rows `[rows, channels]` through the batch normalisation `name`. In training by their own statistics, which the
/// running ones follow; otherwise by the running ones, as the net that runs does.
///
/// # Errors
/// A missing tensor or another shape.
pub(super) fn normalised(weights: &Weights, x: &Tensor, name: &str, eps: f64, training: bool) -> Result<Tensor> {
    let [mean, variance] = ["running_mean", "running_var"].map(|part| format!("{name}.{part}"));
    let x = x.contiguous()?;
    let statistics = if training {
        let of_batch = BatchStatistics::of(&x)?;
        weights.follow(&mean, &of_batch.mean, FOLLOWS)?;
        weights.follow(&variance, &of_batch.variance, FOLLOWS)?;
        of_batch
    } else {
        BatchStatistics { mean: weights.get(&mean)?.to_vec1()?, variance: weights.get(&variance)?.to_vec1()? }
    };
    let [gamma, beta] = ["weight", "bias"].map(|part| weights.get(&format!("{name}.{part}")));
    x.apply_op3(gamma?, beta?, BatchNorm::new(statistics, eps))
}

/// The tensors by which [`standardised`] works: mean, and one over the deviation, of each band over all frames of
/// `pictures`, each `[frames][bands]`.
///
/// # Errors
/// Never for shapes that fit into memory.
pub(super) fn standards(pictures: impl IntoIterator<Item = Vec<f32>>, bands: usize) -> Result<[(String, Tensor); 2]> {
    let (mut count, mut sums, mut squares) = (0.0_f64, vec![0.0_f64; bands], vec![0.0_f64; bands]);
    for picture in pictures {
        for frame in picture.chunks_exact(bands) {
            count += 1.0;
            for ((sum, square), &x) in sums.iter_mut().zip(&mut squares).zip(frame) {
                *sum += f64::from(x);
                *square += f64::from(x).powi(2);
            }
        }
    }
    let means: Vec<f64> = sums.iter().map(|sum| sum / count.max(1.0)).collect();
    let scale = squares.iter().zip(&means).map(|(square, mean)| {
        let variance = square / count.max(1.0) - mean * mean;
        // A band that never moves is left alone.
        if variance > 1e-6 { (1.0 / variance.sqrt()) as f32 } else { 1.0 }
    });
    let scale = Tensor::from_vec(scale.collect::<Vec<f32>>(), bands, &Device::Cpu)?;
    let means: Vec<f32> = means.iter().map(|&mean| mean as f32).collect();
    Ok([("cmvn.mean".to_owned(), Tensor::from_vec(means, bands, &Device::Cpu)?), ("cmvn.scale".to_owned(), scale)])
}

/// `[.., bands]` by mean and deviation of the training data, which stay as [`standards`] found them: nothing is learned in
/// front of the first layer, so no gradient has to reach what is heard.
///
/// # Errors
/// A missing tensor or another shape.
pub(super) fn standardised(weights: &Weights, x: &Tensor) -> Result<Tensor> {
    x.broadcast_sub(weights.get("cmvn.mean")?)?.broadcast_mul(weights.get("cmvn.scale")?)
}

/// `[batch, time, inputs]` through the LSTM layer `name`, to `[batch, time, width]`.
///
/// # Errors
/// A missing tensor or another shape.
pub(super) fn lstm(weights: &Weights, x: &Tensor, name: &str) -> Result<Tensor> {
    let (batch, time, inputs) = x.dims3()?;
    let gates = weights.dense(&x.reshape((batch * time, inputs))?, &format!("{name}.input"))?;
    let gates = gates.reshape((batch, time, ()))?.contiguous()?;
    gates.apply_op2(weights.get(&format!("{name}.recurrent.weight"))?, Recurrence)
}

/// `[batch, time, inputs]` through the gated recurrent layer `name` from rest, to `[batch, time, width]`; as
/// [`crate::nets::stack::Stage::Gru`] says. Step by step: the nets that have one are down to a few steps by then.
///
/// # Errors
/// A missing tensor or another shape.
pub(super) fn gru(weights: &Weights, x: &Tensor, name: &str) -> Result<Tensor> {
    let (batch, time, inputs) = x.dims3()?;
    let from_input = weights.dense(&x.reshape((batch * time, inputs))?, &format!("{name}.input"))?;
    let from_input = from_input.reshape((batch, time, ()))?;
    let recurrent = weights.get(&format!("{name}.recurrent.weight"))?.t()?;
    let width = recurrent.dim(0)?;
    let sigmoid = candle_nn::ops::sigmoid;
    let mut h = Tensor::zeros((batch, width), DType::F32, &Device::Cpu)?;
    let mut all = Vec::with_capacity(time);
    for step in 0..time {
        let now = from_input.narrow(1, step, 1)?.squeeze(1)?;
        let past = h.matmul(&recurrent)?;
        let part = |x: &Tensor, gate: usize| x.narrow(1, gate * width, width);
        let reset = sigmoid(&(part(&now, 0)? + part(&past, 0)?)?)?;
        let keep = sigmoid(&(part(&now, 1)? + part(&past, 1)?)?)?;
        let candidate = (part(&now, 2)? + (reset * part(&past, 2)?)?)?.tanh()?;
        h = (&candidate + (keep * (h - &candidate)?)?)?;
        all.push(h.clone());
    }
    Tensor::stack(&all, 1)
}

/// The weights that layers start with, by name.
pub(super) struct Drawing {
    pub(super) tensors: HashMap<String, Tensor>,
    pub(super) seed: u64,
}

impl Drawing {
    /// `{name}.weight` of this shape, for a layer that sums `inputs` values, and `{name}.bias` of zeros.
    ///
    /// # Errors
    /// Never for a shape that fits into memory.
    pub(super) fn layer(&mut self, name: &str, shape: &[usize], inputs: usize) -> Result<()> {
        self.tensors.insert(format!("{name}.weight"), drawn(name, shape, inputs, self.seed)?);
        self.tensors.insert(format!("{name}.bias"), Tensor::zeros(shape[0], DType::F32, &Device::Cpu)?);
        Ok(())
    }

    /// A batch normalisation that changes nothing yet.
    ///
    /// # Errors
    /// Never.
    pub(super) fn norm(&mut self, name: &str, channels: usize) -> Result<()> {
        for (part, value) in [("weight", 1.0_f32), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)] {
            self.tensors.insert(format!("{name}.{part}"), Tensor::full(value, channels, &Device::Cpu)?);
        }
        Ok(())
    }

    /// An LSTM layer whose forget gates begin open (Jozefowicz et al. 2015), so that it begins by remembering.
    ///
    /// # Errors
    /// Never for a shape that fits into memory.
    pub(super) fn lstm(&mut self, name: &str, inputs: usize, width: usize) -> Result<()> {
        // Gates are no ramps: their weights are drawn with a deviation of `sqrt(1 / inputs)`.
        self.layer(&format!("{name}.input"), &[4 * width, inputs], 2 * inputs)?;
        let open: Vec<f32> = (0..4 * width).map(|gate| f32::from(u8::from(gate / width == 1))).collect();
        self.tensors.insert(format!("{name}.input.bias"), Tensor::from_vec(open, 4 * width, &Device::Cpu)?);
        let name = format!("{name}.recurrent.weight");
        let recurrent = drawn(&name, &[4 * width, width], 2 * width, self.seed)?;
        self.tensors.insert(name, recurrent);
        Ok(())
    }
}

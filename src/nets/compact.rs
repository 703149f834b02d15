//! A small genre net of our own over coarse, wide log-mel frames ([`crate::listen::FrontEnd::wide_mel_128`]): five
//! convolutions, then mean, maximum and deviation over time, so that a window may be of any length.
//!
//! It hears every third frame, because one of the collections that it learned from keeps no more; the three sequences
//! that a window holds are heard side by side and their answers averaged. Levels count from the window's maximum, so
//! that gain changes nothing.

use candle_core::{DType, Device, Module, Result, Tensor};
use candle_nn::VarBuilder;

use super::convolution::{Convolution, Shape};
use super::layers::{Activation::Relu, Affine, Dense};
use super::{Observer, Tagging};

/// Bands of a frame.
pub(crate) const BANDS: usize = 128;
/// Frames and bands that a convolution spans.
pub(crate) const KERNEL: usize = 3;
pub(crate) const EPS: f64 = 1e-3;
/// Frames from one that is heard to the next.
pub(crate) const STRIDE: usize = 3;
/// Width of the layer before the output.
pub(crate) const EMBEDDING: usize = 128;

/// A convolution with normalisation, ramp and the largest of each group.
pub(crate) struct Layer {
    /// Channels that it gives.
    pub(crate) channels: usize,
    /// Bands of a group.
    pub(crate) bands: usize,
    /// Frames of a group.
    pub(crate) frames: usize,
}

pub(crate) const LAYERS: [Layer; 5] = [
    Layer { channels: 16, bands: 2, frames: 2 },
    Layer { channels: 32, bands: 2, frames: 2 },
    Layer { channels: 48, bands: 2, frames: 2 },
    Layer { channels: 64, bands: 2, frames: 1 },
    Layer { channels: 96, bands: 4, frames: 1 },
];

/// Values of a frame after the last convolution.
pub(crate) const LAST: usize = {
    let mut bands = BANDS;
    let mut layer = 0;
    while layer < LAYERS.len() {
        bands /= LAYERS[layer].bands;
        layer += 1;
    }
    bands * LAYERS[LAYERS.len() - 1].channels
};
/// Frames of a sequence that become one.
const SHRINKS: usize = 8;
/// The statistics over time.
pub(crate) const POOLED: usize = 3 * LAST;

/// Groups of labels of which exactly one is true each: the classes of one collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Group {
    /// The first label.
    pub(crate) first: usize,
    /// How many there are.
    pub(crate) count: usize,
}

/// See the module's text.
pub struct Compact {
    layers: Vec<(Convolution, usize)>,
    hidden: Dense,
    output: Dense,
    groups: Vec<Group>,
}

impl Compact {
    /// Width of the embedding.
    pub const EMBEDDING: usize = EMBEDDING;
    /// Fewest frames of a window: 3 s.
    pub const FEWEST_FRAMES: usize = 39;
    /// Frames of the usual window: 20 s.
    pub const FRAMES: usize = 258;

    /// The layers that an observer sees, one row each; see [`super::Observer`].
    pub const LAYERS: [&'static str; 2] = ["hidden", "genres"];

    /// Builds the net for these labels, `collection/class` each; labels of one collection exclude one another.
    ///
    /// # Errors
    /// A missing tensor or one of another shape.
    pub fn new(labels: &[String], vb: &VarBuilder<'_>) -> Result<Self> {
        let (mut bands, mut inputs) = (BANDS, 1);
        let mut layers = Vec::new();
        for (number, layer) in LAYERS.iter().enumerate() {
            let vb = vb.pp(format!("conv{number}"));
            let weight = vb.get((layer.channels, KERNEL, KERNEL, inputs), "weight")?;
            let norm = Affine::batch_norm(layer.channels, EPS, &vb.pp("norm"))?;
            let no_bias = Tensor::zeros(layer.channels, DType::F32, &Device::Cpu)?;
            let (weight, bias) = norm.folded(&weight, &no_bias)?;
            let kernel = [KERNEL, KERNEL];
            let shape = Shape { bands, inputs, outputs: layer.channels, kernel, pool: layer.bands };
            layers.push((Convolution::from_tensors(shape, &weight, &bias)?, layer.frames));
            bands /= layer.bands;
            inputs = layer.channels;
        }
        Ok(Self {
            layers,
            hidden: Dense::new(POOLED, EMBEDDING, true, &vb.pp("hidden"))?.activated(Relu),
            output: Dense::new(EMBEDDING, labels.len(), true, &vb.pp("output"))?,
            groups: groups(labels),
        })
    }

    /// Tags a window of `mels`, rows of 128 values in dB.
    ///
    /// # Errors
    /// Fewer than [`STRIDE`] times 8 frames.
    pub fn forward(&self, mels: &[f32]) -> Result<Tagging> {
        self.tag(sequences(mels, STRIDE))
    }

    /// The same, while `observe` sees each of [`Self::LAYERS`].
    ///
    /// # Errors
    /// As [`Self::forward`], and what `observe` reports.
    pub fn forward_observed(&self, mels: &[f32], observe: &mut Observer<'_>) -> Result<Tagging> {
        let tagging = self.forward(mels)?;
        for (name, values) in Self::LAYERS.into_iter().zip([&tagging.embedding, &tagging.probability]) {
            observe(name, &Tensor::from_slice(values, (1, values.len()), &Device::Cpu)?)?;
        }
        Ok(tagging)
    }

    /// Tags a window given as [`sequences`].
    ///
    /// # Errors
    /// A sequence of fewer than 8 frames, or none.
    pub(crate) fn tag(&self, sequences: Vec<Vec<f32>>) -> Result<Tagging> {
        if sequences.iter().any(|sequence| sequence.len() < SHRINKS * BANDS) {
            candle_core::bail!("a window of fewer than {} frames", STRIDE * SHRINKS);
        }
        let pooled = self.pooled(sequences)?;
        let rows = pooled.len();
        let embedding = self.hidden.forward(&Tensor::from_vec(pooled.concat(), (rows, POOLED), &Device::Cpu)?)?;
        let logits: Vec<Vec<f32>> = self.output.forward(&embedding)?.to_vec2()?;
        let mut mean = vec![0.0; logits.first().map_or(0, Vec::len)];
        for row in logits {
            mean.iter_mut().zip(row).for_each(|(sum, logit)| *sum += logit / rows as f32);
        }
        for group in &self.groups {
            softmax(&mut mean[group.first..][..group.count]);
        }
        Ok(Tagging { probability: mean, embedding: embedding.mean(0)?.to_vec1()?, inner: Vec::new() })
    }

    /// Each sequence's statistics over time.
    fn pooled(&self, sequences: Vec<Vec<f32>>) -> Result<Vec<Vec<f32>>> {
        let mut parts = sequences;
        for (convolution, frames) in &self.layers {
            let mut before: Vec<Vec<f32>> = parts.iter().map(|_| convolution.before()).collect();
            parts = convolution.forward(before.iter_mut(), &parts);
            let width = convolution.width();
            parts.iter_mut().for_each(|part| *part = largest(part, width, *frames));
        }
        Ok(parts.iter().map(|part| statistics(part)).collect())
    }
}

/// Neighbouring labels of one collection; a label without a collection is a group of its own.
pub(crate) fn groups(labels: &[String]) -> Vec<Group> {
    let collection = |label: &String| label.split_once('/').map(|(collection, _)| collection.to_owned());
    let mut groups: Vec<Group> = Vec::new();
    for (at, label) in labels.iter().enumerate() {
        match groups.last_mut() {
            Some(group) if collection(label).is_some() && collection(&labels[at - 1]) == collection(label) => {
                group.count += 1;
            }
            _ => groups.push(Group { first: at, count: 1 }),
        }
    }
    groups
}

/// What the net hears of a window in dB: every `stride`th frame from each of the first on, -1 at 80 dB below the
/// maximum and 1 at it.
pub(crate) fn sequences(mels: &[f32], stride: usize) -> Vec<Vec<f32>> {
    let highest = mels.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let heard = |level: &f32| ((level - highest) / 40.0 + 1.0).max(-1.0);
    let sequence = |first| {
        let frames = mels.chunks_exact(BANDS).skip(first).step_by(stride);
        frames.flat_map(|frame| frame.iter().map(heard)).collect()
    };
    (0..stride).map(sequence).collect()
}

/// The largest of each `by` successive rows; those that fill no group are left out.
fn largest(rows: &[f32], width: usize, by: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(rows.len() / by);
    for group in rows.chunks_exact(by * width) {
        let start = out.len();
        out.extend_from_slice(&group[..width]);
        for row in group[width..].chunks_exact(width) {
            out[start..].iter_mut().zip(row).for_each(|(y, x)| *y = y.max(*x));
        }
    }
    out
}

/// Mean, maximum and deviation of rows of [`LAST`] values.
fn statistics(rows: &[f32]) -> Vec<f32> {
    let count = (rows.len() / LAST).max(1) as f32;
    let (mut mean, mut highest, mut square) = (vec![0.0; LAST], vec![0.0_f32; LAST], vec![0.0; LAST]);
    for row in rows.chunks_exact(LAST) {
        for (at, &x) in row.iter().enumerate() {
            mean[at] += x / count;
            highest[at] = highest[at].max(x);
            square[at] += x * x / count;
        }
    }
    let deviation = square.iter().zip(&mean).map(|(square, mean)| deviation_of(square - mean * mean));
    let deviation: Vec<f32> = deviation.collect();
    [mean, highest, deviation].concat()
}

/// The root of a variance, with a slope everywhere.
fn deviation_of(variance: f32) -> f32 {
    (variance.max(0.0) + 1e-4).sqrt()
}

/// Logits to probabilities that add up to 1, in place.
pub(super) fn softmax(logits: &mut [f32]) {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    logits.iter_mut().for_each(|logit| *logit = (*logit - highest).exp());
    let sum: f32 = logits.iter().sum();
    logits.iter_mut().for_each(|p| *p /= sum);
}

//! The described nets of [`crate::nets::stack`] with gradients.

use std::collections::HashMap;

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::VarBuilder;
use rand::Rng;
use rand::rngs::StdRng;

use super::clip_learner::{ClipLearner, Said};
use super::clips::{Clips, Collection};
use super::convolution::Convolution;
use super::layers::{gru, normalised, standardised, standards};
use super::pool::Pool;
use super::weights::{Weights, drawn};
use crate::nets::compact::{BANDS, sequences};
use crate::nets::stack::run::{fewer_bands, key_groups};
use crate::nets::stack::{ALL, Curve, EPS, Fill, Layer, Plan, Size, Stack, Stage, Statistic, System};
use crate::nets::{Net, systems};

/// Clips that the bands' means and deviations are measured on, at most.
const MEASURED_CLIPS: usize = 500;

/// A net of [`crate::nets::systems`].
pub(super) struct StackLearner {
    system: &'static System,
    plan: Plan,
    layers: Vec<Layer>,
    width: usize,
}

impl StackLearner {
    /// The system of this name.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn new(name: &str) -> Result<Self> {
        let Some(system) = systems::system(name) else { candle_core::bail!("there is no net {name}") };
        let plan = system.plan();
        let unfit = |what| candle_core::Error::Msg(format!("{name}: {what}"));
        Ok(Self { layers: plan.trained_layers().map_err(unfit)?, width: plan.width().map_err(unfit)?, system, plan })
    }

    /// Sequences `[batch, frames, bands]` as the stages take them: neighbouring bands averaged, each standardised.
    fn heard(&self, weights: &Weights, sequences: &Tensor) -> Result<Tensor> {
        let (batch, frames, _) = sequences.dims3()?;
        let by = BANDS / self.plan.bands;
        let heard = sequences.reshape((batch, frames, self.plan.bands, by))?.mean(3)?;
        standardised(weights, &heard)
    }

    /// The largest answer of each filter to one sequence `[1, frames, bands]`, for each convolution that a pool follows.
    ///
    /// # Errors
    /// A missing tensor or another shape.
    pub(super) fn excited(&self, weights: &Weights, sequence: &Tensor) -> Result<Vec<Vec<f32>>> {
        let mut x = self.heard(weights, sequence)?.unsqueeze(3)?;
        let mut all = Vec::new();
        for layer in &self.layers {
            x = forward(layer, weights, x, &mut None)?;
            let over_pictures = layer.output.frames * layer.output.bands > 1;
            if matches!(layer.stage, Stage::Pool { .. }) && over_pictures {
                let (_, frames, bands, channels) = x.dims4()?;
                all.push(x.reshape((frames * bands, channels))?.max(0)?.to_vec1()?);
            }
        }
        Ok(all)
    }

    /// What the stages make of standardised frames `[batch, frames, bands]`: `[batch, frames', 1, width]`.
    fn stages(&self, weights: &Weights, frames: &Tensor, mut dropout: Option<&mut StdRng>) -> Result<Tensor> {
        let x = frames.unsqueeze(3)?;
        through(&self.layers, weights, x, &mut dropout)
    }
}

impl ClipLearner for StackLearner {
    fn architecture(&self) -> &'static str {
        self.system.name
    }

    fn description(&self) -> String {
        format!("{}; here with {}", self.system.description, self.system.differs)
    }

    fn attribution(&self) -> String {
        format!("architecture by {}; weights trained by Earmark", self.system.designer)
    }

    fn source(&self) -> &'static str {
        self.system.source
    }

    fn frames(&self) -> usize {
        self.plan.frames
    }

    fn batch(&self) -> usize {
        self.plan.batch
    }

    fn rate(&self) -> f64 {
        self.plan.rate
    }

    fn start(&self, clips: &Clips<'_>, seed: u64) -> Result<HashMap<String, Tensor>> {
        let mut tensors = HashMap::new();
        begin(&self.layers, seed, &mut tensors)?;
        let output = drawn("output.weight", &[clips.labels, self.width], 2 * self.width, seed)?;
        tensors.insert("output.weight".to_owned(), output);
        tensors.insert("output.bias".to_owned(), Tensor::zeros(clips.labels, DType::F32, &Device::Cpu)?);
        tensors.extend(standards(some_sequences(clips, self.plan.bands), self.plan.bands)?);
        Ok(tensors)
    }

    fn forward(&self, weights: &Weights, sequences: &Tensor, dropout: Option<&mut StdRng>) -> Result<Said> {
        let heard = self.heard(weights, sequences)?;
        let last = self.stages(weights, &heard, dropout)?.squeeze(2)?.mean(1)?;
        Ok(Said { labels: weights.dense(&last, "output")?, teacher: None })
    }

    fn net(&self, labels: &[String], tensors: &HashMap<String, Tensor>) -> Result<Net> {
        let vb = VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu);
        Stack::new(self.plan.clone(), labels, &vb).map(Net::Stack)
    }
}

/// Some clips from all collections, as sequences of frames of so many bands.
fn some_sequences<'a>(clips: &'a Clips<'_>, bands: usize) -> impl Iterator<Item = Vec<f32>> + 'a {
    let some = |collection: &'a Collection<'_>| {
        let all = &collection.spectra.clips;
        all.iter().step_by(all.len().div_ceil(MEASURED_CLIPS))
    };
    let sequences = clips.collections.iter().flat_map(some).flat_map(|clip| sequences(clip, 1));
    sequences.map(move |sequence| fewer_bands(&sequence, bands))
}

/// Adds the tensors that `layers` begin with.
///
/// # Errors
/// Never for shapes that fit into memory.
pub(super) fn begin(layers: &[Layer], seed: u64, tensors: &mut HashMap<String, Tensor>) -> Result<()> {
    for holding in layers.iter().flat_map(Layer::holdings) {
        let tensor = match holding.fill {
            Fill::Drawn(inputs) => drawn(&holding.name, &holding.shape, inputs, seed)?,
            Fill::Value(value) => Tensor::full(value, holding.shape.as_slice(), &Device::Cpu)?,
        };
        tensors.insert(holding.name, tensor);
    }
    Ok(())
}

/// A picture `[batch, frames, bands, channels]` through layers, one after the other; with `dropout`, as in training.
///
/// # Errors
/// A missing tensor or another shape.
pub(super) fn through(
    layers: &[Layer],
    weights: &Weights,
    x: Tensor,
    dropout: &mut Option<&mut StdRng>,
) -> Result<Tensor> {
    layers.iter().try_fold(x, |x, layer| forward(layer, weights, x, dropout))
}

/// A picture `[batch, frames, bands, channels]` through one layer.
fn forward(layer: &Layer, weights: &Weights, x: Tensor, dropout: &mut Option<&mut StdRng>) -> Result<Tensor> {
    let (batch, frames, bands, channels) = x.dims4()?;
    let name = &layer.name;
    let rows = (batch * frames * bands, channels);
    match &layer.stage {
        // One product for the whole batch; as a convolution, each clip would read all the weights by itself.
        Stage::Convolution { kernel: [1, 1], outputs, .. } => {
            let weight = weights.get(&format!("{name}.weight"))?.reshape((*outputs, channels))?;
            let y = x.reshape(rows)?.matmul(&weight.t()?)?;
            let y = if layer.biased { y.broadcast_add(weights.get(&format!("{name}.bias"))?)? } else { y };
            y.reshape((batch, frames, bands, *outputs))
        }
        Stage::Convolution { kernel, edges, .. } => {
            let convolution = Convolution { zeros: edges.zeros(*kernel) };
            let weight = weights.get(&format!("{name}.weight"))?;
            let x = x.contiguous()?;
            if layer.biased {
                x.apply_op3(weight, weights.get(&format!("{name}.bias"))?, convolution)
            } else {
                x.apply_op2(weight, convolution)
            }
        }
        Stage::Norm => normalised(weights, &x.reshape(rows)?, name, EPS, dropout.is_some())?.reshape(x.shape()),
        Stage::Pool { frames: by_frames, bands: by_bands, curve } => {
            let by = |by: usize, all: usize| if by == ALL { all } else { by };
            let pool = Pool { frames: by(*by_frames, frames), bands: by(*by_bands, bands), curve: *curve };
            x.contiguous()?.apply_op1(pool)
        }
        Stage::Dropout(share) => match dropout {
            Some(rng) => (&x * kept(&x, *share, rng)?)?.contiguous(),
            None => Ok(x),
        },
        Stage::BandsToChannels => x.reshape((batch, frames, 1, bands * channels)),
        Stage::PictureToChannels => x.reshape((batch, 1, 1, frames * bands * channels)),
        Stage::MeanOverBands => x.mean_keepdim(2),
        Stage::Gru(width) => {
            let hidden = gru(weights, &x.reshape((batch, frames, channels))?, name)?;
            hidden.reshape((batch, frames, 1, *width))
        }
        Stage::LastFrame => x.narrow(1, frames - 1, 1),
        Stage::NonLocal(inner) => {
            let size = Size { frames, bands, channels };
            let said = by_likeness(weights, &x, name, size, *inner)?;
            let said = normalised(weights, &said.reshape(rows)?, &format!("{name}.norm"), EPS, dropout.is_some())?;
            x + said.reshape((batch, frames, bands, channels))?
        }
        Stage::Parallel(_) => {
            let ends = layer.branches.iter().map(|branch| through(branch, weights, x.clone(), dropout));
            Tensor::cat(&ends.collect::<Result<Vec<_>>>()?, 3)
        }
        Stage::Residual(_) => {
            let branch = layer.branches.first().map_or(&[][..], Vec::as_slice);
            through(branch, weights, x.clone(), dropout)? + x
        }
        Stage::Statistics(kinds) => {
            let all = x.reshape((batch, frames * bands, channels))?;
            let each = kinds.iter().map(|kind| match kind {
                Statistic::Mean => all.mean(1),
                Statistic::Max => all.max(1),
                Statistic::L2 => (all.sqr()?.mean(1)? + f64::from(Statistic::SMALLEST_SQUARE))?.sqrt(),
            });
            Tensor::cat(&each.collect::<Result<Vec<_>>>()?, 1)?.reshape((batch, 1, 1, kinds.len() * channels))
        }
        Stage::Tap => Ok(x),
    }
}

/// See [`Stage::NonLocal`]; before the normalisation.
fn by_likeness(weights: &Weights, x: &Tensor, name: &str, size: Size, inner: usize) -> Result<Tensor> {
    let Size { frames, bands, channels } = size;
    let batch = x.dim(0)?;
    let rows = x.reshape((batch * frames * bands, channels))?;
    let project = |part: &str| -> Result<Tensor> {
        weights.dense(&rows, &format!("{name}.{part}"))?.reshape((batch, frames, bands, inner))
    };
    let [by_frames, by_bands] = key_groups(size);
    let fewer = |x: Tensor| -> Result<Tensor> {
        let x = x.contiguous()?.apply_op1(Pool { frames: by_frames, bands: by_bands, curve: Curve::Line })?;
        x.reshape((batch, (frames / by_frames) * (bands / by_bands), inner))
    };
    let queries = project("theta")?.reshape((batch, frames * bands, inner))?;
    let (keys, values) = (fewer(project("phi")?)?, fewer(project("g")?)?);
    let likeness = (queries.matmul(&keys.transpose(1, 2)?.contiguous()?)? / (inner as f64).sqrt())?;
    let heard = candle_nn::ops::softmax(&likeness, D::Minus1)?.matmul(&values)?;
    weights.dense(&heard.reshape((batch * frames * bands, inner))?, &format!("{name}.out"))
}

/// A factor per value, 0 for those left out.
fn kept(x: &Tensor, share: f32, rng: &mut StdRng) -> Result<Tensor> {
    let scale = 1.0 / (1.0 - share);
    let each = (0..x.elem_count()).map(|_| if rng.random::<f32>() < share { 0.0 } else { scale });
    Tensor::from_vec(each.collect::<Vec<f32>>(), x.shape(), &Device::Cpu)
}

#[cfg(test)]
#[path = "stack_test.rs"]
mod tests;

//! The singing detector `crnn` of the deep-learning tutorial by Choi et al. (arXiv 1709.04396, exercise 5-1): 40 mel
//! bands every 16 ms, three convolutions with batch normalisation, one over channels alone, two LSTM layers, one
//! sigmoid. A reference, to be measured against.
//!
//! The tutorial centres its convolutions on the frame; here they are causal and the answer comes as many frames late,
//! which is the same but for the first frames of a file.

use candle_core::Result;
use candle_nn::VarBuilder;

use super::convolution::{Convolution, Shape};
use super::layers::{Affine, Sigmoids};
use super::lstm::{EPS, MELS};
use super::recurrence::{Cells, Recurrence};

/// Channels after each convolution.
pub(crate) const CHANNELS: [usize; 3] = [32, 32, 16];
/// Frames and bands that a convolution spans.
pub(crate) const KERNEL: usize = 3;
/// Cells of each LSTM layer.
pub(crate) const WIDTHS: [usize; 2] = [25, 25];

/// See the module's text.
pub struct Crnn {
    norm: Affine,
    convolutions: Vec<Convolution>,
    /// The convolution over channels alone, to one value a band.
    mix_weight: Vec<f32>,
    mix_bias: f32,
    layers: Vec<Recurrence>,
    output: Sigmoids,
}

/// What one audio stream has left in a [`Crnn`].
#[derive(Clone)]
pub struct CrnnStream {
    /// The last `KERNEL - 1` frames before each convolution.
    pictures: Vec<Vec<f32>>,
    cells: Vec<Cells>,
    /// Answers that are still to be left out, because they speak of frames before the first.
    early: usize,
}

impl Crnn {
    /// Frames that a probability waits for.
    pub const LOOK_AHEAD_FRAMES: usize = CHANNELS.len() * (KERNEL / 2);

    /// Builds the net from its tensors: `outputs` sigmoids per frame.
    ///
    /// # Errors
    /// A missing tensor or one of another shape.
    pub fn new(outputs: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let mut inputs = 1;
        let mut convolutions = Vec::new();
        for (layer, outputs) in CHANNELS.into_iter().enumerate() {
            let vb = vb.pp(format!("conv{layer}"));
            let weight = vb.get((outputs, KERNEL, KERNEL, inputs), "weight")?;
            let norm = Affine::batch_norm(outputs, EPS, &vb.pp("norm"))?;
            let (weight, bias) = norm.folded(&weight, &vb.get(outputs, "bias")?)?;
            let shape = Shape { bands: MELS, inputs, outputs, kernel: [KERNEL, KERNEL], pool: 1 };
            convolutions.push(Convolution::from_tensors(shape, &weight, &bias)?);
            inputs = outputs;
        }
        let mix: Vec<f32> = vb.get((1, inputs), "mix.weight")?.flatten_all()?.to_vec1()?;
        let mut width = MELS;
        let mut layers = Vec::new();
        for (layer, cells) in WIDTHS.into_iter().enumerate() {
            layers.push(Recurrence::new(width, cells, &vb.pp(format!("lstm{layer}")))?);
            width = cells;
        }
        Ok(Self {
            norm: Affine::batch_norm(MELS, EPS, &vb.pp("norm"))?,
            convolutions,
            mix_weight: mix,
            mix_bias: vb.get(1, "mix.bias")?.squeeze(0)?.to_scalar()?,
            layers,
            output: Sigmoids::new(width, outputs, &vb.pp("out.fc2"))?,
        })
    }

    /// Number of probabilities per frame.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.output.count()
    }

    /// The memory of a stream that has heard nothing.
    #[must_use]
    pub fn stream(&self) -> CrnnStream {
        CrnnStream {
            pictures: self.convolutions.iter().map(Convolution::before).collect(),
            cells: self.layers.iter().map(Recurrence::start).collect(),
            early: Self::LOOK_AHEAD_FRAMES,
        }
    }

    /// Reads new frames of several streams; see [`super::VocalNet::step`]. At the `end` the net hears a few frames of
    /// zeros after the normalisation.
    ///
    /// # Errors
    /// If a product fails (frames that are not whole rows).
    pub fn step(&self, streams: &mut [&mut CrnnStream], frames: &[&[f32]], end: bool) -> Result<Vec<Vec<f32>>> {
        let mut parts: Vec<Vec<f32>> = frames.iter().map(|frames| frames.to_vec()).collect();
        for part in &mut parts {
            self.norm.apply(part);
            if end {
                part.resize(part.len() + Self::LOOK_AHEAD_FRAMES * MELS, 0.0);
            }
        }
        for (layer, convolution) in self.convolutions.iter().enumerate() {
            let before = streams.iter_mut().map(|stream| &mut stream.pictures[layer]);
            parts = convolution.forward(before, &parts);
        }
        let each = streams.iter_mut().zip(parts).map(|(stream, part)| {
            let mut x = self.mixed(&part);
            for (layer, cells) in self.layers.iter().zip(&mut stream.cells) {
                x = layer.forward(&x, cells);
            }
            let mut out = self.output.forward(&x);
            let early = stream.early.min(out.len() / self.outputs());
            stream.early -= early;
            out.drain(..early * self.outputs());
            Ok(out)
        });
        each.collect()
    }

    fn mixed(&self, bands: &[f32]) -> Vec<f32> {
        let dot = |band: &[f32]| band.iter().zip(&self.mix_weight).map(|(x, weight)| x * weight).sum::<f32>();
        bands.chunks_exact(self.mix_weight.len()).map(|band| self.mix_bias + dot(band)).collect()
    }
}

//! A convolution over time and mel bands that runs frame by frame, with what follows it: a ramp, and the largest of
//! neighbouring bands.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::layers::{Activation::Relu, Dense};
use super::product::Rows;

/// Causal: the kernel spans the present frame and those before it. Zeros stand before the first frame and beyond the
/// lowest and the highest band.
pub(super) struct Convolution {
    shape: Shape,
    dense: Dense,
}

/// What a [`Convolution`] takes and gives.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// Bands of an input frame.
    pub(super) bands: usize,
    /// Channels of an input band.
    pub(super) inputs: usize,
    /// Channels of an output band.
    pub(super) outputs: usize,
    /// Frames and bands that the kernel spans; the bands are an odd number.
    pub(super) kernel: [usize; 2],
    /// Neighbouring bands of which the largest goes on; those that fill no group are left out.
    pub(super) pool: usize,
}

impl Convolution {
    /// Reads `weight` `[outputs, frames, bands, inputs]` and `bias` `[outputs]`.
    ///
    /// # Errors
    /// A missing tensor or one of another shape.
    pub(super) fn new(shape: Shape, vb: &VarBuilder<'_>) -> Result<Self> {
        let [frames, bands] = shape.kernel;
        let weight = vb.get((shape.outputs, frames, bands, shape.inputs), "weight")?;
        Self::from_tensors(shape, &weight, &vb.get(shape.outputs, "bias")?)
    }

    /// From the same tensors.
    ///
    /// # Errors
    /// If they have another shape.
    pub(super) fn from_tensors(shape: Shape, weight: &Tensor, bias: &Tensor) -> Result<Self> {
        let dense = Dense::from_tensors(&weight.reshape((shape.outputs, ()))?, Some(bias))?.activated(Relu);
        Ok(Self { shape, dense })
    }

    /// Values of an output frame.
    pub(super) fn width(&self) -> usize {
        self.shape.bands / self.shape.pool * self.shape.outputs
    }

    /// The frames before the first: zeros.
    pub(super) fn before(&self) -> Vec<f32> {
        vec![0.0; (self.shape.kernel[0] - 1) * self.padded()]
    }

    /// Each stream's frames `[bands][inputs]` to frames `[bands / pool][outputs]`; `before` holds the frames that went
    /// before them, as [`Self::before`] began it, and takes the last of these.
    pub(super) fn forward<'a>(
        &self,
        before: impl Iterator<Item = &'a mut Vec<f32>>,
        parts: &[Vec<f32>],
    ) -> Vec<Vec<f32>> {
        let Shape { bands, inputs, outputs, kernel: [frames, span], .. } = self.shape;
        let edge = span / 2 * inputs;
        let mut filtered = vec![0.0; bands * outputs];
        let each = before.zip(parts).map(|(before, part)| {
            for frame in part.chunks_exact(bands * inputs) {
                before.resize(before.len() + edge, 0.0);
                before.extend_from_slice(frame);
                before.resize(before.len() + edge, 0.0);
            }
            let count = part.len() / (bands * inputs);
            let mut out = Vec::with_capacity(count * self.width());
            for at in 0..count {
                let values = &before[at * self.padded()..][..frames * self.padded()];
                let rows = Rows { values, count: bands, stride: inputs, pieces: frames, piece_stride: self.padded() };
                self.dense.apply_into(rows, &mut filtered);
                self.pooled(&filtered, &mut out);
            }
            before.drain(..count * self.padded());
            out
        });
        each.collect()
    }

    /// Values of an input frame with zeros beyond its lowest and its highest band.
    fn padded(&self) -> usize {
        (self.shape.bands + self.shape.kernel[1] / 2 * 2) * self.shape.inputs
    }

    /// Appends the largest of neighbouring bands.
    fn pooled(&self, bands: &[f32], out: &mut Vec<f32>) {
        let Shape { outputs, pool, .. } = self.shape;
        for group in bands.chunks_exact(pool * outputs) {
            let (first, others) = group.split_at(outputs);
            let start = out.len();
            out.extend_from_slice(first);
            for other in others.chunks_exact(outputs) {
                out[start..].iter_mut().zip(other).for_each(|(y, x)| *y = y.max(*x));
            }
        }
    }
}

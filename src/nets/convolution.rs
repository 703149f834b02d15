//! A convolution over time and mel bands that runs frame by frame, with what follows it: a ramp, and the largest of
//! neighbouring bands.

use candle_core::{Device, Module, Result, Tensor};
use candle_nn::VarBuilder;

use super::fsmn::with_rows;
use super::layers::{Activation::Relu, Dense};

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
        vec![0.0; (self.shape.kernel[0] - 1) * self.shape.bands * self.shape.inputs]
    }

    /// Each stream's frames `[bands][inputs]` to frames `[bands / pool][outputs]`; `before` holds the frames that went
    /// before them and takes the last of these.
    ///
    /// # Errors
    /// If the product fails.
    pub(super) fn forward<'a>(
        &self,
        before: impl Iterator<Item = &'a mut Vec<f32>>,
        parts: Vec<Vec<f32>>,
    ) -> Result<Vec<Vec<f32>>> {
        let Shape { bands, inputs, outputs, kernel: [frames, _], .. } = self.shape;
        let frame = bands * inputs;
        let mut patches = Vec::new();
        let mut counts = Vec::new();
        for (before, part) in before.zip(parts) {
            before.extend_from_slice(&part);
            let count = part.len() / frame;
            counts.push(count);
            for at in 0..count {
                self.patches(&before[at * frame..][..frames * frame], &mut patches);
            }
            before.drain(..count * frame);
        }
        let width = self.shape.kernel.iter().product::<usize>() * inputs;
        let filtered = with_rows(&patches, width, outputs, |x| {
            self.dense.forward(&Tensor::from_vec(x, ((), width), &Device::Cpu)?)
        })?;
        let mut rest = filtered.as_slice();
        Ok(counts
            .into_iter()
            .map(|count| {
                let (mine, others) = rest.split_at(count * bands * outputs);
                rest = others;
                self.pooled(mine)
            })
            .collect())
    }

    /// Appends, for each band, what the kernel sees in as many successive frames: `[frame][band][input]`.
    fn patches(&self, frames: &[f32], patches: &mut Vec<f32>) {
        let Shape { bands, inputs, kernel: [_, span], .. } = self.shape;
        let reach = span / 2;
        for band in 0..bands {
            let first = band.saturating_sub(reach);
            let last = (band + reach).min(bands - 1);
            let (below, above) = (reach - (band - first), reach - (last - band));
            for frame in frames.chunks_exact(bands * inputs) {
                patches.resize(patches.len() + below * inputs, 0.0);
                patches.extend_from_slice(&frame[first * inputs..(last + 1) * inputs]);
                patches.resize(patches.len() + above * inputs, 0.0);
            }
        }
    }

    fn pooled(&self, rows: &[f32]) -> Vec<f32> {
        let Shape { bands, outputs, pool, .. } = self.shape;
        let mut pooled = Vec::with_capacity(rows.len() / pool);
        for group in rows.chunks_exact(bands * outputs).flat_map(|frame| frame.chunks_exact(pool * outputs)) {
            let (first, others) = group.split_at(outputs);
            let start = pooled.len();
            pooled.extend_from_slice(first);
            for other in others.chunks_exact(outputs) {
                pooled[start..].iter_mut().zip(other).for_each(|(y, x)| *y = y.max(*x));
            }
        }
        pooled
    }
}

//! Convolution over time and bands as a matrix product, without gathering every patch: the frames that a kernel spans are laid
//! side by side once, and the patches of neighbouring bands are then overlapping rows of the same memory.
//! Nets that run and nets that learn share it.

use candle_core::Result;

use super::product::{Panels, Rows};

/// Values laid out at a time: 512 KiB, half of a usual second-level cache.
const TILE: usize = 128 * 1024;
/// Rows that are turned to columns at a time: a line of the cache.
const TURNED: usize = 16;
/// Rows that a product needs at least to be worth reading its weights.
const FEW: usize = 6;

/// Rows of zeros around a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Zeros {
    /// Before the first and behind the last frame.
    pub frames: [usize; 2],
    /// Below the lowest and above the highest band.
    pub bands: [usize; 2],
}

impl Zeros {
    /// As many as keep the size; an even kernel has its extra row behind and above.
    #[must_use]
    pub fn same([frames, bands]: [usize; 2]) -> Self {
        let both = |taps: usize| [(taps - 1) / 2, taps - 1 - (taps - 1) / 2];
        Self { frames: both(frames), bands: both(bands) }
    }

    /// As many as keep the size, where an output frame sees `ahead` frames after its own.
    #[must_use]
    pub fn looking_ahead(kernel: [usize; 2], ahead: usize) -> Self {
        Self { frames: [kernel[0] - 1 - ahead, ahead], ..Self::same(kernel) }
    }
}

/// A convolution's geometry: `y[t, f, o] = sum over i, j, c of w[o, i, j, c] x[t - before + i, f - below + j, c]`.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    /// Frames, bands and channels of a picture `[frames][bands][channels]`.
    pub input: [usize; 3],
    /// Frames and bands of the kernel.
    pub kernel: [usize; 2],
    /// What stands around the picture.
    pub zeros: Zeros,
}

/// The weight of a convolution, laid out for [`Filter::apply`].
pub struct Weight(Panels);

impl Weight {
    /// From `[outputs][frames][bands][channels]`.
    #[must_use]
    pub fn new(weight: &[f32], [frames, bands]: [usize; 2], channels: usize) -> Self {
        let width = frames * bands * channels;
        let mut turned = Vec::with_capacity(weight.len());
        for one in weight.chunks_exact(width.max(1)) {
            let taps = (0..bands).flat_map(|j| (0..frames).map(move |i| (i * bands + j) * channels));
            taps.for_each(|tap| turned.extend_from_slice(&one[tap..][..channels]));
        }
        Self(Panels::new(&turned, weight.len() / width.max(1)))
    }
}

/// The patches of some frames as rows of a matrix, which may overlap.
struct Patches {
    values: Vec<f32>,
    /// Values from the beginning of a row to that of the next.
    step: usize,
    /// Values of a row, in the order band, frame, channel.
    width: usize,
    /// Rows of a frame, of which the first, as many as the output has bands, are patches and the others are left out.
    per_frame: usize,
    /// Bands of the output.
    bands: usize,
}

impl Filter {
    /// Frames and bands of the output.
    ///
    /// # Errors
    /// If the kernel does not fit into the picture.
    pub fn output(&self) -> Result<[usize; 2]> {
        let along = |at: usize, zeros: [usize; 2]| {
            let size = self.input[at] + zeros[0] + zeros[1] + 1;
            match size.checked_sub(self.kernel[at]) {
                Some(size) if size > 0 => Ok(size),
                _ => candle_core::bail!("a kernel {:?} does not fit into a picture {:?}", self.kernel, self.input),
            }
        };
        Ok([along(0, self.zeros.frames)?, along(1, self.zeros.bands)?])
    }

    /// Values of a patch.
    pub fn width(&self) -> usize {
        self.kernel[0] * self.kernel[1] * self.input[2]
    }

    /// The picture `x` filtered by `weight`, with `outputs` channels: `[frames][bands][outputs]`, to `y`.
    ///
    /// # Errors
    /// If the kernel does not fit, or the weight is of another filter.
    pub fn apply(&self, x: &[f32], Weight(weight): &Weight, y: &mut [f32]) -> Result<()> {
        let [_, bands] = self.output()?;
        if weight.inputs() != self.width() {
            candle_core::bail!("a weight of {} values for patches of {}", weight.inputs(), self.width());
        }
        let per_frame = bands * weight.outputs();
        let tile = self.frames_per_tile();
        for (number, y) in y.chunks_mut(tile * per_frame).enumerate() {
            self.patches(x, number * tile, y.len() / per_frame, bands).times(weight, y);
        }
        Ok(())
    }

    /// Adds the gradient of the weight, from that of `y`, to `sum`, laid out as `[outputs][band][frame][channel]`.
    ///
    /// # Errors
    /// If the kernel does not fit.
    pub fn add_weight_gradient(&self, x: &[f32], dy: &[f32], outputs: usize, sum: &mut [f32]) -> Result<()> {
        let [_, bands] = self.output()?;
        // Every patch is laid out by itself here.
        let tile = (2 * TILE / (bands * self.width())).clamp(1, self.frames_per_tile());
        let mut part = vec![0.0_f32; sum.len()];
        for (number, dy) in dy.chunks(tile * bands * outputs).enumerate() {
            let count = dy.len() / outputs;
            let patches = self.patches(x, number * tile, count / bands, bands);
            let turned = turned(dy, outputs);
            let patches = Panels::of_inputs((0..count).map(|at| patches.patch(at)), patches.width);
            patches.product_into(Rows::side_by_side(&turned, count), &mut part);
            sum.iter_mut().zip(&part).for_each(|(sum, part)| *sum += part);
        }
        Ok(())
    }

    fn frames_per_tile(&self) -> usize {
        let [_, bands, channels] = self.input;
        let padded = bands + self.zeros.bands[0] + self.zeros.bands[1];
        (TILE / (padded * self.kernel[0] * channels)).max(1)
    }

    /// The patches of the output frames `first..first + count`.
    fn patches(&self, x: &[f32], first: usize, count: usize, bands: usize) -> Patches {
        let Self { input: [frames, inputs, channels], kernel: [kt, kf], zeros } = *self;
        let padded = inputs + zeros.bands[0] + zeros.bands[1];
        let (step, width) = (kt * channels, self.width());
        // Behind the last frame, what the last rows reach over.
        let mut beside = vec![0.0_f32; (count * padded + kf - 1) * step];
        for (at, beside) in beside.chunks_exact_mut(padded * step).take(count).enumerate() {
            for i in 0..kt {
                let Some(from) = (first + at + i).checked_sub(zeros.frames[0]).filter(|&from| from < frames) else {
                    continue;
                };
                let to = beside[zeros.bands[0] * step..].chunks_exact_mut(step);
                let x = &x[from * inputs * channels..][..inputs * channels];
                if channels == 1 {
                    // Without a call for each value.
                    to.zip(x).for_each(|(to, x)| to[i] = *x);
                } else {
                    to.zip(x.chunks_exact(channels))
                        .for_each(|(to, x)| to[i * channels..][..channels].copy_from_slice(x));
                }
            }
        }
        Patches { values: beside, step, width, per_frame: padded, bands }
    }
}

impl Patches {
    /// The `at`-th patch, frame by frame.
    fn patch(&self, at: usize) -> &[f32] {
        let row = at / self.bands * self.per_frame + at % self.bands;
        &self.values[row * self.step..][..self.width]
    }

    /// So many patches, `apart` rows from one to the next, from the row `first` on.
    fn rows(&self, first: usize, count: usize, apart: usize) -> Rows<'_> {
        let values = &self.values[first * self.step..];
        Rows { values, count, stride: apart * self.step, pieces: 1, piece_stride: self.width }
    }

    /// The product with each patch to `y`, `[frames][bands][outputs]`.
    fn times(&self, weight: &Panels, y: &mut [f32]) {
        let (bands, outputs) = (self.bands, weight.outputs());
        let frames = y.len() / (bands * outputs);
        if self.per_frame == bands {
            weight.product_into(self.rows(0, frames * bands, 1), y);
        } else if bands >= FEW {
            for (at, y) in y.chunks_exact_mut(bands * outputs).enumerate() {
                weight.product_into(self.rows(at * self.per_frame, bands, 1), y);
            }
        } else {
            // Too few in a frame for the weights that each product reads: one band of all frames at a time.
            let mut of_band = vec![0.0_f32; frames * outputs];
            for band in 0..bands {
                weight.product_into(self.rows(band, frames, self.per_frame), &mut of_band);
                let to = y.chunks_exact_mut(outputs).skip(band).step_by(bands);
                to.zip(of_band.chunks_exact(outputs)).for_each(|(to, from)| to.copy_from_slice(from));
            }
        }
    }
}

/// Rows of `width` values as columns.
fn turned(rows: &[f32], width: usize) -> Vec<f32> {
    let count = rows.len() / width.max(1);
    let mut turned = vec![0.0_f32; rows.len()];
    // Some rows at a time, so that neighbours are written together.
    for (number, some) in rows.chunks(TURNED * width).enumerate() {
        for column in 0..width {
            let to = &mut turned[column * count + number * TURNED..][..some.len() / width];
            to.iter_mut().zip(some[column..].iter().step_by(width)).for_each(|(to, from)| *to = *from);
        }
    }
    turned
}

//! Convolution over time and bands as one matrix product, without gathering every patch: the frames that a kernel spans
//! are laid side by side once, and the patches of neighbouring bands are then overlapping rows of the same memory.
//! Nets that run and nets that learn share it.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, Layout, Result};

/// Values laid out at a time: 512 KiB, half of a usual second-level cache.
const TILE: usize = 128 * 1024;

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

/// The patches of some frames as rows of a matrix, which may overlap.
struct Patches {
    values: CpuStorage,
    length: usize,
    /// Values from the beginning of a row to that of the next.
    step: usize,
    /// Values of a row, in the order band, frame, channel.
    width: usize,
    /// Frames.
    count: usize,
    /// Rows of a frame, of which the first, as many as the output has bands, are patches and the others are to be left out.
    per_frame: usize,
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

    /// The picture `x` filtered by a weight of [`laid_out`], with `outputs` channels: `[frames][bands][outputs]`, to `y`.
    ///
    /// # Errors
    /// If the kernel does not fit, or `y` has another size.
    pub fn apply(&self, x: &[f32], weight: &CpuStorage, outputs: usize, y: &mut [f32]) -> Result<()> {
        let [_, bands] = self.output()?;
        let tile = self.frames_per_tile();
        for (number, y) in y.chunks_mut(tile * bands * outputs).enumerate() {
            let patches = self.patches(x, number * tile, y.len() / (bands * outputs), bands);
            let product = patches.times(weight, outputs)?;
            let frames = product.chunks_exact(patches.per_frame * outputs);
            for (y, product) in y.chunks_exact_mut(bands * outputs).zip(frames) {
                y.copy_from_slice(&product[..bands * outputs]);
            }
        }
        Ok(())
    }

    /// Adds the gradient of the weight, from that of `y`, to `sum`, laid out as `[outputs][band][frame][channel]`.
    ///
    /// # Errors
    /// If the kernel does not fit.
    pub fn add_weight_gradient(&self, x: &[f32], dy: &[f32], outputs: usize, sum: &mut [f32]) -> Result<()> {
        let [_, bands] = self.output()?;
        let tile = self.frames_per_tile();
        for (number, dy) in dy.chunks(tile * bands * outputs).enumerate() {
            let patches = self.patches(x, number * tile, dy.len() / (bands * outputs), bands);
            let part = patches.transposed_times(dy, bands, outputs)?;
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
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
                for (to, x) in to.zip(x[from * inputs * channels..][..inputs * channels].chunks_exact(channels)) {
                    to[i * channels..][..channels].copy_from_slice(x);
                }
            }
        }
        if padded <= 2 * bands {
            let length = beside.len();
            return Patches { values: CpuStorage::F32(beside), length, step, width, count, per_frame: padded };
        }
        // A kernel nearly as tall as the picture: most of the rows would be no patches.
        let mut gathered = Vec::with_capacity(count * bands * width);
        for frame in beside.chunks_exact(padded * step).take(count) {
            (0..bands).for_each(|band| gathered.extend_from_slice(&frame[band * step..][..width]));
        }
        let length = gathered.len();
        Patches { values: CpuStorage::F32(gathered), length, step: width, width, count, per_frame: bands }
    }
}

impl Patches {
    fn rows(&self) -> usize {
        self.count * self.per_frame
    }

    fn layout(&self) -> Result<Layout> {
        // The product below reads by strides without looking at the length.
        if (self.rows().max(1) - 1) * self.step + self.width > self.length {
            candle_core::bail!("patches reach beyond their memory; please report this")
        }
        Ok(Layout::new((self.rows(), self.width).into(), vec![self.step, 1], 0))
    }

    /// `[rows][outputs]`.
    fn times(&self, weight: &CpuStorage, outputs: usize) -> Result<Vec<f32>> {
        let size = (1, self.rows(), outputs, self.width);
        let right = Layout::contiguous((self.width, outputs));
        floats(self.values.matmul(weight, size, &self.layout()?, &right)?)
    }

    /// `[outputs][width]`: `dy` `[count][bands][outputs]` turned, times the patches.
    fn transposed_times(&self, dy: &[f32], bands: usize, outputs: usize) -> Result<Vec<f32>> {
        let left = if bands == self.per_frame {
            dy.to_vec()
        } else {
            let mut left = vec![0.0_f32; self.rows() * outputs];
            let frames = left.chunks_exact_mut(self.per_frame * outputs);
            frames.zip(dy.chunks_exact(bands * outputs)).for_each(|(to, dy)| to[..dy.len()].copy_from_slice(dy));
            left
        };
        let size = (1, outputs, self.width, self.rows());
        let turned = Layout::new((outputs, self.rows()).into(), vec![1, outputs], 0);
        floats(CpuStorage::F32(left).matmul(&self.values, size, &turned, &self.layout()?)?)
    }
}

/// A weight `[outputs][frames][bands][channels]` as [`Filter::apply`] wants it: `[band][frame][channel][outputs]`.
pub fn laid_out(weight: &[f32], [frames, bands]: [usize; 2], channels: usize) -> CpuStorage {
    let width = frames * bands * channels;
    let outputs = weight.len() / width.max(1);
    let mut out = Vec::with_capacity(weight.len());
    for j in 0..bands {
        for i in 0..frames {
            for c in 0..channels {
                out.extend((0..outputs).map(|o| weight[o * width + (i * bands + j) * channels + c]));
            }
        }
    }
    CpuStorage::F32(out)
}

/// The values of a product.
fn floats(storage: CpuStorage) -> Result<Vec<f32>> {
    match storage {
        CpuStorage::F32(values) => Ok(values),
        _ => candle_core::bail!("a product of f32 is none; please report this"),
    }
}

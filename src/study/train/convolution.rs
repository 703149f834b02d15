//! Convolution over time and bands, channels last, as one operation with its gradients: patches in tiles that stay in
//! the cache, each multiplied at once, the sequences of a batch side by side. candle's own wants channels first and
//! gathers the patches of a whole batch before it multiplies.

use candle_core::{CpuStorage, CustomOp2, Device, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::flat::values;

/// Values of gathered patches per tile: 512 KiB, half of a usual second-level cache.
const TILE: usize = 128 * 1024;

/// `y[b, t, f, o] = sum over i, j, c of w[o, i, j, c] x[b, t + ahead - (kt - 1) + i, f - kf / 2 + j, c]`, zeros outside.
///
/// `x` is `[batch, time, bands, channels]`, `w` `[outputs, kt, kf, channels]` with `kf` odd and `ahead < kt`, `y`
/// `[batch, time, bands, outputs]`. With `ahead` 0 it is causal, with `kt / 2` centred.
#[derive(Clone, Copy)]
pub(super) struct Convolution {
    /// Frames after `t` that output `t` sees.
    pub(super) ahead: usize,
}

/// The gradient of the weight from `x` and the gradient of `y`.
struct WeightGradient {
    convolution: Convolution,
    kernel: [usize; 2],
}

/// Where the patches of one sequence lie.
#[derive(Clone, Copy)]
struct Patches {
    time: usize,
    bands: usize,
    channels: usize,
    kernel: [usize; 2],
    ahead: usize,
}

impl CustomOp2 for Convolution {
    fn name(&self) -> &'static str {
        "convolution"
    }

    fn cpu_fwd(&self, x: &CpuStorage, xl: &Layout, w: &CpuStorage, wl: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, w) = (values(x, xl, self.name())?, values(w, wl, self.name())?);
        let (batch, time, bands, channels) = xl.shape().dims4()?;
        let (outputs, kt, kf, weighted) = wl.shape().dims4()?;
        if weighted != channels || kf % 2 == 0 || self.ahead >= kt {
            candle_core::bail!("{} cannot apply a filter {:?} to {:?}", self.name(), wl.shape(), xl.shape())
        }
        let patches = Patches { time, bands, channels, kernel: [kt, kf], ahead: self.ahead };
        let weight = Tensor::from_slice(w, (outputs, patches.width()), &Device::Cpu)?.t()?;
        let mut y = vec![0.0_f32; batch * time * bands * outputs];
        y.par_chunks_mut(time * bands * outputs).zip(x.par_chunks(time * bands * channels)).try_for_each(
            |(y, x)| {
                let tile = patches.times_per_tile();
                for (number, y) in y.chunks_mut(tile * bands * outputs).enumerate() {
                    let rows = patches.gather(x, number * tile, y.len() / (bands * outputs))?;
                    rows.matmul(&weight)?.flatten_all()?.to_vec1::<f32>().map(|product| y.copy_from_slice(&product))?;
                }
                Ok::<_, candle_core::Error>(())
            },
        )?;
        Ok((CpuStorage::F32(y), (batch, time, bands, outputs).into()))
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, _y: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let dy = dy.contiguous()?;
        let (_, kt, kf, _) = w.dims4()?;
        // The gradient of the input is the convolution with the filter mirrored in time and bands.
        let dx = x.track_op().then(|| {
            let mirrored = mirrored(&mirrored(w, 1)?, 2)?.transpose(0, 3)?.contiguous()?;
            dy.apply_op2_no_bwd(&mirrored, &Self { ahead: kt - 1 - self.ahead })
        });
        let dw = x.apply_op2_no_bwd(&dy, &WeightGradient { convolution: *self, kernel: [kt, kf] })?;
        Ok((dx.transpose()?, Some(dw)))
    }
}

impl CustomOp2 for WeightGradient {
    fn name(&self) -> &'static str {
        "convolution-weight-gradient"
    }

    fn cpu_fwd(&self, x: &CpuStorage, xl: &Layout, dy: &CpuStorage, dyl: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, dy) = (values(x, xl, self.name())?, values(dy, dyl, self.name())?);
        let (_, time, bands, channels) = xl.shape().dims4()?;
        let outputs = dyl.shape().dims4()?.3;
        let patches = Patches { time, bands, channels, kernel: self.kernel, ahead: self.convolution.ahead };
        let width = patches.width();
        let each: Vec<Vec<f32>> = dy
            .par_chunks(time * bands * outputs)
            .zip(x.par_chunks(time * bands * channels))
            .map(|(dy, x)| {
                let tile = patches.times_per_tile();
                let mut sum = vec![0.0_f32; outputs * width];
                for (number, dy) in dy.chunks(tile * bands * outputs).enumerate() {
                    let rows = patches.gather(x, number * tile, dy.len() / (bands * outputs))?;
                    let dy = Tensor::from_slice(dy, (dy.len() / outputs, outputs), &Device::Cpu)?;
                    let part: Vec<f32> = dy.t()?.matmul(&rows)?.flatten_all()?.to_vec1()?;
                    sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
                }
                Ok(sum)
            })
            .collect::<Result<_>>()?;
        // Added up in the order of the batch, so that a run repeats to the bit.
        let mut sum = vec![0.0_f32; outputs * width];
        for part in &each {
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        let [kt, kf] = self.kernel;
        Ok((CpuStorage::F32(sum), (outputs, kt, kf, channels).into()))
    }
}

impl Patches {
    /// Values of one patch.
    fn width(&self) -> usize {
        self.kernel[0] * self.kernel[1] * self.channels
    }

    fn times_per_tile(&self) -> usize {
        (TILE / (self.bands * self.width())).max(1)
    }

    /// The patches `[times * bands, width]` around the frames `first..first + times` of one sequence.
    fn gather(&self, x: &[f32], first: usize, times: usize) -> Result<Tensor> {
        let Self { time, bands, channels, kernel: [kt, kf], ahead } = *self;
        let (half, row) = (kf / 2, kf * channels);
        let mut patches = vec![0.0_f32; times * bands * self.width()];
        for (at, patches) in patches.chunks_exact_mut(bands * self.width()).enumerate() {
            for i in 0..kt {
                let Some(from) = (first + at + ahead + i).checked_sub(kt - 1).filter(|&from| from < time) else {
                    continue;
                };
                let frame = &x[from * bands * channels..][..bands * channels];
                for (band, patch) in patches.chunks_exact_mut(self.width()).enumerate() {
                    let patch = &mut patch[i * row..][..row];
                    let (low, high) = (band.saturating_sub(half), (band + half + 1).min(bands));
                    let skipped = (low + half - band) * channels;
                    let values = &frame[low * channels..high * channels];
                    patch[skipped..skipped + values.len()].copy_from_slice(values);
                }
            }
        }
        Tensor::from_vec(patches, (times * bands, self.width()), &Device::Cpu)
    }
}

/// `w` with the order along `dim` reversed.
fn mirrored(w: &Tensor, dim: usize) -> Result<Tensor> {
    let length = w.dim(dim)?;
    let back: Vec<Tensor> = (0..length).rev().map(|at| w.narrow(dim, at, 1)).collect::<Result<_>>()?;
    Tensor::cat(&back, dim)
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::*;

    /// The same by candle's own operations.
    fn reference(x: &Tensor, w: &Tensor, ahead: usize) -> Result<Tensor> {
        let (_, kt, kf, _) = w.dims4()?;
        let x = x.pad_with_zeros(1, kt - 1 - ahead, ahead)?.pad_with_zeros(2, kf / 2, kf / 2)?;
        let channels_first = |x: &Tensor| x.permute((0, 3, 1, 2))?.contiguous();
        channels_first(&x)?.conv2d(&channels_first(w)?, 0, 1, 1, 1)?.permute((0, 2, 3, 1))
    }

    #[test]
    fn values_and_gradients_equal_candles_own() -> Result<()> {
        let worst = |a: &Tensor, b: &Tensor| (a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>();
        // The last is long enough for several tiles.
        for (time, kernel, ahead) in [(9, [3, 3], 1), (9, [3, 3], 0), (5, [4, 5], 2), (3, [1, 1], 0), (700, [3, 3], 1)]
        {
            let x = Var::randn(0.0_f32, 1.0, (2, time, 7, 6), &Device::Cpu)?;
            let w = Var::randn(0.0_f32, 1.0, (5, kernel[0], kernel[1], 6), &Device::Cpu)?;
            let slope = Tensor::randn(0.0_f32, 1.0, (2, time, 7, 5), &Device::Cpu)?;
            let ours = x.apply_op2(&w, Convolution { ahead })?;
            let theirs = reference(&x, &w, ahead)?;
            assert!(worst(&ours, &theirs)? < 1e-4, "{kernel:?}");
            let ours = (ours * &slope)?.sum_all()?.backward()?;
            let theirs = (theirs * &slope)?.sum_all()?.backward()?;
            for var in [&x, &w] {
                let (Some(ours), Some(theirs)) = (ours.get(var), theirs.get(var)) else { panic!("no gradient") };
                let scale = theirs.abs()?.max_all()?.to_scalar::<f32>()?;
                assert!(worst(ours, theirs)? < 1e-5 * scale, "{kernel:?}: {}", worst(ours, theirs)?);
            }
        }
        Ok(())
    }
}

//! Convolution over time and bands, channels last, as one operation with its gradients: the products of
//! [`crate::nets::filter`], the sequences of a batch side by side. candle's own wants channels first and gathers the patches
//! of a whole batch before it multiplies.

use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::flat::values;
use crate::nets::filter::{Filter, Weight, Zeros};

/// `y[b, t, f, o] = bias[o] + sum over i, j, c of w[o, i, j, c] x[b, t - before + i, f - below + j, c]`, zeros outside.
///
/// `x` is `[batch, time, bands, channels]`, `w` `[outputs, kt, kf, channels]`, `y` `[batch, time', bands', outputs]`. As an
/// operation of two it has no bias, as one of three its bias `[outputs]` is the last.
#[derive(Debug, Clone, Copy)]
pub struct Convolution {
    /// What stands around the picture; fewer rows on each side than the kernel has.
    pub zeros: Zeros,
}

/// Sequences of a batch whose gradients of the weight are added up by one thread: fewer sums of the weight's size to keep.
/// Fixed, so that a run repeats to the bit on any number of cores.
const GROUP: usize = 4;

/// The gradient of the weight from `x` and the gradient of `y`.
struct WeightGradient {
    zeros: Zeros,
    kernel: [usize; 2],
}

/// The sum of each channel over all else.
struct Sums;

impl Convolution {
    fn forward(
        self,
        (x, xl): (&CpuStorage, &Layout),
        (w, wl): (&CpuStorage, &Layout),
        bias: Option<&[f32]>,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, w) = (values(x, xl, "convolution")?, values(w, wl, "convolution")?);
        let (batch, time, bands, channels) = xl.shape().dims4()?;
        let (outputs, kt, kf, weighted) = wl.shape().dims4()?;
        if weighted != channels {
            candle_core::bail!("convolution cannot apply a filter {:?} to {:?}", wl.shape(), xl.shape())
        }
        let filter = Filter { input: [time, bands, channels], kernel: [kt, kf], zeros: self.zeros };
        let [frames, rows] = filter.output()?;
        let weight = Weight::new(w, [kt, kf], channels);
        let mut y = vec![0.0_f32; batch * frames * rows * outputs];
        y.par_chunks_mut(frames * rows * outputs).zip(x.par_chunks(time * bands * channels)).try_for_each(
            |(y, x)| {
                filter.apply(x, &weight, y)?;
                if let Some(bias) = bias {
                    y.chunks_exact_mut(outputs).for_each(|y| y.iter_mut().zip(bias).for_each(|(y, bias)| *y += bias));
                }
                Ok::<_, candle_core::Error>(())
            },
        )?;
        Ok((CpuStorage::F32(y), (batch, frames, rows, outputs).into()))
    }

    fn gradients(self, x: &Tensor, w: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Tensor)> {
        let (_, kt, kf, _) = w.dims4()?;
        // The gradient of the input is the convolution with the filter mirrored in time and bands.
        let dx = x.track_op().then(|| {
            let mirrored = mirrored(&mirrored(w, 1)?, 2)?.transpose(0, 3)?.contiguous()?;
            let others = |[before, after]: [usize; 2], taps: usize| [taps - 1 - before, taps - 1 - after];
            let zeros = Zeros { frames: others(self.zeros.frames, kt), bands: others(self.zeros.bands, kf) };
            dy.apply_op2_no_bwd(&mirrored, &Self { zeros })
        });
        let dw = x.apply_op2_no_bwd(dy, &WeightGradient { zeros: self.zeros, kernel: [kt, kf] })?;
        Ok((dx.transpose()?, dw))
    }
}

/// [`Convolution`] of `x` with the filter `w` and its `bias`, on the device that they are on.
///
/// # Errors
/// Other shapes.
pub(super) fn convolved(x: &Tensor, w: &Tensor, bias: &Tensor, zeros: Zeros) -> Result<Tensor> {
    if x.device().is_cpu() {
        x.apply_op3(w, bias, Convolution { zeros })
    } else {
        by_candle(x, w, zeros)?.broadcast_add(bias)
    }
}

/// The same without the bias by candle's own operations, on any device.
fn by_candle(x: &Tensor, w: &Tensor, zeros: Zeros) -> Result<Tensor> {
    let x = x.pad_with_zeros(1, zeros.frames[0], zeros.frames[1])?;
    let x = x.pad_with_zeros(2, zeros.bands[0], zeros.bands[1])?;
    let channels_first = |x: &Tensor| x.permute((0, 3, 1, 2))?.contiguous();
    channels_first(&x)?.conv2d(&channels_first(w)?, 0, 1, 1, 1)?.permute((0, 2, 3, 1))
}

impl CustomOp2 for Convolution {
    fn name(&self) -> &'static str {
        "convolution"
    }

    fn cpu_fwd(&self, x: &CpuStorage, xl: &Layout, w: &CpuStorage, wl: &Layout) -> Result<(CpuStorage, Shape)> {
        self.forward((x, xl), (w, wl), None)
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, _y: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (dx, dw) = self.gradients(x, w, &dy.contiguous()?)?;
        Ok((dx, Some(dw)))
    }
}

impl CustomOp3 for Convolution {
    fn name(&self) -> &'static str {
        "convolution-with-bias"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        w: &CpuStorage,
        wl: &Layout,
        bias: &CpuStorage,
        bl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.forward((x, xl), (w, wl), Some(values(bias, bl, "convolution")?))
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        _bias: &Tensor,
        _y: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let dy = dy.contiguous()?;
        let (dx, dw) = self.gradients(x, w, &dy)?;
        Ok((dx, Some(dw), Some(dy.apply_op1_no_bwd(&Sums)?)))
    }
}

impl candle_core::CustomOp1 for Sums {
    fn name(&self) -> &'static str {
        "convolution-bias-gradient"
    }

    fn cpu_fwd(&self, dy: &CpuStorage, dyl: &Layout) -> Result<(CpuStorage, Shape)> {
        let dy = values(dy, dyl, self.name())?;
        let outputs = dyl.shape().dims4()?.3;
        let mut sum = vec![0.0_f64; outputs];
        for row in dy.chunks_exact(outputs) {
            sum.iter_mut().zip(row).for_each(|(sum, dy)| *sum += f64::from(*dy));
        }
        Ok((CpuStorage::F32(sum.into_iter().map(|sum| sum as f32).collect()), outputs.into()))
    }
}

impl CustomOp2 for WeightGradient {
    fn name(&self) -> &'static str {
        "convolution-weight-gradient"
    }

    fn cpu_fwd(&self, x: &CpuStorage, xl: &Layout, dy: &CpuStorage, dyl: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, dy) = (values(x, xl, self.name())?, values(dy, dyl, self.name())?);
        let (_, time, bands, channels) = xl.shape().dims4()?;
        let (_, frames, rows, outputs) = dyl.shape().dims4()?;
        let filter = Filter { input: [time, bands, channels], kernel: self.kernel, zeros: self.zeros };
        let (answered, heard) = (frames * rows * outputs, time * bands * channels);
        let of_group = |(dy, x): (&[f32], &[f32])| {
            let mut sum = vec![0.0_f32; outputs * filter.width()];
            for (dy, x) in dy.chunks_exact(answered).zip(x.chunks_exact(heard)) {
                filter.add_weight_gradient(x, dy, outputs, &mut sum)?;
            }
            Ok::<_, candle_core::Error>(sum)
        };
        let each: Vec<Vec<f32>> =
            dy.par_chunks(GROUP * answered).zip(x.par_chunks(GROUP * heard)).map(of_group).collect::<Result<_>>()?;
        // Added up in the order of the batch, so that a run repeats to the bit.
        let mut sum = vec![0.0_f32; outputs * filter.width()];
        for part in &each {
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        let [kt, kf] = self.kernel;
        // From the order of the patches, band by band, to that of the weight, frame by frame.
        let mut dw = Vec::with_capacity(sum.len());
        for one in sum.chunks_exact(filter.width()) {
            let taps = (0..kt).flat_map(|i| (0..kf).map(move |j| (j * kt + i) * channels));
            taps.for_each(|tap| dw.extend_from_slice(&one[tap..][..channels]));
        }
        Ok((CpuStorage::F32(dw), (outputs, kt, kf, channels).into()))
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
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn values_and_gradients_equal_candles_own() -> Result<()> {
        let worst = |a: &Tensor, b: &Tensor| (a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>();
        let valid = Zeros::default();
        let cases = [
            (9, [3, 3], Zeros::same([3, 3])),
            (9, [3, 3], Zeros::looking_ahead([3, 3], 0)),
            (5, [4, 5], Zeros::looking_ahead([4, 5], 2)),
            (6, [4, 4], Zeros::same([4, 4])),
            (6, [2, 3], valid),
            // Nearly as tall as the picture.
            (6, [3, 6], Zeros { bands: [0, 0], ..Zeros::same([3, 6]) }),
            (3, [1, 1], valid),
            // Long enough for several tiles.
            (1500, [3, 3], Zeros::same([3, 3])),
        ];
        for (time, kernel, zeros) in cases {
            let x = Var::randn(0.0_f32, 1.0, (2, time, 7, 6), &Device::Cpu)?;
            let w = Var::randn(0.0_f32, 1.0, (5, kernel[0], kernel[1], 6), &Device::Cpu)?;
            let bias = Var::randn(0.0_f32, 1.0, 5, &Device::Cpu)?;
            let theirs = by_candle(&x, &w, zeros)?.broadcast_add(&bias)?.contiguous()?;
            let slope = Tensor::randn(0.0_f32, 1.0, theirs.shape(), &Device::Cpu)?;
            let ours = x.apply_op3(&w, &bias, Convolution { zeros })?;
            assert!(worst(&ours, &theirs)? < 1e-4, "{kernel:?}");
            let plain = x.apply_op2(&w, Convolution { zeros })?.broadcast_add(&bias)?;
            assert!(worst(&plain, &theirs)? < 1e-4, "{kernel:?}");
            let ours = (ours * &slope)?.sum_all()?.backward()?;
            let theirs = (theirs * &slope)?.sum_all()?.backward()?;
            for var in [&x, &w, &bias] {
                let (Some(ours), Some(theirs)) = (ours.get(var), theirs.get(var)) else { panic!("no gradient") };
                let scale = theirs.abs()?.max_all()?.to_scalar::<f32>()?;
                assert!(worst(ours, theirs)? < 1e-5 * scale, "{kernel:?}: {}", worst(ours, theirs)?);
            }
        }
        Ok(())
    }

    #[test]
    fn a_kernel_larger_than_the_picture_is_refused() -> Result<()> {
        let x = Tensor::zeros((1, 2, 2, 1), candle_core::DType::F32, &Device::Cpu)?;
        let w = Tensor::zeros((1, 3, 3, 1), candle_core::DType::F32, &Device::Cpu)?;
        assert!(x.apply_op2(&w, Convolution { zeros: Zeros::default() }).is_err());
        Ok(())
    }
}

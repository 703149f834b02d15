//! Batch normalisation (arXiv 1502.03167) as one operation with its gradients.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::flat::values;

/// Rows summed by one task; fixed, so that the order of summation does not depend on the machine.
const ROWS: usize = 4096;

/// Mean and variance of each channel over the rows of a batch.
#[derive(Clone)]
pub(super) struct BatchStatistics {
    pub(super) mean: Vec<f32>,
    pub(super) variance: Vec<f32>,
}

/// `y = (x - mean) / sqrt(variance + eps) gamma + beta` for rows `x` `[rows, channels]`, `gamma` and `beta`
/// `[channels]`, where mean and variance are those of `x` itself; the gradient goes through them, too.
pub(super) struct BatchNorm {
    statistics: BatchStatistics,
    eps: f32,
}

/// The gradient of `x` from `x`, `gamma` and the gradient of `y`.
struct Gradient<'a>(&'a BatchNorm);

impl BatchStatistics {
    /// Of rows `[rows, channels]`.
    ///
    /// # Errors
    /// If they are no contiguous rows.
    pub(super) fn of(x: &Tensor) -> Result<Self> {
        let channels = x.dim(1)?;
        let x: Vec<f32> = x.flatten_all()?.to_vec1()?;
        let rows = (x.len() / channels) as f64;
        let none = vec![0.0; channels];
        let sums = pair_sums([&x, &x], [&none, &none], |x, _, _, _| x);
        let mean: Vec<f32> = sums.into_iter().map(|sum| (sum / rows) as f32).collect();
        let squares = pair_sums([&x, &x], [&mean, &none], |x, _, mean, _| (x - mean) * (x - mean));
        Ok(Self { variance: squares.into_iter().map(|sum| (sum / rows) as f32).collect(), mean })
    }
}

impl BatchNorm {
    pub(super) fn new(statistics: BatchStatistics, eps: f64) -> Self {
        Self { statistics, eps: eps as f32 }
    }

    /// `1 / sqrt(variance + eps)` of each channel.
    fn inverse_deviation(&self) -> Vec<f32> {
        self.statistics.variance.iter().map(|variance| 1.0 / (variance + self.eps).sqrt()).collect()
    }
}

impl CustomOp3 for BatchNorm {
    fn name(&self) -> &'static str {
        "batch-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        gamma: &CpuStorage,
        gl: &Layout,
        beta: &CpuStorage,
        bl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let [x, gamma, beta] =
            [values(x, xl, self.name())?, values(gamma, gl, self.name())?, values(beta, bl, self.name())?];
        let channels = gamma.len();
        let scale: Vec<f32> = gamma.iter().zip(self.inverse_deviation()).map(|(gamma, scale)| gamma * scale).collect();
        let means = self.statistics.mean.iter();
        let shift: Vec<f32> =
            beta.iter().zip(&scale).zip(means).map(|((beta, scale), mean)| beta - mean * scale).collect();
        let mut y = x.to_vec();
        y.par_chunks_mut(ROWS * channels).for_each(|rows| {
            for row in rows.chunks_exact_mut(channels) {
                row.iter_mut().zip(&scale).zip(&shift).for_each(|((y, scale), shift)| *y = *y * scale + shift);
            }
        });
        Ok((CpuStorage::F32(y), xl.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        gamma: &Tensor,
        _beta: &Tensor,
        _y: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        // One row each: the gradients of gamma and beta; below them, that of x.
        let channels = gamma.dim(0)?;
        let all = x.apply_op3_no_bwd(gamma, &dy.contiguous()?, &Gradient(self))?;
        let rows = x.dim(0)?;
        let row = |at: usize| all.narrow(0, at, 1)?.reshape(channels);
        Ok((Some(all.narrow(0, 2, rows)?), Some(row(0)?), Some(row(1)?)))
    }
}

impl CustomOp3 for Gradient<'_> {
    fn name(&self) -> &'static str {
        "batch-norm-gradient"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        gamma: &CpuStorage,
        gl: &Layout,
        dy: &CpuStorage,
        dyl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let [x, gamma, dy] =
            [values(x, xl, self.name())?, values(gamma, gl, self.name())?, values(dy, dyl, self.name())?];
        let channels = gamma.len();
        let rows = x.len() / channels;
        let mean = &self.0.statistics.mean;
        let inverse = self.0.inverse_deviation();
        let beta = pair_sums([x, dy], [mean, &inverse], |_, dy, _, _| dy);
        let with_x = pair_sums([x, dy], [mean, &inverse], |x, dy, mean, inverse| dy * (x - mean) * inverse);
        let mut all = vec![0.0_f32; (rows + 2) * channels];
        let (sums, dx) = all.split_at_mut(2 * channels);
        sums.iter_mut().zip(with_x.iter().chain(&beta)).for_each(|(to, from)| *to = *from as f32);
        let part = |sums: &[f64]| sums.iter().map(|sum| (sum / rows as f64) as f32).collect::<Vec<_>>();
        let (mean_dy, mean_dy_x) = (part(&beta), part(&with_x));
        // dx = factor (dy - mean_dy - (x - mean) inverse mean_dy_x), with what does not depend on the row taken together.
        let factor: Vec<f32> = gamma.iter().zip(&inverse).map(|(gamma, inverse)| gamma * inverse).collect();
        let slope: Vec<f32> = inverse.iter().zip(&mean_dy_x).map(|(inverse, mean)| inverse * mean).collect();
        let offset: Vec<f32> =
            mean_dy.iter().zip(&slope).zip(mean).map(|((mean_dy, slope), mean)| mean_dy - slope * mean).collect();
        let size = ROWS * channels;
        dx.par_chunks_mut(size).zip(x.par_chunks(size)).zip(dy.par_chunks(size)).for_each(|((dx, x), dy)| {
            let rows = dx.chunks_exact_mut(channels).zip(x.chunks_exact(channels)).zip(dy.chunks_exact(channels));
            for ((dx, x), dy) in rows {
                let each = dx.iter_mut().zip(x).zip(dy).zip(&factor).zip(&slope).zip(&offset);
                for (((((dx, x), dy), factor), slope), offset) in each {
                    *dx = factor * (dy - offset - slope * x);
                }
            }
        });
        Ok((CpuStorage::F32(all), (rows + 2, channels).into()))
    }
}

/// For each channel, the sum of `f(value of a, value of b, c, d)` over all rows, where `c` and `d` belong to the channel.
fn pair_sums([a, b]: [&[f32]; 2], [c, d]: [&[f32]; 2], f: impl Fn(f32, f32, f32, f32) -> f32 + Sync) -> Vec<f64> {
    let channels = c.len();
    let parts: Vec<Vec<f64>> = a
        .par_chunks(ROWS * channels)
        .zip(b.par_chunks(ROWS * channels))
        .map(|(a, b)| {
            let mut sum = vec![0.0_f64; channels];
            for (a, b) in a.chunks_exact(channels).zip(b.chunks_exact(channels)) {
                let each = sum.iter_mut().zip(a).zip(b).zip(c).zip(d);
                each.for_each(|((((sum, a), b), c), d)| *sum += f64::from(f(*a, *b, *c, *d)));
            }
            sum
        })
        .collect();
    // Added up in the order of the rows, so that a run repeats to the bit.
    (0..channels).map(|channel| parts.iter().map(|part| part[channel]).sum()).collect()
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn values_and_gradients_equal_candles_own() -> Result<()> {
        let x = Var::randn(3.0_f32, 2.0, (5000, 3), &Device::Cpu)?;
        let gamma = Var::randn(1.0_f32, 0.5, 3, &Device::Cpu)?;
        let beta = Var::randn(0.0_f32, 0.5, 3, &Device::Cpu)?;
        let slope = Tensor::randn(0.0_f32, 1.0, (5000, 3), &Device::Cpu)?;
        let ours = x.apply_op3(&gamma, &beta, BatchNorm::new(BatchStatistics::of(&x)?, 1e-3))?;
        let centred = x.broadcast_sub(&x.mean_keepdim(0)?)?;
        let deviation = (centred.sqr()?.mean_keepdim(0)? + 1e-3)?.sqrt()?;
        let theirs = centred.broadcast_div(&deviation)?.broadcast_mul(&gamma)?.broadcast_add(&beta)?;
        let worst = |a: &Tensor, b: &Tensor| (a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>();
        assert!(worst(&ours, &theirs)? < 1e-4);
        let ours = (ours * &slope)?.sum_all()?.backward()?;
        let theirs = (theirs * &slope)?.sum_all()?.backward()?;
        for var in [&x, &gamma, &beta] {
            let (Some(ours), Some(theirs)) = (ours.get(var), theirs.get(var)) else { panic!("no gradient") };
            let scale = theirs.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
            assert!(worst(ours, theirs)? < 1e-3 * scale, "{}", worst(ours, theirs)?);
        }
        Ok(())
    }
}

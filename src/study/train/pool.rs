//! The largest of neighbouring bands, with ReLU, as one operation with its gradient.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::flat::values;

/// `y[b, t, g, c] = max(0, max of x[b, t, g by + i, c] for i < by)`; bands that fill no group are left out.
#[derive(Clone, Copy)]
pub(super) struct PoolBands {
    /// Bands in a group.
    pub(super) by: usize,
}

/// The gradient of `x` from `x` and the gradient of `y`: all of it to the first of the largest.
struct Gradient(PoolBands);

impl CustomOp1 for PoolBands {
    fn name(&self) -> &'static str {
        "pool-bands"
    }

    fn cpu_fwd(&self, x: &CpuStorage, xl: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(x, xl, self.name())?;
        let (batch, time, bands, channels) = xl.shape().dims4()?;
        let groups = self.groups(bands)?;
        let mut y = vec![0.0_f32; batch * time * groups * channels];
        y.par_chunks_mut(time * groups * channels).zip(x.par_chunks(time * bands * channels)).for_each(|(y, x)| {
            for (y, x) in y.chunks_exact_mut(groups * channels).zip(x.chunks_exact(bands * channels)) {
                for (y, x) in y.chunks_exact_mut(channels).zip(x.chunks_exact(self.by * channels)) {
                    for x in x.chunks_exact(channels) {
                        y.iter_mut().zip(x).for_each(|(y, &x)| *y = if x > *y { x } else { *y });
                    }
                }
            }
        });
        Ok((CpuStorage::F32(y), (batch, time, groups, channels).into()))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        x.apply_op2_no_bwd(&dy.contiguous()?, &Gradient(*self)).map(Some)
    }
}

impl PoolBands {
    fn groups(self, bands: usize) -> Result<usize> {
        if !(1..=bands).contains(&self.by) {
            candle_core::bail!("{} cannot take {} of {bands} bands together", self.name(), self.by)
        }
        Ok(bands / self.by)
    }
}

impl CustomOp2 for Gradient {
    fn name(&self) -> &'static str {
        "pool-bands-gradient"
    }

    fn cpu_fwd(&self, x: &CpuStorage, xl: &Layout, dy: &CpuStorage, dyl: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, dy) = (values(x, xl, self.name())?, values(dy, dyl, self.name())?);
        let (_, time, bands, channels) = xl.shape().dims4()?;
        let (by, groups) = (self.0.by, self.0.groups(bands)?);
        let mut dx = vec![0.0_f32; x.len()];
        dx.par_chunks_mut(time * bands * channels)
            .zip(x.par_chunks(time * bands * channels))
            .zip(dy.par_chunks(time * groups * channels))
            .for_each(|((dx, x), dy)| {
                let frames = dx.chunks_exact_mut(bands * channels).zip(x.chunks_exact(bands * channels));
                for ((dx, x), dy) in frames.zip(dy.chunks_exact(groups * channels)) {
                    let group = by * channels;
                    let groups = dx.chunks_exact_mut(group).zip(x.chunks_exact(group));
                    for ((dx, x), dy) in groups.zip(dy.chunks_exact(channels)) {
                        to_the_largest(dx, x, dy);
                    }
                }
            });
        Ok((CpuStorage::F32(dx), xl.shape().clone()))
    }
}

/// `dx` and `x` are one group `[by][channels]`.
fn to_the_largest(dx: &mut [f32], x: &[f32], dy: &[f32]) {
    let channels = dy.len();
    for (channel, &dy) in dy.iter().enumerate() {
        let (mut largest, mut at) = (0.0, None);
        for from in (channel..x.len()).step_by(channels) {
            if x[from] > largest {
                (largest, at) = (x[from], Some(from));
            }
        }
        if let Some(at) = at {
            dx[at] = dy;
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn values_and_gradients_equal_candles_own() -> Result<()> {
        // Eleven bands by three: two are left out.
        let x = Var::randn(0.0_f32, 1.0, (2, 5, 11, 4), &Device::Cpu)?;
        let slope = Tensor::randn(0.0_f32, 1.0, (2, 5, 3, 4), &Device::Cpu)?;
        let ours = x.apply_op1(PoolBands { by: 3 })?;
        let theirs = x.narrow(2, 0, 9)?.reshape((2, 5, 3, 3, 4))?.max(3)?.relu()?;
        let same = |a: &Tensor, b: &Tensor| {
            Ok::<_, candle_core::Error>(a.flatten_all()?.to_vec1::<f32>()? == b.flatten_all()?.to_vec1::<f32>()?)
        };
        assert!(same(&ours, &theirs)?);
        let ours = (ours * &slope)?.sum_all()?.backward()?;
        let theirs = (theirs * &slope)?.sum_all()?.backward()?;
        let (Some(ours), Some(theirs)) = (ours.get(&x), theirs.get(&x)) else { panic!("no gradient") };
        assert!(same(ours, theirs)?);
        Ok(())
    }

    #[test]
    fn of_equal_values_the_first_learns() -> Result<()> {
        let x = Var::new(&[1.0_f32, 2.0, 2.0, -1.0, -1.0, -2.0], &Device::Cpu)?;
        let pooled = x.reshape((1, 1, 6, 1))?.apply_op1(PoolBands { by: 3 })?;
        assert_eq!(pooled.flatten_all()?.to_vec1::<f32>()?, [2.0, 0.0]);
        let gradients = pooled.sum_all()?.backward()?;
        assert_eq!(
            gradients.get(&x).map(Tensor::to_vec1::<f32>).transpose()?,
            Some(vec![0.0, 1.0, 0.0, 0.0, 0.0, 0.0])
        );
        Ok(())
    }
}

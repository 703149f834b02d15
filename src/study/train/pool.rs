//! The largest of neighbouring values with the non-linearity behind it, as one operation with its gradient. The
//! non-linearities rise, so that either may come first; behind, there is less to do.

use candle_core::{CpuStorage, CustomOp1, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::flat::values;
use crate::nets::stack::Curve;

/// `y[b, g, h, c] = curve(max of x[b, g frames + i, h bands + j, c])`; what fills no group is left out.
#[derive(Clone, Copy)]
pub(super) struct Pool {
    /// Frames in a group.
    pub(super) frames: usize,
    /// Bands in a group.
    pub(super) bands: usize,
    /// What is done to the largest.
    pub(super) curve: Curve,
}

/// The gradient of `x` from `x`, `y` and the gradient of `y`: all of it to the first of the largest.
struct Gradient(Pool);

/// [`Pool`] of `x`, on the device that it is on.
///
/// # Errors
/// Other shapes.
pub(super) fn pooled(x: &Tensor, pool: Pool) -> Result<Tensor> {
    if x.device().is_cpu() { x.apply_op1(pool) } else { by_candle(x, pool) }
}

/// The same by candle's own operations, on any device.
fn by_candle(x: &Tensor, pool: Pool) -> Result<Tensor> {
    let (batch, time, bands, channels) = x.dims4()?;
    let [groups, rows] = pool.groups(time, bands)?;
    let x = x.narrow(1, 0, groups * pool.frames)?.narrow(2, 0, rows * pool.bands)?.contiguous()?;
    let x = x.reshape((batch, groups, pool.frames, rows * pool.bands * channels))?.max(2)?;
    let x = x.reshape((batch, groups, rows, pool.bands, channels))?.max(3)?;
    match pool.curve {
        Curve::Line => Ok(x),
        Curve::Relu => x.relu(),
        Curve::Elu => x.elu(1.0),
    }
}

impl CustomOp1 for Pool {
    fn name(&self) -> &'static str {
        "pool"
    }

    fn cpu_fwd(&self, x: &CpuStorage, xl: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(x, xl, self.name())?;
        let (batch, time, bands, channels) = xl.shape().dims4()?;
        let [frames, groups] = self.groups(time, bands)?;
        let mut y = vec![f32::NEG_INFINITY; batch * frames * groups * channels];
        y.par_chunks_mut(frames * groups * channels).zip(x.par_chunks(time * bands * channels)).for_each(|(y, x)| {
            for (y, x) in y.chunks_exact_mut(groups * channels).zip(x.chunks_exact(self.frames * bands * channels)) {
                for x in x.chunks_exact(bands * channels) {
                    for (y, x) in y.chunks_exact_mut(channels).zip(x.chunks_exact(self.bands * channels)) {
                        for x in x.chunks_exact(channels) {
                            y.iter_mut().zip(x).for_each(|(y, &x)| *y = if x > *y { x } else { *y });
                        }
                    }
                }
            }
            self.curve.apply(y);
        });
        Ok((CpuStorage::F32(y), (batch, frames, groups, channels).into()))
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        x.apply_op3_no_bwd(y, &dy.contiguous()?, &Gradient(*self)).map(Some)
    }
}

impl Pool {
    fn groups(self, time: usize, bands: usize) -> Result<[usize; 2]> {
        if !(1..=bands).contains(&self.bands) || !(1..=time).contains(&self.frames) {
            candle_core::bail!("pool cannot take {} of {time} frames and {} of {bands} bands", self.frames, self.bands)
        }
        Ok([time / self.frames, bands / self.bands])
    }
}

impl CustomOp3 for Gradient {
    fn name(&self) -> &'static str {
        "pool-gradient"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        y: &CpuStorage,
        yl: &Layout,
        dy: &CpuStorage,
        dyl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let [x, y, dy] = [values(x, xl, self.name())?, values(y, yl, self.name())?, values(dy, dyl, self.name())?];
        let (_, time, bands, channels) = xl.shape().dims4()?;
        let (_, frames, groups, _) = yl.shape().dims4()?;
        let size = frames * groups * channels;
        let mut dx = vec![0.0_f32; x.len()];
        let pictures = dx.par_chunks_mut(time * bands * channels).zip(x.par_chunks(time * bands * channels));
        pictures.zip(y.par_chunks(size)).zip(dy.par_chunks(size)).for_each(|(((dx, x), y), dy)| {
            let Pool { frames: by_frames, bands: by_bands, curve } = self.0;
            if [by_frames, by_bands] == [1, 1] {
                let each = dx.iter_mut().zip(y).zip(dy);
                each.for_each(|((dx, &y), dy)| *dx = dy * curve.slope(y));
                return;
            }
            let (mut largest, mut left) = (vec![0.0_f32; channels], vec![0.0_f32; channels]);
            for (group, (y, dy)) in y.chunks_exact(channels).zip(dy.chunks_exact(channels)).enumerate() {
                let (frame, band) = (group / groups * by_frames, group % groups * by_bands);
                let members = || {
                    let bands_of =
                        move |row: usize| (band..band + by_bands).map(move |band| (row * bands + band) * channels);
                    (frame..frame + by_frames).flat_map(bands_of)
                };
                largest.fill(f32::NEG_INFINITY);
                for at in members() {
                    largest.iter_mut().zip(&x[at..at + channels]).for_each(|(y, &x)| *y = if x > *y { x } else { *y });
                }
                // What is still to be given away: the first of the largest takes it all.
                left.iter_mut().zip(y).zip(dy).for_each(|((left, &y), dy)| *left = dy * curve.slope(y));
                for at in members() {
                    let each = dx[at..at + channels].iter_mut().zip(&x[at..at + channels]).zip(&largest).zip(&mut left);
                    for (((dx, x), largest), left) in each {
                        *dx = if x == largest { *left } else { 0.0 };
                        *left -= *dx;
                    }
                }
            }
        });
        Ok((CpuStorage::F32(dx), xl.shape().clone()))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn values_and_gradients_equal_candles_own() -> Result<()> {
        // Seven frames by two, eleven bands by three: some are left out.
        let x = Var::randn(0.0_f32, 1.0, (2, 7, 11, 4), &Device::Cpu)?;
        let worst = |a: &Tensor, b: &Tensor| (a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>();
        for (curve, frames, bands) in
            [(Curve::Relu, 2, 3), (Curve::Elu, 2, 3), (Curve::Line, 1, 3), (Curve::Elu, 1, 1), (Curve::Relu, 7, 11)]
        {
            let ours = x.apply_op1(Pool { frames, bands, curve })?;
            let theirs = by_candle(&x, Pool { frames, bands, curve })?;
            assert!(worst(&ours, &theirs)? < 1e-6);
            let slope = Tensor::randn(0.0_f32, 1.0, theirs.shape(), &Device::Cpu)?;
            let ours = (ours * &slope)?.sum_all()?.backward()?;
            let theirs = (theirs * &slope)?.sum_all()?.backward()?;
            let (Some(ours), Some(theirs)) = (ours.get(&x), theirs.get(&x)) else { panic!("no gradient") };
            assert!(worst(ours, theirs)? < 1e-6);
        }
        Ok(())
    }

    #[test]
    fn of_equal_values_the_first_learns() -> Result<()> {
        let x = Var::new(&[1.0_f32, 2.0, 2.0, -1.0, -1.0, -2.0], &Device::Cpu)?;
        let pooled = x.reshape((1, 1, 6, 1))?.apply_op1(Pool { frames: 1, bands: 3, curve: Curve::Relu })?;
        assert_eq!(pooled.flatten_all()?.to_vec1::<f32>()?, [2.0, 0.0]);
        let gradients = pooled.sum_all()?.backward()?;
        assert_eq!(
            gradients.get(&x).map(Tensor::to_vec1::<f32>).transpose()?,
            Some(vec![0.0, 1.0, 0.0, 0.0, 0.0, 0.0])
        );
        Ok(())
    }
}

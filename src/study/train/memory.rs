//! The memory of a DFSMN block as one operation with its gradients: a causal depth-wise filter over time. As twenty
//! shifted products it would be candle's slowest part by far.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

/// `y[b, t, c] = p[b, t, c] + sum over k of w[c, k] p[b, t - (K - 1 - k) dilation, c]`, zeros before the start.
struct Memory {
    /// Rows from tap to tap.
    dilation: usize,
}

/// [`Memory`] on rows `p` `[batch, time, channels]` with taps `w` `[channels, taps]`, on the device that they are on.
///
/// # Errors
/// Other shapes.
pub(super) fn remembered(p: &Tensor, w: &Tensor, dilation: usize) -> Result<Tensor> {
    if p.device().is_cpu() { p.apply_op2(w, Memory { dilation }) } else { by_candle(p, w, dilation) }
}

/// The same by candle's own operations, on any device.
fn by_candle(p: &Tensor, w: &Tensor, dilation: usize) -> Result<Tensor> {
    let (_, time, _) = p.dims3()?;
    let width = w.dim(1)?;
    let padded = p.pad_with_zeros(1, (width - 1) * dilation, 0)?;
    (0..width).try_fold(p.clone(), |y, k| {
        let tap = w.narrow(1, k, 1)?.flatten_all()?;
        y + padded.narrow(1, k * dilation, time)?.broadcast_mul(&tap)?
    })
}

impl CustomOp2 for Memory {
    fn name(&self) -> &'static str {
        "fsmn-memory"
    }

    fn cpu_fwd(&self, p: &CpuStorage, pl: &Layout, w: &CpuStorage, wl: &Layout) -> Result<(CpuStorage, Shape)> {
        let (p, w) = (rows(p, pl)?, rows(w, wl)?);
        let (_, time, channels) = pl.shape().dims3()?;
        let taps = transposed(w, channels);
        let mut y = p.to_vec();
        y.par_chunks_mut(time * channels).zip(p.par_chunks(time * channels)).for_each(|(y, p)| {
            filter(y, p, &taps, channels, |t, lag| t.checked_sub(lag * self.dilation));
        });
        Ok((CpuStorage::F32(y), pl.shape().clone()))
    }

    fn bwd(&self, p: &Tensor, w: &Tensor, _y: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (batch, time, channels) = p.dims3()?;
        let width = w.dim(1)?;
        let device = p.device();
        let (p, dy): (Vec<f32>, Vec<f32>) = (p.flatten_all()?.to_vec1()?, dy.flatten_all()?.to_vec1()?);
        let taps = transposed(&w.flatten_all()?.to_vec1::<f32>()?, channels);
        let mut dp = dy.clone();
        let song = time * channels;
        dp.par_chunks_mut(song).zip(dy.par_chunks(song)).for_each(|(dp, dy)| {
            filter(dp, dy, &taps, channels, |t, lag| Some(t + lag * self.dilation).filter(|&at| at < time));
        });
        let each: Vec<Vec<f32>> = p
            .par_chunks(song)
            .zip(dy.par_chunks(song))
            .map(|(p, dy)| {
                let mut dw = vec![0.0_f32; width * channels];
                for (t, dy) in dy.chunks_exact(channels).enumerate() {
                    for lag in 0..width.min(t / self.dilation + 1) {
                        let p = &p[(t - lag * self.dilation) * channels..][..channels];
                        let row = &mut dw[(width - 1 - lag) * channels..][..channels];
                        row.iter_mut().zip(p).zip(dy).for_each(|((dw, p), dy)| *dw += p * dy);
                    }
                }
                dw
            })
            .collect();
        // Added up in the order of the batch, so that a run repeats to the bit.
        let mut dw = vec![0.0_f32; width * channels];
        for part in &each {
            dw.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        let dp = Tensor::from_vec(dp, (batch, time, channels), device)?;
        let dw = Tensor::from_vec(dw, (width, channels), device)?.t()?.contiguous()?;
        Ok((Some(dp), Some(dw)))
    }
}

/// Adds to each row of `y` the rows of `x` that `at(row, lag)` names, weighted by the tap of that lag.
fn filter(y: &mut [f32], x: &[f32], taps: &[f32], channels: usize, at: impl Fn(usize, usize) -> Option<usize>) {
    let width = taps.len() / channels;
    for (t, y) in y.chunks_exact_mut(channels).enumerate() {
        for lag in 0..width {
            let Some(from) = at(t, lag) else { break };
            let x = &x[from * channels..][..channels];
            let tap = &taps[(width - 1 - lag) * channels..][..channels];
            y.iter_mut().zip(x).zip(tap).for_each(|((y, x), tap)| *y += x * tap);
        }
    }
}

/// `[channels][taps]` to `[taps][channels]`.
fn transposed(w: &[f32], channels: usize) -> Vec<f32> {
    let width = w.len() / channels;
    (0..width).flat_map(|k| (0..channels).map(move |c| w[c * width + k])).collect()
}

fn rows<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        candle_core::bail!("fsmn-memory needs contiguous rows")
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn values_and_gradients_equal_candles_own() -> Result<()> {
        let device = Device::Cpu;
        let p = Var::randn(0.0_f32, 1.0, (3, 40, 8), &device)?;
        let w = Var::randn(0.0_f32, 1.0, (8, 20), &device)?;
        let worst = |a: &Tensor, b: &Tensor| (a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>();
        for dilation in [1, 3] {
            let ours = p.apply_op2(&w, Memory { dilation })?;
            let theirs = by_candle(&p, &w, dilation)?;
            assert!(worst(&ours, &theirs)? < 1e-4);
            let (ours, theirs) = (ours.sqr()?.sum_all()?.backward()?, theirs.sqr()?.sum_all()?.backward()?);
            for var in [&p, &w] {
                let (Some(ours), Some(theirs)) = (ours.get(var), theirs.get(var)) else { panic!("no gradient") };
                assert!(worst(ours, theirs)? < 1e-2, "{}", worst(ours, theirs)?);
            }
        }
        Ok(())
    }
}

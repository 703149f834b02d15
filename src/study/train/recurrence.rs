//! The recurrence of an LSTM layer (Hochreiter and Schmidhuber 1997) as one operation with its gradients, through the
//! whole of time. As single steps it would be thousands of operations of candle's.

use candle_core::{CpuStorage, CustomOp2, CustomOp3, D, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::flat::values;
use crate::nets::recurrence::{Gates, advance, columns};

/// Hidden states `h` `[batch, time, H]` from what the input says to the gates, `x` `[batch, time, 4 H]`, and the
/// recurrent weight `w` `[4 H, H]`; gates in the order input, forget, cell, output, states zero at the start:
///
/// ```text
/// i, f, g, o = x[t] + w h[t - 1]
/// c[t] = sigmoid(f) c[t - 1] + sigmoid(i) tanh(g)
/// h[t] = sigmoid(o) tanh(c[t])
/// ```
pub(super) struct Recurrence;

/// The gradient of the gates from the gates before their non-linearity, `w` and the gradient of `h`.
struct Gradient;

impl CustomOp2 for Recurrence {
    fn name(&self) -> &'static str {
        "lstm-recurrence"
    }

    fn cpu_fwd(&self, x: &CpuStorage, xl: &Layout, w: &CpuStorage, wl: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, w) = (values(x, xl, self.name())?, values(w, wl, self.name())?);
        let (batch, time, gates) = xl.shape().dims3()?;
        let (rows, width) = wl.shape().dims2()?;
        if gates != rows || rows != 4 * width {
            candle_core::bail!("{} cannot apply {:?} to {:?}", self.name(), wl.shape(), xl.shape())
        }
        let columns = columns(w, width);
        let mut y = vec![0.0_f32; batch * time * width];
        y.par_chunks_mut(time * width).zip(x.par_chunks(time * gates)).for_each(|(y, x)| {
            let (mut h, mut c, mut now) = (vec![0.0_f32; width], vec![0.0_f32; width], vec![0.0_f32; gates]);
            for (y, x) in y.chunks_exact_mut(width).zip(x.chunks_exact(gates)) {
                now.copy_from_slice(x);
                advance(&columns, &mut now, &mut h, &mut c);
                y.copy_from_slice(&h);
            }
        });
        Ok((CpuStorage::F32(y), (batch, time, width).into()))
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, h: &Tensor, dh: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (batch, time, width) = h.dims3()?;
        let rows = batch * time;
        // What each step found: the states of the step before.
        let before = h.narrow(1, 0, time - 1)?.pad_with_zeros(1, 1, 0)?.reshape((rows, width))?;
        let gates = (x.reshape((rows, 4 * width))? + before.matmul(&w.t()?)?)?.reshape((batch, time, 4 * width))?;
        let dx = gates.apply_op3_no_bwd(&w.contiguous()?, &dh.contiguous()?, &Gradient)?;
        let dw = dx.reshape((rows, 4 * width))?.t()?.matmul(&before)?;
        Ok((Some(dx), Some(dw)))
    }
}

impl CustomOp3 for Gradient {
    fn name(&self) -> &'static str {
        "lstm-recurrence-gradient"
    }

    fn cpu_fwd(
        &self,
        gates: &CpuStorage,
        gl: &Layout,
        w: &CpuStorage,
        wl: &Layout,
        dh: &CpuStorage,
        dhl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let [gates, w, dh] =
            [values(gates, gl, self.name())?, values(w, wl, self.name())?, values(dh, dhl, self.name())?];
        let (_, time, width) = dhl.shape().dims3()?;
        let mut dx = vec![0.0_f32; gates.len()];
        dx.par_chunks_mut(time * 4 * width)
            .zip(gates.par_chunks(time * 4 * width))
            .zip(dh.par_chunks(time * width))
            .for_each(|((dx, gates), dh)| through_time(dx, gates, w, dh, width));
        Ok((CpuStorage::F32(dx), gl.shape().clone()))
    }
}

/// One sequence backwards.
fn through_time(dx: &mut [f32], gates: &[f32], w: &[f32], dh: &[f32], width: usize) {
    let time = dh.len() / width;
    let mut cells = vec![0.0_f32; (time + 1) * width];
    for (t, now) in gates.chunks_exact(4 * width).enumerate() {
        for at in 0..width {
            let Gates { input: i, forget: f, candidate: g, .. } = Gates::of(now, at);
            cells[(t + 1) * width + at] = f * cells[t * width + at] + i * g;
        }
    }
    let (mut later_h, mut later_c) = (vec![0.0_f32; width], vec![0.0_f32; width]);
    for t in (0..time).rev() {
        let now = &gates[t * 4 * width..][..4 * width];
        let dnow = &mut dx[t * 4 * width..][..4 * width];
        for at in 0..width {
            let Gates { input: i, forget: f, candidate: g, output: o } = Gates::of(now, at);
            let cell = cells[(t + 1) * width + at].tanh();
            let dh = dh[t * width + at] + later_h[at];
            let dc = later_c[at] + dh * o * (1.0 - cell * cell);
            dnow[at] = dc * g * i * (1.0 - i);
            dnow[width + at] = dc * cells[t * width + at] * f * (1.0 - f);
            dnow[2 * width + at] = dc * i * (1.0 - g * g);
            dnow[3 * width + at] = dh * cell * o * (1.0 - o);
            later_c[at] = dc * f;
        }
        later_h.fill(0.0);
        for (row, dgate) in w.chunks_exact(width).zip(&*dnow) {
            later_h.iter_mut().zip(row).for_each(|(dh, w)| *dh += w * dgate);
        }
    }
}

/// `x` `[batch, time, values]` with time reversed.
///
/// # Errors
/// Never for such a tensor.
pub(super) fn reversed(x: &Tensor) -> Result<Tensor> {
    let time = x.dim(D::Minus2)?;
    let back: Vec<u32> = (0..time as u32).rev().collect();
    x.index_select(&Tensor::new(back, x.device())?, 1)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    /// The same by candle's own operations, step by step.
    fn reference(x: &Tensor, w: &Tensor) -> Result<Tensor> {
        let (batch, time, gates) = x.dims3()?;
        let width = gates / 4;
        let mut h = Tensor::zeros((batch, width), x.dtype(), x.device())?;
        let mut c = h.clone();
        let mut all = Vec::new();
        for t in 0..time {
            let now = (x.narrow(1, t, 1)?.squeeze(1)? + h.matmul(&w.t()?)?)?;
            let gate = |number: usize| now.narrow(1, number * width, width);
            let sigmoid = |x: Tensor| (x.neg()?.exp()? + 1.0)?.recip();
            c = ((sigmoid(gate(1)?)? * c)? + (sigmoid(gate(0)?)? * gate(2)?.tanh()?)?)?;
            h = (sigmoid(gate(3)?)? * c.tanh()?)?;
            all.push(h.clone());
        }
        Tensor::stack(&all, 1)
    }

    #[test]
    fn values_and_gradients_equal_candles_own() -> Result<()> {
        let x = Var::randn(0.0_f32, 1.0, (3, 17, 24), &Device::Cpu)?;
        let w = Var::randn(0.0_f32, 0.5, (24, 6), &Device::Cpu)?;
        let slope = Tensor::randn(0.0_f32, 1.0, (3, 17, 6), &Device::Cpu)?;
        let worst = |a: &Tensor, b: &Tensor| (a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>();
        let (ours, theirs) = (x.apply_op2(&w, Recurrence)?, reference(&x, &w)?);
        assert!(worst(&ours, &theirs)? < 1e-6);
        let ours = (ours * &slope)?.sum_all()?.backward()?;
        let theirs = (theirs * &slope)?.sum_all()?.backward()?;
        for var in [&x, &w] {
            let (Some(ours), Some(theirs)) = (ours.get(var), theirs.get(var)) else { panic!("no gradient") };
            assert!(worst(ours, theirs)? < 2e-5, "{}", worst(ours, theirs)?);
        }
        Ok(())
    }

    #[test]
    fn reversed_time_turns_back() -> Result<()> {
        let x = Tensor::arange(0.0_f32, 12.0, &Device::Cpu)?.reshape((2, 3, 2))?;
        assert_eq!(reversed(&x)?.get(0)?.to_vec2::<f32>()?, [[4.0, 5.0], [2.0, 3.0], [0.0, 1.0]]);
        assert_eq!(reversed(&reversed(&x)?)?.to_vec3::<f32>()?, x.to_vec3::<f32>()?);
        Ok(())
    }
}

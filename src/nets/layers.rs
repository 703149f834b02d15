//! Layers that the imported nets share.
//!
//! candle hands element-wise work on large tensors to a static pool of spinning threads that is never joined: in a
//! plugin it would outlive the library. [`Dense`] therefore does its product ([`Panels`]) and everything after it itself,
//! which is also faster than one pass per operation.

use candle_core::{Module, Result, Tensor};
use candle_nn::VarBuilder;
use pulp::{Arch, Simd, WithSimd};

use super::product::{Panels, Rows};

/// Values that a loop over a row takes side by side.
const LANES: usize = 16;

/// Non-linearity after a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activation {
    None,
    Relu,
    /// `x / 2 (1 + erf(x / sqrt 2))`.
    Gelu,
}

/// Batch normalisation with fixed statistics, folded into one factor and one offset per channel.
#[derive(Clone)]
pub(super) struct Affine {
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl Affine {
    /// Reads `weight`, `bias`, `running_mean`, `running_var` (`[channels]` each).
    pub(super) fn batch_norm(channels: usize, eps: f64, vb: &VarBuilder<'_>) -> Result<Self> {
        let get = |name| vb.get(channels, name);
        let scale = (get("weight")? / (get("running_var")? + eps)?.sqrt()?)?;
        let shift = (get("bias")? - (get("running_mean")? * &scale)?)?;
        Ok(Self { scale: scale.to_vec1()?, shift: shift.to_vec1()? })
    }

    /// `w` `[channels, ...]` and `bias` `[channels]` of a product, so that it comes out normalised.
    pub(super) fn folded(&self, w: &Tensor, bias: &Tensor) -> Result<(Tensor, Tensor)> {
        let channels = self.scale.len();
        let [scale, shift] = [&self.scale, &self.shift].map(|each| Tensor::from_slice(each, channels, w.device()));
        let (scale, shift) = (scale?, shift?);
        let rows = w.reshape((channels, ()))?.broadcast_mul(&scale.reshape((channels, 1))?)?;
        Ok((rows.reshape(w.shape())?, ((bias * scale)? + shift)?))
    }

    /// Normalises rows of `channels` values in place.
    pub(super) fn apply(&self, rows: &mut [f32]) {
        Arch::new().dispatch(Rowwise { rows, width: self.scale.len(), work: self });
    }
}

impl RowWork for Affine {
    #[inline(always)]
    fn on(&self, row: &mut [f32]) {
        for ((x, scale), shift) in row.iter_mut().zip(&self.scale).zip(&self.shift) {
            *x = *x * scale + shift;
        }
    }
}

/// `y = norm(activation(x W' + b))` on rows of inputs, with the weights laid out once for the product.
pub(super) struct Dense {
    weight: Panels,
    after: After,
}

struct After {
    arch: Arch,
    bias: Vec<f32>,
    activation: Activation,
    norm: Option<Affine>,
}

impl Dense {
    /// Reads `weight` `[outputs, inputs]` and, if `bias` is set, `bias` `[outputs]`.
    pub(super) fn new(inputs: usize, outputs: usize, bias: bool, vb: &VarBuilder<'_>) -> Result<Self> {
        let bias = if bias { Some(vb.get(outputs, "bias")?) } else { None };
        Self::from_tensors(&vb.get((outputs, inputs), "weight")?, bias.as_ref())
    }

    /// From `weight` `[outputs, inputs]` and `bias` `[outputs]`.
    pub(super) fn from_tensors(weight: &Tensor, bias: Option<&Tensor>) -> Result<Self> {
        let outputs = weight.dim(0)?;
        let bias = bias.map(Tensor::to_vec1).transpose()?.unwrap_or_else(|| vec![0.0; outputs]);
        let weight = Panels::new(&weight.flatten_all()?.to_vec1::<f32>()?, outputs);
        Ok(Self { weight, after: After { arch: Arch::new(), bias, activation: Activation::None, norm: None } })
    }

    /// Adds a non-linearity.
    pub(super) fn activated(mut self, activation: Activation) -> Self {
        self.after.activation = activation;
        self
    }

    /// Adds a normalisation after the non-linearity.
    pub(super) fn normalised(mut self, norm: Affine) -> Self {
        self.after.norm = Some(norm);
        self
    }

    /// Values of an output row.
    pub(super) fn outputs(&self) -> usize {
        self.weight.outputs()
    }

    /// Rows of inputs, one after the other, to rows of outputs. A row's result does not depend on the others.
    pub(super) fn apply(&self, rows: &[f32]) -> Vec<f32> {
        self.apply_to(Rows::side_by_side(rows, self.weight.inputs()))
    }

    /// The same for rows that lie as `rows` says.
    pub(super) fn apply_to(&self, rows: Rows<'_>) -> Vec<f32> {
        let mut y = vec![0.0; rows.count * self.outputs()];
        self.apply_into(rows, &mut y);
        y
    }

    /// The same into `y`.
    pub(super) fn apply_into(&self, rows: Rows<'_>, y: &mut [f32]) {
        self.weight.product_into(rows, y);
        self.after.apply(y);
    }
}

impl Module for Dense {
    /// `x` `[..., inputs]`.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut shape = x.dims().to_vec();
        let inputs = shape.pop().unwrap_or_default();
        if inputs != self.weight.inputs() {
            candle_core::bail!("rows of {inputs} values for a layer of {} inputs", self.weight.inputs());
        }
        shape.push(self.outputs());
        Tensor::from_vec(self.apply(&x.flatten_all()?.to_vec1::<f32>()?), shape, x.device())
    }
}

impl After {
    fn apply(&self, y: &mut [f32]) {
        self.arch.dispatch(Rowwise { rows: y, width: self.bias.len(), work: self });
    }
}

impl RowWork for After {
    #[inline(always)]
    fn on(&self, row: &mut [f32]) {
        let biased = row.iter_mut().zip(&self.bias);
        match self.activation {
            Activation::None => biased.for_each(|(y, bias)| *y += bias),
            Activation::Relu => biased.for_each(|(y, bias)| *y = (*y + bias).max(0.0)),
            Activation::Gelu => biased.for_each(|(y, bias)| *y = gelu(*y + bias)),
        }
        if let Some(norm) = &self.norm {
            norm.on(row);
        }
    }
}

/// Work on each row of a matrix by itself. `on` must be inlined, so that it is compiled for the processor at hand.
trait RowWork {
    fn on(&self, row: &mut [f32]);
}

/// Does `work` on all rows in the vector code of the processor at hand.
struct Rowwise<'a, W> {
    rows: &'a mut [f32],
    width: usize,
    work: &'a W,
}

impl<W: RowWork> WithSimd for Rowwise<'_, W> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for row in self.rows.chunks_exact_mut(self.width) {
            self.work.on(row);
        }
    }
}

/// Raises each value of `highest` to that of `other`.
pub(super) fn keep_highest(highest: &mut [f32], other: &[f32]) {
    struct Higher<'a>(&'a [f32]);
    impl RowWork for Higher<'_> {
        #[inline(always)]
        fn on(&self, row: &mut [f32]) {
            row.iter_mut().zip(self.0).for_each(|(highest, x)| *highest = highest.max(*x));
        }
    }
    let width = highest.len().max(1);
    Arch::new().dispatch(Rowwise { rows: highest, width, work: &Higher(other) });
}

/// Normalisation of each row to mean 0 and deviation 1, then one factor and one offset per value.
pub(super) struct LayerNorm {
    affine: Affine,
    eps: f32,
}

impl LayerNorm {
    /// Reads `weight` and `bias` `[width]`.
    pub(super) fn new(width: usize, eps: f32, vb: &VarBuilder<'_>) -> Result<Self> {
        let get = |name| vb.get(width, name)?.to_vec1();
        Ok(Self { affine: Affine { scale: get("weight")?, shift: get("bias")? }, eps })
    }

    /// Rows of `width` values.
    pub(super) fn apply(&self, rows: &[f32]) -> Vec<f32> {
        let mut y = rows.to_vec();
        Arch::new().dispatch(Rowwise { rows: &mut y, width: self.affine.scale.len(), work: self });
        y
    }
}

impl RowWork for LayerNorm {
    #[inline(always)]
    fn on(&self, row: &mut [f32]) {
        let count = row.len() as f32;
        let mean = sum(row, |x| x) / count;
        row.iter_mut().for_each(|x| *x -= mean);
        let factor = 1.0 / (sum(row, |x| x * x) / count + self.eps).sqrt();
        row.iter_mut().for_each(|x| *x *= factor);
        self.affine.on(row);
    }
}

/// Softmax of each row of `width` values times a positive `factor`, in place.
pub(super) fn softmax_rows(rows: &mut [f32], width: usize, factor: f32) {
    Arch::new().dispatch(Rowwise { rows, width, work: &Softmax { factor } });
}

struct Softmax {
    factor: f32,
}

impl RowWork for Softmax {
    #[inline(always)]
    fn on(&self, row: &mut [f32]) {
        let mut lanes = [f32::NEG_INFINITY; LANES];
        for part in row.chunks(LANES) {
            lanes.iter_mut().zip(part).for_each(|(highest, x)| *highest = highest.max(*x));
        }
        let highest = lanes.into_iter().fold(f32::NEG_INFINITY, f32::max);
        row.iter_mut().for_each(|x| *x = exp((*x - highest) * self.factor));
        let whole = 1.0 / sum(row, |x| x);
        row.iter_mut().for_each(|x| *x *= whole);
    }
}

/// The sum of `of` each value, in lanes, so that the loop becomes vector code.
#[inline(always)]
fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let mut parts = values.chunks_exact(LANES);
    for part in &mut parts {
        lanes.iter_mut().zip(part).for_each(|(sum, x)| *sum += of(*x));
    }
    lanes.iter_mut().zip(parts.remainder()).for_each(|(sum, x)| *sum += of(*x));
    lanes.into_iter().sum()
}

/// The exponential function of a number that is not positive, to 2e-7 of its value: a power of two times a polynomial on
/// what is left (Cephes' `expf`), without a branch. Below -87 the result stays what it is there, next to nothing.
#[inline(always)]
fn exp(x: f32) -> f32 {
    #[allow(clippy::excessive_precision)] // as published
    const P: [f32; 6] =
        [1.987_569_15e-4, 1.398_199_95e-3, 8.333_451_9e-3, 4.166_579_6e-2, 1.666_666_55e-1, 5.000_000_1e-1];
    // Adding this rounds to whole numbers, which then stand in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.max(-87.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let rest = x - whole * (355.0 / 512.0) + whole * 2.121_944_4e-4;
    let polynomial = P.iter().fold(0.0, |sum, c| sum * rest + c) * rest * rest + rest + 1.0;
    polynomial * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
}

/// A last layer of few probabilities, `sigmoid(W x + b)`: so narrow that a plain loop serves, and the matrix product
/// would change its order of summation with the number of rows.
pub(super) struct Sigmoids {
    /// `[outputs][inputs]`.
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Sigmoids {
    /// Reads `weight` `[outputs, inputs]` and `bias` `[outputs]`.
    pub(super) fn new(inputs: usize, outputs: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            weight: vb.get((outputs, inputs), "weight")?.flatten_all()?.to_vec1()?,
            bias: vb.get(outputs, "bias")?.to_vec1()?,
        })
    }

    /// Number of probabilities per row.
    pub(super) fn count(&self) -> usize {
        self.bias.len()
    }

    /// Rows of `inputs` values to rows of probabilities.
    pub(super) fn forward(&self, rows: &[f32]) -> Vec<f32> {
        let inputs = self.weight.len() / self.bias.len().max(1);
        rows.chunks_exact(inputs.max(1)).flat_map(|row| self.row(row)).collect()
    }

    fn row<'a>(&'a self, row: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        self.weight.chunks_exact(row.len()).zip(&self.bias).map(move |(weights, bias)| {
            let logit = bias + weights.iter().zip(row).map(|(weight, x)| weight * x).sum::<f32>();
            1.0 / (1.0 + (-logit).exp())
        })
    }
}

#[inline(always)]
fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// The error function to 4e-7: the rational approximation that Eigen and XLA use, without a branch, so that the loop
/// around it becomes vector code.
#[inline(always)]
fn erf(x: f32) -> f32 {
    #[allow(clippy::excessive_precision)] // as published
    const ALPHA: [f32; 7] = [
        -2.726_142_3e-10,
        2.770_681_4e-8,
        -2.101_024e-6,
        -5.692_506_4e-5,
        -7.349_906_3e-4,
        -2.954_599_9e-3,
        -1.609_603_3e-2,
    ];
    const BETA: [f32; 5] = [-1.456_607_2e-5, -2.133_740_5e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2];
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let polynomial = |coefficients: &[f32]| coefficients.iter().fold(0.0, |sum, c| sum * square + c);
    x * polynomial(&ALPHA) / polynomial(&BETA)
}

#[cfg(test)]
mod tests {
    use super::{erf, exp};

    #[test]
    fn exp_equals_the_exponential_function() {
        for x in (0..8_700).map(|i| -(i as f32) / 100.0) {
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() <= 2e-7 * exact, "exp({x}) = {}", exp(x));
        }
        assert!(exp(f32::NEG_INFINITY) < 1e-37 && exp(-1e30) < 1e-37);
    }

    #[test]
    fn erf_equals_its_table() {
        // Abramowitz and Stegun, table 7.1, rounded.
        let table = [(0.0, 0.0), (0.1, 0.112_463), (0.5, 0.520_5), (1.0, 0.842_701), (2.0, 0.995_322), (3.5, 1.0)];
        for (x, expected) in table {
            assert!((erf(x) - expected).abs() < 1e-6 && (erf(-x) + expected).abs() < 1e-6, "erf({x}) = {}", erf(x));
        }
    }
}

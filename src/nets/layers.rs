//! Layers that the imported nets share.
//!
//! candle hands element-wise work on large tensors to a static pool of spinning threads that is never joined: in a
//! plugin it would outlive the library. [`Dense`] therefore does everything after its product in one pass of our own,
//! which is also faster than one pass per operation.

use candle_core::{CpuStorage, CustomOp1, Layout, Module, Result, Shape, Tensor};
use candle_nn::VarBuilder;

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
        for row in rows.chunks_exact_mut(self.scale.len()) {
            for ((x, scale), shift) in row.iter_mut().zip(&self.scale).zip(&self.shift) {
                *x = *x * scale + shift;
            }
        }
    }
}

/// `y = norm(activation(x W' + b))` on `[rows, inputs]`, with the weights laid out once for the product.
pub(super) struct Dense {
    transposed: Tensor,
    after: After,
}

#[derive(Clone)]
struct After {
    bias: Option<Vec<f32>>,
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
        let bias = bias.map(Tensor::to_vec1).transpose()?;
        let after = After { bias, activation: Activation::None, norm: None };
        Ok(Self { transposed: weight.t()?.contiguous()?, after })
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
}

impl Module for Dense {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = x.matmul(&self.transposed)?;
        if self.after.bias.is_none() && self.after.activation == Activation::None && self.after.norm.is_none() {
            return Ok(y);
        }
        y.apply_op1_no_bwd(&self.after)
    }
}

impl CustomOp1 for After {
    fn name(&self) -> &'static str {
        "bias-activation-norm"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let Some((start, end)) = layout.contiguous_offsets() else {
            candle_core::bail!("{} needs contiguous rows", self.name());
        };
        let mut y = storage.as_slice::<f32>()?[start..end].to_vec();
        if let Some(bias) = &self.bias {
            for row in y.chunks_exact_mut(bias.len()) {
                row.iter_mut().zip(bias).for_each(|(y, bias)| *y += bias);
            }
        }
        match self.activation {
            Activation::None => {}
            Activation::Relu => y.iter_mut().for_each(|y| *y = y.max(0.0)),
            Activation::Gelu => y.iter_mut().for_each(|y| *y = gelu(*y)),
        }
        if let Some(norm) = &self.norm {
            norm.apply(&mut y);
        }
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }
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

fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// The error function to 4e-7: the rational approximation that Eigen and XLA use, without a branch, so that the loop
/// around it becomes vector code.
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
    use super::erf;

    #[test]
    fn erf_equals_its_table() {
        // Abramowitz and Stegun, table 7.1, rounded.
        let table = [(0.0, 0.0), (0.1, 0.112_463), (0.5, 0.520_5), (1.0, 0.842_701), (2.0, 0.995_322), (3.5, 1.0)];
        for (x, expected) in table {
            assert!((erf(x) - expected).abs() < 1e-6 && (erf(-x) + expected).abs() < 1e-6, "erf({x}) = {}", erf(x));
        }
    }
}

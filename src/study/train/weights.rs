//! What a run trains: the tensors of a model file, as variables with gradients.

use std::collections::{BTreeMap, HashMap};

use candle_core::{DType, Device, Result, Tensor, Var};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Share of the old average that each step keeps; less at the start.
const AVERAGE_KEEPS: f64 = 0.995;

/// Weights by their names in the model file. Statistics are measured, not trained: those of
/// the input (`cmvn.*`) stay as they are, those of batch normalisations (`*.running_*`) follow the batches.
pub(super) struct Weights {
    fixed: BTreeMap<String, Measured>,
    vars: BTreeMap<String, Var>,
}

/// A statistic: what changes it, and what reads the same memory without asking for a gradient. With one, whatever is
/// computed from standardised input would get a gradient, too, and the first layer's is the dearest of all.
struct Measured {
    var: Var,
    value: Tensor,
}

impl Measured {
    fn new(tensor: &Tensor) -> Result<Self> {
        let var = Var::from_tensor(tensor)?;
        Ok(Self { value: var.as_detached_tensor(), var })
    }
}

impl Weights {
    /// From a model's tensors.
    ///
    /// # Errors
    /// If a tensor cannot become a variable.
    pub(super) fn new(tensors: HashMap<String, Tensor>) -> Result<Self> {
        let (mut fixed, mut vars) = (BTreeMap::new(), BTreeMap::new());
        for (name, tensor) in tensors {
            let tensor = tensor.to_dtype(DType::F32)?;
            if is_fixed(&name) {
                fixed.insert(name, Measured::new(&tensor)?);
            } else {
                vars.insert(name, Var::from_tensor(&tensor)?);
            }
        }
        Ok(Self { fixed, vars })
    }

    /// The same on another device.
    ///
    /// # Errors
    /// If the device has no room.
    pub(super) fn on(self, device: &Device) -> Result<Self> {
        let fixed = self
            .fixed
            .into_iter()
            .map(|(name, measured)| Ok((name, Measured::new(&measured.value.to_device(device)?)?)));
        let vars = self.vars.into_iter().map(|(name, var)| Ok((name, Var::from_tensor(&var.to_device(device)?)?)));
        Ok(Self { fixed: fixed.collect::<Result<_>>()?, vars: vars.collect::<Result<_>>()? })
    }

    /// Where they lie.
    pub(super) fn device(&self) -> Device {
        self.vars.values().next().map_or(Device::Cpu, |var| var.device().clone())
    }

    /// The trained weights, in a fixed order.
    pub(super) fn vars(&self) -> impl Iterator<Item = (&String, &Var)> {
        self.vars.iter()
    }

    /// All tensors, as the model file holds them, on the processor, and no variables: what is computed from them must not
    /// keep the tensors of every step for gradients that nobody asks for.
    ///
    /// # Errors
    /// If a device failed.
    pub(super) fn tensors(&self) -> Result<HashMap<String, Tensor>> {
        let fixed = self.fixed.iter().map(|(name, measured)| (name, measured.value.clone()));
        let all = self.vars.iter().map(|(name, var)| (name, var.as_detached_tensor())).chain(fixed);
        all.map(|(name, tensor)| Ok((name.clone(), tensor.to_device(&Device::Cpu)?))).collect()
    }

    /// The tensor of this name.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn get(&self, name: &str) -> Result<&Tensor> {
        let trained = self.vars.get(name).map(Var::as_tensor);
        match trained.or_else(|| self.fixed.get(name).map(|measured| &measured.value)) {
            Some(tensor) => Ok(tensor),
            None => candle_core::bail!("there is no tensor {name} among the weights to train"),
        }
    }

    /// Moves the measured tensor `name` by `share` of its distance to `now`.
    ///
    /// # Errors
    /// If there is none, or it has another shape.
    pub(super) fn follow(&self, name: &str, now: &[f32], share: f64) -> Result<()> {
        let Some(Measured { var, value }) = self.fixed.get(name) else {
            candle_core::bail!("there is no tensor {name} among the measured ones")
        };
        let now = Tensor::from_slice(now, var.shape(), var.device())?;
        var.set(&((value * (1.0 - share))? + (now * share)?)?)
    }

    /// Takes the weights as they are after `step` into their running average.
    ///
    /// # Errors
    /// If a tensor has another shape.
    pub(super) fn average_into(&self, average: &mut HashMap<String, Tensor>, step: u64) -> Result<()> {
        let keeps = AVERAGE_KEEPS.min(step as f64 / (step as f64 + 10.0));
        for (name, now) in self.tensors()? {
            if let Some(average) = average.get_mut(&name) {
                *average = ((&*average * keeps)? + (now * (1.0 - keeps))?)?;
            }
        }
        Ok(())
    }

    /// `x W'` with `{name}.weight`, plus `{name}.bias` where there is one; `x` is `[rows, inputs]`.
    ///
    /// # Errors
    /// A missing tensor or another shape.
    pub(super) fn dense(&self, x: &Tensor, name: &str) -> Result<Tensor> {
        let y = x.matmul(&self.get(&format!("{name}.weight"))?.t()?)?;
        match self.vars.get(&format!("{name}.bias")) {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }
}

/// Tensors with memory of their own; a variable's would change with the next step.
///
/// # Errors
/// Never for tensors in memory.
pub(super) fn copied(tensors: &HashMap<String, Tensor>) -> Result<HashMap<String, Tensor>> {
    tensors.iter().map(|(name, tensor)| Ok((name.clone(), tensor.copy()?))).collect()
}

/// Whether a tensor is measured, not trained.
pub(super) fn is_fixed(name: &str) -> bool {
    name.starts_with("cmvn.") || name.contains(".running_")
}

/// Draws a tensor from a normal distribution of deviation `sqrt(2 / inputs)`: what keeps the variance through ramps
/// (He et al., arXiv 1502.01852). The same for the same seed and name.
///
/// # Errors
/// Never for a shape that fits into memory.
pub(super) fn drawn(name: &str, shape: &[usize], inputs: usize, seed: u64) -> Result<Tensor> {
    let name_seed = name.bytes().fold(seed, |sum, byte| sum.wrapping_mul(0x0100_0000_01B3) ^ u64::from(byte));
    let mut rng = StdRng::seed_from_u64(name_seed);
    let deviation = (2.0 / inputs.max(1) as f32).sqrt();
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| deviation * normal(&mut rng)).collect();
    Tensor::from_vec(values, shape, &Device::Cpu)
}

/// A normal deviate by Box and Muller.
fn normal(rng: &mut StdRng) -> f32 {
    let (radius, angle): (f32, f32) = (rng.random(), rng.random());
    (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f32::consts::TAU * angle).cos()
}

/// Weighted binary cross-entropy on logits, all `[batch, frames, outputs]`.
///
/// # Errors
/// If the shapes differ.
pub(super) fn loss(logits: &Tensor, target: Vec<f32>, weight: Vec<f32>) -> Result<Tensor> {
    let sum: f64 = weight.iter().map(|&weight| f64::from(weight)).sum();
    let shape = logits.shape().clone();
    let target = Tensor::from_vec(target, shape.clone(), logits.device())?;
    let weight = Tensor::from_vec(weight, shape, logits.device())?;
    // max(z, 0) - z y + ln(1 + exp(-|z|)), which never overflows.
    let soft = ((logits.abs()?.neg()?.exp()? + 1.0)?).log()?;
    let each = ((logits.relu()? - (logits * &target)?)? + soft)?;
    (each * &weight)?.sum_all()? / sum.max(1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_ask_for_no_gradient_and_follow_the_batches() -> Result<()> {
        let tensor = |x: f32| Tensor::new(&[x], &Device::Cpu);
        let tensors = [("cmvn.mean", tensor(1.0)?), ("norm.running_mean", tensor(2.0)?), ("x", tensor(3.0)?)];
        let weights = Weights::new(tensors.map(|(name, tensor)| (name.to_owned(), tensor)).into())?;
        let heard = tensor(5.0)?.sub(weights.get("cmvn.mean")?)?;
        assert!(!heard.track_op() && (&heard * weights.get("x")?)?.track_op());
        weights.follow("norm.running_mean", &[4.0], 0.5)?;
        assert_eq!(weights.get("norm.running_mean")?.to_vec1::<f32>()?, [3.0]);
        Ok(())
    }

    #[test]
    fn a_running_average_remembers_no_step() -> Result<()> {
        let one = || Tensor::new(&[1.0_f32], &Device::Cpu);
        let weights = Weights::new(HashMap::from([("x".to_owned(), one()?), ("y.running_mean".to_owned(), one()?)]))?;
        let mut average = copied(&weights.tensors()?)?;
        for step in 1..=3 {
            for (_, var) in weights.vars() {
                var.set(&(var.as_tensor() + 1.0)?)?;
            }
            weights.average_into(&mut average, step)?;
        }
        assert!(average.values().all(|average| !average.track_op()), "the steps before are kept for gradients");
        let x = average["x"].to_vec1::<f32>()?[0];
        assert!(x > 1.0 && x < 4.0, "{x}");
        Ok(())
    }
}

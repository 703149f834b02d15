//! The causal DFSMN with gradients, over the very tensors that the model file holds.

use std::collections::{BTreeMap, HashMap};

use candle_core::{Device, Result, Tensor, Var};

use super::memory::Memory;

const BLOCKS: usize = 8;

/// Weights by their names in the model file; all but the input's statistics are trained.
pub(super) struct Network {
    fixed: BTreeMap<String, Tensor>,
    vars: BTreeMap<String, Var>,
}

impl Network {
    /// From a model's tensors.
    ///
    /// # Errors
    /// If a tensor cannot become a variable.
    pub(super) fn new(tensors: HashMap<String, Tensor>) -> Result<Self> {
        let (mut fixed, mut vars) = (BTreeMap::new(), BTreeMap::new());
        for (name, tensor) in tensors {
            let tensor = tensor.to_dtype(candle_core::DType::F32)?;
            if name.starts_with("cmvn.") {
                fixed.insert(name, tensor);
            } else {
                vars.insert(name, Var::from_tensor(&tensor)?);
            }
        }
        Ok(Self { fixed, vars })
    }

    /// The trained weights, in a fixed order.
    pub(super) fn vars(&self) -> impl Iterator<Item = (&String, &Var)> {
        self.vars.iter()
    }

    /// All tensors, as the model file holds them.
    pub(super) fn tensors(&self) -> HashMap<String, Tensor> {
        let vars = self.vars.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone()));
        vars.chain(self.fixed.iter().map(|(name, tensor)| (name.clone(), tensor.clone()))).collect()
    }

    /// Logits `[batch, frames]` of filter-bank frames `[batch, frames, 80]`.
    ///
    /// # Errors
    /// A missing tensor or another shape.
    pub(super) fn forward(&self, frames: &Tensor) -> Result<Tensor> {
        let (batch, time, mels) = frames.dims3()?;
        let x = frames.reshape((batch * time, mels))?;
        let x = x.broadcast_sub(&self.fixed["cmvn.mean"])?.broadcast_mul(&self.fixed["cmvn.istd"])?;
        let x = self.dense(&self.dense(&x, "in.fc1")?.relu()?, "in.fc2")?.relu()?;
        let mut memory = self.memory(&x, 0, batch)?;
        for block in 1..BLOCKS {
            let x = self.dense(&memory, &format!("fsmn{block}.fc1"))?.relu()?;
            let x = self.dense(&x, &format!("fsmn{block}.fc2"))?;
            memory = (self.memory(&x, block, batch)? + memory)?;
        }
        let x = self.dense(&memory, "out.fc1")?.relu()?;
        self.dense(&x, "out.fc2")?.reshape((batch, time))
    }

    fn dense(&self, x: &Tensor, name: &str) -> Result<Tensor> {
        let y = x.matmul(&self.var(&format!("{name}.weight"))?.t()?)?;
        match self.vars.get(&format!("{name}.bias")) {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }

    fn memory(&self, x: &Tensor, block: usize, batch: usize) -> Result<Tensor> {
        let (rows, channels) = x.dims2()?;
        let taps = self.var(&format!("fsmn{block}.lookback.weight"))?;
        let y = x.reshape((batch, rows / batch, channels))?.apply_op2(taps, Memory)?;
        y.reshape((rows, channels))
    }

    fn var(&self, name: &str) -> Result<&Tensor> {
        match self.vars.get(name) {
            Some(var) => Ok(var.as_tensor()),
            None => {
                candle_core::bail!("the model to start from has no tensor {name}; only a causal fsmn can be trained")
            }
        }
    }
}

/// Weighted binary cross-entropy on logits, all `[batch, frames]`.
///
/// # Errors
/// If the shapes differ.
pub(super) fn loss(logits: &Tensor, target: &[f32], weight: &[f32]) -> Result<Tensor> {
    let shape = logits.shape().clone();
    let target = Tensor::from_slice(target, shape.clone(), &Device::Cpu)?;
    let weight = Tensor::from_slice(weight, shape, &Device::Cpu)?;
    // max(z, 0) - z y + ln(1 + exp(-|z|)), which never overflows.
    let soft = ((logits.abs()?.neg()?.exp()? + 1.0)?).log()?;
    let each = ((logits.relu()? - (logits * &target)?)? + soft)?;
    (each * &weight)?.sum_all()? / weight.sum_all()?.to_scalar::<f32>().map(f64::from)?
}

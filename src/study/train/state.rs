//! Where a run is: its weights, their average, the optimiser, and the best so far.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};

use super::checkpoint::{Checkpoint, Standing};
use super::optimizer::AdamW;
use super::weights::{Weights, copied};

/// What every run carries from step to step.
pub(super) struct State {
    pub(super) weights: Weights,
    /// A running average of the weights: what is measured and kept, because it is better than any single step's.
    pub(super) average: HashMap<String, Tensor>,
    optimizer: AdamW,
    pub(super) best: HashMap<String, Tensor>,
    pub(super) standing: Standing,
}

impl State {
    /// Where the checkpoint says, or at the beginning: with the weights that `start` gives. `settings` are those of the
    /// run, as text. It goes on on `device`.
    ///
    /// # Errors
    /// A checkpoint that does not read or belongs to a run with other settings.
    pub(super) fn begin(
        settings: String,
        checkpoint: &Path,
        device: &Device,
        start: impl FnOnce() -> candle_core::Result<HashMap<String, Tensor>>,
    ) -> Result<Self> {
        if let Some(found) = Checkpoint::read(checkpoint)? {
            ensure!(
                found.standing.settings == settings,
                "{} belongs to a run with other settings; remove it or choose another --out",
                checkpoint.display()
            );
            return Ok(Self {
                weights: Weights::new(found.weights)?.on(device)?,
                average: found.average,
                optimizer: AdamW::from_tensors(&found.moments)?,
                best: found.best,
                standing: found.standing,
            });
        }
        let weights = Weights::new(start()?)?.on(device)?;
        let average = copied(&weights.tensors()?)?;
        let standing = Standing { settings, step: 0, best_score: None, waited: 0 };
        Ok(Self { best: average.clone(), average, weights, optimizer: AdamW::default(), standing })
    }

    /// Follows the gradient of `loss` at `rate`, times `rate_scale` of each weight's name; the loss as a number.
    ///
    /// # Errors
    /// If a gradient does not fit its weight.
    pub(super) fn learn(
        &mut self,
        loss: &Tensor,
        rate_scale: impl Fn(&str) -> f64,
        rate: f64,
        step: u64,
    ) -> Result<f64> {
        self.optimizer.step(rate_scale, &self.weights, &loss.backward()?, rate, step)?;
        self.weights.average_into(&mut self.average, step)?;
        self.standing.step = step;
        Ok(f64::from(loss.to_scalar::<f32>()?))
    }

    /// Notes a score; whether it is the best.
    ///
    /// # Errors
    /// Never for weights in memory.
    pub(super) fn measured(&mut self, score: f64) -> Result<bool> {
        let is_best = self.standing.best_score.is_none_or(|best| score > best);
        self.standing.waited = if is_best { 0 } else { self.standing.waited + 1 };
        if is_best {
            self.standing.best_score = Some(score);
            self.best = copied(&self.average)?;
        }
        Ok(is_best)
    }

    /// Writes everything to `path`.
    ///
    /// # Errors
    /// If the disk refuses.
    pub(super) fn checkpoint(&self, path: &Path) -> Result<()> {
        let standing = self.standing.clone();
        let (weights, moments) = (self.weights.tensors()?, self.optimizer.tensors()?);
        Checkpoint { standing, weights, average: self.average.clone(), best: self.best.clone(), moments }.write(path)
    }
}

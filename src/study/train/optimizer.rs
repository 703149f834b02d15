//! AdamW (arXiv 1711.05101) whose state can be saved, so that a run resumes exactly.

use std::collections::HashMap;

use candle_core::backprop::GradStore;
use candle_core::{Device, Result, Tensor};

use super::weights::Weights;

const BETA: [f64; 2] = [0.9, 0.999];
const EPS: f64 = 1e-8;
const WEIGHT_DECAY: f64 = 1e-2;
/// Gradients longer than this are shortened to it.
const LONGEST_GRADIENT: f64 = 1.0;

/// Steps over which the learning rate rises at the start.
const WARM_UP: u64 = 50;
/// Share of the peak learning rate at the end.
const LAST_RATE: f64 = 0.02;

/// The learning rate of `step`, counted from 1: a short rise to `peak`, then a half cosine down.
pub(super) fn rate(peak: f64, step: u64, steps: u64) -> f64 {
    let rise = (step as f64 / WARM_UP as f64).min(1.0);
    let done = step as f64 / steps as f64;
    let fall = LAST_RATE + (1.0 - LAST_RATE) * 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
    peak * rise * fall
}

/// First and second moments of each weight.
#[derive(Default)]
pub(super) struct AdamW {
    moments: HashMap<String, [Vec<f32>; 2]>,
}

impl AdamW {
    /// One step at `rate`, times `rate_scale` of each weight's name; `step` counts from 1.
    ///
    /// # Errors
    /// If a gradient does not fit its weight.
    pub(super) fn step(
        &mut self,
        rate_scale: impl Fn(&str) -> f64,
        weights: &Weights,
        gradients: &GradStore,
        rate: f64,
        step: u64,
    ) -> Result<()> {
        let mut all = Vec::new();
        for (name, var) in weights.vars() {
            if let Some(gradient) = gradients.get(var) {
                all.push((name, var, gradient.flatten_all()?.to_vec1::<f32>()?));
            }
        }
        let square: f64 = all.iter().flat_map(|(_, _, g)| g).map(|g| f64::from(*g).powi(2)).sum();
        let shorten = (LONGEST_GRADIENT / square.sqrt().max(1e-12)).min(1.0) as f32;
        let correction = BETA.map(|beta| 1.0 - beta.powf(step as f64));
        for (name, var, gradient) in all {
            let rate = rate * rate_scale(name);
            let mut weights: Vec<f32> = var.flatten_all()?.to_vec1()?;
            let empty = || [vec![0.0; weights.len()], vec![0.0; weights.len()]];
            let [first, second] = self.moments.entry(name.clone()).or_insert_with(empty);
            let [beta1, beta2] = BETA.map(|beta| beta as f32);
            for (((w, g), m), v) in weights.iter_mut().zip(&gradient).zip(first).zip(second) {
                let g = g * shorten;
                *m = beta1 * *m + (1.0 - beta1) * g;
                *v = beta2 * *v + (1.0 - beta2) * g * g;
                let (m, v) = (f64::from(*m) / correction[0], f64::from(*v) / correction[1]);
                *w -= (rate * (m / (v.sqrt() + EPS) + WEIGHT_DECAY * f64::from(*w))) as f32;
            }
            var.set(&Tensor::from_vec(weights, var.shape().clone(), var.device())?)?;
        }
        Ok(())
    }

    /// The state as tensors.
    ///
    /// # Errors
    /// Never for a state of its own.
    pub(super) fn tensors(&self) -> Result<HashMap<String, Tensor>> {
        let mut tensors = HashMap::new();
        for (name, moments) in &self.moments {
            for (order, values) in moments.iter().enumerate() {
                tensors.insert(format!("{name}#{order}"), Tensor::from_slice(values, values.len(), &Device::Cpu)?);
            }
        }
        Ok(tensors)
    }

    /// The state from tensors of [`Self::tensors`].
    ///
    /// # Errors
    /// If they are not vectors of numbers.
    pub(super) fn from_tensors(tensors: &HashMap<String, Tensor>) -> Result<Self> {
        let mut moments = HashMap::new();
        for (name, tensor) in tensors {
            if let Some((name, order)) = name.rsplit_once('#') {
                let entry: &mut [Vec<f32>; 2] = moments.entry(name.to_owned()).or_default();
                entry[usize::from(order == "1")] = tensor.to_vec1()?;
            }
        }
        Ok(Self { moments })
    }
}

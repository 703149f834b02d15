//! A linear probe: multinomial logistic regression on standardised features.
//!
//! The usual test of what frozen features know (Choi et al., arXiv 1703.09179, use an SVM in its place), and the head
//! that turns them into classes of somebody's own. The loss is convex, so the fit has one answer, whatever the start;
//! it is found by L-BFGS in `f64`.

mod folds;
mod lbfgs;

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};

pub use folds::{Choice, choose_l2, folds};
use lbfgs::{Descent, minimise};

/// How a probe is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Penalty on the squared weights of the standardised features, against the mean loss per row; the offsets are free.
    pub l2: f64,
    /// Lets each class count alike, however many rows it has.
    pub balanced: bool,
    /// Steps after which the fit ends even if the loss still falls.
    pub most_steps: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { l2: 1e-2, balanced: false, most_steps: 300 }
    }
}

/// A fitted probe.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    width: usize,
    /// `[classes, width]`, for features as they are: the standardisation is folded in.
    weight: Vec<f64>,
    /// `[classes]`.
    bias: Vec<f64>,
}

impl Probe {
    /// Fits `classes` classes to `rows`, all of one width; `labels[i]` is the class of `rows[i]`.
    ///
    /// # Errors
    /// No rows, rows of several widths, a value that is not finite, a label beyond the classes, fewer than two classes.
    pub fn fit(rows: &[&[f32]], labels: &[usize], classes: usize, settings: &Settings) -> Result<Self> {
        let problem = Problem::new(rows, labels, classes, settings)?;
        let start = vec![0.0; classes * (problem.scales.mean.len() + 1)];
        let descent = Descent { most_steps: settings.most_steps, ..Descent::default() };
        let found = minimise(|parameters| problem.loss(parameters), start, &descent)?;
        Ok(problem.scales.fold(&found, classes))
    }

    /// One probability per class, adding up to 1.
    ///
    /// # Errors
    /// If `row` is of another width than the rows of the fit.
    pub fn probability(&self, row: &[f32]) -> Result<Vec<f32>> {
        ensure!(row.len() == self.width, "{} features, the probe was fitted to {}", row.len(), self.width);
        let mut scores: Vec<f64> = self
            .weight
            .chunks_exact(self.width)
            .zip(&self.bias)
            .map(|(weights, bias)| bias + weights.iter().zip(row).map(|(w, &x)| w * f64::from(x)).sum::<f64>())
            .collect();
        softmax(&mut scores);
        Ok(scores.into_iter().map(|p| p as f32).collect())
    }

    /// Features per row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.bias.len()
    }

    /// `[classes, width]` row by row, for features as they are: `softmax(weight x + bias)` are the probabilities.
    pub fn weight(&self) -> &[f64] {
        &self.weight
    }

    /// `[classes]`.
    pub fn bias(&self) -> &[f64] {
        &self.bias
    }
}

/// Mean and scale of each feature.
struct Scales {
    mean: Vec<f64>,
    /// What a feature is multiplied by; 0 for one that never changes and so says nothing.
    scale: Vec<f64>,
}

impl Scales {
    fn of(rows: &[&[f32]], width: usize) -> Self {
        let count = rows.len() as f64;
        let mut mean = vec![0.0; width];
        for row in rows {
            mean.iter_mut().zip(*row).for_each(|(sum, &x)| *sum += f64::from(x) / count);
        }
        let mut variance = vec![0.0; width];
        for row in rows {
            for ((sum, &x), mean) in variance.iter_mut().zip(*row).zip(&mean) {
                *sum += (f64::from(x) - mean).powi(2) / count;
            }
        }
        let inverse = |(&variance, mean): (&f64, &f64)| {
            // Rounding leaves a constant feature with a variance of its last bits.
            let changes = variance.sqrt() > 1e-9 * mean.abs() && variance > f64::MIN_POSITIVE;
            if changes { variance.sqrt().recip() } else { 0.0 }
        };
        let scale = variance.iter().zip(&mean).map(inverse).collect();
        Self { mean, scale }
    }

    fn apply<'a>(&'a self, row: &'a [f32]) -> impl Iterator<Item = f64> + 'a {
        row.iter().zip(&self.mean).zip(&self.scale).map(|((&x, mean), scale)| (f64::from(x) - mean) * scale)
    }

    /// The probe for features as they are, from weights for standardised ones.
    fn fold(&self, parameters: &[f64], classes: usize) -> Probe {
        let width = self.mean.len();
        let (weight, bias) = parameters.split_at(classes * width);
        let folded: Vec<f64> = weight
            .chunks_exact(width)
            .flat_map(|row| row.iter().zip(&self.scale).map(|(w, scale)| w * scale))
            .collect();
        let bias = folded
            .chunks_exact(width)
            .zip(bias)
            .map(|(row, bias)| bias - row.iter().zip(&self.mean).map(|(w, mean)| w * mean).sum::<f64>())
            .collect();
        Probe { width, weight: folded, bias }
    }
}

/// What is minimised: the mean cross-entropy and the penalty.
struct Problem<'a> {
    scales: Scales,
    /// Standardised, `[rows, width]`.
    x: Tensor,
    labels: &'a [usize],
    /// What each row counts; adds up to 1.
    share: Vec<f64>,
    classes: usize,
    l2: f64,
}

impl<'a> Problem<'a> {
    fn new(rows: &[&[f32]], labels: &'a [usize], classes: usize, settings: &Settings) -> Result<Self> {
        let width = rows.first().context("a probe needs rows to be fitted to; give it some")?.len();
        ensure!(classes >= 2, "a probe needs two classes or more");
        ensure!(rows.len() == labels.len(), "{} rows but {} labels", rows.len(), labels.len());
        ensure!(rows.iter().all(|row| row.len() == width), "the rows differ in width");
        ensure!(rows.iter().all(|row| row.iter().all(|x| x.is_finite())), "a feature is not a finite number");
        let mut counts = vec![0.0; classes];
        for &label in labels {
            *counts.get_mut(label).with_context(|| format!("label {label} is beyond the {classes} classes"))? += 1.0;
        }
        let present = counts.iter().filter(|&&count| count > 0.0).count() as f64;
        let share = |&label: &usize| {
            if settings.balanced { (present * counts[label]).recip() } else { (rows.len() as f64).recip() }
        };
        let scales = Scales::of(rows, width);
        let values: Vec<f64> = rows.iter().flat_map(|row| scales.apply(row)).collect();
        Ok(Self {
            x: Tensor::from_vec(values, (rows.len(), width), &Device::Cpu)?,
            scales,
            share: labels.iter().map(share).collect(),
            labels,
            classes,
            l2: settings.l2,
        })
    }

    /// Loss and gradient at `parameters`: weights `[classes, width]`, then offsets `[classes]`.
    fn loss(&self, parameters: &[f64]) -> Result<(f64, Vec<f64>)> {
        let width = self.scales.mean.len();
        let (weight, bias) = parameters.split_at(self.classes * width);
        let w = Tensor::from_slice(weight, (self.classes, width), &Device::Cpu)?;
        let mut residual: Vec<f64> = self.x.matmul(&w.t()?)?.flatten_all()?.to_vec1()?;
        let mut loss = 0.0;
        for ((row, &label), share) in residual.chunks_exact_mut(self.classes).zip(self.labels).zip(&self.share) {
            row.iter_mut().zip(bias).for_each(|(score, bias)| *score += bias);
            softmax(row);
            loss -= share * row[label].max(f64::MIN_POSITIVE).ln();
            row[label] -= 1.0;
            row.iter_mut().for_each(|r| *r *= share);
        }
        let mut offsets = vec![0.0; self.classes];
        for row in residual.chunks_exact(self.classes) {
            offsets.iter_mut().zip(row).for_each(|(sum, r)| *sum += r);
        }
        let residual = Tensor::from_vec(residual, (self.labels.len(), self.classes), &Device::Cpu)?;
        let mut gradient: Vec<f64> = residual.t()?.matmul(&self.x)?.flatten_all()?.to_vec1()?;
        gradient.iter_mut().zip(weight).for_each(|(g, w)| *g += self.l2 * w);
        loss += 0.5 * self.l2 * weight.iter().map(|w| w * w).sum::<f64>();
        gradient.extend(offsets);
        Ok((loss, gradient))
    }
}

/// Scores to probabilities, in place.
fn softmax(scores: &mut [f64]) {
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    scores.iter_mut().for_each(|score| *score = (*score - highest).exp());
    let sum: f64 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= sum);
}

#[cfg(test)]
mod tests;

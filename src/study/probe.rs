//! A linear probe: multinomial logistic regression on standardised features.
//!
//! The usual test of what frozen features know (Choi et al., arXiv 1703.09179, use an SVM in its place), and the head
//! that turns them into classes of somebody's own. The loss is convex, so the fit has one answer, whatever the start;
//! it is found by L-BFGS in `f64`.

mod folds;
mod lbfgs;

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;

pub use folds::{Choice, choose_l2, folds};
use lbfgs::{Descent, minimise};

/// Parts of the rows that are summed up side by side. A fixed number, added up in order: the fit is the same on any machine.
const PARTS: usize = 16;
/// Sums that a product of two long rows is gathered in, so that it becomes vector code.
const LANES: usize = 8;

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
        let one_hot = |&label: &usize| -> Result<Vec<f32>> {
            let mut target = vec![0.0; classes];
            *target.get_mut(label).with_context(|| format!("label {label} is beyond the {classes} classes"))? = 1.0;
            Ok(target)
        };
        Self::fit_to(rows, &labels.iter().map(one_hot).collect::<Result<Vec<_>>>()?, classes, settings)
    }

    /// The same for rows whose class is known in shares only: `targets[i]` has one for each class, adding up to 1.
    ///
    /// # Errors
    /// As [`Self::fit`]; targets of another number of classes.
    pub fn fit_to(rows: &[&[f32]], targets: &[Vec<f32>], classes: usize, settings: &Settings) -> Result<Self> {
        let problem = Problem::new(rows, targets, classes, settings)?;
        let start = vec![0.0; classes * (problem.scales.mean.len() + 1)];
        let descent = Descent { most_steps: settings.most_steps, ..Descent::default() };
        let found = minimise(|parameters| problem.loss(parameters), start, &descent);
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
            .map(|(weights, bias)| bias + product(weights, row))
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

    fn apply<'a>(&'a self, row: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        row.iter().zip(&self.mean).zip(&self.scale).map(|((&x, mean), scale)| ((f64::from(x) - mean) * scale) as f32)
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
    x: Vec<f32>,
    /// `[rows][classes]`.
    targets: &'a [Vec<f32>],
    /// What each row counts; adds up to 1.
    share: Vec<f64>,
    classes: usize,
    l2: f64,
}

impl<'a> Problem<'a> {
    fn new(rows: &[&[f32]], targets: &'a [Vec<f32>], classes: usize, settings: &Settings) -> Result<Self> {
        let width = rows.first().context("a probe needs rows to be fitted to; give it some")?.len();
        ensure!(classes >= 2, "a probe needs two classes or more");
        ensure!(rows.len() == targets.len(), "{} rows but {} labels", rows.len(), targets.len());
        ensure!(targets.iter().all(|target| target.len() == classes), "targets are not of {classes} classes");
        ensure!(rows.iter().all(|row| row.len() == width), "the rows differ in width");
        ensure!(rows.iter().all(|row| row.iter().all(|x| x.is_finite())), "a feature is not a finite number");
        let mut counts = vec![0.0; classes];
        for target in targets {
            counts.iter_mut().zip(target).for_each(|(sum, &share)| *sum += f64::from(share));
        }
        let present = counts.iter().filter(|&&count| count > 0.0).count() as f64;
        let share = |target: &Vec<f32>| {
            let shares = target.iter().zip(&counts).filter(|(share, _)| **share > 0.0);
            let balanced = shares.map(|(&share, count)| f64::from(share) * (present * count).recip()).sum();
            if settings.balanced { balanced } else { (rows.len() as f64).recip() }
        };
        let scales = Scales::of(rows, width);
        Ok(Self {
            x: rows.iter().flat_map(|row| scales.apply(row)).collect(),
            scales,
            share: targets.iter().map(share).collect(),
            targets,
            classes,
            l2: settings.l2,
        })
    }

    /// Loss and gradient at `parameters`: weights `[classes, width]`, then offsets `[classes]`.
    fn loss(&self, parameters: &[f64]) -> (f64, Vec<f64>) {
        let weights = self.classes * self.scales.mean.len();
        let rows = self.targets.len().div_ceil(PARTS).max(1);
        let starts: Vec<usize> = (0..self.targets.len()).step_by(rows).collect();
        let part = |start: usize| self.part(start, rows, parameters);
        let parts: Vec<(f64, Vec<f64>)> = starts.into_par_iter().map(part).collect();
        let penalty: f64 = parameters[..weights].iter().map(|w| w * w).sum();
        let mut loss = 0.5 * self.l2 * penalty;
        let mut gradient: Vec<f64> = parameters.iter().map(|w| self.l2 * w).collect();
        gradient[weights..].fill(0.0);
        for (part, slope) in parts {
            loss += part;
            gradient.iter_mut().zip(slope).for_each(|(sum, g)| *sum += g);
        }
        (loss, gradient)
    }

    /// The share that up to `count` rows from `start` on have in loss and gradient. Each row is read once, while it is near.
    fn part(&self, start: usize, count: usize, parameters: &[f64]) -> (f64, Vec<f64>) {
        let width = self.scales.mean.len();
        let (weight, bias) = parameters.split_at(self.classes * width);
        let end = self.targets.len().min(start + count);
        let mut loss = 0.0;
        let mut gradient = vec![0.0; parameters.len()];
        let (slope, offsets) = gradient.split_at_mut(weight.len());
        let mut residual = vec![0.0; self.classes];
        for row in start..end {
            let (x, target, share) = (&self.x[row * width..][..width], &self.targets[row], self.share[row]);
            for ((score, weights), bias) in residual.iter_mut().zip(weight.chunks_exact(width)).zip(bias) {
                *score = bias + product(weights, x);
            }
            softmax(&mut residual);
            for (residual, &target) in residual.iter_mut().zip(target).filter(|(_, target)| **target > 0.0) {
                loss -= share * f64::from(target) * residual.max(f64::MIN_POSITIVE).ln();
                *residual -= f64::from(target);
            }
            for ((slope, offset), residual) in slope.chunks_exact_mut(width).zip(&mut *offsets).zip(&residual) {
                let factor = share * residual;
                *offset += factor;
                slope.iter_mut().zip(x).for_each(|(slope, &x)| *slope += factor * f64::from(x));
            }
        }
        (loss, gradient)
    }
}

/// The scalar product of two rows of one length.
fn product(weights: &[f64], x: &[f32]) -> f64 {
    let mut sums = [0.0; LANES];
    let (lanes, rest) = (weights.chunks_exact(LANES), weights.len() / LANES * LANES);
    for (weights, x) in lanes.zip(x.chunks_exact(LANES)) {
        for ((sum, weight), &x) in sums.iter_mut().zip(weights).zip(x) {
            *sum += weight * f64::from(x);
        }
    }
    let rest: f64 = weights[rest..].iter().zip(&x[rest..]).map(|(weight, &x)| weight * f64::from(x)).sum();
    sums.iter().sum::<f64>() + rest
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

//! So that 0.5 means 0.5: Platt's scaling (a factor and an offset on the logit) of the first output, found on `valid`
//! with every set counting alike, and folded into the last layer.

use std::collections::{BTreeMap, HashMap};

use candle_core::{Result, Tensor};

use crate::study::evaluate::vocal::Frames;

const NEWTON_STEPS: usize = 30;

/// Factor and offset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Platt {
    pub(super) factor: f64,
    pub(super) offset: f64,
}

impl Platt {
    /// Fits what the songs' frames say to what is true of them; each of `sets` (one name a song) counts alike.
    pub(super) fn fit<'a>(sets: impl Iterator<Item = &'a str>, heard: &[Frames]) -> Self {
        let sets: Vec<&str> = sets.collect();
        let mut sizes: BTreeMap<&str, f64> = BTreeMap::new();
        for (set, frames) in sets.iter().zip(heard) {
            *sizes.entry(set).or_default() += frames.probability.len() as f64;
        }
        let points: Vec<(f64, f64, f64)> = sets
            .iter()
            .zip(heard)
            .flat_map(|(set, frames)| {
                let weight = 1.0 / sizes[set];
                let each = frames.probability.iter().zip(&frames.sung);
                each.map(move |(&p, &sung)| (logit(p), f64::from(u8::from(sung)), weight))
            })
            .collect();
        Self::newton(&points)
    }

    /// Logistic regression of `(logit, truth, weight)` by Newton's method.
    fn newton(points: &[(f64, f64, f64)]) -> Self {
        let as_it_is = Self { factor: 1.0, offset: 0.0 };
        if points.iter().all(|point| point.1 > 0.0) || points.iter().all(|point| point.1 <= 0.0) {
            return as_it_is;
        }
        let (mut factor, mut offset) = (1.0, 0.0);
        for _ in 0..NEWTON_STEPS {
            let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.0, 0.0, 1e-9, 0.0, 1e-9);
            for &(z, truth, weight) in points {
                let p = 1.0 / (1.0 + (-(factor * z + offset)).exp());
                let (error, curvature) = (weight * (p - truth), weight * p * (1.0 - p));
                ga += error * z;
                gb += error;
                haa += curvature * z * z;
                hab += curvature * z;
                hbb += curvature;
            }
            let determinant = haa * hbb - hab * hab;
            if determinant.abs() < 1e-15 {
                break;
            }
            let (da, db) = ((hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant);
            factor -= da;
            offset -= db;
            if da.abs() + db.abs() < 1e-9 {
                break;
            }
        }
        // Frames that a threshold parts without error would have the factor grow for ever.
        let sane = factor.is_finite() && offset.is_finite() && factor > 0.05 && factor < 20.0;
        if sane { Self { factor, offset } } else { as_it_is }
    }

    /// Scales probabilities.
    pub(super) fn apply(self, probability: &mut [f32]) {
        for p in probability {
            *p = (1.0 / (1.0 + (-(self.factor * logit(*p) + self.offset)).exp())) as f32;
        }
    }

    /// Folds it into row 0 of `out.fc2`.
    ///
    /// # Errors
    /// If there is no such layer.
    pub(super) fn fold(self, tensors: &mut HashMap<String, Tensor>) -> Result<()> {
        for (name, offset) in [("out.fc2.weight", 0.0), ("out.fc2.bias", self.offset)] {
            let Some(tensor) = tensors.get_mut(name) else { candle_core::bail!("there is no tensor {name}") };
            let first = ((tensor.narrow(0, 0, 1)? * self.factor)? + offset)?;
            let rows = tensor.dim(0)?;
            *tensor = if rows > 1 { Tensor::cat(&[first, tensor.narrow(0, 1, rows - 1)?], 0)? } else { first };
        }
        Ok(())
    }
}

fn logit(probability: f32) -> f64 {
    let p = f64::from(probability.clamp(1e-6, 1.0 - 1e-6));
    (p / (1.0 - p)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_undoes_a_known_distortion() {
        // Frames that are sung as often as 1 / (1 + exp(-(2 z - 1))) says, in exact proportion.
        let mut points = Vec::new();
        for step in -40..=40 {
            let z = f64::from(step) / 10.0;
            let p = 1.0 / (1.0 + (-(2.0 * z - 1.0)).exp());
            points.push((z, 1.0, p));
            points.push((z, 0.0, 1.0 - p));
        }
        let Platt { factor, offset } = Platt::newton(&points);
        assert!((factor - 2.0).abs() < 1e-6 && (offset + 1.0).abs() < 1e-6, "{factor} {offset}");
        let mut scaled = [0.5];
        Platt { factor, offset }.apply(&mut scaled);
        assert!((f64::from(scaled[0]) - 1.0 / (1.0 + 1.0_f64.exp())).abs() < 1e-6, "{scaled:?}");
        assert_eq!(Platt::newton(&[(1.0, 1.0, 1.0)]), Platt { factor: 1.0, offset: 0.0 });
    }
}

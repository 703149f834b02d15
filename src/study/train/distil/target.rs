//! How a student's answers are compared with the teacher's.

use candle_core::{Device, Result, Tensor};
use serde::{Deserialize, Serialize};

use super::super::weights;
use super::lessons::Lessons;

/// The comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Binary cross-entropy of every tag.
    CrossEntropy,
    /// Squared difference of probabilities.
    Squared,
    /// Cross-entropy of the tags whose scores are bi-modal, squared difference of the others.
    Combined,
}

/// What is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Targets {
    /// The teacher's scores.
    Soft,
    /// 1 where they are above the tag's threshold, else 0.
    Hard,
}

impl Loss {
    /// As tables name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CrossEntropy => "cross-entropy",
            Self::Squared => "squared",
            Self::Combined => "combined",
        }
    }
}

impl Targets {
    /// As tables name them.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Soft => "soft",
            Self::Hard => "hard",
        }
    }
}

/// Mean targets are kept this far from 0 and 1, where logits end.
const RAREST: f32 = 1e-3;

impl Targets {
    /// What a score is learned as.
    fn of(self, score: f32, threshold: f32) -> f32 {
        match self {
            Self::Soft => score,
            Self::Hard => f32::from(u8::from(score >= threshold)),
        }
    }
}

/// The logit of each tag's mean target over the windows to learn from.
pub(super) fn odds(lessons: &Lessons, targets: Targets) -> Vec<f32> {
    let windows = lessons.train.scores.len().max(1) as f32;
    let odds = |(tag, &threshold): (usize, &f32)| {
        let sum: f32 = lessons.train.scores.iter().map(|scores| targets.of(scores[tag], threshold)).sum();
        let mean = (sum / windows).clamp(RAREST, 1.0 - RAREST);
        (mean / (1.0 - mean)).ln()
    };
    lessons.threshold.iter().enumerate().map(odds).collect()
}

/// Mean over tags and windows; `logits` are `[windows, tags]`, `scores` the teacher's of each window.
///
/// # Errors
/// Other shapes.
pub(super) fn loss(
    logits: &Tensor,
    scores: &[&[f32]],
    lessons: &Lessons,
    loss: Loss,
    targets: Targets,
) -> Result<Tensor> {
    let tags = lessons.tags.len();
    let target = |(tag, &score): (usize, &f32)| targets.of(score, lessons.threshold[tag]);
    let target: Vec<f32> = scores.iter().flat_map(|scores| scores.iter().enumerate().map(target)).collect();
    let by_entropy = |tag: usize| match loss {
        Loss::CrossEntropy => true,
        Loss::Squared => false,
        Loss::Combined => lessons.is_bimodal(tag),
    };
    each(logits, target, &(0..tags).map(by_entropy).collect::<Vec<_>>())
}

/// Cross-entropy of the tags that `by_entropy` names, squared difference of the others; the mean of all.
fn each(logits: &Tensor, target: Vec<f32>, by_entropy: &[bool]) -> Result<Tensor> {
    let windows = logits.dim(0)?;
    let share = by_entropy.iter().filter(|&&entropy| entropy).count() as f64 / by_entropy.len().max(1) as f64;
    let weight = |wanted: bool| -> Vec<f32> {
        let row = by_entropy.iter().map(|&entropy| f32::from(u8::from(entropy == wanted)));
        row.cycle().take(windows * by_entropy.len()).collect()
    };
    let entropy = (weights::loss(logits, target.clone(), weight(true))? * share)?;
    let target = Tensor::from_vec(target, logits.shape(), &Device::Cpu)?;
    let rest = Tensor::from_vec(weight(false), logits.shape(), &Device::Cpu)?;
    let squares = ((candle_nn::ops::sigmoid(logits)? - target)?.sqr()? * rest)?.mean_all()?;
    entropy + squares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tag_is_compared_in_its_way() -> Result<()> {
        // Probabilities .5 and .8; targets .25 and 0.
        let logits = Tensor::new(&[[0.0_f32, 4.0_f32.ln()]], &Device::Cpu)?;
        let value = |by: [bool; 2]| -> Result<f32> { each(&logits, vec![0.25, 0.0], &by)?.to_scalar() };
        let (entropy, squares) = ([2.0_f32.ln(), 5.0_f32.ln()], [0.0625_f32, 0.64]);
        let close = |a: f32, b: f32| assert!((a - b).abs() < 1e-5, "{a} {b}");
        close(value([true, true])?, (entropy[0] + entropy[1]) / 2.0);
        close(value([false, false])?, (squares[0] + squares[1]) / 2.0);
        close(value([true, false])?, (entropy[0] + squares[1]) / 2.0);
        Ok(())
    }
}

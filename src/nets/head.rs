//! Classes of somebody's own: a linear layer on what frozen taggers say, the recipe of "Transfer learning for music
//! classification" (Choi et al., arXiv 1703.09179) with the output layer's logits beside the embedding.
//!
//! It hears no audio: its features are the taggers' words on a window. Its card names those taggers in their order
//! (`taggers`) and carries the first one's front end, which the windows follow.

use candle_core::Result;
use candle_nn::VarBuilder;

use super::Tagging;

/// Bounds of a probability's logit. Above, an index of a library sets the bound: it keeps probabilities at half
/// precision, where everything beyond 1 - 2^-12 is 1.
const LOGITS: std::ops::RangeInclusive<f32> = -12.0..=7.5;

/// A window's features from one tagger: the logits of its probabilities (clipped), then its embedding.
pub fn features<'a>(probability: &'a [f32], embedding: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
    let logit = |&p: &f32| (p / (1.0 - p)).ln().clamp(*LOGITS.start(), *LOGITS.end());
    probability.iter().map(logit).chain(embedding.iter().copied())
}

/// See the module's text.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// `[classes, width]`, row by row.
    weight: Vec<f32>,
    /// `[width]`.
    mean: Vec<f32>,
    /// `[classes]`.
    bias: Vec<f32>,
}

impl Head {
    /// Builds the head from `weight` `[classes, width]`, `mean` `[width]` and `bias` `[classes]`.
    ///
    /// # Errors
    /// A missing tensor or one of another shape.
    pub fn new(classes: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let mean: Vec<f32> = vb.get_unchecked("mean")?.to_vec1()?;
        let weight = vb.get((classes, mean.len()), "weight")?.flatten_all()?.to_vec1()?;
        Ok(Self { weight, mean, bias: vb.get(classes, "bias")?.to_vec1()? })
    }

    /// Features that it takes.
    #[must_use]
    pub fn width(&self) -> usize {
        self.mean.len()
    }

    /// One probability per class, adding up to 1. `taggings`: each tagger's words in the order of the card, with the
    /// number of its features; one that has not spoken yet counts as its mean.
    #[must_use]
    pub fn read(&self, taggings: &[(usize, Option<&Tagging>)]) -> Vec<f32> {
        let mut row = self.mean.clone();
        let mut from = 0;
        for (width, tagging) in taggings {
            if let Some(Tagging { probability, embedding, .. }) = tagging {
                row.iter_mut().skip(from).take(*width).zip(features(probability, embedding)).for_each(|(x, f)| *x = f);
            }
            from += width;
        }
        self.classify(&row)
    }

    /// One probability per class from a row of [`Self::width`] features.
    #[must_use]
    pub fn classify(&self, row: &[f32]) -> Vec<f32> {
        let score = |(weights, bias): (&[f32], &f32)| bias + weights.iter().zip(row).map(|(w, x)| w * x).sum::<f32>();
        let mut scores: Vec<f32> = self.weight.chunks_exact(self.width().max(1)).zip(&self.bias).map(score).collect();
        let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        scores.iter_mut().for_each(|score| *score = (*score - highest).exp());
        let sum: f32 = scores.iter().sum();
        scores.iter_mut().for_each(|score| *score /= sum);
        scores
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use candle_core::{DType, Device, Tensor};

    use super::*;

    fn head(mean: &[f32]) -> Head {
        let weight = Tensor::new(&[[1.0_f32, 0.0, 0.0], [0.0, 0.0, 2.0]], &Device::Cpu).unwrap();
        let mean = Tensor::new(mean, &Device::Cpu).unwrap();
        let bias = Tensor::new(&[0.5_f32, 0.0], &Device::Cpu).unwrap();
        let tensors = HashMap::from([("weight".into(), weight), ("mean".into(), mean), ("bias".into(), bias)]);
        Head::new(2, &VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu)).unwrap()
    }

    #[test]
    fn a_silent_tagger_counts_as_its_mean() {
        let head = head(&[0.0, 0.0, 1.0]);
        let tagging = Tagging { probability: vec![0.5], embedding: vec![3.0], inner: Vec::new() };
        let logistic = |x: f32| 1.0 / (1.0 + (-x).exp());
        let read = head.read(&[(2, Some(&tagging)), (1, None)]);
        assert!((read[0] - logistic(0.5 - 2.0)).abs() < 1e-6, "{read:?}");
        assert!((read.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert_eq!(read, head.classify(&[0.0, 3.0, 1.0]));
    }

    #[test]
    fn features_stay_finite() {
        let all: Vec<f32> = features(&[0.0, 0.5, 1.0], &[7.0]).collect();
        assert_eq!(all, [-12.0, 0.0, 7.5, 7.0]);
    }

    #[test]
    fn another_shape_is_refused() {
        let tensors = HashMap::from([
            ("weight".into(), Tensor::zeros((2, 3), DType::F32, &Device::Cpu).unwrap()),
            ("mean".into(), Tensor::zeros(4, DType::F32, &Device::Cpu).unwrap()),
            ("bias".into(), Tensor::zeros(2, DType::F32, &Device::Cpu).unwrap()),
        ]);
        assert!(Head::new(2, &VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu)).is_err());
    }
}

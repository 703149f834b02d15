//! The nets that run say what the nets that learn have learned.

use candle_core::{Device, Result, Tensor};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::crnn::CrnnLearner;
use super::feed_forward::FeedForwardLearner;
use super::learner::Learner;
use super::lstm::{LstmBiLearner, LstmLearner};
use super::weights::{Weights, loss};
use crate::nets::Hears;

const MELS: usize = 40;

/// Frames `[batch, time, mels]` in dB, louder in some bands than in others.
fn frames(batch: usize, time: usize) -> Result<Tensor> {
    let noise = Tensor::randn(0.0_f32, 10.0, (batch, time, MELS), &Device::Cpu)?;
    noise.broadcast_sub(&Tensor::arange(20.0_f32, 60.0, &Device::Cpu)?)
}

/// Weights that have seen a few batches, so that no statistic is what it was at the start.
fn warmed(learner: &dyn Learner) -> Result<Weights> {
    let weights = Weights::new(learner.start(std::collections::HashMap::new(), 7)?)?;
    for _ in 0..60 {
        learner.forward(&weights, &frames(2, 20)?, Some(&mut StdRng::seed_from_u64(1)))?;
    }
    Ok(weights)
}

/// What the learner says of one sequence, as probabilities.
fn learned(learner: &dyn Learner, weights: &Weights, frames: &Tensor) -> Result<Vec<f32>> {
    let logits: Vec<f32> = learner.forward(weights, frames, None)?.flatten_all()?.to_vec1()?;
    Ok(logits.into_iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect())
}

/// What the net says that runs, hearing passes of `pass` frames.
fn running(learner: &dyn Learner, weights: &Weights, frames: &Tensor, pass: usize) -> Result<Vec<f32>> {
    let net = learner.net(&weights.tensors()?)?;
    let frames: Vec<f32> = frames.flatten_all()?.to_vec1()?;
    let mut stream = net.stream();
    let mut said = Vec::new();
    for frames in frames.chunks(pass * MELS) {
        said.extend(net.step(&mut [&mut stream], &[frames], false)?.concat());
    }
    said.extend(net.step(&mut [&mut stream], &[&[]], true)?.concat());
    Ok(said)
}

#[test]
fn the_net_that_runs_says_what_was_learned() -> Result<()> {
    let frames = frames(1, 180)?;
    let learners: [&dyn Learner; 3] = [&CrnnLearner, &LstmLearner, &LstmBiLearner];
    for learner in learners {
        let name = learner.architecture();
        let weights = warmed(learner)?;
        let learned = learned(learner, &weights, &frames)?;
        let whole = running(learner, &weights, &frames, 180)?;
        assert_eq!(whole.len(), 180, "{name}: one probability per frame");
        assert_eq!(running(learner, &weights, &frames, 7)?, whole, "{name}: whatever the passes");
        assert_eq!(running(learner, &weights, &frames, 1)?, whole, "{name}: whatever the passes");
        // The last block of `lstm_bi` hears what there is; the blocks before it hear less than the learner does.
        let (from, learned) = match name {
            "lstm_bi" => (0, &learned[..]),
            _ => (0, &learned[learner.delay_frames()..]),
        };
        for (at, (learned, whole)) in learned.iter().zip(&whole[from..]).enumerate() {
            assert!((learned - whole).abs() < 1e-4, "{name}, frame {at}: {learned} and {whole}");
        }
    }
    Ok(())
}

#[test]
fn a_net_without_recurrence_says_in_blocks_what_was_learned() -> Result<()> {
    // One block with what follows it: the learner and the net that runs then hear the same window.
    let frames = frames(1, 100)?;
    for hears in [Hears::Nearby, Hears::All] {
        let learner = FeedForwardLearner { hears };
        let weights = warmed(&learner)?;
        let learned = learned(&learner, &weights, &frames)?;
        let whole = running(&learner, &weights, &frames, 100)?;
        assert_eq!(whole.len(), 100, "{hears:?}: one probability per frame");
        assert_eq!(running(&learner, &weights, &frames, 7)?, whole, "{hears:?}: whatever the passes");
        // The last frames' block of convolutions alone hears as far as they reach, that of the other is a smaller window.
        let same = if hears == Hears::Nearby { 100 } else { 75 };
        for (at, (learned, whole)) in learned.iter().zip(&whole).enumerate().take(same) {
            assert!((learned - whole).abs() < 1e-4, "{hears:?}, frame {at}: {learned} and {whole}");
        }
    }
    Ok(())
}

#[test]
fn a_step_reaches_every_weight() -> Result<()> {
    let plain = FeedForwardLearner { hears: Hears::Nearby };
    let learners: [&dyn Learner; 4] = [&CrnnLearner, &LstmLearner, &LstmBiLearner, &plain];
    for learner in learners {
        let weights = warmed(learner)?;
        let logits = learner.forward(&weights, &frames(2, 12)?, Some(&mut StdRng::seed_from_u64(1)))?;
        let truth: Vec<f32> = (0..24).map(|frame| f32::from(u8::from(frame % 3 == 0))).collect();
        let gradients = loss(&logits, truth, vec![1.0; 24])?.backward()?;
        for (name, var) in weights.vars() {
            let Some(gradient) = gradients.get(var) else { panic!("{}: none for {name}", learner.architecture()) };
            let size = gradient.abs()?.sum_all()?.to_scalar::<f32>()?;
            assert!(size.is_finite(), "{}: {name}", learner.architecture());
            // A bias before a batch normalisation moves nothing.
            let idle = name.starts_with("conv") && name.ends_with(".bias") && !name.contains("norm");
            assert!(idle || size > 0.0, "{}: {name}", learner.architecture());
        }
    }
    Ok(())
}

//! The described nets that run say what those that learn have learned.

use rand::SeedableRng;

use super::*;
use crate::nets::compact::Group;
use crate::nets::systems::SYSTEMS;
use crate::study::spectra::Spectra;
use crate::study::train::clips::Collection;

const LABELS: usize = 5;

fn labels() -> Vec<String> {
    ["a/x", "a/y", "b/x", "b/y", "b/z"].map(str::to_owned).into()
}

/// Four clips of noise in dB, louder below.
fn spectra() -> Spectra {
    let mut rng = StdRng::seed_from_u64(4);
    let mut clip = || (0..128 * BANDS).map(|at| rng.random_range(-30.0..0.0) - (at % BANDS) as f32 / 4.0).collect();
    Spectra {
        classes: labels(),
        ids: labels()[..4].to_vec(),
        labels: vec![0; 4],
        clips: (0..4).map(|_| clip()).collect(),
        peak_db: vec![0.0; 4],
        stride: 1,
        hop_s: 30.0 / 128.0,
        embeddings: Vec::new(),
    }
}

/// Weights that have seen a few batches, so that no statistic is what it was at the start, and a sequence.
fn warmed(learner: &StackLearner, frames: usize) -> Result<(Weights, Vec<f32>)> {
    let spectra = spectra();
    let group = Group { first: 0, count: LABELS };
    let collections = vec![Collection { spectra: &spectra, group }];
    let clips = Clips { collections, labels: LABELS, teacher: 1, frames: learner.frames() };
    let weights = Weights::new(learner.start(&clips, 3)?)?;
    let all = sequences(&spectra.clips[0], 1).swap_remove(0);
    let x = Tensor::from_slice(&all[..learner.frames() * BANDS], (1, learner.frames(), BANDS), &Device::Cpu)?;
    for seed in 0..3 {
        learner.forward(&weights, &x, Some(&mut StdRng::seed_from_u64(seed)))?;
    }
    Ok((weights, all[..frames * BANDS].to_vec()))
}

#[test]
fn what_is_trained_is_what_runs() -> Result<()> {
    for system in SYSTEMS {
        let learner = StackLearner::new(system.name)?;
        // Nets of a fixed length hear one slice; the others a little more than in training.
        let frames = if learner.plan.slices { learner.frames() } else { 75 };
        let (weights, sequence) = warmed(&learner, frames)?;
        let x = Tensor::from_slice(&sequence, (1, frames, BANDS), &Device::Cpu)?;
        let logits = learner.forward(&weights, &x, None)?.labels;
        let of = |first, count| candle_nn::ops::softmax(&logits.narrow(1, first, count)?, 1)?.flatten_all()?.to_vec1();
        let trained: Vec<f32> = [of(0, 2)?, of(2, 3)?].concat();
        let run = learner.net(&labels(), &weights.tensors()?)?.tag_sequences(vec![sequence])?;
        let worst = run.probability.iter().zip(&trained).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 2e-5, "{}: {run:?} {trained:?}", system.name);
        assert_eq!(Ok(run.embedding.len()), learner.plan.embedding(), "{}", system.name);
    }
    Ok(())
}

#[test]
fn every_weight_gets_a_gradient() -> Result<()> {
    for system in SYSTEMS {
        let learner = StackLearner::new(system.name)?;
        let (weights, sequence) = warmed(&learner, 2 * learner.frames().min(64))?;
        let frames = learner.frames();
        let x = Tensor::from_slice(&sequence, (2, frames, BANDS), &Device::Cpu)?;
        let said = learner.forward(&weights, &x, Some(&mut StdRng::seed_from_u64(1)))?;
        let gradients = said.labels.sqr()?.sum_all()?.backward()?;
        for (name, var) in weights.vars() {
            let largest = gradients.get(var).map(|g| g.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()).transpose()?;
            // A block that begins as nothing passes nothing back but to what makes it something.
            let waits = name.starts_with("nonlocal") && !name.contains(".norm.weight") && !name.contains(".norm.bias");
            assert!(waits || largest.is_some_and(|g| g > 0.0), "{}: {name}: {largest:?}", system.name);
        }
    }
    Ok(())
}

#[test]
fn non_local_blocks_change_nothing_at_the_beginning_and_learn() -> Result<()> {
    let (plain, with) = (StackLearner::new("compact_cnn")?, StackLearner::new("compact_cnn_nonlocal")?);
    let (plain_weights, sequence) = warmed(&plain, 64)?;
    let mut tensors = warmed(&with, 64)?.0.tensors()?;
    tensors.extend(plain_weights.tensors()?);
    let x = Tensor::from_slice(&sequence, (1, 64, BANDS), &Device::Cpu)?;
    let said = |learner: &StackLearner, weights: &Weights| -> Result<Vec<f32>> {
        learner.forward(weights, &x, None)?.labels.flatten_all()?.to_vec1()
    };
    let weights = Weights::new(tensors.clone())?;
    assert_eq!(said(&with, &weights)?, said(&plain, &plain_weights)?);

    // Once its factor has moved, all of the block learns and what is said changes.
    let name = "nonlocal0.norm.weight";
    tensors.insert(name.to_owned(), Tensor::full(0.5_f32, 32, &Device::Cpu)?);
    let weights = Weights::new(tensors)?;
    assert_ne!(said(&with, &weights)?, said(&plain, &plain_weights)?);
    let logits = with.forward(&weights, &x, Some(&mut StdRng::seed_from_u64(1)))?.labels;
    let gradients = logits.sqr()?.sum_all()?.backward()?;
    for (name, var) in weights.vars().filter(|(name, _)| name.starts_with("nonlocal0")) {
        let largest = gradients.get(var).map(|g| g.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()).transpose()?;
        assert!(largest.is_some_and(|g| g > 0.0), "{name}: {largest:?}");
    }
    Ok(())
}

#[test]
fn a_recurrence_has_the_gradient_of_its_differences() -> Result<()> {
    let mut tensors = HashMap::new();
    for (name, shape) in [("g.input.weight", [9, 4]), ("g.recurrent.weight", [9, 3])] {
        tensors.insert(name.to_owned(), drawn(name, &shape, 4, 1)?);
    }
    tensors.insert("g.input.bias".to_owned(), Tensor::full(0.1_f32, 9, &Device::Cpu)?);
    let weights = Weights::new(tensors)?;
    let x = candle_core::Var::randn(0.0_f32, 1.0, (2, 5, 4), &Device::Cpu)?;
    let said =
        |x: &Tensor| -> Result<f64> { Ok(f64::from(gru(&weights, x, "g")?.sqr()?.sum_all()?.to_scalar::<f32>()?)) };
    let gradient = gru(&weights, &x, "g")?.sqr()?.sum_all()?.backward()?;
    let gradient: Vec<f32> = gradient.get(&x).expect("a gradient").flatten_all()?.to_vec1()?;
    let values: Vec<f32> = x.flatten_all()?.to_vec1()?;
    for at in [0, 7, 21, 39] {
        let moved = |by: f32| -> Result<f64> {
            let mut values = values.clone();
            values[at] += by;
            said(&Tensor::from_vec(values, (2, 5, 4), &Device::Cpu)?)
        };
        let difference = (moved(1e-2)? - moved(-1e-2)?) / 2e-2;
        assert!((difference - f64::from(gradient[at])).abs() < 5e-3, "{at}: {difference} {}", gradient[at]);
    }
    Ok(())
}

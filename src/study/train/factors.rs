//! A net for clips that learns latent factors in place of labels (Dieleman 2014): the first components of another net's
//! embedding, by their squared difference. What sounds alike then lies close together.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use candle_core::{Device, Tensor};
use cpu_time::ProcessTime;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::Serialize;

use super::clip_learner::ClipLearner;
use super::clip_run::ClipProgress;
use super::clips::{Clips, Collection, scaled};
use super::optimizer::rate;
use super::stack::StackLearner;
use super::state::State;
use super::weights::Weights;
use crate::nets::compact::{BANDS, Group, sequences};
use crate::study::outputs::replace;
use crate::study::spectra::Spectra;

/// Factors that are learned, as published.
pub const FACTORS: usize = 40;
/// Steps that are timed before a run whose length is given in seconds.
const TIMED_STEPS: u64 = 3;
/// Steps between two checkpoints.
const KEPT_EVERY: u64 = 100;

/// What a run does. A run resumes only with the same settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FactorSettings {
    /// A system by its name.
    pub net: String,
    /// The file that takes the weights.
    pub out: PathBuf,
    /// Steps in all.
    pub steps: u64,
    /// Everything random follows from it.
    pub seed: u64,
}

/// Trains on clips with embeddings and writes the weights to `settings.out`, the running average after the last step. `false`
/// if it was stopped; the same call resumes.
///
/// # Errors
/// Clips without embeddings, a checkpoint of another run, a full disk.
pub fn learn_factors(spectra: &Spectra, settings: &FactorSettings, progress: &impl ClipProgress) -> Result<bool> {
    let learner = StackLearner::new(&settings.net)?;
    let clips = clips(spectra, &learner)?;
    let checkpoint = settings.out.with_extension("checkpoint");
    let begin = || learner.start(&clips, settings.seed);
    let mut run = State::begin(serde_json::to_string(settings)?, &checkpoint, &Device::Cpu, begin)?;
    for number in run.standing.step + 1..=settings.steps {
        let value = step(&mut run, &learner, &clips, settings, number)?;
        if !value.is_finite() {
            bail!("the loss is no longer a number at step {number}");
        }
        progress.step(number, value);
        let stops = progress.stopped();
        if stops || number % KEPT_EVERY == 0 {
            run.checkpoint(&checkpoint)?;
        }
        if stops && number < settings.steps {
            return Ok(false);
        }
    }
    replace(&settings.out, &safetensors::serialize(run.average.iter(), None)?)?;
    Ok(true)
}

/// Processor seconds that a step takes: the mean of a few; nothing is kept.
///
/// # Errors
/// As [`learn_factors`].
pub fn factor_step_cost_s(spectra: &Spectra, settings: &FactorSettings) -> Result<f64> {
    let learner = StackLearner::new(&settings.net)?;
    let clips = clips(spectra, &learner)?;
    let begin = || learner.start(&clips, settings.seed);
    let mut run = State::begin(String::new(), &PathBuf::new(), &Device::Cpu, begin)?;
    let begun = ProcessTime::now();
    for number in 1..=TIMED_STEPS {
        step(&mut run, &learner, &clips, settings, number)?;
    }
    Ok(begun.elapsed().as_secs_f64() / TIMED_STEPS as f64)
}

/// The factors that trained weights give each clip, and the largest answer of each filter of each layer, layer by layer.
///
/// # Errors
/// A file that does not read or is of another net.
pub fn ask_factors(spectra: &Spectra, net: &str, weights: &Path) -> Result<Asked> {
    let learner = StackLearner::new(net)?;
    let tensors =
        candle_core::safetensors::load(weights, &Device::Cpu).with_context(|| weights.display().to_string())?;
    let parameters = tensors.values().map(Tensor::elem_count).sum();
    let first = tensors.get("conv0.weight").context("a net without convolutions")?;
    let first_filters = first.reshape((first.dim(0)?, ()))?.to_vec2()?;
    let weights = Weights::new(tensors)?;
    let (mut factors, mut excited) = (Vec::new(), Vec::new());
    for clip in &spectra.clips {
        let all = sequences(clip, spectra.stride);
        let mut sum = vec![0.0_f32; FACTORS];
        let mut highest: Vec<Vec<f32>> = Vec::new();
        for sequence in &all {
            let x = Tensor::from_slice(sequence, (1, sequence.len() / BANDS, BANDS), &Device::Cpu)?;
            let said = learner.forward(&weights, &x, None)?.labels.flatten_all()?.to_vec1::<f32>()?;
            sum.iter_mut().zip(said).for_each(|(sum, said)| *sum += said / all.len() as f32);
            let answers = learner.excited(&weights, &x)?;
            if highest.is_empty() {
                highest = answers;
            } else {
                let both = highest.iter_mut().flatten().zip(answers.iter().flatten());
                both.for_each(|(highest, answer)| *highest = highest.max(*answer));
            }
        }
        factors.push(sum);
        excited.push(highest);
    }
    Ok(Asked { parameters, factors, excited, first_filters })
}

/// What a net says of clips.
pub struct Asked {
    /// Number of weights.
    pub parameters: usize,
    /// `[clips][factors]`.
    pub factors: Vec<Vec<f32>>,
    /// `[clips][layers][filters]`.
    pub excited: Vec<Vec<Vec<f32>>>,
    /// The filters of the first layer: `[filters][frames * bands]`.
    pub first_filters: Vec<Vec<f32>>,
}

/// What the factors of a clip should be.
#[must_use]
pub fn true_factors(embedding: &[f32]) -> Vec<f32> {
    scaled(&embedding[..FACTORS])
}

/// The clips as a learner with as many outputs as factors takes them.
fn clips<'a>(spectra: &'a Spectra, learner: &StackLearner) -> Result<Clips<'a>> {
    let width = spectra.embeddings.first().map_or(0, Vec::len);
    ensure!(width >= FACTORS, "the clips have no embeddings of {FACTORS} values or more to learn from");
    Ok(Clips {
        collections: vec![Collection { spectra, group: Group { first: 0, count: spectra.classes.len() } }],
        labels: FACTORS.max(spectra.classes.len()),
        teacher: width,
        frames: learner.frames(),
    })
}

fn step(
    run: &mut State,
    learner: &StackLearner,
    clips: &Clips<'_>,
    settings: &FactorSettings,
    number: u64,
) -> Result<f64> {
    let mut rng = StdRng::seed_from_u64(settings.seed.wrapping_add(number.wrapping_mul(0xD1B5_4A32_D192_ED03)));
    let batch = clips.batch(learner.batch(), &mut rng);
    let heard: Vec<f32> = batch.iter().flat_map(|example| example.sequence.iter().copied()).collect();
    let heard = Tensor::from_vec(heard, (batch.len(), clips.frames, BANDS), &Device::Cpu)?;
    let wanted: Vec<f32> = batch.iter().flat_map(|example| example.teacher[..FACTORS].iter().copied()).collect();
    let wanted = Tensor::from_vec(wanted, (batch.len(), FACTORS), &Device::Cpu)?;
    let said = learner.forward(&run.weights, &heard, Some(&mut rng))?.labels.narrow(1, 0, FACTORS)?;
    let loss = (said - wanted)?.sqr()?.mean_all()?;
    run.learn(&loss, |_| 1.0, rate(learner.rate(), number, settings.steps), number)
}

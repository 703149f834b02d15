//! Distillation: students learn from real audio what a tagger says of it, window by window (arXiv 1503.02531). Nobody has
//! labelled the audio.
//!
//! | what | where |
//! |---|---|
//! | windows with the teacher's scores | [`lessons`] |
//! | what a student hears, and its net | [`student`] |
//! | how its answers are compared with the teacher's | [`target`] |
//! | its file | [`export`] |

mod export;
mod lessons;
mod student;
mod target;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use candle_core::{Device, Tensor};
use cpu_time::ProcessTime;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;
use serde::Serialize;

use super::optimizer::rate;
use super::run::Progress;
use super::state::State;
use super::weights::Weights;
use crate::nets::{Model, Net};
pub use export::publish_student;
pub(crate) use lessons::YES;
pub use lessons::{Lessons, Part};
pub use student::Hearing;
use student::Student;
use target::loss;
pub use target::{Loss, Targets};

/// Steps that are timed before a run whose length is given in seconds.
const TIMED_STEPS: u64 = 3;
/// Windows that are answered at a time.
const ASKED: usize = 32;
/// Steps between two checkpoints.
const KEPT_EVERY: u64 = 200;

/// What a run does. A run resumes only with the same settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DistilSettings {
    /// What the student hears.
    pub hearing: Hearing,
    /// How its answers are compared.
    pub loss: Loss,
    /// With what.
    pub targets: Targets,
    /// The model file to write, or for students on the waveform, the file that takes their weights.
    pub out: PathBuf,
    /// Steps in all.
    pub steps: u64,
    /// Windows in a batch.
    pub batch: usize,
    /// Peak learning rate.
    pub rate: f64,
    /// Everything random follows from it.
    pub seed: u64,
}

/// Trains a student and writes it to `settings.out`, the running average after the last step. `false` if it was stopped; the
/// same call resumes.
///
/// # Errors
/// A checkpoint of another run, a full disk.
pub fn distil(lessons: &Lessons, settings: &DistilSettings, progress: &impl Progress) -> Result<bool> {
    let student = Student::new(settings.hearing)?;
    let checkpoint = settings.out.with_extension("checkpoint");
    let begin = || student.start(lessons, settings.targets, settings.seed);
    let mut run = State::begin(serde_json::to_string(settings)?, &checkpoint, &Device::Cpu, begin)?;
    for number in run.standing.step + 1..=settings.steps {
        let value = step(&mut run, &student, lessons, settings, number)?;
        if !value.is_finite() {
            bail!("the loss is no longer a number at step {number}; start again with a smaller rate");
        }
        progress.step(number, settings.steps, value);
        let stops = progress.stopped();
        if stops || number % KEPT_EVERY == 0 {
            run.checkpoint(&checkpoint)?;
        }
        if stops && number < settings.steps {
            return Ok(false);
        }
    }
    export::export(lessons, settings, &run.average)?;
    Ok(true)
}

/// Processor seconds that a step takes, its hearing included: the mean of a few; nothing is kept.
///
/// # Errors
/// None in practice.
pub fn distil_step_cost_s(lessons: &Lessons, settings: &DistilSettings) -> Result<f64> {
    let student = Student::new(settings.hearing)?;
    let begin = || student.start(lessons, settings.targets, settings.seed);
    let mut run = State::begin(String::new(), &PathBuf::new(), &Device::Cpu, begin)?;
    let begun = ProcessTime::now();
    for number in 1..=TIMED_STEPS {
        step(&mut run, &student, lessons, settings, number)?;
    }
    Ok(begun.elapsed().as_secs_f64() / TIMED_STEPS as f64)
}

/// Parameters of a student's file, and what it says of each window that nothing is learned from: `[windows][tags]`.
///
/// # Errors
/// A file that does not read or is of another student.
pub fn ask_student(lessons: &Lessons, settings: &DistilSettings) -> Result<(usize, Vec<Vec<f32>>)> {
    let file = || settings.out.display().to_string();
    let student = Student::new(settings.hearing)?;
    let Part { windows, .. } = &lessons.valid;
    if settings.hearing == Hearing::Spectrogram {
        let model = Model::from_file(&settings.out).with_context(file)?;
        let Net::PonsTags(net) = &model.net else { bail!("{} is no student", file()) };
        let said =
            windows.par_iter().map(|&window| Ok(net.forward(&student.picture(lessons.samples(window)))?.probability));
        return Ok((model.parameters, said.collect::<Result<_>>()?));
    }
    let tensors = candle_core::safetensors::load(&settings.out, &Device::Cpu).with_context(file)?;
    let parameters = tensors.values().map(Tensor::elem_count).sum();
    let weights = Weights::new(tensors)?;
    let mut said = Vec::with_capacity(windows.len());
    for some in windows.chunks(ASKED) {
        let heard = student.heard(some.iter().map(|&window| lessons.samples(window)))?;
        said.extend(candle_nn::ops::sigmoid(&student.forward(&weights, heard, None)?)?.to_vec2::<f32>()?);
    }
    Ok((parameters, said))
}

/// One step on windows drawn at random; the loss.
fn step(run: &mut State, student: &Student, lessons: &Lessons, settings: &DistilSettings, number: u64) -> Result<f64> {
    let mut rng = StdRng::seed_from_u64(settings.seed.wrapping_add(number.wrapping_mul(0xD1B5_4A32_D192_ED03)));
    let Part { windows, scores } = &lessons.train;
    let drawn: Vec<usize> = (0..settings.batch).map(|_| rng.random_range(0..windows.len())).collect();
    let heard = student.heard(drawn.iter().map(|&at| lessons.samples(windows[at])))?;
    let logits = student.forward(&run.weights, heard, Some(&mut rng))?;
    let scores: Vec<&[f32]> = drawn.iter().map(|&at| scores[at].as_slice()).collect();
    let loss = loss(&logits, &scores, lessons, settings.loss, settings.targets)?;
    run.learn(&loss, |_| 1.0, rate(settings.rate, number, settings.steps), number)
}

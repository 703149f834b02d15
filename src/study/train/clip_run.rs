//! A run that trains a net for whole clips on labelled spectra: steps, validation, checkpoints, and the model file.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rayon::prelude::*;
use serde::Serialize;

use super::clips::{Clips, Collection, Example, FRAMES};
use super::compact::{Said, TEACHER, forward, start};
use super::export::{halved, write_model};
use super::log::Log;
use super::optimizer::rate;
use super::state::State;
use crate::listen::FrontEnd;
use crate::nets::compact::{BANDS, Group, groups, sequences};
use crate::nets::{CARD_FORMAT, Card, Compact, Score, Task};
use crate::study::outputs::replace;
use crate::study::spectra::{Spectra, collection_of};

/// How much the other net's embedding counts beside the labels.
const TEACHER_WEIGHT: f64 = 0.5;
/// What the log says of each collection.
const FIGURES: [&str; 2] = ["accuracy", "cross-entropy"];

/// What a run does. A run resumes only with the same settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClipSettings {
    /// The labelled spectra to learn from.
    pub data: Vec<PathBuf>,
    /// Those to select on; of the same collections.
    pub valid: Vec<PathBuf>,
    /// Clips, by name, that nothing is learned from.
    pub without: Vec<String>,
    /// The model file to write.
    pub out: PathBuf,
    /// Steps in all.
    pub steps: u64,
    /// Examples of 15 s in a batch.
    pub batch: usize,
    /// Peak learning rate.
    pub rate: f64,
    /// Steps from one validation to the next.
    pub validate_every: u64,
    /// Everything random follows from it.
    pub seed: u64,
}

/// How good the net is on one collection.
#[derive(Debug, Clone, Serialize)]
pub struct ClipFigures {
    /// The collection.
    pub name: String,
    /// Clips.
    pub clips: usize,
    /// Share of clips whose likeliest class is the right one.
    pub accuracy: f64,
    /// Mean of `-ln` of the right class's probability.
    pub cross_entropy: f64,
}

/// Who watches a run.
pub trait ClipProgress: Sync {
    /// A step was made.
    fn step(&self, step: u64, loss: f64);
    /// The net was measured; `best` if it beats all before.
    fn validated(&self, step: u64, figures: &[ClipFigures], best: bool);
    /// Whether to stop now, with a checkpoint.
    fn stopped(&self) -> bool;
}

/// Trains, and writes the best net to `settings.out`. `false` if it was stopped; the same call resumes.
///
/// # Errors
/// Unreadable data, a collection without its validation part, a checkpoint of another run, a full disk.
pub fn train_on_clips(settings: &ClipSettings, progress: &impl ClipProgress) -> Result<bool> {
    gemm_common::gemm::set_threading_threshold(gemm_common::gemm::DEFAULT_THREADING_THRESHOLD);
    let mut train = read(&settings.data)?;
    train.iter_mut().for_each(|(_, spectra)| spectra.leave_out(&settings.without));
    let valid = read(&settings.valid)?;
    let labels: Vec<String> = train
        .iter()
        .flat_map(|(name, spectra)| spectra.classes.iter().map(move |class| format!("{name}/{class}")))
        .collect();
    let groups = groups(&labels);
    ensure!(groups.len() == train.len(), "two --data files are parts of the same collection; give each one once");
    let held_out = valid.iter().map(|(name, spectra)| {
        let at = train.iter().position(|(_, train)| train.classes == spectra.classes);
        let at = at.with_context(|| format!("{name}: its classes are those of no --data file"))?;
        Ok((train[at].0.clone(), spectra, groups[at]))
    });
    let held_out: Vec<(String, &Spectra, Group)> = held_out.collect::<Result<_>>()?;
    let clips = Clips {
        collections: train.iter().zip(&groups).map(|((_, spectra), &group)| Collection { spectra, group }).collect(),
        labels: labels.len(),
        teacher: train.iter().find_map(|(_, spectra)| spectra.embeddings.first()).map_or(1, Vec::len),
    };

    let folder = settings.out.with_extension("run");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    replace(&folder.join("settings.json"), &serde_json::to_vec_pretty(settings)?)?;
    let checkpoint = folder.join("checkpoint.safetensors");
    let text = serde_json::to_string(settings)?;
    let mut run = State::begin(text, &checkpoint, || start(clips.labels, clips.teacher, settings.seed))?;
    let first = run.standing.step + 1;
    let mut log = Log::open(&folder.join("log.csv"), first, &FIGURES);
    for step in first..=settings.steps {
        let loss = self::step(&mut run, settings, &clips, &groups, step)?;
        if !loss.is_finite() {
            bail!("the loss is no longer a number at step {step}; start again with a smaller --rate");
        }
        progress.step(step, loss);
        let stops = progress.stopped();
        let validates = step % settings.validate_every == 0 || step == settings.steps;
        if validates {
            let net = build(&labels, &run.average)?;
            let figures = measured(&net, &held_out)?;
            let score = figures.iter().map(|figures| figures.accuracy).sum::<f64>() / figures.len().max(1) as f64;
            let best = run.measured(score)?;
            let row = |f: &ClipFigures| (f.name.clone(), vec![Some(f.accuracy), Some(f.cross_entropy)]);
            log.add(step, loss, score, &figures.iter().map(row).collect::<Vec<_>>())?;
            progress.validated(step, &figures, best);
        }
        if validates || stops {
            run.checkpoint(&checkpoint)?;
        }
        if stops && step < settings.steps {
            return Ok(false);
        }
    }
    let net = build(&labels, &halved(&run.best)?)?;
    let figures = measured(&net, &held_out)?;
    export(settings, &train, &labels, &run.best, &figures)?;
    progress.validated(run.standing.step, &figures, true);
    Ok(true)
}

/// The files with the names of their collections.
fn read(files: &[PathBuf]) -> Result<Vec<(String, Spectra)>> {
    let each = files.iter().map(|file| {
        let spectra = Spectra::read(file).with_context(|| file.display().to_string())?;
        Ok((collection_of(file), spectra))
    });
    each.collect()
}

/// How good `net` is on labelled spectra whose classes are those of `group`, and `confusion[truth][answer]`.
///
/// # Errors
/// A clip of fewer than a few seconds.
pub(crate) fn measure_clips(
    net: &Compact,
    name: &str,
    spectra: &Spectra,
    group: Group,
) -> Result<(ClipFigures, Vec<Vec<u32>>)> {
    measure(name, spectra, group, |clip| Ok(net.tag(sequences(&spectra.clips[clip], spectra.stride))?.probability))
}

/// The same of whatever says a probability for each label of a clip, given by its number.
///
/// # Errors
/// As what it says.
pub(crate) fn measure(
    name: &str,
    spectra: &Spectra,
    group: Group,
    say: impl Fn(usize) -> Result<Vec<f32>> + Sync,
) -> Result<(ClipFigures, Vec<Vec<u32>>)> {
    let one = |(clip, &label): (usize, &usize)| -> Result<(usize, f64)> {
        let said = say(clip)?;
        let said = &said[group.first..][..group.count];
        let best = (0..said.len()).max_by(|&a, &b| said[a].total_cmp(&said[b])).unwrap_or_default();
        Ok((best, -f64::from(said[label].max(1e-9)).ln()))
    };
    let each: Vec<(usize, f64)> =
        (0..spectra.clips.len()).into_par_iter().zip(&spectra.labels).map(one).collect::<Result<_>>()?;
    let mut confusion = vec![vec![0; group.count]; group.count];
    each.iter().zip(&spectra.labels).for_each(|((answer, _), &truth)| confusion[truth][*answer] += 1);
    let clips = each.len();
    let right: u32 = (0..group.count).map(|class| confusion[class][class]).sum();
    let figures = ClipFigures {
        name: name.to_owned(),
        clips,
        accuracy: f64::from(right) / clips.max(1) as f64,
        cross_entropy: each.iter().map(|(_, entropy)| entropy).sum::<f64>() / clips.max(1) as f64,
    };
    Ok((figures, confusion))
}

fn measured(net: &Compact, held_out: &[(String, &Spectra, Group)]) -> Result<Vec<ClipFigures>> {
    let each = held_out.iter().map(|(name, spectra, group)| measure_clips(net, name, spectra, *group));
    each.map(|measured| measured.map(|(figures, _)| figures)).collect()
}

fn build(labels: &[String], tensors: &HashMap<String, Tensor>) -> Result<Compact> {
    Ok(Compact::new(labels, &VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu))?)
}

/// One step on a batch; the loss.
fn step(state: &mut State, settings: &ClipSettings, clips: &Clips<'_>, groups: &[Group], step: u64) -> Result<f64> {
    let mut rng = StdRng::seed_from_u64(settings.seed.wrapping_add(step.wrapping_mul(0xD1B5_4A32_D192_ED03)));
    let batch = clips.batch(settings.batch, &mut rng);
    let join = |part: fn(&Example) -> &Vec<f32>| batch.iter().flat_map(part).copied().collect::<Vec<f32>>();
    let sequences = Tensor::from_vec(join(|e| &e.sequence), (batch.len(), FRAMES, BANDS), &Device::Cpu)?;
    let said = forward(&state.weights, &sequences, Some(&mut rng))?;
    let loss = loss(&said, &batch, groups)?;
    state.learn(&loss, |_| 1.0, rate(settings.rate, step, settings.steps), step)
}

/// Cross-entropy within each clip's collection, and the squared distance to the other net's embedding where there is one.
fn loss(said: &Said, batch: &[Example], groups: &[Group]) -> Result<Tensor> {
    let rows = batch.len();
    let truth: Vec<f32> = batch.iter().flat_map(|example| example.truth.iter().copied()).collect();
    let truth = Tensor::from_vec(truth, (rows, ()), &Device::Cpu)?;
    let mut sum = Tensor::zeros((), DType::F32, &Device::Cpu)?;
    for group in groups {
        let narrow = |x: &Tensor| x.narrow(1, group.first, group.count);
        let log = candle_nn::ops::log_softmax(&narrow(&said.labels)?, 1)?;
        sum = (sum - (log * narrow(&truth)?)?.sum_all()?)?;
    }
    let taught: Vec<f32> = batch.iter().map(|example| f32::from(u8::from(!example.teacher.is_empty()))).collect();
    let width = said.teacher.dim(1)?;
    let teacher = batch.iter().flat_map(|example| {
        let values = example.teacher.iter().copied();
        values.chain(std::iter::repeat_n(0.0, width - example.teacher.len()))
    });
    let teacher = Tensor::from_vec(teacher.collect::<Vec<f32>>(), (rows, width), &Device::Cpu)?;
    let distance = (&said.teacher - teacher)?.sqr()?.mean(1)?;
    let distance = (distance * Tensor::from_vec(taught, rows, &Device::Cpu)?)?.sum_all()?;
    Ok(((sum + (distance * TEACHER_WEIGHT)?)? / rows as f64)?)
}

fn export(
    settings: &ClipSettings,
    train: &[(String, Spectra)],
    labels: &[String],
    best: &HashMap<String, Tensor>,
    figures: &[ClipFigures],
) -> Result<()> {
    let name = settings.out.file_stem().map_or_else(|| "genre".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let sets: Vec<String> = train.iter().map(|(name, s)| format!("{name} {} clips", s.clips.len())).collect();
    let scores = figures.iter().flat_map(|f| {
        let data = format!("{}, valid, {} clips as spectra (selected on it)", f.name, f.clips);
        let score = |metric: &str, value: f64| Score {
            data: data.clone(),
            metric: metric.to_owned(),
            value: (value * 1e4).round() / 1e4,
        };
        [score("accuracy", f.accuracy), score("cross-entropy", f.cross_entropy)]
    });
    let card = Card {
        format: CARD_FORMAT,
        name,
        architecture: "compact".to_owned(),
        task: Task::Tags,
        description: "Genres of several collections from coarse, wide log-mel frames".to_owned(),
        front_end: FrontEnd::wide_mel_128(),
        labels: labels.to_vec(),
        voice: Vec::new(),
        look_ahead_frames: 0,
        taggers: Vec::new(),
        licence: "MIT".to_owned(),
        attribution: "the Earmark developers".to_owned(),
        source: "Earmark".to_owned(),
        training_data: format!(
            "{} (split train), {} steps of {} examples of 15 s, shifted, coloured, masked and mixed, seed {}",
            sets.join(", "),
            settings.steps,
            settings.batch,
            settings.seed
        ),
        provenance: None,
        scores: scores.collect(),
    };
    // The layer that answers for the other net is not part of the net that runs.
    write_model(&settings.out, &card, best.iter().filter(|(name, _)| !name.starts_with(TEACHER)))
}

//! A run that trains a net for whole clips on labelled spectra: steps, validation, checkpoints, and the model file.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use candle_core::{DType, Device, Tensor};
use cpu_time::ProcessTime;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rayon::prelude::*;
use serde::Serialize;

use super::clip_learner::{ClipLearner, Said, learner};
use super::clips::{Clips, Collection, Example};
use super::compact::TEACHER;
use super::export::{halved, write_model};
use super::log::Log;
use super::optimizer::rate;
use super::state::State;
use crate::listen::FrontEnd;
use crate::nets::compact::{BANDS, Group, groups, sequences};
use crate::nets::{CARD_FORMAT, Card, Net, Score, Task};
use crate::study::outputs::{replace, stem};
use crate::study::spectra::{Spectra, collection_of};

/// How much the other net's embedding counts beside the labels.
const TEACHER_WEIGHT: f64 = 0.5;
/// Steps that are timed, at least, before a run whose length is given in seconds.
const TIMED_STEPS: u64 = 4;
/// Processor seconds for which steps are timed, at least: the cheapest of a few short ones is a matter of luck.
const TIMED_S: f64 = 2.0;
/// What the log says of each collection.
const FIGURES: [&str; 2] = ["accuracy", "cross-entropy"];

/// What a run does. A run resumes only with the same settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClipSettings {
    /// What is trained: `compact`, or a system by its name.
    pub net: String,
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
    /// Examples in a batch; the net's own number if `None`.
    pub batch: Option<usize>,
    /// Peak learning rate; the net's own if `None`.
    pub rate: Option<f64>,
    /// Whether a net that can learns another net's embeddings, too, where the files have them.
    pub teacher: bool,
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

/// The spectra of a run.
pub struct Material {
    train: Vec<(String, Spectra)>,
    valid: Vec<(String, Spectra)>,
}

impl Material {
    /// Reads the files that `settings` name.
    ///
    /// # Errors
    /// A file that does not read.
    pub fn read(settings: &ClipSettings) -> Result<Self> {
        let mut train = read(&settings.data)?;
        train.iter_mut().for_each(|(_, spectra)| spectra.leave_out(&settings.without));
        Ok(Self { train, valid: read(&settings.valid)? })
    }

    /// The name of its one collection, and the part to measure on.
    ///
    /// # Errors
    /// If there are several collections.
    pub(crate) fn only(&self) -> Result<(&str, &Spectra)> {
        match (self.train.as_slice(), self.valid.as_slice()) {
            ([(name, _)], [(_, valid)]) => Ok((name, valid)),
            _ => bail!("a table is of one collection; name one file with --data and one with --valid"),
        }
    }

    /// The part to learn from and the part to measure on of its one collection.
    ///
    /// # Errors
    /// If there are several collections, or the classes differ.
    pub(crate) fn both(&self) -> Result<(&Spectra, &Spectra)> {
        let (name, valid) = self.only()?;
        let train = &self.train[0].1;
        ensure!(train.classes == valid.classes, "{name}: the two parts have different classes");
        Ok((train, valid))
    }

    /// Clips to learn from and to measure on.
    pub(crate) fn sizes(&self) -> [usize; 2] {
        [&self.train, &self.valid].map(|part| part.iter().map(|(_, spectra)| spectra.clips.len()).sum())
    }

    /// Examples of a batch in a run.
    ///
    /// # Errors
    /// If there is no such net.
    pub(crate) fn examples(&self, settings: &ClipSettings) -> Result<usize> {
        Ok(settings.batch.unwrap_or(learner(&settings.net)?.batch()))
    }

    /// `collection/class` of all collections to learn from.
    fn labels(&self) -> Vec<String> {
        let classes = |(name, spectra): &(String, Spectra)| -> Vec<String> {
            spectra.classes.iter().map(|class| format!("{name}/{class}")).collect()
        };
        self.train.iter().flat_map(classes).collect()
    }

    /// Each collection to select on with its labels among all.
    fn held_out(&self, groups: &[Group]) -> Result<Vec<(String, &Spectra, Group)>> {
        ensure!(
            groups.len() == self.train.len(),
            "two --data files are parts of the same collection; give each one once"
        );
        let one = |(name, spectra): &'_ (String, Spectra)| -> Result<(String, Group)> {
            let at = self.train.iter().position(|(_, train)| train.classes == spectra.classes);
            let at = at.with_context(|| format!("{name}: its classes are those of no --data file"))?;
            Ok((self.train[at].0.clone(), groups[at]))
        };
        self.valid.iter().map(|part| one(part).map(|(name, group)| (name, &part.1, group))).collect()
    }

    fn clips(&self, groups: &[Group], learner: &dyn ClipLearner) -> Clips<'_> {
        let collections = self.train.iter().zip(groups);
        Clips {
            collections: collections.map(|((_, spectra), &group)| Collection { spectra, group }).collect(),
            labels: groups.iter().map(|group| group.count).sum(),
            teacher: self.train.iter().find_map(|(_, spectra)| spectra.embeddings.first()).map_or(1, Vec::len),
            frames: learner.frames(),
        }
    }
}

/// Trains, and writes the best net to `settings.out`. `false` if it was stopped; the same call resumes.
///
/// # Errors
/// Unreadable data, a collection without its validation part, a checkpoint of another run, a full disk.
pub fn train_on_clips(settings: &ClipSettings, progress: &impl ClipProgress) -> Result<bool> {
    train_on(&Material::read(settings)?, settings, progress)
}

/// The same on material that is at hand.
///
/// # Errors
/// As [`train_on_clips`].
pub fn train_on(material: &Material, settings: &ClipSettings, progress: &impl ClipProgress) -> Result<bool> {
    gemm::set_threading_threshold(gemm::DEFAULT_THREADING_THRESHOLD);
    let learner = learner(&settings.net)?;
    let labels = material.labels();
    let groups = groups(&labels);
    let held_out = material.held_out(&groups)?;
    let clips = material.clips(&groups, &*learner);

    let folder = settings.out.with_extension("run");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    replace(&folder.join("settings.json"), &serde_json::to_vec_pretty(settings)?)?;
    let checkpoint = folder.join("checkpoint.safetensors");
    let text = serde_json::to_string(settings)?;
    let mut run = State::begin(text, &checkpoint, &Device::Cpu, || learner.start(&clips, settings.seed))?;
    let first = run.standing.step + 1;
    let mut log = Log::open(&folder.join("log.csv"), first, &FIGURES);
    for step in first..=settings.steps {
        let loss = self::step(&mut run, settings, &*learner, &clips, &groups, step)?;
        if !loss.is_finite() {
            bail!("the loss is no longer a number at step {step}; start again with a smaller --rate");
        }
        progress.step(step, loss);
        let stops = progress.stopped();
        let validates = step % settings.validate_every == 0 || step == settings.steps;
        if validates {
            let net = learner.net(&labels, &run.average)?;
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
    let net = learner.net(&labels, &halved(&run.best)?)?;
    let figures = measured(&net, &held_out)?;
    export(settings, &*learner, material, &labels, &run.best, &figures)?;
    progress.validated(run.standing.step, &figures, true);
    Ok(true)
}

/// Processor seconds that a step of this run takes, the least of a few; nothing is kept.
///
/// # Errors
/// As [`train_on_clips`].
pub fn step_cost_s(material: &Material, settings: &ClipSettings) -> Result<f64> {
    gemm::set_threading_threshold(gemm::DEFAULT_THREADING_THRESHOLD);
    let learner = learner(&settings.net)?;
    let groups = groups(&material.labels());
    let clips = material.clips(&groups, &*learner);
    let mut run = State::begin(String::new(), &PathBuf::new(), &Device::Cpu, || learner.start(&clips, settings.seed))?;
    let (mut least, mut spent, mut number) = (f64::INFINITY, 0.0, 0);
    while number < TIMED_STEPS || spent < TIMED_S {
        number += 1;
        let begun = ProcessTime::now();
        step(&mut run, settings, &*learner, &clips, &groups, number)?;
        let cost = begun.elapsed().as_secs_f64();
        (least, spent) = (least.min(cost), spent + cost);
    }
    Ok(least)
}

/// The files with the names of their collections.
fn read(files: &[PathBuf]) -> Result<Vec<(String, Spectra)>> {
    let each = files.iter().map(|file| {
        let spectra = Spectra::read(file).with_context(|| file.display().to_string())?;
        Ok((collection_of(file), spectra))
    });
    each.collect()
}

/// What a net said of a clip.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClipAnswer {
    /// The likeliest class.
    pub(crate) class: usize,
    /// `-ln` of the right class's probability.
    pub(crate) entropy: f64,
}

/// What `net` says of labelled spectra whose classes are those of `group`.
///
/// # Errors
/// A clip of fewer than a few seconds.
pub(crate) fn ask_clips(net: &Net, spectra: &Spectra, group: Group) -> Result<Vec<ClipAnswer>> {
    ask(spectra, group, |clip| Ok(net.tag_sequences(sequences(&spectra.clips[clip], spectra.stride))?.probability))
}

/// The same of whatever says a probability for each label of a clip, given by its number.
///
/// # Errors
/// As what it says.
pub(crate) fn ask(
    spectra: &Spectra,
    group: Group,
    say: impl Fn(usize) -> Result<Vec<f32>> + Sync,
) -> Result<Vec<ClipAnswer>> {
    let one = |(clip, &label): (usize, &usize)| -> Result<ClipAnswer> {
        let said = say(clip)?;
        let said = &said[group.first..][..group.count];
        let class = (0..said.len()).max_by(|&a, &b| said[a].total_cmp(&said[b])).unwrap_or_default();
        Ok(ClipAnswer { class, entropy: -f64::from(said[label].max(1e-9)).ln() })
    };
    (0..spectra.clips.len()).into_par_iter().zip(&spectra.labels).map(one).collect()
}

impl ClipFigures {
    /// Of what was said of the clips of `spectra`.
    pub(crate) fn of(name: &str, spectra: &Spectra, answers: &[ClipAnswer]) -> Self {
        let clips = answers.len();
        let right = answers.iter().zip(&spectra.labels).filter(|(answer, label)| answer.class == **label).count();
        Self {
            name: name.to_owned(),
            clips,
            accuracy: right as f64 / clips.max(1) as f64,
            cross_entropy: answers.iter().map(|answer| answer.entropy).sum::<f64>() / clips.max(1) as f64,
        }
    }
}

fn measured(net: &Net, held_out: &[(String, &Spectra, Group)]) -> Result<Vec<ClipFigures>> {
    let each = held_out.iter();
    each.map(|(name, spectra, group)| Ok(ClipFigures::of(name, spectra, &ask_clips(net, spectra, *group)?))).collect()
}

/// One step on a batch; the loss.
fn step(
    state: &mut State,
    settings: &ClipSettings,
    learner: &dyn ClipLearner,
    clips: &Clips<'_>,
    groups: &[Group],
    step: u64,
) -> Result<f64> {
    let mut rng = StdRng::seed_from_u64(settings.seed.wrapping_add(step.wrapping_mul(0xD1B5_4A32_D192_ED03)));
    let batch = clips.batch(settings.batch.unwrap_or_else(|| learner.batch()), &mut rng);
    let join = |part: fn(&Example) -> &Vec<f32>| batch.iter().flat_map(part).copied().collect::<Vec<f32>>();
    let sequences = Tensor::from_vec(join(|e| &e.sequence), (batch.len(), clips.frames, BANDS), &Device::Cpu)?;
    let said = learner.forward(&state.weights, &sequences, Some(&mut rng))?;
    let loss = loss(&said, &batch, groups, settings.teacher)?;
    let peak = settings.rate.unwrap_or_else(|| learner.rate());
    state.learn(&loss, |_| 1.0, rate(peak, step, settings.steps), step)
}

/// Cross-entropy within each clip's collection, and the squared distance to the other net's embedding where there is one.
fn loss(said: &Said, batch: &[Example], groups: &[Group], taught: bool) -> Result<Tensor> {
    let rows = batch.len();
    let truth: Vec<f32> = batch.iter().flat_map(|example| example.truth.iter().copied()).collect();
    let truth = Tensor::from_vec(truth, (rows, ()), &Device::Cpu)?;
    let mut sum = Tensor::zeros((), DType::F32, &Device::Cpu)?;
    for group in groups {
        let narrow = |x: &Tensor| x.narrow(1, group.first, group.count);
        let log = candle_nn::ops::log_softmax(&narrow(&said.labels)?, 1)?;
        sum = (sum - (log * narrow(&truth)?)?.sum_all()?)?;
    }
    let answer = match &said.teacher {
        Some(answer) if taught => answer,
        _ => return Ok((sum / rows as f64)?),
    };
    let taught: Vec<f32> = batch.iter().map(|example| f32::from(u8::from(!example.teacher.is_empty()))).collect();
    let width = answer.dim(1)?;
    let teacher = batch.iter().flat_map(|example| {
        let values = example.teacher.iter().copied();
        values.chain(std::iter::repeat_n(0.0, width - example.teacher.len()))
    });
    let teacher = Tensor::from_vec(teacher.collect::<Vec<f32>>(), (rows, width), &Device::Cpu)?;
    let distance = (answer - teacher)?.sqr()?.mean(1)?;
    let distance = (distance * Tensor::from_vec(taught, rows, &Device::Cpu)?)?.sum_all()?;
    Ok(((sum + (distance * TEACHER_WEIGHT)?)? / rows as f64)?)
}

fn export(
    settings: &ClipSettings,
    learner: &dyn ClipLearner,
    material: &Material,
    labels: &[String],
    best: &HashMap<String, Tensor>,
    figures: &[ClipFigures],
) -> Result<()> {
    let name = stem(&settings.out);
    let sets: Vec<String> = material.train.iter().map(|(name, s)| format!("{name} {} clips", s.clips.len())).collect();
    let scores = figures.iter().flat_map(|f| {
        let selected =
            if settings.validate_every < settings.steps { "selected on it" } else { "nothing selected on it" };
        let data = format!("{}, valid, {} clips as spectra ({selected})", f.name, f.clips);
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
        architecture: learner.architecture().to_owned(),
        task: Task::Tags,
        description: learner.description(),
        front_end: FrontEnd::wide_mel_128(),
        labels: labels.to_vec(),
        voice: Vec::new(),
        look_ahead_frames: 0,
        members: Vec::new(),
        taggers: Vec::new(),
        licence: "MIT".to_owned(),
        attribution: learner.attribution(),
        source: learner.source().to_owned(),
        training_data: format!(
            "{} (split train), {} steps of {} examples of {} frames, shifted, coloured, masked and mixed, seed {}",
            sets.join(", "),
            settings.steps,
            settings.batch.unwrap_or_else(|| learner.batch()),
            learner.frames(),
            settings.seed
        ),
        provenance: None,
        scores: scores.collect(),
    };
    // The layer that answers for the other net is not part of the net that runs.
    write_model(&settings.out, &card, best.iter().filter(|(name, _)| !name.starts_with(TEACHER)))
}

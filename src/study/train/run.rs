//! The run: steps, validation, checkpoints, and the model file at the end.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use anyhow::{Context, Result, bail, ensure};
use candle_core::{Device, Tensor};
use cpu_time::ProcessTime;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rayon::prelude::*;

use super::calibrate::Platt;
use super::corpus::Song;
use super::export::{blank_card, export, halved};
use super::learner::{LABELS, Learner, Origin};
use super::log::{Log, Row};
use super::optimizer::rate;
use super::scene::{Example, Stage, front_end_rows};
use super::settings::Settings;
use super::state::State;
use super::validate::{Validation, score};
use super::weights::{is_fixed, loss};
use crate::listen::FrontEnd;
use crate::nets::registry::read_card;
use crate::nets::{Card, Model, Net, Task};
use crate::study::evaluate::index::{self, Entry};
use crate::study::evaluate::vocal::{Figures, Frames, Report};
use crate::study::outputs::replace;

/// Shares of the way from the first weights to the best that are tried at the end.
const WAYS: [f64; 6] = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5];
/// What the log says of each set.
const FIGURES: [&str; 4] = ["AUC", "accuracy", "false alarms", "calibration error"];
/// Batches that wait ready.
const AHEAD: usize = 3;
/// Steps that are timed before a run whose length is given in seconds.
const TIMED_STEPS: u64 = 3;

/// Who watches a run.
pub trait Progress: Sync {
    /// `done` of `all` songs are read.
    fn reading(&self, done: usize, all: usize);
    /// A step was made.
    fn step(&self, step: u64, steps: u64, loss: f64);
    /// The net was measured; `best` if it beats all before.
    fn validated(&self, step: u64, report: &Report, score: f64, best: bool);
    /// Whether to stop now, with a checkpoint.
    fn stopped(&self) -> bool;
}

/// Trains on `device`, and writes the best net to `settings.out`. `false` if it was stopped; the same call resumes.
///
/// # Errors
/// Unreadable data, a model that cannot be trained, a checkpoint of another run, a full disk.
pub fn train(settings: &Settings, device: &Device, progress: &impl Progress) -> Result<bool> {
    // What is wrong with the settings is said before all songs are read.
    ready(settings, settings.learner().as_ref(), device)?;
    let songs = Songs::read(&settings.data, &|done, all| progress.reading(done, all))?;
    train_on_songs(&songs, settings, device, progress)
}

/// The same on songs that are at hand.
///
/// # Errors
/// As [`train`].
pub fn train_on_songs(songs: &Songs, settings: &Settings, device: &Device, progress: &impl Progress) -> Result<bool> {
    gemm::set_threading_threshold(gemm::DEFAULT_THREADING_THRESHOLD);
    let learner = settings.learner();
    let learner = learner.as_ref();
    let (init, init_card) = ready(settings, learner, device)?;
    let folder = settings.out.with_extension("run");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let checkpoint_path = folder.join("checkpoint.safetensors");

    let text = serde_json::to_string(settings)?;
    let mut run = State::begin(text, &checkpoint_path, device, || learner.start(init, settings.seed))?;
    let first = run.standing.step + 1;
    let Songs { train: songs, sets, valid } = songs;
    let validation = Validation::new(learner.front_end(), valid);
    replace(&folder.join("settings.json"), &serde_json::to_vec_pretty(&Facts::new(settings, sets))?)?;
    let mut log = Log::open(&folder.join("log.csv"), first, &FIGURES);
    let stage = Stage::new(songs);
    let front_end = learner.front_end();
    let finished = std::thread::scope(|scope| -> Result<bool> {
        let (sender, batches) = mpsc::sync_channel::<Vec<Example>>(AHEAD);
        let (stage, front_end) = (&stage, &front_end);
        scope.spawn(move || {
            for step in first..=settings.steps {
                if sender.send(batch(stage, settings, learner, front_end, step)).is_err() {
                    return;
                }
            }
        });
        for step in first..=settings.steps {
            let batch = batches.recv().context("the scenes ended early")?;
            let value = self::step(&mut run, settings, learner, batch, step)?;
            if !value.is_finite() {
                bail!("the loss is no longer a number at step {step}; start again with a smaller --rate");
            }
            progress.step(step, settings.steps, value);
            let stops = progress.stopped();
            let validates = step % settings.validate_every == 0 || step == settings.steps;
            if validates {
                let report = validation.report("training", validation.heard(learner, &run.average)?);
                let score = score(&report);
                let is_best = run.measured(score)?;
                log.add(step, value, score, &rows(&report))?;
                progress.validated(step, &report, score, is_best);
            }
            if validates || stops {
                run.checkpoint(&checkpoint_path)?;
            }
            let patient = settings.patience == 0 || run.standing.waited < settings.patience;
            if !patient {
                return Ok(true);
            }
            if stops && step < settings.steps {
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    if finished {
        let start = learner.start(read_init(settings, learner)?.0, settings.seed)?;
        let Ending { tensors, report, share } = ending(settings, learner, &start, &run.best, &validation)?;
        export(settings, learner, &init_card, &tensors, &report, &format!("{sets}; {share}"))?;
        progress.validated(run.standing.step, &report, score(&report), true);
    }
    Ok(finished)
}

/// What a run ends in.
struct Ending {
    tensors: HashMap<String, Tensor>,
    report: Report,
    /// How far it is from where it began, for the card.
    share: String,
}

/// The best of the nets on the straight line from where the run began to its best, each calibrated if asked for: part of the way is
/// often better on what neither has heard (arXiv 2109.01903). A run that began at random goes all the way.
fn ending(
    settings: &Settings,
    learner: &dyn Learner,
    start: &HashMap<String, Tensor>,
    best: &HashMap<String, Tensor>,
    validation: &Validation<'_>,
) -> Result<Ending> {
    let began_trained = matches!(learner.origin(), Origin::Model);
    let shares: &[f64] = if began_trained { &WAYS } else { &WAYS[..1] };
    let mut most: Option<(f64, f64, HashMap<String, Tensor>)> = None;
    for &share in shares {
        let mut tensors = blended(start, best, share)?;
        let mut heard = validation.heard(learner, &tensors)?;
        let platt = if settings.calibrates {
            Platt::fit(validation.sets(), &heard)
        } else {
            Platt { factor: 1.0, offset: 0.0 }
        };
        heard.iter_mut().for_each(|frames| platt.apply(&mut frames.probability));
        let score = score(&validation.report("training", heard));
        if most.as_ref().is_none_or(|(most, ..)| score > *most) {
            platt.fold(&mut tensors)?;
            most = Some((score, share, tensors));
        }
    }
    let (_, share, tensors) = most.context("there is nothing to end in")?;
    let report = validation.report("training", validation.heard(learner, &halved(&tensors)?)?);
    Ok(Ending { tensors, report, share: format!("{share:.1} of the way from the first weights to the best") })
}

/// `start + share (end - start)`; statistics are those of `end`.
fn blended(
    start: &HashMap<String, Tensor>,
    end: &HashMap<String, Tensor>,
    share: f64,
) -> Result<HashMap<String, Tensor>> {
    let blend = |(name, end): (&String, &Tensor)| {
        let blended = match start.get(name) {
            Some(start) if !is_fixed(name) => {
                let start = start.to_dtype(end.dtype())?;
                ((start * (1.0 - share))? + (end * share)?)?
            }
            _ => end.clone(),
        };
        Ok((name.clone(), blended))
    };
    end.iter().map(blend).collect()
}

/// The scenes of a step, the same for the same seed.
fn batch(
    stage: &Stage<'_>,
    settings: &Settings,
    learner: &dyn Learner,
    front_end: &FrontEnd,
    step: u64,
) -> Vec<Example> {
    let example = |scene: usize| {
        let number = (step - 1) * settings.batch as u64 + scene as u64;
        let scene = stage.scene(settings.seed, number);
        scene.heard(front_end, learner.outputs(), learner.delay_frames())
    };
    (0..settings.batch).map(example).collect()
}

/// Processor seconds that a step of this run takes, its scenes included: the mean of a few, because scenes differ;
/// nothing is kept.
///
/// # Errors
/// As [`train`].
pub fn voice_step_cost_s(songs: &Songs, settings: &Settings) -> Result<f64> {
    gemm::set_threading_threshold(gemm::DEFAULT_THREADING_THRESHOLD);
    let learner = settings.learner();
    let learner = learner.as_ref();
    let (init, _) = ready(settings, learner, &Device::Cpu)?;
    let begin = || learner.start(init, settings.seed);
    let mut run = State::begin(String::new(), &PathBuf::new(), &Device::Cpu, begin)?;
    let stage = Stage::new(&songs.train);
    let front_end = learner.front_end();
    let begun = ProcessTime::now();
    for number in 1..=TIMED_STEPS {
        let scenes = batch(&stage, settings, learner, &front_end, number);
        step(&mut run, settings, learner, scenes, number)?;
    }
    Ok(begun.elapsed().as_secs_f64() / TIMED_STEPS as f64)
}

/// What a voice net says of each song that nothing is learned from, beside the truth.
///
/// # Errors
/// No voice net, or one whose voice is not its first label.
pub fn hear_songs(songs: &Songs, model: &Model) -> Result<Vec<Frames>> {
    let Model { card, net: Net::Vocal(net), .. } = model else { bail!("{} is no voice net", model.card.name) };
    ensure!(
        card.voice.is_empty() || card.voice == card.labels[..1],
        "{} names its voice by other labels than its first; it cannot be compared",
        card.name
    );
    Validation::new(card.front_end.clone(), &songs.valid).heard_by(net)
}

/// One step on a batch; the loss.
fn step(state: &mut State, settings: &Settings, learner: &dyn Learner, batch: Vec<Example>, step: u64) -> Result<f64> {
    let front_end = learner.front_end();
    let shape = (batch.len(), front_end_rows(&front_end), front_end.n_mels);
    let join = |part: fn(&Example) -> &Vec<f32>| batch.iter().flat_map(part).copied().collect::<Vec<f32>>();
    let frames = Tensor::from_vec(join(|example| &example.frames), shape, &state.weights.device())?;
    let mut rng = StdRng::seed_from_u64(settings.seed.wrapping_add(step.wrapping_mul(0xD1B5_4A32_D192_ED03)));
    let logits = learner.forward(&state.weights, &frames, Some(&mut rng))?;
    let loss = loss(&logits, join(|example| &example.target), join(|example| &example.weight))?;
    state.learn(&loss, |name| learner.rate_scale(name), rate(settings.rate, step, settings.steps), step)
}

/// The tensors and the card of the model to start from; no tensors for a net that starts from nothing.
fn read_init(settings: &Settings, learner: &dyn Learner) -> Result<(HashMap<String, Tensor>, Card)> {
    if let Origin::Nothing { attribution, source } = learner.origin() {
        return Ok((HashMap::new(), blank_card(learner, attribution, source)));
    }
    let path = settings.init.display();
    let bytes = std::fs::read(&settings.init)
        .with_context(|| format!("{path} cannot be read; name a causal voice model with --init"))?;
    let card = read_card(&bytes).with_context(|| path.to_string())?;
    ensure!(
        card.task == Task::Vocal && matches!(card.architecture.as_str(), "fsmn" | "conv_fsmn"),
        "{path} is no causal voice model; name one with --init"
    );
    Ok((candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?, card))
}

/// What is learned from and measured on.
pub struct Songs {
    train: Vec<Song>,
    /// The sets learned from, with their hours, for the card.
    pub(crate) sets: String,
    valid: Vec<(Entry, Song)>,
}

impl Songs {
    /// Reads all songs of these indices; `reading` hears how many are read, of how many.
    ///
    /// # Errors
    /// Unreadable indices or files.
    pub fn read(data: &[PathBuf], reading: &(impl Fn(usize, usize) + Sync)) -> Result<Self> {
        let (songs, valid) = (read_songs(data, "train", reading)?, read_songs(data, "valid", reading)?);
        let mut hours: BTreeMap<&str, f64> = BTreeMap::new();
        for (entry, song) in &songs {
            *hours.entry(&entry.set).or_default() += song.duration_s() / 3600.0;
        }
        let sets = hours.iter().map(|(set, hours)| format!("{set} {hours:.2} h")).collect::<Vec<_>>().join(", ");
        Ok(Self { train: songs.into_iter().map(|(_, song)| song).collect(), sets, valid })
    }

    /// The songs that nothing is learned from, in the order of [`hear_songs`].
    pub(crate) fn held_out(&self) -> impl Iterator<Item = &Entry> {
        self.valid.iter().map(|(entry, _)| entry)
    }
}

/// What to start from, and its card.
///
/// # Errors
/// A device that the net is not trained on; a model that cannot be trained.
fn ready(settings: &Settings, learner: &dyn Learner, device: &Device) -> Result<(HashMap<String, Tensor>, Card)> {
    ensure!(
        device.is_cpu() || learner.runs_on_any_device(),
        "{} is trained on the CPU alone; leave out --device",
        learner.architecture()
    );
    read_init(settings, learner)
}

/// The songs of one split of all indices, `reading` hears how many are read, of how many.
///
/// # Errors
/// Unreadable indices or files.
pub(super) fn read_songs(
    data: &[PathBuf],
    split: &str,
    reading: &(impl Fn(usize, usize) + Sync),
) -> Result<Vec<(Entry, Song)>> {
    let entries = index::read_several(data, split)?;
    let (done, all) = (AtomicUsize::new(0), entries.len());
    let read = |entry: Entry| -> Result<(Entry, Song)> {
        let song = Song::read(&entry)?;
        reading(done.fetch_add(1, Ordering::Relaxed) + 1, all);
        Ok((entry, song))
    };
    entries.into_par_iter().map(read).collect()
}

/// The figures of each set, for the log.
fn rows(report: &Report) -> Vec<Row> {
    let figures = |set: &Figures| vec![set.auc, set.accuracy, set.false_alarm_rate, set.calibration_error];
    report.sets.iter().map(|set| (set.name.clone(), figures(set))).collect()
}

/// What the run's folder says of it, so that it can be repeated.
#[derive(serde::Serialize)]
struct Facts<'a> {
    settings: &'a Settings,
    /// Sets with their hours.
    train: &'a str,
    labels: [&'static str; 3],
    earmark: &'static str,
    /// The commit of the working directory's repository, where there is one.
    commit: Option<String>,
}

impl<'a> Facts<'a> {
    fn new(settings: &'a Settings, train: &'a str) -> Self {
        let git = std::process::Command::new("git").args(["describe", "--always", "--dirty"]).output().ok();
        let commit = git.filter(|git| git.status.success()).and_then(|git| String::from_utf8(git.stdout).ok());
        let commit = commit.map(|commit| commit.trim().to_owned());
        Self { settings, train, labels: LABELS, earmark: env!("CARGO_PKG_VERSION"), commit }
    }
}

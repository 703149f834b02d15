//! The run: steps, validation, checkpoints, and the model file at the end.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use anyhow::{Context, Result, bail, ensure};
use candle_core::{DType, Device, Tensor};

use super::checkpoint::{Checkpoint, Standing, write_whole};
use super::corpus::Song;
use super::network::{Network, loss};
use super::optimizer::AdamW;
use super::scene::{FRAMES, MELS, Scene, Stage};
use super::validate::{Validation, score};
use crate::nets::registry::{CARD_KEY, read_card};
use crate::nets::{Card, Model, Score};
use crate::study::evaluate::index;
use crate::study::evaluate::vocal::Report;

/// Steps over which the learning rate rises at the start.
const WARM_UP: u64 = 50;
/// Share of the peak learning rate at the end.
const LAST_RATE: f64 = 0.02;
/// Batches that wait ready.
const AHEAD: usize = 3;

/// What a run does.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The index of labelled songs.
    pub data: PathBuf,
    /// The model file to write.
    pub out: PathBuf,
    /// The causal voice model to start from.
    pub init: PathBuf,
    /// Steps in all.
    pub steps: u64,
    /// Scenes of 8 s in a batch.
    pub batch: usize,
    /// Peak learning rate.
    pub rate: f64,
    /// Steps from one validation to the next.
    pub validate_every: u64,
    /// Everything random follows from it.
    pub seed: u64,
}

/// Who watches a run.
pub trait Progress {
    /// `done` of `all` songs are read.
    fn reading(&self, done: usize, all: usize);
    /// A step was made.
    fn step(&self, step: u64, steps: u64, loss: f64);
    /// The net was measured; `best` if it beats all before.
    fn validated(&self, step: u64, report: &Report, score: f64, best: bool);
    /// Whether to stop now, with a checkpoint.
    fn stopped(&self) -> bool;
}

/// Trains, and writes the best net to `settings.out`. `false` if it was stopped; the same call resumes.
///
/// # Errors
/// Unreadable data, a model that cannot be trained, a checkpoint of another run, a full disk.
pub fn train(settings: &Settings, progress: &impl Progress) -> Result<bool> {
    gemm_common::gemm::set_threading_threshold(gemm_common::gemm::DEFAULT_THREADING_THRESHOLD);
    let bytes = std::fs::read(&settings.init).with_context(|| {
        format!("{} cannot be read; name a causal voice model with --init", settings.init.display())
    })?;
    let card = read_card(&bytes).with_context(|| settings.init.display().to_string())?;
    ensure!(
        card.architecture == "fsmn" && card.labels.len() == 1,
        "{} is no causal voice model",
        settings.init.display()
    );
    let run = settings.out.with_extension("run");
    std::fs::create_dir_all(&run).with_context(|| format!("{} cannot be made", run.display()))?;
    let checkpoint_path = run.join("checkpoint.safetensors");
    let text = format!("{settings:?}");

    let Data { songs, sets, validation } = read_data(settings, progress)?;
    let mut best_score = None;
    let (network, mut optimizer, mut best, first) = match Checkpoint::read(&checkpoint_path)? {
        Some(found) => {
            ensure!(
                found.standing.settings == text,
                "{} belongs to a run with other settings; remove it or choose another --out",
                checkpoint_path.display()
            );
            best_score = found.standing.best_score;
            (Network::new(found.weights)?, AdamW::from_tensors(&found.moments)?, found.best, found.standing.step + 1)
        }
        None => {
            let network = Network::new(candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?)?;
            let best = network.tensors();
            (network, AdamW::default(), best, 1)
        }
    };
    let mut log = Log::open(&run.join("log.csv"), first)?;
    let stage = Stage::new(&songs);
    let finished = std::thread::scope(|scope| -> Result<bool> {
        let (sender, batches) = mpsc::sync_channel::<Vec<Scene>>(AHEAD);
        let stage = &stage;
        scope.spawn(move || {
            for step in first..=settings.steps {
                let number = |scene: usize| (step - 1) * settings.batch as u64 + scene as u64;
                let batch = (0..settings.batch).map(|scene| stage.scene(settings.seed, number(scene))).collect();
                if sender.send(batch).is_err() {
                    return;
                }
            }
        });
        for step in first..=settings.steps {
            let batch = batches.recv().context("the scenes ended early")?;
            let value = train_step(&network, &mut optimizer, &batch, rate(settings, step), step)?;
            if !value.is_finite() {
                bail!("the loss is no longer a number at step {step}; start again with a smaller --rate");
            }
            progress.step(step, settings.steps, value);
            let stops = progress.stopped();
            let validates = step % settings.validate_every == 0 || step == settings.steps;
            if validates {
                let report = validation.report("training", &network.tensors())?;
                let score = score(&report);
                let is_best = best_score.is_none_or(|best| score > best);
                if is_best {
                    best_score = Some(score);
                    best = copied(&network.tensors())?;
                }
                log.add(step, value, score, &report)?;
                progress.validated(step, &report, score, is_best);
            }
            if validates || stops {
                let standing = Standing { settings: text.clone(), step, best_score };
                let (weights, moments) = (network.tensors(), optimizer.tensors()?);
                Checkpoint { standing, weights, best: best.clone(), moments }.write(&checkpoint_path)?;
            }
            if stops && step < settings.steps {
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    if finished {
        let report = validation.report("training", &halved(&best)?)?;
        export(settings, &card, &best, &report, &sets)?;
    }
    Ok(finished)
}

/// What is learned from and measured on.
struct Data {
    songs: Vec<Song>,
    /// The sets learned from, with their hours, for the card.
    sets: String,
    validation: Validation,
}

fn read_data(settings: &Settings, progress: &impl Progress) -> Result<Data> {
    let (train, valid) = (index::read(&settings.data, "train")?, index::read(&settings.data, "valid")?);
    let all = train.len() + valid.len();
    let mut songs = Vec::with_capacity(train.len());
    let mut hours: BTreeMap<&str, f64> = BTreeMap::new();
    for (done, entry) in train.iter().enumerate() {
        let song = Song::read(entry)?;
        *hours.entry(&entry.set).or_default() += song.duration_s() / 3600.0;
        songs.push(song);
        progress.reading(done + 1, all);
    }
    let mut held_out = Vec::with_capacity(valid.len());
    for (done, entry) in valid.into_iter().enumerate() {
        let song = Song::read(&entry)?;
        held_out.push((entry, song));
        progress.reading(songs.len() + done + 1, all);
    }
    let sets = hours.iter().map(|(set, hours)| format!("{set} {hours:.2} h")).collect::<Vec<_>>().join(", ");
    Ok(Data { songs, sets, validation: Validation::new(held_out) })
}

fn train_step(network: &Network, optimizer: &mut AdamW, batch: &[Scene], rate: f64, step: u64) -> Result<f64> {
    let join = |part: fn(&Scene) -> &Vec<f32>| batch.iter().flat_map(part).copied().collect::<Vec<f32>>();
    let frames = Tensor::from_vec(join(|scene| &scene.frames), (batch.len(), FRAMES, MELS), &Device::Cpu)?;
    let logits = network.forward(&frames)?;
    let loss = loss(&logits, &join(|scene| &scene.target), &join(|scene| &scene.weight))?;
    optimizer.step(network, &loss.backward()?, rate, step)?;
    Ok(f64::from(loss.to_scalar::<f32>()?))
}

/// A short rise, then a half cosine down.
fn rate(settings: &Settings, step: u64) -> f64 {
    let rise = (step as f64 / WARM_UP as f64).min(1.0);
    let done = step as f64 / settings.steps as f64;
    let fall = LAST_RATE + (1.0 - LAST_RATE) * 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
    settings.rate * rise * fall
}

/// Tensors with memory of their own; a variable's would change with the next step.
fn copied(tensors: &HashMap<String, Tensor>) -> Result<HashMap<String, Tensor>> {
    tensors.iter().map(|(name, tensor)| Ok((name.clone(), tensor.copy()?))).collect()
}

/// What the weights are after a passage through half precision, as the model file stores them.
fn halved(tensors: &HashMap<String, Tensor>) -> Result<HashMap<String, Tensor>> {
    let half = |(name, tensor): (&String, &Tensor)| {
        Ok((
            name.clone(),
            if name.starts_with("cmvn.") {
                tensor.clone()
            } else {
                tensor.to_dtype(DType::F16)?.to_dtype(DType::F32)?
            },
        ))
    };
    tensors.iter().map(half).collect()
}

/// Writes the model file with its card.
fn export(settings: &Settings, init: &Card, best: &HashMap<String, Tensor>, report: &Report, sets: &str) -> Result<()> {
    let name = settings.out.file_stem().map_or_else(|| "vocal".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let mut scores = Vec::new();
    for set in &report.sets {
        let figures = [("AUC", set.auc), ("accuracy at 0.5", set.accuracy), ("false-alarm rate", set.false_alarm_rate)];
        let data = format!("{}, valid, 10 ms frames (selected on it)", set.name);
        scores.extend(figures.into_iter().filter_map(|(metric, value)| {
            Some(Score { data: data.clone(), metric: metric.to_owned(), value: (value? * 1e4).round() / 1e4 })
        }));
    }
    let card = Card {
        name,
        description: "Singing voice per 10 ms frame, causal, no look-ahead".to_owned(),
        labels: vec!["singing".to_owned()],
        training_data: format!(
            "{sets} (split train), {} steps of {} scenes of 8 s mixed across songs, gated, re-levelled and re-coloured, \
             seed {}; started from {} ({})",
            settings.steps, settings.batch, settings.seed, init.name, init.training_data
        ),
        scores,
        ..init.clone()
    };
    let mut tensors: Vec<(String, Tensor)> = Vec::new();
    for (name, tensor) in best {
        let kept = if name.starts_with("cmvn.") { tensor.clone() } else { tensor.to_dtype(DType::F16)? };
        tensors.push((name.clone(), kept));
    }
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    let metadata = HashMap::from([(CARD_KEY.to_owned(), serde_json::to_string(&card)?)]);
    let bytes = safetensors::serialize(tensors, Some(metadata))?;
    Model::from_bytes(&bytes).context("the trained model does not load")?;
    write_whole(&settings.out, &bytes)
}

/// The learning curve as a table.
struct Log {
    path: PathBuf,
    text: String,
}

impl Log {
    fn open(path: &Path, first: u64) -> Result<Self> {
        let text = if first > 1 { std::fs::read_to_string(path).unwrap_or_default() } else { String::new() };
        Ok(Self { path: path.to_owned(), text })
    }

    fn add(&mut self, step: u64, loss: f64, score: f64, report: &Report) -> Result<()> {
        let figure = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.4}"));
        if self.text.is_empty() {
            self.text.push_str("step,loss,score,set,auc,accuracy,false_alarm_rate\n");
        }
        for set in &report.sets {
            let (auc, accuracy, alarms) = (figure(set.auc), figure(set.accuracy), figure(set.false_alarm_rate));
            // Writing to a String cannot fail.
            let _ = writeln!(self.text, "{step},{loss:.4},{score:.4},{},{auc},{accuracy},{alarms}", set.name);
        }
        write_whole(&self.path, self.text.as_bytes())
    }
}

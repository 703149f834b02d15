//! Trains the genre net for coarse spectra: what the taggers say of each clip's translated frames, then a linear layer.
//!
//! The features are kept beside the model file while they are gathered, so an interrupted run goes on. The penalty is chosen on
//! the clips to select on.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use rayon::prelude::*;
use serde::Serialize;

use crate::engine::ModelSet;
use crate::listen::FrontEnd;
use crate::nets::coarse::{CoarseEar, Taggers};
use crate::nets::registry::CARD_KEY;
use crate::nets::{CARD_FORMAT, Card, Model, Score, Task};
use crate::study::outputs::replace;
use crate::study::probe::{Probe, Settings};
use crate::study::spectra::{BANDS, Spectra, collection_of};

/// The taggers that are heard through.
const TAGGERS: [&str; 2] = ["ced-tiny", "musicnn-msd"];
/// Penalties that are tried.
const PENALTIES: [f64; 6] = [1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0];
/// Of a collection with more clips to learn from, one window of each is heard.
const MANY_CLIPS: usize = 2_000;
/// Clips from one save to the next.
const SAVE_EVERY: usize = 200;

/// What is trained on what.
#[derive(Debug, Clone, Serialize)]
pub struct CoarseSettings {
    /// The labelled spectra to learn from.
    pub data: Vec<PathBuf>,
    /// Those to choose the penalty on; of the same collections.
    pub valid: Vec<PathBuf>,
    /// Clips, by name, that nothing is learned from.
    pub without: Vec<String>,
    /// The model file to write.
    pub out: PathBuf,
}

/// How good a penalty was on one collection.
#[derive(Debug, Clone)]
pub struct Tried {
    /// The collection.
    pub name: String,
    /// The penalty.
    pub l2: f64,
    /// Share of clips whose likeliest class is the right one.
    pub accuracy: f64,
    /// Mean of `-ln` of the right class's probability.
    pub cross_entropy: f64,
}

/// Who watches while clips are heard.
pub trait ClipHearing: Sync {
    /// Clips heard so far, of all.
    fn heard(&self, done: usize, of: usize);
    /// Whether to stop now; what was heard is kept.
    fn stopped(&self) -> bool;
}

/// Who watches.
pub trait CoarseProgress: ClipHearing {
    /// A penalty was tried.
    fn tried(&self, tried: &Tried);
}

/// What the taggers say of the windows of a file's clips.
pub(super) struct Heard {
    pub(super) spectra: Spectra,
    /// Windows of each clip.
    pub(super) clips: Vec<Vec<Vec<f32>>>,
}

/// Trains, and writes the net to `settings.out`. `false` if it was stopped; the same call goes on.
///
/// # Errors
/// Unreadable data, a collection without clips to choose on, a full disk.
pub fn train_coarse(settings: &CoarseSettings, progress: &impl CoarseProgress) -> Result<bool> {
    crate::engine::keep_products_on_one_thread();
    let models = ModelSet::embedded()?.build()?;
    let names = TAGGERS.map(str::to_owned);
    let taggers = Taggers::named(&names, &models.taggers)?;
    let folder = settings.out.with_extension("run");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut collections: Vec<(String, Heard, Vec<Heard>)> = Vec::new();
    for file in &settings.data {
        let Some(mut heard) = hear(file, true, taggers, &folder, progress)? else { return Ok(false) };
        heard.leave_out(&settings.without);
        collections.push((collection_of(file), heard, Vec::new()));
    }
    for file in &settings.valid {
        let Some(heard) = hear(file, false, taggers, &folder, progress)? else { return Ok(false) };
        let collection = collections.iter_mut().find(|(_, train, _)| train.spectra.classes == heard.spectra.classes);
        let (_, _, valid) =
            collection.with_context(|| format!("{}: its classes are those of no --data file", file.display()))?;
        valid.push(heard);
    }
    let (mut labels, mut weight, mut bias, mut scores) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (name, train, valid) in &collections {
        ensure!(!valid.is_empty(), "{name} has no clips to choose on; name them with --valid");
        let (probe, best) = choose(name, train, valid, progress)?;
        weight.extend(probe.weight().iter().map(|&w| w as f32));
        bias.extend(probe.bias().iter().map(|&b| b as f32));
        labels.extend(train.spectra.classes.iter().map(|class| format!("{name}/{class}")));
        let score = |metric: &str, value: f64| Score {
            data: format!("{name}, valid (penalty chosen on it)"),
            metric: metric.to_owned(),
            value: (value * 1e4).round() / 1e4,
        };
        scores.extend([score("accuracy", best.accuracy), score("cross-entropy", best.cross_entropy)]);
    }
    let sets: Vec<String> =
        collections.iter().map(|(name, train, _)| format!("{name} ({} clips)", train.clips.len())).collect();
    export(&settings.out, labels, &weight, &bias, scores, &sets.join(" and "), names.to_vec())?;
    Ok(true)
}

/// The probe with the penalty whose loss on the clips to choose on is least.
fn choose(name: &str, train: &Heard, valid: &[Heard], progress: &impl CoarseProgress) -> Result<(Probe, Tried)> {
    let rows: Vec<&[f32]> = train.clips.iter().flatten().map(Vec::as_slice).collect();
    let labels: Vec<usize> = train
        .clips
        .iter()
        .zip(&train.spectra.labels)
        .flat_map(|(windows, &label)| std::iter::repeat_n(label, windows.len()))
        .collect();
    let mut best: Option<(Probe, Tried)> = None;
    for l2 in PENALTIES {
        let settings = Settings { l2, balanced: true, ..Settings::default() };
        let probe = Probe::fit(&rows, &labels, train.spectra.classes.len(), &settings)?;
        let (mut right, mut loss, mut count) = (0, 0.0, 0);
        for heard in valid {
            for (windows, &label) in heard.clips.iter().zip(&heard.spectra.labels) {
                let said = probe.probability(&mean(windows))?;
                let answer = (0..said.len()).max_by(|&a, &b| said[a].total_cmp(&said[b])).unwrap_or_default();
                right += usize::from(answer == label);
                loss -= f64::from(said[label].max(1e-9)).ln();
                count += 1;
            }
        }
        let count = count.max(1) as f64;
        let tried = Tried { name: name.to_owned(), l2, accuracy: right as f64 / count, cross_entropy: loss / count };
        progress.tried(&tried);
        if best.as_ref().is_none_or(|(_, best)| tried.cross_entropy < best.cross_entropy) {
            best = Some((probe, tried));
        }
    }
    best.context("no penalty was tried; please report this")
}

/// The mean of windows: a linear layer says of it the mean of what it says of each.
pub(crate) fn mean(windows: &[Vec<f32>]) -> Vec<f32> {
    let mut mean = vec![0.0; windows.first().map_or(0, Vec::len)];
    for window in windows {
        mean.iter_mut().zip(window).for_each(|(sum, x)| *sum += x / windows.len() as f32);
    }
    mean
}

/// What the taggers say of each window of 10 s of a clip: as many as come nearest to its length, evenly spread from its beginning
/// to its end, or with `one` that in its middle.
///
/// # Errors
/// A clip of less than a few seconds.
pub(crate) fn windows(ear: &CoarseEar, taggers: Taggers<'_>, clip: &[f32], one: bool) -> Result<Vec<Vec<f32>>> {
    let frames = clip.len() / BANDS;
    let width = ear.window_frames().min(frames);
    starts(frames, width, one)
        .into_iter()
        .map(|start| Ok(ear.features(taggers, &clip[start * BANDS..][..width * BANDS])?))
        .collect()
}

/// Where windows of `width` frames begin in a clip of at least so many.
fn starts(frames: usize, width: usize, one: bool) -> Vec<usize> {
    let room = frames - width;
    let count = (frames + width / 2) / width.max(1);
    if one || count < 2 {
        return vec![room / 2];
    }
    (0..count).map(|at| at * room / (count - 1)).collect()
}

/// Hears a file's clips, or takes from `folder` what was heard before. `None` if it was stopped.
pub(super) fn hear(
    file: &Path,
    train: bool,
    taggers: Taggers<'_>,
    folder: &Path,
    progress: &impl ClipHearing,
) -> Result<Option<Heard>> {
    let spectra = Spectra::read(file).with_context(|| file.display().to_string())?;
    let ear = CoarseEar::new(spectra.hop_s);
    let one = train && spectra.clips.len() > MANY_CLIPS;
    let stem = file.file_name().unwrap_or_default().to_string_lossy();
    let kept = folder.join(format!("{}-features.safetensors", stem.split('.').next().unwrap_or_default()));
    let mut clips = load(&kept, spectra.clips.len()).unwrap_or_default();
    while clips.len() < spectra.clips.len() {
        if progress.stopped() {
            return Ok(None);
        }
        let end = spectra.clips.len().min(clips.len() + SAVE_EVERY);
        let next: Vec<Vec<Vec<f32>>> = (clips.len()..end)
            .into_par_iter()
            .map(|at| windows(&ear, taggers, &spectra.levels(at), one))
            .collect::<Result<_>>()?;
        clips.extend(next);
        save(&kept, &clips)?;
        progress.heard(clips.len(), spectra.clips.len());
    }
    Ok(Some(Heard { spectra, clips }))
}

impl Heard {
    fn leave_out(&mut self, names: &[String]) {
        let mut keep = self.spectra.ids.iter().map(|id| !names.contains(id));
        self.clips.retain(|_| keep.next().unwrap_or(true));
        self.spectra.leave_out(names);
    }
}

/// `None` if the file is not there, damaged, or of other data: then the clips are heard again.
fn load(path: &Path, most: usize) -> Option<Vec<Vec<Vec<f32>>>> {
    let tensors = candle_core::safetensors::load(path, &Device::Cpu).ok()?;
    let rows: Vec<Vec<f32>> = tensors.get("rows")?.to_vec2().ok()?;
    let counts: Vec<u32> = tensors.get("windows")?.to_vec1().ok()?;
    let mut rows = rows.into_iter();
    let clips: Vec<Vec<Vec<f32>>> = counts.iter().map(|&count| rows.by_ref().take(count as usize).collect()).collect();
    (clips.len() <= most && rows.next().is_none()).then_some(clips)
}

fn save(path: &Path, clips: &[Vec<Vec<f32>>]) -> Result<()> {
    let rows: Vec<&Vec<f32>> = clips.iter().flatten().collect();
    let width = rows.first().map_or(0, |row| row.len());
    let all: Vec<f32> = rows.iter().flat_map(|row| row.iter().copied()).collect();
    let counts: Vec<u32> = clips.iter().map(|windows| windows.len() as u32).collect();
    let tensors = [
        ("rows", Tensor::from_vec(all, (rows.len(), width), &Device::Cpu)?),
        ("windows", Tensor::from_vec(counts, clips.len(), &Device::Cpu)?),
    ];
    replace(path, &safetensors::serialize(tensors, None)?)
}

/// Writes the model file.
fn export(
    out: &Path,
    labels: Vec<String>,
    weight: &[f32],
    bias: &[f32],
    scores: Vec<Score>,
    sets: &str,
    taggers: Vec<String>,
) -> Result<()> {
    let name = out.file_stem().map_or_else(|| "coarse".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let width = weight.len() / labels.len().max(1);
    let tensors = [
        ("bias", Tensor::from_slice(bias, labels.len(), &Device::Cpu)?),
        ("weight", Tensor::from_slice(weight, (labels.len(), width), &Device::Cpu)?),
    ];
    let card = Card {
        format: CARD_FORMAT,
        name,
        architecture: "coarse".to_owned(),
        task: Task::Genre,
        description: "Genres from coarse spectra, heard through CED and musicnn".to_owned(),
        front_end: FrontEnd::wide_mel_128(),
        labels,
        voice: Vec::new(),
        look_ahead_frames: 0,
        members: Vec::new(),
        taggers,
        licence: "MIT".to_owned(),
        attribution: "the Earmark developers".to_owned(),
        source: "Earmark, `earmark train coarse`".to_owned(),
        training_data: format!("{sets}, split train, as log-mel spectra; windows of 10 s"),
        provenance: None,
        scores,
    };
    let metadata = HashMap::from([(CARD_KEY.to_owned(), serde_json::to_string(&card)?)]);
    let bytes = safetensors::serialize(tensors, Some(metadata))?;
    Model::from_bytes(&bytes).context("the trained net does not load; please report this")?;
    replace(out, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_reach_from_a_clips_beginning_to_its_end() {
        assert_eq!(starts(387, 129, false), [0, 129, 258]);
        assert_eq!(starts(128, 43, false), [0, 42, 85], "of 30 s at 4.3 frames a second");
        assert_eq!(starts(60, 43, false), [8]);
        assert_eq!(starts(128, 43, true), [42]);
        assert_eq!(starts(40, 40, false), [0]);
    }
}

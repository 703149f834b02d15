//! Trains the genre net for coarse spectra: what CED says of each clip's translated frames, then a linear layer.
//!
//! The features are kept beside the model file while they are gathered, so an interrupted run goes on. The penalty is chosen on
//! the clips to select on.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use candle_core::{Device, Tensor};
use rayon::prelude::*;
use serde::Serialize;

use crate::engine::ModelSet;
use crate::listen::FrontEnd;
use crate::nets::coarse::CoarseEar;
use crate::nets::{CARD_FORMAT, Card, Ced, Net, Score, Task};
use crate::study::model_file;
use crate::study::outputs::{replace, stem};
use crate::study::probe::{Probe, Settings};
use crate::study::spectra::{BANDS, Spectra, collection_of};

/// The tagger that is heard through.
const TAGGER: &str = "ced-tiny";
/// Penalties that are tried.
const PENALTIES: [f64; 5] = [1e-1, 3e-1, 6e-1, 1.0, 3.0];
/// Clips from one save to the next.
const SAVE_EVERY: usize = 400;
/// Where the clips have the embeddings of another net, the share that what a probe on those says has in what is learned.
const TEACHER_SHARE: f32 = 0.5;
/// The penalty of that probe, and how many of them share the clips so that none speaks of what it has learned.
const TEACHER_L2: f64 = 3e-2;
const TEACHERS: usize = 5;
/// Stretches of neighbouring clips (of the same artists, often) for each teacher.
const STRETCHES: usize = 4;
/// Frames that lie so many times as far apart as while music plays are heard hastened, too.
const SLOW: f64 = 1.5;

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

/// What CED says of a file's clips.
pub(super) struct Heard {
    pub(super) spectra: Spectra,
    /// [`clip_features`] of each clip.
    pub(super) clips: Vec<Vec<f32>>,
}

/// Trains, and writes the net to `settings.out`. `false` if it was stopped; the same call goes on.
///
/// # Errors
/// Unreadable data, a collection without clips to choose on, a full disk.
pub fn train_coarse(settings: &CoarseSettings, progress: &impl CoarseProgress) -> Result<bool> {
    crate::engine::keep_products_on_one_thread();
    let models = ModelSet::embedded()?.build()?;
    let heard_through = models.taggers.iter().find(|model| model.card.name == TAGGER).map(|model| &model.net);
    let Some(Net::Ced(ced)) = heard_through else { bail!("{TAGGER} is not in this build; please report this") };
    let folder = settings.out.with_extension("run");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut collections: Vec<(String, Heard, Vec<Heard>)> = Vec::new();
    for file in &settings.data {
        let Some(mut heard) = hear(file, ced, &folder, progress)? else { return Ok(false) };
        heard.leave_out(&settings.without);
        collections.push((collection_of(file), heard, Vec::new()));
    }
    for file in &settings.valid {
        let Some(heard) = hear(file, ced, &folder, progress)? else { return Ok(false) };
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
    let set = |(name, train, _): &(String, Heard, Vec<Heard>)| {
        let taught = if train.spectra.embeddings.is_empty() { "" } else { ", taught by their VGGish embeddings, too" };
        format!("{name} ({} clips{taught})", train.clips.len())
    };
    let sets: Vec<String> = collections.iter().map(set).collect();
    export(&settings.out, labels, &weight, &bias, scores, &sets.join(" and "))?;
    Ok(true)
}

/// The probe with the penalty whose loss on the clips to choose on is least.
fn choose(name: &str, train: &Heard, valid: &[Heard], progress: &impl CoarseProgress) -> Result<(Probe, Tried)> {
    let rows: Vec<&[f32]> = train.clips.iter().map(Vec::as_slice).collect();
    let classes = train.spectra.classes.len();
    let targets = targets(&train.spectra)?;
    let mut best: Option<(Probe, Tried)> = None;
    for l2 in PENALTIES {
        let settings = Settings { l2, balanced: true, ..Settings::default() };
        let probe = Probe::fit_to(&rows, &targets, classes, &settings)?;
        let (mut right, mut loss, mut count) = (0, 0.0, 0);
        for heard in valid {
            for (features, &label) in heard.clips.iter().zip(&heard.spectra.labels) {
                let said = probe.probability(features)?;
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

/// What is learned of each clip: its class, and where the clips have embeddings, by half what a probe on them says that has
/// learned from other clips.
fn targets(spectra: &Spectra) -> Result<Vec<Vec<f32>>> {
    let (classes, clips) = (spectra.classes.len(), spectra.labels.len());
    let taught = if spectra.embeddings.is_empty() { 0.0 } else { TEACHER_SHARE };
    let mut targets = vec![vec![0.0; classes]; clips];
    for (target, &label) in targets.iter_mut().zip(&spectra.labels) {
        target[label] = 1.0 - taught;
    }
    if taught == 0.0 {
        return Ok(targets);
    }
    let teacher_of = |clip: usize| clip * TEACHERS * STRETCHES / clips % TEACHERS;
    for teacher in 0..TEACHERS {
        let (others, own): (Vec<usize>, Vec<usize>) = (0..clips).partition(|&clip| teacher_of(clip) != teacher);
        let rows: Vec<&[f32]> = others.iter().map(|&clip| spectra.embeddings[clip].as_slice()).collect();
        let labels: Vec<usize> = others.iter().map(|&clip| spectra.labels[clip]).collect();
        let settings = Settings { l2: TEACHER_L2, balanced: true, ..Settings::default() };
        let probe = Probe::fit(&rows, &labels, classes, &settings)?;
        for clip in own {
            let said = probe.probability(&spectra.embeddings[clip])?;
            targets[clip].iter_mut().zip(said).for_each(|(target, said)| *target += taught * said);
        }
    }
    Ok(targets)
}

/// What CED says of a clip whose frames lie `hop_s` seconds apart, on average over its windows: as it was played, then
/// hastened to the pace of what is heard while music plays. A clip that comes at this pace is heard once.
///
/// # Errors
/// A clip of less than a few seconds.
pub(crate) fn clip_features(ear: &CoarseEar, ced: &Ced, clip: &[f32], hop_s: f64) -> Result<Vec<f32>> {
    let at_pace = |hop_s: f64| -> Result<Vec<f32>> {
        let frames = clip.len() / BANDS;
        let width = CoarseEar::window_frames(hop_s).min(frames);
        let starts = starts(frames, width);
        let mut mean: Vec<f32> = Vec::new();
        for start in &starts {
            let features = ear.features(ced, &clip[start * BANDS..][..width * BANDS], hop_s)?;
            mean.resize(features.len(), 0.0);
            mean.iter_mut().zip(features).for_each(|(sum, x)| *sum += x / starts.len() as f32);
        }
        Ok(mean)
    };
    let mut all = at_pace(hop_s)?;
    let hastened = if hop_s < SLOW * CoarseEar::pace_s() { all.clone() } else { at_pace(CoarseEar::pace_s())? };
    all.extend(hastened);
    Ok(all)
}

/// Where windows of `width` frames begin in a clip of at least so many: as many as come nearest to its length, evenly spread
/// from its beginning to its end.
fn starts(frames: usize, width: usize) -> Vec<usize> {
    let room = frames - width;
    let count = (frames + width / 2) / width.max(1);
    if count < 2 {
        return vec![room / 2];
    }
    (0..count).map(|at| at * room / (count - 1)).collect()
}

/// Hears a file's clips, or takes from `folder` what was heard before. `None` if it was stopped.
pub(super) fn hear(file: &Path, ced: &Ced, folder: &Path, progress: &impl ClipHearing) -> Result<Option<Heard>> {
    let spectra = Spectra::read(file).with_context(|| file.display().to_string())?;
    let ear = CoarseEar::new();
    let stem = file.file_name().unwrap_or_default().to_string_lossy();
    let kept = folder.join(format!("{}-features.safetensors", stem.split('.').next().unwrap_or_default()));
    let mut clips = load(&kept, spectra.clips.len()).unwrap_or_default();
    while clips.len() < spectra.clips.len() {
        if progress.stopped() {
            return Ok(None);
        }
        let end = spectra.clips.len().min(clips.len() + SAVE_EVERY);
        let next: Vec<Vec<f32>> = (clips.len()..end)
            .into_par_iter()
            .map(|at| clip_features(&ear, ced, &spectra.levels(at), spectra.hop_s))
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
fn load(path: &Path, most: usize) -> Option<Vec<Vec<f32>>> {
    let tensors = candle_core::safetensors::load(path, &Device::Cpu).ok()?;
    let clips: Vec<Vec<f32>> = tensors.get("clips")?.to_vec2().ok()?;
    (clips.len() <= most).then_some(clips)
}

fn save(path: &Path, clips: &[Vec<f32>]) -> Result<()> {
    let width = clips.first().map_or(0, Vec::len);
    let all = Tensor::from_vec(clips.concat(), (clips.len(), width), &Device::Cpu)?;
    replace(path, &safetensors::serialize([("clips", all)], None)?)
}

/// Writes the model file.
fn export(out: &Path, labels: Vec<String>, weight: &[f32], bias: &[f32], scores: Vec<Score>, sets: &str) -> Result<()> {
    let name = stem(out);
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
        description: "Genres from coarse spectra, heard through CED".to_owned(),
        front_end: FrontEnd::wide_mel_128(),
        labels,
        voice: Vec::new(),
        look_ahead_frames: 0,
        members: Vec::new(),
        taggers: vec![TAGGER.to_owned()],
        licence: "MIT".to_owned(),
        attribution: "the Earmark developers".to_owned(),
        source: "Earmark, `earmark train coarse`".to_owned(),
        training_data: format!("{sets}, split train, as log-mel spectra; windows of 10 s"),
        provenance: None,
        scores,
    };
    model_file::write(out, &card, tensors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_clips_are_heard_at_two_paces_and_others_once() {
        let models = ModelSet::embedded().expect("the build is whole").build().expect("nets");
        let Net::Ced(ced) = &models.taggers[0].net else { panic!("the first tagger is a CED") };
        let ear = CoarseEar::new();
        let clip: Vec<f32> = (0..60 * BANDS).map(|at| ((at * 7919) % 600) as f32 / 10.0 - 60.0).collect();
        let halves = |pace: f64| {
            let all = clip_features(&ear, ced, &clip, pace * CoarseEar::pace_s()).expect("60 frames are enough");
            assert_eq!(all.len(), crate::nets::Coarse::features_of(&models.taggers[0].card));
            let (played, hastened) = all.split_at(all.len() / 2);
            (played.to_vec(), hastened.to_vec())
        };
        let (played, hastened) = halves(1.0);
        assert_eq!(played, hastened);
        let (slow, slow_hastened) = halves(3.0);
        assert_eq!(slow_hastened, played);
        assert_ne!(slow, slow_hastened);
    }

    #[test]
    fn windows_reach_from_a_clips_beginning_to_its_end() {
        assert_eq!(starts(387, 129), [0, 129, 258]);
        assert_eq!(starts(300, 129), [0, 171]);
        assert_eq!(starts(160, 129), [15]);
        assert_eq!(starts(128, 128), [0]);
    }
}

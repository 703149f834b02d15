//! Transfer learning: how well a linear probe on frozen features tells clips with singing from the same clips without.
//!
//! Files with stems give pairs of clips: the accompaniment alone, and with the voice. Both are brought to one level, so
//! that nothing but the voice tells them apart. Probes are fitted on the split `train`, their penalty is chosen by
//! cross-validation over singers there, and judged on `valid`.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::index::Entry;
use crate::study::decode;
use crate::study::features::{Extractor, Features, Layer};
use crate::study::lab::Labels;
use crate::study::metrics::{Counts, auc};
use crate::study::mix::Layout;
use crate::study::probe::{Probe, Settings, choose_l2};

/// Longest clip, in seconds: longer files are cut.
const CLIP_S: f64 = 10.0;
/// Shortest clip: what is left of a file is left out below it.
const LEAST_S: f64 = 3.0;
/// Singing without which a clip is neither this nor that, in seconds.
const LEAST_SUNG_S: f64 = 1.0;
/// Root mean square that every clip is brought to.
const LEVEL: f64 = 0.1;
/// Below this root mean square an accompaniment is silence.
const SILENCE: f64 = 1e-3;
/// Penalties to choose from.
const PENALTIES: [f64; 6] = [1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0];
const FOLDS: usize = 5;

/// One clip.
pub struct Example {
    /// The collection it belongs to.
    pub set: String,
    /// Singer or song.
    pub group: String,
    /// Whether the voice is in it.
    pub sung: bool,
    /// What the nets make of it.
    pub features: Features,
}

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Clips that the probes were fitted to, half of them sung.
    pub train_clips: usize,
    /// Clips that they were judged on, half of them sung.
    pub valid_clips: usize,
    /// One probe each.
    pub probes: Vec<Figures>,
}

/// What a probe on some features achieves.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// The layers.
    pub features: String,
    /// Values per clip.
    pub width: usize,
    /// The penalty chosen; see [`Settings::l2`].
    pub l2: f64,
    /// Accuracy in the cross-validation on the training clips: what layers may be chosen by.
    pub train_accuracy: f64,
    /// Share of clips judged right.
    pub accuracy: f64,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// The same for each collection.
    pub sets: Vec<SetFigures>,
}

/// The figures of one collection.
#[derive(Clone, Debug, Serialize)]
pub struct SetFigures {
    /// Its name.
    pub set: String,
    /// Clips in it.
    pub clips: usize,
    /// Share of clips judged right.
    pub accuracy: f64,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
}

/// The pairs of a file with stems, as features; none where hardly anything is sung.
///
/// # Errors
/// One line: the file or its labels cannot be read, or it has no stems.
pub fn examples(extractor: &Extractor, entry: &Entry) -> Result<Vec<Example>> {
    ensure!(entry.layout == Layout::Stems, "has no stems; leave it out of the index");
    let labels = Labels::read(&entry.labels)?;
    let (sample_rate_hz, stems) = stems(entry)?;
    let (clip, least) = ((CLIP_S * sample_rate_hz) as usize, (LEAST_S * sample_rate_hz) as usize);
    let mut examples = Vec::new();
    for (number, (accompaniment, voice)) in stems[0].chunks(clip).zip(stems[1].chunks(clip)).enumerate() {
        let start_s = (number * clip) as f64 / sample_rate_hz;
        let end_s = start_s + accompaniment.len() as f64 / sample_rate_hz;
        let sung_s: f64 =
            labels.sung().iter().map(|span| (span.end_s.min(end_s) - span.start_s.max(start_s)).max(0.0)).sum();
        if accompaniment.len() < least || sung_s < LEAST_SUNG_S || level(accompaniment) < SILENCE {
            continue;
        }
        let mix: Vec<f32> = accompaniment.iter().zip(voice).map(|(a, v)| a + v).collect();
        for (samples, sung) in [(accompaniment, false), (mix.as_slice(), true)] {
            let gain = (LEVEL / level(samples)) as f32;
            let levelled: Vec<f32> = samples.iter().map(|sample| sample * gain).collect();
            let features = extractor.samples(&levelled, sample_rate_hz)?;
            examples.push(Example { set: entry.set.clone(), group: entry.group.clone(), sung, features });
        }
    }
    Ok(examples)
}

/// Sample rate and the two channels.
fn stems(entry: &Entry) -> Result<(f64, Vec<Vec<f32>>)> {
    let mut file = decode::open(&entry.audio)?;
    let mut stems = vec![Vec::new(); file.channels];
    let mut block = Vec::new();
    while file.next_block(&mut block)? {
        stems.iter_mut().zip(&block).for_each(|(stem, part)| stem.extend_from_slice(part));
    }
    ensure!(stems.len() == 2, "has {} channels, but stems are two; leave it out of the index", stems.len());
    Ok((file.sample_rate_hz, stems))
}

fn level(samples: &[f32]) -> f64 {
    let square: f64 = samples.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    (square / samples.len().max(1) as f64).sqrt()
}

/// Fits and judges a probe on each layer, on each net's layers together, and on all nets' layers together.
///
/// # Errors
/// If there are too few clips or singers to fit a probe.
pub fn report(layers: &[Layer], train: &[Example], valid: &[Example]) -> Result<Report> {
    ensure!(
        !train.is_empty() && !valid.is_empty(),
        "has no pairs of clips in train or in valid; give files with stems"
    );
    let probes = choices(layers)
        .into_iter()
        .map(|(name, chosen)| judge(&name, &chosen, train, valid).with_context(|| name.clone()))
        .collect::<Result<_>>()?;
    Ok(Report { train_clips: train.len(), valid_clips: valid.len(), probes })
}

/// Names of feature sets, and the layers in each.
fn choices(layers: &[Layer]) -> Vec<(String, Vec<usize>)> {
    let net = |layer: &Layer| layer.name.split_once('/').map(|(net, _)| net.to_owned());
    let mut choices: Vec<(String, Vec<usize>)> =
        layers.iter().enumerate().map(|(index, layer)| (layer.name.clone(), vec![index])).collect();
    let nets: BTreeSet<String> = layers.iter().filter_map(net).collect();
    let of = |wanted: &dyn Fn(&str) -> bool| -> Vec<usize> {
        (0..layers.len()).filter(|&index| net(&layers[index]).is_some_and(|net| wanted(&net))).collect()
    };
    for name in &nets {
        choices.push((format!("{name}, all layers"), of(&|net| net == name)));
    }
    if nets.len() > 1 {
        choices.push(("all nets, all layers".to_owned(), of(&|_| true)));
    }
    choices
}

fn judge(name: &str, layers: &[usize], train: &[Example], valid: &[Example]) -> Result<Figures> {
    let rows = |examples: &[Example]| -> Vec<Vec<f32>> {
        let row = |example: &Example| layers.iter().flat_map(|&layer| &example.features.mean[layer]).copied().collect();
        examples.iter().map(row).collect()
    };
    let (train_rows, valid_rows) = (rows(train), rows(valid));
    let train_rows: Vec<&[f32]> = train_rows.iter().map(Vec::as_slice).collect();
    let labels: Vec<usize> = train.iter().map(|example| usize::from(example.sung)).collect();
    let groups: Vec<&str> = train.iter().map(|example| example.group.as_str()).collect();
    let settings = Settings::default();
    let (l2, tried) = choose_l2(&train_rows, &labels, &groups, 2, &PENALTIES, FOLDS, &settings)?;
    let probe = Probe::fit(&train_rows, &labels, 2, &Settings { l2, ..settings })?;
    let scores: Vec<f32> = valid_rows.iter().map(|row| Ok(probe.probability(row)?[1])).collect::<Result<_>>()?;
    let figures = |of: &dyn Fn(&Example) -> bool| {
        let judged = valid.iter().zip(&scores).filter(|(example, _)| of(example));
        let (truth, scores): (Vec<bool>, Vec<f32>) = judged.map(|(example, &score)| (example.sung, score)).unzip();
        let accuracy = Counts::at_threshold(&scores, &truth, 0.5).accuracy().unwrap_or_default();
        (truth.len(), accuracy, auc(&scores, &truth))
    };
    let sets: BTreeSet<&str> = valid.iter().map(|example| example.set.as_str()).collect();
    let of_set = |set: &str| {
        let (clips, accuracy, auc) = figures(&|example| example.set == set);
        SetFigures { set: set.to_owned(), clips, accuracy, auc }
    };
    let (_, accuracy, auc) = figures(&|_| true);
    Ok(Figures {
        features: name.to_owned(),
        width: probe.width(),
        l2,
        train_accuracy: tried.iter().find(|choice| choice.l2 == l2).map_or(0.0, |choice| choice.accuracy),
        accuracy,
        auc,
        sets: sets.into_iter().map(of_set).collect(),
    })
}

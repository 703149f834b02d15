//! From trained tensors to a model file with its card.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Result;
use candle_core::{DType, Tensor};

use super::learner::{LABELS, Learner, Origin};
use super::settings::Settings;
use super::weights::is_fixed;
use crate::nets::{CARD_FORMAT, Card, Score, Task};
use crate::study::evaluate::vocal::Report;
use crate::study::model_file;
use crate::study::outputs::stem;

/// What the weights are after a passage through half precision, as the model file stores them.
///
/// # Errors
/// Never for weights of a run.
pub(super) fn halved(tensors: &HashMap<String, Tensor>) -> Result<HashMap<String, Tensor>> {
    let half = |(name, tensor): (&String, &Tensor)| {
        let kept = if is_fixed(name) { tensor.clone() } else { tensor.to_dtype(DType::F16)?.to_dtype(DType::F32)? };
        Ok((name.clone(), kept))
    };
    tensors.iter().map(half).collect()
}

/// The card that a net without a predecessor starts with.
pub(super) fn blank_card(learner: &dyn Learner, attribution: &str, source: &str) -> Card {
    Card {
        format: CARD_FORMAT,
        name: "random weights".to_owned(),
        architecture: learner.architecture().to_owned(),
        task: Task::Vocal,
        description: String::new(),
        front_end: learner.front_end(),
        labels: names(learner.outputs()),
        voice: Vec::new(),
        look_ahead_frames: learner.look_ahead_frames(),
        members: Vec::new(),
        taggers: Vec::new(),
        licence: "MIT".to_owned(),
        attribution: attribution.to_owned(),
        source: source.to_owned(),
        training_data: "untrained".to_owned(),
        provenance: None,
        scores: Vec::new(),
    }
}

/// What a net of so many outputs says.
fn names(outputs: usize) -> Vec<String> {
    LABELS[..outputs].iter().map(|&label| label.to_owned()).collect()
}

/// Writes the model file.
///
/// # Errors
/// If the disk refuses, or the net does not load from what was written.
pub(super) fn export(
    settings: &Settings,
    learner: &dyn Learner,
    init: &Card,
    best: &HashMap<String, Tensor>,
    report: &Report,
    sets: &str,
) -> Result<()> {
    let name = stem(&settings.out);
    let labels = names(learner.outputs());
    let chosen = settings.validate_every < settings.steps || settings.calibrates;
    let look_ahead_frames = learner.look_ahead_frames();
    let hop_ms = learner.front_end().hop_s() * 1e3;
    let ours = "trained further by the Earmark developers";
    let attribution = match learner.origin() {
        Origin::Model if !init.attribution.ends_with(ours) => format!("{}; {ours}", init.attribution),
        _ => init.attribution.clone(),
    };
    let card = Card {
        name,
        attribution,
        architecture: learner.architecture().to_owned(),
        description: format!(
            "{} per {hop_ms:.0} ms frame, causal, {:.0} ms of look-ahead",
            if labels.len() > 1 { "Singing, speech and music" } else { "Singing voice" },
            look_ahead_frames as f64 * hop_ms
        ),
        front_end: learner.front_end(),
        labels,
        voice: vec![LABELS[0].to_owned()],
        look_ahead_frames,
        training_data: format!(
            "{sets} (split train), {} steps of {} scenes of 10 s mixed across songs, gated, re-levelled and put through \
             effects, seed {}; started from {} ({})",
            settings.steps, settings.batch, settings.seed, init.name, init.training_data
        ),
        provenance: None,
        scores: scores(report, chosen),
        ..init.clone()
    };
    write_model(&settings.out, &card, best.iter())
}

/// The figures of a report, for a card; `chosen` if something was selected or calibrated by them.
pub(super) fn scores(report: &Report, chosen: bool) -> Vec<Score> {
    let how = if chosen { "selected on it" } else { "nothing selected on it" };
    let mut scores = Vec::new();
    for set in &report.sets {
        let figures = [
            ("AUC", set.auc),
            ("accuracy at 0.5", set.accuracy),
            ("false-alarm rate", set.false_alarm_rate),
            ("calibration error", set.calibration_error),
        ];
        let data = format!("{}, valid, 10 ms frames ({how})", set.name);
        scores.extend(figures.into_iter().filter_map(|(metric, value)| {
            Some(Score { data: data.clone(), metric: metric.to_owned(), value: (value? * 1e4).round() / 1e4 })
        }));
    }
    scores
}

/// Writes a model file, its weights at half precision.
///
/// # Errors
/// If the disk refuses, or the net does not load from what was written.
pub(super) fn write_model<'a>(
    out: &Path,
    card: &Card,
    weights: impl Iterator<Item = (&'a String, &'a Tensor)>,
) -> Result<()> {
    let mut tensors: Vec<(String, Tensor)> = Vec::new();
    for (name, tensor) in weights {
        let kept = if is_fixed(name) { tensor.clone() } else { tensor.to_dtype(DType::F16)? };
        tensors.push((name.clone(), kept));
    }
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    model_file::write(out, card, tensors)
}

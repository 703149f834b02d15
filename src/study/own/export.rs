//! From a fit to a model file that the plugin and `--genre-model` load.

use std::path::Path;

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};

use super::learn::Lesson;
use super::songs::Songs;
use crate::engine::ModelSet;
use crate::nets::{CARD_FORMAT, Card, Score, Task};
use crate::study::model_file;
use crate::study::outputs::stem;

/// Writes the head to `out`, which is either as it was or whole afterwards. `models`: those that made the index.
///
/// # Errors
/// The disk refuses.
pub fn export(songs: &Songs, lesson: &Lesson, models: &ModelSet, out: &Path) -> Result<()> {
    let name = stem(out);
    let leader = models.tagger_cards().next().context("no tagger is built in; please report this")?;
    let card = Card {
        format: CARD_FORMAT,
        name,
        architecture: "linear".to_owned(),
        task: Task::Genre,
        description: format!("{} classes of its owner's, on what the built-in taggers hear", songs.classes.len()),
        front_end: leader.front_end.clone(),
        labels: songs.classes.clone(),
        voice: Vec::new(),
        look_ahead_frames: 0,
        members: Vec::new(),
        taggers: songs.taggers.iter().map(|tagger| tagger.name.clone()).collect(),
        licence: "LicenseRef-Private".to_owned(),
        attribution: "whoever sorted the library".to_owned(),
        source: "trained with Earmark on a library".to_owned(),
        training_data: format!(
            "{} songs of a library, penalty {}; scores are of a head fitted without the {} that were held out",
            songs.songs.len(),
            lesson.l2,
            lesson.answers.len()
        ),
        provenance: None,
        scores: vec![Score {
            data: format!("{} held-out songs of other artists and albums", lesson.answers.len()),
            metric: "accuracy".to_owned(),
            value: (lesson.accuracy(songs) * 1e4).round() / 1e4,
        }],
    };
    let single = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<f32>>();
    let probe = &lesson.fit.probe;
    let tensors = [
        ("bias", Tensor::from_vec(single(probe.bias()), probe.classes(), &Device::Cpu)?),
        ("mean", Tensor::from_slice(&lesson.fit.mean, probe.width(), &Device::Cpu)?),
        ("weight", Tensor::from_vec(single(probe.weight()), (probe.classes(), probe.width()), &Device::Cpu)?),
    ];
    model_file::write(out, &card, tensors)
}

//! From a student's weights to its file.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};

use super::super::export::write_model;
use super::{DistilSettings, Hearing, Lessons};
use crate::listen::FrontEnd;
use crate::nets::registry::read_card;
use crate::nets::systems::pons;
use crate::nets::{CARD_FORMAT, Card, Score, Task};
use crate::study::outputs::{replace, stem};

/// Writes a student: a model file, or where it hears what the engine does not hand to nets, its weights alone.
///
/// # Errors
/// If the disk refuses, or the net does not load from what was written.
pub(super) fn export(lessons: &Lessons, settings: &DistilSettings, weights: &HashMap<String, Tensor>) -> Result<()> {
    match settings.hearing {
        Hearing::Spectrogram => write_model(&settings.out, &card(lessons, settings), weights.iter()),
        Hearing::Waveform => replace(&settings.out, &safetensors::serialize(weights, None)?),
    }
}

/// Writes the model file `from` to `out`, named after it, with these scores on its card.
///
/// # Errors
/// A file that does not read, a full disk.
pub fn publish_student(from: &Path, out: &Path, scores: Vec<Score>) -> Result<()> {
    let bytes = std::fs::read(from).with_context(|| format!("{} cannot be read", from.display()))?;
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?;
    let card = read_card(&bytes).with_context(|| from.display().to_string())?;
    write_model(out, &Card { name: stem(out), scores, ..card }, tensors.iter())
}

fn card(lessons: &Lessons, settings: &DistilSettings) -> Card {
    let Lessons { teacher, tags, train, .. } = lessons;
    let DistilSettings { loss, targets, steps, batch, seed, .. } = settings;
    Card {
        format: CARD_FORMAT,
        name: stem(&settings.out),
        architecture: pons::TAGS_NAME.to_owned(),
        task: Task::Tags,
        description: format!("{} tags for 3 s of music, learned from what {teacher} says", tags.len()),
        front_end: FrontEnd::musicnn_mel_96(),
        labels: tags.clone(),
        voice: Vec::new(),
        look_ahead_frames: 0,
        members: Vec::new(),
        taggers: Vec::new(),
        licence: "MIT".to_owned(),
        attribution: format!("architecture by {}; weights trained by Earmark", pons::SYSTEM.designer),
        source: format!("{}; arXiv 1503.02531", pons::SYSTEM.source),
        training_data: format!(
            "{teacher}'s words about {} windows of 3 s of {}, split train; {steps} steps of {batch} windows, {} loss, {} \
             targets, seed {seed}",
            train.windows.len(),
            lessons.collections(),
            loss.name(),
            targets.name()
        ),
        provenance: None,
        scores: Vec::new(),
    }
}

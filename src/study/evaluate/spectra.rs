//! How often a genre net for clips is right on labelled spectra.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::engine::ModelSet;
use crate::nets::coarse::{CoarseEar, tagger_of};
use crate::nets::compact::groups;
use crate::nets::{Model, Net};
use crate::study::spectra::Spectra;
use crate::study::train::{ClipFigures, ask, ask_clips, coarse_features};

/// Everything that was measured.
#[derive(Debug, Clone, Serialize)]
pub struct SpectraReport {
    /// Name of the net.
    pub model: String,
    /// The collection, as the net's labels call it.
    pub collection: String,
    /// Clips.
    pub clips: usize,
    /// Classes that could be chosen.
    pub classes: Vec<String>,
    /// Share of clips whose likeliest class is the right one.
    pub accuracy: f64,
    /// Mean of `-ln` of the right class's probability.
    pub cross_entropy: f64,
    /// `confusion[truth][answer]`: clips, in the order of `classes`.
    pub confusion: Vec<Vec<u32>>,
}

/// Whether a path names a file of spectra rather than audio.
pub fn is_spectra(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    name.ends_with(".safetensors") || name.ends_with(".safetensors.zst")
}

/// The net for clips in a file, or the one built in.
///
/// # Errors
/// If the file is no such net.
pub fn clip_net(file: Option<&Path>) -> Result<Model> {
    let Some(file) = file else {
        return ModelSet::embedded()?.build()?.coarse.context("no net for spectra is built in; name one with --model");
    };
    let model = Model::from_file(file)?;
    ensure!(
        model.net.hears_clips() || matches!(model.net, Net::Coarse(_)),
        "is a net of architecture {}, which reads no spectra; train one that does, for instance `earmark train compact`",
        model.card.architecture
    );
    Ok(model)
}

/// Judges `model` on the clips of a file.
///
/// # Errors
/// Unreadable spectra, or classes that the net does not know.
pub fn report(model: &Model, path: &Path) -> Result<SpectraReport> {
    let spectra = Spectra::read(path)?;
    let labels = &model.card.labels;
    let class = |label: usize| labels[label].split_once('/').map_or(labels[label].as_str(), |(_, class)| class);
    let group = groups(labels)
        .into_iter()
        .find(|group| (0..group.count).map(|at| class(group.first + at)).eq(spectra.classes.iter().map(String::as_str)))
        .with_context(|| {
            format!(
                "has the classes {}, which {} does not know; train a net on them with `earmark train`",
                spectra.classes.join(", "),
                model.card.name
            )
        })?;
    let answers = match &model.net {
        Net::Coarse(net) => {
            let models = ModelSet::embedded()?.build()?;
            let ced = tagger_of(&model.card, &models.taggers)?;
            let ear = CoarseEar::new();
            ask(&spectra, group, |clip| {
                let rows = spectra.levels(clip);
                let features = coarse_features(&ear, ced, &rows, spectra.hop_s)?;
                Ok(net.read(&features, &rows, spectra.stride)?.probability)
            })?
        }
        net => ask_clips(net, &spectra, group)?,
    };
    let figures = ClipFigures::of("", &spectra, &answers);
    let mut confusion = vec![vec![0; group.count]; group.count];
    answers.iter().zip(&spectra.labels).for_each(|(answer, &truth)| confusion[truth][answer.class] += 1);
    Ok(SpectraReport {
        model: model.card.name.clone(),
        collection: labels[group.first].split_once('/').map_or("", |(collection, _)| collection).to_owned(),
        clips: figures.clips,
        classes: spectra.classes,
        accuracy: figures.accuracy,
        cross_entropy: figures.cross_entropy,
        confusion,
    })
}

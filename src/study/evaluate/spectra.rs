//! How often a genre net is right on labelled spectra.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::engine::ModelSet;
use crate::nets::coarse::{CoarseEar, Taggers};
use crate::nets::compact::groups;
use crate::nets::{Model, Net};
use crate::study::spectra::Spectra;
use crate::study::train::{coarse_windows, mean_window, measure, measure_clips};

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

/// The net for spectra in a file, or the one built in.
///
/// # Errors
/// If the file is no such net.
pub fn spectral(file: Option<&Path>) -> Result<Model> {
    let Some(file) = file else {
        return ModelSet::embedded()?.build()?.coarse.context("no net for spectra is built in; name one with --model");
    };
    let model = Model::from_file(file)?;
    ensure!(
        matches!(model.net, Net::Compact(_) | Net::Coarse(_)),
        "is a net of architecture {}, but spectra are read by one of architecture compact or coarse; train one with \
         `earmark train compact`",
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
                "has the classes {}, which {} does not know; train a net on them with `earmark train coarse`",
                spectra.classes.join(", "),
                model.card.name
            )
        })?;
    let (figures, confusion) = match &model.net {
        Net::Compact(net) => measure_clips(net, "", &spectra, group)?,
        Net::Coarse(net) => {
            let models = ModelSet::embedded()?.build()?;
            let taggers = Taggers::among(models.taggers.iter().map(|model| &model.net))?;
            let ear = CoarseEar::new(spectra.hop_s);
            measure("", &spectra, group, |clip| {
                let windows = coarse_windows(&ear, taggers, &spectra.levels(clip), false)?;
                Ok(net.read(&mean_window(&windows))?.probability)
            })?
        }
        _ => anyhow::bail!("{} reads no spectra", model.card.name),
    };
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

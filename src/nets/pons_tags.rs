//! Pons's net (arXiv 1711.02520) on 96 mel bands, for tags that do not exclude one another:
//! [`super::systems::pons::on_spectrogram`] as it runs. It is what students of a tagger are.

use candle_core::{Device, Result, Tensor};
use candle_nn::VarBuilder;

use super::layers::Dense;
use super::musicnn::{MELS, Musicnn};
use super::stack::run::{Picture, Ready, standardise, through};
use super::stack::{Layer, Size, layers};
use super::systems::pons;
use super::{Observer, Tagging};

/// See the module's text.
pub struct PonsTags {
    /// Mean and one over the deviation of each band in the training data.
    mean: Vec<f32>,
    scale: Vec<f32>,
    layers: Vec<Ready>,
    output: Dense,
}

impl PonsTags {
    /// Frames of a patch: 3 s at 16 ms, as [`Musicnn`] hears them.
    pub const FRAMES: usize = Musicnn::FRAMES;

    /// Width of the embedding.
    pub const EMBEDDING: usize = pons::STUDENTS_WIDTH;

    /// The layers that an observer sees, one row each; see [`Observer`].
    pub const LAYERS: [&'static str; 2] = ["embedding", "tags"];

    /// Its layers on a patch.
    ///
    /// # Errors
    /// Never: the net fits its patch.
    pub fn layers() -> Result<Vec<Layer>> {
        let size = Size { frames: Self::FRAMES, bands: MELS, channels: 1 };
        layers(&pons::on_spectrogram(), size).map_err(candle_core::Error::Msg)
    }

    /// Builds the net with `labels` outputs.
    ///
    /// # Errors
    /// A missing tensor or one of another shape.
    pub fn new(labels: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            mean: vb.get(MELS, "cmvn.mean")?.to_vec1()?,
            scale: vb.get(MELS, "cmvn.scale")?.to_vec1()?,
            layers: Self::layers()?.iter().map(|layer| Ready::read(layer, vb)).collect::<Result<_>>()?,
            output: Dense::new(Self::EMBEDDING, labels, true, &vb.pp("output"))?,
        })
    }

    /// Tags one patch of `mels`, rows of 96 values.
    ///
    /// # Errors
    /// If `mels` is not whole rows.
    pub fn forward(&self, mels: &[f32]) -> Result<Tagging> {
        if mels.is_empty() || !mels.len().is_multiple_of(MELS) {
            candle_core::bail!("{} values are not rows of {MELS}", mels.len());
        }
        let mut values = mels.to_vec();
        standardise(&mut values, &self.mean, &self.scale);
        let size = Size { frames: values.len() / MELS, bands: MELS, channels: 1 };
        let embedding = through(&self.layers, Picture { size, values }, &mut Vec::new())?.values;
        let logits = self.output.apply(&embedding);
        Ok(Tagging {
            probability: logits.into_iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect(),
            embedding,
            inner: Vec::new(),
        })
    }

    /// The same, while `observe` sees each of [`Self::LAYERS`].
    ///
    /// # Errors
    /// As [`Self::forward`], and what `observe` reports.
    pub fn forward_observed(&self, mels: &[f32], observe: &mut Observer<'_>) -> Result<Tagging> {
        let tagging = self.forward(mels)?;
        for (name, values) in Self::LAYERS.into_iter().zip([&tagging.embedding, &tagging.probability]) {
            observe(name, &Tensor::from_slice(values, (1, values.len()), &Device::Cpu)?)?;
        }
        Ok(tagging)
    }
}

//! Students: Pons's nets on the spectrogram or on the waveform (arXiv 1711.02520).

use std::collections::HashMap;

use candle_core::{Device, Result, Tensor};
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::super::layers::{standardised, standards};
use super::super::scene::frames;
use super::super::stack::{begin, through};
use super::super::weights::{Weights, drawn};
use super::lessons::{Lessons, WINDOW};
use super::target::{Targets, odds};
use crate::listen::FrontEnd;
use crate::nets::Musicnn;
use crate::nets::stack::{Layer, Size, layers};
use crate::nets::systems::pons;

/// What a student hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hearing {
    /// 96 mel bands every 16 ms, as the teacher musicnn does.
    Spectrogram,
    /// Samples.
    Waveform,
}

/// Windows that the bands' means and deviations are measured on, at most.
const MEASURED_WINDOWS: usize = 500;
/// Samples of a row that the waveform comes in: the stride of the first convolution.
const ROW: usize = 3;

/// A student's net.
pub(super) struct Student {
    hearing: Hearing,
    layers: Vec<Layer>,
    width: usize,
}

impl Hearing {
    /// As tables name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Spectrogram => "spectrogram",
            Self::Waveform => "waveform",
        }
    }

    /// Frames and bands of a window.
    fn size(self) -> Size {
        let [frames, bands] = match self {
            Self::Spectrogram => [Musicnn::FRAMES, FrontEnd::musicnn_mel_96().n_mels],
            Self::Waveform => [WINDOW / ROW, ROW],
        };
        Size { frames, bands, channels: 1 }
    }

    /// `[frames][bands]` of a whole window.
    fn picture(self, samples: &[f32]) -> Vec<f32> {
        let Size { frames: rows, bands, .. } = self.size();
        let mut picture = match self {
            Self::Spectrogram => frames(samples, &FrontEnd::musicnn_mel_96()),
            Self::Waveform => samples.to_vec(),
        };
        picture.truncate(rows * bands);
        picture
    }
}

impl Student {
    /// # Errors
    /// Never: the nets fit their windows.
    pub(super) fn new(hearing: Hearing) -> Result<Self> {
        let stages = match hearing {
            Hearing::Spectrogram => pons::on_spectrogram(),
            Hearing::Waveform => pons::on_waveform(),
        };
        let layers = layers(&stages, hearing.size()).map_err(candle_core::Error::Msg)?;
        let width = layers.last().map_or(0, |layer| layer.output.channels);
        Ok(Self { hearing, layers, width })
    }

    /// The weights that a run starts with: answers begin about the logits of each tag's mean target, so that no step is
    /// spent on how rare a tag is.
    ///
    /// # Errors
    /// Never for shapes that fit into memory.
    pub(super) fn start(&self, lessons: &Lessons, targets: Targets, seed: u64) -> Result<HashMap<String, Tensor>> {
        let odds = odds(lessons, targets);
        let mut tensors = HashMap::new();
        begin(&self.layers, seed, &mut tensors)?;
        let output = drawn("output.weight", &[odds.len(), self.width], 2 * self.width, seed)?;
        tensors.insert("output.weight".to_owned(), output);
        tensors.insert("output.bias".to_owned(), Tensor::from_slice(&odds, odds.len(), &Device::Cpu)?);
        if self.hearing == Hearing::Spectrogram {
            let windows = &lessons.train.windows;
            let some = windows.iter().step_by(windows.len().div_ceil(MEASURED_WINDOWS));
            let pictures = some.map(|&window| self.hearing.picture(lessons.samples(window)));
            tensors.extend(standards(pictures, self.hearing.size().bands)?);
        }
        Ok(tensors)
    }

    /// What it hears of windows: `[windows, frames, bands, 1]`.
    ///
    /// # Errors
    /// Never for whole windows.
    pub(super) fn heard<'a>(&self, windows: impl Iterator<Item = &'a [f32]>) -> Result<Tensor> {
        let Size { frames, bands, .. } = self.hearing.size();
        let pictures: Vec<Vec<f32>> = windows.map(|samples| self.hearing.picture(samples)).collect();
        Tensor::from_vec(pictures.concat(), (pictures.len(), frames, bands, 1), &Device::Cpu)
    }

    /// Logits `[windows, tags]`; with `dropout`, as in training.
    ///
    /// # Errors
    /// A missing tensor or another shape.
    pub(super) fn forward(&self, weights: &Weights, heard: Tensor, mut dropout: Option<&mut StdRng>) -> Result<Tensor> {
        let windows = heard.dim(0)?;
        let heard = match self.hearing {
            Hearing::Spectrogram => standardised(weights, &heard.squeeze(3)?)?.unsqueeze(3)?,
            Hearing::Waveform => heard,
        };
        let last = through(&self.layers, weights, heard, &mut dropout)?.reshape((windows, self.width))?;
        weights.dense(&last, "output")
    }
}

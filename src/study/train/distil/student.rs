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
use crate::nets::PonsTags;
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
            Self::Spectrogram => [PonsTags::FRAMES, FrontEnd::musicnn_mel_96().n_mels],
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
        let layers = match hearing {
            Hearing::Spectrogram => PonsTags::layers()?,
            Hearing::Waveform => layers(&pons::on_waveform(), hearing.size()).map_err(candle_core::Error::Msg)?,
        };
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

    /// What it hears of a window: `[frames][bands]`.
    pub(super) fn picture(&self, samples: &[f32]) -> Vec<f32> {
        self.hearing.picture(samples)
    }

    /// What it hears of windows: `[windows, frames, bands, 1]`.
    ///
    /// # Errors
    /// Never for whole windows.
    pub(super) fn heard<'a>(&self, windows: impl Iterator<Item = &'a [f32]>) -> Result<Tensor> {
        let Size { frames, bands, .. } = self.hearing.size();
        let pictures: Vec<Vec<f32>> = windows.map(|samples| self.picture(samples)).collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::DType;
    use candle_nn::VarBuilder;

    #[test]
    fn a_student_says_the_same_when_it_runs() {
        let student = Student::new(Hearing::Spectrogram).expect("fits");
        let Size { frames, bands, .. } = student.hearing.size();
        let mut tensors = HashMap::new();
        begin(&student.layers, 7, &mut tensors).expect("draws");
        // So small that no answer comes near 0 or 1, where all nets would agree.
        let output = drawn("output.weight", &[5, student.width], 100 * student.width, 7).expect("draws");
        tensors.insert("output.weight".to_owned(), output);
        tensors.insert("output.bias".to_owned(), drawn("output.bias", &[5], 100, 7).expect("draws"));
        let pictures = (0..3_u32).map(|seed| {
            let value = |at: u32| ((at * 7919 + seed * 104_729) % 997) as f32 / 200.0;
            (0..(frames * bands) as u32).map(value).collect::<Vec<f32>>()
        });
        let pictures: Vec<Vec<f32>> = pictures.collect();
        tensors.extend(standards(pictures.iter().cloned(), bands).expect("measures"));

        let heard = Tensor::from_vec(pictures.concat(), (3, frames, bands, 1), &Device::Cpu).expect("a tensor");
        let weights = Weights::new(tensors.clone()).expect("weights");
        let logits = student.forward(&weights, heard, None).expect("answers");
        let learned = candle_nn::ops::sigmoid(&logits).and_then(|said| said.to_vec2::<f32>()).expect("probabilities");

        let running = PonsTags::new(5, &VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu)).expect("builds");
        assert_eq!(
            (student.width, running.forward(&pictures[0]).expect("runs").embedding.len()),
            (PonsTags::EMBEDDING, PonsTags::EMBEDDING)
        );
        for (picture, learned) in pictures.iter().zip(&learned) {
            let said = running.forward(picture).expect("runs").probability;
            let worst = said.iter().zip(learned).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-4, "{worst}");
            assert!(said.iter().all(|p| (0.02..0.98).contains(p)), "neither 0 nor 1: {said:?}");
        }
        assert!(running.forward(&pictures[0][1..]).is_err(), "rows that are not whole");
    }
}

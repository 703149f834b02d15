//! Labelled songs in memory, at the rate that nets hear.

use anyhow::{Context, Result};

use crate::listen::Resampler;
use crate::study::decode;
use crate::study::evaluate::index::Entry;
use crate::study::lab::{Kind, Labels};
use crate::study::mix::Layout;

/// Rate of all training audio, Hz.
pub(super) const SAMPLE_RATE_HZ: usize = 16_000;

/// One song, as its source allows.
pub(super) struct Song {
    /// The collection it belongs to.
    pub(super) set: String,
    /// Everything but the voice; of a finished mix, everything; of a voice alone, nothing.
    pub(super) backing: Vec<f32>,
    /// The voice alone, where stems are there.
    pub(super) voice: Option<Vec<f32>>,
    pub(super) labels: Labels,
}

impl Song {
    /// Decodes one file of an index.
    ///
    /// # Errors
    /// Unreadable audio or labels.
    pub(super) fn read(entry: &Entry) -> Result<Self> {
        let context = || entry.audio.display().to_string();
        let labels = Labels::read(&entry.labels)?;
        let mut file = decode::open(&entry.audio).with_context(context)?;
        let mut tracks = [Track::new(file.sample_rate_hz), Track::new(file.sample_rate_hz)];
        let mut block = Vec::new();
        while file.next_block(&mut block).with_context(context)? {
            match (entry.layout, block.as_slice()) {
                (Layout::Stems, [accompaniment, stem, ..]) => {
                    tracks[0].push(accompaniment);
                    tracks[1].push(stem);
                }
                (layout, channels) => {
                    let length = channels.first().map_or(0, Vec::len);
                    let share = 1.0 / channels.len().max(1) as f32;
                    let mono: Vec<f32> =
                        (0..length).map(|at| channels.iter().map(|c| c[at] * share).sum::<f32>()).collect();
                    tracks[usize::from(layout == Layout::Voice)].push(&mono);
                }
            }
        }
        let [backing, voice] = tracks.map(|track| track.samples);
        Ok(Self { set: entry.set.clone(), backing, voice: (!voice.is_empty()).then_some(voice), labels })
    }

    /// Length in samples.
    pub(super) fn samples(&self) -> usize {
        self.backing.len().max(self.voice.as_ref().map_or(0, Vec::len))
    }

    /// What is heard of it: everything added up.
    pub(super) fn mix(&self) -> Vec<f32> {
        let mut mix = self.backing.clone();
        mix.resize(self.samples(), 0.0);
        for (mixed, voice) in mix.iter_mut().zip(self.voice.iter().flatten()) {
            *mixed += voice;
        }
        mix
    }

    /// Length in seconds.
    pub(super) fn duration_s(&self) -> f64 {
        self.samples() as f64 / SAMPLE_RATE_HZ as f64
    }

    /// Whether somebody sings in it, and her voice is there apart from the rest.
    pub(super) fn has_voice(&self) -> bool {
        self.voice.is_some() && self.is_sung()
    }

    /// Whether voice and backing are both there.
    pub(super) fn has_stems(&self) -> bool {
        self.has_voice() && !self.backing.is_empty()
    }

    /// Whether somebody sings in it.
    pub(super) fn is_sung(&self) -> bool {
        !self.labels.sung().is_empty()
    }

    /// Whether somebody speaks in it, and nobody sings.
    pub(super) fn is_speech(&self) -> bool {
        !self.is_sung() && !self.labels.of_kind(Kind::Speech).is_empty()
    }
}

/// One channel on its way to [`SAMPLE_RATE_HZ`].
struct Track {
    resampler: Option<Resampler>,
    samples: Vec<f32>,
}

/// Samples handed to the resampler at a time.
const CHUNK: usize = 512;

impl Track {
    fn new(rate_hz: f64) -> Self {
        let wanted = SAMPLE_RATE_HZ as f64;
        let resampler = (rate_hz != wanted).then(|| Resampler::new(rate_hz, wanted, CHUNK));
        Self { resampler, samples: Vec::new() }
    }

    fn push(&mut self, samples: &[f32]) {
        match &mut self.resampler {
            None => self.samples.extend_from_slice(samples),
            Some(resampler) => {
                for chunk in samples.chunks(CHUNK) {
                    self.samples.extend_from_slice(resampler.push(chunk));
                }
            }
        }
    }
}

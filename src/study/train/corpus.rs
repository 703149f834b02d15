//! Labelled songs in memory.

use anyhow::{Context, Result, ensure};

use crate::study::decode;
use crate::study::evaluate::index::Entry;
use crate::study::lab::Labels;
use crate::study::mix::Layout;

/// Rate of all training audio, Hz.
pub(super) const SAMPLE_RATE_HZ: usize = 16_000;

/// One song, as its source allows.
pub(super) struct Song {
    /// Everything but the voice; of a finished mix, everything.
    pub(super) backing: Vec<f32>,
    /// The voice alone, where stems are there.
    pub(super) voice: Option<Vec<f32>>,
    pub(super) labels: Labels,
}

impl Song {
    /// Decodes one file of an index.
    ///
    /// # Errors
    /// Unreadable audio or labels, or audio of another rate.
    pub(super) fn read(entry: &Entry) -> Result<Self> {
        let context = || entry.audio.display().to_string();
        let labels = Labels::read(&entry.labels)?;
        let mut file = decode::open(&entry.audio).with_context(context)?;
        ensure!(
            file.sample_rate_hz == SAMPLE_RATE_HZ as f64,
            "{} has {} Hz; training audio has {SAMPLE_RATE_HZ} Hz",
            context(),
            file.sample_rate_hz
        );
        let (mut backing, mut voice) = (Vec::new(), Vec::new());
        let mut block = Vec::new();
        while file.next_block(&mut block).with_context(context)? {
            match (entry.layout, block.as_slice()) {
                (Layout::Stems, [accompaniment, stem, ..]) => {
                    backing.extend_from_slice(accompaniment);
                    voice.extend_from_slice(stem);
                }
                (_, channels) => {
                    let length = channels.first().map_or(0, Vec::len);
                    let share = 1.0 / channels.len().max(1) as f32;
                    backing.extend((0..length).map(|at| channels.iter().map(|c| c[at] * share).sum::<f32>()));
                }
            }
        }
        Ok(Self { backing, voice: (!voice.is_empty()).then_some(voice), labels })
    }

    /// Length in seconds.
    pub(super) fn duration_s(&self) -> f64 {
        self.backing.len() as f64 / SAMPLE_RATE_HZ as f64
    }

    /// Whether nobody sings in it.
    pub(super) fn is_instrumental(&self) -> bool {
        self.labels.sung().is_empty()
    }
}

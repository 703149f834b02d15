//! How well a vocal net knows when someone sings, frame by frame.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

use super::index::Entry;
use crate::engine::Engine;
use crate::study::hear::{Attention, Watch, hear};
use crate::study::lab::Labels;
use crate::study::metrics::{Counts, auc, calibration_error};

/// A frame is called sung above this probability.
pub const THRESHOLD: f32 = 0.5;
/// Time between two judged frames, in seconds.
const STEP_S: f64 = 0.01;
const CALIBRATION_BINS: usize = 10;

/// Frames with their truth.
#[derive(Clone, Debug, Default)]
pub struct Frames {
    probability: Vec<f32>,
    sung: Vec<bool>,
}

impl Frames {
    /// What the net said.
    pub fn probability(&self) -> &[f32] {
        &self.probability
    }

    /// What is true.
    pub fn sung(&self) -> &[bool] {
        &self.sung
    }
}

/// The figures of a file, a set, or everything.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// File or set.
    pub name: String,
    /// Files in it.
    pub files: usize,
    /// Judged audio, in seconds.
    pub seconds: f64,
    /// Share of it that is sung.
    pub sung: f64,
    /// Area under the ROC curve; absent where all or nothing is sung.
    pub auc: Option<f64>,
    /// Share of frames judged right; absent where nothing is sung.
    pub accuracy: Option<f64>,
    /// Share of unsung frames taken for sung.
    pub false_alarm_rate: Option<f64>,
    /// Share of sung frames found.
    pub recall: Option<f64>,
    /// Expected calibration error.
    pub calibration_error: Option<f64>,
}

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Name of the vocal net.
    pub model: String,
    /// Which part of the collection.
    pub split: String,
    /// Decision threshold.
    pub threshold: f32,
    /// Each file.
    pub files: Vec<Figures>,
    /// Each collection, its frames pooled.
    pub sets: Vec<Figures>,
    /// All frames pooled.
    pub pooled: Figures,
}

/// Hears one file and pairs its frames with the truth.
///
/// # Errors
/// As [`hear`] and [`Labels::read`].
pub fn frames(engine: &Arc<Engine>, entry: &Entry, watch: &dyn Watch) -> Result<(String, Frames)> {
    let labels = Labels::read(&entry.labels)?;
    let heard = hear(engine, &entry.audio, entry.layout, Attention::Voice, watch)?;
    let curve = Curve {
        probability: &heard.vocal,
        first_frame_s: heard.first_frame_s,
        period_s: heard.period_s,
        duration_s: heard.duration_s,
    };
    Ok((heard.vocal_model.clone(), pair(&curve, &labels)))
}

/// A voice's probability over time.
#[derive(Clone, Copy, Debug)]
pub struct Curve<'a> {
    /// One value per frame.
    pub probability: &'a [f32],
    /// The instant of frame 0, seconds.
    pub first_frame_s: f64,
    /// Seconds from frame to frame.
    pub period_s: f64,
    /// Length of the audio, seconds.
    pub duration_s: f64,
}

/// The frames of a 10 ms grid over the labelled audio: at each instant the nearest vocal frame.
pub fn pair(heard: &Curve<'_>, labels: &Labels) -> Frames {
    let end_s = heard.duration_s.min(labels.end_s());
    let last = heard.probability.len().saturating_sub(1);
    let mut frames = Frames::default();
    for step in 0..(end_s / STEP_S).round() as usize {
        // The middle of the step, so that a label's edge never falls on the instant itself.
        let time_s = (step as f64 + 0.5) * STEP_S;
        if labels.is_unsure_at(time_s) {
            continue;
        }
        let frame = ((time_s - heard.first_frame_s) / heard.period_s).round().max(0.0) as usize;
        frames.probability.push(heard.probability[frame.min(last)]);
        frames.sung.push(labels.sings_at(time_s));
    }
    frames
}

/// The figures from all files' frames.
pub fn report(model: String, split: &str, heard: &[(&Entry, Frames)]) -> Report {
    let mut sets: BTreeMap<&str, Vec<&Frames>> = BTreeMap::new();
    for (entry, frames) in heard {
        sets.entry(&entry.set).or_default().push(frames);
    }
    let all: Vec<_> = heard.iter().map(|(_, frames)| frames).collect();
    Report {
        model,
        split: split.to_owned(),
        threshold: THRESHOLD,
        files: heard.iter().map(|(entry, frames)| figures(&entry.name, &[frames])).collect(),
        sets: sets.into_iter().map(|(set, frames)| figures(set, &frames)).collect(),
        pooled: figures("pooled", &all),
    }
}

fn figures(name: &str, parts: &[&Frames]) -> Figures {
    let probability = parts.iter().flat_map(|part| &part.probability).copied().collect::<Vec<_>>();
    let sung = parts.iter().flat_map(|part| &part.sung).copied().collect::<Vec<_>>();
    let counts = Counts::at_threshold(&probability, &sung, THRESHOLD);
    let sung_frames = sung.iter().filter(|&&sung| sung).count();
    Figures {
        name: name.to_owned(),
        files: parts.len(),
        seconds: sung.len() as f64 * STEP_S,
        sung: sung_frames as f64 / sung.len().max(1) as f64,
        auc: auc(&probability, &sung),
        // On instrumentals the accuracy is only the false-alarm rate, said twice.
        accuracy: counts.accuracy().filter(|_| sung_frames > 0),
        false_alarm_rate: counts.false_alarm_rate(),
        recall: counts.recall(),
        calibration_error: calibration_error(&probability, &sung, CALIBRATION_BINS),
    }
}

//! How well a vocal net knows when someone sings, frame by frame.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

pub use super::frames::{Curve, Frames, pair};
use super::index::Entry;
use super::level::Level;
use crate::engine::Engine;
use crate::study::hear::{Attention, Heard, Watch, hear};
use crate::study::lab::Labels;
use crate::study::metrics::{Counts, auc, calibration_error};
use crate::study::mix::Mix;

/// A frame is called sung above this probability.
pub const THRESHOLD: f32 = 0.5;
/// Equal bins of probability in which promise and truth are compared.
pub const CALIBRATION_BINS: usize = 10;

/// The figures of a file, a set, or everything. Frames that the labels leave open count nowhere.
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
    /// Harmonic mean of precision and recall; absent where nothing is sung.
    pub f1: Option<f64>,
    /// Share of the frames called sung that are; absent where nothing is sung or nothing is called so.
    pub precision: Option<f64>,
    /// Share of sung frames found.
    pub recall: Option<f64>,
    /// Share of unsung frames taken for sung.
    pub false_alarm_rate: Option<f64>,
    /// Share of spoken frames taken for sung; absent where nobody speaks.
    pub speech_false_alarm_rate: Option<f64>,
    /// Gate openings per minute, at the plugin's default settings, in the files where nobody sings; absent without such.
    pub false_openings_per_minute: Option<f64>,
    /// Openings and closings of the gate per minute, at the plugin's default settings; absent without audio.
    pub toggles_per_minute: Option<f64>,
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
    /// The same audio at other levels; empty unless asked for.
    pub levels: Vec<Level>,
}

/// One file: what the engine said of it, and the truth.
pub struct Listened {
    /// Curve and waveform.
    pub heard: Heard,
    /// Who sings when.
    pub labels: Labels,
    /// Both, frame by frame.
    pub frames: Frames,
}

impl Listened {
    /// The vocal curve.
    pub fn curve(&self) -> Curve<'_> {
        curve_of(&self.heard)
    }
}

/// Hears one file at a gain in dB and pairs its frames with the truth.
///
/// # Errors
/// As [`hear`] and [`Labels::read`].
pub fn listen(engine: &Arc<Engine>, entry: &Entry, gain_db: f32, watch: &dyn Watch) -> Result<Listened> {
    let labels = Labels::read(&entry.labels)?;
    let mix = Mix::new(entry.layout, gain_db);
    let heard = hear(engine, &entry.audio, mix, Attention::Voice, watch)?;
    let frames = pair(&curve_of(&heard), &labels);
    Ok(Listened { heard, labels, frames })
}

fn curve_of(heard: &Heard) -> Curve<'_> {
    Curve {
        probability: &heard.vocal,
        first_frame_s: heard.first_frame_s,
        period_s: heard.period_s,
        duration_s: heard.duration_s,
    }
}

/// The frames of each set, pooled, in the order of the sets' names.
pub fn sets(heard: &[(&Entry, Frames)]) -> Vec<(String, Frames)> {
    grouped(heard).into_iter().map(|(set, parts)| (set.to_owned(), Frames::pooled(parts))).collect()
}

fn grouped<'a>(heard: &'a [(&'a Entry, Frames)]) -> BTreeMap<&'a str, Vec<&'a Frames>> {
    let mut sets: BTreeMap<&str, Vec<&Frames>> = BTreeMap::new();
    for (entry, frames) in heard {
        sets.entry(&entry.set).or_default().push(frames);
    }
    sets
}

/// The figures from all files' frames.
pub fn report(model: String, split: &str, heard: &[(&Entry, Frames)]) -> Report {
    let all: Vec<_> = heard.iter().map(|(_, frames)| frames).collect();
    Report {
        model,
        split: split.to_owned(),
        threshold: THRESHOLD,
        files: heard.iter().map(|(entry, frames)| figures(&entry.name, 1, frames)).collect(),
        sets: grouped(heard)
            .into_iter()
            .map(|(set, parts)| figures(set, parts.len(), &Frames::pooled(parts)))
            .collect(),
        pooled: figures("pooled", all.len(), &Frames::pooled(all)),
        levels: Vec::new(),
    }
}

/// The figures of these frames.
pub fn figures(name: &str, files: usize, frames: &Frames) -> Figures {
    let Frames { probability, sung, spoken, gate } = frames;
    let counts = Counts::at_threshold(probability, sung, THRESHOLD);
    let speech: Vec<f32> = probability.iter().zip(spoken).filter(|(_, spoken)| **spoken).map(|(p, _)| *p).collect();
    let speech = Counts::at_threshold(&speech, &vec![false; speech.len()], THRESHOLD);
    let sung_frames = sung.iter().filter(|&&sung| sung).count();
    // On instrumentals these are only the false-alarm rate, said twice.
    let where_sung = |figure: Option<f64>| figure.filter(|_| sung_frames > 0);
    let seconds = frames.seconds();
    Figures {
        name: name.to_owned(),
        files,
        seconds,
        sung: sung_frames as f64 / sung.len().max(1) as f64,
        auc: auc(probability, sung),
        accuracy: where_sung(counts.accuracy()),
        f1: where_sung(counts.f1()),
        precision: where_sung(counts.precision()),
        recall: counts.recall(),
        false_alarm_rate: counts.false_alarm_rate(),
        speech_false_alarm_rate: speech.false_alarm_rate(),
        false_openings_per_minute: per_minute(gate.false_openings, gate.unsung_s),
        toggles_per_minute: per_minute(gate.toggles, seconds),
        calibration_error: calibration_error(probability, sung, CALIBRATION_BINS),
    }
}

fn per_minute(count: u64, seconds: f64) -> Option<f64> {
    (seconds > 0.0).then(|| count as f64 * 60.0 / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[(f32, &str)]) -> Figures {
        let frames = Frames {
            probability: rows.iter().map(|row| row.0).collect(),
            sung: rows.iter().map(|row| row.1 == "sing").collect(),
            spoken: rows.iter().map(|row| row.1 == "speech").collect(),
            ..Frames::default()
        };
        figures("some", 1, &frames)
    }

    #[test]
    fn precision_recall_and_f_match_a_hand_counted_table() {
        let rows = [(0.9, "sing"), (0.8, "sing"), (0.2, "sing"), (0.7, "nosing"), (0.1, "nosing"), (0.1, "speech")];
        let figures = of(&rows);
        assert_eq!(figures.precision, Some(2.0 / 3.0));
        assert_eq!(figures.recall, Some(2.0 / 3.0));
        assert!((figures.f1.unwrap() - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(figures.false_alarm_rate, Some(1.0 / 3.0));
        assert_eq!(figures.speech_false_alarm_rate, Some(0.0));
        assert_eq!(figures.toggles_per_minute, Some(0.0));
    }

    #[test]
    fn figures_that_mean_nothing_are_absent() {
        let unsung = of(&[(0.9, "nosing"), (0.1, "nosing")]);
        assert_eq!((unsung.accuracy, unsung.f1, unsung.precision, unsung.recall), (None, None, None, None));
        assert_eq!((unsung.false_alarm_rate, unsung.speech_false_alarm_rate), (Some(0.5), None));
        assert_eq!(unsung.false_openings_per_minute, None);
        let silent = of(&[(0.1, "sing"), (0.1, "nosing")]);
        assert_eq!((silent.precision, silent.f1), (None, Some(0.0)));
    }
}

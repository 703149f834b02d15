//! From what was heard to what is said about a file.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;

use super::analysis::{Analysis, CLASSES, Genre, TagMeans, Timeline, Vocal};
use super::hear::{Attention, Heard, Watch, hear};
use super::lab::Segment;
use super::mix::Mix;
use super::report::map;
use crate::engine::{Engine, GenreReading};
use crate::say::envelope::{Envelope, EnvelopeSettings};
use crate::say::genre::GENRES;

/// Analyses the file at `path`.
///
/// # Errors
/// As [`hear`].
pub fn analyze(engine: &Arc<Engine>, path: &Path, settings: &EnvelopeSettings, watch: &dyn Watch) -> Result<Analysis> {
    let heard = hear(engine, path, Mix::default(), Attention::Everything, watch)?;
    Ok(conclude(heard, path.display().to_string(), settings))
}

/// Draws the conclusions from a finished hearing.
pub fn conclude(heard: Heard, file: String, settings: &EnvelopeSettings) -> Analysis {
    let embedding = map::pooled(&heard.windows, &heard.taggers);
    let genre = genre_of(&heard.genre, heard.genre_period_s);
    let tags = TagMeans {
        labels: heard.tags.iter().map(|tag| tag.label.clone()).collect(),
        probability: heard.tags.iter().map(|tag| tag.probability).collect(),
    };
    let mut vocal = Vocal {
        model: heard.vocal_model,
        period_s: heard.period_s,
        first_frame_s: heard.first_frame_s,
        delay_s: heard.delay_s,
        probability: heard.vocal,
        segments: Vec::new(),
    };
    let gate: Vec<bool> = gates(&vocal.probability, vocal.period_s, settings).collect();
    vocal.segments = phrases(&vocal, &gate, heard.duration_s);
    Analysis {
        file,
        duration_s: heard.duration_s,
        sample_rate: heard.sample_rate,
        vocal,
        genre,
        tags,
        gate,
        overview: heard.overview,
        spectrum: heard.spectrum,
        embedding,
        notices: heard.notices,
    }
}

/// The gate at each frame (`period_s` seconds apart), by the same envelope as the plugin's.
pub fn gates(probability: &[f32], period_s: f64, settings: &EnvelopeSettings) -> impl Iterator<Item = bool> {
    let mut envelope = Envelope::new();
    probability.iter().map(move |&probability| envelope.advance(settings, probability, period_s as f32).gate)
}

/// Where the gate is open, within the audio. A phrase still sung at the end lasts to the end.
fn phrases(vocal: &Vocal, gate: &[bool], duration_s: f64) -> Vec<Segment> {
    let mut phrases = Vec::new();
    let mut frame = 0;
    for run in gate.chunk_by(|a, b| a == b) {
        let end = frame + run.len();
        if run[0] {
            let start_s = vocal.time_s(frame);
            let end_s = if end == gate.len() { duration_s } else { vocal.time_s(end) };
            let bounded = |time_s: f64| round_to_microseconds(time_s.clamp(0.0, duration_s));
            phrases.push(Segment { start_s: bounded(start_s), end_s: bounded(end_s) });
        }
        frame = end;
    }
    phrases
}

/// Sums of frame periods end in digits that mean nothing.
fn round_to_microseconds(time_s: f64) -> f64 {
    (time_s * 1e6).round() / 1e6
}

fn genre_of(readings: &[GenreReading], period_s: f64) -> Genre {
    let mut sums = [0.0_f64; CLASSES];
    let mut saying = 0;
    let mut timeline = Timeline { period_s, probability: Vec::with_capacity(readings.len()) };
    for reading in readings {
        // What a reading that says nothing holds means nothing.
        let said = if reading.saying { reading.probability } else { [0.0; CLASSES] };
        sums.iter_mut().zip(said).for_each(|(sum, probability)| *sum += f64::from(probability));
        saying += u32::from(reading.saying);
        timeline.probability.push(said);
    }
    let probability = sums.map(|sum| (sum / f64::from(saying.max(1))) as f32);
    let best = (0..CLASSES).max_by(|&a, &b| probability[a].total_cmp(&probability[b]));
    let top = best.filter(|_| saying > 0).map_or("none", |class| GENRES[class]);
    Genre { classes: GENRES, probability, top: top.to_owned(), timeline }
}

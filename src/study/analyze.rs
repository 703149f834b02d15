//! From what was heard to what is said about a file.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;

use super::analysis::{Analysis, CLASSES, Genre, TagMeans, Timeline, Vocal};
use super::hear::{Attention, Heard, OwnClasses, Watch, hear};
use super::lab::Segment;
use super::library::pooling::pool;
use super::mix::Mix;
use super::similar::{POOLING, families};
use super::votes::Ballot;
use crate::engine::{Engine, GenreReading};
use crate::nets::tag_kind::shown;
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

/// Tags of each kind that are shown.
const SHOWN_OF_EACH_KIND: usize = 6;

/// Draws the conclusions from a finished hearing.
pub fn conclude(heard: Heard, file: String, settings: &EnvelopeSettings) -> Analysis {
    let embedding = pool(&heard.windows, &heard.taggers, POOLING);
    let embedding_parts = families(&heard.taggers).iter().map(|family| family.width).collect();
    let genre = genre_of(&heard.genre, heard.own.as_ref(), heard.genre_period_s);
    let tags = TagMeans {
        labels: heard.tags.iter().map(|tag| tag.label.clone()).collect(),
        probability: heard.tags.iter().map(|tag| tag.probability).collect(),
        shown: shown(
            heard.tags.iter().map(|tag| (tag.tagger.as_str(), tag.label.as_str(), tag.probability)),
            SHOWN_OF_EACH_KIND,
        ),
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
        embedding_parts,
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

fn genre_of(readings: &[GenreReading], own: Option<&OwnClasses>, period_s: f64) -> Genre {
    // What a reading that says nothing holds means nothing.
    let said: Vec<Option<&[f32]>> =
        readings.iter().map(|reading| reading.saying.then_some(reading.probability.as_slice())).collect();
    let fixed = Ballot::count(said.iter().flatten().copied());
    let mut means = [0.0; CLASSES];
    if let Some(ballot) = &fixed {
        means.copy_from_slice(&ballot.probability);
    }
    let Some(own) = own else {
        let classes = GENRES.map(str::to_owned).to_vec();
        return Genre { confidence: None, votes: None, ..conclusion(classes, &said, fixed, means, period_s) };
    };
    let said: Vec<Option<&[f32]>> = own.readings.iter().map(Option::as_deref).collect();
    let ballot = Ballot::count(said.iter().flatten().copied());
    conclusion(own.labels.clone(), &said, ballot, means, period_s)
}

/// What `ballot`, counted over the readings in `said`, means for these classes.
fn conclusion(
    classes: Vec<String>,
    said: &[Option<&[f32]>],
    ballot: Option<Ballot>,
    fixed: [f32; CLASSES],
    period_s: f64,
) -> Genre {
    let nothing = vec![0.0; classes.len()];
    let reading = |said: &Option<&[f32]>| said.map_or_else(|| nothing.clone(), <[f32]>::to_vec);
    let timeline = Timeline { period_s, probability: said.iter().map(reading).collect() };
    Genre {
        top: ballot.as_ref().map_or_else(|| "none".to_owned(), |ballot| classes[ballot.top].clone()),
        confidence: ballot.as_ref().map(Ballot::confidence),
        votes: ballot.as_ref().map(|ballot| ballot.votes),
        probability: ballot.map_or(nothing, |ballot| ballot.probability),
        classes,
        fixed,
        timeline,
    }
}

//! What a file's page shows.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::level_picture::LevelPicture;
use super::{Source, link, packed};
use crate::study::analysis::Analysis;
use crate::study::lab::Segment;

/// Points of the vocal curve at most; longer ones keep the highest of each few.
const MOST_POINTS: usize = 65_536;
/// Columns of the waveform.
const WAVEFORM_COLUMNS: usize = 2048;
/// Tags listed at most.
const MOST_TAGS: usize = 60;

/// The data of a page, as its script reads it. Times are in seconds; what is called packed is one byte a value.
#[derive(Debug, Serialize)]
pub(super) struct Data {
    version: &'static str,
    /// The file's own name, and its path as it was given.
    name: String,
    path: String,
    /// Links to the audio and, if there is one, to the index.
    audio: String,
    home: Option<String>,
    duration_s: f64,
    sample_rate: u32,
    vocal: Curve,
    phrases: Vec<[f64; 2]>,
    truth: Option<Vec<[f64; 2]>>,
    waveform: Waveform,
    levels: Option<LevelPicture>,
    genre: Ribbon,
    tags: Vec<(String, f32, f32)>,
    notices: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Curve {
    model: String,
    threshold: f32,
    sung_s: f64,
    first_s: f64,
    period_s: f64,
    packed: String,
}

/// The peak of each column: the distance of its furthest sample from 0, relative to the loudest.
#[derive(Debug, Serialize)]
struct Waveform {
    column_s: f64,
    packed: String,
}

#[derive(Debug, Serialize)]
struct Ribbon {
    classes: Vec<String>,
    probability: Vec<f32>,
    top: String,
    period_s: f64,
    /// Readings x classes.
    packed: String,
}

impl Data {
    /// The data of a page in `directory`.
    ///
    /// # Errors
    /// The spectrogram cannot be drawn.
    pub(super) fn of(analysis: &Analysis, source: &Source<'_>, directory: &Path, home: Option<String>) -> Result<Self> {
        let genre = &analysis.genre;
        Ok(Self {
            version: env!("CARGO_PKG_VERSION"),
            name: shown_name(source.audio),
            path: analysis.file.clone(),
            audio: link::between(directory, &link::real_path(source.audio)),
            home,
            duration_s: analysis.duration_s,
            sample_rate: analysis.sample_rate,
            vocal: curve(analysis, source.threshold),
            phrases: pairs(&analysis.vocal.segments),
            truth: source.truth.map(|truth| pairs(&truth.sung())),
            waveform: waveform(analysis),
            levels: LevelPicture::of(&analysis.spectrum)?,
            genre: Ribbon {
                classes: genre.classes.clone(),
                probability: genre.probability.iter().copied().map(rounded).collect(),
                top: genre.top.clone(),
                period_s: genre.timeline.period_s,
                packed: packed::shares(genre.timeline.probability.iter().flatten().copied()),
            },
            tags: tags(analysis, MOST_TAGS),
            notices: analysis.notices.clone(),
        })
    }
}

/// A file's own name, as far as it is text.
pub(super) fn shown_name(audio: &Path) -> String {
    audio.file_name().unwrap_or(audio.as_os_str()).to_string_lossy().into_owned()
}

/// The tags that are worth showing: label, probability, strength, with as many digits as are read.
pub(super) fn tags(analysis: &Analysis, most: usize) -> Vec<(String, f32, f32)> {
    let shown = analysis.tags.shown.iter().take(most);
    shown.map(|tag| (tag.label.clone(), rounded(tag.probability), rounded(tag.strength()))).collect()
}

/// Four decimals: more are not meant.
pub(super) fn rounded(value: f32) -> f32 {
    (value * 1e4).round() / 1e4
}

fn pairs(segments: &[Segment]) -> Vec<[f64; 2]> {
    segments.iter().map(|segment| [segment.start_s, segment.end_s]).collect()
}

fn curve(analysis: &Analysis, threshold: f32) -> Curve {
    let vocal = &analysis.vocal;
    let frames = vocal.probability.len().div_ceil(MOST_POINTS);
    Curve {
        model: vocal.model.clone(),
        threshold,
        sung_s: vocal.sung_s(),
        first_s: vocal.first_frame_s,
        period_s: vocal.period_s * frames as f64,
        packed: packed::shares(packed::highest(&vocal.probability, frames)),
    }
}

fn waveform(analysis: &Analysis) -> Waveform {
    let overview = &analysis.overview;
    let peaks: Vec<f32> = overview.columns().iter().map(|&(low, high)| high.max(-low)).collect();
    // Silence is a thin line, not noise blown up.
    let loudest = peaks.iter().copied().fold(0.05, f32::max);
    let columns = peaks.len().div_ceil(WAVEFORM_COLUMNS).max(1);
    let column_samples = overview.column_samples() * columns as u64;
    Waveform {
        column_s: column_samples as f64 / f64::from(analysis.sample_rate.max(1)),
        packed: packed::shares(packed::highest(&peaks, columns).map(|peak| peak / loudest)),
    }
}

//! What Earmark says about a file: the numbers behind every output.

use serde::Serialize;

use super::lab::Segment;
use super::overview::Overview;
use super::spectrum::Spectrum;
use crate::engine;
use crate::nets::tag_kind::Shown;
use crate::record::Frame;
use crate::say::genre::GENRES;

/// Genre classes, in the order of every genre vector.
pub const CLASSES: usize = GENRES.len();

/// All that was heard in one file. Serialises to the JSON object of `earmark analyze --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Analysis {
    /// The file's path as given.
    pub file: String,
    /// Length of the audio, in seconds.
    pub duration_s: f64,
    /// Samples per second in the file.
    pub sample_rate: u32,
    /// Who sings when.
    pub vocal: Vocal,
    /// What kind of music it is.
    pub genre: Genre,
    /// What else is heard in it.
    pub tags: TagMeans,
    /// The gate at each vocal frame.
    #[serde(skip)]
    pub gate: Vec<bool>,
    /// The waveform, for pictures.
    #[serde(skip)]
    pub overview: Overview,
    /// The mel frames, for pictures.
    #[serde(skip)]
    pub spectrum: Spectrum,
    /// What the taggers make of the whole file; empty where they heard nothing. Pooled as in [`super::similar::POOLING`].
    #[serde(skip)]
    pub embedding: Vec<f32>,
    /// Widths of its parts with an equal say; see [`super::similar::families`].
    #[serde(skip)]
    pub embedding_parts: Vec<usize>,
    /// What was odd about the file, one line each.
    #[serde(skip)]
    pub notices: Vec<String>,
}

impl Analysis {
    /// The voice, frame by frame.
    pub fn frames(&self) -> impl Iterator<Item = Frame> {
        self.vocal.probability.iter().zip(&self.gate).enumerate().map(|(frame, (&probability, &gate))| Frame {
            time_s: self.vocal.time_s(frame),
            probability,
            gate,
        })
    }
}

/// Vocal activity over time.
#[derive(Clone, Debug, Serialize)]
pub struct Vocal {
    /// Name of the net.
    pub model: String,
    /// Time from one frame to the next, in seconds.
    pub period_s: f64,
    /// The instant that frame 0 speaks of, in seconds.
    pub first_frame_s: f64,
    /// How much later the plugin knows a frame, in seconds.
    pub delay_s: f64,
    /// One probability per frame.
    pub probability: Vec<f32>,
    /// The phrases: where the gate is open at the default settings, on the audio's own time.
    pub segments: Vec<Segment>,
}

impl Vocal {
    /// The instant that a frame speaks of, in seconds.
    pub fn time_s(&self, frame: usize) -> f64 {
        self.first_frame_s + frame as f64 * self.period_s
    }

    /// Time sung, in seconds.
    pub fn sung_s(&self) -> f64 {
        self.segments.iter().map(Segment::duration_s).sum()
    }
}

/// Genre of the whole file and over time.
#[derive(Clone, Debug, Serialize)]
pub struct Genre {
    /// Class names: [`GENRES`], or those of a head.
    pub classes: Vec<String>,
    /// Mean over all readings that say something; all zero where none does.
    pub probability: Vec<f32>,
    /// The likeliest class, or `none`.
    pub top: String,
    /// With a head: how sure `top` is, 0..=1; see [`super::votes::Ballot::confidence`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// With a head: the share of readings that vote for `top`, 0..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub votes: Option<f32>,
    /// Mean probability of each of [`GENRES`], whatever the classes; all zero where nothing is said.
    #[serde(skip)]
    pub fixed: [f32; CLASSES],
    /// The readings one by one.
    pub timeline: Timeline,
}

impl Genre {
    /// Classes and probabilities, likeliest first.
    pub fn ranking(&self) -> Vec<(&str, f32)> {
        let mut ranking: Vec<_> =
            self.classes.iter().map(String::as_str).zip(self.probability.iter().copied()).collect();
        ranking.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranking
    }
}

/// Genre readings at equal steps.
#[derive(Clone, Debug, Serialize)]
pub struct Timeline {
    /// Reading `i` covers `i * period_s .. (i + 1) * period_s`, in seconds.
    pub period_s: f64,
    /// One vector per reading; all zero where the reading says nothing (silence, speech).
    pub probability: Vec<Vec<f32>>,
}

impl Timeline {
    /// The reading that covers an instant; the nearest one beyond the ends, `None` where none exists.
    pub fn at(&self, time_s: f64) -> Option<&[f32]> {
        let last = self.probability.len().checked_sub(1)?;
        let index = (time_s / self.period_s).floor().max(0.0) as usize;
        self.probability.get(index.min(last)).map(Vec::as_slice)
    }
}

/// Means of tag probabilities over the file.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TagMeans {
    /// The nets' own names, one net after the other in the order of `earmark tags`; a name that two nets share stands
    /// twice.
    pub labels: Vec<String>,
    /// One probability per tag.
    pub probability: Vec<f32>,
    /// Those that are worth showing to people, kind by kind. Not in the JSON, whose fields are promised: `earmark tags --json` has
    /// the thresholds.
    #[serde(skip)]
    pub shown: Vec<Shown>,
}

impl TagMeans {
    /// Each label once, in any case, with its highest probability, likeliest first.
    pub fn ranking(&self) -> Vec<(&str, f32)> {
        engine::ranking(self.labels.iter().map(String::as_str), &self.probability)
    }
}

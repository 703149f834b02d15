//! What the engine publishes.

use std::collections::HashMap;
use std::sync::Arc;

use crate::nets::genre::GenreProbability;

/// Outputs of a voice net that are passed on beside the probability.
pub const VOICE_OUTPUTS: usize = 3;

/// One frame's voice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VocalReading {
    /// Counts resets of the instance; readings from before a reset are never handed out.
    pub epoch: u32,
    /// Frame number since the reset.
    pub frame: u64,
    /// The instant this speaks of, in seconds since the reset.
    pub time_s: f64,
    /// Host samples heard when it could first be known.
    pub known_at: u64,
    /// Probability of a voice that sings (or, with a general voice detector, of any voice), 0..1.
    pub probability: f32,
    /// The net's first outputs in the order of its card's labels, 0..1; 0 beyond what it has.
    pub outputs: [f32; VOICE_OUTPUTS],
}

/// What music it is, once a refresh.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GenreReading {
    /// See [`VocalReading::epoch`].
    pub epoch: u32,
    /// The instant of the newest frame that went into it, in seconds since the reset.
    pub time_s: f64,
    /// Host samples heard when it could first be known.
    pub known_at: u64,
    /// Seconds since the reading before it, or that it took to the first one.
    pub step_s: f32,
    /// Probability of each genre, summing to 1; meaningless unless `saying`.
    pub probability: GenreProbability,
    /// False on silence and pure speech: there is nothing to say.
    pub saying: bool,
}

/// The taggers' latest words, for people: window and command line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tags {
    /// `(tagger's name, label)` in order.
    pub labels: Arc<[(String, String)]>,
    /// One probability per label; empty before the first refresh.
    pub probability: Vec<f32>,
    /// False on pure speech: there is no music to speak of.
    pub music: bool,
    /// The taggers' embeddings, one after the other in the order of `taggers`; all 0 for one that has not spoken yet.
    pub embedding: Vec<f32>,
    /// Which taggers these are; a head stands behind them, with its classes as labels and no embedding.
    pub taggers: Arc<[TaggerShape]>,
    /// The instant of the newest frame that went into it, in seconds since the reset.
    pub time_s: f64,
    /// Counts refreshes, so that a reader sees whether there is news.
    pub refresh: u64,
}

/// Each label once, in any case, with its highest probability, likeliest first.
#[must_use]
pub fn ranking<'a>(labels: impl Iterator<Item = &'a str>, probability: &[f32]) -> Vec<(&'a str, f32)> {
    let mut best: HashMap<String, (&str, f32)> = HashMap::new();
    for (name, &probability) in labels.zip(probability) {
        let known = best.entry(name.to_lowercase()).or_insert((name, probability));
        known.1 = known.1.max(probability);
    }
    let mut ranking: Vec<_> = best.into_values().collect();
    ranking.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    ranking
}

/// One tagger's place in [`Tags`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggerShape {
    /// Its name.
    pub name: String,
    /// How many labels are its own.
    pub labels: usize,
    /// Width of its embedding.
    pub embedding: usize,
}

//! One track of a scene: a few seconds of some songs, with what is sung and said in them.

use rand::Rng;
use rand::rngs::StdRng;

use super::corpus::{SAMPLE_RATE_HZ, Song};
use super::repertoire::Repertoire;
use crate::study::lab::Kind;

/// Seconds from one [`Moment`] to the next.
pub(super) const MOMENT_S: f64 = 0.01;
/// Samples of a moment.
pub(super) const MOMENT: usize = SAMPLE_RATE_HZ / 100;

/// Within this distance of an edge the truth is uncertain: stems are labelled by their energy or by hand, finished songs
/// by the times of karaoke notes.
const STEM_EDGE_S: f64 = 0.05;
const MIX_EDGE_S: f64 = 0.1;
/// What a frame there counts.
const EDGE_WEIGHT: f32 = 0.3;

/// What is true of 10 ms.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) sings: bool,
    pub(super) speaks: bool,
    /// How much it counts, 0..=1.
    pub(super) weight: f32,
}

impl Moment {
    pub(super) const NOBODY: Self = Self { sings: false, speaks: false, weight: 1.0 };
}

/// Which of a song's tracks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Voice,
    Backing,
}

/// Some tracks of the same songs at the same times, with their truth.
pub(super) struct Excerpt {
    /// One for each part asked for, `samples` long each.
    pub(super) tracks: Vec<Vec<f32>>,
    /// One for each 10 ms.
    pub(super) moments: Vec<Moment>,
}

impl Excerpt {
    /// `samples` of one song of the pool, at another speed (and so another pitch) now and then; songs that are too
    /// short are followed by others of their set. `None` if the pool is empty.
    pub(super) fn draw(repertoire: &Repertoire<'_>, parts: &[Part], samples: usize, rng: &mut StdRng) -> Option<Self> {
        let mut song = repertoire.draw(rng)?;
        let speed = if rng.random_bool(0.5) { rng.random_range(0.84..1.19) } else { 1.0 };
        let mut excerpt = Self { tracks: vec![Vec::with_capacity(samples); parts.len()], moments: Vec::new() };
        while excerpt.moments.len() * MOMENT < samples {
            let missing = samples - excerpt.moments.len() * MOMENT;
            excerpt.append(song, parts, missing, speed, rng);
            song = repertoire.again(song, rng)?;
        }
        excerpt.tracks.iter_mut().for_each(|track| track.resize(samples, 0.0));
        Some(excerpt)
    }

    fn append(&mut self, song: &Song, parts: &[Part], missing: usize, speed: f64, rng: &mut StdRng) {
        let length = song.samples();
        let wanted = (missing as f64 * speed).ceil() as usize;
        let start = if length > wanted { rng.random_range(0..length - wanted) } else { 0 };
        let moments = missing.min(((length - start) as f64 / speed) as usize).div_ceil(MOMENT).max(1);
        for (track, part) in self.tracks.iter_mut().zip(parts) {
            let from = match part {
                Part::Backing => Some(&song.backing),
                Part::Voice => song.voice.as_ref(),
            };
            let at = |sample: usize| from.map_or(0.0, |from| between(from, start as f64 + sample as f64 * speed));
            track.extend((0..moments * MOMENT).map(at));
        }
        let edge_s = if song.voice.is_some() { STEM_EDGE_S } else { MIX_EDGE_S };
        let begin_s = start as f64 / SAMPLE_RATE_HZ as f64;
        self.moments.extend((0..moments).map(|moment| {
            let time_s = begin_s + (moment as f64 + 0.5) * MOMENT_S * speed;
            truth(song, time_s, edge_s)
        }));
    }

    /// Cuts both to what is needed and silences the parts numbered `track` from moment `first` on, `count` moments long.
    pub(super) fn silence(&mut self, track: usize, first: usize, count: usize) {
        let end = (first + count).min(self.moments.len());
        for (at, moment) in self.moments[first..end].iter_mut().enumerate() {
            let from_edge = at.min(end - first - 1 - at);
            let certain = from_edge as f64 * MOMENT_S >= STEM_EDGE_S;
            *moment = Moment { weight: if certain { 1.0 } else { EDGE_WEIGHT }, ..Moment::NOBODY };
        }
        let track = &mut self.tracks[track];
        let (start, end) = ((first * MOMENT).min(track.len()), (end * MOMENT).min(track.len()));
        let fade = (end - start).min(2 * FADE) / 2;
        for (at, sample) in track[start..end].iter_mut().enumerate() {
            let from_edge = at.min(end - start - 1 - at);
            *sample *= if from_edge < fade { 1.0 - from_edge as f32 / fade as f32 } else { 0.0 };
        }
    }
}

/// Samples over which a silenced voice fades.
const FADE: usize = 80;

fn truth(song: &Song, time_s: f64, edge_s: f64) -> Moment {
    let now = song.labels.at(time_s);
    if now == Some(Kind::Unsure) {
        return Moment { weight: 0.0, ..Moment::NOBODY };
    }
    let same = |time_s: f64| song.labels.at(time_s.min(song.labels.end_s() - 1e-6).max(0.0)) == now;
    let certain = same(time_s - edge_s) && same(time_s + edge_s);
    Moment {
        sings: now == Some(Kind::Sing),
        speaks: now == Some(Kind::Speech),
        weight: if certain { 1.0 } else { EDGE_WEIGHT },
    }
}

/// The signal between two samples, by a Catmull-Rom spline; silence beyond its ends.
fn between(signal: &[f32], position: f64) -> f32 {
    let whole = position.floor();
    let t = (position - whole) as f32;
    let whole = whole as isize;
    let at = |offset: isize| signal.get((whole + offset).max(0) as usize).copied().unwrap_or(0.0);
    if t == 0.0 {
        return at(0);
    }
    let (a, b, c, d) = (at(-1), at(0), at(1), at(2));
    b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slowed_tone_stays_a_tone() {
        let tone = |n: f64| (n * 0.1).sin();
        let signal: Vec<f32> = (0..4000).map(|n| tone(f64::from(n)) as f32).collect();
        for n in 100..3000 {
            let position = f64::from(n) * 0.87 + 0.3;
            assert!((f64::from(between(&signal, position)) - tone(position)).abs() < 1e-3);
        }
    }
}

//! How a lead plays its melody: legato, vibrato, swelling and gliding as a singer does, because that is what is
//! mistaken for one.

use super::melody::Note;
use super::random::Random;
use super::score::{EXPRESSION, MODULATION, Score};

/// Channel of the lead.
pub const LEAD: u8 = 0;
/// Semitones that a bend reaches.
const BEND_RANGE: u8 = 12;
/// Time from one bend or breath to the next.
const STEP_S: f64 = 0.01;

/// A way of playing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Note follows note; the instrument's own vibrato.
    Legato,
    /// Each note is bent into from the one before, with a vibrato of the finger.
    Expressive,
    /// One tone a phrase that slides from pitch to pitch, with a wide vibrato: theremin, musical saw.
    Gliding,
    /// Hard attacks, bends up into notes, fast vibrato at their ends: a lead guitar.
    Bending,
}

/// Plays the phrases on the lead channel.
pub fn play(score: &mut Score, random: &mut Random, manner: Manner, phrases: &[Vec<Note>]) {
    score.bend_range(LEAD, BEND_RANGE);
    for phrase in phrases {
        breathe(score, random, phrase);
        match manner {
            Manner::Legato => legato(score, random, phrase),
            Manner::Gliding => gliding(score, random, phrase),
            Manner::Expressive => separate(score, random, phrase, &Finger::expressive()),
            Manner::Bending => separate(score, random, phrase, &Finger::bending()),
        }
    }
}

/// Loudness swells over the phrase and within each note.
fn breathe(score: &mut Score, random: &mut Random, phrase: &[Note]) {
    let (Some(first), Some(last)) = (phrase.first(), phrase.last()) else { return };
    let [peak_at, depth] = [random.between(0.3, 0.8), random.between(0.15, 0.5)];
    let length_s = last.end_s - first.start_s;
    for note in phrase {
        for time_s in steps(note.start_s, note.end_s, 4.0 * STEP_S) {
            let phrase_share = (time_s - first.start_s) / length_s;
            let arch = 1.0 - depth * ((phrase_share - peak_at) / peak_at.max(1.0 - peak_at)).abs();
            let note_share = (time_s - note.start_s) / (note.end_s - note.start_s);
            let swell = 0.8 + 0.2 * (std::f64::consts::PI * note_share).sin();
            score.control(time_s, LEAD, EXPRESSION, (127.0 * arch * swell) as u8);
        }
    }
}

/// Notes overlap by a moment, and the modulation wheel goes up as each is held.
fn legato(score: &mut Score, random: &mut Random, phrase: &[Note]) {
    for (number, note) in phrase.iter().enumerate() {
        let overlap_s = if number + 1 < phrase.len() { 0.04 } else { 0.0 };
        score.note(LEAD, note.key, velocity(random), note.start_s, note.end_s + overlap_s);
        let depth = random.between(30.0, 110.0);
        for time_s in steps(note.start_s, note.end_s, 5.0 * STEP_S) {
            let rise = ((time_s - note.start_s - 0.15) / 0.5).clamp(0.0, 1.0);
            score.control(time_s, LEAD, MODULATION, (depth * rise) as u8);
        }
    }
}

/// One key is held for the whole phrase and bent to every pitch.
fn gliding(score: &mut Score, random: &mut Random, phrase: &[Note]) {
    let (Some(first), Some(last)) = (phrase.first(), phrase.last()) else { return };
    let low = phrase.iter().map(|note| note.key).min().unwrap_or(first.key);
    let high = phrase.iter().map(|note| note.key).max().unwrap_or(first.key);
    let key = low + (high - low) / 2;
    score.note(LEAD, key, velocity(random), first.start_s, last.end_s);
    let vibrato = Vibrato { rate_hz: random.between(4.8, 7.0), depth: random.between(0.3, 0.9), delay_s: 0.1 };
    let glide_s = random.between(0.08, 0.35);
    let mut from = f64::from(first.key);
    for note in phrase {
        let to = f64::from(note.key);
        for time_s in steps(note.start_s, note.end_s, STEP_S) {
            let pitch = glide(from, to, (time_s - note.start_s) / glide_s) + vibrato.at(time_s - note.start_s);
            bend(score, time_s, pitch - f64::from(key));
        }
        from = to;
    }
}

/// How separate notes are reached and held.
struct Finger {
    /// How likely a note is reached by a bend.
    bent: f64,
    /// From how far, at most, in semitones; the note before may be nearer.
    reach: f64,
    glide_s: [f64; 2],
    rate_hz: [f64; 2],
    depth: [f64; 2],
    delay_s: f64,
}

impl Finger {
    fn expressive() -> Self {
        Self { bent: 0.6, reach: 4.0, glide_s: [0.04, 0.15], rate_hz: [4.5, 6.5], depth: [0.1, 0.5], delay_s: 0.2 }
    }

    fn bending() -> Self {
        Self { bent: 0.5, reach: 2.0, glide_s: [0.08, 0.3], rate_hz: [5.0, 7.5], depth: [0.2, 0.6], delay_s: 0.35 }
    }
}

fn separate(score: &mut Score, random: &mut Random, phrase: &[Note], finger: &Finger) {
    let mut before = phrase.first().map_or(0.0, |note| f64::from(note.key) - 1.0);
    for note in phrase {
        let key = f64::from(note.key);
        let [between_glide, between_rate, between_depth] = [finger.glide_s, finger.rate_hz, finger.depth];
        let from = if random.chance(finger.bent) { before.clamp(key - finger.reach, key + finger.reach) } else { key };
        let glide_s = random.between(between_glide[0], between_glide[1]);
        let vibrato = Vibrato {
            rate_hz: random.between(between_rate[0], between_rate[1]),
            depth: random.between(between_depth[0], between_depth[1]),
            delay_s: finger.delay_s,
        };
        score.note(LEAD, note.key, velocity(random), note.start_s, note.end_s);
        for time_s in steps(note.start_s, note.end_s, STEP_S) {
            let pitch = glide(from, key, (time_s - note.start_s) / glide_s) + vibrato.at(time_s - note.start_s);
            bend(score, time_s, pitch - key);
        }
        before = key;
    }
}

/// Pitch that swings around a note, in semitones.
struct Vibrato {
    rate_hz: f64,
    depth: f64,
    delay_s: f64,
}

impl Vibrato {
    /// At a time since the note's beginning; it sets in slowly.
    fn at(&self, time_s: f64) -> f64 {
        let strength = ((time_s - self.delay_s) / 0.3).clamp(0.0, 1.0);
        self.depth * strength * (std::f64::consts::TAU * self.rate_hz * time_s).sin()
    }
}

/// From one pitch to another, `share` of the way in time, without a corner.
fn glide(from: f64, to: f64, share: f64) -> f64 {
    let share = share.clamp(0.0, 1.0);
    from + (to - from) * share * share * (3.0 - 2.0 * share)
}

fn bend(score: &mut Score, time_s: f64, semitones: f64) {
    score.bend(time_s, LEAD, semitones / f64::from(BEND_RANGE));
}

fn velocity(random: &mut Random) -> u8 {
    random.between(70.0, 120.0) as u8
}

fn steps(start_s: f64, end_s: f64, step_s: f64) -> impl Iterator<Item = f64> {
    let count = ((end_s - start_s) / step_s).max(0.0) as u32;
    (0..count).map(move |step| start_s + f64::from(step) * step_s)
}

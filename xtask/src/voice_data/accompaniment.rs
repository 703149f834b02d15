//! What plays under a lead: chords, a bass, drums; or nothing.

use super::melody::{BEATS, Chord, Piece};
use super::random::Random;
use super::score::Score;

const CHORDS: u8 = 1;
const BASS: u8 = 2;
/// General MIDI's channel of drums.
const DRUMS: u8 = 9;
const KICK: u8 = 36;
const SNARE: u8 = 38;
const HAT: u8 = 42;

/// Programs for chords: pianos, organ, guitars, pads without voices.
const CHORD_PROGRAMS: [u8; 9] = [0, 4, 5, 16, 24, 26, 88, 89, 90];
const BASS_PROGRAMS: [u8; 4] = [32, 33, 35, 38];

/// What there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accompaniment {
    /// The lead alone.
    None,
    /// Chords held for a bar.
    Chords,
    /// Broken chords, bass and drums.
    Band,
}

/// Plays it.
pub fn play(score: &mut Score, random: &mut Random, kind: Accompaniment, piece: &Piece) {
    if kind == Accompaniment::None {
        return;
    }
    let volume = random.between(45.0, 95.0) as u8;
    score.program(CHORDS, CHORD_PROGRAMS[random.below(CHORD_PROGRAMS.len())], volume);
    score.program(BASS, BASS_PROGRAMS[random.below(BASS_PROGRAMS.len())], volume + 10);
    score.control(0.0, DRUMS, super::score::VOLUME, volume);
    for chord in &piece.chords {
        match kind {
            Accompaniment::None => {}
            Accompaniment::Chords => held(score, piece.beat_s, chord),
            Accompaniment::Band => band(score, random, piece.beat_s, chord),
        }
    }
}

fn held(score: &mut Score, beat_s: f64, chord: &Chord) {
    for tone in chord.tones {
        score.note(CHORDS, key(tone, 4), 70, chord.start_s, chord.start_s + beat_s * BEATS as f64 * 0.97);
    }
}

fn band(score: &mut Score, random: &mut Random, beat_s: f64, chord: &Chord) {
    for half in 0..2 * BEATS {
        let start_s = chord.start_s + half as f64 * beat_s / 2.0;
        let tone = chord.tones[[0, 1, 2, 1][half % 4]];
        score.note(CHORDS, key(tone, 4), random.between(55.0, 85.0) as u8, start_s, start_s + beat_s * 0.9);
        score.note(DRUMS, HAT, random.between(50.0, 90.0) as u8, start_s, start_s + 0.1);
        let is_beat = half % 2 == 0;
        if is_beat || random.chance(0.2) {
            score.note(BASS, key(chord.tones[0], 2), 90, start_s, start_s + beat_s * 0.45);
        }
        if is_beat {
            score.note(DRUMS, if half % 4 == 0 { KICK } else { SNARE }, 100, start_s, start_s + 0.1);
        }
    }
}

/// MIDI key of semitones above C, within an octave.
fn key(tone: i32, octave: i32) -> u8 {
    (12 * (octave + 1) + tone.rem_euclid(12)).clamp(0, 127) as u8
}

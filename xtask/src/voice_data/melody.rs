//! Melodies that can be sung: phrases of a few bars over a chord progression, with a breath after each.

use super::random::Random;

/// Beats in a bar.
pub const BEATS: usize = 4;
/// Steps of the scales, in semitones above the tonic: major, natural minor, harmonic minor, dorian, phrygian dominant.
const SCALES: [[i32; 7]; 5] = [
    [0, 2, 4, 5, 7, 9, 11],
    [0, 2, 3, 5, 7, 8, 10],
    [0, 2, 3, 5, 7, 8, 11],
    [0, 2, 3, 5, 7, 9, 10],
    [0, 1, 4, 5, 7, 8, 10],
];
/// Roots of a chord a bar, as steps of the scale.
const PROGRESSIONS: [[i32; 4]; 6] =
    [[0, 5, 3, 4], [0, 3, 4, 0], [5, 3, 0, 4], [0, 4, 5, 3], [0, 6, 5, 4], [1, 4, 0, 0]];
/// Lengths in beats that fill a bar.
const RHYTHMS: [&[f64]; 9] = [
    &[4.0],
    &[2.0, 2.0],
    &[3.0, 1.0],
    &[1.5, 0.5, 2.0],
    &[1.0, 1.0, 2.0],
    &[1.0, 1.0, 1.0, 1.0],
    &[2.0, 1.0, 0.5, 0.5],
    &[1.5, 0.5, 1.0, 1.0],
    &[0.5, 0.5, 1.0, 0.5, 0.5, 1.0],
];

/// A note of the melody.
#[derive(Clone, Copy, Debug)]
pub struct Note {
    /// Where it begins, in seconds.
    pub start_s: f64,
    /// Where the next one may begin, in seconds.
    pub end_s: f64,
    /// MIDI key.
    pub key: u8,
}

/// A chord of the accompaniment.
#[derive(Clone, Debug)]
pub struct Chord {
    /// Where it begins, in seconds.
    pub start_s: f64,
    /// Semitones above C of its root, third and fifth.
    pub tones: [i32; 3],
}

/// A piece: phrases, and what is under them.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Notes in a row with no rest between them.
    pub phrases: Vec<Vec<Note>>,
    /// One a bar.
    pub chords: Vec<Chord>,
    /// Time of a beat, in seconds.
    pub beat_s: f64,
}

impl Piece {
    /// Composes about `length_s` seconds within a range of MIDI keys.
    pub fn compose(random: &mut Random, length_s: f64, lowest: u8, highest: u8) -> Self {
        let beat_s = 60.0 / random.between(58.0, 132.0);
        let bar_s = beat_s * BEATS as f64;
        let bars = (length_s / bar_s).ceil() as usize;
        let scale = Scale { tonic: random.below(12) as i32, steps: SCALES[random.below(SCALES.len())] };
        let progression = PROGRESSIONS[random.below(PROGRESSIONS.len())];

        let chords: Vec<_> = (0..bars)
            .map(|bar| {
                let root = progression[bar % progression.len()];
                Chord {
                    start_s: bar as f64 * bar_s,
                    tones: [root, root + 2, root + 4].map(|step| scale.semitones(step)),
                }
            })
            .collect();

        let mut phrases = Vec::new();
        let mut line = Line::new(scale, lowest, highest);
        let mut bar = random.below(2);
        while bar < bars {
            let phrase_bars = (1 + random.below(4)).min(bars - bar);
            let mut phrase = Vec::new();
            for inside in bar..bar + phrase_bars {
                let root = progression[inside % progression.len()];
                let mut start_s = inside as f64 * bar_s;
                for (number, beats) in RHYTHMS[random.below(RHYTHMS.len())].iter().enumerate() {
                    let key = line.next(random, (number == 0).then_some(root));
                    phrase.push(Note { start_s, end_s: start_s + beats * beat_s, key });
                    start_s += beats * beat_s;
                }
            }
            if let Some(last) = phrase.last_mut() {
                last.end_s -= random.between(0.15, 0.4).min((last.end_s - last.start_s) / 2.0);
            }
            phrases.push(phrase);
            // Now and then the lead is silent for a bar.
            bar += phrase_bars + usize::from(random.chance(0.2));
        }
        Self { phrases, chords, beat_s }
    }
}

#[derive(Clone, Copy)]
struct Scale {
    tonic: i32,
    steps: [i32; 7],
}

impl Scale {
    /// Semitones above C of a step, which may be beyond the octave.
    fn semitones(self, step: i32) -> i32 {
        self.tonic + 12 * step.div_euclid(7) + self.steps[step.rem_euclid(7) as usize]
    }
}

/// A line that moves mostly by step and returns to the middle of its range.
struct Line {
    scale: Scale,
    /// In steps of the scale from the C below MIDI's.
    step: i32,
    lowest: u8,
    highest: u8,
}

impl Line {
    fn new(scale: Scale, lowest: u8, highest: u8) -> Self {
        let middle = i32::from(lowest) + i32::from(highest - lowest) / 2;
        Self { scale, step: (middle - scale.tonic) * 7 / 12, lowest, highest }
    }

    /// The next key; a tone of the chord where its root is given.
    fn next(&mut self, random: &mut Random, root: Option<i32>) -> u8 {
        let jump = [0, 1, -1, 1, -1, 2, -2, 2, -2, 3, -3, 4, -5, 7][random.below(14)];
        let mut step = self.step + jump;
        if let Some(root) = root {
            while ![0, 2, 4].contains(&(step - root).rem_euclid(7)) {
                step += if jump < 0 { -1 } else { 1 };
            }
        }
        while self.scale.semitones(step) < i32::from(self.lowest) {
            step += 7;
        }
        while self.scale.semitones(step) > i32::from(self.highest) {
            step -= 7;
        }
        self.step = step;
        self.scale.semitones(step).clamp(0, 127) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_keeps_to_the_range_and_to_one_voice_and_is_the_same_for_the_same_seed() {
        for seed in 0..50 {
            let compose = || Piece::compose(&mut Random::named(&format!("{seed}")), 60.0, 55, 79);
            let piece = compose();
            assert!(piece.chords.len() as f64 * piece.beat_s * BEATS as f64 >= 60.0);
            let notes: Vec<_> = piece.phrases.iter().flatten().collect();
            assert!(notes.iter().all(|note| (55..=79).contains(&note.key) && note.end_s > note.start_s), "{notes:?}");
            assert!(notes.windows(2).all(|pair| pair[1].start_s >= pair[0].end_s - 1e-9), "{notes:?}");
            assert_eq!(format!("{piece:?}"), format!("{:?}", compose()));
        }
    }
}

//! Other pitches from a delay line that is read faster or slower than it is written, in overlapping grains.

use rand::Rng;
use rand::rngs::StdRng;

use super::tools::{decibel, read, samples};

/// Semitones of common second voices.
const INTERVALS: [f32; 11] = [-12.0, -9.0, -7.0, -5.0, -4.0, -3.0, 3.0, 4.0, 5.0, 7.0, 12.0];

/// One to three second voices beside the first.
pub(super) fn harmonise(audio: &mut [f32], rng: &mut StdRng) {
    let dry = audio.to_vec();
    for _ in 0..rng.random_range(1..=3) {
        let semitones = INTERVALS[rng.random_range(0..INTERVALS.len())] + rng.random_range(-0.2..0.2);
        let gain = decibel(rng.random_range(-12.0..-2.0));
        let voice = shifted(&dry, semitones, rng.random_range(25.0..45.0));
        audio.iter_mut().zip(&voice).for_each(|(x, voice)| *x += gain * voice);
    }
}

/// The voice itself higher or lower, its formants with it: chipmunks and monsters.
pub(super) fn shift(audio: &mut [f32], rng: &mut StdRng) {
    let semitones = rng.random_range(3.0..12.0) * if rng.random() { 1.0 } else { -1.0 };
    let voice = shifted(audio, semitones, rng.random_range(25.0..45.0));
    audio.copy_from_slice(&voice);
}

/// `audio` transposed. Two grains, half a grain apart, fade into each other; they are centred on the present and read
/// ahead as far as back, so that nothing comes late.
fn shifted(audio: &[f32], semitones: f32, grain_ms: f32) -> Vec<f32> {
    let grain = samples(grain_ms);
    let drift = ((semitones / 12.0).exp2() - 1.0) / grain;
    let mut phase = 0.0_f32;
    (0..audio.len())
        .map(|n| {
            phase += drift;
            phase -= phase.floor();
            let tap = |phase: f32| {
                let t = 1.0 - (2.0 * phase - 1.0).abs();
                // With t and 1 - t these weights add up to one.
                t * t * (3.0 - 2.0 * t) * read(audio, n, (phase - 0.5) * grain)
            };
            tap(phase) + tap(if phase < 0.5 { phase + 0.5 } else { phase - 0.5 })
        })
        .collect()
}

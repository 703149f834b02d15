//! Echo and reverberation. The direct sound stays where it is; only what follows it is added.

use rand::Rng;
use rand::rngs::StdRng;

use super::tools::{RATE_HZ, add_wet, decibel, log_uniform, samples};

/// Lines of the feedback delay network, and their lengths in samples: primes, so that their echoes do not coincide.
const LINES: usize = 8;
const LENGTHS: [f32; LINES] = [421.0, 503.0, 577.0, 647.0, 719.0, 797.0, 859.0, 941.0];

/// A slap or a repeated echo, each repetition duller than the one before.
pub(super) fn echo(audio: &mut [f32], rng: &mut StdRng) {
    let delay = samples(log_uniform(rng, 60.0..500.0)) as usize;
    let feedback = if rng.random_bool(0.4) { 0.0 } else { rng.random_range(0.15..0.5) };
    let gain = decibel(rng.random_range(-20.0..-8.0));
    let bright = rng.random_range(0.2..0.9);
    let mut dull = 0.0_f32;
    let mut wet = vec![0.0_f32; audio.len()];
    for n in delay..audio.len() {
        dull += bright * (audio[n - delay] + feedback * wet[n - delay] - dull) + 1e-18;
        wet[n] = dull;
    }
    audio.iter_mut().zip(&wet).for_each(|(x, wet)| *x += gain * wet);
}

/// A hall, a plate or a room around a voice.
pub(super) fn reverb(audio: &mut [f32], rng: &mut StdRng) {
    let t60_s = log_uniform(rng, 0.3..3.0);
    let wet_db = rng.random_range(-18.0..-3.0);
    reverberate(audio, t60_s, wet_db, rng);
}

/// The room that a whole band plays in.
pub(super) fn short_reverb(audio: &mut [f32], rng: &mut StdRng) {
    let t60_s = log_uniform(rng, 0.15..0.7);
    let wet_db = rng.random_range(-20.0..-8.0);
    reverberate(audio, t60_s, wet_db, rng);
}

/// A feedback delay network (Jot and Chaigne 1991): delay lines that feed one another through a Hadamard matrix, each
/// with the loss that brings 60 dB in `t60_s`, and more at high frequencies.
fn reverberate(audio: &mut [f32], t60_s: f32, wet_db: f32, rng: &mut StdRng) {
    let size = rng.random_range(0.4..1.4);
    let before = samples(rng.random_range(0.0..40.0)) as usize;
    let bright = rng.random_range(0.25..0.9);
    let mut lines: [Vec<f32>; LINES] = LENGTHS.map(|length| vec![0.0; (length * size) as usize]);
    let losses = LENGTHS.map(|length| {
        // The orthogonal matrix is the one without its factor, which stands here.
        10.0_f32.powf(-3.0 * length * size / (t60_s * RATE_HZ)) / (LINES as f32).sqrt()
    });
    let mut at = [0_usize; LINES];
    let mut dull = [0.0_f32; LINES];
    let mut wet = vec![0.0_f32; audio.len()];
    for n in before..audio.len() {
        let input = audio[n - before];
        for line in 0..LINES {
            dull[line] += bright * (lines[line][at[line]] - dull[line]) + 1e-18;
        }
        wet[n] = dull[0] - dull[1] + dull[2] - dull[3] + dull[4] - dull[5] + dull[6] - dull[7];
        let mixed = hadamard(dull);
        for line in 0..LINES {
            lines[line][at[line]] = input + losses[line] * mixed[line];
            at[line] += 1;
            if at[line] == lines[line].len() {
                at[line] = 0;
            }
        }
    }
    add_wet(audio, &mut wet, wet_db);
}

/// Sums and differences of all, without the factor that makes them orthogonal.
fn hadamard(mut x: [f32; LINES]) -> [f32; LINES] {
    for distance in [1, 2, 4] {
        let before = x;
        for (line, x) in x.iter_mut().enumerate() {
            let partner = before[line ^ distance];
            *x = if line & distance == 0 { before[line] + partner } else { partner - before[line] };
        }
    }
    x
}

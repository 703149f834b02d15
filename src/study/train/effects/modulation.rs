//! Effects that move with an oscillator: ring modulation, chorus, flanger, tremolo and the rhythmic chop.

use rand::Rng;
use rand::rngs::StdRng;

use super::tools::{Oscillator, decibel, log_uniform, read, samples, smoothing};

/// The longest silence that the chop may cut into a voice: longer ones would contradict the labels.
const LONGEST_GAP_MS: f32 = 60.0;

/// Multiplies by a sine of 30 to 400 Hz, which sounds like a robot or a bell.
pub(super) fn ring(audio: &mut [f32], rng: &mut StdRng) {
    let wet = rng.random_range(0.4..0.95);
    let mut sine = Oscillator::new(log_uniform(rng, 30.0..400.0), rng);
    audio.iter_mut().for_each(|x| *x *= 1.0 - wet + wet * sine.next());
}

/// One to three copies behind modulated delays: chorus, or with slow and long delays a doubled voice.
pub(super) fn chorus(audio: &mut [f32], rng: &mut StdRng) {
    let dry = audio.to_vec();
    for _ in 0..rng.random_range(1..=3) {
        let gain = decibel(rng.random_range(-9.0..-1.0));
        let delay = samples(rng.random_range(8.0..26.0));
        let depth = samples(rng.random_range(0.4..3.0));
        let mut sine = Oscillator::new(log_uniform(rng, 0.15..4.0), rng);
        for (n, x) in audio.iter_mut().enumerate() {
            *x += gain * read(&dry, n, -delay - depth * sine.next());
        }
    }
}

/// A short modulated delay that feeds itself: a comb that sweeps through the spectrum.
pub(super) fn flanger(audio: &mut [f32], rng: &mut StdRng) {
    let feedback = rng.random_range(0.4..0.8) * if rng.random() { 1.0 } else { -1.0 };
    let delay = samples(rng.random_range(1.0..5.0));
    let depth = delay * rng.random_range(0.3..0.8);
    let mut sine = Oscillator::new(log_uniform(rng, 0.08..1.5), rng);
    for n in 0..audio.len() {
        // At least 0.2 ms, so three samples, back: only what is finished is read.
        audio[n] += feedback * read(audio, n, -delay - depth * sine.next());
    }
}

/// Loudness that swings.
pub(super) fn tremolo(audio: &mut [f32], rng: &mut StdRng) {
    let depth = rng.random_range(0.3..0.9) / 2.0;
    let mut sine = Oscillator::new(log_uniform(rng, 2.5..14.0), rng);
    audio.iter_mut().for_each(|x| *x *= 1.0 - depth + depth * sine.next());
}

/// A gate in rhythm, closed for [`LONGEST_GAP_MS`] at most.
pub(super) fn chop(audio: &mut [f32], rng: &mut StdRng) {
    let closed = samples(rng.random_range(20.0..LONGEST_GAP_MS)) as usize;
    let period = closed + samples(rng.random_range(40.0..220.0)) as usize;
    let floor = if rng.random() { 0.0 } else { rng.random_range(0.0..0.25) };
    let begin = rng.random_range(0..period);
    // No clicks.
    let slew = smoothing(1.5);
    let mut gain = 1.0_f32;
    for (n, x) in audio.iter_mut().enumerate() {
        let wanted = if (n + begin) % period < closed { floor } else { 1.0 };
        gain += slew * (wanted - gain);
        *x *= gain;
    }
}

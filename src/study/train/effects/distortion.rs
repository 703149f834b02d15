//! Overdrive, coarse digital sound, and the telephone.

use rand::Rng;
use rand::rngs::StdRng;

use super::tools::{Biquad, decibel, peak};

/// A valve, a transistor, or a fuzz box.
pub(super) fn drive(audio: &mut [f32], rng: &mut StdRng) {
    let loudest = peak(audio);
    if loudest < 1e-6 {
        return;
    }
    let gain = decibel(rng.random_range(4.0..30.0)) / loudest;
    if rng.random_bool(0.7) {
        audio.iter_mut().for_each(|x| *x = loudest * (*x * gain).tanh());
    } else {
        audio.iter_mut().for_each(|x| *x = loudest * (*x * gain).clamp(-1.0, 1.0));
    }
    // Fuzz is seldom left as sharp as it comes.
    if rng.random_bool(0.4) {
        Biquad::low_pass(rng.random_range(3_000.0..6_500.0)).run(audio);
    }
}

/// Few bits, a low sample rate without a filter, or both.
pub(super) fn crush(audio: &mut [f32], rng: &mut StdRng) {
    let loudest = peak(audio);
    let (few_bits, slow) = [(true, false), (false, true), (true, true)][rng.random_range(0..3)];
    if few_bits && loudest > 1e-6 {
        let step = loudest / rng.random_range(4.0_f32..7.5).exp2();
        audio.iter_mut().for_each(|x| *x = (*x / step).round() * step);
    }
    if slow {
        let hold = rng.random_range(2..=7);
        audio.chunks_mut(hold).for_each(|held| held.fill(held[0]));
    }
}

/// A narrow band, as of a telephone, a megaphone or an old radio, sometimes overdriven.
pub(super) fn telephone(audio: &mut [f32], rng: &mut StdRng) {
    let (low_hz, high_hz) = (rng.random_range(200.0..600.0), rng.random_range(2_200.0..4_000.0));
    for filter in [Biquad::high_pass(low_hz), Biquad::low_pass(high_hz)] {
        filter.run(audio);
        filter.run(audio);
    }
    if rng.random_bool(0.3) {
        drive(audio, rng);
    }
}

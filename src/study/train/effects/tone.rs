//! What recording and mastering do to the whole: equalisers, limits of the band, and noise.

use std::f32::consts::TAU;

use rand::Rng;
use rand::rngs::StdRng;

use super::tools::{Biquad, RATE_HZ, decibel, level, log_uniform};

/// Three bands: a low shelf, a bell, a high shelf.
pub(super) fn equalise(audio: &mut [f32], rng: &mut StdRng) {
    let mut gain_db = || rng.random_range(-9.0..9.0);
    let (low_db, middle_db, high_db) = (gain_db(), gain_db(), gain_db());
    Biquad::low_shelf(log_uniform(rng, 80.0..350.0), low_db).run(audio);
    Biquad::bell(log_uniform(rng, 300.0..4_000.0), log_uniform(rng, 0.5..3.0), middle_db).run(audio);
    Biquad::high_shelf(log_uniform(rng, 2_500.0..6_000.0), high_db).run(audio);
}

/// Darker or brighter on the whole.
pub(super) fn tilt(audio: &mut [f32], rng: &mut StdRng) {
    let gain_db = rng.random_range(-5.0..5.0);
    let pivot_hz = log_uniform(rng, 500.0..1_500.0);
    Biquad::low_shelf(pivot_hz / 2.0, -gain_db).run(audio);
    Biquad::high_shelf(pivot_hz * 2.0, gain_db).run(audio);
}

/// Without the lowest or the highest part, as small speakers and old recordings are.
pub(super) fn band_limits(audio: &mut [f32], rng: &mut StdRng) {
    let (no_lows, no_highs) = [(true, false), (false, true), (false, true), (true, true)][rng.random_range(0..4)];
    if no_lows {
        Biquad::high_pass(log_uniform(rng, 40.0..300.0)).run(audio);
    }
    if no_highs {
        let filter = Biquad::low_pass(log_uniform(rng, 2_500.0..7_000.0));
        filter.run(audio);
        filter.run(audio);
    }
}

/// A floor of white or pink noise or mains hum, 80 to 45 dB below full scale.
pub(super) fn noise_floor(audio: &mut [f32], rng: &mut StdRng) {
    let level_db = rng.random_range(-80.0..-45.0);
    let kind = rng.random_range(0..3);
    let mut noise: Vec<f32> = match kind {
        2 => {
            let mains_hz = if rng.random() { 50.0 } else { 60.0 };
            let harmonics: [f32; 3] = [rng.random(), rng.random(), rng.random()];
            hum(audio.len(), mains_hz, harmonics)
        }
        _ => audio.iter().map(|_| rng.random_range(-1.0..1.0)).collect(),
    };
    if kind == 1 {
        redden(&mut noise);
    }
    level(&mut noise, decibel(level_db));
    audio.iter_mut().zip(&noise).for_each(|(x, noise)| *x += noise);
}

/// The mains and its second, third and fifth harmonic.
fn hum(length: usize, mains_hz: f32, harmonics: [f32; 3]) -> Vec<f32> {
    // The hum repeats exactly after a tenth of a second.
    let period = (RATE_HZ / 10.0) as usize;
    let cycle: Vec<f32> = (0..period)
        .map(|n| {
            let phase = TAU * mains_hz * n as f32 / RATE_HZ;
            let overtones = harmonics.iter().zip([2.0, 3.0, 5.0]).map(|(gain, order)| gain * (order * phase).sin());
            phase.sin() + overtones.sum::<f32>()
        })
        .collect();
    cycle.iter().cycle().take(length).copied().collect()
}

/// White noise to pink: 3 dB per octave less, by Kellet's three poles.
fn redden(noise: &mut [f32]) {
    let mut poles = [0.0_f32; 3];
    for x in noise {
        poles[0] = 0.99765 * poles[0] + 0.0990460 * *x;
        poles[1] = 0.96300 * poles[1] + 0.2965164 * *x;
        poles[2] = 0.57000 * poles[2] + 1.0526913 * *x;
        *x = poles.iter().sum::<f32>() + 0.1848 * *x;
    }
}

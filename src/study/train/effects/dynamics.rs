//! Compression and limiting.

use std::ops::Range;

use rand::Rng;
use rand::rngs::StdRng;

use super::tools::{decibel, log_uniform, peak, rms, smoothing};

/// The gain is computed once in so many samples (1 ms) and runs straight between.
const BLOCK: usize = 16;

/// How a compressor works.
struct Compressor {
    threshold: f32,
    ratio: f32,
    attack_ms: f32,
    release_ms: f32,
}

/// A fast compressor as on a pop voice.
pub(super) fn squeeze(audio: &mut [f32], rng: &mut StdRng) {
    let compressor = Compressor::draw(audio, rng, -18.0..-2.0, 3.0..20.0, 0.5..6.0, 30.0..150.0);
    compressor.run(audio);
}

/// A slower compressor over everything, as of a bus.
pub(super) fn glue(audio: &mut [f32], rng: &mut StdRng) {
    let compressor = Compressor::draw(audio, rng, -12.0..3.0, 1.5..8.0, 3.0..40.0, 60.0..400.0);
    compressor.run(audio);
}

/// Rounds off peaks, as loud masters have them rounded.
pub(super) fn soft_clip(audio: &mut [f32], rng: &mut StdRng) {
    let ceiling = peak(audio) / decibel(rng.random_range(2.0..14.0));
    if ceiling > 1e-6 {
        audio.iter_mut().for_each(|x| *x = ceiling * (*x / ceiling).tanh());
    }
}

impl Compressor {
    /// The threshold in dB over the level of `audio`.
    fn draw(
        audio: &[f32],
        rng: &mut StdRng,
        threshold_db: Range<f32>,
        ratio: Range<f32>,
        attack_ms: Range<f32>,
        release_ms: Range<f32>,
    ) -> Self {
        Self {
            threshold: rms(audio) * decibel(rng.random_range(threshold_db)),
            ratio: log_uniform(rng, ratio),
            attack_ms: log_uniform(rng, attack_ms),
            release_ms: log_uniform(rng, release_ms),
        }
    }

    fn run(&self, audio: &mut [f32]) {
        if self.threshold < 1e-9 {
            return;
        }
        let (attack, release) = (smoothing(self.attack_ms), smoothing(self.release_ms));
        let exponent = 1.0 / self.ratio - 1.0;
        let (mut envelope, mut gain) = (0.0_f32, 1.0_f32);
        for block in audio.chunks_mut(BLOCK) {
            for x in block.iter() {
                let distance = x.abs() - envelope;
                envelope += if distance > 0.0 { attack } else { release } * distance;
            }
            let wanted = (envelope / self.threshold).max(1.0).powf(exponent);
            let step = (wanted - gain) / BLOCK as f32;
            for x in block {
                gain += step;
                *x *= gain;
            }
        }
    }
}

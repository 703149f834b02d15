//! The channel vocoder (Dudley 1939): the loudness of a voice's bands laid over the same bands of a synthesiser.

use rand::Rng;
use rand::rngs::StdRng;

use super::tools::{Biquad, RATE_HZ, add_wet, decibel, level, log_uniform, rms, smoothing};

/// Room for bands; those beyond the number drawn stay silent, so that the loops have a fixed length and become vector
/// instructions.
const LANES: usize = 24;
const LOWEST_HZ: f32 = 100.0;
const HIGHEST_HZ: f32 = 7_000.0;
/// So much of the carrier, half a second, shows how strong its bands are.
const WHITEN_SAMPLES: usize = 8_000;
/// Bands of the carrier with less than this share of the strongest one's power count as empty (30 dB).
const EMPTY_POWER: f32 = 1e-3;
/// Kept out of filter states and followers, where silence would otherwise decay into slow denormal numbers.
const BIAS: f32 = 1e-18;

/// Speaks through a synthesiser: saws, a chord or noise, alone or over the dry voice.
pub(super) fn vocode(audio: &mut [f32], rng: &mut StdRng) {
    let bands = rng.random_range(16..=LANES);
    let wet_only = rng.random_bool(0.6);
    let wet_db = rng.random_range(-3.0..9.0);
    let mut bank = Bank::new(bands);
    let (attack, release) = (smoothing(rng.random_range(1.0..4.0)), smoothing(rng.random_range(8.0..30.0)));
    let carrier = carrier(audio.len(), rng);
    bank.whiten(&carrier[..carrier.len().min(WHITEN_SAMPLES)], rng.random_range(0.6..1.0));

    let (mut voice_states, mut carrier_states) = ([[[0.0; LANES]; 2]; 2], [[[0.0; LANES]; 2]; 2]);
    let mut envelope = [0.0_f32; LANES];
    let mut wet: Vec<f32> = audio
        .iter()
        .zip(&carrier)
        .map(|(&voice, &carrier)| {
            let voice = bank.step(voice, &mut voice_states);
            let carrier = bank.step(carrier, &mut carrier_states);
            let mut products = [0.0_f32; LANES];
            for lane in 0..LANES {
                let distance = voice[lane].abs() - envelope[lane];
                envelope[lane] += if distance > 0.0 { attack } else { release } * distance + BIAS;
                products[lane] = carrier[lane] * envelope[lane] * bank.gains[lane];
            }
            products.iter().sum()
        })
        .collect();
    // Consonants are often let through, as the carrier has little to say them with.
    if rng.random_bool(0.4) {
        let mut hiss = audio.to_vec();
        Biquad::high_pass(3_500.0).run(&mut hiss);
        let share = decibel(rng.random_range(-6.0..6.0));
        level(&mut wet, rms(audio));
        wet.iter_mut().zip(&hiss).for_each(|(wet, hiss)| *wet += hiss * share);
    }
    if wet_only {
        audio.copy_from_slice(&wet);
    } else {
        add_wet(audio, &mut wet, wet_db);
    }
}

/// Band passes of fourth order, equally wide on the mel scale: narrow low bands would answer late.
struct Bank {
    /// `[b0, a1, a2]` of each band; the band pass has `b1 = 0` and `b2 = -b0`.
    coefficients: [[f32; LANES]; 3],
    /// What the carrier's bands are multiplied by; 0 for lanes without a band.
    gains: [f32; LANES],
}

impl Bank {
    fn new(bands: usize) -> Self {
        let mel = |hz: f32| (1.0 + hz / 700.0).ln();
        let hz = |mel: f32| (mel.exp() - 1.0) * 700.0;
        let width = (mel(HIGHEST_HZ) - mel(LOWEST_HZ)) / bands as f32;
        let mut bank = Self { coefficients: [[0.0; LANES]; 3], gains: [0.0; LANES] };
        for band in 0..bands {
            let edge = |edge: usize| hz(mel(LOWEST_HZ) + width * edge as f32);
            let (low_hz, high_hz) = (edge(band), edge(band + 1));
            let middle_hz = (low_hz * high_hz).sqrt();
            // Two in a row are narrower than one: 1.55 = 1 / sqrt(sqrt(2) - 1) brings their -3 dB points to the edges.
            let [b0, _, _, a1, a2] = Biquad::band_pass(middle_hz, middle_hz / (1.55 * (high_hz - low_hz))).coefficients;
            for (lanes, value) in bank.coefficients.iter_mut().zip([b0, a1, a2]) {
                lanes[band] = value;
            }
            bank.gains[band] = 1.0;
        }
        bank
    }

    /// Evens out the carrier's bands, by `strength` from 0 (as they are) to 1 (all alike): saws are weak at the top,
    /// where they could not say much.
    fn whiten(&mut self, carrier: &[f32], strength: f32) {
        let mut states = [[[0.0; LANES]; 2]; 2];
        let mut power = [0.0_f32; LANES];
        for &sample in carrier {
            let bands = self.step(sample, &mut states);
            power.iter_mut().zip(bands).for_each(|(power, x)| *power += x * x);
        }
        // What lies between the harmonics stays low.
        let floor = power.iter().fold(1e-12_f32, |loudest, power| loudest.max(*power)) * EMPTY_POWER;
        for (gain, power) in self.gains.iter_mut().zip(power) {
            *gain *= power.max(floor).powf(-strength / 2.0);
        }
    }

    /// The bands of one more sample.
    fn step(&self, sample: f32, states: &mut [[[f32; LANES]; 2]; 2]) -> [f32; LANES] {
        let [b0, a1, a2] = &self.coefficients;
        let mut x = [sample + BIAS; LANES];
        for [first, second] in states {
            for lane in 0..LANES {
                let y = b0[lane] * x[lane] + first[lane];
                first[lane] = second[lane] - a1[lane] * y;
                second[lane] = -b0[lane] * x[lane] - a2[lane] * y;
                x[lane] = y + BIAS;
            }
        }
        x
    }
}

/// What is spoken through: oscillators that hold or change their note, glide to it, and some noise.
fn carrier(length: usize, rng: &mut StdRng) -> Vec<f32> {
    const CHORDS: [&[f32]; 6] =
        [&[0.0], &[0.0, 0.08], &[0.0, 12.0], &[0.0, 7.0, 12.0], &[0.0, 4.0, 7.0], &[0.0, 3.0, 7.0, 10.0]];
    let whispers = rng.random_bool(0.12);
    let noise = if whispers { 1.0 } else { rng.random_range(0.02..0.25) };
    let chord: &[f32] = if whispers { &[] } else { CHORDS[rng.random_range(0..CHORDS.len())] };
    let root_hz = log_uniform(rng, 55.0..330.0);
    let moves = rng.random_bool(0.6);
    let note_length = rng.random_range(0.15..1.2) * RATE_HZ;
    let glide = smoothing(log_uniform(rng, 2.0..300.0));
    let pulse_width: Option<f32> = rng.random_bool(0.3).then(|| rng.random_range(0.1..0.5));

    let steps: Vec<f32> = chord.iter().map(|semitones| root_hz * (semitones / 12.0).exp2() / RATE_HZ).collect();
    let mut phases: Vec<f32> = chord.iter().map(|_| rng.random()).collect();
    let (mut transposition, mut wanted) = (1.0_f32, 1.0_f32);
    let mut until_next = note_length;
    (0..length)
        .map(|_| {
            until_next -= 1.0;
            if moves && until_next < 0.0 {
                until_next += note_length;
                wanted = (rng.random_range(-5..=7) as f32 / 12.0).exp2();
            }
            transposition += glide * (wanted - transposition);
            let mut sum = noise * rng.random_range(-1.0..1.0_f32);
            for (phase, step) in phases.iter_mut().zip(&steps) {
                let step = step * transposition;
                *phase += step;
                if *phase >= 1.0 {
                    *phase -= 1.0;
                }
                sum += saw(*phase, step);
                if let Some(width) = pulse_width {
                    // Two saws apart make a pulse.
                    let other = *phase + width;
                    sum -= saw(if other >= 1.0 { other - 1.0 } else { other }, step);
                }
            }
            sum
        })
        .collect()
}

/// A saw at `phase` (0 to 1), its jump rounded by a polynomial over two samples so that it hardly aliases.
fn saw(phase: f32, step: f32) -> f32 {
    let round = if phase < step {
        let t = phase / step - 1.0;
        -t * t
    } else if phase > 1.0 - step {
        let t = (phase - 1.0) / step + 1.0;
        t * t
    } else {
        0.0
    };
    2.0 * phase - 1.0 - round
}

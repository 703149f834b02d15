//! A wah pedal: a narrow band that moves up and down, which makes vowels of a guitar.

use super::audio::RATE_HZ;
use std::f64::consts::{PI, TAU};

const LOWEST_HZ: f64 = 350.0;
const HIGHEST_HZ: f64 = 2200.0;
/// Inverse of the band's quality factor.
const DAMPING: f64 = 0.22;
const GAIN: f64 = 0.6;

/// Sends samples of [`RATE_HZ`] through a pedal that goes up and down so many times a second (Chamberlin's
/// state-variable filter, band-pass output).
pub fn pedal(samples: &mut [i16], sweep_hz: f64) {
    let (mut low, mut band) = (0.0, 0.0);
    for (index, sample) in samples.iter_mut().enumerate() {
        let time_s = index as f64 / f64::from(RATE_HZ);
        let foot = 0.5 - 0.5 * (TAU * sweep_hz * time_s).cos();
        let centre_hz = LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ).powf(foot);
        let step = 2.0 * (PI * centre_hz / f64::from(RATE_HZ)).sin();
        low += step * band;
        let high = f64::from(*sample) - low - DAMPING * band;
        band += step * high;
        // The conversion keeps to the range of i16.
        *sample = (GAIN * band) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_band_moves_over_a_tone_and_stays_finite() {
        let tone = |index: usize| if index % 32 < 16 { 8000 } else { -8000 };
        let mut samples: Vec<i16> = (0..RATE_HZ as usize * 2).map(tone).collect();
        pedal(&mut samples, 1.0);
        let loudness =
            |part: &[i16]| part.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / part.len() as f64;
        let parts: Vec<f64> = samples.chunks(RATE_HZ as usize / 10).map(loudness).collect();
        let (least, most) = parts.iter().fold((f64::MAX, 0.0_f64), |(a, b), part| (a.min(*part), b.max(*part)));
        assert!(most > 3.0 * least && least > 0.0, "{parts:?}");
    }
}

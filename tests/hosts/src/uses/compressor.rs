//! A compressor with a key input, as every DAW has one: what it listens to is not what it turns down.

use crate::Audio;

/// What a person sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Peak level of the key from which the compressor works, in dB re full scale.
    pub threshold_db: f64,
    /// What is left of a dB above the threshold is one part in so many.
    pub ratio: f64,
    /// Time constant with which the gain falls, in seconds.
    pub attack_s: f64,
    /// Time constant with which the gain returns, in seconds.
    pub release_s: f64,
}

/// The detector holds a peak of the key for so long, so that it does not follow a tone's single waves.
const DETECTOR_HOLD_S: f64 = 0.005;

/// `audio` turned down by what `key` (samples of one channel) has above the threshold.
pub fn keyed(audio: &Audio, key: &[f32], settings: &Settings, rate_hz: f64) -> Audio {
    let follow = |time_s: f64| 1.0 - (-1.0 / (time_s * rate_hz)).exp();
    let (attack, release) = (follow(settings.attack_s), follow(settings.release_s));
    let hold = (DETECTOR_HOLD_S * rate_hz) as usize;
    let (mut peak, mut held, mut gain_db) = (0.0_f32, 0_usize, 0.0);
    let gains = key.iter().map(|sample| {
        held += 1;
        if sample.abs() >= peak || held > hold {
            (peak, held) = (sample.abs(), 0);
        }
        let over_db = (20.0 * f64::from(peak.max(1e-9)).log10() - settings.threshold_db).max(0.0);
        let target_db = -over_db * (1.0 - 1.0 / settings.ratio);
        gain_db += (target_db - gain_db) * if target_db < gain_db { attack } else { release };
        10.0_f64.powf(gain_db / 20.0) as f32
    });
    let gains: Vec<f32> = gains.collect();
    audio.iter().map(|channel| channel.iter().zip(&gains).map(|(sample, gain)| sample * gain).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_turns_down_by_its_level_and_the_ratio() {
        const RATE_HZ: f64 = 48000.0;
        let tone = |n: usize| (std::f64::consts::TAU * 1000.0 * n as f64 / RATE_HZ).sin() as f32;
        let key: Vec<f32> = (0..96_000).map(|n| if n < 48_000 { 0.5 * tone(n) } else { 0.0 }).collect();
        let settings = Settings { threshold_db: -18.0, ratio: 4.0, attack_s: 0.01, release_s: 0.1 };
        let out = keyed(&vec![vec![1.0; 96_000]], &key, &settings, RATE_HZ);
        // 12 dB above the threshold, of which a quarter is left.
        let down_db = 20.0 * out[0][40_000].log10();
        assert!((down_db + 8.98).abs() < 0.1, "{down_db} dB");
        assert!(out[0][95_000] > 0.99);
    }
}

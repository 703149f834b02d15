//! The key bus: a signal for any effect's side-chain input. Left carries the voice's probability as a level, right a
//! tone while the gate is open.

use std::f32::consts::TAU;

/// Frequency of the tone, Hz: in the band where every side-chain detector is sensitive.
pub const TONE_HZ: f32 = 1_000.0;
/// Peak of the tone: -6 dB re full scale.
pub const TONE_PEAK: f32 = 0.5;
/// The tone rises and falls over this time, so that it does not click.
const RAMP_S: f32 = 0.002;

/// Generates the key bus sample by sample.
#[derive(Debug, Clone)]
pub struct Key {
    phase: f32,
    step: f32,
    level: f32,
    ramp: f32,
}

impl Key {
    /// A generator for `sample_rate_hz`.
    #[must_use]
    pub fn new(sample_rate_hz: f32) -> Self {
        Self { phase: 0.0, step: TONE_HZ / sample_rate_hz, level: 0.0, ramp: 1.0 / (RAMP_S * sample_rate_hz).max(1.0) }
    }

    /// The next sample: `(left, right)`.
    pub fn next(&mut self, probability: f32, gate: bool) -> (f32, f32) {
        let target = if gate { TONE_PEAK } else { 0.0 };
        self.level += (target - self.level).clamp(-self.ramp * TONE_PEAK, self.ramp * TONE_PEAK);
        if self.level == 0.0 {
            self.phase = 0.0;
            return (probability, 0.0);
        }
        let tone = self.level * (TAU * self.phase).sin();
        self.phase = (self.phase + self.step).fract();
        (probability, tone)
    }
}

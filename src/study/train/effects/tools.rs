//! What several effects need: levels, filters, an oscillator, and reading between samples.

use std::f32::consts::{FRAC_1_SQRT_2, TAU};
use std::ops::Range;

use rand::Rng;
use rand::rngs::StdRng;

use super::super::corpus::SAMPLE_RATE_HZ;

/// The rate of all training audio.
pub(super) const RATE_HZ: f32 = SAMPLE_RATE_HZ as f32;
/// Filter states below this are set to zero: arithmetic on denormal numbers is a hundred times slower.
const TINY: f32 = 1e-15;

/// The factor that `db` decibels stand for.
pub(super) fn decibel(db: f32) -> f32 {
    10.0_f32.powf(db / 20.0)
}

/// Samples in so many milliseconds.
pub(super) fn samples(ms: f32) -> f32 {
    ms * RATE_HZ / 1_000.0
}

/// Root of the mean square; 0 for no audio.
pub(super) fn rms(audio: &[f32]) -> f32 {
    let power: f64 = audio.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    (power / audio.len().max(1) as f64).sqrt() as f32
}

/// The largest absolute sample.
pub(super) fn peak(audio: &[f32]) -> f32 {
    audio.iter().fold(0.0, |peak, x| peak.max(x.abs()))
}

/// Brings `audio` to `wanted_rms`; what is silent stays so.
pub(super) fn level(audio: &mut [f32], wanted_rms: f32) {
    let is = rms(audio);
    if is > 1e-9 {
        let gain = wanted_rms / is;
        audio.iter_mut().for_each(|x| *x *= gain);
    }
}

/// Adds `wet` so that its level lies `wet_db` above (or, negative, below) that of `audio`.
pub(super) fn add_wet(audio: &mut [f32], wet: &mut [f32], wet_db: f32) {
    level(wet, rms(audio) * decibel(wet_db));
    audio.iter_mut().zip(wet).for_each(|(x, wet)| *x += *wet);
}

/// A draw that is uniform in the logarithm, as pitches and rates are.
pub(super) fn log_uniform(rng: &mut StdRng, range: Range<f32>) -> f32 {
    rng.random_range(range.start.ln()..range.end.ln()).exp()
}

/// `audio` at a time `offset` samples after sample `n`, between samples by a straight line; 0 outside.
pub(super) fn read(audio: &[f32], n: usize, offset: f32) -> f32 {
    let whole = offset.floor();
    let part = offset - whole;
    // Before the start the index wraps to a huge one, which `get` refuses as well.
    let index = n.wrapping_add_signed(whole as isize);
    let at = |index: usize| audio.get(index).copied().unwrap_or(0.0);
    at(index) * (1.0 - part) + at(index.wrapping_add(1)) * part
}

/// The weight of a new value in a one-pole average with this time constant.
pub(super) fn smoothing(time_ms: f32) -> f32 {
    1.0 - (-1.0 / samples(time_ms)).exp()
}

/// A sine by rotation; in `f64` it does not drift within a scene.
pub(super) struct Oscillator {
    at: (f64, f64),
    step: (f64, f64),
}

impl Oscillator {
    /// At `hz`, from a random phase.
    pub(super) fn new(hz: f32, rng: &mut StdRng) -> Self {
        let turn = |cycles: f64| {
            let (sin, cos) = (cycles * std::f64::consts::TAU).sin_cos();
            (cos, sin)
        };
        Self { at: turn(rng.random()), step: turn(f64::from(hz / RATE_HZ)) }
    }

    /// The next value, -1 to 1.
    pub(super) fn next(&mut self) -> f32 {
        let ((cos, sin), (step_cos, step_sin)) = (self.at, self.step);
        self.at = (cos * step_cos - sin * step_sin, cos * step_sin + sin * step_cos);
        self.at.1 as f32
    }
}

/// A filter of second order, from Bristow-Johnson's *Audio EQ Cookbook*, in transposed direct form II.
#[derive(Debug, Clone, Copy)]
pub(super) struct Biquad {
    /// Numerator and denominator, divided by `a0`: `[b0, b1, b2, a1, a2]`.
    pub(super) coefficients: [f32; 5],
    state: [f32; 2],
}

impl Biquad {
    fn new(b: [f32; 3], a: [f32; 3]) -> Self {
        Self { coefficients: [b[0] / a[0], b[1] / a[0], b[2] / a[0], a[1] / a[0], a[2] / a[0]], state: [0.0; 2] }
    }

    /// Cosine of the corner, and the cookbook's alpha.
    fn corner(hz: f32, q: f32) -> (f32, f32) {
        let (sin, cos) = (TAU * hz / RATE_HZ).sin_cos();
        (cos, sin / (2.0 * q))
    }

    pub(super) fn low_pass(hz: f32) -> Self {
        let (cos, alpha) = Self::corner(hz, FRAC_1_SQRT_2);
        let b = 1.0 - cos;
        Self::new([b / 2.0, b, b / 2.0], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
    }

    pub(super) fn high_pass(hz: f32) -> Self {
        let (cos, alpha) = Self::corner(hz, FRAC_1_SQRT_2);
        let b = 1.0 + cos;
        Self::new([b / 2.0, -b, b / 2.0], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
    }

    /// 0 dB at the middle.
    pub(super) fn band_pass(hz: f32, q: f32) -> Self {
        let (cos, alpha) = Self::corner(hz, q);
        Self::new([alpha, 0.0, -alpha], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
    }

    pub(super) fn bell(hz: f32, q: f32, gain_db: f32) -> Self {
        let ((cos, alpha), a) = (Self::corner(hz, q), decibel(gain_db / 2.0));
        Self::new([1.0 + alpha * a, -2.0 * cos, 1.0 - alpha * a], [1.0 + alpha / a, -2.0 * cos, 1.0 - alpha / a])
    }

    /// `gain_db` below the corner.
    pub(super) fn low_shelf(hz: f32, gain_db: f32) -> Self {
        let ((cos, alpha), a) = (Self::corner(hz, FRAC_1_SQRT_2), decibel(gain_db / 2.0));
        let root = 2.0 * a.sqrt() * alpha;
        let (more, less) = (a + 1.0, a - 1.0);
        Self::new(
            [a * (more - less * cos + root), 2.0 * a * (less - more * cos), a * (more - less * cos - root)],
            [more + less * cos + root, -2.0 * (less + more * cos), more + less * cos - root],
        )
    }

    /// `gain_db` above the corner.
    pub(super) fn high_shelf(hz: f32, gain_db: f32) -> Self {
        // A low shelf of the opposite gain, with the gain itself over everything.
        let mut shelf = Self::low_shelf(hz, -gain_db);
        let gain = decibel(gain_db);
        shelf.coefficients[..3].iter_mut().for_each(|b| *b *= gain);
        shelf
    }

    /// Filters in place.
    pub(super) fn run(mut self, audio: &mut [f32]) {
        let [b0, b1, b2, a1, a2] = self.coefficients;
        for sample in audio {
            let x = *sample;
            let y = b0 * x + self.state[0];
            let next = [b1 * x - a1 * y + self.state[1], b2 * x - a2 * y];
            self.state = next.map(|state| if state.abs() < TINY { 0.0 } else { state });
            *sample = y;
        }
    }
}

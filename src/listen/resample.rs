//! Band-limited resampling by a windowed-sinc polyphase filter.
//!
//! Output sample n lies at input position `n input_rate / output_rate` exactly; nothing drifts and nothing depends
//! on block boundaries. Rates with a small common ratio use exact phases, others interpolate linearly between 512.

use std::f64::consts::PI;
use std::sync::Arc;

use pulp::{Arch, Simd, WithSimd};

use super::shared::Shared;

/// Edge of the pass band, as a share of the lower Nyquist frequency; ripple below 0.01 dB up to here.
pub const PASS_BAND: f64 = 0.90;
/// Start of the stop band, as a share of the lower Nyquist frequency; at least [`STOP_BAND_DB`] down from here.
pub const STOP_BAND: f64 = 1.02;
/// Attenuation in the stop band.
pub const STOP_BAND_DB: f64 = 80.0;

/// Ratios with at most this many distinct phases get an exact table.
const MOST_EXACT_PHASES: u64 = 1_000;
const INTERPOLATED_PHASES: usize = 512;

/// The filters for a pair of rates, as bits.
static TABLES: Shared<(u64, u64), Vec<f32>> = Shared::new();

enum Step {
    /// Both rates are whole numbers: position = n * numerator / denominator.
    Exact { numerator: u64, denominator: u64 },
    /// Any other ratio, linear interpolation between phases.
    Interpolated { ratio: f64 },
}

/// A streaming resampler from one rate to another. See the module's text.
pub struct Resampler {
    arch: Arch,
    step: Option<Step>,
    input_rate_hz: f64,
    /// Filter half length in input samples.
    half: usize,
    /// `[phases][2 half]`, and one more phase when interpolating.
    table: Arc<Vec<f32>>,
    /// The latest input, oldest first; `history[0]` is input sample `first`.
    history: Vec<f32>,
    filled: usize,
    /// Input index of `history[0]`, offset by `half - 1` zeros before the start.
    first: u64,
    heard: u64,
    produced: u64,
    /// What the latest audio has made known.
    output: Vec<f32>,
}

impl Resampler {
    /// From `input_rate_hz` to `output_rate_hz`; [`Self::push`] takes up to `most` samples at once.
    #[must_use]
    pub fn new(input_rate_hz: f64, output_rate_hz: f64, most: usize) -> Self {
        let mut resampler = Self {
            arch: Arch::new(),
            step: None,
            input_rate_hz,
            half: 0,
            table: Arc::default(),
            history: Vec::new(),
            filled: 0,
            first: 0,
            heard: 0,
            produced: 0,
            output: Vec::new(),
        };
        if input_rate_hz == output_rate_hz {
            resampler.output.reserve(most);
            return resampler;
        }
        let nyquist = input_rate_hz.min(output_rate_hz) / 2.0;
        let transition = (STOP_BAND - PASS_BAND) * nyquist / input_rate_hz;
        // Kaiser's estimate of the length for this attenuation and transition width.
        let taps = (STOP_BAND_DB - 7.95) / (14.36 * transition);
        let half = (taps / 2.0).ceil() as usize + 1;
        let cutoff = (STOP_BAND + PASS_BAND) / 2.0 * nyquist / input_rate_hz;
        let step = exact(input_rate_hz, output_rate_hz)
            .unwrap_or(Step::Interpolated { ratio: input_rate_hz / output_rate_hz });
        let (phases, extra) = match step {
            Step::Exact { denominator, .. } => (denominator as usize, 0),
            Step::Interpolated { .. } => (INTERPOLATED_PHASES, 1),
        };
        resampler.table = TABLES.get(&(input_rate_hz.to_bits(), output_rate_hz.to_bits()), || {
            let mut table = Vec::with_capacity((phases + extra) * 2 * half);
            table.extend((0..phases + extra).flat_map(|phase| filter(phase as f64 / phases as f64, half, cutoff)));
            table
        });
        resampler.half = half;
        resampler.step = Some(step);
        resampler.history = vec![0.0; 2 * half + most];
        let output = resampler.history.len() as f64 * output_rate_hz / input_rate_hz;
        resampler.output.reserve(output.ceil() as usize + 1);
        resampler.reset();
        resampler
    }

    /// Forgets everything heard.
    pub fn reset(&mut self) {
        self.history.fill(0.0);
        self.filled = self.half.saturating_sub(1);
        self.first = 0;
        self.heard = 0;
        self.produced = 0;
        self.output.clear();
    }

    /// Input samples heard so far.
    #[must_use]
    pub fn heard(&self) -> u64 {
        self.heard
    }

    /// How long after its own instant an output sample is known, seconds.
    #[must_use]
    pub fn delay_s(&self) -> f64 {
        self.half as f64 / self.input_rate_hz
    }

    /// Hears up to `most` samples; answers with those that are known now.
    pub fn push(&mut self, input: &[f32]) -> &[f32] {
        self.output.clear();
        self.heard += input.len() as u64;
        if self.step.is_none() {
            self.produced += input.len() as u64;
            self.output.extend_from_slice(input);
        } else {
            self.history[self.filled..self.filled + input.len()].copy_from_slice(input);
            self.filled += input.len();
            self.drain();
        }
        &self.output
    }

    /// What [`Self::push`] answered last.
    #[must_use]
    pub fn latest(&self) -> &[f32] {
        &self.output
    }

    /// The number of input samples after which sample `at` of [`Self::latest`] was known.
    #[must_use]
    pub fn known_at(&self, at: usize) -> u64 {
        let number = self.produced - self.output.len() as u64 + at as u64;
        match self.step {
            Some(_) => self.position(number).0 + self.half as u64 + 1,
            None => number + 1,
        }
    }

    /// Hands out the samples that still lie inside the audio, with zeros after its end.
    pub fn finish(&mut self, mut sink: impl FnMut(&[f32])) {
        let Some(step) = &self.step else { return };
        let end = self.heard;
        let total = match *step {
            Step::Exact { numerator, denominator } => (end * denominator).div_ceil(numerator),
            Step::Interpolated { ratio } => (end as f64 / ratio).ceil() as u64,
        };
        let mut missing = self.half + 1;
        while missing > 0 && self.produced < total {
            let take = missing.min(self.history.len() - self.filled);
            self.history[self.filled..self.filled + take].fill(0.0);
            self.filled += take;
            self.heard += take as u64;
            missing -= take;
            let wanted = total - self.produced;
            self.output.clear();
            self.drain();
            sink(&self.output[..self.output.len().min(wanted as usize)]);
        }
    }

    /// Adds what can be known to `output`.
    fn drain(&mut self) {
        let width = 2 * self.half;
        loop {
            let (whole, phase) = self.position(self.produced);
            // With the leading zeros, the filter around input sample `whole` starts at history index `whole - first`.
            let at = (whole - self.first) as usize;
            if at + width > self.filled {
                break;
            }
            let window = &self.history[at..at + width];
            let sample = match phase {
                Phase::Exact(phase) => self.arch.dispatch(Dot(window, &self.table[phase * width..][..width])),
                Phase::Between(phase, share) => {
                    let near = self.arch.dispatch(Dot(window, &self.table[phase * width..][..width]));
                    let far = self.arch.dispatch(Dot(window, &self.table[(phase + 1) * width..][..width]));
                    near + (far - near) * share
                }
            };
            self.output.push(sample);
            self.produced += 1;
        }
        let (whole, _) = self.position(self.produced);
        let done = ((whole - self.first) as usize).min(self.filled);
        self.history.copy_within(done..self.filled, 0);
        self.filled -= done;
        self.first += done as u64;
    }

    /// Input position of an output sample: the input sample at or before it, and how far beyond it lies.
    fn position(&self, number: u64) -> (u64, Phase) {
        match self.step {
            Some(Step::Exact { numerator, denominator }) => {
                let position = number * numerator;
                (position / denominator, Phase::Exact((position % denominator) as usize))
            }
            Some(Step::Interpolated { ratio }) => {
                let position = number as f64 * ratio;
                let phase = position.fract() * INTERPOLATED_PHASES as f64;
                (position as u64, Phase::Between(phase as usize, phase.fract() as f32))
            }
            None => (number, Phase::Exact(0)),
        }
    }
}

enum Phase {
    Exact(usize),
    Between(usize, f32),
}

fn exact(input_rate_hz: f64, output_rate_hz: f64) -> Option<Step> {
    if input_rate_hz.fract() != 0.0 || output_rate_hz.fract() != 0.0 {
        return None;
    }
    let (input, output) = (input_rate_hz as u64, output_rate_hz as u64);
    let (mut a, mut b) = (input, output);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    let denominator = output / a;
    (denominator <= MOST_EXACT_PHASES).then_some(Step::Exact { numerator: input / a, denominator })
}

/// The filter whose centre lies `fraction` beyond tap `half - 1`; unity gain at 0 Hz.
fn filter(fraction: f64, half: usize, cutoff: f64) -> impl Iterator<Item = f32> {
    // Kaiser's own formula for the shape parameter above 50 dB.
    let beta = 0.1102 * (STOP_BAND_DB - 8.7);
    let scale = bessel_i0(beta);
    let taps: Vec<f64> = (0..2 * half)
        .map(|tap| {
            let x = tap as f64 - (half - 1) as f64 - fraction;
            let sinc = if x == 0.0 { 2.0 * cutoff } else { (2.0 * PI * cutoff * x).sin() / (PI * x) };
            let edge = (1.0 - (x / half as f64).powi(2)).max(0.0);
            sinc * bessel_i0(beta * edge.sqrt()) / scale
        })
        .collect();
    let sum: f64 = taps.iter().sum();
    taps.into_iter().map(move |tap| (tap / sum) as f32)
}

fn bessel_i0(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..200 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    sum
}

/// Independent sums of a scalar product.
const SUMS: usize = 32;

/// Scalar product in [`SUMS`] independent sums; the order of the additions is fixed, so the result is the same wherever the
/// window lies in memory.
struct Dot<'a>(&'a [f32], &'a [f32]);

impl WithSimd for Dot<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        match S::F32_LANES {
            16 => self.sum::<S, 2>(simd),
            8 => self.sum::<S, 4>(simd),
            4 => self.sum::<S, 8>(simd),
            _ => self.sum::<S, SUMS>(simd),
        }
    }
}

impl Dot<'_> {
    /// `V` vectors hold the sums.
    #[inline(always)]
    fn sum<S: Simd, const V: usize>(self, simd: S) -> f32 {
        let Self(a, b) = self;
        let (a, a_rest) = a.as_chunks::<{ SUMS / 2 }>();
        let (b, b_rest) = b.as_chunks::<{ SUMS / 2 }>();
        let (a_pairs, a_single) = a.as_chunks::<2>();
        let (b_pairs, b_single) = b.as_chunks::<2>();
        let mut sums = [simd.splat_f32s(0.0); V];
        for (x, y) in a_pairs.iter().zip(b_pairs) {
            add(simd, x.as_flattened(), y.as_flattened(), &mut sums);
        }
        for (x, y) in a_single.iter().zip(b_single) {
            add(simd, x, y, &mut sums);
        }
        let mut each = [0.0; SUMS];
        S::as_mut_simd_f32s(&mut each).0.copy_from_slice(&sums);
        let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
        halve(each) + rest
    }
}

/// The sum of [`SUMS`] numbers, halves added to halves, so that none waits for more than five others.
#[inline(always)]
fn halve(mut sums: [f32; SUMS]) -> f32 {
    let mut left = SUMS / 2;
    while left > 0 {
        let (near, far) = sums.split_at_mut(left);
        near.iter_mut().zip(far).for_each(|(a, b)| *a += *b);
        left /= 2;
    }
    sums[0]
}

/// Adds up products, vector by vector.
#[inline(always)]
fn add<S: Simd>(simd: S, a: &[f32], b: &[f32], sums: &mut [S::f32s]) {
    let ((a, _), (b, _)) = (S::as_simd_f32s(a), S::as_simd_f32s(b));
    for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
        *sum = simd.mul_add_e_f32s(*a, *b, *sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_product_is_that_whatever_its_length_and_the_processors_vectors() {
        let numbers = |step: f32| -> Vec<f32> { (0..300).map(|i| (i as f32 * step).sin()).collect() };
        let (a, b) = (numbers(0.7), numbers(1.3));
        for length in [0, 1, 15, 16, 31, 32, 47, 48, 63, 64, 252, 300] {
            let (a, b) = (&a[..length], &b[..length]);
            let exact: f64 = a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
            let four = Dot(a, b).with_simd(pulp::Scalar128b);
            assert_eq!(Dot(a, b).with_simd(pulp::Scalar256b), four, "{length}");
            assert_eq!(Dot(a, b).with_simd(pulp::Scalar512b), four, "{length}");
            let ours = Arch::new().dispatch(Dot(a, b));
            assert!((f64::from(ours) - exact).abs() < 1e-5, "{length}: {ours} is {exact}");
        }
    }
}

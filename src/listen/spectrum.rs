//! The power spectrum of a frame, in as many passes as a short block can bear.

use std::f64::consts::TAU;
use std::sync::Arc;

use realfft::num_complex::Complex64;
use realfft::{RealFftPlanner, RealToComplex};

use super::shared::Shared;

/// Longer transforms are made of [`PARTS`] shorter ones, one a pass.
const LONGEST: usize = 512;
/// Every fourth value is one part: radix 4, decimated in time.
const PARTS: usize = 4;

/// What spectra of each length are made with.
static TABLES: Shared<usize, Tables> = Shared::new();

/// The power spectrum of `length` values. Computes in `f64`: next to a loud band a single precision FFT loses the quiet
/// ones, and the logarithm shows it.
pub(super) struct Spectrum {
    tables: Arc<Tables>,
    frame: Vec<f64>,
    /// The values of one part; none if there is but one.
    part: Vec<f64>,
    spectra: Vec<Vec<Complex64>>,
    scratch: Vec<Complex64>,
    power: Vec<f64>,
}

struct Tables {
    /// Of a part, or of the whole if there is but one.
    fft: Arc<dyn RealToComplex<f64>>,
    /// What brings each of the parts 1..=3 in line, for each bin of a part; nothing if there is but one.
    twiddles: Vec<[Complex64; PARTS - 1]>,
}

impl Tables {
    fn new(length: usize) -> Self {
        let parts = parts(length);
        let fft = RealFftPlanner::new().plan_fft_forward(length / parts);
        let bins = if parts == 1 { 0 } else { length / parts / 2 + 1 };
        let twiddle = |bin: usize, part: usize| Complex64::cis(-TAU * (bin * part) as f64 / length as f64);
        let twiddles = (0..bins).map(|bin| [1, 2, 3].map(|part| twiddle(bin, part))).collect();
        Self { fft, twiddles }
    }
}

/// How many parts a transform of this length has.
fn parts(length: usize) -> usize {
    if length > LONGEST && length.is_multiple_of(2 * PARTS) { PARTS } else { 1 }
}

impl Spectrum {
    /// All memory for spectra of this length.
    pub(super) fn new(length: usize) -> Self {
        let tables = TABLES.get(&length, || Tables::new(length));
        let (fft, count) = (&tables.fft, parts(length));
        Self {
            frame: vec![0.0; length],
            part: if count == 1 { Vec::new() } else { fft.make_input_vec() },
            spectra: vec![fft.make_output_vec(); count],
            scratch: fft.make_scratch_vec(),
            power: vec![0.0; length / 2 + 1],
            tables,
        }
    }

    /// How often [`Self::work`] must be called from the frame to the power.
    pub(super) fn passes(&self) -> usize {
        if self.spectra.len() == 1 { 1 } else { PARTS + 1 }
    }

    /// Where the values belong. All must be written before the first pass, which may destroy them.
    pub(super) fn frame_mut(&mut self) -> &mut [f64] {
        &mut self.frame
    }

    /// Makes pass `pass` of [`Self::passes`], each once, in order.
    pub(super) fn work(&mut self, pass: usize) {
        let Self { tables, frame, part, spectra, scratch, power } = self;
        // The lengths are fixed at construction, so a transform cannot fail; a failure would leave the old spectrum in
        // place rather than bring the host down.
        if let [spectrum] = spectra.as_mut_slice() {
            let _ = tables.fft.process_with_scratch(frame, spectrum, scratch);
            power.iter_mut().zip(spectrum).for_each(|(power, bin)| *power = bin.norm_sqr());
        } else if let Some(spectrum) = spectra.get_mut(pass) {
            part.iter_mut().zip(frame[pass..].iter().step_by(PARTS)).for_each(|(to, from)| *to = *from);
            let _ = tables.fft.process_with_scratch(part, spectrum, scratch);
        } else {
            self.unite();
        }
    }

    /// The power of each bin, 0 to half the length, after the last pass.
    pub(super) fn power(&self) -> &[f64] {
        &self.power
    }

    /// The parts' spectra as one. A part is real, so each of its bins says two of the whole, and its conjugate two more.
    fn unite(&mut self) {
        let [first, second, third, fourth] = self.spectra.as_slice() else { return };
        let (length, half) = (self.part.len(), 2 * self.part.len());
        for (bin, twiddles) in self.tables.twiddles.iter().enumerate() {
            let (a, c) = (first[bin], third[bin] * twiddles[1]);
            let (b, d) = (second[bin] * twiddles[0], fourth[bin] * twiddles[2]);
            let (sum, difference) = (a + c, a - c);
            // Minus i times the difference of the other two.
            let (other, turned) = (b + d, Complex64::new(b.im - d.im, d.re - b.re));
            self.power[bin] = (sum + other).norm_sqr();
            self.power[half - bin] = (sum - other).norm_sqr();
            self.power[length + bin] = (difference + turned).norm_sqr();
            self.power[length - bin] = (difference - turned).norm_sqr();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_the_spectrum_of_the_whole() {
        for length in [8, 400, 512, 1024, 2048, 4096] {
            let values: Vec<f64> = (0..length).map(|n| ((n * n) as f64 * 0.37).sin() + 0.1).collect();
            let given = length - length / 8;
            let mut spectrum = Spectrum::new(length);
            // What was there before must not be heard.
            for _ in 0..2 {
                spectrum.frame_mut().fill(0.0);
                spectrum.frame_mut()[..given].copy_from_slice(&values[..given]);
                (0..spectrum.passes()).for_each(|pass| spectrum.work(pass));
            }
            for (bin, power) in spectrum.power().iter().enumerate() {
                let turn = |n: usize| Complex64::cis(-TAU * ((bin * n) % length) as f64 / length as f64);
                let wanted: Complex64 = (0..given).map(|n| turn(n) * values[n]).sum();
                let difference = (power.sqrt() - wanted.norm()).abs();
                assert!(difference < 1e-9 * length as f64, "length {length}, bin {bin}: {difference:e}");
            }
        }
    }
}

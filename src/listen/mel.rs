//! Mel filter banks, stored sparsely: each band is a run of FFT bins.

use std::f64::consts::LOG10_E;

use super::frontend::{FrontEnd, Log, MelNorm, MelScale};
use super::sums::dot;

/// A filter bank over the power spectrum of `n_fft / 2 + 1` bins.
pub(super) struct MelBank {
    bands: Vec<Band>,
    weights: Vec<f64>,
    log: Log,
}

struct Band {
    first_bin: usize,
    first_weight: usize,
    bins: usize,
}

impl MelBank {
    pub(super) fn new(front_end: &FrontEnd) -> Self {
        let dense = dense(front_end);
        let mut bank = Self { bands: Vec::new(), weights: Vec::new(), log: front_end.log };
        for row in dense {
            let first_bin = row.iter().position(|&weight| weight != 0.0).unwrap_or(0);
            let end = row.iter().rposition(|&weight| weight != 0.0).map_or(first_bin, |last| last + 1);
            let bins = end - first_bin;
            bank.bands.push(Band { first_bin, first_weight: bank.weights.len(), bins });
            bank.weights.extend_from_slice(&row[first_bin..end]);
        }
        bank
    }

    /// Power spectrum `[n_fft / 2 + 1]` to compressed mel values `[n_mels]`.
    pub(super) fn apply(&self, power: &[f64], mels: &mut [f32]) {
        for (band, mel) in self.bands.iter().zip(mels) {
            let weights = &self.weights[band.first_weight..band.first_weight + band.bins];
            let bins = &power[band.first_bin..band.first_bin + band.bins];
            *mel = self.log.of(dot(weights, bins));
        }
    }
}

impl Log {
    /// A band's power, compressed. By natural logarithms, because the common one takes longer.
    pub(super) fn of(self, power: f64) -> f32 {
        let value = match self {
            Self::Ln { floor } => power.max(floor).ln(),
            Self::Decibel { floor } => 10.0 * LOG10_E * power.max(floor).ln(),
            Self::Log10Plus { gain } => LOG10_E * (gain * power + 1.0).ln(),
        };
        value as f32
    }
}

impl FrontEnd {
    /// The frequency that each mel band is centred on, in Hz, lowest first.
    #[must_use]
    pub fn band_centres_hz(&self) -> Vec<f64> {
        let (low, high) = (to_mel(self.mel_scale, self.f_min_hz), to_mel(self.mel_scale, self.f_max_hz));
        let step = (high - low) / (self.n_mels + 1) as f64;
        (1..=self.n_mels).map(|band| to_hz(self.mel_scale, low + step * band as f64)).collect()
    }
}

/// `[n_mels][n_fft / 2 + 1]` triangle weights.
pub(super) fn dense(front_end: &FrontEnd) -> Vec<Vec<f64>> {
    let FrontEnd { n_mels, n_fft, mel_scale, .. } = *front_end;
    let bins = n_fft / 2 + 1;
    let bin_hz = f64::from(front_end.sample_rate_hz) / n_fft as f64;
    let (low, high) = (to_mel(mel_scale, front_end.f_min_hz), to_mel(mel_scale, front_end.f_max_hz));
    let edge = |i: usize| low + (high - low) * i as f64 / (n_mels + 1) as f64;
    let mut bank: Vec<Vec<f64>> = (0..n_mels)
        .map(|band| {
            let edges = [edge(band), edge(band + 1), edge(band + 2)];
            let hz = edges.map(|mel| to_hz(mel_scale, mel));
            let scale = match front_end.mel_norm {
                MelNorm::None => 1.0,
                MelNorm::Area => 2.0 / (hz[2] - hz[0]),
            };
            (0..bins)
                .map(|bin| {
                    let f = bin as f64 * bin_hz;
                    // Kaldi draws its triangles over the mel axis and leaves the Nyquist bin out.
                    let (x, [left, centre, right]) = match mel_scale {
                        MelScale::Kaldi if bin + 1 == bins => (f64::NEG_INFINITY, edges),
                        MelScale::Kaldi => (to_mel(mel_scale, f), edges),
                        MelScale::Htk | MelScale::Slaney | MelScale::Octave | MelScale::Linear => (f, hz),
                    };
                    scale * ((x - left) / (centre - left)).min((right - x) / (right - centre)).max(0.0)
                })
                .collect()
        })
        .collect();
    if front_end.eight_bit_tables {
        let peak = bank.iter().flatten().fold(0.0_f64, |peak, &weight| peak.max(weight));
        bank.iter_mut().flatten().for_each(|weight| *weight = eight_bit(*weight, peak));
    }
    bank
}

/// `value` rounded to 127 steps of `peak` (halves upwards, with room for rounding noise in the table itself).
pub(super) fn eight_bit(value: f64, peak: f64) -> f64 {
    (value / peak * 127.0 + 0.5 + 1e-9).floor() * peak / 127.0
}

fn to_mel(scale: MelScale, hz: f64) -> f64 {
    match scale {
        MelScale::Htk => 2595.0 * (1.0 + hz / 700.0).log10(),
        MelScale::Kaldi => 1127.0 * (1.0 + hz / 700.0).ln(),
        MelScale::Slaney if hz < 1000.0 => hz * 3.0 / 200.0,
        MelScale::Slaney => 15.0 + (hz / 1000.0).ln() * 27.0 / 6.4_f64.ln(),
        MelScale::Octave => hz.log2(),
        MelScale::Linear => hz,
    }
}

fn to_hz(scale: MelScale, mel: f64) -> f64 {
    match scale {
        MelScale::Htk => 700.0 * (10.0_f64.powf(mel / 2595.0) - 1.0),
        MelScale::Kaldi => 700.0 * ((mel / 1127.0).exp() - 1.0),
        MelScale::Slaney if mel < 15.0 => mel * 200.0 / 3.0,
        MelScale::Slaney => 1000.0 * ((mel - 15.0) * 6.4_f64.ln() / 27.0).exp(),
        MelScale::Octave => mel.exp2(),
        MelScale::Linear => mel,
    }
}

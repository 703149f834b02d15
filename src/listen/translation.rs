//! From the frames of one front end to what another would have heard.
//!
//! Labelled spectra of genre collections are coarse ([`FrontEnd::wide_mel_128`]); the nets that know most about music hear
//! finer frames of lower bands. A coarse frame says how much power lies where; spread over the other front end's bins it
//! gives that one's mean power there, and between two frames the level is taken to move evenly. What is lost is texture:
//! in a short window noise-like sound fluctuates, and nets take smooth spectra for something else than music. So each
//! value is multiplied by what the power of noise would do in a band of that width, the same at every call.

use super::frontend::{FrontEnd, Log, Window};
use super::mel::dense;

/// Successive bins of a windowed spectrum are not independent; a band of n bins fluctuates like so many times n.
const INDEPENDENT: f64 = 0.7;
/// Frames after which the texture begins again.
const TEXTURE_FRAMES: usize = 1_009;

/// See the module's text.
pub struct Translation {
    /// For each band of the target: the first band of the source that counts, and the weights from there on.
    bands: Vec<(usize, Vec<f64>)>,
    source_bands: usize,
    hop_s: f64,
    log: Log,
    /// `[TEXTURE_FRAMES][bands]`, mean 1.
    texture: Vec<f32>,
}

impl Translation {
    /// From frames in dB of the front end `from` to those of `to`.
    #[must_use]
    pub fn new(from: &FrontEnd, to: &FrontEnd) -> Self {
        let (source, target) = (dense(from), dense(to));
        let centres = from.band_centres_hz();
        let bin_hz = f64::from(to.sample_rate_hz) / to.n_fft as f64;
        // A bin's power is the signal's density times the rate times the window's energy.
        let level = |front_end: &FrontEnd| f64::from(front_end.sample_rate_hz) * energy(front_end);
        let factor = level(to) / level(from);
        let sums: Vec<f64> = source.iter().map(|row| row.iter().sum::<f64>().max(f64::MIN_POSITIVE)).collect();
        let band = |row: &Vec<f64>| {
            let mut weights = vec![0.0; source.len()];
            for (bin, weight) in row.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
                for (band, share) in neighbours(&centres, bin as f64 * bin_hz) {
                    weights[band] += factor * weight * share / sums[band];
                }
            }
            let first = weights.iter().position(|&weight| weight > 0.0).unwrap_or(0);
            let end = weights.iter().rposition(|&weight| weight > 0.0).map_or(first, |last| last + 1);
            (first, weights[first..end].to_vec())
        };
        let widths: Vec<f64> = target
            .iter()
            .map(|row| row.iter().sum::<f64>().powi(2) / row.iter().map(|w| w * w).sum::<f64>().max(f64::MIN_POSITIVE))
            .collect();
        Self {
            bands: target.iter().map(band).collect(),
            source_bands: source.len(),
            hop_s: to.hop_s(),
            log: to.log,
            texture: texture(&widths),
        }
    }

    /// `count` frames of the target, the first `from_s` seconds after the first of `rows`: frames of the source in dB,
    /// `hop_s` apart. Beyond the last one it goes on.
    #[must_use]
    pub fn frames(&self, rows: &[f32], hop_s: f64, from_s: f64, count: usize) -> Vec<f32> {
        let last = (rows.len() / self.source_bands).saturating_sub(1);
        let mut power = vec![0.0; self.source_bands];
        let mut out = Vec::with_capacity(count * self.bands.len());
        for frame in 0..count {
            let at = ((from_s + frame as f64 * self.hop_s) / hop_s).clamp(0.0, last as f64);
            let (before, share) = (at as usize, at.fract() as f32);
            let after = (before + 1).min(last);
            let row = |frame: usize| &rows[frame * self.source_bands..][..self.source_bands];
            for ((power, low), high) in power.iter_mut().zip(row(before)).zip(row(after)) {
                *power = 10.0_f64.powf(f64::from(low + share * (high - low)) / 10.0);
            }
            let texture = &self.texture[frame % TEXTURE_FRAMES * self.bands.len()..];
            out.extend(self.bands.iter().zip(texture).map(|((first, weights), texture)| {
                let mean: f64 = weights.iter().zip(&power[*first..]).map(|(weight, power)| weight * power).sum();
                self.log.of(mean * f64::from(*texture))
            }));
        }
        out
    }
}

/// The energy of the window.
fn energy(front_end: &FrontEnd) -> f64 {
    let share = match front_end.window {
        Window::Hann => 3.0 / 8.0,
        // The integral of sin^3.4 over a half period.
        Window::Povey => 0.424_9,
    };
    share * front_end.window_length as f64
}

/// The bands whose centres lie on both sides of a frequency, with their shares.
fn neighbours(centres: &[f64], hz: f64) -> impl Iterator<Item = (usize, f64)> {
    let above = centres.partition_point(|&centre| centre <= hz);
    let last = centres.len() - 1;
    let pair = match above {
        0 => [(0, 1.0), (0, 0.0)],
        above if above > last => [(last, 1.0), (last, 0.0)],
        above => {
            let share = (hz - centres[above - 1]) / (centres[above] - centres[above - 1]);
            [(above - 1, 1.0 - share), (above, share)]
        }
    };
    pair.into_iter().filter(|(_, share)| *share > 0.0)
}

/// What the power of noise does in bands of these widths in bins: means of exponentially distributed numbers.
fn texture(widths: &[f64]) -> Vec<f32> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut uniform = || {
        // SplitMix64.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut out = Vec::with_capacity(TEXTURE_FRAMES * widths.len());
    for _ in 0..TEXTURE_FRAMES {
        for width in widths {
            let draws = ((INDEPENDENT * width).round() as usize).max(1);
            let sum: f64 = (0..draws).map(|_| -(1.0 - uniform()).ln()).sum();
            out.push((sum / draws as f64) as f32);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen::Listener;

    fn noise(length: usize) -> Vec<f32> {
        let mut seed = 7_u32;
        let mut uniform = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        // A slope over frequency, as music has one.
        let mut last = 0.0;
        (0..length)
            .map(|_| {
                last = 0.7 * last + 0.2 * uniform();
                last
            })
            .collect()
    }

    fn frames(front_end: &FrontEnd, audio: &[f32]) -> Vec<f32> {
        let mut listener = Listener::new(44_100.0, std::slice::from_ref(front_end)).expect("rate");
        let mut out = Vec::new();
        listener.push(&[audio], |frame| out.extend_from_slice(frame.mels));
        out
    }

    #[test]
    fn noise_translated_is_what_the_other_front_end_hears() {
        let audio = noise(44_100 * 8);
        let wide = FrontEnd::wide_mel_128();
        let coarse = frames(&wide, &audio);
        for to in [FrontEnd::ced_mel_64(), FrontEnd::musicnn_mel_96()] {
            let heard = frames(&to, &audio);
            let count = (6.0 / to.hop_s()) as usize;
            let told = Translation::new(&wide, &to).frames(&coarse, wide.hop_s(), 0.5, count);
            let statistics = |frames: &[f32], band: usize| {
                let values: Vec<f64> =
                    frames.chunks_exact(to.n_mels).take(count).map(|row| f64::from(row[band])).collect();
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                (mean, (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt())
            };
            let unit = if matches!(to.log, Log::Decibel { .. }) { 1.0 } else { 0.1 };
            // The lowest bands are hardly wider than a bin, where one front end's leakage is not the other's; the highest
            // lie where the resampler falls off.
            for band in 16..to.n_mels - 4 {
                let ((mean, deviation), (told_mean, told_deviation)) =
                    (statistics(&heard, band), statistics(&told, band));
                assert!((mean - told_mean).abs() < 3.0 * unit, "band {band}: mean {mean:.2}, told {told_mean:.2}");
                let ratio = told_deviation / deviation;
                assert!((0.5..2.0).contains(&ratio), "band {band}: deviation {deviation:.3}, told {told_deviation:.3}");
            }
        }
    }
}

//! The baseline of the trade: mel-frequency cepstral coefficients with their first and second differences over time, each
//! as mean and standard deviation over the file (Choi et al., arXiv 1703.09179, section 3.3: 20 coefficients, 120 values).

use std::f64::consts::PI;

use crate::listen::{FrontEnd, Log, MelNorm, MelScale};

/// Coefficients, the level included.
const COEFFICIENTS: usize = 20;
const MELS: usize = 128;
/// Frames to either side over which a difference is measured.
const REACH: usize = 4;

/// What MFCC are made of: 128 mel bands in dB, 32 ms window, 16 ms hop, by the plugin's listener.
pub(super) fn front_end() -> FrontEnd {
    FrontEnd {
        n_mels: MELS,
        mel_scale: MelScale::Slaney,
        mel_norm: MelNorm::Area,
        log: Log::Decibel { floor: 1e-10 },
        ..FrontEnd::musicnn_mel_96()
    }
}

/// The coefficients of a file, frame by frame.
#[derive(Default)]
pub struct Mfcc {
    frames: Vec<[f64; COEFFICIENTS]>,
    /// `[coefficient][band]`, made on the first frame.
    basis: Vec<Vec<f64>>,
}

impl Mfcc {
    /// Adds a frame of 128 mel bands in dB.
    pub fn push(&mut self, mels: &[f32]) {
        if self.basis.is_empty() {
            self.basis = (0..COEFFICIENTS).map(|k| cosine(k, mels.len())).collect();
        }
        let mut frame = [0.0; COEFFICIENTS];
        for (coefficient, row) in frame.iter_mut().zip(&self.basis) {
            *coefficient = row.iter().zip(mels).map(|(cosine, &mel)| cosine * f64::from(mel)).sum();
        }
        self.frames.push(frame);
    }

    /// Means of coefficients, first and second differences, then their standard deviations: 120 values. `None` for fewer
    /// than nine frames.
    pub fn statistics(&self) -> Option<Vec<f32>> {
        if self.frames.len() < 2 * REACH + 1 {
            return None;
        }
        let first = differences(&self.frames);
        let second = differences(&first);
        let (means, deviations): (Vec<_>, Vec<_>) = [&self.frames, &first, &second].into_iter().map(spread).unzip();
        Some(means.into_iter().chain(deviations).flatten().collect())
    }
}

/// One row of the orthonormal cosine transform (DCT-II).
fn cosine(k: usize, count: usize) -> Vec<f64> {
    let scale = (if k == 0 { 1.0 } else { 2.0 } / count as f64).sqrt();
    (0..count).map(|n| scale * (PI * k as f64 * (n as f64 + 0.5) / count as f64).cos()).collect()
}

/// Slopes of the line through each frame and its neighbours; beyond the ends the outermost frames go on.
fn differences(frames: &[[f64; COEFFICIENTS]]) -> Vec<[f64; COEFFICIENTS]> {
    let norm = 2.0 * (1..=REACH).map(|n| (n * n) as f64).sum::<f64>();
    let last = frames.len().saturating_sub(1);
    (0..frames.len())
        .map(|t| {
            let mut slope = [0.0; COEFFICIENTS];
            for n in 1..=REACH {
                let (before, after) = (&frames[t.saturating_sub(n)], &frames[(t + n).min(last)]);
                for ((slope, before), after) in slope.iter_mut().zip(before).zip(after) {
                    *slope += n as f64 * (after - before) / norm;
                }
            }
            slope
        })
        .collect()
}

/// Mean and standard deviation over frames.
fn spread(frames: &Vec<[f64; COEFFICIENTS]>) -> (Vec<f32>, Vec<f32>) {
    let count = frames.len() as f64;
    let mean: Vec<f64> = (0..COEFFICIENTS).map(|k| frames.iter().map(|frame| frame[k]).sum::<f64>() / count).collect();
    let deviation = (0..COEFFICIENTS)
        .map(|k| (frames.iter().map(|frame| (frame[k] - mean[k]).powi(2)).sum::<f64>() / count).sqrt() as f32)
        .collect();
    (mean.into_iter().map(|mean| mean as f32).collect(), deviation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rising_level_shows_in_mean_slope_and_spread() {
        let mut mfcc = Mfcc::default();
        for t in 0..100 {
            mfcc.push(&[t as f32; MELS]);
        }
        let statistics = mfcc.statistics().expect("enough frames");
        assert_eq!(statistics.len(), 6 * COEFFICIENTS);
        let level = (MELS as f32).sqrt();
        assert!((statistics[0] - 49.5 * level).abs() < 1e-3);
        // Away from the ends the slope is one level a frame; at the ends it flattens.
        assert!((statistics[COEFFICIENTS] / level - 1.0).abs() < 0.05);
        assert!((statistics[3 * COEFFICIENTS] - 28.866 * level).abs() < 0.1);
        // Equal bands are all level and no shape.
        assert!(statistics[1..COEFFICIENTS].iter().all(|c| c.abs() < 1e-3));
        assert!(Mfcc::default().statistics().is_none());
    }

    #[test]
    fn a_cosine_over_the_bands_is_one_coefficient() {
        let mut mfcc = Mfcc::default();
        let shape: Vec<f32> = (0..MELS).map(|n| (PI * 3.0 * (n as f64 + 0.5) / MELS as f64).cos() as f32).collect();
        (0..10).for_each(|_| mfcc.push(&shape));
        let statistics = mfcc.statistics().expect("enough frames");
        for (k, mean) in statistics[..COEFFICIENTS].iter().enumerate() {
            let expected = if k == 3 { (MELS as f32 / 2.0).sqrt() } else { 0.0 };
            assert!((mean - expected).abs() < 1e-4, "coefficient {k}: {mean}");
        }
    }
}

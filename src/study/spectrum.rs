//! The mel frames of a file of any length in bounded memory: the mean level of each mel band in each of a few
//! thousand columns.

use crate::listen::FrontEnd;

/// Columns kept at most; when they are full, neighbours merge and columns last twice as long.
const MOST_COLUMNS: usize = 2048;

/// Level per mel band and column of time, in dB.
#[derive(Clone, Debug)]
pub struct Spectrum {
    front_end: FrontEnd,
    /// Columns x bands.
    levels_db: Vec<f32>,
    column_frames: u64,
    in_last: u64,
}

impl Spectrum {
    /// Nothing heard yet through this front end.
    pub fn new(front_end: &FrontEnd) -> Self {
        Self { front_end: front_end.clone(), levels_db: Vec::new(), column_frames: 1, in_last: 1 }
    }

    /// Adds the next frame, in the front end's log domain.
    pub fn add(&mut self, mels: &[f32]) {
        let bands = self.bands();
        if self.in_last == self.column_frames {
            if self.columns() == MOST_COLUMNS {
                self.halve();
            }
            self.levels_db.resize(self.levels_db.len() + bands, 0.0);
            self.in_last = 0;
        }
        self.in_last += 1;
        let share = 1.0 / self.in_last as f32;
        let log = self.front_end.log;
        let start = self.levels_db.len() - bands;
        for (mean, &mel) in self.levels_db[start..].iter_mut().zip(mels) {
            *mean += share * (log.decibels(mel) - *mean);
        }
    }

    fn halve(&mut self) {
        let bands = self.bands();
        self.levels_db = self
            .levels_db
            .chunks(2 * bands)
            .flat_map(|pair| (0..bands).map(|band| (pair[band] + pair[bands + band]) / 2.0))
            .collect();
        self.column_frames *= 2;
        // A pair that was just merged is as full as a column now is.
        self.in_last = self.column_frames;
    }

    /// Mel bands in a column.
    pub fn bands(&self) -> usize {
        self.front_end.n_mels
    }

    /// Columns so far.
    pub fn columns(&self) -> usize {
        self.levels_db.len() / self.bands().max(1)
    }

    /// Columns x bands, lowest band first, in dB.
    pub fn levels_db(&self) -> &[f32] {
        &self.levels_db
    }

    /// Time that each column stands for, in seconds.
    pub fn column_s(&self) -> f64 {
        self.column_frames as f64 * self.front_end.hop_s()
    }

    /// Where the first column begins, in seconds: half a hop before the instant that frame 0 speaks of.
    pub fn start_s(&self) -> f64 {
        self.front_end.first_frame_s() - self.front_end.hop_s() / 2.0
    }

    /// The frequency in the middle of each band, in Hz.
    pub fn band_centres_hz(&self) -> Vec<f64> {
        self.front_end.band_centres_hz()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_length_fits_and_means_are_kept() {
        let front_end = FrontEnd::ced_mel_64();
        let mut spectrum = Spectrum::new(&front_end);
        let frames = MOST_COLUMNS * 5;
        for frame in 0..frames {
            let level = if frame % 2 == 0 { -20.0 } else { -40.0 };
            spectrum.add(&vec![level; 64]);
        }
        assert_eq!(spectrum.columns(), frames.div_ceil(8));
        assert!((spectrum.column_s() - 0.08).abs() < 1e-12);
        assert!(spectrum.levels_db().iter().all(|&level| (level + 30.0).abs() < 1e-3));
    }
}

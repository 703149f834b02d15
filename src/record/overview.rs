//! The waveform of a file of any length in bounded memory: the lowest and highest sample of each of a
//! few thousand columns.

/// Columns kept at most; when they are full, neighbours merge and columns last twice as long.
const MOST_COLUMNS: usize = 8192;
/// Samples in a column at the start.
const FIRST_COLUMN_SAMPLES: u64 = 64;

/// Lowest and highest sample per column of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    columns: Vec<(f32, f32)>,
    column_samples: u64,
    in_last: u64,
}

impl Default for Overview {
    fn default() -> Self {
        Self { columns: Vec::new(), column_samples: FIRST_COLUMN_SAMPLES, in_last: FIRST_COLUMN_SAMPLES }
    }
}

impl Overview {
    /// Adds a planar block (channels x samples); the channels are averaged, samples that are not
    /// finite count as silence.
    pub fn add(&mut self, block: &[Vec<f32>]) {
        let samples = block.iter().map(Vec::len).min().unwrap_or(0);
        let gain = 1.0 / block.len().max(1) as f32;
        for i in 0..samples {
            let mono: f32 = block.iter().map(|channel| channel[i]).sum::<f32>() * gain;
            self.push(if mono.is_finite() { mono } else { 0.0 });
        }
    }

    fn push(&mut self, sample: f32) {
        if self.in_last == self.column_samples {
            if self.columns.len() == MOST_COLUMNS {
                self.halve();
            }
            self.columns.push((sample, sample));
            self.in_last = 1;
            return;
        }
        if let Some((low, high)) = self.columns.last_mut() {
            *low = low.min(sample);
            *high = high.max(sample);
        }
        self.in_last += 1;
    }

    fn halve(&mut self) {
        self.columns = self
            .columns
            .chunks(2)
            .map(|pair| pair.iter().fold((f32::MAX, f32::MIN), |(l, h), c| (l.min(c.0), h.max(c.1))))
            .collect();
        self.column_samples *= 2;
    }

    /// (lowest, highest) sample of each column, in order.
    pub fn columns(&self) -> &[(f32, f32)] {
        &self.columns
    }

    /// Samples that each column but the last stands for.
    pub fn column_samples(&self) -> u64 {
        self.column_samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_hold_the_extremes_and_stay_bounded() {
        let mut overview = Overview::default();
        let samples = MOST_COLUMNS * FIRST_COLUMN_SAMPLES as usize * 3;
        let mut audio = vec![0.0; samples];
        audio[samples / 2] = 0.5;
        audio[10] = -0.25;
        audio[20] = f32::NAN;
        for part in audio.chunks(1000) {
            overview.add(&[part.to_vec(), part.to_vec()]);
        }
        assert!(overview.columns().len() <= MOST_COLUMNS);
        assert_eq!(overview.column_samples(), FIRST_COLUMN_SAMPLES * 4);
        let covered = (overview.columns().len() - 1) as u64 * overview.column_samples();
        assert!((covered..=covered + overview.column_samples()).contains(&(samples as u64)));
        assert_eq!(overview.columns()[0], (-0.25, 0.0));
        let loud = samples as u64 / 2 / overview.column_samples();
        assert_eq!(overview.columns()[loud as usize], (0.0, 0.5));
    }
}

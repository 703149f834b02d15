//! Where a recording of speech is silent.

use super::audio::RATE_HZ;
use super::labels::{Kind, Labels, Stretch};

const FRAME: usize = RATE_HZ as usize / 100;
const FRAME_S: f64 = 0.01;
/// So far below its loud parts a file is silent.
const BELOW_LOUD_DB: f64 = 45.0;
/// A shorter silence is part of speech.
const SHORTEST_S: f64 = 0.3;
/// The level that this share of the frames stays below is what "loud" means.
const LOUD_QUANTILE: f64 = 0.95;

/// `speech` everywhere but in the pauses of these samples, which are `nosing`.
pub fn label(samples: &[i16]) -> Labels {
    let duration_s = super::audio::duration_s(samples);
    Labels::marking(duration_s, Kind::Speech, &pauses(samples), Kind::Nosing)
}

fn pauses(samples: &[i16]) -> Vec<Stretch> {
    let levels: Vec<f64> = samples.chunks(FRAME).map(level_db).collect();
    let mut sorted = levels.clone();
    sorted.sort_by(f64::total_cmp);
    let Some(&loud) = sorted.get((levels.len() as f64 * LOUD_QUANTILE) as usize) else {
        return Vec::new();
    };
    let is_quiet = |level: &f64| *level < loud - BELOW_LOUD_DB;
    let mut pauses = Vec::new();
    let mut start = 0;
    for run in levels.chunk_by(|a, b| is_quiet(a) == is_quiet(b)) {
        let end = start + run.len();
        if is_quiet(&run[0]) && run.len() as f64 * FRAME_S >= SHORTEST_S {
            pauses.push(Stretch { start_s: start as f64 * FRAME_S, end_s: end as f64 * FRAME_S });
        }
        start = end;
    }
    pauses
}

/// Mean power of a frame in dB of full scale; digital silence is far below everything.
fn level_db(frame: &[i16]) -> f64 {
    let power: f64 = frame.iter().map(|&sample| (f64::from(sample) / 32768.0).powi(2)).sum();
    10.0 * (power / frame.len() as f64 + 1e-20).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_silence_is_a_pause_and_a_short_one_is_speech() {
        let mut samples = vec![0_i16; RATE_HZ as usize * 4];
        let rate = RATE_HZ as usize;
        for (index, sample) in samples.iter_mut().enumerate() {
            let is_silent = (rate..rate + rate / 5).contains(&index) || (2 * rate..3 * rate).contains(&index);
            *sample = if is_silent { (index % 3) as i16 } else { 8000 * if index % 40 < 20 { 1 } else { -1 } };
        }
        assert_eq!(pauses(&samples), [Stretch { start_s: 2.0, end_s: 3.0 }]);
        assert_eq!(label(&samples).seconds().speech, 3.0);
    }

    #[test]
    fn nothing_recorded_is_nothing_said() {
        assert!(pauses(&[]).is_empty());
    }
}

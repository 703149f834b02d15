//! Intervals over songs by the bootstrap: what the mean would be on other songs of the same kind (Efron 1979).

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Samples that are drawn.
const SAMPLES: usize = 4000;
/// Share outside at each end.
const TAIL: f64 = 0.025;

/// The 95 % interval of the mean of `values`, one a song, by percentiles. The same for the same values.
pub(super) fn interval(values: &[f64]) -> [f64; 2] {
    if values.is_empty() {
        return [f64::NAN; 2];
    }
    let mut rng = StdRng::seed_from_u64(1);
    let mut mean = || {
        let sum: f64 = (0..values.len()).map(|_| values[rng.random_range(0..values.len())]).sum();
        sum / values.len() as f64
    };
    let mut means: Vec<f64> = (0..SAMPLES).map(|_| mean()).collect();
    means.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| means[((SAMPLES - 1) as f64 * share).round() as usize];
    [at(TAIL), at(1.0 - TAIL)]
}

#[cfg(test)]
mod tests {
    use super::interval;

    #[test]
    fn the_interval_is_about_two_standard_errors_to_either_side() {
        // 400 songs, half of them right: a standard error of .025.
        let values: Vec<f64> = (0..400).map(|at| f64::from(at % 2)).collect();
        let [low, high] = interval(&values);
        assert!((0.440..0.462).contains(&low) && (0.538..0.560).contains(&high), "{low} {high}");
        assert_eq!(interval(&[1.0; 9]), [1.0, 1.0]);
        assert!(interval(&[]).iter().all(|x| x.is_nan()));
    }
}

//! Intervals over songs by the bootstrap: what the mean would be on other songs of the same kind (Efron 1979).

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Samples that are drawn.
const SAMPLES: usize = 4000;
/// Of a figure that takes longer than a mean.
const FEWER_SAMPLES: usize = 1000;
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
    percentiles(&means)
}

/// The same of a figure that is no mean: `figure` of how often each of `songs` was drawn. Draws in which the figure is not
/// defined are left out.
pub(super) fn interval_of(songs: usize, mut figure: impl FnMut(&[f64]) -> Option<f64>) -> [f64; 2] {
    let mut rng = StdRng::seed_from_u64(1);
    let mut draw = || {
        let mut times = vec![0.0; songs];
        (0..songs).for_each(|_| times[rng.random_range(0..songs)] += 1.0);
        figure(&times)
    };
    let mut figures: Vec<f64> = (0..FEWER_SAMPLES).filter_map(|_| draw()).collect();
    figures.sort_unstable_by(f64::total_cmp);
    percentiles(&figures)
}

/// Of sorted figures.
fn percentiles(sorted: &[f64]) -> [f64; 2] {
    if sorted.is_empty() {
        return [f64::NAN; 2];
    }
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    [at(TAIL), at(1.0 - TAIL)]
}

#[cfg(test)]
mod tests {
    use super::{interval, interval_of};

    #[test]
    fn the_interval_is_about_two_standard_errors_to_either_side() {
        // 400 songs, half of them right: a standard error of .025.
        let values: Vec<f64> = (0..400).map(|at| f64::from(at % 2)).collect();
        let [low, high] = interval(&values);
        assert!((0.440..0.462).contains(&low) && (0.538..0.560).contains(&high), "{low} {high}");
        assert_eq!(interval(&[1.0; 9]), [1.0, 1.0]);
        assert!(interval(&[]).iter().all(|x| x.is_nan()));
        let right = |times: &[f64]| Some(times.iter().zip(&values).map(|(n, x)| n * x).sum::<f64>() / 400.0);
        let [low, high] = interval_of(400, right);
        assert!((0.435..0.465).contains(&low) && (0.535..0.565).contains(&high), "{low} {high}");
    }
}

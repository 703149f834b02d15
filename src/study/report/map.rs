//! A map of files: what sounds alike lies close together.
//!
//! The plane is spanned by the two principal components of the files' embeddings (Hotelling 1933), found by orthogonal
//! iteration: their covariance is never built, so the time is that of a few dozen passes over the embeddings.

use crate::engine::TaggerShape;
use crate::study::hear::Window;

/// Passes over the embeddings; far more than two well separated components need.
const PASSES: usize = 60;
/// Embeddings that the plane is found from at most; all are laid onto it.
const MOST_FITTED: usize = 4000;

/// A file's embedding: each tagger's mean over its readings, at length 1, one after the other; empty where none of them
/// has spoken. At length 1 every tagger counts alike, however large its numbers are.
pub fn pooled(windows: &[Window], taggers: &[TaggerShape]) -> Vec<f32> {
    let width = taggers.iter().map(|tagger| tagger.embedding).sum();
    let mut pooled = vec![0.0_f32; width];
    let mut from = 0;
    for tagger in taggers {
        let to = from + tagger.embedding;
        // A tagger that has not spoken yet gives zeros, which leave the direction of the sum as it is.
        for window in windows.iter().filter(|window| window.embedding.len() == width) {
            pooled[from..to].iter_mut().zip(&window.embedding[from..to]).for_each(|(sum, value)| *sum += value);
        }
        normalise(&mut pooled[from..to]);
        from = to;
    }
    if pooled.iter().any(|&value| value != 0.0) { pooled } else { Vec::new() }
}

/// Where each embedding lies on the map, both coordinates from -1 to 1; `None` for one that is empty, not finite or of
/// another width than the first.
pub fn places(embeddings: &[&[f32]]) -> Vec<Option<[f32; 2]>> {
    let width = embeddings.iter().map(|embedding| embedding.len()).find(|&width| width > 0).unwrap_or(0);
    let fits =
        |embedding: &&[f32]| width > 0 && embedding.len() == width && embedding.iter().all(|value| value.is_finite());
    let usable: Vec<&[f32]> = embeddings.iter().copied().filter(fits).collect();
    let mean = mean(&usable, width);
    let fitted: Vec<&[f32]> = usable.iter().copied().step_by(usable.len().div_ceil(MOST_FITTED).max(1)).collect();
    let axes = principal_axes(&fitted, &mean);
    let place = |embedding: &[f32]| [0, 1].map(|axis| projection(embedding, &mean, &axes[axis]));
    let mut places: Vec<_> = embeddings.iter().map(|e| fits(e).then(|| place(e))).collect();
    // One scale for both axes: distances are to mean the same in every direction.
    let furthest = places.iter().flatten().flatten().fold(0.0_f32, |far, value| far.max(value.abs()));
    if furthest > 0.0 {
        places.iter_mut().flatten().flatten().for_each(|value| *value /= furthest);
    }
    places
}

fn mean(embeddings: &[&[f32]], width: usize) -> Vec<f32> {
    let mut mean = vec![0.0; width];
    for embedding in embeddings {
        mean.iter_mut().zip(*embedding).for_each(|(sum, value)| *sum += value / embeddings.len() as f32);
    }
    mean
}

/// Two directions of length 1, at right angles, along which the embeddings differ most. They start from fixed ones and
/// their signs are fixed, so that the same files always give the same map.
fn principal_axes(embeddings: &[&[f32]], mean: &[f32]) -> [Vec<f32>; 2] {
    let start = |axis: usize| (0..mean.len()).map(|i| ((i + 1) as f32 * (1.3 + axis as f32)).sin()).collect();
    let mut axes: [Vec<f32>; 2] = [start(0), start(1)];
    for _ in 0..PASSES {
        let mut turned = [vec![0.0; mean.len()], vec![0.0; mean.len()]];
        for embedding in embeddings {
            for (axis, sum) in axes.iter().zip(&mut turned) {
                let share = projection(embedding, mean, axis);
                sum.iter_mut().zip(*embedding).zip(mean).for_each(|((sum, e), mean)| *sum += share * (e - mean));
            }
        }
        let [first, second] = &mut turned;
        normalise(first);
        let common = dot(first, second);
        second.iter_mut().zip(&*first).for_each(|(second, first)| *second -= common * first);
        normalise(second);
        axes = turned;
    }
    for axis in &mut axes {
        let largest = axis.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
        axis.iter_mut().for_each(|value| *value *= largest.signum());
    }
    axes
}

fn projection(embedding: &[f32], mean: &[f32], axis: &[f32]) -> f32 {
    embedding.iter().zip(mean).zip(axis).map(|((e, mean), axis)| (e - mean) * axis).sum()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// To length 1; what has no length stays.
fn normalise(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plane_holds_what_differs_most() {
        // An ellipse in a slanted plane of five dimensions, with a little of something else.
        let vectors: Vec<Vec<f32>> = (0..100)
            .map(|i| {
                let angle = i as f32 / 100.0 * std::f32::consts::TAU;
                let (x, y) = (3.0 * angle.cos(), angle.sin());
                vec![x * 0.6, x * 0.8, y, 7.0, 0.01 * (i % 7) as f32]
            })
            .collect();
        let places = places(&vectors.iter().map(Vec::as_slice).collect::<Vec<_>>());
        for (i, place) in places.iter().enumerate() {
            let angle = i as f32 / 100.0 * std::f32::consts::TAU;
            let [x, y] = place.unwrap();
            assert!((x.abs() - angle.cos().abs()).abs() < 0.01 && (y.abs() - angle.sin().abs() / 3.0).abs() < 0.01);
        }
    }

    #[test]
    fn odd_sets_have_a_map_too() {
        assert_eq!(places(&[]), []);
        assert_eq!(places(&[&[], &[]]), [None, None]);
        assert_eq!(places(&[&[1.0, 2.0], &[]]), [Some([0.0, 0.0]), None]);
        assert_eq!(places(&[&[1.0, 2.0], &[1.0], &[1.0, f32::NAN]])[1..], [None, None]);
        let line = places(&[&[0.0, 0.0], &[1.0, 1.0]]);
        assert!(line.iter().flatten().flatten().all(|value| value.is_finite()));
    }

    #[test]
    fn taggers_count_alike_and_silence_has_no_place() {
        let shape = |embedding| TaggerShape { name: String::new(), labels: 0, embedding };
        let window = |embedding: &[f32]| Window { end_s: 0.0, probability: vec![], embedding: embedding.to_vec() };
        let windows = [window(&[30.0, 40.0, 0.0]), window(&[30.0, 40.0, 0.5])];
        assert_eq!(pooled(&windows, &[shape(2), shape(1)]), [0.6, 0.8, 1.0]);
        assert!(pooled(&[], &[shape(2)]).is_empty());
    }
}

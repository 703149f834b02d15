//! Many dimensions on a flat picture: neighbours stay neighbours (t-SNE, van der Maaten and Hinton 2008), laid out from
//! the two directions in which tracks differ most (PCA), so that the same library always gives the same picture.

use bhtsne::{Neighbor, tSNE};

use super::search::Search;

/// t-SNE is for libraries of this many tracks: with fewer there is nothing to lay out, with more it takes long.
const TSNE_TRACKS: std::ops::RangeInclusive<usize> = 12..=10_000;
/// About how many neighbours each track has that matter.
const PERPLEXITY: f64 = 30.0;
/// Accuracy of the forces between far tracks (Barnes and Hut); 0 would be exact.
const THETA: f64 = 0.5;
/// Spread of the places that t-SNE begins with.
const START_SPREAD: f64 = 1e-2;
/// Rounds of power iteration: enough to look right.
const ROUNDS: usize = 30;

/// A place for each row: near each other where directions are. Units mean nothing.
pub fn flat(search: &Search) -> Vec<[f64; 2]> {
    let places = principal(search);
    if !TSNE_TRACKS.contains(&search.len()) {
        return places;
    }
    // On one thread: sums in another order would differ in their last bits, and the layout amplifies them.
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let together = match one_thread {
        Ok(pool) => pool.install(|| neighbours_together(search, &places)),
        Err(_) => return places,
    };
    // Copies of one track have no neighbourhood to preserve.
    if together.iter().flatten().all(|value| value.is_finite()) { together } else { places }
}

/// Rows along the two directions in which they differ most.
fn principal(search: &Search) -> Vec<[f64; 2]> {
    let rows = search.len();
    let width = search.width();
    let mut mean = vec![0.0_f64; width];
    for row in 0..rows {
        add_scaled(&mut mean, search.row(row), 1.0 / rows as f64);
    }
    let offsets = |axis: &[f64]| -> Vec<f64> {
        let at_mean: f64 = mean.iter().zip(axis).map(|(m, a)| m * a).sum();
        (0..rows).map(|row| along(search.row(row), axis) - at_mean).collect()
    };
    let mut axes: Vec<Vec<f64>> = Vec::new();
    for first in 0..2 {
        // Any start will do that is not at right angles to the answer.
        let mut axis: Vec<f64> = (0..width).map(|at| ((at * 37 + first * 17 + 5) % 101) as f64 - 50.0).collect();
        for _ in 0..ROUNDS {
            for known in &axes {
                let shared: f64 = axis.iter().zip(known).map(|(a, k)| a * k).sum();
                axis.iter_mut().zip(known).for_each(|(a, k)| *a -= shared * k);
            }
            let length = axis.iter().map(|a| a * a).sum::<f64>().sqrt();
            if length > 0.0 {
                axis.iter_mut().for_each(|a| *a /= length);
            }
            let at = offsets(&axis);
            let mut next = vec![0.0; width];
            for (row, offset) in at.iter().enumerate() {
                add_scaled(&mut next, search.row(row), *offset);
            }
            let total: f64 = at.iter().sum();
            next.iter_mut().zip(&mean).for_each(|(n, m)| *n -= total * m);
            // Where nothing is left to tell tracks apart by, they lie in one place.
            if next.iter().all(|&n| n == 0.0) {
                break;
            }
            axis = next;
        }
        let length = axis.iter().map(|a| a * a).sum::<f64>().sqrt();
        axes.push(axis.into_iter().map(|a| if length > 0.0 { a / length } else { 0.0 }).collect());
    }
    let (x, y) = (offsets(&axes[0]), offsets(&axes[1]));
    x.into_iter().zip(y).map(|(x, y)| [x, y]).collect()
}

fn neighbours_together(search: &Search, start: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let rows = search.len();
    // As many as the method asks for: three times the perplexity, and no more than there are.
    let perplexity = PERPLEXITY.min((rows - 1) as f64 / 3.0).floor();
    let count = (3.0 * perplexity) as usize;
    let neighbours: Vec<Vec<Neighbor<f64>>> = (0..rows)
        .map(|row| {
            let hits = search.nearest(search.row(row), count, Some(row));
            // The straight distance between two points of the unit sphere.
            let distance = |similarity: f32| (2.0 - 2.0 * f64::from(similarity)).max(0.0).sqrt();
            hits.into_iter().map(|hit| Neighbor { index: hit.row, distance: distance(hit.similarity) }).collect()
        })
        .collect();
    let spread = (start.iter().map(|[x, _]| x * x).sum::<f64>() / rows as f64).sqrt().max(f64::MIN_POSITIVE);
    let start: Vec<f64> = start.iter().flatten().map(|value| value / spread * START_SPREAD).collect();
    let ids: Vec<usize> = (0..rows).collect();
    let mut tsne: tSNE<'_, f64, usize> = tSNE::new(&ids);
    tsne.perplexity(perplexity).initial_embedding(start).barnes_hut_with_neighbors(THETA, &neighbours);
    tsne.embedding().chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect()
}

fn add_scaled(sum: &mut [f64], row: &[f32], scale: f64) {
    sum.iter_mut().zip(row).for_each(|(sum, &value)| *sum += scale * f64::from(value));
}

fn along(row: &[f32], axis: &[f64]) -> f64 {
    row.iter().zip(axis).map(|(&value, axis)| f64::from(value) * axis).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three groups around three axes, with a little of the others.
    fn groups(tracks: usize) -> Search {
        let row = |track: usize| {
            let mut row: Vec<f32> = (0..6).map(|at| 0.1 * ((track * 7 + at * 13) % 11) as f32 / 11.0).collect();
            row[track % 3] += 1.0;
            let length = row.iter().map(|v| v * v).sum::<f32>().sqrt();
            row.into_iter().map(move |v| v / length)
        };
        Search::new((0..tracks).flat_map(|track| row(track).collect::<Vec<_>>()).collect(), 6)
    }

    #[test]
    fn what_is_alike_lies_together() {
        for tracks in [9, 60] {
            let places = flat(&groups(tracks));
            let far = |a: usize, b: usize| (places[a][0] - places[b][0]).hypot(places[a][1] - places[b][1]);
            let mut right = 0;
            for track in 0..tracks {
                let others = (0..tracks).filter(|&other| other != track);
                let nearest = others.min_by(|&a, &b| far(track, a).total_cmp(&far(track, b))).unwrap();
                right += usize::from(nearest % 3 == track % 3);
            }
            assert!(right * 10 >= tracks * 9, "{right} of {tracks}");
        }
    }

    #[test]
    fn odd_libraries_have_a_picture_too() {
        assert!(flat(&Search::new(Vec::new(), 3)).is_empty());
        for rows in [1, 2, 40] {
            let same = Search::new([0.6, 0.8].repeat(rows), 2);
            let places = flat(&same);
            assert!(places.len() == rows && places.iter().flatten().all(|value| value.is_finite()), "{places:?}");
        }
        assert_eq!(flat(&groups(40)), flat(&groups(40)), "the same library, the same picture");
    }
}

//! How good a space of clips is to search in.

use crate::study::similar::search::Search;
use crate::study::similar::space::Space;
use crate::study::zoo::interval::interval;

/// Neighbours looked at.
pub(super) const NEIGHBOURS: usize = 10;

/// The nearest of each clip.
pub(super) struct Retrieval {
    nearest: Vec<Vec<usize>>,
}

/// A mean over clips with its interval.
pub(super) type Figure = (f64, [f64; 2]);

impl Retrieval {
    /// Among `rows`, one a clip: by the cosine of standardised values.
    pub(super) fn new(rows: &[Vec<f32>]) -> Self {
        let width = rows.first().map_or(0, Vec::len);
        let space = Space::fit(&rows.concat(), &[width]);
        let placed: Vec<Vec<f32>> = rows.iter().map(|row| space.place(row)).collect();
        let search = Search::new(placed.concat(), width);
        let nearest = placed
            .iter()
            .enumerate()
            .map(|(clip, row)| search.nearest(row, NEIGHBOURS, Some(clip)).into_iter().map(|hit| hit.row).collect());
        Self { nearest: nearest.collect() }
    }

    /// Share of the nearest that have the clip's label.
    pub(super) fn precision(&self, labels: &[usize]) -> Figure {
        self.share(|clip, other| labels[clip] == labels[other])
    }

    /// Share of the nearest that are among the nearest in another space.
    pub(super) fn agreement(&self, other: &Self) -> Figure {
        self.share(|clip, near| other.nearest[clip].contains(&near))
    }

    fn share(&self, is: impl Fn(usize, usize) -> bool) -> Figure {
        let of = |(clip, nearest): (usize, &Vec<usize>)| {
            nearest.iter().filter(|&&other| is(clip, other)).count() as f64 / nearest.len().max(1) as f64
        };
        let values: Vec<f64> = self.nearest.iter().enumerate().map(of).collect();
        (values.iter().sum::<f64>() / values.len().max(1) as f64, interval(&values))
    }
}

/// Precision of clips picked at random.
pub(super) fn by_chance(labels: &[usize]) -> f64 {
    let count = labels.len();
    let same: usize = labels.iter().map(|label| labels.iter().filter(|other| *other == label).count() - 1).sum();
    same as f64 / (count * count.saturating_sub(1)).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_that_point_the_same_way_are_found() {
        // Two kinds of twelve, apart in the first value, alike in the second.
        let labels: Vec<usize> = (0..24).map(|clip| clip % 2).collect();
        let apart: Vec<Vec<f32>> = labels.iter().map(|&l| vec![l as f32 * 2.0 - 1.0, 0.01]).collect();
        let retrieval = Retrieval::new(&apart);
        assert_eq!(retrieval.precision(&labels), (1.0, [1.0, 1.0]));
        assert!((retrieval.agreement(&retrieval).0 - 1.0).abs() < 1e-12);
        assert!((by_chance(&labels) - 11.0 / 23.0).abs() < 1e-12);
        let mixed: Vec<Vec<f32>> = (0..24).map(|clip| vec![((clip / 2) % 2) as f32, 1.0]).collect();
        assert!(Retrieval::new(&mixed).precision(&labels).0 < 0.8);
    }
}

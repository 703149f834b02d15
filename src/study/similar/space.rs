//! A space in which tracks that sound alike point the same way.

use std::ops::Range;

/// A library of so few tracks says as little about what is usual as this many tracks at the origin with the spread of
/// the library's own values: two tracks alone are then not each other's opposite.
const DOUBT: f64 = 4.0;

/// How vectors are standardised before their directions are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    /// Taken from each value.
    center: Vec<f32>,
    /// Then multiplied with each value.
    scale: Vec<f32>,
    /// Parts with an equal say each: the families of taggers.
    blocks: Vec<Range<usize>>,
}

impl Space {
    /// The space of a library: what every track has in common says nothing, and no value speaks louder than another.
    ///
    /// `values`: tracks x width; `blocks`: the width of each part with a say of its own, which together are
    /// the width.
    pub fn fit(values: &[f32], blocks: &[usize]) -> Self {
        let width: usize = blocks.iter().sum();
        let tracks = values.len().checked_div(width).unwrap_or(0) as f64;
        let (mut sums, mut squares) = (vec![0.0_f64; width], vec![0.0_f64; width]);
        for row in values.chunks_exact(width.max(1)) {
            for ((sum, square), &value) in sums.iter_mut().zip(&mut squares).zip(row) {
                *sum += f64::from(value);
                *square += f64::from(value).powi(2);
            }
        }
        let trust = tracks + DOUBT;
        let centers = sums.iter().map(|sum| sum / trust);
        // Around the shrunken centre, with the doubtful tracks' own share left out: it would only be a common factor.
        let spreads = centers.clone().zip(&sums).zip(&squares).map(|((center, sum), square)| {
            let variance = (square - 2.0 * center * sum) / tracks.max(1.0) + center * center;
            variance.max(0.0).sqrt()
        });
        // A value that never changes has nothing to say.
        let scale = spreads.map(|spread| if spread > 1e-6 { (1.0 / spread) as f32 } else { 0.0 });
        Self { scale: scale.collect(), center: centers.map(|center| center as f32).collect(), blocks: ranges(blocks) }
    }

    /// Directions as they are, without a library; `blocks` as in [`Self::fit`].
    pub fn plain(blocks: &[usize]) -> Self {
        let width = blocks.iter().sum();
        Self { center: vec![0.0; width], scale: vec![1.0; width], blocks: ranges(blocks) }
    }

    /// Values of a vector in this space.
    pub fn width(&self) -> usize {
        self.center.len()
    }

    /// The direction of a vector, of length 1 (all 0 for one that lies at the centre). The scalar product of two is
    /// their similarity, -1..=1.
    pub fn place(&self, vector: &[f32]) -> Vec<f32> {
        let standard = vector.iter().zip(&self.center).zip(&self.scale);
        let mut placed: Vec<f32> = standard.map(|((value, center), scale)| (value - center) * scale).collect();
        for block in &self.blocks {
            normalise(&mut placed[block.clone()]);
        }
        normalise(&mut placed);
        placed
    }
}

/// Where each block lies.
fn ranges(blocks: &[usize]) -> Vec<Range<usize>> {
    let mut end = 0;
    let range = |&width: &usize| {
        end += width;
        end - width..end
    };
    blocks.iter().map(range).collect()
}

fn normalise(values: &mut [f32]) {
    let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        values.iter_mut().for_each(|value| *value /= length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dot(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn a_track_is_most_like_itself_however_small_the_library() {
        for values in [vec![1.0, 2.0, 3.0, 4.0], vec![1.0, 2.0, 3.0, 4.0, 1.5, 2.0, 3.0, 4.5]] {
            let space = Space::fit(&values, &[2, 2]);
            let placed: Vec<_> = values.chunks(4).map(|row| space.place(row)).collect();
            assert!((dot(&placed[0], &placed[0]) - 1.0).abs() < 1e-6);
            if let Some(other) = placed.get(1) {
                let similarity = dot(&placed[0], other);
                assert!(similarity > 0.0 && similarity < 0.9999, "{similarity}");
            }
        }
        let empty = Space::fit(&[], &[]);
        assert_eq!((empty.width(), empty.place(&[])), (0, vec![]));
    }

    #[test]
    fn taggers_have_an_equal_say_whatever_their_units() {
        let values = [100.0, 0.1, 300.0, 0.3, 100.0, 0.3, 300.0, 0.1].repeat(1000);
        let space = Space::fit(&values, &[1, 1]);
        for row in values.chunks(2).take(4) {
            let placed = space.place(row);
            assert!((placed[0].abs() - placed[1].abs()).abs() < 1e-2, "{placed:?}");
        }
    }
}

//! The nearest of many directions, by brute force: coarsely over all of them, exactly over the best.
//!
//! At a hundred thousand tracks an exact answer is a matter of reading memory once; eight-bit codes make that a quarter
//! of the bytes. An index structure would be faster still and answer less than exactly.

/// Codes reach from -127 to 127.
const CODE: f32 = 127.0;
/// Candidates that are scored exactly, for each answer wanted, and at least.
const CANDIDATES_PER_ANSWER: usize = 8;
const FEWEST_CANDIDATES: usize = 256;

/// Directions to search in.
pub struct Search {
    width: usize,
    /// Rows x width, exact.
    rows: Vec<f32>,
    /// Rows x width: each row's values in units of its largest / [`CODE`].
    codes: Vec<i8>,
    /// The unit of each row's codes.
    units: Vec<f32>,
}

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Number of the row.
    pub row: usize,
    /// Cosine of the angle to the query, -1..=1.
    pub similarity: f32,
}

impl Search {
    /// Over `rows` (rows x width) of length 1 each.
    pub fn new(rows: Vec<f32>, width: usize) -> Self {
        let (mut codes, mut units) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows.chunks_exact(width.max(1)) {
            units.push(encode(row, &mut codes));
        }
        Self { width, rows, codes, units }
    }

    /// Values of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows searched in.
    pub fn len(&self) -> usize {
        self.units.len()
    }

    /// Whether there is nothing to find.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// A row as it was given.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.rows[row * self.width..][..self.width]
    }

    /// The `count` rows nearest to `query` (length 1), nearest first; equal ones in their order. `skip` leaves one out.
    pub fn nearest(&self, query: &[f32], count: usize, skip: Option<usize>) -> Vec<Hit> {
        let mut code = Vec::with_capacity(self.width);
        encode(query, &mut code);
        let coarse = self.codes.chunks_exact(self.width.max(1)).zip(&self.units).enumerate();
        let mut scored: Vec<Hit> = coarse
            .map(|(row, (codes, unit))| Hit { row, similarity: integer_dot(codes, &code) as f32 * unit })
            .collect();
        scored.retain(|hit| Some(hit.row) != skip);
        let candidates = (count * CANDIDATES_PER_ANSWER).max(FEWEST_CANDIDATES).min(scored.len());
        if candidates < scored.len() {
            scored.select_nth_unstable_by(candidates, order);
            scored.truncate(candidates);
        }
        for hit in &mut scored {
            hit.similarity = dot(self.row(hit.row), query);
        }
        scored.sort_by(order);
        scored.truncate(count);
        scored
    }
}

fn order(a: &Hit, b: &Hit) -> std::cmp::Ordering {
    b.similarity.total_cmp(&a.similarity).then(a.row.cmp(&b.row))
}

/// Appends the codes of a row and returns their unit.
fn encode(row: &[f32], codes: &mut Vec<i8>) -> f32 {
    let largest = row.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let per_unit = if largest > 0.0 { CODE / largest } else { 0.0 };
    codes.extend(row.iter().map(|value| (value * per_unit).round() as i8));
    largest / CODE
}

/// In a form that compilers turn into multiply-and-add of 16-bit pairs.
fn integer_dot(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).map(|(&a, &b)| i32::from(i16::from(a) * i16::from(b))).sum()
}

/// Eight sums side by side, which a compiler may keep in vector registers.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest = a.len() - a.len() % 8;
    let rest: f32 = a[rest..].iter().zip(&b[rest..]).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    #[test]
    fn the_answers_are_those_of_an_exact_search() {
        let (width, count) = (100, 10);
        let mut random = StdRng::seed_from_u64(5);
        let mut row = || {
            let row: Vec<f32> = (0..width).map(|_| random.random_range(-1.0..1.0)).collect();
            let length = dot(&row, &row).sqrt();
            row.into_iter().map(move |value| value / length)
        };
        let rows: Vec<f32> = (0..5000).flat_map(|_| row().collect::<Vec<_>>()).collect();
        let search = Search::new(rows, width);
        for query in (0..5000).step_by(500) {
            let own = search.row(query).to_vec();
            let found = search.nearest(&own, count, Some(query));
            let mut exact: Vec<Hit> = (0..search.len())
                .filter(|&row| row != query)
                .map(|row| Hit { row, similarity: dot(search.row(row), &own) })
                .collect();
            exact.sort_by(order);
            exact.truncate(count);
            assert_eq!(found, exact);
            assert_eq!(search.nearest(&own, 1, None)[0].row, query);
        }
    }

    #[test]
    fn more_is_asked_for_than_there_is() {
        let search = Search::new(vec![1.0, 0.0, 0.0, 1.0, 0.0, 0.0], 2);
        let found: Vec<_> = search.nearest(&[1.0, 0.0], 9, None).into_iter().map(|hit| hit.row).collect();
        assert_eq!(found, [0, 1, 2]);
        assert!(Search::new(Vec::new(), 0).nearest(&[], 5, None).is_empty());
    }
}

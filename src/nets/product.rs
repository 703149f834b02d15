//! Products of rows with a matrix of weights that is laid out once, when the net is built.
//!
//! A general matrix product lays its operands out anew at every call, which for the few rows of a streaming step costs as
//! much as the product itself, and wants the rows of a convolution copied together first. Here the weights lie ready in
//! panels of [`WIDTH`] outputs, and a row is read where it lies, in pieces if need be. A row's result does not depend on
//! which rows are computed beside it, so a frame's probability does not depend on how many frames arrived together.

use pulp::{Arch, Simd, WithSimd};

/// Outputs of a panel.
const WIDTH: usize = 16;

/// Weights `[outputs][inputs]`, laid out as panels `[outputs / WIDTH][inputs][WIDTH]`, the last one filled up with zeros.
pub(super) struct Panels {
    arch: Arch,
    inputs: usize,
    outputs: usize,
    panels: Vec<f32>,
}

/// Where the inputs of each row lie.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    /// What the rows are read from.
    pub(super) values: &'a [f32],
    /// Number of rows.
    pub(super) count: usize,
    /// From where one row begins to where the next does.
    pub(super) stride: usize,
    /// A row is made of this many pieces of equal length,
    pub(super) pieces: usize,
    /// so far apart.
    pub(super) piece_stride: usize,
}

impl<'a> Rows<'a> {
    /// Rows of `width` values, one after the other.
    pub(super) fn side_by_side(values: &'a [f32], width: usize) -> Self {
        Self { values, count: values.len() / width.max(1), stride: width, pieces: 1, piece_stride: width }
    }
}

impl Panels {
    /// Lays out `weight` `[outputs][inputs]`.
    pub(super) fn new(weight: &[f32], outputs: usize) -> Self {
        Self::of_rows(Rows::side_by_side(weight, weight.len() / outputs.max(1)), weight.len() / outputs.max(1))
    }

    /// The rows, each of `width` values in one piece, as the outputs' weights.
    pub(super) fn of_rows(rows: Rows<'_>, width: usize) -> Self {
        let mut panels = Self::empty(width, rows.count);
        for number in 0..rows.count {
            panels.set(number, &rows.values[number * rows.stride..][..width]);
        }
        panels
    }

    /// The rows, each of `width` values in one piece, as the inputs' weights.
    pub(super) fn of_columns(rows: Rows<'_>, width: usize) -> Self {
        Self::of_inputs((0..rows.count).map(|input| &rows.values[input * rows.stride..][..width]), width)
    }

    /// The weights of each input, `width` of them.
    pub(super) fn of_inputs<'a>(inputs: impl ExactSizeIterator<Item = &'a [f32]>, width: usize) -> Self {
        let count = inputs.len();
        let mut panels = Self::empty(count, width);
        for (input, row) in inputs.enumerate() {
            for (part, panel) in row.chunks(WIDTH).zip(panels.panels.chunks_exact_mut(count * WIDTH)) {
                panel[input * WIDTH..][..part.len()].copy_from_slice(part);
            }
        }
        panels
    }

    fn empty(inputs: usize, outputs: usize) -> Self {
        Self { arch: Arch::new(), inputs, outputs, panels: vec![0.0; outputs.div_ceil(WIDTH) * inputs * WIDTH] }
    }

    fn set(&mut self, output: usize, weights: &[f32]) {
        let panel = &mut self.panels[output / WIDTH * self.inputs * WIDTH..][..self.inputs * WIDTH];
        for (place, weight) in panel.iter_mut().skip(output % WIDTH).step_by(WIDTH).zip(weights) {
            *place = *weight;
        }
    }

    /// Number of values of a row.
    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of values of a product's row.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// `y[row] = W x[row]`, rows of [`Self::outputs`] values.
    pub(super) fn product_into(&self, rows: Rows<'_>, y: &mut [f32]) {
        if rows.count > 0 && self.inputs > 0 {
            self.arch.dispatch(Product { weights: self, rows, y });
        }
    }
}

struct Product<'a> {
    weights: &'a Panels,
    rows: Rows<'a>,
    y: &'a mut [f32],
}

impl WithSimd for Product<'_> {
    type Output = ();

    // As many rows at a time as the processor has registers for their sums.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            16 => self.run::<S, 1, 1>(simd, 12),
            8 => self.run::<S, 2, 1>(simd, 6),
            4 => self.run::<S, 4, 2>(simd, 3),
            _ => self.run::<S, WIDTH, WIDTH>(simd, 1),
        }
    }
}

impl Product<'_> {
    /// At most `at_once` rows at a time, `V` vectors to a panel, of which `H` hold the first half.
    #[inline(always)]
    fn run<S: Simd, const V: usize, const H: usize>(self, simd: S, at_once: usize) {
        let Self { weights, rows, y } = self;
        let piece = weights.inputs / rows.pieces;
        for (number, panel) in weights.panels.chunks_exact(weights.inputs * WIDTH).enumerate() {
            let outputs = number * WIDTH..weights.outputs.min((number + 1) * WIDTH);
            let half = outputs.len() <= WIDTH / 2;
            let mut row = 0;
            while row < rows.count {
                // Fewer than that are taken six at a time at most: each number of rows is code of its own.
                let many = if rows.count - row < at_once { (rows.count - row).min(6) } else { at_once };
                let target = &mut y[row * weights.outputs + outputs.start..];
                let target = Target { y: target, stride: weights.outputs, width: outputs.len() };
                match many {
                    1 => tile::<S, 1, V, V>(simd, rows, row, piece, panel, target),
                    2 => tile::<S, 2, V, V>(simd, rows, row, piece, panel, target),
                    3 => tile::<S, 3, V, V>(simd, rows, row, piece, panel, target),
                    4 => tile::<S, 4, V, V>(simd, rows, row, piece, panel, target),
                    5 => tile::<S, 5, V, V>(simd, rows, row, piece, panel, target),
                    12 => tile::<S, 12, V, V>(simd, rows, row, piece, panel, target),
                    _ if half => tile::<S, 6, V, H>(simd, rows, row, piece, panel, target),
                    _ => tile::<S, 6, V, V>(simd, rows, row, piece, panel, target),
                }
                row += many;
            }
        }
    }
}

/// Where a tile's sums go: `width` values to a row, rows `stride` apart.
struct Target<'a> {
    y: &'a mut [f32],
    stride: usize,
    width: usize,
}

/// The products of `R` rows, from `first` on, with the first `U` of the `V` vectors of one panel.
#[inline(always)]
fn tile<S: Simd, const R: usize, const V: usize, const U: usize>(
    simd: S,
    rows: Rows<'_>,
    first: usize,
    piece: usize,
    panel: &[f32],
    target: Target<'_>,
) {
    let mut accumulated = [[simd.splat_f32s(0.0); U]; R];
    for (number, panel) in panel.chunks_exact(piece * WIDTH).enumerate() {
        let x: [&[f32]; R] =
            std::array::from_fn(|r| &rows.values[(first + r) * rows.stride + number * rows.piece_stride..][..piece]);
        let (vectors, _) = S::as_simd_f32s(panel);
        for (at, weights) in vectors.chunks_exact(V).take(piece).enumerate() {
            for r in 0..R {
                let value = simd.splat_f32s(x[r][at]);
                for v in 0..U {
                    accumulated[r][v] = simd.mul_add_e_f32s(value, weights[v], accumulated[r][v]);
                }
            }
        }
    }
    for (accumulated, y) in accumulated.iter().zip(target.y.chunks_mut(target.stride)) {
        let mut sums = [0.0; WIDTH];
        S::as_mut_simd_f32s(&mut sums).0[..U].copy_from_slice(accumulated);
        match y.first_chunk_mut::<WIDTH>() {
            Some(y) if target.width == WIDTH => *y = sums,
            _ => y[..target.width].copy_from_slice(&sums[..target.width]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(panels: &Panels, rows: Rows<'_>) -> Vec<f32> {
        let mut y = vec![0.0; rows.count * panels.outputs()];
        panels.product_into(rows, &mut y);
        y
    }

    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        (0..count as u32).map(|i| ((i * 7_919 + seed * 104_729) % 1_013) as f32 / 506.0 - 1.0).collect()
    }

    #[test]
    fn every_size_gives_the_product_and_no_row_minds_its_neighbours() {
        for (inputs, outputs) in [(1, 1), (9, 16), (80, 256), (129, 51), (256, 3)] {
            let weight = numbers(inputs * outputs, 1);
            let panels = Panels::new(&weight, outputs);
            for count in [1, 2, 5, 6, 7, 12, 13, 40] {
                let x = numbers(inputs * count, 2);
                let y = product(&panels, Rows::side_by_side(&x, inputs));
                for (row, (x, y)) in x.chunks_exact(inputs).zip(y.chunks_exact(outputs)).enumerate() {
                    let alone = product(&panels, Rows::side_by_side(x, inputs));
                    assert_eq!(y, alone, "row {row} of {count}, {inputs} to {outputs}");
                    for (weight, y) in weight.chunks_exact(inputs).zip(y) {
                        let exact: f64 = weight.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum();
                        assert!((f64::from(*y) - exact).abs() < 1e-4, "{y} is {exact}");
                    }
                }
            }
        }
    }

    #[test]
    fn vectors_of_every_width_give_the_same_bit_by_bit() {
        fn by<S: Simd>(simd: S, weights: &Panels, rows: Rows<'_>) -> Vec<f32> {
            let mut y = vec![0.0; rows.count * weights.outputs()];
            Product { weights, rows, y: &mut y }.with_simd(simd);
            y
        }
        for outputs in [3, 51] {
            let (panels, x) = (Panels::new(&numbers(40 * outputs, 8), outputs), numbers(40 * 29, 9));
            let rows = Rows::side_by_side(&x, 40);
            let four = by(pulp::Scalar128b, &panels, rows);
            assert_eq!(by(pulp::Scalar256b, &panels, rows), four);
            assert_eq!(by(pulp::Scalar512b, &panels, rows), four);
            let ours = product(&panels, rows);
            assert!(ours.iter().zip(&four).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }

    #[test]
    fn rows_may_stand_for_outputs_or_for_inputs() {
        let values = numbers(20 * 30, 5);
        let rows = Rows { values: &values, count: 20, stride: 30, pieces: 1, piece_stride: 7 };
        let (x, y) = (numbers(7, 6), numbers(20, 7));
        let by_rows = product(&Panels::of_rows(rows, 7), Rows::side_by_side(&x, 7));
        let by_columns = product(&Panels::of_columns(rows, 7), Rows::side_by_side(&y, 20));
        for (row, sum) in values.chunks_exact(30).zip(&by_rows) {
            let exact: f32 = row.iter().zip(&x).map(|(a, b)| a * b).sum();
            assert!((sum - exact).abs() < 1e-5);
        }
        for (column, sum) in by_columns.iter().enumerate() {
            let exact: f32 = values.chunks_exact(30).zip(&y).map(|(row, y)| row[column] * y).sum();
            assert!((sum - exact).abs() < 1e-5);
        }
        assert_eq!((by_rows.len(), by_columns.len()), (20, 7));
    }

    #[test]
    fn rows_that_overlap_and_lie_in_pieces_are_read_where_they_lie() {
        // Frames of 5 values; a row is values 1 and 2 of 3 successive frames.
        let (frames, width) = (numbers(5 * 20, 3), 5);
        let panels = Panels::new(&numbers(6 * 4, 4), 4);
        let rows = Rows { values: &frames[1..], count: 18, stride: width, pieces: 3, piece_stride: width };
        let copied: Vec<f32> = (0..18)
            .flat_map(|first| (first..first + 3).flat_map(|frame| frames[frame * width + 1..][..2].to_vec()))
            .collect();
        assert_eq!(product(&panels, rows), product(&panels, Rows::side_by_side(&copied, 6)));
    }
}

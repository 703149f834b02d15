//! An LSTM layer (Hochreiter and Schmidhuber 1997) that runs frame by frame.

use candle_core::Result;
use candle_nn::VarBuilder;

use super::layers::Dense;

/// One direction of a layer: `width` cells over rows of `inputs` values.
pub(super) struct Recurrence {
    inputs: usize,
    width: usize,
    /// What the input says to the gates.
    input: Dense,
    /// See [`columns`].
    recurrent: Vec<f32>,
}

/// What a [`Recurrence`] carries from frame to frame.
#[derive(Clone)]
pub(super) struct Cells {
    hidden: Vec<f32>,
    cell: Vec<f32>,
}

impl Recurrence {
    /// Reads `input.weight` `[4 width, inputs]`, `input.bias` `[4 width]` and `recurrent.weight` `[4 width, width]`; gates
    /// in the order input, forget, cell, output.
    ///
    /// # Errors
    /// A missing tensor or one of another shape.
    pub(super) fn new(inputs: usize, width: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let recurrent: Vec<f32> = vb.get((4 * width, width), "recurrent.weight")?.flatten_all()?.to_vec1()?;
        Ok(Self {
            inputs,
            width,
            input: Dense::new(inputs, 4 * width, true, &vb.pp("input"))?,
            recurrent: columns(&recurrent, width),
        })
    }

    /// The state before the first frame.
    pub(super) fn start(&self) -> Cells {
        Cells { hidden: vec![0.0; self.width], cell: vec![0.0; self.width] }
    }

    /// Rows of `inputs` values to rows of `width` values.
    pub(super) fn forward(&self, rows: &[f32], cells: &mut Cells) -> Vec<f32> {
        let mut gates = self.input.apply(rows);
        let mut out = Vec::with_capacity(gates.len() / 4);
        for gates in gates.chunks_exact_mut(4 * self.width) {
            advance(&self.recurrent, gates, &mut cells.hidden, &mut cells.cell);
            out.extend_from_slice(&cells.hidden);
        }
        out
    }

    /// The same from the last row to the first, from the state at rest; the rows come out in the order of time.
    pub(super) fn backward(&self, rows: &[f32]) -> Vec<f32> {
        let back: Vec<f32> = rows.rchunks_exact(self.inputs).flatten().copied().collect();
        let out = self.forward(&back, &mut self.start());
        out.rchunks_exact(self.width).flatten().copied().collect()
    }
}

/// The recurrent weight `[4 width][width]` column by column, so that the loop in [`advance`] runs over all gates.
pub(crate) fn columns(weight: &[f32], width: usize) -> Vec<f32> {
    (0..width).flat_map(|from| weight.chunks_exact(width).map(move |row| row[from])).collect()
}

/// One frame: `gates` `[4][width]` hold what the input says and take what the last frame's `hidden` says in addition;
/// `hidden` and `cell` move on.
///
/// ```text
/// cell = sigmoid(forget) cell + sigmoid(input) tanh(candidate)
/// hidden = sigmoid(output) tanh(cell)
/// ```
pub(crate) fn advance(columns: &[f32], gates: &mut [f32], hidden: &mut [f32], cell: &mut [f32]) {
    for (column, hidden) in columns.chunks_exact(gates.len()).zip(&*hidden) {
        gates.iter_mut().zip(column).for_each(|(gate, weight)| *gate += weight * hidden);
    }
    for at in 0..hidden.len() {
        let Gates { input, forget, candidate, output } = Gates::of(gates, at);
        cell[at] = forget * cell[at] + input * candidate;
        hidden[at] = output * cell[at].tanh();
    }
}

/// The gates of one cell after their non-linearity.
pub(crate) struct Gates {
    pub(crate) input: f32,
    pub(crate) forget: f32,
    pub(crate) candidate: f32,
    pub(crate) output: f32,
}

impl Gates {
    /// Of cell `at` in `[4][width]`.
    pub(crate) fn of(gates: &[f32], at: usize) -> Self {
        let width = gates.len() / 4;
        let sigmoid = |x: f32| 1.0 / (1.0 + (-x).exp());
        Self {
            input: sigmoid(gates[at]),
            forget: sigmoid(gates[width + at]),
            candidate: gates[2 * width + at].tanh(),
            output: sigmoid(gates[3 * width + at]),
        }
    }
}

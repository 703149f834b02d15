//! Layers' values summed up: over the rows of a window, then over windows.

use candle_core::{Result, Tensor};

/// Running mean and maximum of each layer.
pub(super) struct Pool {
    layers: Vec<Sums>,
}

#[derive(Clone, Default)]
struct Sums {
    windows: u32,
    sum: Vec<f64>,
    max: Vec<f32>,
}

impl Sums {
    fn add(&mut self, mean: &[f32], max: &[f32]) {
        self.sum.resize(mean.len(), 0.0);
        self.max.resize(max.len(), f32::NEG_INFINITY);
        self.windows += 1;
        self.sum.iter_mut().zip(mean).for_each(|(sum, &mean)| *sum += f64::from(mean));
        self.max.iter_mut().zip(max).for_each(|(highest, &max)| *highest = highest.max(max));
    }
}

impl Pool {
    pub(super) fn new(layers: usize) -> Self {
        Self { layers: vec![Sums::default(); layers] }
    }

    /// Adds a window's values, `[rows, width]`.
    pub(super) fn add(&mut self, layer: usize, values: &Tensor) -> Result<()> {
        let mean: Vec<f32> = values.mean_keepdim(0)?.flatten_all()?.to_vec1()?;
        let max: Vec<f32> = values.max_keepdim(0)?.flatten_all()?.to_vec1()?;
        self.layers[layer].add(&mean, &max);
        Ok(())
    }

    /// Adds rows of `width` values, each of them a window of its own.
    pub(super) fn add_rows(&mut self, layer: usize, width: usize, rows: &[f32]) {
        rows.chunks_exact(width).for_each(|row| self.layers[layer].add(row, row));
    }

    /// Sets values that are pooled already.
    pub(super) fn set(&mut self, layer: usize, values: Vec<f32>) {
        self.layers[layer] = Sums { windows: 1, sum: values.iter().copied().map(f64::from).collect(), max: values };
    }

    /// Mean and maximum of each layer.
    pub(super) fn end(self) -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
        let mean = |sums: Sums| {
            let windows = f64::from(sums.windows.max(1));
            (sums.sum.into_iter().map(|sum| (sum / windows) as f32).collect(), sums.max)
        };
        self.layers.into_iter().map(mean).unzip()
    }
}

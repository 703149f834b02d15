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

impl Pool {
    pub(super) fn new(layers: usize) -> Self {
        Self { layers: vec![Sums::default(); layers] }
    }

    /// Adds a window's values, `[rows, width]`.
    pub(super) fn add(&mut self, layer: usize, values: &Tensor) -> Result<()> {
        // Rows one after the other: a mean over a layer's whole width at once runs along memory.
        let mean: Vec<f32> = values.mean_keepdim(0)?.flatten_all()?.to_vec1()?;
        let max: Vec<f32> = values.max_keepdim(0)?.flatten_all()?.to_vec1()?;
        let sums = &mut self.layers[layer];
        sums.sum.resize(mean.len(), 0.0);
        sums.max.resize(max.len(), f32::NEG_INFINITY);
        sums.windows += 1;
        sums.sum.iter_mut().zip(mean).for_each(|(sum, mean)| *sum += f64::from(mean));
        sums.max.iter_mut().zip(max).for_each(|(highest, max)| *highest = highest.max(max));
        Ok(())
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

//! One file's features as a row.

use std::sync::Arc;

use anyhow::Result;
use arrow_array::RecordBatch;
use arrow_array::types::Float64Type;

use super::{Features, Layer, Pooling};
use crate::study::dataset::{Columns, Row};
use crate::study::identity::Stamp;

/// A file with its features.
#[derive(Clone)]
pub struct FeaturesRow {
    /// The file's path as given.
    pub file: String,
    /// What the file was.
    pub stamp: Stamp,
    /// What its bytes are; see [`crate::study::identity::content`].
    pub content: String,
    /// What was taken from it.
    pub features: Features,
    /// The layers that the features belong to.
    pub layers: Arc<[Layer]>,
    /// Which of the poolings a table shows.
    pub pooling: Arc<[Pooling]>,
}

impl FeaturesRow {
    /// Names and values of these poolings' columns: all layers of the first, then of the next.
    pub fn columns(&self, pooling: &[Pooling]) -> Vec<(String, &[f32])> {
        let column = |pooling: Pooling| {
            self.layers.iter().enumerate().map(move |(layer, Layer { name, .. })| {
                let name = match pooling {
                    Pooling::Mean => name.clone(),
                    Pooling::Max => format!("{name}.max"),
                };
                (name, self.values(layer, pooling))
            })
        };
        pooling.iter().flat_map(|&pooling| column(pooling)).collect()
    }

    /// One layer's values.
    pub fn values(&self, layer: usize, pooling: Pooling) -> &[f32] {
        match pooling {
            Pooling::Mean => &self.features.mean[layer],
            Pooling::Max => &self.features.max[layer],
        }
    }
}

impl Row for FeaturesRow {
    fn file(&self) -> &str {
        &self.file
    }

    fn stamp(&self) -> Stamp {
        self.stamp
    }

    fn table(rows: &[Self]) -> Result<RecordBatch> {
        let mut table = Columns::of_files(rows);
        table.text("content", rows.iter().map(|row| &row.content));
        table.number::<Float64Type>("duration_s", rows.iter().map(|row| row.features.duration_s));
        if let Some(first) = rows.first() {
            let columns: Vec<Vec<(String, &[f32])>> = rows.iter().map(|row| row.columns(&row.pooling)).collect();
            for (number, (name, _)) in first.columns(&first.pooling).into_iter().enumerate() {
                table.floats(&name, columns.iter().map(|columns| columns[number].1))?;
            }
        }
        table.table()
    }
}

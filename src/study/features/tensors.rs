//! Features as a safetensors file.

use std::collections::HashMap;

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};

use super::{FeaturesRow, Pooling};

/// Metadata key of the file names, a JSON array in the order of the tensors' rows.
const FILES: &str = "files";
/// Metadata key of the nets and the version that the features come from.
const ORIGIN: &str = "origin";

/// The bytes of a safetensors file: one tensor `[files, width]` per layer, named for it (`NET/LAYER`; the largest values
/// `NET/LAYER.max`), and the files' names in the metadata.
///
/// # Errors
/// If there is no file, or the files' layers differ.
pub fn tensors(rows: &[FeaturesRow], pooling: &[Pooling], origin: &str) -> Result<Vec<u8>> {
    let first = rows.first().context("has no file to be made of; give at least one that can be heard")?;
    let mut tensors: Vec<(String, Tensor)> = Vec::new();
    for pooling in pooling {
        for (layer, (column, pooled)) in first.columns(&[*pooling]).into_iter().enumerate() {
            let values: Vec<f32> = rows.iter().flat_map(|row| row.values(layer, *pooling)).copied().collect();
            tensors.push((column, Tensor::from_vec(values, (rows.len(), pooled.len()), &Device::Cpu)?));
        }
    }
    let files: Vec<&str> = rows.iter().map(|row| row.file.as_str()).collect();
    let metadata = [(FILES, serde_json::to_string(&files)?), (ORIGIN, origin.to_owned())];
    let metadata: HashMap<String, String> = metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Ok(safetensors::serialize(tensors, Some(metadata))?)
}

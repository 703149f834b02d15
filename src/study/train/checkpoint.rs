//! Where a run stands, on disk: written beside and renamed, so that an interruption never leaves half a file.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use crate::study::outputs::replace;

const KEY: &str = "run";
const WEIGHT: &str = "weight/";
const BEST: &str = "best/";
const AVERAGE: &str = "average/";
const MOMENT: &str = "moment/";

/// What a checkpoint says of itself.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Standing {
    /// Settings of the run, as text; another run must not resume from here.
    pub(super) settings: String,
    /// Steps done.
    pub(super) step: u64,
    /// Best score so far, if any was taken.
    pub(super) best_score: Option<f64>,
    /// Validations since then.
    pub(super) waited: u64,
}

/// A whole run.
pub(super) struct Checkpoint {
    pub(super) standing: Standing,
    pub(super) weights: HashMap<String, Tensor>,
    /// The weights' running average.
    pub(super) average: HashMap<String, Tensor>,
    pub(super) best: HashMap<String, Tensor>,
    pub(super) moments: HashMap<String, Tensor>,
}

impl Checkpoint {
    /// Writes it to `path`.
    ///
    /// # Errors
    /// If the disk refuses.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let parts = [(WEIGHT, &self.weights), (AVERAGE, &self.average), (BEST, &self.best), (MOMENT, &self.moments)];
        let tensors: HashMap<String, &Tensor> = parts
            .iter()
            .flat_map(|(prefix, part)| part.iter().map(move |(name, tensor)| (format!("{prefix}{name}"), tensor)))
            .collect();
        let metadata = HashMap::from([(KEY.to_owned(), serde_json::to_string(&self.standing)?)]);
        replace(path, &safetensors::serialize(tensors, Some(metadata))?)
    }

    /// Reads it back; `None` if there is none.
    ///
    /// # Errors
    /// If it is there but unreadable.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        if !path.exists() {
            return Ok(None);
        }
        let context = || format!("{} does not read; remove it to start anew", path.display());
        let bytes = std::fs::read(path).with_context(context)?;
        let (_, header) = SafeTensors::read_metadata(&bytes).with_context(context)?;
        let metadata = header.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
        ensure!(metadata.is_some(), "{}", context());
        let standing = serde_json::from_str(metadata.map_or("", String::as_str)).with_context(context)?;
        let all = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).with_context(context)?;
        let part = |prefix: &str| {
            let named =
                all.iter().filter_map(|(name, tensor)| Some((name.strip_prefix(prefix)?.to_owned(), tensor.clone())));
            named.collect()
        };
        Ok(Some(Self {
            standing,
            weights: part(WEIGHT),
            average: part(AVERAGE),
            best: part(BEST),
            moments: part(MOMENT),
        }))
    }
}

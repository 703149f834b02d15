//! JSON: an analysis, whose field names are a promise to scripts, and what runs keep for themselves.

use std::path::Path;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

use super::analysis::Analysis;

/// One analysis as one line of JSON. Numbers are printed with the fewest digits that read back as the
/// same number.
///
/// # Errors
/// None in practice; a number that JSON cannot hold would be one.
pub fn object(analysis: &Analysis) -> Result<String> {
    serde_json::to_string(analysis).context("cannot be written as JSON; please report this")
}

/// What an earlier run has kept in the file at `path`; `None` if there is none.
///
/// # Errors
/// If it does not read.
pub fn kept<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    if !path.exists() {
        return Ok(None);
    }
    let name = || path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(name)?;
    serde_json::from_str(&text).map(Some).with_context(name)
}

//! An analysis as JSON. The field names are a promise to scripts.

use anyhow::{Context, Result};

use super::analysis::Analysis;

/// One analysis as one line of JSON. Numbers are printed with the fewest digits that read back as the
/// same number.
///
/// # Errors
/// None in practice; a number that JSON cannot hold would be one.
pub fn object(analysis: &Analysis) -> Result<String> {
    serde_json::to_string(analysis).context("cannot be written as JSON; please report this")
}

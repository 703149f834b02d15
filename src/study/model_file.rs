//! Model files that Earmark writes: tensors, with the card in the header.

use std::collections::HashMap;
use std::fmt::Display;
use std::path::Path;

use anyhow::{Context, Result};
use safetensors::View;

use super::outputs::replace;
use crate::nets::registry::CARD_KEY;
use crate::nets::{Card, Model};

/// What stands in the file.
///
/// # Errors
/// Tensors that lie elsewhere than in memory.
pub(super) fn bytes<S: AsRef<str> + Ord + Display, V: View>(
    card: &Card,
    tensors: impl IntoIterator<Item = (S, V)>,
) -> Result<Vec<u8>> {
    let metadata = HashMap::from([(CARD_KEY.to_owned(), serde_json::to_string(card)?)]);
    Ok(safetensors::serialize(tensors, Some(metadata))?)
}

/// Writes the file, which is either as it was or whole afterwards.
///
/// # Errors
/// The disk refuses, or the net does not load from what would be written.
pub(super) fn write<S: AsRef<str> + Ord + Display, V: View>(
    out: &Path,
    card: &Card,
    tensors: impl IntoIterator<Item = (S, V)>,
) -> Result<()> {
    let bytes = bytes(card, tensors)?;
    Model::from_bytes(&bytes).context("the net does not load from what would be written; please report this")?;
    replace(out, &bytes)
}

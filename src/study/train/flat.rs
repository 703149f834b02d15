//! Tensors as plain slices, for the operations of our own.

use candle_core::{CpuStorage, Layout, Result};

/// The values of a contiguous tensor.
///
/// # Errors
/// If it is not contiguous, or holds no `f32`; `operation` is named in the message.
pub(super) fn values<'a>(storage: &'a CpuStorage, layout: &Layout, operation: &str) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        candle_core::bail!("{operation} needs contiguous rows")
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

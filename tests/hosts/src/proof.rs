//! Promises as figures, measured on the built plugin: `earmark-proof` runs them, `cargo xtask proof` gathers them. Linux.

pub mod churn;
pub mod crowd;
pub mod fairness;
pub mod load;
mod process;
pub mod quiet;
mod row;
pub mod soak;
pub mod stall;
pub mod times;
mod tracer;

pub use row::{Row, Verdict};

use crate::Audio;
use anyhow::Result;
use std::path::Path;

/// Rate of everything that is not about rates.
pub const RATE_HZ: f64 = 48_000.0;

/// The bundled song, stereo, at a rate.
///
/// # Errors
/// The demo is missing.
pub fn song(rate_hz: f64) -> Result<Audio> {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/lithium.flac");
    let source = crate::source::read(&demo)?;
    let mut audio = crate::source::resample(&source.audio, source.rate_hz, rate_hz)?;
    if audio.len() == 1 {
        audio.push(audio[0].clone());
    }
    Ok(audio)
}

/// Starts this program anew for one part of a measurement, with its output piped.
fn child(arguments: &[&str], bundle: &Path) -> Result<std::process::Command> {
    let mut command = std::process::Command::new(std::env::current_exe()?);
    command.arg("--plugin").arg(bundle).args(arguments);
    Ok(command)
}

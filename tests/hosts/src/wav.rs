//! `out.wav`: what came out, as 32-bit float.

use anyhow::{Context, Result};
use std::path::Path;

/// Writes audio (channels x samples). Rates are whole numbers in WAV; others are rounded.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, audio: &[Vec<f32>], rate_hz: f64) -> Result<()> {
    let failed = || format!("cannot write {}", path.display());
    let spec = hound::WavSpec {
        channels: u16::try_from(audio.len()).with_context(failed)?,
        sample_rate: rate_hz.round() as u32,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(path, spec).with_context(failed)?;
    for frame in 0..audio.first().map_or(0, Vec::len) {
        for channel in audio {
            writer.write_sample(channel[frame]).with_context(failed)?;
        }
    }
    writer.finalize().with_context(failed)
}

//! Audio by way of ffmpeg: anything to 16 kHz mono, and that to FLAC.

use super::files;
use super::tools;
use anyhow::{Context, Result, ensure};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Samples per second of everything that is written here: what the voice nets hear.
pub const RATE_HZ: u32 = 16_000;

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-hide_banner", "-loglevel", "error", "-y"]);
    command
}

/// A file as mono samples of [`RATE_HZ`]; `format` is ffmpeg's name for it where the file does not say itself.
///
/// # Errors
/// One line with ffmpeg's complaint.
pub fn decode(path: &Path, format: Option<&str>) -> Result<Vec<i16>> {
    let mut command = ffmpeg();
    if let Some(format) = format {
        command.args(["-f", format]);
    }
    command.arg("-i").arg(path).args(["-ac", "1", "-ar", &RATE_HZ.to_string(), "-f", "s16le", "-"]);
    let bytes = tools::output(&mut command, &format!("decoding {}", path.display()))?;
    Ok(bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
}

/// Mono samples of [`RATE_HZ`] to a FLAC file.
///
/// # Errors
/// One line naming the file.
pub fn encode(samples: &[i16], path: &Path) -> Result<()> {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    files::write_whole(path, |part| {
        let mut command = Command::new("ffmpeg");
        command
            .args(["-hide_banner", "-loglevel", "error", "-y", "-f", "s16le", "-ac", "1", "-ar"])
            .args([&RATE_HZ.to_string(), "-i", "-"])
            .arg(part)
            .stdin(Stdio::piped());
        let what = || format!("encoding {}", path.display());
        let mut child = command.spawn().with_context(what)?;
        let mut input = child.stdin.take().with_context(what)?;
        let written = input.write_all(&bytes);
        drop(input);
        let status = child.wait().with_context(what)?;
        written.with_context(what)?;
        ensure!(status.success(), "{} failed ({status})", what());
        Ok(())
    })
}

/// Any audio file as 16 kHz mono FLAC, if that is not there yet.
///
/// # Errors
/// As [`decode`] and [`encode`].
pub fn convert(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        return Ok(());
    }
    encode(&decode(from, None)?, to)
}

/// How long these samples of [`RATE_HZ`] last, in seconds.
pub fn duration_s(samples: &[i16]) -> f64 {
    samples.len() as f64 / f64::from(RATE_HZ)
}

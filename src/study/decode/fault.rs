//! What can be wrong with an audio file, in one line each: what it is; what to do.

use std::io::ErrorKind;

use anyhow::{Error, anyhow};
use symphonia::core::errors::Error as DecodeError;

/// The formats named when a file is none of them.
const FORMATS: &str = "WAV, AIFF, FLAC, Ogg Vorbis, MP3, M4A (AAC, ALAC), CAF or Matroska/WebM";

pub(super) fn missing() -> Error {
    anyhow!("does not exist; check the path")
}

pub(super) fn directory() -> Error {
    anyhow!("is a directory; name the audio files in it, for example with a pattern such as DIR/*.flac")
}

pub(super) fn empty() -> Error {
    anyhow!("is empty (0 bytes); copy or export it again")
}

pub(super) fn unreadable(error: &std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => missing(),
        ErrorKind::PermissionDenied => anyhow!("may not be read (permission denied); change its permissions"),
        _ => anyhow!("cannot be read ({error}); check the drive and copy the file again"),
    }
}

/// Whether the drive failed, and not the file's content: damaged headers send readers past the end.
fn is_drive_fault(error: &std::io::Error) -> bool {
    use ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    ![InvalidData, InvalidInput, Other, UnexpectedEof].contains(&error.kind())
}

/// The probe found no known container, or one whose header it could not read.
pub(super) fn not_audio(error: &DecodeError) -> Error {
    match error {
        DecodeError::IoError(io) if is_drive_fault(io) => unreadable(io),
        DecodeError::Unsupported(what) if what.contains("probe") => {
            anyhow!("is not audio that Earmark knows; give {FORMATS}")
        }
        error => anyhow!("is not audio that Earmark knows, or is damaged ({}); give {FORMATS}", reason(error)),
    }
}

pub(super) fn no_audio_track() -> Error {
    anyhow!("holds no audio track; give {FORMATS}")
}

pub(super) fn no_decoder(codec: &str) -> Error {
    anyhow!("holds {codec} audio, for which Earmark has no decoder; convert it to FLAC or WAV")
}

pub(super) fn no_rate() -> Error {
    anyhow!("states no sample rate or no channels; export it again")
}

pub(super) fn no_samples() -> Error {
    anyhow!("holds no samples; export it again")
}

pub(super) fn nothing_finite() -> Error {
    anyhow!("holds no finite sample (all are NaN or infinite); render it again")
}

pub(super) fn changes_format(at_s: f64) -> Error {
    anyhow!("changes its sample rate or channels at {at_s:.2} s; split it there, or convert it to one format")
}

/// The container or the decoder gave up. `stated_s` is the length that the file promises.
pub(super) fn broken_off(at_s: f64, stated_s: Option<f64>, error: &DecodeError) -> Error {
    match (error, stated_s) {
        (DecodeError::IoError(io), _) if is_drive_fault(io) => unreadable(io),
        // What never gave a sample may be anything that happened to look like audio.
        _ if at_s == 0.0 => not_audio(error),
        (DecodeError::IoError(_), Some(stated_s)) => cut_short(at_s, stated_s),
        _ => damaged(at_s, error),
    }
}

pub(super) fn damaged(at_s: f64, error: &DecodeError) -> Error {
    anyhow!("is truncated or corrupt at {at_s:.2} s ({}); copy or export it again", reason(error))
}

pub(super) fn gap(at_s: f64, missing_s: f64) -> Error {
    anyhow!("is corrupt at {at_s:.2} s ({missing_s:.2} s of audio are missing there); copy or export it again")
}

pub(super) fn cut_short(at_s: f64, stated_s: f64) -> Error {
    anyhow!("is truncated: it ends at {at_s:.2} s of {stated_s:.2} s; copy or export it again")
}

/// A decoder's own words, short.
pub(super) fn reason(error: &DecodeError) -> String {
    match error {
        DecodeError::IoError(io) if io.kind() == ErrorKind::UnexpectedEof => "it ends early".into(),
        DecodeError::DecodeError(what) => (*what).into(),
        other => other.to_string(),
    }
}

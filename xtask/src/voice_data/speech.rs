//! Set `speech`: what is said and not sung.

use super::audio;
use super::files;
use super::index::{Row, Split};
use super::pauses;
use anyhow::Result;
use std::path::Path;

const SET: &str = "speech";

/// Writes a file of speech with its labels.
///
/// # Errors
/// One line naming the file.
pub fn write(root: &Path, name: &str, samples: &[i16], split: Split, licence: &str) -> Result<Row> {
    let folder = files::folder(root.join(SET))?;
    audio::encode(samples, &folder.join(format!("{name}.flac")))?;
    let labels = pauses::label(samples);
    labels.write(&folder.join(format!("{name}.lab")))?;
    Ok(Row {
        file: format!("{SET}/{name}.flac"),
        labels: format!("{SET}/{name}.lab"),
        split,
        licence: licence.to_owned(),
        seconds: labels.seconds(),
    })
}

//! Files written beside the answer: where each goes, and that it is whole or not there at all.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// One name per input, in order: the file's stem, numbered (`song-2`) where an earlier input has the
/// same one, so that no output overwrites another. Case does not tell names apart, as on some drives.
pub fn unique_stems(inputs: &[PathBuf]) -> Vec<String> {
    let stems: Vec<String> = inputs.iter().map(|input| stem(input)).collect();
    let natural: HashSet<String> = stems.iter().map(|stem| stem.to_lowercase()).collect();
    let mut taken = HashSet::new();
    let mut unique = Vec::with_capacity(stems.len());
    for stem in stems {
        let mut name = stem.clone();
        let mut number = 2;
        while taken.contains(&name.to_lowercase()) || (name != stem && natural.contains(&name.to_lowercase())) {
            name = format!("{stem}-{number}");
            number += 1;
        }
        taken.insert(name.to_lowercase());
        unique.push(name);
    }
    unique
}

/// The file's name without its extension.
pub fn stem(input: &Path) -> String {
    input.file_stem().map_or_else(|| "audio".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// Makes a directory, with those above it.
///
/// # Errors
/// One line with the remedy: a file of that name, no permission.
pub fn make_directory(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)
        .map_err(|error| anyhow::anyhow!("cannot be made a directory ({error}); name another one"))
}

/// Writes `bytes` so that `path` is either the old file or the whole new one.
///
/// # Errors
/// If the disk refuses.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = path.with_extension("part");
    let context = || format!("{} cannot be written; check the directory and the free space", path.display());
    fs::write(&beside, bytes).with_context(context)?;
    fs::rename(&beside, path).with_context(context)
}

/// Writes `DIR/STEM.EXTENSION` by way of a temporary file in the same directory, so that a run that is
/// stopped leaves no half file and an older whole one stays until the new one is whole.
///
/// # Errors
/// What `write` reports, or that the file cannot be put in place.
pub fn write_whole(
    directory: &Path,
    stem: &str,
    extension: &str,
    write: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let path = directory.join(format!("{stem}.{extension}"));
    // The extension stays last: picture writers choose the format by it.
    let part = directory.join(format!(".{stem}.part.{extension}"));
    let written = write(&part).and_then(|()| {
        fs::rename(&part, &path).with_context(|| format!("cannot write {}; check the directory", path.display()))
    });
    if written.is_err() {
        // Best effort: the error that led here is the one to report.
        let _ = fs::remove_file(&part);
    }
    written.map(|()| path)
}

/// Writes bytes to a path.
///
/// # Errors
/// One line naming the path.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).map_err(|error| {
        anyhow::anyhow!("cannot write {} ({error}); check the directory and the free space", path.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_stems_are_numbered_and_never_collide() {
        let inputs = ["a/x.wav", "b/x.flac", "x-2.ogg", "c/X.mp3", "a/x.wav", "y"].map(PathBuf::from);
        assert_eq!(unique_stems(&inputs), ["x", "x-3", "x-2", "X-4", "x-5", "y"]);
    }
}

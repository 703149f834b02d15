//! Which files of a directory are audio, and how each looks from outside.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Error, Result, anyhow, ensure};
use walkdir::{DirEntry, WalkDir};

/// Extensions, in lower case, of the formats that [`crate::study::decode`] reads.
pub const EXTENSIONS: [&str; 18] = [
    "aac", "aif", "aifc", "aiff", "caf", "flac", "m4a", "m4b", "mka", "mp2", "mp3", "mp4", "oga", "ogg", "wav", "wave",
    "weba", "webm",
];

/// An audio file as the directory shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioFile {
    /// Path below the directory that was walked.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Last change, in nanoseconds since 1970 (negative before).
    pub modified_ns: i64,
}

/// What a walk has found.
#[derive(Debug, Default)]
pub struct Found {
    /// Audio files, sorted by path.
    pub files: Vec<AudioFile>,
    /// What could not be looked at (paths below the directory), and why: nothing is known of what lies there.
    pub closed: Vec<(PathBuf, Error)>,
}

impl Found {
    /// Whether nothing is known of `path` because it, or a directory above it, could not be looked at.
    pub fn is_closed(&self, path: &Path) -> bool {
        self.closed.iter().any(|(closed, _)| path.starts_with(closed))
    }
}

/// Looks for audio files in `root` and all directories below it. Names that begin with a dot are passed over, links
/// are followed, and a link back to a directory above itself is not entered.
///
/// # Errors
/// One line with the remedy: `root` is missing, no directory, or cannot be listed. What cannot be looked at further
/// down is in [`Found::closed`].
pub fn audio_files(root: &Path) -> Result<Found> {
    ensure!(root.exists(), "does not exist; check the path");
    ensure!(root.is_dir(), "is no directory; give the one that holds the music");
    std::fs::read_dir(root).map_err(|error| anyhow!("cannot be listed ({error}); check its permissions"))?;
    let mut found = Found::default();
    let walk = WalkDir::new(root).follow_links(true).sort_by_file_name();
    for entry in walk.into_iter().filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry)) {
        match entry {
            Ok(entry) if entry.file_type().is_file() && is_audio(entry.path()) => {
                let path = below(root, entry.path());
                match entry.metadata() {
                    Ok(about) => {
                        found.files.push(AudioFile { path, size: about.len(), modified_ns: modified_ns(&about) })
                    }
                    Err(error) => found.closed.push((path, closed(&error))),
                }
            }
            Ok(_) => {}
            // A directory that links back to one above it holds nothing new.
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) => {
                let path = error.path().unwrap_or(root);
                // A link to nothing is no audio file, whatever it is called.
                if !path.is_symlink() {
                    found.closed.push((below(root, path), closed(&error)));
                }
            }
        }
    }
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Whether the name promises a format that can be read.
pub fn is_audio(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str()))
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn below(root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_owned()
}

fn closed(error: &walkdir::Error) -> Error {
    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
    anyhow!("cannot be looked at ({reason}); check its permissions, what is known of it stays")
}

/// A file system without times gives 0 for every file: changes then show by the size.
fn modified_ns(about: &Metadata) -> i64 {
    let Ok(modified) = about.modified() else { return 0 };
    let nanoseconds = |span: std::time::Duration| i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
    match modified.duration_since(UNIX_EPOCH) {
        Ok(after) => nanoseconds(after),
        Err(before) => -nanoseconds(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_decide_in_any_case() {
        for (name, audio) in
            [("a.FLAC", true), ("b.mp3", true), ("c.txt", false), ("flac", false), ("d.wav.part", false)]
        {
            assert_eq!(is_audio(Path::new(name)), audio, "{name}");
        }
    }

    #[test]
    fn nothing_is_known_below_a_closed_directory() {
        let found = Found { files: Vec::new(), closed: vec![("a/b".into(), anyhow!("closed"))] };
        assert!(found.is_closed(Path::new("a/b/c.wav")) && found.is_closed(Path::new("a/b")));
        assert!(!found.is_closed(Path::new("a/bc.wav")));
    }
}

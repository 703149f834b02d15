//! What has changed in a directory since it was indexed.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::track::{Track, print};
use super::walk::{AudioFile, Found};

/// What brings an index up to date.
#[derive(Debug, Default, PartialEq)]
pub struct Plan {
    /// Files that are new or have another size or time than when they were heard.
    pub hear: Vec<AudioFile>,
    /// Tracks that lie under another path now: where they lay, and the track as it is.
    pub renamed: Vec<(PathBuf, Track)>,
    /// Tracks whose files are gone.
    pub gone: Vec<PathBuf>,
}

impl Plan {
    /// Compares what the index knows with what a walk over `root` has found.
    pub fn new(known: Vec<Track>, found: &Found, root: &Path) -> Self {
        let there: HashSet<&Path> = found.files.iter().map(|file| file.path.as_path()).collect();
        let mut plan = Self::default();
        let mut same = HashSet::new();
        let mut missing = Vec::new();
        let mut by_path: HashMap<PathBuf, Track> = known.into_iter().map(|track| (track.path.clone(), track)).collect();
        for file in &found.files {
            if by_path.get(&file.path).is_some_and(|track| is_unchanged(track, file)) {
                same.insert(file.path.as_path());
            }
        }
        // Nothing is known of what lies in a directory that cannot be looked at: it is not gone.
        by_path.retain(|path, track| {
            let gone = !there.contains(path.as_path()) && !found.is_closed(path);
            if gone {
                missing.push(track.clone());
            }
            !gone
        });
        missing.sort_by(|a, b| a.path.cmp(&b.path));
        for file in found.files.iter().filter(|file| !same.contains(file.path.as_path())) {
            let moved = (!by_path.contains_key(&file.path)).then(|| take_moved(&mut missing, file, root)).flatten();
            match moved {
                Some(track) => {
                    let from = track.path.clone();
                    plan.renamed.push((from, Track { path: file.path.clone(), ..track }));
                }
                None => plan.hear.push(file.clone()),
            }
        }
        plan.gone = missing.into_iter().map(|track| track.path).collect();
        plan
    }

    /// Whether the index is up to date.
    pub fn is_empty(&self) -> bool {
        self.hear.is_empty() && self.renamed.is_empty() && self.gone.is_empty()
    }
}

fn is_unchanged(track: &Track, file: &AudioFile) -> bool {
    (track.size, track.modified_ns) == (file.size, file.modified_ns)
}

/// The missing track that this file is, if it is one: of the same size and time, and alike at both ends.
fn take_moved(missing: &mut Vec<Track>, file: &AudioFile, root: &Path) -> Option<Track> {
    let alike = |track: &Track| is_unchanged(track, file);
    if !missing.iter().any(alike) {
        return None;
    }
    let print = print(&root.join(&file.path)).ok()?;
    let at = missing.iter().position(|track| alike(track) && track.print == print)?;
    Some(missing.remove(at))
}

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
        let mut by_path = HashMap::new();
        let mut missing: HashMap<(u64, i64), Vec<Track>> = HashMap::new();
        for track in known {
            // Nothing is known of what lies in a directory that cannot be looked at: it is not gone.
            if there.contains(track.path.as_path()) || found.is_closed(&track.path) {
                by_path.insert(track.path.clone(), (track.size, track.modified_ns));
            } else {
                missing.entry((track.size, track.modified_ns)).or_default().push(track);
            }
        }
        let mut plan = Self::default();
        for file in &found.files {
            match by_path.get(&file.path) {
                Some(&looks) if looks == (file.size, file.modified_ns) => {}
                Some(_) => plan.hear.push(file.clone()),
                None => match take_moved(&mut missing, file, root) {
                    Some(track) => {
                        let from = track.path.clone();
                        plan.renamed.push((from, Track { path: file.path.clone(), ..track }));
                    }
                    None => plan.hear.push(file.clone()),
                },
            }
        }
        plan.gone = missing.into_values().flatten().map(|track| track.path).collect();
        plan.gone.sort();
        plan
    }

    /// Whether the index is up to date.
    pub fn is_empty(&self) -> bool {
        self.hear.is_empty() && self.renamed.is_empty() && self.gone.is_empty()
    }
}

/// The missing track that this file is, if it is one: of the same size and time, and alike at both ends.
fn take_moved(missing: &mut HashMap<(u64, i64), Vec<Track>>, file: &AudioFile, root: &Path) -> Option<Track> {
    let alike = missing.get_mut(&(file.size, file.modified_ns)).filter(|alike| !alike.is_empty())?;
    let print = print(&root.join(&file.path)).ok()?;
    let at = alike.iter().position(|track| track.print == print)?;
    Some(alike.remove(at))
}

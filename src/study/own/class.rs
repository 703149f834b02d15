//! Which class a song is of, as whoever sorted the library sees it.

use std::collections::{BTreeMap, HashMap};
use std::path::Component;

use clap::ValueEnum;

use crate::nets::genre_name::normalised;
use crate::study::library::Track;

/// Where classes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// The first genre in a file's tags.
    Tag,
    /// The first directory below the library's.
    Folder,
}

impl By {
    /// What is written for a track; `None` where nothing is.
    fn written(self, track: &Track) -> Option<String> {
        match self {
            Self::Tag => track.metadata.genres.first().cloned(),
            Self::Folder => {
                let mut parts = track.path.components();
                let Some(Component::Normal(first)) = parts.next() else { return None };
                // A file that lies in the library's directory itself is in no class.
                parts.next().map(|_| first.to_string_lossy().into_owned())
            }
        }
    }
}

/// Each track's class. Spellings that differ in case and punctuation are one class, named as most of its tracks have it.
pub fn classes(tracks: &[Track], by: By) -> Vec<Option<String>> {
    let written: Vec<Option<String>> = tracks
        .iter()
        .map(|track| by.written(track).map(|name| name.trim().to_owned()).filter(|name| !normalised(name).is_empty()))
        .collect();
    let mut spellings: HashMap<String, BTreeMap<&str, usize>> = HashMap::new();
    for name in written.iter().flatten() {
        *spellings.entry(normalised(name)).or_default().entry(name).or_default() += 1;
    }
    let usual = |name: &String| {
        let spellings = &spellings[&normalised(name)];
        spellings.iter().max_by_key(|&(_, count)| count).map(|(&name, _)| name.to_owned())
    };
    written.iter().map(|name| name.as_ref().and_then(usual)).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::study::analysis::CLASSES;
    use crate::study::library::metadata::Metadata;

    /// A track of which only path and metadata matter.
    pub(in crate::study::own) fn track(path: &str, artist: &str, album: &str, genre: &str) -> Track {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Track {
            path: path.into(),
            size: 0,
            modified_ns: 0,
            print: 0,
            duration_s: 1.0,
            metadata: Metadata {
                artist: some(artist),
                album: some(album),
                genres: some(genre).into_iter().collect(),
                ..Metadata::default()
            },
            genre: [0.0; CLASSES],
            tags: Vec::new(),
        }
    }

    #[test]
    fn spellings_of_one_class_are_one() {
        let tracks = [
            track("x/a.mp3", "", "", "Hip-Hop"),
            track("x/b.mp3", "", "", "hip hop"),
            track("y/c.mp3", "", "", "Hip-Hop"),
            track("d.mp3", "", "", ""),
        ];
        let name = |text: &str| Some(text.to_owned());
        assert_eq!(classes(&tracks, By::Tag), [name("Hip-Hop"), name("Hip-Hop"), name("Hip-Hop"), None]);
        assert_eq!(classes(&tracks, By::Folder), [name("x"), name("x"), name("y"), None]);
    }
}

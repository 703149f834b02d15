//! Songs that must not be torn apart: a net that has learned from one song of an album recognises the next by its sound.

use std::collections::HashMap;
use std::path::Path;

use super::class::By;
use crate::study::library::Track;

/// Artists that are none.
const NOBODY: [&str; 5] = ["various artists", "various", "va", "unknown artist", "unknown"];

/// Each track's group: a number that tracks of one artist, of one album, or of one directory where neither is known,
/// share. An artist's albums are one group, and so is whoever plays on an album of several.
///
/// With [`By::Folder`] a class's own directory says nothing about artists: a file that lies in it directly and names
/// neither artist nor album is a group of its own ([`is_alone`]).
pub fn groups(tracks: &[&Track], by: By) -> Vec<usize> {
    let mut parent: Vec<usize> = (0..tracks.len()).collect();
    let mut first: HashMap<String, usize> = HashMap::new();
    for (at, track) in tracks.iter().enumerate() {
        for key in keys(track, by) {
            let other = *first.entry(key).or_insert(at);
            let (a, b) = (root(&parent, at), root(&parent, other));
            parent[a.max(b)] = a.min(b);
        }
    }
    (0..tracks.len()).map(|at| root(&parent, at)).collect()
}

/// Whether nothing tells which other files a track belongs with.
pub fn is_alone(track: &Track, by: By) -> bool {
    let metadata = &track.metadata;
    let nameless = metadata.artist.is_none() && metadata.album_artist.is_none() && metadata.album.is_none();
    let depth = track.path.components().count();
    nameless && (depth == 1 || by == By::Folder && depth == 2)
}

fn root(parent: &[usize], mut at: usize) -> usize {
    while parent[at] != at {
        at = parent[at];
    }
    at
}

/// What a track shares with others of its group.
fn keys(track: &Track, by: By) -> Vec<String> {
    let metadata = &track.metadata;
    let folder = track.path.parent().unwrap_or(Path::new("")).to_string_lossy();
    let plain = |text: &String| text.trim().to_lowercase();
    let artists = [&metadata.artist, &metadata.album_artist].into_iter().flatten().map(plain);
    let artists: Vec<String> = artists.filter(|artist| !NOBODY.contains(&artist.as_str())).collect();
    let mut keys: Vec<String> = artists.iter().map(|artist| format!("artist {artist}")).collect();
    if let Some(album) = &metadata.album {
        // Many albums are called alike; those in one directory are the same one.
        keys.push(format!("album {} {folder}", plain(album)));
    }
    if keys.is_empty() && !is_alone(track, by) {
        keys.push(format!("folder {folder}"));
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::super::class::tests::track;
    use super::*;

    #[test]
    fn artists_albums_and_folders_stay_together() {
        let tracks = [
            track("rock/one/a.mp3", "Ann", "First", ""),
            track("rock/two/b.mp3", "ann ", "Second", ""),
            track("rock/two/c.mp3", "Bob", "Second", ""),
            track("rock/three/d.mp3", "Cid", "First", ""),
            track("rock/four/e.mp3", "", "", ""),
            track("rock/four/f.mp3", "", "", ""),
            track("rock/g.mp3", "", "", ""),
            track("rock/h.mp3", "", "", ""),
            track("pop/i.mp3", "Various Artists", "", ""),
            track("pop/j.mp3", "Various Artists", "", ""),
        ];
        let all: Vec<&Track> = tracks.iter().collect();
        assert_eq!(groups(&all, By::Folder), [0, 0, 0, 3, 4, 4, 6, 7, 8, 8]);
        assert_eq!(groups(&all, By::Tag), [0, 0, 0, 3, 4, 4, 6, 6, 8, 8]);
    }
}

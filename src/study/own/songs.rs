//! Songs to learn classes from: the index of a library, with what its owner says of each.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use anyhow::{Result, ensure};

use super::class::{By, classes};
use super::group::{groups, is_alone};
use super::split::{Member, hold_out};
use crate::engine::{Judge, TaggerShape};
use crate::nets::{Tagging, head};
use crate::study::hear::Window;
use crate::study::library::{Library, Track};

/// Windows that are learned from, per song and in all; more of a song say the same again.
const MOST_WINDOWS: usize = 8;
const MOST_ROWS: usize = 32_000;

/// A song with its class.
#[derive(Clone, Debug)]
pub struct Song {
    /// Path below the library's directory.
    pub path: PathBuf,
    /// Position in [`Songs::classes`].
    pub class: usize,
    /// Songs of one artist or album share it.
    pub group: usize,
    /// Whether it is kept from the fit, to measure on.
    pub held_out: bool,
    /// Features of its windows, spread evenly over it; NaN where a tagger had not spoken yet.
    pub rows: Vec<Vec<f32>>,
}

/// What there is to learn from.
#[derive(Clone, Debug)]
pub struct Songs {
    /// The classes, by name.
    pub classes: Vec<String>,
    /// The songs, by path.
    pub songs: Vec<Song>,
    /// The taggers, in the order of the features.
    pub taggers: Vec<TaggerShape>,
    /// What was left out and why, one line each.
    pub notes: Vec<String>,
}

/// What each tagger says in a window of an index; `None` for one that had not spoken yet.
pub fn taggings(window: &Window, taggers: &[TaggerShape]) -> Vec<Option<Tagging>> {
    let (mut label, mut value) = (0, 0);
    let mut tagging = |tagger: &TaggerShape| {
        let probability = window.probability.get(label..label + tagger.labels)?.to_vec();
        let embedding = window.embedding.get(value..value + tagger.embedding)?.to_vec();
        (label, value) = (label + tagger.labels, value + tagger.embedding);
        embedding.iter().any(|&value| value != 0.0).then_some(Tagging { probability, embedding, inner: Vec::new() })
    };
    taggers.iter().map(&mut tagging).collect()
}

/// The windows of a track in which there is music, as `judge` has it.
pub fn music(windows: &[Window], taggers: &[TaggerShape], judge: &Judge) -> Vec<Vec<Option<Tagging>>> {
    let said = windows.iter().map(|window| taggings(window, taggers));
    said.filter(|said| judge.read(&said.iter().map(Option::as_ref).collect::<Vec<_>>()).music).collect()
}

impl Songs {
    /// Gathers the songs of a library that have a class with `min_tracks` songs or more, and splits them.
    ///
    /// # Errors
    /// One line with the remedy: the index cannot be read, no song has a class, fewer than two classes can be learned.
    pub fn gather(library: &Library, judge: &Judge, by: By, min_tracks: usize) -> Result<Self> {
        let all = library.tracks()?;
        let taggers = library.taggers();
        let names = classes(&all, by);
        let named = names.iter().flatten().count();
        ensure!(
            named > 0,
            match by {
                By::Tag =>
                    "holds no file that names its genre; write genres into the files, or sort them into a \
                            directory per class and use --by folder",
                By::Folder =>
                    "holds no directory with audio; sort the files into a directory per class, or use --by tag",
            }
        );
        let mut notes = Vec::new();
        if named < all.len() {
            notes.push(format!("{} without a class are left out", count(all.len() - named, "song")));
        }
        let most = (MOST_ROWS / named).clamp(1, MOST_WINDOWS);
        let mut rows: HashMap<PathBuf, Vec<Vec<f32>>> = HashMap::new();
        let wanted: BTreeSet<&PathBuf> =
            all.iter().zip(&names).filter_map(|(t, n)| n.as_ref().map(|_| &t.path)).collect();
        library.each_windows(|path, windows| {
            if wanted.contains(&path) {
                let music = music(&windows, &taggers, judge);
                rows.insert(path, spread(music.len(), most).map(|at| features(&music[at], &taggers)).collect());
            }
        })?;
        let labelled: Vec<(&Track, &String)> =
            all.iter().zip(&names).filter_map(|(track, name)| Some((track, name.as_ref()?))).collect();
        let heard = |track: &Track| rows.get(&track.path).is_some_and(|rows| !rows.is_empty());
        let sounding: Vec<(&Track, &String)> = labelled.iter().copied().filter(|(track, _)| heard(track)).collect();
        if sounding.len() < labelled.len() {
            let silent = count(labelled.len() - sounding.len(), "song");
            notes.push(format!("{silent} without music (silence, speech) are left out"));
        }
        let kept = keep(sounding, by, min_tracks, &mut notes)?;
        let tracks: Vec<&Track> = kept.iter().map(|(track, _)| *track).collect();
        let alone = tracks.iter().filter(|track| is_alone(track, by)).count();
        if alone > 0 && by == By::Folder {
            notes.push(format!(
                "{} name neither artist nor album and count as an artist of their own each: the accuracy may flatter",
                count(alone, "song")
            ));
        }
        let mut classes: Vec<String> = kept.iter().map(|(_, name)| (*name).clone()).collect();
        classes.sort();
        classes.dedup();
        let class = |name: &String| classes.binary_search(name).unwrap_or_default();
        let groups = groups(&tracks, by);
        let members: Vec<Member> =
            kept.iter().zip(&groups).map(|((_, name), &group)| Member { class: class(name), group }).collect();
        let songs = tracks.iter().zip(&members).zip(hold_out(&members)).map(|((track, member), held_out)| Song {
            path: track.path.clone(),
            class: member.class,
            group: member.group,
            held_out,
            rows: rows.remove(&track.path).unwrap_or_default(),
        });
        Ok(Self { songs: songs.collect(), classes: classes.clone(), taggers, notes })
    }
}

/// Leaves out classes of too few songs or of a single artist, with a note for each.
fn keep<'a>(
    mut songs: Vec<(&'a Track, &'a String)>,
    by: By,
    min_tracks: usize,
    notes: &mut Vec<String>,
) -> Result<Vec<(&'a Track, &'a String)>> {
    let tracks: Vec<&Track> = songs.iter().map(|(track, _)| *track).collect();
    let mut sizes: BTreeMap<&String, (usize, BTreeSet<usize>)> = BTreeMap::new();
    for ((_, name), group) in songs.iter().zip(groups(&tracks, by)) {
        let (size, groups) = sizes.entry(name).or_default();
        *size += 1;
        groups.insert(group);
    }
    let mut left_out = Vec::new();
    sizes.retain(|name, (size, groups)| {
        let fault = match (*size, groups.len()) {
            (size, _) if size < min_tracks => format!("{name} has {}, fewer than {min_tracks}", count(size, "song")),
            (size, 1) => {
                format!("{name} has {} of one artist or album, so nothing can be held out", count(size, "song"))
            }
            _ => return true,
        };
        left_out.push(fault);
        false
    });
    let faults = |most: usize| {
        let more = left_out.len().saturating_sub(most);
        let mut text = left_out.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
        if more > 0 {
            text += &format!(", and {more} more");
        }
        text
    };
    ensure!(
        sizes.len() >= 2,
        "has {} to learn{}; two are needed, each with {min_tracks} songs or more of two artists or more (--min-tracks)",
        match sizes.len() {
            0 => "no class".to_owned(),
            _ => format!("a single class ({})", sizes.keys().map(|name| name.as_str()).collect::<String>()),
        },
        if left_out.is_empty() { String::new() } else { format!(" ({})", faults(3)) }
    );
    if !left_out.is_empty() {
        notes.push(format!("left out: {}", faults(6)));
    }
    songs.retain(|(_, name)| sizes.contains_key(name));
    Ok(songs)
}

/// A window's features; NaN for a tagger that has not spoken yet.
fn features(said: &[Option<Tagging>], taggers: &[TaggerShape]) -> Vec<f32> {
    let mut row = Vec::new();
    for (tagging, tagger) in said.iter().zip(taggers) {
        match tagging {
            Some(tagging) => row.extend(head::features(&tagging.probability, &tagging.embedding)),
            None => row.resize(row.len() + tagger.labels + tagger.embedding, f32::NAN),
        }
    }
    row
}

/// At most `most` of `count` positions, evenly spread.
fn spread(count: usize, most: usize) -> impl Iterator<Item = usize> {
    let taken = count.min(most);
    (0..taken).map(move |at| (2 * at + 1) * count / (2 * taken))
}

/// `1 song`, `2 songs`.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::super::class::tests::track;
    use super::*;

    #[test]
    fn positions_are_spread() {
        assert_eq!(spread(3, 8).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(spread(16, 4).collect::<Vec<_>>(), [2, 6, 10, 14]);
        assert_eq!(spread(0, 4).count(), 0);
    }

    #[test]
    fn classes_that_cannot_be_learned_are_named() {
        let tracks = [
            track("a/1.mp3", "Ann", "", "rock"),
            track("a/2.mp3", "Bob", "", "rock"),
            track("a/3.mp3", "Cid", "", "pop"),
            track("a/4.mp3", "Cid", "", "pop"),
            track("a/5.mp3", "Dan", "", "folk"),
        ];
        let names = classes(&tracks, By::Tag);
        let songs = || tracks.iter().zip(names.iter().flatten()).collect();
        let error = keep(songs(), By::Tag, 2, &mut Vec::new()).unwrap_err().to_string();
        for part in ["a single class (rock)", "folk has 1 song, fewer than 2", "pop has 2 songs of one artist", "; "] {
            assert!(error.contains(part), "{error:?} says {part:?}");
        }
    }
}

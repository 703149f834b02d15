//! How many of the nearest tracks are of the same kind: precision at ten for genre and artist, for each choice of
//! embeddings and pooling.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::genre;
use crate::engine::TaggerShape;
use crate::say::genre::GENRES;
use crate::study::hear::Window;
use crate::study::library::pooling::{Pooling, pool};
use crate::study::mix::Layout;
use crate::study::similar::families;
use crate::study::similar::search::Search;
use crate::study::similar::space::Space;

/// Neighbours looked at.
pub const NEIGHBOURS: usize = 10;

/// What makes two tracks the same kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The genre that the file name states.
    Genre,
    /// Who plays, as the index says.
    Artist,
}

/// A labelled track.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Audio file.
    pub audio: PathBuf,
    /// What its channels mean.
    pub layout: Layout,
    /// Its genre or artist.
    pub label: String,
    /// The song that it is a piece of: pieces of one song are not neighbours of each other.
    pub song: Option<String>,
}

/// How tracks were compared, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Which embeddings: a tagger's name, or `all`.
    pub embeddings: String,
    /// How they were pooled over time: `mean`, `max`, `l2` or `mean+max+l2`.
    pub pooling: String,
    /// Whether values were standardised over the tracks before their cosine was taken.
    pub standardised: bool,
    /// Share of the [`NEIGHBOURS`] nearest tracks that have the query's label, mean over queries.
    pub precision: f64,
}

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What counts as the same.
    pub kind: Kind,
    /// Tracks that were heard and are not silent.
    pub tracks: usize,
    /// Labels among them.
    pub labels: usize,
    /// Neighbours looked at.
    pub neighbours: usize,
    /// Precision of picking tracks at random.
    pub random: f64,
    /// Precision of an oracle; less than 1 where a label has fewer tracks than neighbours.
    pub best_possible: f64,
    /// Each way of comparing.
    pub rows: Vec<Row>,
}

/// The columns that are read of an index; others may be there.
#[derive(Deserialize)]
struct IndexRow {
    file: String,
    group: String,
    #[serde(default)]
    layout: Option<String>,
    #[serde(default)]
    song: Option<String>,
}

/// The labelled tracks of a directory (genre by file name) or of an index (artist by the column `group`).
///
/// # Errors
/// One line: nothing there that is labelled.
pub fn entries(path: &Path) -> Result<(Kind, Vec<Entry>)> {
    if path.is_dir() {
        let entries = genre::entries(path)?.into_iter().map(|entry| Entry {
            audio: entry.path,
            layout: Layout::Mix,
            label: GENRES[entry.class].to_owned(),
            song: None,
        });
        return Ok((Kind::Genre, entries.collect()));
    }
    let mut reader = csv::Reader::from_path(path).context(
        "cannot be read; give a directory of <class>.<n>.<extension>, or a CSV with the columns file, group",
    )?;
    let base = path.parent().unwrap_or(Path::new(""));
    let mut entries = Vec::new();
    for (number, row) in reader.deserialize::<IndexRow>().enumerate() {
        let row = row.with_context(|| format!("row {} does not read; it needs the columns file, group", number + 1))?;
        entries.push(Entry {
            audio: base.join(&row.file),
            layout: row.layout.as_deref().unwrap_or("mix").parse().with_context(|| format!("row {}", number + 1))?,
            song: Some(row.song.filter(|song| !song.is_empty()).unwrap_or_else(|| song_of(&row.file))),
            label: row.group,
        });
    }
    ensure!(!entries.is_empty(), "has no rows; give a CSV with the columns file, group");
    Ok((Kind::Artist, entries))
}

/// Pieces of one song are called alike but for a last number of two digits, as in MIR-1K.
fn song_of(file: &str) -> String {
    let stem = Path::new(file).with_extension("");
    let stem = stem.to_string_lossy();
    match stem.rsplit_once('_') {
        Some((song, piece)) if piece.len() == 2 && piece.bytes().all(|b| b.is_ascii_digit()) => song.to_owned(),
        _ => stem.into_owned(),
    }
}

/// Compares all tracks with each other in every way. `heard`: each entry with its windows; `taggers` say what those
/// hold.
pub fn report(kind: Kind, heard: &[(&Entry, Vec<Window>)], taggers: &[TaggerShape]) -> Report {
    let heard: Vec<_> = heard.iter().filter(|(_, windows)| !windows.is_empty()).collect();
    let entries: Vec<&Entry> = heard.iter().map(|(entry, _)| *entry).collect();
    let pooled = Pooling::ALL.map(|by| heard.iter().map(|(_, windows)| pool(windows, taggers, by)).collect::<Vec<_>>());
    let mut rows = Vec::new();
    for choice in choices(taggers) {
        for (pooling, which) in POOLINGS {
            let tracks = |track: usize| {
                let parts = choice.parts.iter().flat_map(|part| which.iter().map(move |&by| (part, by)));
                parts.flat_map(|(part, by)| pooled[by][track][part.clone()].iter().copied()).collect::<Vec<f32>>()
            };
            let values: Vec<Vec<f32>> = (0..heard.len()).map(tracks).collect();
            let blocks: Vec<usize> = choice.parts.iter().map(|part| part.len() * which.len()).collect();
            for standardised in [false, true] {
                let space = if standardised { Space::fit(&values.concat(), &blocks) } else { Space::plain(&blocks) };
                rows.push(Row {
                    embeddings: choice.name.clone(),
                    pooling: pooling.to_owned(),
                    standardised,
                    precision: precision(&entries, &values, &space),
                });
            }
        }
    }
    let mut labels: Vec<&str> = entries.iter().map(|entry| entry.label.as_str()).collect();
    labels.sort_unstable();
    labels.dedup();
    let (random, best_possible) = bounds(&entries);
    Report { kind, tracks: entries.len(), labels: labels.len(), neighbours: NEIGHBOURS, random, best_possible, rows }
}

/// Poolings that are tried: a name, and which of [`Pooling::ALL`] stand side by side.
const POOLINGS: [(&str, &[usize]); 4] = [("mean", &[0]), ("max", &[1]), ("l2", &[2]), ("mean+max+l2", &[0, 1, 2])];

/// Embeddings that are compared alone or together.
struct Choice {
    name: String,
    parts: Vec<std::ops::Range<usize>>,
}

/// Everything, and each family of taggers alone.
fn choices(taggers: &[TaggerShape]) -> Vec<Choice> {
    let mut end = 0;
    let mut alone = Vec::new();
    for family in families(taggers) {
        end += family.width;
        let part = end - family.width..end;
        alone.push(Choice { name: family.name, parts: Vec::from([part]) });
    }
    let all = Choice { name: "all".into(), parts: alone.iter().flat_map(|choice| choice.parts.clone()).collect() };
    [all].into_iter().chain(alone).collect()
}

/// Mean share of same labels among the nearest, over all tracks that share their label with another.
fn precision(entries: &[&Entry], values: &[Vec<f32>], space: &Space) -> f64 {
    let rows: Vec<f32> = values.iter().flat_map(|row| space.place(row)).collect();
    let search = Search::new(rows, space.width());
    let of = |query: usize| {
        let may = candidates(entries, query);
        let pieces = entries.len() - may.len();
        let near = search.nearest(search.row(query), NEIGHBOURS + pieces, None);
        let near = near.iter().filter(|hit| may.binary_search(&hit.row).is_ok()).take(NEIGHBOURS);
        let (mut same, mut all) = (0, 0);
        for hit in near {
            all += 1;
            same += u32::from(entries[hit.row].label == entries[query].label);
        }
        f64::from(same) / f64::from(all.max(1))
    };
    mean(queries(entries).map(of))
}

/// Precision of chance and of an oracle.
fn bounds(entries: &[&Entry]) -> (f64, f64) {
    let counts = |query: usize| {
        let may = candidates(entries, query);
        let same = may.iter().filter(|&&other| entries[other].label == entries[query].label).count();
        (same as f64, may.len() as f64)
    };
    let counted: Vec<(f64, f64)> = queries(entries).map(counts).collect();
    let random = mean(counted.iter().map(|(same, all)| same / all));
    let looked_at = |all: f64| all.min(NEIGHBOURS as f64);
    (random, mean(counted.iter().map(|&(same, all)| same.min(looked_at(all)) / looked_at(all))))
}

/// Tracks that may be an answer to `query`, in order: all but itself and pieces of the same song.
fn candidates(entries: &[&Entry], query: usize) -> Vec<usize> {
    let same_song = |other: usize| entries[query].song.is_some() && entries[other].song == entries[query].song;
    (0..entries.len()).filter(|&other| other != query && !same_song(other)).collect()
}

/// Tracks with something to find.
fn queries<'a>(entries: &'a [&Entry]) -> impl Iterator<Item = usize> + 'a {
    (0..entries.len())
        .filter(|&query| candidates(entries, query).iter().any(|&other| entries[other].label == entries[query].label))
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count.max(1))
}

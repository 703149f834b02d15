//! What the index over several files shows.

use std::path::Path;

use serde::Serialize;

use super::{link, map, packed, track};
use crate::say::genre::GENRES;
use crate::study::analysis::Analysis;

/// Columns of a row's small vocal curve.
const SKETCH_COLUMNS: usize = 60;
/// Tags in a row at most.
const MOST_TAGS: usize = 6;

/// A file in the index.
#[derive(Debug)]
pub struct Row {
    entry: Entry,
    embedding: Vec<f32>,
    parts: Vec<usize>,
    classes: Vec<String>,
}

/// A file that could not be analysed.
#[derive(Debug, Serialize)]
pub struct Failure {
    /// Its path as given.
    pub path: String,
    /// What was wrong, and the remedy.
    pub error: String,
}

/// A row as the page's script reads it.
#[derive(Debug, Serialize)]
struct Entry {
    name: String,
    path: String,
    page: String,
    audio: String,
    duration_s: f64,
    sung: f32,
    phrases: usize,
    genre: String,
    probability: f32,
    tags: Vec<(String, f32, f32)>,
    /// Vocal probability over the file, packed.
    sketch: String,
    /// Where it lies on the map, each from -1 to 1; nowhere if the taggers heard nothing.
    place: Option<[f32; 2]>,
}

/// The data of the index.
#[derive(Debug, Serialize)]
pub(super) struct Data {
    version: &'static str,
    classes: Vec<String>,
    rows: Vec<Entry>,
    failures: Vec<Failure>,
}

impl Row {
    /// The row of a file whose page is `page`, in an index in `directory`.
    pub(super) fn of(analysis: &Analysis, audio: &Path, directory: &Path, page: &Path) -> Self {
        let vocal = &analysis.vocal;
        let frames = vocal.probability.len().div_ceil(SKETCH_COLUMNS);
        let entry = Entry {
            name: track::shown_name(audio),
            path: analysis.file.clone(),
            page: link::between(directory, page),
            audio: link::between(directory, &link::real_path(audio)),
            duration_s: analysis.duration_s,
            sung: track::rounded((vocal.sung_s() / analysis.duration_s.max(f64::MIN_POSITIVE)) as f32),
            phrases: vocal.segments.len(),
            genre: analysis.genre.top.clone(),
            probability: track::rounded(analysis.genre.ranking().first().map_or(0.0, |best| best.1)),
            tags: track::tags(analysis, MOST_TAGS),
            sketch: packed::shares(packed::highest(&vocal.probability, frames)),
            place: None,
        };
        Self {
            entry,
            embedding: analysis.embedding.clone(),
            parts: analysis.embedding_parts.clone(),
            classes: analysis.genre.classes.clone(),
        }
    }
}

impl Data {
    /// The index of these rows, with their places on the map.
    pub(super) fn of(rows: Vec<Row>, failures: Vec<Failure>) -> Self {
        // A silent file has no parts; the others' are the same.
        let parts = rows.iter().map(|row| &row.parts).find(|parts| !parts.is_empty());
        let embeddings: Vec<&[f32]> = rows.iter().map(|row| row.embedding.as_slice()).collect();
        let places = map::places(&embeddings, parts.map_or(&[], Vec::as_slice));
        let classes = rows.first().map_or_else(|| GENRES.map(str::to_owned).to_vec(), |row| row.classes.clone());
        let rows = rows.into_iter().zip(places).map(|(row, place)| Entry { place, ..row.entry }).collect();
        Self { version: env!("CARGO_PKG_VERSION"), classes, rows, failures }
    }
}

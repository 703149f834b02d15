//! What `earmark index` keeps of a file, as a row.

use anyhow::Result;
use arrow_array::RecordBatch;
use arrow_array::types::{Float32Type, Float64Type};

use super::{Columns, Row};
use crate::say::genre::GENRES;
use crate::study::identity::Stamp;
use crate::study::library::Track;

/// One track's row.
pub struct TrackRow {
    /// What the index knows of it.
    pub track: Track,
    /// The file's path: that of the track below the library's directory.
    pub file: String,
    /// Its pooled embedding; empty for silence.
    pub embedding: Vec<f32>,
}

impl Row for TrackRow {
    fn file(&self) -> &str {
        &self.file
    }

    fn stamp(&self) -> Stamp {
        Stamp { size: self.track.size, modified_us: self.track.modified_ns.div_euclid(1_000) }
    }

    fn table(rows: &[Self]) -> Result<RecordBatch> {
        let tracks = rows.iter().map(|row| &row.track);
        let mut table = Columns::of_files(rows);
        table.number::<Float64Type>("duration_s", tracks.clone().map(|track| track.duration_s));
        let words = tracks.clone().map(|track| &track.metadata);
        table.text("artist", words.clone().map(|metadata| metadata.artist.as_deref().unwrap_or_default()));
        table.text("album", words.clone().map(|metadata| metadata.album.as_deref().unwrap_or_default()));
        table.text("title", words.clone().map(|metadata| metadata.title.as_deref().unwrap_or_default()));
        table.text("genre_tags", words.map(|metadata| metadata.genres.join("; ")));
        let genre = |track: &Track| track.top_genre().map_or("none", |top| GENRES[top]);
        table.text("genre", tracks.clone().map(genre));
        for (class, name) in GENRES.iter().enumerate() {
            table.number::<Float32Type>(&format!("genre_{name}"), tracks.clone().map(|track| track.genre[class]));
        }
        let tags = tracks.map(|track| &track.tags);
        let mut records = Columns::default();
        records.text("label", tags.clone().flatten().map(|(label, _)| label));
        records.number::<Float32Type>("probability", tags.clone().flatten().map(|(_, probability)| *probability));
        table.records("tags", tags.map(Vec::len), records)?;
        table.floats("embedding", rows.iter().map(|row| row.embedding.as_slice()))?;
        table.table()
    }
}

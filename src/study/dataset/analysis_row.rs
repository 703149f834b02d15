//! What `earmark analyze` says of a file, as a row.

use anyhow::Result;
use arrow_array::RecordBatch;
use arrow_array::types::{Float32Type, Float64Type, Int32Type};

use super::{Columns, Row};
use crate::say::genre::GENRES;
use crate::study::analysis::Analysis;
use crate::study::identity::Stamp;

/// One file's row.
pub struct AnalysisRow {
    /// What was heard.
    pub analysis: Analysis,
    /// What the file was.
    pub stamp: Stamp,
    /// What its bytes are; see [`crate::study::identity::content`].
    pub content: String,
}

impl Row for AnalysisRow {
    fn file(&self) -> &str {
        &self.analysis.file
    }

    fn stamp(&self) -> Stamp {
        self.stamp
    }

    fn table(rows: &[Self]) -> Result<RecordBatch> {
        let heard = rows.iter().map(|row| &row.analysis);
        let vocal = heard.clone().map(|analysis| &analysis.vocal);
        let mut table = Columns::of_files(rows);
        table.text("content", rows.iter().map(|row| &row.content));
        table.number::<Float64Type>("duration_s", heard.clone().map(|analysis| analysis.duration_s));
        table.number::<Int32Type>(
            "sample_rate",
            heard.clone().map(|analysis| i32::try_from(analysis.sample_rate).unwrap_or(i32::MAX)),
        );
        table.text("vocal_model", vocal.clone().map(|vocal| &vocal.model));
        table.number::<Float64Type>("period_s", vocal.clone().map(|vocal| vocal.period_s));
        table.number::<Float64Type>("first_frame_s", vocal.clone().map(|vocal| vocal.first_frame_s));
        table.number::<Float64Type>("delay_s", vocal.clone().map(|vocal| vocal.delay_s));
        let share = |analysis: &Analysis| analysis.vocal.sung_s() / analysis.duration_s.max(f64::MIN_POSITIVE);
        table.number::<Float64Type>("sung_share", heard.clone().map(share));
        let phrases = vocal.clone().flat_map(|vocal| &vocal.segments);
        let mut segments = Columns::default();
        segments.number::<Float64Type>("start_s", phrases.clone().map(|phrase| phrase.start_s));
        segments.number::<Float64Type>("end_s", phrases.map(|phrase| phrase.end_s));
        table.records("segments", vocal.clone().map(|vocal| vocal.segments.len()), segments)?;
        table.floats("vocal_probability", vocal.map(|vocal| vocal.probability.as_slice()))?;
        table.text("genre", heard.clone().map(|analysis| &analysis.genre.top));
        for (class, name) in GENRES.iter().enumerate() {
            let probability = heard.clone().map(|analysis| analysis.genre.fixed[class]);
            table.number::<Float32Type>(&format!("genre_{name}"), probability);
        }
        let tags = heard.map(|analysis| &analysis.tags);
        let mut records = Columns::default();
        records.text("label", tags.clone().flat_map(|tags| &tags.labels));
        records.number::<Float32Type>("probability", tags.clone().flat_map(|tags| tags.probability.iter().copied()));
        table.records("tags", tags.map(|tags| tags.labels.len()), records)?;
        table.table()
    }
}

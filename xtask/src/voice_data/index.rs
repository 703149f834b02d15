//! The index: which file has which labels. Built from steps, each of which is done once.

use super::files;
use super::labels::Seconds;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::path::Path;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Learning.
    Train,
    /// Choosing among what was learnt.
    Valid,
}

impl Split {
    /// As the index says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
        }
    }
}

/// One file of the index.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// Audio, relative to the index.
    pub file: String,
    /// Labels, relative to the index.
    pub labels: String,
    /// What it is for.
    pub split: Split,
    /// Licence of the audio.
    pub licence: String,
    /// How much of what it holds.
    pub seconds: Seconds,
}

/// A file that was left out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dropped {
    /// Which one.
    pub file: String,
    /// Why.
    pub reason: String,
    /// Its length.
    pub seconds: f64,
}

/// What one step brought.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Harvest {
    /// Files of the index.
    pub rows: Vec<Row>,
    /// Files left out.
    pub dropped: Vec<Dropped>,
}

/// Does a step, or reads what it brought when it was done before.
///
/// # Errors
/// The step's own; that its record cannot be read or written.
pub fn once(root: &Path, step: &str, work: impl FnOnce() -> Result<Harvest>) -> Result<Harvest> {
    let record = files::folder(root.join("steps"))?.join(format!("{step}.json"));
    if record.exists() {
        let text = std::fs::read_to_string(&record).with_context(|| format!("cannot read {}", record.display()))?;
        return serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged; delete it and run this again", record.display()));
    }
    let harvest = work()?;
    files::write_text(&record, &serde_json::to_string_pretty(&harvest)?)?;
    Ok(harvest)
}

/// Writes `index.csv`.
///
/// # Errors
/// One line naming the path.
pub fn write(root: &Path, rows: &[Row]) -> Result<()> {
    let mut text = "file,labels,split,layout,licence\n".to_owned();
    for row in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{},{},{},mix,{}",
            quoted(&row.file),
            quoted(&row.labels),
            row.split.word(),
            quoted(&row.licence)
        );
    }
    files::write_text(&root.join("index.csv"), &text)
}

/// A field of a CSV file (RFC 4180).
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.to_owned() }
}

/// Hours of each set and split, one line each, and what was left out.
pub fn summary(harvest: &Harvest) -> String {
    let set = |row: &Row| row.file.split('/').next().unwrap_or_default().to_owned();
    let mut groups: Vec<_> = harvest.rows.iter().map(|row| (set(row), row.split)).collect();
    groups.sort();
    groups.dedup();
    let mut text =
        format!("{:18} {:5} {:>5} {:>7} {:>7} {:>7}   hours\n", "set", "split", "files", "nosing", "speech", "unsure");
    for group in groups {
        let rows: Vec<_> = harvest.rows.iter().filter(|row| (set(row), row.split) == group).collect();
        let mut seconds = Seconds::default();
        rows.iter().for_each(|row| seconds.add(row.seconds));
        let [nosing, speech, unsure] = [seconds.nosing, seconds.speech, seconds.unsure].map(|seconds| seconds / 3600.0);
        let _ = writeln!(
            text,
            "{:18} {:5} {:5} {nosing:7.2} {speech:7.2} {unsure:7.2}",
            group.0,
            group.1.word(),
            rows.len()
        );
    }
    let dropped_h = harvest.dropped.iter().map(|dropped| dropped.seconds).sum::<f64>() / 3600.0;
    let _ = write!(text, "left out: {} files, {dropped_h:.2} h", harvest.dropped.len());
    for Dropped { file, reason, .. } in &harvest.dropped {
        let _ = write!(text, "\n  {file}: {reason}");
    }
    text
}

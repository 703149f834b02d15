//! The learning curve as a table, and as a picture of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::study::outputs::replace;
use crate::study::picture::learning::{Panel, learning};

/// Columns before the figures.
const COLUMNS: [&str; 4] = ["step", "loss", "score", "set"];

/// One set's figures at a validation.
pub(super) type Row = (String, Vec<Option<f64>>);

/// Rows for each validation, one a set.
pub(super) struct Log {
    path: PathBuf,
    /// Names of the figures.
    figures: &'static [&'static str],
    text: String,
}

impl Log {
    /// Begins anew, or goes on before step `first` where a run resumes.
    pub(super) fn open(path: &Path, first: u64, figures: &'static [&'static str]) -> Self {
        let text = if first > 1 { std::fs::read_to_string(path).unwrap_or_default() } else { String::new() };
        Self { path: path.to_owned(), figures, text }
    }

    /// Adds what a validation said.
    ///
    /// # Errors
    /// If the disk refuses.
    pub(super) fn add(&mut self, step: u64, loss: f64, score: f64, rows: &[Row]) -> Result<()> {
        if self.text.is_empty() {
            self.text = [&COLUMNS[..], self.figures].concat().join(",") + "\n";
        }
        for (set, figures) in rows {
            let figure = |value: &Option<f64>| value.map_or_else(String::new, |value| format!("{value:.4}"));
            let figures: Vec<String> = figures.iter().map(figure).collect();
            // Writing to a String cannot fail.
            let _ = writeln!(self.text, "{step},{loss:.4},{score:.4},{set},{}", figures.join(","));
        }
        replace(&self.path, self.text.as_bytes())?;
        self.draw()
    }

    /// The table as a picture beside it.
    fn draw(&self) -> Result<()> {
        let mut reader = csv::Reader::from_reader(self.text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().collect::<std::result::Result<_, _>>()?;
        let figures = self.figures.iter().enumerate().take(3).map(|(at, &name)| (name, COLUMNS.len() + at));
        let panels = std::iter::once(("training loss", 1)).chain(figures).map(|(name, column)| {
            let mut lines: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
            for row in &rows {
                let number = |column: usize| row.get(column).and_then(|text| text.parse::<f64>().ok());
                // The loss is the same for all sets.
                let line = if column == 1 { "all" } else { row.get(3).unwrap_or_default() };
                if let (Some(step), Some(value)) = (number(0), number(column)) {
                    lines.entry(line).or_default().push((step, value));
                }
            }
            Panel { name, lines: lines.into_iter().map(|(name, line)| (name.to_owned(), line)).collect() }
        });
        learning("Learning curves", "on the split valid", &panels.collect::<Vec<_>>(), &self.path.with_extension("png"))
    }
}

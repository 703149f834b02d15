//! The learning curve as a table, and as a picture of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::study::evaluate::vocal::Report;
use crate::study::outputs::replace;
use crate::study::picture::learning::{Panel, learning};

const HEADER: &str = "step,loss,score,set,auc,accuracy,false_alarm_rate,calibration_error\n";

/// Rows for each validation, one a set.
pub(super) struct Log {
    path: PathBuf,
    text: String,
}

impl Log {
    /// Begins anew, or goes on before step `first` where a run resumes.
    pub(super) fn open(path: &Path, first: u64) -> Self {
        let text = if first > 1 { std::fs::read_to_string(path).unwrap_or_default() } else { String::new() };
        Self { path: path.to_owned(), text }
    }

    /// Adds what a validation said.
    ///
    /// # Errors
    /// If the disk refuses.
    pub(super) fn add(&mut self, step: u64, loss: f64, score: f64, report: &Report) -> Result<()> {
        let figure = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.4}"));
        if self.text.is_empty() {
            self.text.push_str(HEADER);
        }
        for set in &report.sets {
            let [auc, accuracy, alarms, calibration] =
                [set.auc, set.accuracy, set.false_alarm_rate, set.calibration_error].map(figure);
            // Writing to a String cannot fail.
            let _ =
                writeln!(self.text, "{step},{loss:.4},{score:.4},{},{auc},{accuracy},{alarms},{calibration}", set.name);
        }
        replace(&self.path, self.text.as_bytes())?;
        self.draw()
    }

    /// The table as a picture beside it.
    fn draw(&self) -> Result<()> {
        let mut reader = csv::Reader::from_reader(self.text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().collect::<std::result::Result<_, _>>()?;
        let panels = [("training loss", 1), ("AUC", 4), ("accuracy", 5), ("false alarms", 6)].map(|(name, column)| {
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
        learning(
            "Learning curves",
            "on the split valid, at a threshold of 0.5",
            &panels,
            &self.path.with_extension("png"),
        )
    }
}

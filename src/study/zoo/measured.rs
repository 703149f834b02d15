//! What the tables in docs/zoo say of each system, as they were when this program was built.

use anyhow::{Context, Result};

use crate::nets::Score;
use crate::nets::systems::pons;

/// A published table.
struct Table {
    /// On what it was measured, and where it stands.
    data: &'static str,
    csv: &'static str,
    /// The only system that it speaks of, and how that one's row begins; otherwise rows begin with their systems' names.
    only: Option<(&'static str, &'static [&'static str])>,
    /// The columns that are figures, and what these are called.
    figures: &'static [(&'static str, &'static str)],
}

const TABLES: [Table; 5] = [
    Table {
        data: "fma_small, valid (trained as docs/zoo/genre-fma_small.md says)",
        csv: include_str!("../../../docs/zoo/genre-fma_small.csv"),
        only: None,
        figures: &[("accuracy", "accuracy"), ("cross_entropy", "cross-entropy")],
    },
    Table {
        data: "gtzan, valid (trained as docs/zoo/genre-gtzan.md says)",
        csv: include_str!("../../../docs/zoo/genre-gtzan.csv"),
        only: None,
        figures: &[("accuracy", "accuracy"), ("cross_entropy", "cross-entropy")],
    },
    Table {
        data: "129 songs, valid, 10 ms frames (trained as docs/zoo/singing.md says)",
        csv: include_str!("../../../docs/zoo/singing.csv"),
        only: None,
        figures: &[("auc", "AUC"), ("accuracy", "accuracy at 0.5"), ("false_alarm_rate", "false-alarm rate")],
    },
    Table {
        data: "what musicnn-mtt says of 129 songs, valid (trained as docs/zoo/tagging.md says)",
        csv: include_str!("../../../docs/zoo/tagging.csv"),
        only: Some((pons::TAGS_NAME, &["spectrogram", "combined", "soft"])),
        figures: &[("pr_auc", "PR-AUC"), ("roc_auc", "ROC-AUC")],
    },
    Table {
        data: "fma_small, valid, by latent factors (trained as docs/zoo/factors-fma_small.md says)",
        csv: include_str!("../../../docs/zoo/factors-fma_small.csv"),
        only: Some(("dieleman", &["dieleman, seed 1"])),
        figures: &[("precision", "precision of genre at 10")],
    },
];

/// All figures of the system of this name.
///
/// # Errors
/// Never while the tables are whole.
pub(super) fn scores(name: &str) -> Result<Vec<Score>> {
    let mut scores = Vec::new();
    for table in &TABLES {
        scores.extend(table.of(name)?);
    }
    Ok(scores)
}

impl Table {
    fn of(&self, name: &str) -> Result<Vec<Score>> {
        let begins = match self.only {
            None => vec![name],
            Some((system, begins)) if system == name => begins.to_vec(),
            Some(_) => return Ok(Vec::new()),
        };
        let mut reader = csv::Reader::from_reader(self.csv.as_bytes());
        let columns = reader.headers()?.clone();
        for row in reader.records() {
            let row = row?;
            if !row.iter().zip(&begins).all(|(field, begins)| field == *begins) {
                continue;
            }
            let figure = |&(column, metric): &(&str, &str)| -> Result<Score> {
                let at = columns.iter().position(|name| name == column);
                let field = at.and_then(|at| row.get(at)).with_context(|| format!("{}: no {column}", self.data))?;
                Ok(Score { data: self.data.to_owned(), metric: metric.to_owned(), value: field.parse()? })
            };
            return self.figures.iter().map(figure).collect();
        }
        Ok(Vec::new())
    }
}

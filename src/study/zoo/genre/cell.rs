//! One net with one seed: what it said of each clip. Kept as a small JSON file, so that a table that was stopped goes on with
//! what is not there yet.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::nets::Model;
use crate::nets::compact::groups;
use crate::study::json::kept;
use crate::study::outputs::replace;
use crate::study::spectra::Spectra;
use crate::study::train::ask_clips;

/// What was said of each clip.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Cell {
    budget_s: f64,
    /// Names of the clips.
    ids: Vec<String>,
    /// The likeliest class of each.
    pub(super) class: Vec<usize>,
    /// `-ln` of the right class's probability.
    pub(super) entropy: Vec<f64>,
}

impl Cell {
    /// What `model` says of `valid`.
    ///
    /// # Errors
    /// A clip that is too short.
    pub(super) fn of(model: &Model, valid: &Spectra) -> Result<Self> {
        let groups = groups(&model.card.labels);
        let group = groups.first().context("a net without labels")?;
        let answers = ask_clips(&model.net, valid, *group)?;
        Ok(Self::from_answers(&valid.ids, answers.into_iter().map(|answer| (answer.class, answer.entropy))))
    }

    pub(super) fn from_answers(ids: &[String], answers: impl Iterator<Item = (usize, f64)>) -> Self {
        let (class, entropy) = answers.unzip();
        Self { budget_s: 0.0, ids: ids.to_vec(), class, entropy }
    }

    /// Writes it.
    ///
    /// # Errors
    /// If the disk refuses.
    pub(super) fn written(mut self, path: &Path, budget_s: f64) -> Result<Self> {
        self.budget_s = budget_s;
        replace(path, &serde_json::to_vec(&self)?)?;
        Ok(self)
    }

    /// Reads it back; `None` if there is none.
    ///
    /// # Errors
    /// If it does not read, or speaks of another table.
    pub(super) fn read(path: &Path, budget_s: f64, ids: &[String]) -> Result<Option<Self>> {
        let Some(cell) = kept::<Self>(path)? else { return Ok(None) };
        ensure!(
            cell.budget_s == budget_s && cell.ids == ids,
            "{} is of a table with other clips or another budget; choose another --run",
            path.display()
        );
        Ok(Some(cell))
    }

    /// Share of right answers.
    pub(super) fn accuracy(&self, truth: &[usize]) -> f64 {
        let right = self.class.iter().zip(truth).filter(|(class, truth)| class == truth).count();
        right as f64 / truth.len().max(1) as f64
    }
}

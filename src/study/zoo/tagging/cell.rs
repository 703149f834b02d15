//! One student with one seed: what it said of each window. Kept as a JSON file, so that a table that was stopped goes on with
//! what is not there yet.

use std::path::Path;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::study::json::kept;
use crate::study::outputs::replace;
use crate::study::train::Lessons;
use crate::study::zoo::interval::interval_of;
use crate::study::zoo::ranked::Ranked;

/// What was said of each window.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Cell {
    budget_s: f64,
    pub(super) parameters: usize,
    /// `[windows][tags]`.
    said: Vec<Vec<f32>>,
}

/// How well a student ranks windows for each tag, and on average over tags with the interval over songs.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    pub(super) roc: (f64, [f64; 2]),
    pub(super) pr: (f64, [f64; 2]),
    /// ROC-AUC and PR-AUC of each tag; `None` where no window to measure on has it.
    pub(super) tags: Vec<[Option<f64>; 2]>,
}

impl Cell {
    pub(super) fn new(parameters: usize, said: Vec<Vec<f32>>, budget_s: f64) -> Self {
        Self { budget_s, parameters, said }
    }

    /// Writes it.
    ///
    /// # Errors
    /// If the disk refuses.
    pub(super) fn written(self, path: &Path) -> Result<Self> {
        replace(path, &serde_json::to_vec(&self)?)?;
        Ok(self)
    }

    /// Reads it back; `None` if there is none.
    ///
    /// # Errors
    /// If it does not read, or speaks of another table.
    pub(super) fn read(path: &Path, budget_s: f64, windows: usize) -> Result<Option<Self>> {
        let Some(cell) = kept::<Self>(path)? else { return Ok(None) };
        ensure!(
            cell.budget_s == budget_s && cell.said.len() == windows,
            "{} is of a table with other windows or another budget; choose another --run",
            path.display()
        );
        Ok(Some(cell))
    }

    /// Against what the teacher says, binarised.
    pub(super) fn figures(&self, lessons: &Lessons) -> Figures {
        let windows = &lessons.valid.windows;
        let first = windows.first().map_or(0, |&(song, _)| song);
        let songs = windows.last().map_or(0, |&(song, _)| song + 1 - first);
        let ranked: Vec<Ranked> = (0..lessons.tags.len())
            .map(|tag| {
                let each = windows.iter().zip(&self.said).zip(&lessons.valid.scores);
                let is = |scores: &Vec<f32>| scores[tag] >= lessons.threshold[tag];
                Ranked::new(each.map(|((&(song, _), said), scores)| (said[tag], is(scores), song - first)))
            })
            .collect();
        let once = vec![1.0; songs];
        let both = |area: fn(&Ranked, &[f64]) -> Option<f64>| {
            let of = |times: &[f64]| mean(ranked.iter().filter_map(|tag| area(tag, times)));
            (of(&once).unwrap_or(f64::NAN), interval_of(songs, of))
        };
        Figures {
            roc: both(Ranked::roc_auc),
            pr: both(Ranked::pr_auc),
            tags: ranked.iter().map(|tag| [tag.roc_auc(&once), tag.pr_auc(&once)]).collect(),
        }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    values.for_each(|value| {
        sum += value;
        count += 1.0;
    });
    (count > 0.0).then(|| sum / count)
}

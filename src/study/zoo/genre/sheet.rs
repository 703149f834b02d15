//! A table as Markdown, as CSV and as a picture.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use super::TableSettings;
use super::cell::Cell;
use crate::nets::Model;
use crate::study::picture::intervals::{Bar, intervals};
use crate::study::zoo::cost;
use crate::study::zoo::interval::interval;
use crate::study::zoo::plan::Plan;

/// What is known of a net besides its answers; nothing of what is no net.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Facts {
    known: Option<Known>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    parameters: usize,
    steps: u64,
    step_cost_s: f64,
    /// Examples learned from, a clip counting each time.
    examples: u64,
    ms_per_s: f64,
}

impl Facts {
    /// Of a trained net whose batches have `batch` examples.
    ///
    /// # Errors
    /// A net that does not run.
    pub(super) fn of(model: &Model, plan: Plan, batch: usize) -> Result<Self> {
        let Plan { step_cost_s, steps, .. } = plan;
        Ok(Self {
            known: Some(Known {
                parameters: model.parameters,
                steps,
                step_cost_s,
                examples: steps * batch as u64,
                ms_per_s: cost::ms_per_s(model)?,
            }),
        })
    }
}

/// A net's row.
#[derive(Debug, Clone)]
pub(super) struct Row {
    net: String,
    facts: Facts,
    /// Mean over seeds, then the interval over songs.
    accuracy: f64,
    interval: [f64; 2],
    /// Of each seed.
    seeds: Vec<f64>,
    cross_entropy: f64,
}

impl Row {
    /// From the cells of all seeds.
    pub(super) fn of(net: &str, facts: &Facts, cells: &[Cell], truth: &[usize]) -> Self {
        let count = cells.len().max(1) as f64;
        // A song's value is the share of seeds that were right about it.
        let right = |song: usize| cells.iter().filter(|cell| cell.class.get(song) == truth.get(song)).count() as f64;
        let values: Vec<f64> = (0..truth.len()).map(|song| right(song) / count).collect();
        let entropy: f64 = cells.iter().flat_map(|cell| &cell.entropy).sum();
        Self {
            net: net.to_owned(),
            facts: *facts,
            accuracy: values.iter().sum::<f64>() / values.len().max(1) as f64,
            interval: interval(&values),
            seeds: cells.iter().map(|cell| cell.accuracy(truth)).collect(),
            cross_entropy: entropy / (count * truth.len().max(1) as f64),
        }
    }
}

/// The whole table.
pub(super) struct Sheet<'a> {
    pub(super) collection: &'a str,
    pub(super) settings: &'a TableSettings,
    pub(super) rows: &'a [Row],
    /// Clips to learn from and to measure on.
    pub(super) clips: [usize; 2],
}

impl Sheet<'_> {
    /// The rows, best first.
    fn sorted(&self) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by(|a, b| b.accuracy.total_cmp(&a.accuracy));
        rows
    }

    fn about(&self) -> String {
        let [train, valid] = self.clips;
        format!(
            "{} clips to learn from, {} to measure on (nothing is selected on them); {} s of one core for each net and seed, \
             {} seed{}",
            train,
            valid,
            self.settings.budget_s,
            self.settings.seeds,
            if self.settings.seeds == 1 { "" } else { "s" }
        )
    }

    pub(super) fn markdown(&self) -> String {
        let mut text = format!("# Genre, {}\n\n{}.\n\n", self.collection, self.about());
        text += "| net | accuracy | 95 % over songs | seeds | cross-entropy | parameters | steps | clips seen | s per step | ms \
                 per s of audio |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
        for row in self.sorted() {
            let [low, high] = row.interval;
            let seeds: Vec<String> = row.seeds.iter().map(|seed| format!("{seed:.3}")).collect();
            let known = row.facts.known.map_or_else(
                || "- | - | - | - | -".to_owned(),
                |known| {
                    let Known { parameters, steps, step_cost_s, examples, ms_per_s } = known;
                    format!("{parameters} | {steps} | {examples} | {step_cost_s:.3} | {ms_per_s:.2}")
                },
            );
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "| {} | {:.3} | {low:.3} .. {high:.3} | {} | {:.2} | {known} |",
                row.net,
                row.accuracy,
                seeds.join(", "),
                row.cross_entropy
            );
        }
        text
    }

    pub(super) fn csv(&self) -> String {
        let mut text =
            "net,accuracy,low,high,seeds,cross_entropy,parameters,steps,clips_seen,step_cost_s,ms_per_s\n".to_owned();
        for row in self.sorted() {
            let [low, high] = row.interval;
            let known = row.facts.known.map_or_else(
                || ",,,,".to_owned(),
                |known| {
                    let Known { parameters, steps, step_cost_s, examples, ms_per_s } = known;
                    format!("{parameters},{steps},{examples},{step_cost_s:.4},{ms_per_s:.3}")
                },
            );
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{},{:.4},{low:.4},{high:.4},{},{:.4},{known}",
                row.net,
                row.accuracy,
                row.seeds.len(),
                row.cross_entropy
            );
        }
        text
    }

    /// # Errors
    /// The file cannot be written.
    pub(super) fn draw(&self, path: &Path) -> Result<()> {
        let bar = |row: &&Row| Bar { name: row.net.clone(), value: row.accuracy, interval: row.interval };
        let bars: Vec<Bar> = self.sorted().iter().map(bar).collect();
        intervals(&format!("Genre, {}: accuracy", self.collection), &self.about(), &bars, path)
    }
}

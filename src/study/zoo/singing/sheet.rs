//! A table as Markdown, as CSV and as a picture.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use super::cell::Figures;
use crate::nets::Model;
use crate::study::compare;
use crate::study::picture::intervals::{Bar, intervals};
use crate::study::zoo::plan::Plan;

/// A net's row.
pub(super) struct Row {
    net: String,
    seed: Option<u64>,
    figures: Figures,
    parameters: usize,
    /// Look-ahead and half a window, ms.
    latency_ms: f64,
    /// Milliseconds of one core per second of audio, without the front end.
    ms_per_s: f64,
    /// Of a net that was trained for the table.
    plan: Option<Plan>,
}

impl Row {
    /// # Errors
    /// A net that does not run.
    pub(super) fn of(net: &str, trained: Option<(u64, Plan)>, model: &Model, figures: Figures) -> Result<Self> {
        let (parameters, times_real_time) = compare::speed(model)?;
        Ok(Self {
            net: net.to_owned(),
            seed: trained.map(|(seed, _)| seed),
            figures,
            parameters,
            latency_ms: compare::latency_ms(&model.card),
            ms_per_s: 1e3 / times_real_time,
            plan: trained.map(|(_, plan)| plan),
        })
    }

    fn name(&self) -> String {
        self.seed.filter(|&seed| seed > 1).map_or_else(|| self.net.clone(), |seed| format!("{} ({seed})", self.net))
    }
}

/// The whole table.
pub(super) struct Sheet<'a> {
    pub(super) rows: &'a [Row],
    /// What was learned from.
    pub(super) sets: &'a str,
    /// Songs that are measured on.
    pub(super) songs: usize,
    pub(super) budget_s: f64,
}

impl Sheet<'_> {
    /// The rows, best first.
    fn sorted(&self) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by(|a, b| b.figures.auc.0.total_cmp(&a.figures.auc.0));
        rows
    }

    fn about(&self) -> String {
        format!(
            "{} s of one core for each net; measured on {} songs, nothing selected or calibrated on them",
            self.budget_s, self.songs
        )
    }

    pub(super) fn markdown(&self) -> String {
        let mut text = format!("# Singing, frame by frame\n\nLearned from {}; {}.\n\n", self.sets, self.about());
        text += "| net | AUC | 95 % over songs | accuracy at .5 | 95 % over songs | F1 | false alarms | late by, ms | parameters \
                 | steps | s per step | ms per s of audio |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
        for row in self.sorted() {
            let Figures { accuracy: (accuracy, [a, b]), auc: (auc, [low, high]), f1, alarms } = &row.figures;
            let alarms = alarms.map_or_else(|| "-".to_owned(), |alarms| format!("{alarms:.3}"));
            let plan = row.plan.map_or_else(
                || "- | -".to_owned(),
                |Plan { steps, step_cost_s, .. }| format!("{steps} | {step_cost_s:.2}"),
            );
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "| {} | {auc:.3} | {low:.3} .. {high:.3} | {accuracy:.3} | {a:.3} .. {b:.3} | {f1:.3} | {alarms} | {:.0} | {} | \
                 {plan} | {:.2} |",
                row.name(),
                row.latency_ms,
                row.parameters,
                row.ms_per_s
            );
        }
        text
    }

    pub(super) fn csv(&self) -> String {
        let mut text =
            "net,auc,auc_low,auc_high,accuracy,accuracy_low,accuracy_high,f1,false_alarm_rate,latency_ms,parameters,\
                        steps,step_cost_s,ms_per_s\n"
                .to_owned();
        for row in self.sorted() {
            let Figures { accuracy: (accuracy, [a, b]), auc: (auc, [low, high]), f1, alarms } = &row.figures;
            let alarms = alarms.map_or_else(String::new, |alarms| format!("{alarms:.4}"));
            let plan = row
                .plan
                .map_or_else(|| ",".to_owned(), |Plan { steps, step_cost_s, .. }| format!("{steps},{step_cost_s:.4}"));
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{},{auc:.4},{low:.4},{high:.4},{accuracy:.4},{a:.4},{b:.4},{f1:.4},{alarms},{:.1},{},{plan},{:.3}",
                row.name(),
                row.latency_ms,
                row.parameters,
                row.ms_per_s
            );
        }
        text
    }

    /// # Errors
    /// The file cannot be written.
    pub(super) fn draw(&self, path: &Path) -> Result<()> {
        let bar = |row: &&Row| Bar { name: row.name(), value: row.figures.auc.0, interval: row.figures.auc.1 };
        let bars: Vec<Bar> = self.sorted().iter().map(bar).collect();
        intervals("Singing, frame by frame: AUC", &self.about(), &bars, path)
    }
}

//! A table as Markdown, as CSV (of students, and of tags) and as a picture.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use super::Pupil;
use super::cell::Figures;
use crate::study::picture::intervals::{Bar, intervals};
use crate::study::train::{Lessons, YES};
use crate::study::zoo::plan::Plan;

/// A student's row.
pub(super) struct Row {
    pub(super) pupil: Pupil,
    pub(super) seed: u64,
    pub(super) figures: Figures,
    pub(super) parameters: usize,
    pub(super) plan: Plan,
}

impl Row {
    fn name(&self) -> String {
        let Pupil { hearing, loss, targets } = self.pupil;
        let seed = if self.seed > 1 { format!(" ({})", self.seed) } else { String::new() };
        format!("{}, {}, {}{seed}", hearing.name(), loss.name(), targets.name())
    }
}

/// The whole table.
pub(super) struct Sheet<'a> {
    pub(super) rows: &'a [Row],
    pub(super) lessons: &'a Lessons,
    pub(super) budget_s: f64,
    pub(super) batch: usize,
}

impl Sheet<'_> {
    /// The rows, best first.
    fn sorted(&self) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by(|a, b| b.figures.pr.0.total_cmp(&a.figures.pr.0));
        rows
    }

    fn about(&self) -> String {
        let Lessons { train, valid, .. } = self.lessons;
        format!(
            "{} windows of 3 s to learn from, {} of {} songs to measure on; {} s of one core for each student",
            train.windows.len(),
            valid.windows.len(),
            self.lessons.measured_songs(),
            self.budget_s
        )
    }

    pub(super) fn markdown(&self) -> String {
        let Lessons { teacher, tags, valid, threshold, .. } = self.lessons;
        let bimodal = (0..tags.len()).filter(|&tag| self.lessons.is_bimodal(tag)).count();
        let yes = valid.scores.iter().flat_map(|scores| scores.iter().zip(threshold)).filter(|(s, t)| s >= t).count();
        let chance = yes as f64 / (valid.scores.len() * tags.len()).max(1) as f64;
        let mut text = format!(
            "# Tagging by distillation, teacher {teacher}\n\n{}. Truth is the teacher's own score above the threshold that parts \
             the highest {:.0} % of the windows to learn from, tag by tag; chance is a PR-AUC of {chance:.3}. {bimodal} of {} \
             tags are bi-modal.\n\n",
            self.about(),
            YES * 100.0,
            tags.len()
        );
        text += "| hears | loss | targets | PR-AUC | 95 % over songs | ROC-AUC | 95 % over songs | seed | parameters | steps | \
                 windows seen | s per step |\n|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
        for Row { pupil, seed, figures, parameters, plan } in self.sorted() {
            let Figures { roc: (roc, [a, b]), pr: (pr, [low, high]), .. } = figures;
            let Pupil { hearing, loss, targets } = pupil;
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "| {} | {} | {} | {pr:.3} | {low:.3} .. {high:.3} | {roc:.3} | {a:.3} .. {b:.3} | {seed} | {parameters} | {} | {} | \
                 {:.3} |",
                hearing.name(),
                loss.name(),
                targets.name(),
                plan.steps,
                plan.steps * self.batch as u64,
                plan.step_cost_s
            );
        }
        text
    }

    pub(super) fn csv(&self) -> String {
        let mut text =
            "hears,loss,targets,seed,pr_auc,pr_low,pr_high,roc_auc,roc_low,roc_high,parameters,steps,step_cost_s\n"
                .to_owned();
        for Row { pupil, seed, figures, parameters, plan } in self.sorted() {
            let Figures { roc: (roc, [a, b]), pr: (pr, [low, high]), .. } = figures;
            let Pupil { hearing, loss, targets } = pupil;
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{},{},{},{seed},{pr:.4},{low:.4},{high:.4},{roc:.4},{a:.4},{b:.4},{parameters},{},{:.4}",
                hearing.name(),
                loss.name(),
                targets.name(),
                plan.steps,
                plan.step_cost_s
            );
        }
        text
    }

    /// Every student's figures for every tag.
    pub(super) fn tags(&self) -> String {
        let mut text = "tag,bimodality,is_bimodal,threshold,hears,loss,targets,seed,pr_auc,roc_auc\n".to_owned();
        for (tag, name) in self.lessons.tags.iter().enumerate() {
            for Row { pupil: Pupil { hearing, loss, targets }, seed, figures, .. } in self.sorted() {
                let [roc, pr] =
                    figures.tags[tag].map(|area| area.map_or_else(String::new, |area| format!("{area:.4}")));
                // Labels hold no quotes; commas occur in some.
                let _ = writeln!(
                    text,
                    "\"{name}\",{:.3},{},{:.5},{},{},{},{seed},{pr},{roc}",
                    self.lessons.coefficient[tag],
                    self.lessons.is_bimodal(tag),
                    self.lessons.threshold[tag],
                    hearing.name(),
                    loss.name(),
                    targets.name()
                );
            }
        }
        text
    }

    /// # Errors
    /// The file cannot be written.
    pub(super) fn draw(&self, path: &Path) -> Result<()> {
        let bar = |row: &&Row| Bar { name: row.name(), value: row.figures.pr.0, interval: row.figures.pr.1 };
        let bars: Vec<Bar> = self.sorted().iter().map(bar).collect();
        intervals(
            &format!("Tagging by distillation, teacher {}: PR-AUC", self.lessons.teacher),
            &self.about(),
            &bars,
            path,
        )
    }
}

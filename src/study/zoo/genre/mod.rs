//! Every net for clips trained on the same labelled spectra with the same budget.

mod cell;
mod sheet;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::plan::Plan;
use super::{TableProgress, kept_as};
use crate::nets::Model;
use crate::nets::systems::SYSTEMS;
use crate::study::outputs::make_directory;
use crate::study::probe::{Probe, Settings};
use crate::study::train::{ClipProgress, ClipSettings, Material, step_cost_s, train_on};
use cell::Cell;
use sheet::{Facts, Row};

/// The name of the row that is no net: a linear classifier on means and deviations of the bands.
pub const STATISTICS: &str = "statistics";

/// What a table is made of.
#[derive(Debug, Clone)]
pub struct TableSettings {
    /// Labelled spectra to learn from, of one collection.
    pub data: PathBuf,
    /// Labelled spectra of the same classes to measure on; nothing is selected on them.
    pub valid: PathBuf,
    /// The nets; see [`all_nets`].
    pub nets: Vec<String>,
    /// How often each net is trained; seeds count from 1.
    pub seeds: u64,
    /// Processor seconds of training for each net and seed.
    pub budget_s: f64,
    /// The directory that takes the table.
    pub out: PathBuf,
    /// The directory that takes models and finished cells.
    pub run: PathBuf,
}

/// Every net that a table may hold, the linear classifier first.
#[must_use]
pub fn all_nets() -> Vec<&'static str> {
    [STATISTICS, "compact"].into_iter().chain(SYSTEMS.map(|system| system.name)).collect()
}

/// Trains what is not trained yet and writes the table as it stands after each cell. `false` if it was stopped; the same
/// call goes on.
///
/// # Errors
/// Unreadable spectra, a run directory of another table, a full disk.
pub fn table(settings: &TableSettings, progress: &(impl ClipProgress + TableProgress)) -> Result<bool> {
    make_directory(&settings.run)?;
    make_directory(&settings.out)?;
    let basis = clip_settings(settings, "compact", 1, 1);
    let material = Material::read(&basis)?;
    let (collection, valid) = material.only()?;
    let plan_of = |net: &str| -> Result<Plan> {
        Plan::kept(&settings.run, net, settings.budget_s, || {
            step_cost_s(&material, &clip_settings(settings, net, 1, 1))
        })
    };
    let mut rows: Vec<Row> = Vec::new();
    let cells = settings.nets.len() * settings.seeds as usize;
    for (at, net) in settings.nets.iter().enumerate() {
        let mut done = Vec::new();
        let mut facts = Facts::default();
        for seed in 1..=settings.seeds {
            let path = settings.run.join(format!("{net}-{seed}.json"));
            let cell = if net == STATISTICS {
                match Cell::read(&path, settings.budget_s, &valid.ids)? {
                    Some(cell) => cell,
                    None => statistics(&material)?.written(&path, settings.budget_s)?,
                }
            } else {
                let plan = plan_of(net)?;
                let run = clip_settings(settings, net, seed, plan.steps);
                let cell = match Cell::read(&path, settings.budget_s, &valid.ids)? {
                    Some(cell) => cell,
                    None => {
                        progress.cell(net, seed, at * settings.seeds as usize + seed as usize, cells, plan.steps);
                        if !train_on(&material, &run, progress)? {
                            return Ok(false);
                        }
                        let model = Model::from_file(&run.out).context("the model that was just trained")?;
                        Cell::of(&model, valid)?.written(&path, settings.budget_s)?
                    }
                };
                if seed == 1 {
                    let model = Model::from_file(&run.out).with_context(|| run.out.display().to_string())?;
                    facts = Facts::of(&model, plan, material.examples(&run)?)?;
                }
                cell
            };
            progress.finished(net, seed, &format!("accuracy {:.3}", cell.accuracy(&valid.labels)));
            done.push(cell);
        }
        rows.push(Row::of(net, &facts, &done, &valid.labels));
        let sheet = sheet::Sheet { collection, settings, rows: &rows, clips: material.sizes() };
        let name = format!("genre-{collection}");
        kept_as(&settings.out, &name, &sheet.markdown(), &sheet.csv())?;
        sheet.draw(&settings.out.join(format!("{name}.png")))?;
    }
    Ok(true)
}

fn clip_settings(settings: &TableSettings, net: &str, seed: u64, steps: u64) -> ClipSettings {
    ClipSettings {
        net: net.to_owned(),
        data: vec![settings.data.clone()],
        valid: vec![settings.valid.clone()],
        without: Vec::new(),
        out: settings.run.join(format!("{net}-{seed}.safetensors")),
        steps,
        batch: None,
        rate: None,
        teacher: false,
        // Measured once, at the end: nothing is selected.
        validate_every: steps,
        seed,
    }
}

/// The linear classifier.
fn statistics(material: &Material) -> Result<Cell> {
    let (train, valid) = material.both()?;
    let rows = |spectra: &crate::study::spectra::Spectra| -> Vec<Vec<f32>> {
        spectra.clips.iter().map(|clip| crate::study::spectra::statistics(clip)).collect()
    };
    let (learned, asked) = (rows(train), rows(valid));
    let learned: Vec<&[f32]> = learned.iter().map(Vec::as_slice).collect();
    let probe = Probe::fit(&learned, &train.labels, train.classes.len(), &Settings::default())?;
    let answer = |(row, &label): (&Vec<f32>, &usize)| -> Result<(usize, f64)> {
        let said = probe.probability(row)?;
        ensure!(label < said.len(), "a class that is not among those to learn from");
        let class = (0..said.len()).max_by(|&a, &b| said[a].total_cmp(&said[b])).unwrap_or_default();
        Ok((class, -f64::from(said[label].max(1e-9)).ln()))
    };
    let answers: Vec<(usize, f64)> = asked.iter().zip(&valid.labels).map(answer).collect::<Result<_>>()?;
    Ok(Cell::from_answers(&valid.ids, answers.into_iter()))
}

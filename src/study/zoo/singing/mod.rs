//! Singing detectors trained on the same labelled songs with the same budget, and others beside them, measured frame by frame.

mod cell;
mod sheet;

use std::path::PathBuf;

use anyhow::{Context, Result};
use candle_core::Device;

use super::plan::Plan;
use super::{TableProgress, kept_as};
use crate::nets::Model;
use crate::study::outputs::make_directory;
use crate::study::train::{NetKind, Progress, Settings, Songs, hear_songs, train_on_songs, voice_step_cost_s};
use cell::Cell;
use sheet::{Row, Sheet};

/// The nets that start from nothing.
pub const NETS: [NetKind; 5] =
    [NetKind::Crnn, NetKind::Lstm, NetKind::LstmBi, NetKind::FeedForward, NetKind::FeedForwardNonlocal];

/// Scenes of 10 s in a batch: a small number, because the budget counts steps of it.
const BATCH: usize = 6;
/// Peak learning rate, as the references are trained elsewhere in the documents.
const RATE: f64 = 3e-3;

/// What a table is made of.
#[derive(Debug, Clone)]
pub struct SingingSettings {
    /// Indices of labelled songs: learned from are those of the split `train`, measured those of `valid`.
    pub data: Vec<PathBuf>,
    /// The names of the nets, which are among [`NETS`].
    pub nets: Vec<String>,
    /// Model files that are measured beside them as they are.
    pub beside: Vec<PathBuf>,
    /// How often each net is trained; seeds count from 1.
    pub seeds: u64,
    /// Processor seconds of training for each net and seed.
    pub budget_s: f64,
    /// The directory that takes the table.
    pub out: PathBuf,
    /// The directory that takes models and finished cells.
    pub run: PathBuf,
}

/// Trains what is not trained yet and writes the table as it stands after each cell. `false` if it was stopped; the same
/// call goes on.
///
/// # Errors
/// Unreadable songs, a run directory of another table, a full disk.
pub fn table(settings: &SingingSettings, progress: &(impl Progress + TableProgress)) -> Result<bool> {
    make_directory(&settings.run)?;
    make_directory(&settings.out)?;
    let songs = Songs::read(&settings.data, &|done, all| progress.reading(done, all))?;
    let mut rows = Vec::new();
    for file in &settings.beside {
        let model = Model::from_file(file).with_context(|| file.display().to_string())?;
        let path = settings.run.join(format!("beside-{}.json", model.card.name));
        let cell = match Cell::read(&path, None, songs.held_out())? {
            Some(cell) => cell,
            None => Cell::of(songs.held_out(), &hear_songs(&songs, &model)?).written(&path, None)?,
        };
        rows.push(Row::of(&model.card.name, None, &model, cell.figures())?);
    }
    let cells = settings.nets.len() * settings.seeds as usize;
    for (number, (net, seed)) in pairs(settings).enumerate() {
        let kind = NETS.into_iter().find(|kind| kind.name() == net);
        let kind = kind.with_context(|| format!("{net} is no singing detector that starts from nothing"))?;
        let plan = Plan::kept(&settings.run, net, settings.budget_s, || {
            voice_step_cost_s(&songs, &run_settings(settings, net, kind, 1, 1))
        })?;
        let run = run_settings(settings, net, kind, seed, plan.steps);
        let path = settings.run.join(format!("{net}-{seed}.json"));
        let cell = match Cell::read(&path, Some(settings.budget_s), songs.held_out())? {
            Some(cell) => cell,
            None => {
                progress.cell(net, seed, number + 1, cells, plan.steps);
                if !train_on_songs(&songs, &run, &Device::Cpu, progress)? {
                    return Ok(false);
                }
                let model = Model::from_file(&run.out).context("the model that was just trained")?;
                Cell::of(songs.held_out(), &hear_songs(&songs, &model)?).written(&path, Some(settings.budget_s))?
            }
        };
        let model = Model::from_file(&run.out).with_context(|| run.out.display().to_string())?;
        let figures = cell.figures();
        progress.finished(net, seed, &format!("AUC {:.3}, accuracy {:.3}", figures.auc.0, figures.accuracy.0));
        rows.push(Row::of(net, Some((seed, plan)), &model, figures)?);
        let sheet =
            Sheet { rows: &rows, sets: &songs.sets, songs: songs.held_out().count(), budget_s: settings.budget_s };
        kept_as(&settings.out, "singing", &sheet.markdown(), &sheet.csv())?;
        sheet.draw(&settings.out.join("singing.png"))?;
    }
    Ok(true)
}

/// Every net with every seed.
fn pairs(settings: &SingingSettings) -> impl Iterator<Item = (&str, u64)> {
    settings.nets.iter().flat_map(|net| (1..=settings.seeds).map(move |seed| (net.as_str(), seed)))
}

fn run_settings(settings: &SingingSettings, net: &str, kind: NetKind, seed: u64, steps: u64) -> Settings {
    Settings {
        net: kind,
        data: settings.data.clone(),
        out: settings.run.join(format!("{net}-{seed}.safetensors")),
        init: PathBuf::new(),
        steps,
        batch: BATCH,
        rate: RATE,
        look_ahead_frames: 0,
        patience: 0,
        // Measured once, at the end: nothing is selected.
        validate_every: steps,
        calibrates: false,
        seed,
    }
}

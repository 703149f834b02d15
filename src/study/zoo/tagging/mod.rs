//! Students that learn from a tagger what it says of real audio: on the spectrogram or on the waveform, by cross-entropy,
//! squared difference or whichever fits each tag, from its scores as they are or binarised.

mod cell;
mod sheet;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::plan::Plan;
use super::{TableProgress, kept_as};
use crate::engine::ModelSet;
use crate::nets::Score;
use crate::study::outputs::{make_directory, replace};
use crate::study::train::{
    DistilSettings, Hearing, Lessons, Loss, Progress, Targets, ask_student, distil, distil_step_cost_s, publish_student,
};
use cell::{Cell, Figures};
use sheet::{Row, Sheet};

/// What students hear, by their names on the command line.
pub const NETS: [Hearing; 2] = [Hearing::Spectrogram, Hearing::Waveform];
/// The taggers that teach.
pub const TEACHERS: [&str; 3] = ["musicnn-mtt", "musicnn-msd", "ced-tiny"];

const LOSSES: [Loss; 3] = [Loss::CrossEntropy, Loss::Squared, Loss::Combined];
const TARGETS: [Targets; 2] = [Targets::Soft, Targets::Hard];
/// Windows in a batch.
const BATCH: usize = 16;
/// Peak learning rate.
const RATE: f64 = 2e-3;

/// What a table is made of.
#[derive(Debug, Clone)]
pub struct TaggingSettings {
    /// Indices of songs: learned from are those of the split `train`, measured those of `valid`; labels are not used.
    pub data: Vec<PathBuf>,
    /// One of [`TEACHERS`].
    pub teacher: String,
    /// What the students hear.
    pub nets: Vec<Hearing>,
    /// How often each student is trained; seeds count from 1.
    pub seeds: u64,
    /// Processor seconds of training for each student and seed.
    pub budget_s: f64,
    /// The directory that takes the table.
    pub out: PathBuf,
    /// The directory that takes weights and finished cells.
    pub run: PathBuf,
}

/// One kind of student.
#[derive(Debug, Clone, Copy)]
struct Pupil {
    hearing: Hearing,
    loss: Loss,
    targets: Targets,
}

/// Trains what is not trained yet and writes the table as it stands after each cell. `false` if it was stopped; the same
/// call goes on.
///
/// # Errors
/// Unreadable songs, a run directory of another table, a full disk.
pub fn table(settings: &TaggingSettings, progress: &(impl Progress + TableProgress)) -> Result<bool> {
    make_directory(&settings.run)?;
    make_directory(&settings.out)?;
    let lessons = lessons(&settings.data, &settings.teacher, &settings.run, progress)?;
    let mut rows = Vec::new();
    let cells = pupils(settings).count();
    for (number, (pupil, seed)) in pupils(settings).enumerate() {
        let hears = pupil.hearing.name();
        // Losses cost next to nothing: what a step costs depends on what is heard.
        let plan = Plan::kept(&settings.run, hears, settings.budget_s, || {
            distil_step_cost_s(&lessons, &run_settings(settings, pupil, 1, 1))
        })?;
        let run = run_settings(settings, pupil, seed, plan.steps);
        let name = format!("{hears}, {}, {}", pupil.loss.name(), pupil.targets.name());
        let path = run.out.with_extension("json");
        let cell = match Cell::read(&path, settings.budget_s, lessons.valid.windows.len())? {
            Some(cell) => cell,
            None => {
                progress.cell(&name, seed, number + 1, cells, plan.steps);
                if !distil(&lessons, &run, progress)? {
                    return Ok(false);
                }
                let (parameters, said) = ask_student(&lessons, &run)?;
                Cell::new(parameters, said, settings.budget_s).written(&path)?
            }
        };
        let figures = cell.figures(&lessons);
        progress.finished(&name, seed, &format!("PR-AUC {:.3}, ROC-AUC {:.3}", figures.pr.0, figures.roc.0));
        rows.push(Row { pupil, seed, figures, parameters: cell.parameters, plan });
        let sheet = Sheet { rows: &rows, lessons: &lessons, budget_s: settings.budget_s, batch: BATCH };
        kept_as(&settings.out, "tagging", &sheet.markdown(), &sheet.csv())?;
        replace(&settings.out.join("tagging-tags.csv"), sheet.tags().as_bytes())?;
        sheet.draw(&settings.out.join("tagging.png"))?;
    }
    Ok(true)
}

/// One student on the spectrogram.
#[derive(Debug, Clone)]
pub struct StudentSettings {
    /// As in [`TaggingSettings`].
    pub data: Vec<PathBuf>,
    /// One of [`TEACHERS`].
    pub teacher: String,
    /// The model file to write; beside it comes a folder with what the teacher said and the checkpoint.
    pub out: PathBuf,
    /// Steps in all.
    pub steps: u64,
    /// Windows in a batch; `None` for as many as in the tables.
    pub batch: Option<usize>,
    /// Peak learning rate; `None` for that of the tables.
    pub rate: Option<f64>,
    /// Everything random follows from it.
    pub seed: u64,
}

/// Trains a student with the loss that leads the table, and writes it as a model with how well it imitates its teacher on
/// the split `valid`, on which nothing is selected: PR-AUC and ROC-AUC. `None` if it was stopped; the same call goes on.
///
/// # Errors
/// Unreadable songs, a folder of another run, a full disk.
pub fn student(settings: &StudentSettings, progress: &impl Progress) -> Result<Option<[f64; 2]>> {
    let folder = settings.out.with_extension("run");
    make_directory(&folder)?;
    let lessons = lessons(&settings.data, &settings.teacher, &folder, progress)?;
    let run = DistilSettings {
        hearing: Hearing::Spectrogram,
        loss: Loss::Combined,
        targets: Targets::Soft,
        out: folder.join("student.safetensors"),
        steps: settings.steps,
        batch: settings.batch.unwrap_or(BATCH),
        rate: settings.rate.unwrap_or(RATE),
        seed: settings.seed,
    };
    if !distil(&lessons, &run, progress)? {
        return Ok(None);
    }
    let (parameters, said) = ask_student(&lessons, &run)?;
    let Figures { roc: (roc, _), pr: (pr, _), .. } = Cell::new(parameters, said, 0.0).figures(&lessons);
    let score = |metric: &str, value: f64| Score {
        data: format!("what {} says of {} songs, valid", lessons.teacher, lessons.measured_songs()),
        metric: metric.to_owned(),
        value: (value * 1e4).round() / 1e4,
    };
    publish_student(&run.out, &settings.out, vec![score("PR-AUC", pr), score("ROC-AUC", roc)])?;
    Ok(Some([pr, roc]))
}

/// The songs and what the teacher says of them, which is kept in `folder`.
fn lessons(data: &[PathBuf], teacher: &str, folder: &Path, progress: &impl Progress) -> Result<Lessons> {
    let taggers = ModelSet::embedded()?.build()?.taggers;
    let teaching = taggers.iter().find(|tagger| tagger.card.name == teacher);
    let teaching = teaching.with_context(|| format!("{teacher} is no tagger inside this program"))?;
    Lessons::read(data, teaching, &folder.join("teacher.json"), progress)
}

/// Every student with every seed.
fn pupils(settings: &TaggingSettings) -> impl Iterator<Item = (Pupil, u64)> {
    let all = TARGETS.into_iter().flat_map(|targets| LOSSES.map(|loss| (loss, targets)));
    let all =
        all.flat_map(|(loss, targets)| settings.nets.iter().map(move |&hearing| Pupil { hearing, loss, targets }));
    all.flat_map(|pupil| (1..=settings.seeds).map(move |seed| (pupil, seed)))
}

fn run_settings(settings: &TaggingSettings, pupil: Pupil, seed: u64, steps: u64) -> DistilSettings {
    let Pupil { hearing, loss, targets } = pupil;
    let file = format!("{}-{}-{}-{seed}.safetensors", hearing.name(), loss.name(), targets.name());
    DistilSettings { hearing, loss, targets, out: settings.run.join(file), steps, batch: BATCH, rate: RATE, seed }
}

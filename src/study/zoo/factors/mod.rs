//! Latent factors: a net learns from spectra where clips lie in another net's embedding, and clips are searched by what it
//! says of them.

mod filters;
mod retrieval;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::plan::Plan;
use super::{TableProgress, kept_as};
use crate::nets::systems::system;
use crate::study::outputs::{make_directory, replace};
use crate::study::picture::intervals::{Bar, intervals};
use crate::study::spectra::{Spectra, collection_of, statistics};
use crate::study::train::{
    ClipProgress, FACTORS, FactorSettings, ask_factors, factor_step_cost_s, learn_factors, true_factors,
};
use retrieval::{Figure, NEIGHBOURS, Retrieval, by_chance};

/// The net that was published with factors.
pub const NETS: [&str; 1] = ["dieleman"];

/// What a table is made of.
#[derive(Debug, Clone)]
pub struct FactorTable {
    /// Spectra with embeddings to learn from.
    pub data: PathBuf,
    /// Those to search in.
    pub valid: PathBuf,
    /// How often the net is trained; seeds count from 1.
    pub seeds: u64,
    /// Processor seconds of training for each seed.
    pub budget_s: f64,
    /// The directory that takes the table.
    pub out: PathBuf,
    /// The directory that takes weights and finished cells.
    pub run: PathBuf,
}

/// A way to place clips.
struct Row {
    space: String,
    width: usize,
    /// Share of the nearest of the clip's genre.
    precision: Figure,
    /// Share of the nearest that are the embedding's nearest.
    agreement: Figure,
    /// Share of the factors' variance that is explained; nothing where there are no factors.
    explained: Option<f64>,
    parameters: Option<usize>,
    steps: Option<u64>,
}

/// Trains what is not trained yet and writes the table, the list of what excites each filter, and the first layer's filters.
/// `false` if it was stopped; the same call goes on.
///
/// # Errors
/// Unreadable spectra or such without embeddings, a run directory of another table, a full disk.
pub fn table(settings: &FactorTable, progress: &(impl ClipProgress + TableProgress)) -> Result<bool> {
    make_directory(&settings.run)?;
    make_directory(&settings.out)?;
    let read = |file: &PathBuf| Spectra::read(file).with_context(|| file.display().to_string());
    let (train, valid) = (read(&settings.data)?, read(&settings.valid)?);
    ensure!(!valid.embeddings.is_empty(), "{} has no embeddings to compare with", settings.valid.display());
    let truth: Vec<Vec<f32>> = valid.embeddings.iter().map(|embedding| true_factors(embedding)).collect();
    let embedding = Retrieval::new(&valid.embeddings);
    let place = |space: &str, rows: &[Vec<f32>]| {
        let retrieval = Retrieval::new(rows);
        Row {
            space: space.to_owned(),
            width: rows.first().map_or(0, Vec::len),
            precision: retrieval.precision(&valid.labels),
            agreement: retrieval.agreement(&embedding),
            explained: None,
            parameters: None,
            steps: None,
        }
    };
    let bands: Vec<Vec<f32>> = valid.clips.iter().map(|clip| statistics(clip)).collect();
    let mut rows = vec![
        place("the embedding itself", &valid.embeddings),
        place("the factors to learn", &truth),
        place("statistics of the bands", &bands),
    ];
    let [net] = NETS;
    let run = |seed, steps| {
        let out = settings.run.join(format!("{net}-{seed}.safetensors"));
        FactorSettings { net: net.to_owned(), out, steps, seed }
    };
    let plan = Plan::kept(&settings.run, net, settings.budget_s, || factor_step_cost_s(&train, &run(1, 1)))?;
    let collection = collection_of(&settings.data);
    same_clips(settings, &train, &valid)?;
    for seed in 1..=settings.seeds {
        let run = run(seed, plan.steps);
        if !run.out.exists() {
            progress.cell(net, seed, seed as usize, settings.seeds as usize, plan.steps);
            if !learn_factors(&train, &run, progress)? {
                return Ok(false);
            }
        }
        let asked = ask_factors(&valid, net, &run.out)?;
        let explained = explained(&asked.factors, &truth);
        let mut row = place(&format!("{net}, seed {seed}"), &asked.factors);
        row.explained = Some(explained);
        row.parameters = Some(asked.parameters);
        row.steps = Some(plan.steps);
        progress.finished(net, seed, &format!("precision {:.3}, explained {explained:.3}", row.precision.0));
        rows.push(row);
        let name = format!("factors-{collection}");
        let about = format!(
            "{} clips to learn from, {} to search in; {} s of one core for each seed",
            train.clips.len(),
            valid.clips.len(),
            settings.budget_s
        );
        let pure = filters::purity(&asked, &valid).join("; ");
        kept_as(
            &settings.out,
            &name,
            &markdown(&rows, &collection, &about, by_chance(&valid.labels), &pure),
            &csv(&rows),
        )?;
        let bars: Vec<Bar> = rows.iter().map(Row::bar).collect();
        let title = format!("Latent factors, {collection}: precision at {NEIGHBOURS}");
        intervals(&title, &about, &bars, &settings.out.join(format!("{name}.png")))?;
        if seed == 1 {
            let bands = system(net).map_or(1, |system| system.bands);
            replace(&settings.run.join("filters.csv"), filters::csv(&asked, &valid).as_bytes())?;
            filters::draw(&asked, &valid, bands, &settings.out.join(format!("filters-{collection}.png")))?;
        }
    }
    Ok(true)
}

/// Notes in the run's directory which clips its weights are of, or makes sure that they are these.
///
/// # Errors
/// Weights of other clips, a full disk.
fn same_clips(settings: &FactorTable, train: &Spectra, valid: &Spectra) -> Result<()> {
    let path = settings.run.join("clips.json");
    let now = serde_json::to_string(&[&train.ids, &valid.ids])?;
    if !path.exists() {
        return replace(&path, now.as_bytes());
    }
    let kept = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    ensure!(kept == now, "{} is of a table with other clips; choose another --run", path.display());
    Ok(())
}

impl Row {
    fn bar(&self) -> Bar {
        Bar { name: self.space.clone(), value: self.precision.0, interval: self.precision.1 }
    }
}

/// Share of the truth's variance about its means that `said` explains, all factors together.
fn explained(said: &[Vec<f32>], truth: &[Vec<f32>]) -> f64 {
    let count = truth.len().max(1) as f64;
    let mean = |factor: usize| truth.iter().map(|row| f64::from(row[factor])).sum::<f64>() / count;
    let means: Vec<f64> = (0..FACTORS).map(mean).collect();
    let (mut left, mut all) = (0.0, 0.0);
    for (said, truth) in said.iter().zip(truth) {
        for ((said, &truth), mean) in said.iter().zip(truth).zip(&means) {
            left += f64::from(said - truth).powi(2);
            all += (f64::from(truth) - mean).powi(2);
        }
    }
    1.0 - left / all.max(1e-12)
}

fn markdown(rows: &[Row], collection: &str, about: &str, chance: f64, pure: &str) -> String {
    let mut text = format!(
        "# Latent factors, {collection}\n\n{about}. Precision is the share of a clip's {NEIGHBOURS} nearest that have its genre \
         (at random: {chance:.3}); agreement is the share of them that are among its {NEIGHBOURS} nearest by the embedding.\n\n\
         | space | values | precision | 95 % over clips | agreement | 95 % over clips | variance explained | parameters | steps \
         |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n"
    );
    let or = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    for row in rows {
        let ((precision, [low, high]), (agreement, [a, b])) = (row.precision, row.agreement);
        let explained = or(row.explained.map(|share| format!("{share:.3}")));
        let parameters = or(row.parameters.map(|count| count.to_string()));
        let steps = or(row.steps.map(|count| count.to_string()));
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {precision:.3} | {low:.3} .. {high:.3} | {agreement:.3} | {a:.3} .. {b:.3} | {explained} | \
             {parameters} | {steps} |",
            row.space, row.width
        );
    }
    let _ = writeln!(text, "\nFilters that are excited most by five clips of one genre: {pure}.");
    text
}

fn csv(rows: &[Row]) -> String {
    let mut text =
        "space,values,precision,precision_low,precision_high,agreement,agreement_low,agreement_high,explained,parameters,steps\n"
            .to_owned();
    for Row {
        space,
        width,
        precision: (p, [low, high]),
        agreement: (agreement, [a, b]),
        explained,
        parameters,
        steps,
    } in rows
    {
        let explained = explained.map_or_else(String::new, |share| format!("{share:.4}"));
        let [parameters, steps] = [parameters.map(|count| count as u64), *steps]
            .map(|count| count.map_or_else(String::new, |count| count.to_string()));
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "\"{space}\",{width},{p:.4},{low:.4},{high:.4},{agreement:.4},{a:.4},{b:.4},{explained},{parameters},{steps}"
        );
    }
    text
}

//! `earmark zoo`

mod tables;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::console::Console;
use super::{Outcome, models};
use crate::engine::ModelSet;
use crate::listen::FrontEnd;
use crate::nets::{Card, Model, Provenance, Score, Task};
use crate::study::zoo::listed::{Listed, untrained};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Model files to list in place of the networks inside this program.
    #[arg(value_name = "FILE", conflicts_with = "table")]
    files: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long, conflicts_with = "table")]
    json: bool,
    #[command(flatten)]
    tables: tables::Arguments,
}

impl Arguments {
    /// Whether nets are trained, not listed.
    pub(super) fn makes_table(&self) -> bool {
        self.tables.table.is_some()
    }
}

/// What is said of a network. The field names are a promise to scripts.
#[derive(Serialize)]
struct Listing<'a> {
    name: &'a str,
    task: Task,
    architecture: &'a str,
    description: &'a str,
    parameters: usize,
    labels: usize,
    front_end: &'a FrontEnd,
    training_data: &'a str,
    source: &'a str,
    attribution: &'a str,
    licence: &'a str,
    provenance: Option<&'a Provenance>,
    scores: &'a [Score],
    /// Milliseconds of one core per second of audio, without the front end; `null` for what hears no audio by itself.
    cost_ms_per_s: Option<f64>,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    if let Some(table) = arguments.tables.table {
        return tables::run(table, &arguments.tables, console);
    }
    let mut outcome = Outcome::Done;
    let known = if arguments.files.is_empty() {
        built_in()?
    } else {
        let load = |file: &PathBuf| {
            let model = Model::from_file(file).map_err(|error| {
                console.error(Some(file), &models::unfit(error));
                outcome = Outcome::Failed;
            });
            model.ok().map(Listed::from)
        };
        arguments.files.iter().filter_map(load).collect()
    };
    if arguments.json {
        let listings: Vec<Listing<'_>> = known.iter().map(listing).collect();
        console.print(&(serde_json::to_string(&listings)? + "\n"));
    } else {
        console.print(&known.iter().map(text).collect::<Vec<_>>().join("\n"));
    }
    Ok(outcome)
}

/// The nets inside this program, then the systems that it can train.
fn built_in() -> Result<Vec<Listed>> {
    let models = ModelSet::embedded()?.build()?;
    let inside = std::iter::once(models.vocal).chain(models.taggers).chain(models.coarse).map(Listed::from);
    Ok(inside.chain(untrained()?).collect())
}

fn listing(model: &Listed) -> Listing<'_> {
    let Card { name, task, architecture, description, front_end, labels, .. } = &model.card;
    let Card { licence, attribution, source, training_data, provenance, scores, .. } = &model.card;
    Listing {
        name,
        task: *task,
        architecture,
        description,
        parameters: model.parameters,
        labels: labels.len(),
        front_end,
        training_data,
        source,
        attribution,
        licence,
        provenance: provenance.as_ref(),
        scores,
        cost_ms_per_s: model.cost_ms_per_s,
    }
}

fn text(model: &Listed) -> String {
    let card = &model.card;
    let task = match card.task {
        Task::Vocal => "vocal",
        Task::Tags => "tags",
        Task::Genre => "genre",
    };
    let FrontEnd { sample_rate_hz, n_mels, window_length, .. } = card.front_end;
    let rate = f64::from(sample_rate_hz);
    let (window_ms, hop_ms) = (1000.0 * window_length as f64 / rate, 1000.0 * card.front_end.hop_s());
    let mut text = format!("{} ({task}, {})\n  {}\n", card.name, card.architecture, card.description);
    let size = match model.parameters {
        few if few < 1_000_000 => format!("{:.1} k parameters", few as f64 / 1e3),
        many => format!("{:.2} M parameters", many as f64 / 1e6),
    };
    let labels = match card.labels.len() {
        0 => String::new(),
        labels => format!(", {labels} labels"),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "  size       {size}{labels}");
    let _ = writeln!(
        text,
        "  front end  {sample_rate_hz} Hz, {n_mels} mel bands, window {window_ms:.0} ms, hop {hop_ms:.1} ms"
    );
    if let Some(cost) = model.cost_ms_per_s {
        let _ = writeln!(text, "  cost       {cost:.2} ms of one core per second of audio, without the front end");
    }
    let _ = writeln!(text, "  training   {}", card.training_data);
    let _ = writeln!(text, "  source     {} ({})", card.source, card.attribution);
    let _ = writeln!(text, "  licence    {}", card.licence);
    for score in &card.scores {
        let _ = writeln!(text, "  score      {:.3}  {}, {}", score.value, score.metric, score.data);
    }
    text
}

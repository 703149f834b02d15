//! `earmark zoo`

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

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Model files to list in place of the networks inside this program.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
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
}

/// A network that is listed.
struct Known {
    card: Card,
    parameters: usize,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let mut outcome = Outcome::Done;
    let known = if arguments.files.is_empty() {
        built_in()?
    } else {
        let load = |file: &PathBuf| {
            let model = Model::from_file(file).map_err(|error| {
                console.error(Some(file), &models::unfit(error));
                outcome = Outcome::Failed;
            });
            model.ok().map(|model| Known { card: model.card, parameters: model.parameters })
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

fn built_in() -> Result<Vec<Known>> {
    let models = ModelSet::embedded()?.build()?;
    let all = std::iter::once(models.vocal).chain(models.taggers);
    Ok(all.map(|model| Known { card: model.card, parameters: model.parameters }).collect())
}

fn listing(model: &Known) -> Listing<'_> {
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
    }
}

fn text(model: &Known) -> String {
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
    // Writing to a String cannot fail.
    let _ =
        writeln!(text, "  size       {:.2} M parameters, {} labels", model.parameters as f64 / 1e6, card.labels.len());
    let _ = writeln!(
        text,
        "  front end  {sample_rate_hz} Hz, {n_mels} mel bands, window {window_ms:.0} ms, hop {hop_ms:.1} ms"
    );
    let _ = writeln!(text, "  training   {}", card.training_data);
    let _ = writeln!(text, "  source     {} ({})", card.source, card.attribution);
    let _ = writeln!(text, "  licence    {}", card.licence);
    for score in &card.scores {
        let _ = writeln!(text, "  score      {:.3}  {}, {}", score.value, score.metric, score.data);
    }
    text
}

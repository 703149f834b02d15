//! `earmark compare INDEX.csv MODEL...`

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::console::Console;
use super::evaluate::hear_all;
use super::table::aligned;
use super::{Outcome, models, stop};
use crate::engine::DeviceChoice;
use crate::nets::Model;
use crate::study::compare::{COLUMNS, Row, cells, csv, markdown, row, speed};
use crate::study::evaluate::index::{self, Entry};
use crate::study::outputs::replace;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// CSV with the columns file, labels, split, layout; paths relative to it. Put several together with --more.
    index: PathBuf,
    /// Voice models to compare.
    #[arg(value_name = "MODEL", required = true)]
    models: Vec<PathBuf>,
    /// A further index; may be given several times.
    #[arg(long, value_name = "INDEX.csv")]
    more: Vec<PathBuf>,
    /// Which rows: train, valid, or all.
    #[arg(long, default_value = "valid")]
    split: String,
    /// Write the table as Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Write every net's figures for every set as CSV.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let mut entries = Vec::new();
    for file in [&arguments.index].into_iter().chain(&arguments.more) {
        match index::read(file, &arguments.split) {
            Ok(more) => entries.extend(more),
            Err(error) => {
                console.error(Some(file), &error);
                return Ok(Outcome::Failed);
            }
        }
    }
    let entries: Vec<&Entry> = entries.iter().collect();
    let mut outcome = Outcome::Done;
    let mut rows = Vec::new();
    for file in &arguments.models {
        match measured(file, &entries, console) {
            Ok(Some(row)) => rows.push(row),
            Ok(None) => outcome = Outcome::Failed,
            Err(error) => {
                console.error(Some(file), &error);
                outcome = Outcome::Failed;
            }
        }
        if stop::requested() {
            return Ok(Outcome::Stopped);
        }
    }
    for (file, text) in [(&arguments.markdown, markdown(&rows)), (&arguments.csv, csv(&rows))] {
        if let Some(file) = file {
            replace(file, text.as_bytes())?;
        }
    }
    if arguments.json {
        console.print(&(serde_json::to_string(&rows)? + "\n"));
    } else {
        let header = COLUMNS.map(str::to_owned).to_vec();
        console.print(&aligned(&[header].into_iter().chain(rows.iter().map(cells)).collect::<Vec<_>>()));
    }
    Ok(outcome)
}

/// `None` where something was wrong, which has then been said.
fn measured(file: &PathBuf, entries: &[&Entry], console: &Console) -> Result<Option<Row>> {
    let model = Model::from_file(file).map_err(models::unfit)?;
    let facts = speed(&model)?;
    let Some(engine) = models::start(DeviceChoice::Cpu, Some(file), None, console) else { return Ok(None) };
    let mut whole = true;
    let heard = hear_all(&engine, console, entries, 0.0, |index, result| {
        if let Err(error) = result {
            console.error(Some(&entries[index].audio), &error);
            whole = false;
        }
    });
    // Nets are compared on the same files, or not at all.
    Ok((whole && heard.len() == entries.len()).then(|| row(&model.card, facts, &heard)))
}

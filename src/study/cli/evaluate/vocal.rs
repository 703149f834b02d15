//! `earmark evaluate vocal INDEX.csv`

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::super::console::Console;
use super::super::table::{aligned, share};
use super::super::{Outcome, many, models, stop};
use crate::engine::DeviceChoice;
use crate::study::evaluate::index;
use crate::study::evaluate::vocal::{Figures, Report, frames, report};
use crate::study::hear::Stopped;

#[derive(Debug, Args)]
pub(in crate::study::cli) struct Arguments {
    /// CSV with the columns file, labels, split, layout (mix or stems); paths relative to it.
    index: PathBuf,
    /// Which rows: train, valid, or all.
    #[arg(long, default_value = "valid")]
    split: String,
    /// The vocal network to measure, in place of the built-in one.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Where it runs: auto, cpu, cuda, metal.
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: DeviceChoice,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let entries = match index::read(&arguments.index, &arguments.split) {
        Ok(entries) => entries,
        Err(error) => {
            console.error(Some(&arguments.index), &error);
            return Ok(Outcome::Failed);
        }
    };
    let Some(engine) = models::start(arguments.device, arguments.model.as_ref(), None, console) else {
        return Ok(Outcome::Failed);
    };
    let bar = console.count(entries.len());
    let mut heard = Vec::with_capacity(entries.len());
    let mut model = String::new();
    let mut outcome = Outcome::Done;
    let work = |index: usize| {
        let entry = &entries[index];
        frames(&engine, entry, &console.watch(&entry.audio))
    };
    many::in_order(entries.len(), work, |index, result| {
        bar.inc(1);
        match result {
            Ok((name, frames)) => {
                model = name;
                heard.push((&entries[index], frames));
            }
            Err(error) if error.is::<Stopped>() => {}
            Err(error) => {
                console.error(Some(&entries[index].audio), &error);
                outcome = Outcome::Failed;
            }
        }
        !stop::requested()
    });
    bar.finish_and_clear();
    models::note_device(&engine, console);
    if stop::requested() || heard.is_empty() {
        return Ok(outcome);
    }
    let report = report(model, &arguments.split, &heard);
    if arguments.json {
        console.print(&(serde_json::to_string(&report)? + "\n"));
    } else {
        console.print(&text(&report));
    }
    Ok(outcome)
}

fn text(report: &Report) -> String {
    let header = ["", "files", "hours", "sung", "AUC", "accuracy", "false alarms", "recall", "calibration error"];
    let header: Vec<String> = header.map(str::to_owned).to_vec();
    let named = |name: &str| {
        let mut header = header.clone();
        header[0] = name.to_owned();
        header
    };
    let mut files = vec![named("file")];
    files.extend(report.files.iter().map(row));
    let mut sets = vec![named("set")];
    sets.extend(report.sets.iter().map(row));
    sets.push(row(&report.pooled));
    format!(
        "{}\n{}, split {}, 10 ms frames, threshold {}\n\n{}",
        aligned(&files),
        report.model,
        report.split,
        report.threshold,
        aligned(&sets)
    )
}

fn row(figures: &Figures) -> Vec<String> {
    vec![
        figures.name.clone(),
        figures.files.to_string(),
        format!("{:.3}", figures.seconds / 3600.0),
        share(Some(figures.sung)),
        share(figures.auc),
        share(figures.accuracy),
        share(figures.false_alarm_rate),
        share(figures.recall),
        share(figures.calibration_error),
    ]
}

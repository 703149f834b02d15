//! `earmark evaluate transfer INDEX.csv`

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use super::super::console::Console;
use super::super::models::choose;
use super::super::table::{aligned, share};
use super::super::{Outcome, many, stop};
use crate::study::evaluate::index::{self, Entry};
use crate::study::evaluate::transfer::{Example, Report, examples, report};
use crate::study::features::{Extractor, Layers};
use crate::study::mix::Layout;

#[derive(Debug, Args)]
pub(in crate::study::cli) struct Arguments {
    /// CSV with the columns file, labels, split, layout, group; its files with stems are used, paths are relative to it.
    #[arg(value_name = "INDEX.csv")]
    index: PathBuf,
    /// Which layers: all (of the taggers), last (each one's embedding), voice (the voice network's, which is trained for just
    /// this), mfcc (a baseline), or names of networks and layers; several by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "all,mfcc")]
    layers: Vec<String>,
    /// The genre network whose layers are used, in place of the built-in ones.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let Some(models) = choose(None, arguments.model.as_ref(), console) else { return Ok(Outcome::Failed) };
    let extractor = Extractor::new(&models, Layers::choose(&arguments.layers, &models)?)?;
    let index = &arguments.index;
    let read = |split| index::read(index, split).with_context(|| index.display().to_string());
    let (train, valid) = (read("train")?, read("valid")?);
    let mut outcome = Outcome::Done;
    let mut hear = |entries: Vec<Entry>| {
        hear_all(&extractor, entries, console, |file, error| {
            console.error(Some(file), error);
            outcome = Outcome::Failed;
        })
    };
    let (train, valid) = (hear(train), hear(valid));
    if stop::requested() {
        return Ok(outcome);
    }
    let report = report(extractor.layers(), &train, &valid).with_context(|| index.display().to_string())?;
    if arguments.json {
        console.print(&(serde_json::to_string(&report)? + "\n"));
    } else {
        console.print(&text(&report));
    }
    Ok(outcome)
}

/// The clips of all files with stems; `failed` is told of files that cannot be used.
fn hear_all(
    extractor: &Extractor,
    mut entries: Vec<Entry>,
    console: &Console,
    mut failed: impl FnMut(&Path, &anyhow::Error),
) -> Vec<Example> {
    entries.retain(|entry| entry.layout == Layout::Stems);
    let bar = console.count(entries.len());
    let mut all = Vec::new();
    many::in_order(
        entries.len(),
        |index| examples(extractor, &entries[index]),
        |index, result| {
            bar.inc(1);
            match result {
                Ok(examples) => all.extend(examples),
                Err(error) => failed(&entries[index].audio, &error),
            }
            !stop::requested()
        },
    );
    bar.finish_and_clear();
    all
}

/// A line per probe.
fn text(report: &Report) -> String {
    let sets: Vec<&str> =
        report.probes.first().into_iter().flat_map(|probe| &probe.sets).map(|set| set.set.as_str()).collect();
    let mut header: Vec<String> = ["features", "width", "l2", "train", "accuracy", "AUC"].map(str::to_owned).into();
    header.extend(sets.iter().map(|&set| set.to_owned()));
    let mut rows = vec![header];
    for probe in &report.probes {
        let mut row = vec![probe.features.clone(), probe.width.to_string(), probe.l2.to_string()];
        row.extend([Some(probe.train_accuracy), Some(probe.accuracy), probe.auc].map(share));
        row.extend(probe.sets.iter().map(|set| share(Some(set.accuracy))));
        rows.push(row);
    }
    format!(
        "{}\nfitted to {} clips, judged on {}; train: accuracy in cross-validation\n",
        aligned(&rows),
        report.train_clips,
        report.valid_clips
    )
}

//! `earmark evaluate similar DIR|INDEX.csv`

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::super::console::Console;
use super::super::table::{aligned, share};
use super::super::{Outcome, many, models, stop};
use crate::engine::DeviceChoice;
use crate::study::evaluate::similar::{Kind, Report, entries, report};
use crate::study::hear::{Attention, Stopped, hear};
use crate::study::mix::Mix;

#[derive(Debug, Args)]
pub(in crate::study::cli) struct Arguments {
    /// Directory of audio named <class>.<n>.<extension> (same genre), or a CSV with the columns file, group, layout
    /// (same artist; pieces of one song do not count).
    #[arg(value_name = "DIR|INDEX.csv")]
    path: PathBuf,
    /// Only files whose path in the index begins so.
    #[arg(long, value_name = "PREFIX")]
    only: Option<String>,
    /// Where it runs: auto, cpu, cuda, metal.
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: DeviceChoice,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let (kind, mut entries) = match entries(&arguments.path) {
        Ok(entries) => entries,
        Err(error) => {
            console.error(Some(&arguments.path), &error);
            return Ok(Outcome::Failed);
        }
    };
    if let Some(only) = &arguments.only {
        let base = arguments.path.parent().map(|base| base.join(only)).unwrap_or_default();
        entries.retain(|entry| entry.audio.to_string_lossy().starts_with(&*base.to_string_lossy()));
    }
    let Some(engine) = models::start(arguments.device, None, None, console) else { return Ok(Outcome::Failed) };
    let bar = console.count(entries.len());
    let mut heard = Vec::with_capacity(entries.len());
    let mut taggers = Vec::new();
    let mut outcome = Outcome::Done;
    let work = |index: usize| {
        let entry = &entries[index];
        let watch = console.watch(&entry.audio);
        hear(&engine, &entry.audio, Mix::new(entry.layout, 0.0), Attention::Everything, &watch)
    };
    many::in_order(entries.len(), work, |index, result| {
        bar.inc(1);
        match result {
            Ok(one) => {
                if !one.taggers.is_empty() {
                    taggers = one.taggers;
                }
                heard.push((&entries[index], one.windows));
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
    let report = report(kind, &heard, &taggers);
    console.print(&if arguments.json { serde_json::to_string(&report)? + "\n" } else { text(&report) });
    Ok(outcome)
}

/// The table of all ways, with the bounds below it.
fn text(report: &Report) -> String {
    let header = ["embeddings", "pooling", "standardised", "precision"].map(str::to_owned).to_vec();
    let row = |row: &crate::study::evaluate::similar::Row| {
        let standardised = if row.standardised { "yes" } else { "no" };
        vec![row.embeddings.clone(), row.pooling.clone(), standardised.to_owned(), share(Some(row.precision))]
    };
    let rows: Vec<Vec<String>> = [header].into_iter().chain(report.rows.iter().map(row)).collect();
    let kind = match report.kind {
        Kind::Genre => "genre",
        Kind::Artist => "artist",
    };
    format!(
        "{}\nsame {kind} among the {} nearest: {} tracks, {} labels, at random {}, at best {}\n",
        aligned(&rows),
        report.neighbours,
        report.tracks,
        report.labels,
        share(Some(report.random)),
        share(Some(report.best_possible))
    )
}

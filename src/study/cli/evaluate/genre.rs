//! `earmark evaluate genre DIR|FILE`

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::super::console::Console;
use super::super::table::{aligned, share};
use super::super::{Outcome, many, models, stop};
use crate::engine::DeviceChoice;
use crate::say::envelope::EnvelopeSettings;
use crate::study::analyze::analyze;
use crate::study::evaluate::genre::{Report, choices, entries, report};
use crate::study::hear::Stopped;

#[derive(Debug, Args)]
pub(in crate::study::cli) struct Arguments {
    /// Directory of audio files named <class>.<n>.<extension>, or one such file.
    #[arg(value_name = "DIR|FILE")]
    path: PathBuf,
    /// The genre network to measure, in place of the built-in one.
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
    let entries = match entries(&arguments.path) {
        Ok(entries) => entries,
        Err(error) => {
            console.error(Some(&arguments.path), &error);
            return Ok(Outcome::Failed);
        }
    };
    let Some(engine) = models::start(arguments.device, None, arguments.model.as_ref(), console) else {
        return Ok(Outcome::Failed);
    };
    let bar = console.count(entries.len());
    let mut heard = Vec::with_capacity(entries.len());
    let mut outcome = Outcome::Done;
    let settings = EnvelopeSettings::default();
    let work = |index: usize| {
        let path = &entries[index].path;
        analyze(&engine, path, &settings, &console.watch(path)).map(|analysis| analysis.genre.fixed)
    };
    many::in_order(entries.len(), work, |index, result| {
        bar.inc(1);
        match result {
            Ok(probability) => heard.push((&entries[index], probability)),
            Err(error) if error.is::<Stopped>() => {}
            Err(error) => {
                console.error(Some(&entries[index].path), &error);
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
    let report = report(&choices(&entries), &heard);
    if arguments.json {
        console.print(&(serde_json::to_string(&report)? + "\n"));
    } else {
        console.print(&text(&report));
    }
    Ok(outcome)
}

/// The confusion table (rows: truth, columns: answer) and the shares below it.
fn text(report: &Report) -> String {
    let mut header = vec!["truth".to_owned()];
    header.extend(report.classes.iter().map(|&class| class.to_owned()));
    header.push("right".into());
    let mut rows = vec![header];
    for (truth, answers) in report.confusion.iter().enumerate() {
        let files: u32 = answers.iter().sum();
        if files == 0 {
            continue;
        }
        let mut row = vec![report.classes[truth].to_owned()];
        row.extend(answers.iter().map(|&n| if n == 0 { "·".to_owned() } else { n.to_string() }));
        row.push(share(Some(f64::from(answers[truth]) / f64::from(files))));
        rows.push(row);
    }
    format!(
        "{}\n{} files, accuracy {} among {} classes, {} among all\n",
        aligned(&rows),
        report.files.len(),
        share(Some(report.accuracy)),
        report.classes.len(),
        share(Some(report.accuracy_of_all_classes))
    )
}

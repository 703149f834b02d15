//! `earmark evaluate genre DIR|FILE`

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use super::super::console::Console;
use super::super::table::{aligned, share};
use super::super::{Outcome, many, models, stop};
use crate::engine::DeviceChoice;
use crate::say::envelope::EnvelopeSettings;
use crate::study::analyze::conclude;
use crate::study::evaluate::belief::{self, BeliefReport, course};
use crate::study::evaluate::genre::{Entry, Report, choices, entries, report};
use crate::study::evaluate::spectra::{SpectraReport, clip_net, is_spectra, report as report_spectra};
use crate::study::hear::{Attention, Heard, Stopped, hear};
use crate::study::mix::Mix;

#[derive(Debug, Args)]
pub(in crate::study::cli) struct Arguments {
    /// Directory of audio files named <class>.<n>.<extension>, or one such file; or labelled spectra (.safetensors,
    /// .safetensors.zst).
    #[arg(value_name = "DIR|FILE")]
    path: PathBuf,
    /// The genre network to measure, in place of the built-in one.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Where it runs: auto, cpu, cuda, metal.
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: DeviceChoice,
    /// How the plugin's belief behaves while each file plays: how soon it settles, how often it changes.
    #[arg(long)]
    live: bool,
    /// With --live: time over which readings are averaged, in seconds; the plugin's genre_window.
    #[arg(long, value_name = "S", default_value_t = 8.0)]
    window_s: f32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    if is_spectra(&arguments.path) {
        return Ok(spectra(arguments, console));
    }
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
    let attention = if arguments.live { Attention::Playing } else { Attention::Everything };
    let work = |index: usize| {
        let path = &entries[index].path;
        hear(&engine, path, Mix::default(), attention, &console.watch(path))
    };
    many::in_order(entries.len(), work, |index, result| {
        bar.inc(1);
        match result {
            Ok(one) => heard.push((&entries[index], one)),
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
    if arguments.live {
        let course = |(entry, heard): (&Entry, Heard)| {
            let file = entry.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            course(file, entry.class, &heard.genre, heard.genre_period_s, arguments.window_s)
        };
        let report = belief::report(heard.into_iter().map(course).collect(), arguments.window_s);
        console.print(&if arguments.json { serde_json::to_string(&report)? + "\n" } else { belief_text(&report) });
        return Ok(outcome);
    }
    let settings = EnvelopeSettings::default();
    let concluded: Vec<_> = heard
        .into_iter()
        .map(|(entry, heard)| (entry, conclude(heard, String::new(), &settings).genre.fixed))
        .collect();
    let report = report(&choices(&entries), &concluded);
    if arguments.json {
        console.print(&(serde_json::to_string(&report)? + "\n"));
    } else {
        console.print(&text(&report));
    }
    Ok(outcome)
}

fn belief_text(report: &BeliefReport) -> String {
    let seconds = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.0} s"));
    format!(
        "{} files, readings averaged over {} s: settled after {} (median), {} (95 %); {:.1} changes a minute; unsure {} of \
         the time; right {} of the time that something is said\n",
        report.files.len(),
        report.window_s,
        seconds(report.settled_p50_s),
        seconds(report.settled_p95_s),
        report.changes_per_minute,
        share(Some(report.unsure)),
        share(Some(report.right))
    )
}

/// Measures a net for clips on labelled spectra.
fn spectra(arguments: &Arguments, console: &Console) -> Outcome {
    let failed = |file: Option<&Path>, error: &anyhow::Error| {
        console.error(file, error);
        Outcome::Failed
    };
    let file = arguments.model.as_deref();
    let model = match clip_net(file) {
        Ok(model) => model,
        Err(error) => return failed(file, &error),
    };
    let said = report_spectra(&model, &arguments.path).and_then(|report| {
        Ok(if arguments.json { serde_json::to_string(&report)? + "\n" } else { spectra_text(&report) })
    });
    match said {
        Ok(text) => {
            console.print(&text);
            Outcome::Done
        }
        Err(error) => failed(Some(&arguments.path), &error),
    }
}

fn spectra_text(report: &SpectraReport) -> String {
    let classes: Vec<&str> = report.classes.iter().map(String::as_str).collect();
    format!(
        "{}\n{}: {} clips, accuracy {}, cross-entropy {:.2}\n",
        confusion_text(&classes, &report.confusion),
        report.model,
        report.clips,
        share(Some(report.accuracy)),
        report.cross_entropy
    )
}

/// The confusion table (rows: truth, columns: answer) and the shares below it.
fn text(report: &Report) -> String {
    format!(
        "{}\n{} files, accuracy {} among {} classes, {} among all\n",
        confusion_text(&report.classes, &report.confusion),
        report.files.len(),
        share(Some(report.accuracy)),
        report.classes.len(),
        share(Some(report.accuracy_of_all_classes))
    )
}

/// Rows: truth; columns: answer; the last one: the share of right answers. Classes without a file have no row.
fn confusion_text(classes: &[&str], confusion: &[Vec<u32>]) -> String {
    let mut header = vec!["truth".to_owned()];
    header.extend(classes.iter().map(|&class| class.to_owned()));
    header.push("right".into());
    let mut rows = vec![header];
    for (truth, answers) in confusion.iter().enumerate() {
        let files: u32 = answers.iter().sum();
        if files == 0 {
            continue;
        }
        let mut row = vec![classes[truth].to_owned()];
        row.extend(answers.iter().map(|&n| if n == 0 { "·".to_owned() } else { n.to_string() }));
        row.push(share(Some(f64::from(answers[truth]) / f64::from(files))));
        rows.push(row);
    }
    aligned(&rows)
}

//! `earmark evaluate vocal INDEX.csv`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::Args;

use super::super::console::Console;
use super::super::{Outcome, many, models, stop};
use super::tables;
use crate::engine::{DeviceChoice, Engine};
use crate::study::evaluate::frames;
use crate::study::evaluate::index::{self, Entry};
use crate::study::evaluate::level::Level;
use crate::study::evaluate::pictures;
use crate::study::evaluate::vocal::{Frames, Listened, listen, report};
use crate::study::hear::Stopped;
use crate::study::outputs;

/// The gains that are possible, in dB: beyond them nothing is left of the audio.
const GAIN_DB: std::ops::RangeInclusive<f32> = -60.0..=60.0;

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
    /// Judge the same audio at another level too, and say what changes; several, by commas or by repeating it.
    #[arg(long, value_name = "DB", value_delimiter = ',', allow_hyphen_values = true, value_parser = gain)]
    gain_db: Vec<f32>,
    /// Write DIR/NAME.png for each song (truth and prediction), DIR/reliability.png and DIR/roc.png.
    #[arg(long, value_name = "DIR")]
    plot: Option<PathBuf>,
    /// Write DIR/NAME.csv for each song: time, probability, truth.
    #[arg(long, value_name = "DIR")]
    csv: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn gain(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(gain_db) if GAIN_DB.contains(&gain_db) => Ok(gain_db),
        _ => Err(format!("not a gain; give dB from {} to {}", GAIN_DB.start(), GAIN_DB.end())),
    }
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let entries = match index::read(&arguments.index, &arguments.split) {
        Ok(entries) => entries,
        Err(error) => {
            console.error(Some(&arguments.index), &error);
            return Ok(Outcome::Failed);
        }
    };
    for directory in arguments.plot.iter().chain(&arguments.csv) {
        if let Err(error) = outputs::make_directory(directory) {
            console.error(Some(directory), &error);
            return Ok(Outcome::Failed);
        }
    }
    let Some(engine) = models::start(arguments.device, arguments.model.as_ref(), None, console) else {
        return Ok(Outcome::Failed);
    };
    let mut job = Job { arguments, console, engine, outcome: Outcome::Done };
    job.run(&entries)?;
    Ok(job.outcome)
}

struct Job<'a> {
    arguments: &'a Arguments,
    console: &'a Console,
    engine: Arc<Engine>,
    outcome: Outcome,
}

impl Job<'_> {
    fn run(&mut self, entries: &[Entry]) -> Result<()> {
        let (model, split) = (self.engine.models().vocal_card().name.clone(), &self.arguments.split);
        let names = names(entries);
        let all: Vec<&Entry> = entries.iter().collect();
        let heard = self.hear(&all, 0.0, |job, index, listened| {
            job.write(&names[index], &entries[index], listened);
        });
        if stop::requested() || heard.is_empty() {
            return Ok(());
        }
        let mut report = report(model.clone(), split, &heard);
        // Only what was heard as it is can be compared.
        let whole: Vec<&Entry> = heard.iter().map(|(entry, _)| *entry).collect();
        for &gain_db in &self.arguments.gain_db {
            let there = self.hear(&whole, gain_db, |_, _, _| {});
            if stop::requested() {
                return Ok(());
            }
            if there.len() == whole.len() {
                let there = self::report(model.clone(), split, &there);
                report.levels.push(Level::compare(gain_db, &there, &report));
            }
        }
        models::note_device(&self.engine, self.console);
        if let Some(directory) = &self.arguments.plot {
            pictures::charts(&report, &heard, |name, draw| {
                outputs::write_whole(directory, name, "png", |to| draw(to)).map(|_| ())
            })?;
        }
        if self.arguments.json {
            self.console.print(&(serde_json::to_string(&report)? + "\n"));
        } else {
            self.console.print(&tables::of(&report));
        }
        Ok(())
    }

    /// Hears all files at one gain; `each` sees every one as it comes. Files that fail are said, and left out.
    fn hear<'e>(
        &mut self,
        entries: &[&'e Entry],
        gain_db: f32,
        mut each: impl FnMut(&mut Self, usize, &Listened),
    ) -> Vec<(&'e Entry, Frames)> {
        let engine = Arc::clone(&self.engine);
        hear_all(&engine, self.console, entries, gain_db, |index, result| match result {
            Ok(listened) => each(self, index, listened),
            Err(error) => self.fail(&entries[index].audio, &error),
        })
    }

    /// Writes what was asked for of one song.
    fn write(&mut self, name: &str, entry: &Entry, listened: &Listened) {
        let (picture, table) = (self.arguments.plot.as_ref(), self.arguments.csv.as_ref());
        let drawn = picture
            .map(|directory| outputs::write_whole(directory, name, "png", |to| pictures::song(entry, listened, to)));
        let written = table.map(|directory| {
            let table = frames::table(&listened.curve(), &listened.labels)?;
            outputs::write_whole(directory, name, "csv", |to| outputs::write_bytes(to, &table))
        });
        for error in drawn.into_iter().chain(written).filter_map(Result::err) {
            self.fail(&entry.audio, &error);
        }
    }

    fn fail(&mut self, file: &Path, error: &anyhow::Error) {
        self.console.error(Some(file), error);
        self.outcome = Outcome::Failed;
    }
}

/// Hears all files at one gain; `each` sees every one as it comes, or why it failed. Files that fail are left out.
pub(in crate::study::cli) fn hear_all<'e>(
    engine: &Arc<Engine>,
    console: &Console,
    entries: &[&'e Entry],
    gain_db: f32,
    mut each: impl FnMut(usize, Result<&Listened, anyhow::Error>),
) -> Vec<(&'e Entry, Frames)> {
    let bar = console.count(entries.len());
    let mut heard = Vec::with_capacity(entries.len());
    let work = |index: usize| listen(engine, entries[index], gain_db, &console.watch(&entries[index].audio));
    many::in_order(entries.len(), work, |index, result| {
        bar.inc(1);
        match result {
            Ok(listened) => {
                each(index, Ok(&listened));
                heard.push((entries[index], listened.frames));
            }
            Err(error) if error.is::<Stopped>() => {}
            Err(error) => each(index, Err(error)),
        }
        !stop::requested()
    });
    bar.finish_and_clear();
    heard
}

/// A picture's name for each file, none of them that of a chart.
fn names(entries: &[Entry]) -> Vec<String> {
    let charts = [pictures::RELIABILITY, pictures::ROC].map(PathBuf::from);
    let files: Vec<PathBuf> = charts.iter().cloned().chain(entries.iter().map(|entry| entry.audio.clone())).collect();
    outputs::unique_stems(&files).split_off(charts.len())
}

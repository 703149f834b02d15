//! `earmark analyze FILE...`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::Args;

use super::console::Console;
use super::dataset::{Dataset, DatasetFlags, origin};
use super::inputs::{Input, InputFlags, Inputs};
use super::models::EngineFlags;
use super::{Outcome, many, models, stop, summary};
use crate::engine::Engine;
use crate::record::{labels, midi, table};
use crate::say::envelope::EnvelopeSettings;
use crate::study::analysis::Analysis;
use crate::study::analyze::analyze;
use crate::study::dataset::AnalysisRow;
use crate::study::hear::Stopped;
use crate::study::identity::{self, Stamp};
use crate::study::lab::Labels;
use crate::study::report::{Failure, Report, Row, Source};
use crate::study::{json, outputs, plot};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    inputs: InputFlags,
    /// Print JSON: an object for one file, an array for several.
    #[arg(long)]
    json: bool,
    /// Write DIR/NAME.csv: vocal probability, gate and genre per frame.
    #[arg(long, value_name = "DIR")]
    csv: Option<PathBuf>,
    /// Write DIR/NAME.txt: the phrases as an Audacity label track.
    #[arg(long, value_name = "DIR")]
    labels: Option<PathBuf>,
    /// Write DIR/NAME.mid: a note per phrase, a controller with the probability.
    #[arg(long, value_name = "DIR")]
    midi: Option<PathBuf>,
    /// Write DIR/NAME.png: waveform, vocal curve, genre. Labels beside the audio (NAME.lab) are drawn too.
    #[arg(long, value_name = "DIR")]
    plot: Option<PathBuf>,
    /// Write a page to look at and listen to in a browser. For several files it is an index with a map, and the pages
    /// lie beside it in NAME-files.
    #[arg(long, value_name = "HTML")]
    report: Option<PathBuf>,
    #[command(flatten)]
    dataset: DatasetFlags,
    #[command(flatten)]
    engine: EngineFlags,
}

impl Arguments {
    fn directories(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.csv, &self.labels, &self.midi, &self.plot].into_iter().flatten()
    }

    /// Whether anything is written beside the answer.
    fn writes(&self) -> bool {
        self.directories().next().is_some() || self.dataset.parquet.is_some() || self.report.is_some()
    }
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    for directory in arguments.directories() {
        if let Err(error) = outputs::make_directory(directory) {
            console.error(Some(directory), &error);
            return Ok(Outcome::Failed);
        }
    }
    let mut inputs = arguments.inputs.gather()?;
    let report = match arguments.report.as_ref().map(|path| Report::begin(path, inputs.files.len())).transpose() {
        Ok(report) => report,
        Err(error) => {
            console.error(arguments.report.as_deref(), &error);
            return Ok(Outcome::Failed);
        }
    };
    let Some(engine) = arguments.engine.start(console) else { return Ok(Outcome::Failed) };
    let (shard, origin) = (arguments.inputs.shard, origin(engine.models()));
    let dataset = arguments.dataset.open(&mut inputs.files, false, shard, &origin, console)?;
    note_names(arguments, &inputs.files, console);
    let job = Job { arguments, console, engine, report, inputs, settings: EnvelopeSettings::default() };
    Ok(job.run(dataset))
}

/// A word about outputs that are numbered.
fn note_names(arguments: &Arguments, files: &[Input], console: &Console) {
    if arguments.directories().next().is_none() && arguments.report.is_none() {
        return;
    }
    for Input { path, name } in files {
        if *name != outputs::stem(path) {
            console.note(Some(path), &format!("another input has the same name, so its outputs are called {name}"));
        }
    }
}

struct Job<'a> {
    arguments: &'a Arguments,
    console: &'a Console,
    engine: Arc<Engine>,
    report: Option<Report>,
    inputs: Inputs,
    settings: EnvelopeSettings,
}

/// One file's answer.
struct Answer {
    text: String,
    /// Its line in the report's index.
    page: Option<Row>,
    row: Option<AnalysisRow>,
}

impl Job<'_> {
    fn run(&self, mut dataset: Option<Dataset<'_, AnalysisRow>>) -> Outcome {
        let Inputs { files, several } = &self.inputs;
        let array = self.arguments.json && *several;
        let bar = self.console.count(files.len());
        let mut outcome = Outcome::Done;
        let mut printed = 0;
        let (mut rows, mut failures) = (Vec::new(), Vec::new());
        if array {
            self.console.print("[");
        }
        let work = |index: usize| self.file(&files[index]);
        many::in_order(files.len(), work, |index, result| {
            bar.inc(1);
            match result {
                Ok(answer) => {
                    if array {
                        self.console.print(if printed == 0 { "\n" } else { ",\n" });
                        self.console.print(&answer.text);
                        printed += 1;
                    } else {
                        self.console.print(&(answer.text + "\n"));
                    }
                    rows.extend(answer.page);
                    if let (Some(dataset), Some(row)) = (&mut dataset, answer.row)
                        && !dataset.add(row)
                    {
                        outcome = Outcome::Failed;
                        return false;
                    }
                }
                Err(error) if error.is::<Stopped>() => {}
                Err(error) => {
                    self.console.error(Some(&files[index].path), &error);
                    failures
                        .push(Failure { path: files[index].path.display().to_string(), error: format!("{error:#}") });
                    outcome = Outcome::Failed;
                }
            }
            // With nobody to read the answers there is only work left where files are written.
            let wanted = !self.console.is_closed() || self.arguments.writes();
            wanted && !stop::requested()
        });
        bar.finish_and_clear();
        models::note_device(&self.engine, self.console);
        if array {
            self.console.print("\n]\n");
        }
        if let Some(Err(error)) = self.report.as_ref().map(|report| report.finish(rows, failures)) {
            self.console.error(self.arguments.report.as_deref(), &error);
            outcome = Outcome::Failed;
        }
        let kept = dataset.is_none_or(|dataset| dataset.finish(!stop::requested()));
        if kept { outcome } else { Outcome::Failed }
    }

    /// Analyses one file, writes what was asked for, and returns what to print and to keep.
    fn file(&self, input: &Input) -> Result<Answer> {
        let path = &input.path;
        let stamp = self.arguments.dataset.parquet.is_some().then(|| Stamp::of(path));
        let watch = self.console.watch(path);
        let analysis = analyze(&self.engine, path, &self.settings, &watch)?;
        drop(watch);
        for notice in &analysis.notices {
            self.console.note(Some(path), notice);
        }
        let truth = if self.arguments.plot.is_some() || self.report.is_some() { self.truth(path) } else { None };
        self.write(&analysis, truth.as_ref(), &input.name)?;
        let page = self.page(&analysis, truth.as_ref(), path, &input.name)?;
        let text = if self.arguments.json { json::object(&analysis)? } else { summary::of(&analysis) };
        let row = match stamp {
            Some(stamp) => Some(AnalysisRow { analysis, stamp: stamp?, content: identity::content(path)? }),
            None => None,
        };
        Ok(Answer { text, page, row })
    }

    fn write(&self, analysis: &Analysis, truth: Option<&Labels>, name: &str) -> Result<()> {
        if let Some(directory) = &self.arguments.csv {
            let genre_at = |at_s| analysis.genre.timeline.at(at_s);
            let table = table::table(analysis.frames(), &analysis.genre.classes, genre_at)?;
            outputs::write_whole(directory, name, "csv", |to| outputs::write_bytes(to, &table))?;
        }
        if let Some(directory) = &self.arguments.labels {
            let track = labels::track(&analysis.vocal.segments);
            outputs::write_whole(directory, name, "txt", |to| outputs::write_bytes(to, track.as_bytes()))?;
        }
        if let Some(directory) = &self.arguments.midi {
            let file = midi::file(analysis.frames(), analysis.duration_s)?;
            outputs::write_whole(directory, name, "mid", |to| outputs::write_bytes(to, &file))?;
        }
        if let Some(directory) = &self.arguments.plot {
            let threshold = self.settings.threshold;
            outputs::write_whole(directory, name, "png", |to| plot::save(analysis, threshold, truth, to))?;
        }
        Ok(())
    }

    /// Writes the file's page, if a report is asked for.
    fn page(&self, analysis: &Analysis, truth: Option<&Labels>, path: &Path, name: &str) -> Result<Option<Row>> {
        let Some(report) = &self.report else { return Ok(None) };
        report.add(analysis, &Source { audio: path, name, threshold: self.settings.threshold, truth })
    }

    /// Labels that lie beside the audio.
    fn truth(&self, path: &Path) -> Option<Labels> {
        let beside = path.with_extension("lab");
        if !beside.is_file() {
            return None;
        }
        Labels::read(&beside).map_err(|error| self.console.note(Some(path), &format!("{error:#}"))).ok()
    }
}

//! `earmark zoo --table`

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;

use super::super::console::Console;
use super::super::{Outcome, stop};
use crate::study::evaluate::vocal::Report;
use crate::study::spectra::collection_of;
use crate::study::train::{ClipFigures, ClipProgress, Hearing, NetKind, Progress};
use crate::study::zoo::{TableProgress, factors, genre, singing, tagging};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Train and measure all nets of a kind on the same data instead, and write the table; the same command goes on with what
    /// is not finished.
    #[arg(long, value_name = "TABLE", requires = "data")]
    pub(super) table: Option<Table>,
    /// With --table: labelled spectra to learn from; for singing, labelled songs: a CSV file with the columns file, labels,
    /// split, layout (may be given several times); for tagging the same, whose labels are not used.
    #[arg(long, value_name = "SPECTRA|INDEX.csv", requires = "table")]
    data: Vec<PathBuf>,
    /// With --table genre or factors: labelled spectra of the same classes to measure on. The other tables measure on the split valid.
    #[arg(long, value_name = "SPECTRA", requires = "table")]
    valid: Option<PathBuf>,
    /// With --table: a net; may be given several times [default: all of them].
    #[arg(long, value_name = "NET", requires = "table", value_parser = PossibleValuesParser::new(known()))]
    net: Vec<String>,
    /// With --table singing: a voice model that is measured beside them as it is; may be given several times.
    #[arg(long, value_name = "FILE", requires = "table")]
    beside: Vec<PathBuf>,
    /// With --table tagging: the tagger that the students learn from.
    #[arg(long, value_name = "TAGGER", default_value = tagging::TEACHERS[0], requires = "table",
        value_parser = PossibleValuesParser::new(tagging::TEACHERS))]
    teacher: String,
    /// With --table: how often each net is trained.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..), requires = "table")]
    seeds: u64,
    /// With --table: processor seconds of training for each net and seed.
    #[arg(long, value_name = "S", default_value_t = 180.0, requires = "table")]
    budget_s: f64,
    /// With --table: the directory that takes Markdown, CSV and picture.
    #[arg(long, value_name = "DIR", default_value = "zoo", requires = "table")]
    out: PathBuf,
    /// With --table: the directory that takes models and finished cells [default: OUT/run-COLLECTION or OUT/run-TABLE].
    #[arg(long, value_name = "DIR", requires = "table")]
    run: Option<PathBuf>,
}

/// Tables that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Table {
    /// Genre of clips, on labelled spectra.
    Genre,
    /// Singing, frame by frame, on labelled songs.
    Singing,
    /// Tags, from what a tagger says of the songs.
    Tagging,
    /// Latent factors of clips, on spectra with embeddings; what each filter hears.
    Factors,
}

impl Table {
    fn nets(self) -> Vec<&'static str> {
        match self {
            Self::Genre => genre::all_nets(),
            Self::Singing => singing::NETS.map(NetKind::name).to_vec(),
            Self::Factors => factors::NETS.to_vec(),
            Self::Tagging => tagging::NETS.map(Hearing::name).to_vec(),
        }
    }
}

/// The nets of all tables.
fn known() -> Vec<&'static str> {
    Table::value_variants().iter().flat_map(|table| table.nets()).collect()
}

/// Trains what is not trained yet and writes the table.
pub(super) fn run(table: Table, arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let nets = arguments.nets(table)?;
    let watch = Watch { bar: console.steps(1), console };
    let finished = match table {
        Table::Genre => genre::table(&arguments.genre(nets)?, &watch),
        Table::Singing => singing::table(&arguments.singing(nets), &watch),
        Table::Factors => factors::table(&arguments.factors()?, &watch),
        Table::Tagging => tagging::table(&arguments.tagging(&nets), &watch),
    }?;
    watch.bar.finish_and_clear();
    if !finished {
        console.note(None, "stopped; the same command goes on from here");
        return Ok(Outcome::Stopped);
    }
    console.print(&format!("wrote {}\n", arguments.out.display()));
    Ok(Outcome::Done)
}

impl Arguments {
    /// Those that were named, or all.
    fn nets(&self, table: Table) -> Result<Vec<String>> {
        let all = table.nets();
        if self.net.is_empty() {
            return Ok(all.into_iter().map(str::to_owned).collect());
        }
        let stranger = self.net.iter().find(|net| !all.contains(&net.as_str()));
        ensure!(
            stranger.is_none(),
            "--net {}: not of this table, whose nets are {}",
            self.net.join(", "),
            all.join(", ")
        );
        Ok(self.net.clone())
    }

    fn run_or(&self, name: &str) -> PathBuf {
        self.run.clone().unwrap_or_else(|| self.out.join(format!("run-{name}")))
    }

    /// The one collection of a table on spectra, to learn from and to measure on.
    fn spectra(&self) -> Result<[PathBuf; 2]> {
        let [data] = self.data.as_slice() else { anyhow::bail!("this table is of one collection: give one --data") };
        Ok([data.clone(), self.valid.clone().context("name the spectra to measure on with --valid")?])
    }

    fn genre(&self, nets: Vec<String>) -> Result<genre::TableSettings> {
        let [data, valid] = self.spectra()?;
        Ok(genre::TableSettings {
            run: self.run_or(&collection_of(&data)),
            valid,
            data,
            nets,
            seeds: self.seeds,
            budget_s: self.budget_s,
            out: self.out.clone(),
        })
    }

    fn factors(&self) -> Result<factors::FactorTable> {
        let [data, valid] = self.spectra()?;
        Ok(factors::FactorTable {
            run: self.run_or(&format!("factors-{}", collection_of(&data))),
            valid,
            data,
            seeds: self.seeds,
            budget_s: self.budget_s,
            out: self.out.clone(),
        })
    }

    fn singing(&self, nets: Vec<String>) -> singing::SingingSettings {
        singing::SingingSettings {
            data: self.data.clone(),
            nets,
            beside: self.beside.clone(),
            seeds: self.seeds,
            budget_s: self.budget_s,
            out: self.out.clone(),
            run: self.run_or("singing"),
        }
    }

    fn tagging(&self, nets: &[String]) -> tagging::TaggingSettings {
        let named = |hearing: &Hearing| nets.iter().any(|net| net == hearing.name());
        tagging::TaggingSettings {
            data: self.data.clone(),
            teacher: self.teacher.clone(),
            nets: tagging::NETS.into_iter().filter(named).collect(),
            seeds: self.seeds,
            budget_s: self.budget_s,
            out: self.out.clone(),
            run: self.run_or("tagging"),
        }
    }
}

struct Watch<'a> {
    bar: ProgressBar,
    console: &'a Console,
}

impl Watch<'_> {
    fn step(&self, step: u64, loss: f64) {
        self.bar.set_position(step);
        self.bar.set_message(format!("loss {loss:.3}"));
    }
}

impl ClipProgress for Watch<'_> {
    fn step(&self, step: u64, loss: f64) {
        Watch::step(self, step, loss);
    }

    fn validated(&self, _step: u64, _figures: &[ClipFigures], _best: bool) {}

    fn stopped(&self) -> bool {
        stop::requested()
    }
}

impl Progress for Watch<'_> {
    fn reading(&self, done: usize, all: usize) {
        self.bar.set_message(format!("reading song {done} of {all}"));
    }

    fn step(&self, step: u64, _steps: u64, loss: f64) {
        Watch::step(self, step, loss);
    }

    fn validated(&self, _step: u64, _report: &Report, _score: f64, _best: bool) {}

    fn stopped(&self) -> bool {
        stop::requested()
    }
}

impl TableProgress for Watch<'_> {
    fn cell(&self, net: &str, seed: u64, number: usize, cells: usize, steps: u64) {
        self.bar.reset();
        self.bar.set_length(steps);
        self.console.print(&format!("{number} of {cells}: {net}, seed {seed}, {steps} steps\n"));
    }

    fn finished(&self, net: &str, seed: u64, figures: &str) {
        self.console.print(&format!("{net}, seed {seed}: {figures}\n"));
    }
}

//! `earmark train ensemble --member MODEL --member MODEL --data INDEX.csv`

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use indicatif::ProgressBar;

use super::super::Outcome;
use super::super::console::Console;
use super::figures;
use crate::study::evaluate::vocal::Report;
use crate::study::train::{EnsembleProgress, EnsembleSettings, train_ensemble};

#[derive(Debug, Args)]
pub(in crate::study::cli) struct Arguments {
    /// A voice model (fsmn or conv_fsmn); the first one's labels are said. Given at least twice.
    #[arg(long, value_name = "MODEL", required = true)]
    member: Vec<PathBuf>,
    /// Labelled songs whose split valid is heard: a CSV file with the columns file, labels, split, layout. May be given
    /// several times.
    #[arg(long, value_name = "INDEX.csv", required = true)]
    data: Vec<PathBuf>,
    /// The model file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let settings = EnsembleSettings {
        members: arguments.member.clone(),
        data: arguments.data.clone(),
        out: arguments.out.clone(),
    };
    let watch = Watch { bar: console.steps(1), console };
    train_ensemble(&settings, &watch)?;
    watch.bar.finish_and_clear();
    console.print(&format!("wrote {}\n", arguments.out.display()));
    Ok(Outcome::Done)
}

struct Watch<'a> {
    bar: ProgressBar,
    console: &'a Console,
}

impl EnsembleProgress for Watch<'_> {
    fn reading(&self, done: usize, all: usize) {
        self.bar.set_length(all as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message("reading songs");
    }

    fn tried(&self, shares: &[f64], report: &Report, score: f64, best: bool) {
        let shares: Vec<String> = shares.iter().map(|share| format!("{share:.1}")).collect();
        let mark = if best { "  best so far" } else { "" };
        self.console.print(&format!("shares {}: score {score:.4}; {}{mark}\n", shares.join(" "), figures(report)));
    }
}

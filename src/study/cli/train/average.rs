//! `earmark train average --member MODEL --member MODEL --data INDEX.csv`

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::super::Outcome;
use super::super::console::Console;
use super::ensemble::Watch;
use crate::study::train::{AverageSettings, train_average};

#[derive(Debug, Args)]
pub(in crate::study::cli) struct Arguments {
    /// Voice models of one architecture (fsmn or conv_fsmn) that began with the same weights. Given at least twice.
    #[arg(long, value_name = "MODEL", required = true)]
    member: Vec<PathBuf>,
    /// Labelled songs, whose split valid is heard: a CSV file with the columns file, labels, split, layout. May be given several
    /// times.
    #[arg(long, value_name = "INDEX.csv", required = true)]
    data: Vec<PathBuf>,
    /// How much each member counts beside the others; alike if left out.
    #[arg(long, value_name = "SHARE", value_delimiter = ',')]
    shares: Option<Vec<f64>>,
    /// Added to the logit of singing instead of calibrating it on valid; below 0, less is called sung.
    #[arg(long, value_name = "LOGIT", allow_negative_numbers = true)]
    offset: Option<f64>,
    /// The model file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let settings = AverageSettings {
        members: arguments.member.clone(),
        data: arguments.data.clone(),
        shares: arguments.shares.clone(),
        offset: arguments.offset,
        out: arguments.out.clone(),
    };
    let watch = Watch { bar: console.steps(1), console };
    train_average(&settings, &watch)?;
    watch.bar.finish_and_clear();
    console.print(&format!("wrote {}\n", arguments.out.display()));
    Ok(Outcome::Done)
}

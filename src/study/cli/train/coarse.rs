//! `earmark train coarse --data SPECTRA --valid SPECTRA`

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use indicatif::ProgressBar;

use super::super::console::Console;
use super::super::{Outcome, stop};
use crate::study::train::{ClipHearing, CoarseProgress, CoarseSettings, Tried, train_coarse};

#[derive(Debug, Args)]
pub(in crate::study::cli) struct Arguments {
    /// Labelled spectra to learn from (.safetensors, .safetensors.zst). May be given several times.
    #[arg(long, value_name = "SPECTRA", required = true)]
    data: Vec<PathBuf>,
    /// Labelled spectra of the same collections to choose the penalty on. May be given several times.
    #[arg(long, value_name = "SPECTRA", required = true)]
    valid: Vec<PathBuf>,
    /// A clip, by name, that nothing is learned from. May be given several times.
    #[arg(long, value_name = "ID")]
    without: Vec<String>,
    /// The model file to write; beside it comes a folder with what was heard, so that a stopped run goes on.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let settings = CoarseSettings {
        data: arguments.data.clone(),
        valid: arguments.valid.clone(),
        without: arguments.without.clone(),
        out: arguments.out.clone(),
    };
    let watch = Watch { bar: console.steps(1), console };
    let finished = train_coarse(&settings, &watch)?;
    watch.bar.finish_and_clear();
    if finished {
        console.print(&format!("wrote {}\n", arguments.out.display()));
        return Ok(Outcome::Done);
    }
    console.note(None, "stopped; the same command goes on from here");
    Ok(Outcome::Stopped)
}

/// Shows how far the hearing of clips is.
pub(super) struct Watch<'a> {
    pub(super) bar: ProgressBar,
    pub(super) console: &'a Console,
}

impl ClipHearing for Watch<'_> {
    fn heard(&self, done: usize, of: usize) {
        self.bar.set_length(of as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message("hearing clips");
    }

    fn stopped(&self) -> bool {
        stop::requested()
    }
}

impl CoarseProgress for Watch<'_> {
    fn tried(&self, tried: &Tried) {
        let Tried { name, l2, accuracy, cross_entropy } = tried;
        self.console
            .print(&format!("{name}: penalty {l2}: accuracy {accuracy:.3}, cross-entropy {cross_entropy:.3}\n"));
    }
}

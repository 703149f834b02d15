//! `earmark train`

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;

use super::console::Console;
use super::{Outcome, stop};
use crate::study::evaluate::vocal::Report;
use crate::study::train::{Progress, Settings, train};

/// Networks that can be trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Trainable {
    /// The causal voice detector.
    Fsmn,
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What to train.
    #[arg(value_name = "NET")]
    net: Trainable,
    /// Labelled songs: a CSV file with the columns file, labels, split, layout.
    #[arg(long, value_name = "INDEX.csv")]
    data: PathBuf,
    /// The model file to write; beside it comes a folder with log and checkpoint.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The model to start from.
    #[arg(long, value_name = "FILE", default_value = "models/stream-vad.safetensors")]
    init: PathBuf,
    /// Steps in all.
    #[arg(long, default_value_t = 1500)]
    steps: u64,
    /// Scenes of 8 s in a batch.
    #[arg(long, default_value_t = 16)]
    batch: usize,
    /// Peak learning rate.
    #[arg(long, default_value_t = 5e-4)]
    rate: f64,
    /// Steps from one validation to the next.
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u64).range(1..))]
    validate_every: u64,
    /// Everything random follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let Trainable::Fsmn = arguments.net;
    let settings = Settings {
        data: arguments.data.clone(),
        out: arguments.out.clone(),
        init: arguments.init.clone(),
        steps: arguments.steps,
        batch: arguments.batch.max(1),
        rate: arguments.rate,
        validate_every: arguments.validate_every,
        seed: arguments.seed,
    };
    let watch = Watch { bar: console.steps(settings.steps), console };
    let finished = train(&settings, &watch)?;
    watch.bar.finish_and_clear();
    if finished {
        console.print(&format!("wrote {}\n", settings.out.display()));
    } else {
        console.note(None, "stopped; the same command goes on from here");
    }
    Ok(if finished { Outcome::Done } else { Outcome::Stopped })
}

struct Watch<'a> {
    bar: ProgressBar,
    console: &'a Console,
}

impl Progress for Watch<'_> {
    fn reading(&self, done: usize, all: usize) {
        self.bar.set_message(format!("reading song {done} of {all}"));
    }

    fn step(&self, step: u64, _steps: u64, loss: f64) {
        self.bar.set_position(step);
        self.bar.set_message(format!("loss {loss:.3}"));
    }

    fn validated(&self, step: u64, report: &Report, score: f64, best: bool) {
        let figure = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
        let sets: Vec<String> = report
            .sets
            .iter()
            .map(|s| format!("{} {}/{}/{}", s.name, figure(s.auc), figure(s.accuracy), figure(s.false_alarm_rate)))
            .collect();
        let mark = if best { "  best so far" } else { "" };
        self.console.print(&format!("step {step}: score {score:.4}; {}{mark}\n", sets.join("; ")));
    }

    fn stopped(&self) -> bool {
        stop::requested()
    }
}

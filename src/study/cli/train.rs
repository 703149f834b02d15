//! `earmark train`

mod average;
mod coarse;
mod ensemble;
mod genre;

use std::path::PathBuf;
use std::sync::LazyLock;

use anyhow::{Result, ensure};
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Subcommand, ValueEnum};
use indicatif::ProgressBar;

use super::console::Console;
use super::{Outcome, stop};
use crate::engine::DeviceChoice;
use crate::nets::systems::{SYSTEMS, pons};
use crate::study::evaluate::vocal::Report;
use crate::study::train::{
    ClipFigures, ClipProgress, ClipSettings, NetKind, Progress, Settings, train, train_on_clips,
};
use crate::study::zoo::tagging::{self, StudentSettings};

/// Peak learning rate of the voice nets.
const VOICE_RATE: f64 = 5e-4;

/// A network that can be trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trainable {
    /// From labelled songs, frame by frame.
    Voice(NetKind),
    /// From labelled spectra, clip by clip: name and description.
    Clip(&'static str, &'static str),
    /// From songs whose labels are not used, and what a tagger says of them: name and description.
    Student(&'static str, &'static str),
}

impl ValueEnum for Trainable {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<Trainable>> = LazyLock::new(|| {
            let compact = Trainable::Clip("compact", "Our genre net for clips");
            let systems = SYSTEMS.map(|system| Trainable::Clip(system.name, system.description));
            let student = Trainable::Student(pons::TAGS_NAME, pons::TAGS_DESCRIPTION);
            NetKind::ALL.map(Trainable::Voice).into_iter().chain([compact]).chain(systems).chain([student]).collect()
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match *self {
            Self::Voice(kind) => (kind.name(), kind.description()),
            Self::Clip(name, help) | Self::Student(name, help) => (name, help),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    head: Option<Head>,
    #[command(flatten)]
    net: Option<NetArguments>,
}

/// What is trained on other nets rather than on audio.
#[derive(Debug, Subcommand)]
enum Head {
    /// A head for genres of your own, from a library whose songs you have sorted.
    Genre(genre::Arguments),
    /// The genre net for coarse spectra, on labelled spectra.
    Coarse(coarse::Arguments),
    /// Several voice nets as one: how much each counts is chosen on labelled songs.
    Ensemble(ensemble::Arguments),
    /// Several voice nets of one architecture as one net, no dearer than each: the mean of their weights.
    Average(average::Arguments),
}

#[derive(Debug, Args)]
struct NetArguments {
    /// What to train.
    #[arg(value_name = "NET")]
    net: Trainable,
    /// For a voice net, labelled songs: a CSV file with the columns file, labels, split, layout; for `pons_tags` the same,
    /// whose labels are not used; for a net for clips, labelled spectra (.safetensors, .safetensors.zst). May be given several
    /// times.
    #[arg(long, value_name = "INDEX.csv|SPECTRA", required = true)]
    data: Vec<PathBuf>,
    /// For clips: labelled spectra of the same collections to select on. May be given several times.
    #[arg(long, value_name = "SPECTRA")]
    valid: Vec<PathBuf>,
    /// For clips: a clip, by name, that nothing is learned from. May be given several times.
    #[arg(long, value_name = "ID")]
    without: Vec<String>,
    /// For `pons_tags`: the tagger that it learns from.
    #[arg(long, value_name = "TAGGER", default_value = tagging::TEACHERS[0],
        value_parser = PossibleValuesParser::new(tagging::TEACHERS))]
    teacher: String,
    /// The model file to write; beside it comes a folder with log and checkpoint.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The model to start from; the references start from drawn weights.
    #[arg(long, value_name = "FILE", default_value = "models/stream-vad.safetensors")]
    init: PathBuf,
    /// Steps in all.
    #[arg(long, default_value_t = 1500)]
    steps: u64,
    /// Scenes of 10 s in a batch [default: 12]; for others, examples [default: the net's own number].
    #[arg(long)]
    batch: Option<usize>,
    /// Peak learning rate [default: 5e-4; for others, the net's own].
    #[arg(long)]
    rate: Option<f64>,
    /// For clips: do not learn the embeddings of another net where the files have them.
    #[arg(long)]
    without_teacher: bool,
    /// Steps from one validation to the next.
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u64).range(1..))]
    validate_every: u64,
    /// Validations without a new best after which the run ends; 0 for never.
    #[arg(long, default_value_t = 0)]
    patience: u64,
    /// Frames of 10 ms that fsmn and conv_fsmn answer late, to have heard a little of what follows.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=10))]
    look_ahead_frames: u64,
    /// Where fsmn and conv_fsmn are trained: cpu, or cuda or metal in a build for it.
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: DeviceChoice,
    /// Everything random follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    match (&arguments.head, &arguments.net) {
        (Some(Head::Genre(arguments)), _) => genre::run(arguments, console),
        (Some(Head::Coarse(arguments)), _) => coarse::run(arguments, console),
        (Some(Head::Ensemble(arguments)), _) => ensemble::run(arguments, console),
        (Some(Head::Average(arguments)), _) => average::run(arguments, console),
        (None, Some(arguments)) => net(arguments, console),
        (None, None) => anyhow::bail!("nothing to train was named; see `earmark train --help`"),
    }
}

/// Trains a network.
fn net(arguments: &NetArguments, console: &Console) -> Result<Outcome> {
    let finished = match arguments.net {
        Trainable::Voice(kind) => voice(kind, arguments, console),
        Trainable::Clip(name, _) => clips(name, arguments, console),
        Trainable::Student(name, _) => student(name, arguments, console),
    }?;
    if finished {
        console.print(&format!("wrote {}\n", arguments.out.display()));
    } else {
        console.note(None, "stopped; the same command goes on from here");
    }
    Ok(if finished { Outcome::Done } else { Outcome::Stopped })
}

/// What runs on the processor alone says so before it begins.
fn on_the_processor(net: &str, arguments: &NetArguments) -> Result<()> {
    ensure!(
        matches!(arguments.device, DeviceChoice::Cpu | DeviceChoice::Auto),
        "{net} is trained on the CPU alone; leave out --device"
    );
    Ok(())
}

/// Trains a student of a tagger; `false` if it was stopped.
fn student(net: &str, arguments: &NetArguments, console: &Console) -> Result<bool> {
    on_the_processor(net, arguments)?;
    let settings = StudentSettings {
        data: arguments.data.clone(),
        teacher: arguments.teacher.clone(),
        out: arguments.out.clone(),
        steps: arguments.steps,
        batch: arguments.batch.map(|batch| batch.max(1)),
        rate: arguments.rate,
        seed: arguments.seed,
    };
    let watch = Watch { bar: console.steps(settings.steps), console };
    let figures = tagging::student(&settings, &watch)?;
    watch.bar.finish_and_clear();
    if let Some([pr, roc]) = figures {
        console.print(&format!("beside {} on the split valid: PR-AUC {pr:.3}, ROC-AUC {roc:.3}\n", settings.teacher));
    }
    Ok(figures.is_some())
}

/// Trains a net for clips; `false` if it was stopped.
fn clips(net: &str, arguments: &NetArguments, console: &Console) -> Result<bool> {
    on_the_processor(net, arguments)?;
    ensure!(!arguments.valid.is_empty(), "{net} needs spectra to select on; name them with --valid");
    let settings = ClipSettings {
        net: net.to_owned(),
        data: arguments.data.clone(),
        valid: arguments.valid.clone(),
        without: arguments.without.clone(),
        out: arguments.out.clone(),
        steps: arguments.steps,
        batch: arguments.batch.map(|batch| batch.max(1)),
        rate: arguments.rate,
        teacher: !arguments.without_teacher,
        validate_every: arguments.validate_every,
        seed: arguments.seed,
    };
    let watch = Watch { bar: console.steps(settings.steps), console };
    let finished = train_on_clips(&settings, &watch)?;
    watch.bar.finish_and_clear();
    Ok(finished)
}

/// Trains a voice net; `false` if it was stopped.
fn voice(net: NetKind, arguments: &NetArguments, console: &Console) -> Result<bool> {
    let settings = Settings {
        net,
        data: arguments.data.clone(),
        out: arguments.out.clone(),
        init: arguments.init.clone(),
        steps: arguments.steps,
        batch: arguments.batch.unwrap_or(12).max(1),
        rate: arguments.rate.unwrap_or(VOICE_RATE),
        look_ahead_frames: arguments.look_ahead_frames as usize,
        patience: arguments.patience,
        validate_every: arguments.validate_every,
        calibrates: true,
        seed: arguments.seed,
    };
    let watch = Watch { bar: console.steps(settings.steps), console };
    let finished = train(&settings, &arguments.device.for_training().map_err(anyhow::Error::msg)?, &watch)?;
    watch.bar.finish_and_clear();
    Ok(finished)
}

/// AUC, accuracy and false alarms of each set, in a line.
fn figures(report: &Report) -> String {
    let figure = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
    let sets: Vec<String> = report
        .sets
        .iter()
        .map(|s| format!("{} {}/{}/{}", s.name, figure(s.auc), figure(s.accuracy), figure(s.false_alarm_rate)))
        .collect();
    sets.join("; ")
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
        let mark = if best { "  best so far" } else { "" };
        self.console.print(&format!("step {step}: score {score:.4}; {}{mark}\n", figures(report)));
    }

    fn stopped(&self) -> bool {
        stop::requested()
    }
}

impl ClipProgress for Watch<'_> {
    fn step(&self, step: u64, loss: f64) {
        self.bar.set_position(step);
        self.bar.set_message(format!("loss {loss:.3}"));
    }

    fn validated(&self, step: u64, figures: &[ClipFigures], best: bool) {
        let sets: Vec<String> =
            figures.iter().map(|f| format!("{} {:.3}/{:.2}", f.name, f.accuracy, f.cross_entropy)).collect();
        let mark = if best { "  best so far" } else { "" };
        self.console.print(&format!("step {step}: {}{mark}\n", sets.join("; ")));
    }

    fn stopped(&self) -> bool {
        stop::requested()
    }
}

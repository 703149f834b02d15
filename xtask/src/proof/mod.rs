//! `cargo xtask proof`: measures what was promised and gathers the figures in docs/promises.md.
//!
//! Each section is measured by itself and written down by itself, so that a run can be taken up where it stopped.

mod fast;
mod fuzz;
mod hosted;
mod memory;
mod page;
mod record;
mod supply;
mod tested;

use crate::workspace;
use anyhow::{Result, anyhow};
use clap::ValueEnum;
use record::{Record, Row};
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Instant;

/// Options of `cargo xtask proof`.
#[derive(clap::Args)]
pub struct Options {
    /// The sections to measure, in this order; all where none is named
    #[arg(value_enum, value_name = "SECTION")]
    sections: Vec<Section>,
    /// Instances of the soak
    #[arg(long, default_value_t = 32)]
    soak_instances: usize,
    /// Hours of music that each instance of the soak hears
    #[arg(long, default_value_t = 8.0)]
    hours: f64,
    /// Minutes after which the soak ends in any case
    #[arg(long, default_value_t = 600.0)]
    minutes: f64,
    /// Instances in one process, each number in a process of its own; 32 must be among them
    #[arg(long, default_value = "1,8,32,64")]
    instances: String,
    /// Seconds of each fuzz target
    #[arg(long, default_value_t = 600)]
    fuzz_seconds: u64,
    /// Python that has the peers (docs/promises.md names them)
    #[arg(long, value_name = "FILE", default_value = "python3")]
    python: PathBuf,
    /// Measure this plugin instead of the bundle; the page names it
    #[arg(long, value_name = "FILE")]
    plugin: Option<PathBuf>,
    /// Measure only what is measured by a command with this word, for instance a fuzz target; the other rows stay
    #[arg(long, value_name = "WORD")]
    only: Option<String>,
    /// Write docs/promises.md from what was measured before, and measure nothing
    #[arg(long)]
    page: bool,
}

/// What belongs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Section {
    /// System calls, allocations, times of blocks, denormals, models of the crossing
    RealTime,
    /// Mel frames, nets and whole files beside their peers, and how far from the processor's peak
    Fast,
    /// 1 to 64 instances: memory, processor, fairness; a thousand that come and go
    Many,
    /// An engine that panics, stands still or crawls; what the unsafe code does with memory
    Faults,
    /// Hours of music at 32 instances
    Soak,
    /// Bytes that nobody should write
    Fuzz,
    /// Licences, list of parts, reproducible bundle, sizes, scan and instantiation
    Supply,
}

impl Section {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn steps(self, options: &Options) -> Vec<Step> {
        match self {
            Self::RealTime => {
                let mut steps = hosted::real_time(options);
                steps.extend(tested::real_time());
                steps
            }
            Self::Fast => fast::steps(options),
            Self::Many => hosted::many(options),
            Self::Faults => {
                let mut steps = tested::faults();
                steps.extend(memory::steps(options));
                steps.push(hosted::stall(options));
                steps
            }
            Self::Soak => vec![hosted::soak(options)],
            Self::Fuzz => fuzz::steps(options),
            Self::Supply => supply::steps(options),
        }
    }
}

/// One measurement: the command that repeats it, and what it finds.
pub struct Step {
    command: String,
    run: Box<dyn Fn() -> Result<Vec<Row>>>,
}

impl Step {
    fn new(command: impl Into<String>, run: impl Fn() -> Result<Vec<Row>> + 'static) -> Self {
        Self { command: command.into(), run: Box::new(run) }
    }

    fn is_wanted(&self, options: &Options) -> bool {
        options.only.as_ref().is_none_or(|only| self.command.split_whitespace().any(|word| word == only))
    }
}

/// A command of the nightly compiler: the one that runs this program must not choose it.
fn nightly<'a>(words: impl IntoIterator<Item = &'a str>) -> Command {
    let mut words = words.into_iter();
    let mut command = Command::new(words.next().unwrap_or("cargo"));
    command.args(words).current_dir(workspace::root()).env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
    command
}

/// Measures the sections, writes each down when it is done, and the page at the end.
pub fn run(options: &Options) -> Result<ExitCode> {
    workspace::enter_root()?;
    let sections: &[Section] = match &options.sections[..] {
        _ if options.page => &[],
        [] => Section::value_variants(),
        some => some,
    };
    let mut missed = 0;
    for section in sections {
        println!("\n== {} ==", section.name());
        let steps: Vec<Step> = section.steps(options).into_iter().filter(|step| step.is_wanted(options)).collect();
        let mut record = Record::begin(*section);
        if options.only.is_some() {
            record.keep(Record::read(*section)?, |row| steps.iter().all(|step| step.command != row.command));
        }
        let begun = Instant::now();
        for step in steps {
            println!("-- {}", step.command);
            let rows = (step.run)().unwrap_or_else(|error| vec![Row::not_measured(&error)]);
            for row in rows {
                println!("{row}");
                missed += usize::from(row.kept == Some(false));
                // With other numbers in its command, it is the same promise.
                record.rows.retain(|earlier| earlier.measured.is_empty() || earlier.promise != row.promise);
                record.rows.push(row.by(&step.command));
            }
            record.took_s = begun.elapsed().as_secs_f64();
            // After each step: what was measured is not lost with what comes after it.
            record.write()?;
        }
    }
    let page = page::write()?;
    println!("\n{} is written", page.display());
    if missed > 0 {
        return Err(anyhow!("{missed} bars are missed; {} says which", page.display()));
    }
    Ok(ExitCode::SUCCESS)
}

//! `earmark-proof`: measures on the built plugin what was promised; each line of its output is a promise with its figure,
//! as JSON.
//!
//! `cargo xtask proof` builds and starts it.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
mod linux {
    use anyhow::Result;
    use clap::{Parser, Subcommand};
    use earmark_hosts::program;
    use earmark_hosts::proof::{Row, churn, crowd, fairness, load, quiet, soak, stall, times};
    use std::time::Duration;

    /// Measures on the built plugin what was promised.
    #[derive(Parser)]
    #[command(name = "earmark-proof", max_term_width = 100)]
    struct Arguments {
        #[command(flatten)]
        plugin: program::Plugin,
        #[command(subcommand)]
        what: What,
    }

    #[derive(Subcommand)]
    enum What {
        /// System calls and allocations of the audio thread, with the engine overrun and with it stopped
        Quiet {
            /// Blocks to play in each case
            #[arg(long, default_value_t = 1_000_000)]
            blocks: u64,
        },
        /// How long a block takes, for every length and rate; denormals
        Times,
        /// So many instances at once: memory and processor time
        Crowd {
            /// How many; 32 must be among them
            #[arg(long, value_delimiter = ',', default_value = "1,8,32,64")]
            instances: Vec<usize>,
        },
        /// So many instances in real time: who gets how much
        Fairness {
            /// How many
            #[arg(long, default_value_t = 64)]
            instances: usize,
        },
        /// A thousand instances come and go
        Churn,
        /// How long a scan and an instantiation take
        Load,
        /// Hours of music at many instances
        Soak {
            /// Instances in one process
            #[arg(long, default_value_t = 32)]
            instances: usize,
            /// Hours of music that each instance hears
            #[arg(long, default_value_t = 8.0)]
            hours: f64,
            /// Minutes after which it ends in any case
            #[arg(long, default_value_t = 600.0)]
            minutes: f64,
        },
        /// The engine's thread is stopped, and slowed down
        Stall,
        #[command(hide = true)]
        QuietChild {
            #[arg(long)]
            blocks: u64,
        },
        #[command(hide = true)]
        CrowdChild {
            #[arg(long)]
            instances: usize,
            #[arg(long)]
            in_step: bool,
        },
        #[command(hide = true)]
        StallChild,
    }

    pub(crate) fn run() -> Result<()> {
        let arguments = Arguments::parse();
        let plugin = arguments.plugin.bundle()?;
        let rows: Vec<Row> = match arguments.what {
            What::Quiet { blocks } => {
                quiet::measure(&plugin, blocks, false)?.iter().for_each(Row::print);
                quiet::measure(&plugin, blocks, true)?
            }
            What::Times => times::measure(&plugin)?,
            What::Crowd { instances } => crowd::measure(&plugin, &instances)?,
            What::Fairness { instances } => fairness::measure(instances)?,
            What::Load => load::measure(&plugin)?,
            What::Churn => churn::measure(&plugin)?,
            What::Soak { instances, hours, minutes } => {
                soak::measure(&plugin, instances, hours, Duration::from_secs_f64(60.0 * minutes))?
            }
            What::Stall => stall::measure(&plugin)?,
            What::QuietChild { blocks } => return quiet::play(&plugin, blocks),
            What::CrowdChild { instances, in_step } => return crowd::play(&plugin, instances, in_step),
            What::StallChild => return stall::play(&plugin),
        };
        rows.iter().for_each(Row::print);
        Ok(())
    }
}

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    earmark_hosts::program::run(linux::run)
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    eprintln!("error: these measurements look at threads and memory as Linux shows them");
    ExitCode::FAILURE
}

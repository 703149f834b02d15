//! `cargo xtask`: the project's chores, each one command.

mod bundle;
mod check;
mod cuda;
mod host;
mod host_check;
mod hosts;
mod install;
mod latency;
mod licences;
mod proof;
mod sbom;
mod setup;
mod spdx;
mod standalone;
mod uses;
mod voice_data;
mod window;
mod workspace;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Earmark's chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Install the system packages that the plugin needs (Debian and Ubuntu; elsewhere: say which)
    Setup(setup::Options),
    /// Build the plugin and put Earmark.clap and Earmark.vst3 into target/bundled
    Bundle,
    /// Bundle, then copy both plugins to this user's plugin folders
    Install,
    /// Stream an audio file through the built plugin, without a DAW, and write down what it emits
    Host(host::Options),
    /// Ask the built plugin what plugin validators ask, each check in a process of its own
    HostCheck(host_check::Options),
    /// Run the built plugin in a real host, if it is installed: Ardour, pedalboard, DawDreamer
    Hosts(hosts::Options),
    /// Stream labelled songs through the built plugin and say how late its gate is
    Latency(latency::Options),
    /// Duck, open a reverb and key a compressor with the built plugin, on a song's stems, and measure what came of it
    Uses(uses::Options),
    /// Build Earmark as a program of its own, on JACK or the system's devices, and start it
    Standalone(standalone::Options),
    /// Open the built plugin's window with music playing, and take a picture of it
    Window(window::Options),
    /// Gather training material for the voice detector from Debian packages (Debian and Ubuntu)
    VoiceData(voice_data::Options),
    /// Build the library that runs the nets on an NVIDIA GPU
    Cuda(cuda::Options),
    /// Measure what was promised and write the figures into docs/promises.md
    Proof(proof::Options),
    /// List the plugin's parts (CycloneDX) in target/bundled/earmark.cdx.json
    Sbom,
    /// Run every check that continuous integration runs
    Check(check::Options),
}

fn main() -> ExitCode {
    match run(Arguments::parse().chore) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<ExitCode> {
    match chore {
        Chore::Setup(options) => setup::run(&options)?,
        Chore::Bundle => {
            bundle::run()?;
        }
        Chore::Install => install::run()?,
        Chore::Host(options) => return host::run(options),
        Chore::HostCheck(options) => return host_check::run(&options),
        Chore::Hosts(options) => return hosts::run(&options),
        Chore::Latency(options) => return latency::run(options),
        Chore::Uses(options) => return uses::run(options),
        Chore::Standalone(options) => return standalone::run(&options),
        Chore::Window(options) => return window::run(options),
        Chore::VoiceData(options) => voice_data::run(&options)?,
        Chore::Cuda(options) => cuda::run(&options)?,
        Chore::Proof(options) => return proof::run(&options),
        Chore::Sbom => {
            let (path, parts) = sbom::run()?;
            println!("{parts} parts: {}", path.display());
        }
        Chore::Check(options) => return check::run(&options),
    }
    Ok(ExitCode::SUCCESS)
}

//! `cargo xtask host-check`: the built plugins, asked what plugin validators ask.

use crate::{bundle, host, setup, workspace};
use anyhow::{Context, Result};
use clap::ValueEnum;
use std::process::{Command, ExitCode};

/// Options of `cargo xtask host-check`.
#[derive(clap::Args, Default)]
pub struct Options {
    /// Check this format alone
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Check this plugin of the bundle alone
    #[arg(long, value_enum)]
    class: Option<host::Class>,
    /// Run only checks with this text in their name
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// List the checks and what they expect
    #[arg(long)]
    list: bool,
    /// Build a plugin that panics on demand, and have each of its functions do so, instead of all else
    #[arg(long, conflicts_with_all = ["format", "class", "only", "list"])]
    panics: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Earmark.clap
    Clap,
    /// Earmark.vst3
    Vst3,
}

/// Bundles if something has changed, builds the checker, runs it; its exit code is ours.
pub fn run(options: &Options) -> Result<ExitCode> {
    if options.panics {
        let test = ["test", "--release", "-p", "earmark-hosts", "--features", "faults", "--test", "panics"];
        return host::exit_code(workspace::cargo().args(test));
    }
    host::build("earmark-check")?;
    run_built(options)
}

/// The same with the checker that is built already.
pub fn run_built(options: &Options) -> Result<ExitCode> {
    setup::hint();
    let target = workspace::target_dir()?;
    if !options.list {
        bundle::run_if_stale().context("the plugin to be checked")?;
    }
    let mut check = Command::new(target.join("release").join(format!("earmark-check{}", std::env::consts::EXE_SUFFIX)));
    if let Some(format) = options.format {
        check.arg("--format").arg(host::value_name(format));
    }
    if let Some(class) = options.class {
        check.arg("--class").arg(host::value_name(class));
    }
    if let Some(name) = &options.only {
        check.arg("--only").arg(name);
    }
    if options.list {
        check.arg("--list");
    }
    host::exit_code(&mut check)
}

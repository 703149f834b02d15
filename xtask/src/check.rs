//! `cargo xtask check`: what has to hold before a change is taken.

use crate::{bundle, host, host_check, licences, workspace};
use anyhow::{Result, bail, ensure};
use clap::ValueEnum;
use std::process::ExitCode;
use std::time::Instant;

/// Options of `cargo xtask check`.
#[derive(clap::Args)]
pub struct Options {
    /// Run this step alone
    #[arg(long, value_enum, value_name = "STEP")]
    only: Option<Step>,
}

/// The steps, in their order. The bundle comes before the tests, because the tests host it.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// The source is formatted as rustfmt does it
    Format,
    /// No warning, with the default features, with the plugin's alone and with the command line's alone
    Clippy,
    /// Every dependency's licence is one that we accept
    Licences,
    /// The plugin builds and bundles
    Bundle,
    /// All tests pass, those that host the bundle included
    Tests,
    /// The bundle runs over the demo in a host
    Host,
    /// The bundle stands what plugin validators ask
    HostCheck,
}

impl Step {
    /// `alone`: no other step has run before.
    fn run(self, alone: bool) -> Result<()> {
        match self {
            Self::Format => {
                component("fmt", "rustfmt")?;
                let format = ["fmt", "--all", "--", "--check"];
                workspace::run(workspace::cargo().args(format), "`cargo fmt --all -- --check`")
            }
            Self::Clippy => clippy(),
            Self::Licences => licences::run(),
            Self::Bundle => bundle::run().map(|_| ()),
            Self::Tests => {
                bundle::run_if_stale()?;
                let tests = ["test", "--release", "--workspace"];
                let mut command = workspace::cargo();
                // Here a test that finds no bundle must fail; elsewhere it says so and passes.
                command.args(tests).env("EARMARK_REQUIRE_BUNDLE", "1");
                workspace::run(&mut command, "`cargo test --release --workspace`")
            }
            Self::Host => {
                let options = host::Options::default();
                let code = if alone { host::run(options)? } else { host::run_built(options)? };
                ensure!(code == ExitCode::SUCCESS, "`cargo xtask host` failed on the demo");
                Ok(())
            }
            Self::HostCheck => {
                let options = host_check::Options::default();
                let code = if alone { host_check::run(&options)? } else { host_check::run_built(&options)? };
                ensure!(code == ExitCode::SUCCESS, "`cargo xtask host-check` failed");
                Ok(())
            }
        }
    }

    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Runs the steps until one fails; prints a summary either way.
pub fn run(options: &Options) -> Result<ExitCode> {
    let steps: Vec<_> =
        Step::value_variants().iter().filter(|step| options.only.is_none_or(|only| only == **step)).collect();
    let mut summary = Vec::new();
    let mut failure = None;
    for (number, step) in steps.iter().enumerate() {
        println!("\n== {}/{} {} ==", number + 1, steps.len(), step.name());
        let start = Instant::now();
        let result = step.run(options.only.is_some());
        let verdict = if result.is_ok() { "ok" } else { "FAILED" };
        summary.push(format!("{:10} {verdict:6} {:7.1} s", step.name(), start.elapsed().as_secs_f64()));
        if let Err(error) = result {
            failure = Some(error);
            break;
        }
    }
    println!("\n== summary ==\n{}", summary.join("\n"));
    let left = steps.len() - summary.len();
    if left > 0 {
        println!("{left} more not run");
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn clippy() -> Result<()> {
    component("clippy", "clippy")?;
    let sets: [&[&str]; 3] = [
        &["--workspace", "--all-targets"],
        &["--package", "earmark", "--all-targets", "--no-default-features", "--features", "plugin"],
        &["--package", "earmark", "--all-targets", "--no-default-features", "--features", "cli"],
    ];
    for set in sets {
        let what = format!("`cargo clippy {}`", set.join(" "));
        println!("{what}");
        let mut command = workspace::cargo();
        command.args(["clippy", "--release"]).args(set).args(["--", "-D", "warnings"]);
        workspace::run(&mut command, &what)?;
    }
    Ok(())
}

/// rustfmt and clippy are optional parts of a Rust installation.
fn component(subcommand: &str, name: &str) -> Result<()> {
    let answer = workspace::cargo().args([subcommand, "--version"]).output();
    if !answer.is_ok_and(|output| output.status.success()) {
        bail!("{name} is not installed: rustup component add {name}");
    }
    Ok(())
}

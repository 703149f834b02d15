//! `cargo xtask host`: the built plugin in a host without a window, over a file.

use crate::{bundle, setup, workspace};
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Options of `cargo xtask host`.
#[derive(clap::Args, Default)]
pub struct Options {
    /// Audio file to stream through the plugin [default: demo/lithium.flac]
    file: Option<PathBuf>,
    /// Plugin of the bundle to load: "control" has MIDI output and the key bus as well
    #[arg(long, value_enum)]
    class: Option<Class>,
    /// The plugin's parameter "automation"
    #[arg(long, value_enum)]
    automation: Option<Automation>,
    /// Frames per block [default: 512]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    block: Option<u32>,
    /// Sample rate to run at; the file is resampled to it [default: the file's own]
    #[arg(long, value_name = "HZ")]
    rate: Option<f64>,
    /// Folder for events.csv, out.wav and automation.png [default: target/host]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Which plugin of the bundle.
#[derive(Clone, Copy, ValueEnum)]
pub enum Class {
    /// Plain stereo or mono in and out
    Earmark,
    /// With MIDI output and the key bus as well
    Control,
}

#[derive(Clone, Copy, ValueEnum)]
enum Automation {
    /// Nothing leaves the plugin
    Off,
    /// Values move, nothing is recorded
    Show,
    /// Values between gestures, as a host records them
    Write,
    /// The host's lane is the truth
    Read,
}

/// Bundles if something has changed, builds the host, runs it; its exit code is ours.
pub fn run(options: Options) -> Result<ExitCode> {
    // Before minutes of building.
    input(options.file.as_deref())?;
    build("earmark-host")?;
    run_built(options)
}

/// The same with the host that is built already: after the tests, which need it too. Building it by itself would
/// compile the dependencies once more, because the tests' own dependencies change their features.
pub fn run_built(options: Options) -> Result<ExitCode> {
    let file = input(options.file.as_deref())?;
    let target = workspace::target_dir()?;
    let out = options.out.map_or_else(|| Ok(target.join("host")), |out| absolute(&out))?;

    let mut host = program("earmark-host", &target)?;
    host.arg(file).arg("--out").arg(out);
    if let Some(class) = options.class {
        host.arg("--class").arg(value_name(class));
    }
    if let Some(automation) = options.automation {
        host.arg("--automation").arg(value_name(automation));
    }
    if let Some(frames) = options.block {
        host.arg("--block").arg(frames.to_string());
    }
    if let Some(rate) = options.rate {
        host.arg("--rate").arg(rate.to_string());
    }
    exit_code(&mut host)
}

/// Builds a program of the hosts' crate.
pub fn build(name: &str) -> Result<()> {
    // With the whole workspace's features, so that what the parts share is built once.
    let build = ["build", "--release", "--workspace", "--bin", name];
    workspace::run(workspace::cargo().args(build), "building the host")
}

/// A built program of the hosts' crate, to be run on the plugin as it is now.
pub fn program(name: &str, target: &Path) -> Result<Command> {
    setup::hint();
    let bundles = bundle::run_if_stale()?;
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let mut program = Command::new(target.join("release").join(name));
    program.arg("--plugin").arg(bundles.clap);
    Ok(program)
}

/// Runs a program to its end.
pub fn exit_code(program: &mut Command) -> Result<ExitCode> {
    let status = program.status().context("cannot start the host")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    match code {
        Some(code) => Ok(ExitCode::from(code)),
        None => bail!("the host ended abnormally ({status})"),
    }
}

/// The file named, or the demo.
pub fn input(file: Option<&Path>) -> Result<PathBuf> {
    let file = file.map_or_else(|| Ok(workspace::root().join("demo/lithium.flac")), absolute)?;
    if !file.is_file() {
        bail!("{}: no such file; name an audio file, or none for the demo", file.display());
    }
    Ok(file)
}

/// A path that stays true in another folder.
pub fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("{}: not a path", path.display()))
}

/// An option's value as a person types it.
pub fn value_name(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

//! `cargo xtask standalone`: Earmark as a program of its own, on JACK or the system's devices.

use crate::{host, workspace};
use anyhow::{Result, bail};
use std::process::{Command, ExitCode};

/// Options of `cargo xtask standalone`.
#[derive(clap::Args)]
pub struct Options {
    /// Build it and say where it lies, but do not start it
    #[arg(long)]
    build_only: bool,
    /// Arguments of the standalone itself, such as --backend jack; --help lists them
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

/// What it is built against on Linux: the names that pkg-config knows, and Debian's packages.
const LIBRARIES: [(&str, &str); 2] = [("alsa", "libasound2-dev"), ("jack", "libjack-jackd2-dev")];

/// Builds the standalone and starts it; its exit code is ours.
pub fn run(options: &Options) -> Result<ExitCode> {
    if cfg!(target_os = "linux") {
        let missing = missing();
        if !missing.is_empty() {
            bail!(
                "the standalone is built against ALSA and JACK, and {} missing here; on Debian and Ubuntu: apt-get \
                 install {} (Fedora: pkgconf alsa-lib-devel jack-audio-connection-kit-devel; Arch: pkgconf alsa-lib \
                 jack2). The plugin needs none of them.",
                if missing.len() == 1 { "this is" } else { "these are" },
                missing.join(" ")
            );
        }
    }
    let build =
        ["build", "--release", "--package", "earmark", "--features", "standalone", "--bin", "earmark-standalone"];
    workspace::run(workspace::cargo().args(build), "building the standalone")?;
    let program = format!("earmark-standalone{}", std::env::consts::EXE_SUFFIX);
    let program = workspace::target_dir()?.join("release").join(program);
    if options.build_only {
        println!("{}", program.display());
        return Ok(ExitCode::SUCCESS);
    }
    host::exit_code(Command::new(program).args(&options.arguments))
}

/// Debian's packages that are not here.
fn missing() -> Vec<&'static str> {
    if !workspace::exists("pkg-config") {
        return ["pkg-config"].into_iter().chain(LIBRARIES.map(|(_, package)| package)).collect();
    }
    let known = |library| {
        let status = Command::new("pkg-config").args(["--exists", library]).status();
        status.is_ok_and(|status| status.success())
    };
    LIBRARIES.into_iter().filter(|(library, _)| !known(library)).map(|(_, package)| package).collect()
}

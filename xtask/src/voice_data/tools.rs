//! The programs that do the work: asked for by name before it begins, and quiet unless they fail.

use crate::workspace;
use anyhow::{Context, Result, bail, ensure};
use std::process::{Command, Stdio};

/// Programs, and the Debian packages that hold them.
const PROGRAMS: [(&str, &str); 6] = [
    ("apt-get", "apt"),
    ("dpkg", "dpkg"),
    ("unzip", "unzip"),
    ("ffmpeg", "ffmpeg"),
    ("espeak-ng", "espeak-ng"),
    ("fluidsynth", "fluidsynth"),
];

/// Makes sure that every program is here.
///
/// # Errors
/// One line that names what is missing and how to install it.
pub fn require_all() -> Result<()> {
    let missing: Vec<_> = PROGRAMS.into_iter().filter(|(program, _)| !workspace::exists(program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let (programs, packages): (Vec<_>, Vec<_>) = missing.into_iter().unzip();
    ensure!(
        !programs.contains(&"apt-get") && !programs.contains(&"dpkg"),
        "the material lies in Debian packages, and apt-get or dpkg is missing; run this on Debian or in a container of it"
    );
    bail!("{} cannot be started; install with: apt-get install {}", programs.join(", "), packages.join(" "))
}

/// Runs a command to its end and returns what it wrote to its standard output.
///
/// # Errors
/// That it cannot be started, or failed, with the last line that it complained.
pub fn output(command: &mut Command, what: &str) -> Result<Vec<u8>> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{what}: cannot start {}", command.get_program().to_string_lossy()))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{what} failed ({}): {}",
            output.status,
            complaint.trim().lines().last().unwrap_or("it does not say why")
        );
    }
    Ok(output.stdout)
}

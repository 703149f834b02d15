//! Where things lie, and how other programs are started.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

/// The repository's root folder.
pub fn root() -> PathBuf {
    let xtask =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Makes the repository's root the current folder; relative paths from the user must be resolved before.
pub fn enter_root() -> Result<()> {
    let root = root();
    std::env::set_current_dir(&root).with_context(|| format!("cannot enter {}", root.display()))
}

/// The folder that cargo builds into.
pub fn target_dir() -> Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cannot read the workspace with `cargo metadata`")?;
    Ok(metadata.target_directory.into_std_path_buf())
}

/// The cargo that started this program, to be run in the repository's root.
pub fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Runs a command with its output shown; `what` is named in the error if it fails.
pub fn run(command: &mut Command, what: &str) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("{what}: cannot start {}", command.get_program().to_string_lossy()))?;
    if !status.success() {
        bail!("{what} failed ({status})");
    }
    Ok(())
}

/// Whether a program can be started at all.
pub fn exists(program: impl AsRef<OsStr>) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// The latest change below `path` (a file or a folder with all that it holds); nothing if it is not there.
///
/// Folders count themselves, so that a removed file is noticed too.
pub fn changed(path: &Path) -> Option<SystemTime> {
    let about = path.metadata().ok()?;
    let mut latest = about.modified().ok()?;
    if about.is_dir() {
        for entry in path.read_dir().ok()?.flatten() {
            latest = changed(&entry.path()).map_or(latest, |time| time.max(latest));
        }
    }
    Some(latest)
}

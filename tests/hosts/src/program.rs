//! How the programs of this crate start, speak and end.

use crate::bundle;
use anyhow::{Context, Result, ensure};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Termination};

/// The option that names the plugin, where one plugin is loaded.
#[derive(clap::Args)]
pub struct Plugin {
    /// Bundle to load [default: the built Earmark.clap]
    #[arg(long = "plugin", value_name = "FILE")]
    path: Option<PathBuf>,
}

impl Plugin {
    /// The bundle that is named, else the built one.
    ///
    /// # Errors
    /// None is named, and none is built.
    pub fn bundle(&self) -> Result<PathBuf> {
        bundle::given_or_built(self.path.as_deref())
    }
}

/// Runs a program; what stops it goes to standard error, on one line.
pub fn run<T: Termination>(program: impl FnOnce() -> Result<T>) -> ExitCode {
    match program() {
        Ok(end) => end.report(),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Writes a program's answer. Whoever reads it may stop reading.
pub fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Whether the file that a person has named is there, before anything takes long.
///
/// # Errors
/// It is not.
pub fn must_exist(file: &Path) -> Result<()> {
    ensure!(file.exists(), "{}: no such file; name an audio file", file.display());
    Ok(())
}

/// Makes a folder for what a program writes, with those around it.
///
/// # Errors
/// It cannot be made.
pub fn make_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))
}

//! Where `cargo xtask bundle` has put the plugins.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The built CLAP bundle, if there is one in the target folder that the running program lies in.
pub fn clap() -> Option<PathBuf> {
    find("Earmark.clap")
}

/// The built VST3 bundle, likewise.
pub fn vst3() -> Option<PathBuf> {
    find("Earmark.vst3")
}

/// The bundle that is named, else the built CLAP bundle.
///
/// # Errors
/// None is named, and none is built.
pub fn given_or_built(given: Option<&Path>) -> Result<PathBuf> {
    let bundle = given.map(Path::to_path_buf).or_else(clap);
    bundle.context("no plugin is built yet: run `cargo xtask bundle`")
}

fn find(name: &str) -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    program.ancestors().map(|folder| folder.join("bundled").join(name)).find(|bundle| bundle.exists())
}

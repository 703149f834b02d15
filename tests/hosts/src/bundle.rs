//! Where `cargo xtask bundle` has put the plugins.

use std::path::PathBuf;

/// The built CLAP bundle, if there is one in the target folder that the running program lies in.
pub fn clap() -> Option<PathBuf> {
    find("Earmark.clap")
}

/// The built VST3 bundle, likewise.
pub fn vst3() -> Option<PathBuf> {
    find("Earmark.vst3")
}

fn find(name: &str) -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    program.ancestors().map(|folder| folder.join("bundled").join(name)).find(|bundle| bundle.exists())
}

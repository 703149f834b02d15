//! `cargo xtask bundle`: the plugin, built and put into the folders that hosts expect.

use crate::workspace;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGE: &str = "earmark";
/// The plugin's own features only: neither command line nor study are in the binary that a host loads.
const BUILD: [&str; 5] = ["--release", "--lib", "--no-default-features", "--features", "plugin"];
/// All that the bundle is made from.
const SOURCES: [&str; 5] = ["Cargo.lock", "Cargo.toml", "bundler.toml", "models", "src"];

/// The two bundles.
pub struct Bundles {
    /// `Earmark.clap`: a file, on macOS a folder.
    pub clap: PathBuf,
    /// `Earmark.vst3`: a folder.
    pub vst3: PathBuf,
}

impl Bundles {
    fn in_target_dir(target: &Path) -> Self {
        let folder = target.join("bundled");
        Self { clap: folder.join("Earmark.clap"), vst3: folder.join("Earmark.vst3") }
    }

    /// Whether both are there and newer than everything they are made from.
    fn are_fresh(&self) -> bool {
        let built = [&self.clap, &self.vst3].map(|bundle| binary(bundle).and_then(|b| workspace::changed(&b)));
        let changed = SOURCES.iter().filter_map(|source| workspace::changed(&workspace::root().join(source))).max();
        match (built, changed) {
            ([Some(clap), Some(vst3)], Some(changed)) => clap.min(vst3) > changed,
            _ => false,
        }
    }
}

/// Builds, bundles, strips and prints the sizes.
pub fn run() -> Result<Bundles> {
    workspace::enter_root()?;
    let target = workspace::target_dir()?;
    let arguments = BUILD.map(String::from);
    nice_plug_xtask::build(&[PACKAGE.into()], &arguments).context("building the plugin")?;
    nice_plug_xtask::bundle(&target, PACKAGE, &arguments, false).context("bundling the plugin")?;
    remove_command_line(&target)?;

    let bundles = Bundles::in_target_dir(&target);
    println!();
    for bundle in [&bundles.clap, &bundles.vst3] {
        let binary = binary(bundle)
            .with_context(|| format!("{} was not made: the library exports no such plugin", bundle.display()))?;
        strip(bundle, &binary)?;
        let bytes = binary.metadata()?.len();
        println!("{:6.1} MB  {}", bytes as f64 / 1e6, bundle.display());
    }
    Ok(bundles)
}

/// Bundles only if something has changed since the last time.
///
/// Cargo would notice as well, but it keeps one build of a library that is also a `cdylib`: going back and forth
/// between the plugin's features and the command line's would compile it anew each time.
pub fn run_if_stale() -> Result<Bundles> {
    let bundles = Bundles::in_target_dir(&workspace::target_dir()?);
    if bundles.are_fresh() { Ok(bundles) } else { run() }
}

/// The bundler also takes a program of the package's name for a standalone plugin. Ours is the command line.
fn remove_command_line(target: &Path) -> Result<()> {
    for name in ["Earmark", "Earmark.exe"] {
        let path = target.join("bundled").join(name);
        if path.is_file() {
            std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            eprintln!("Removed {} again: it is the command line", path.display());
        }
    }
    let app = target.join("bundled/Earmark.app");
    if app.is_dir() {
        std::fs::remove_dir_all(&app).with_context(|| format!("cannot remove {}", app.display()))?;
    }
    Ok(())
}

/// The shared library inside a bundle: the bundle itself, or the one file in `Contents/<system>/`.
fn binary(bundle: &Path) -> Option<PathBuf> {
    if bundle.is_file() {
        return Some(bundle.to_path_buf());
    }
    let systems = bundle.join("Contents").read_dir().ok()?.flatten();
    systems
        .filter(|entry| entry.file_name() != "Resources")
        .filter_map(|entry| entry.path().read_dir().ok())
        .flat_map(|files| files.flatten().map(|file| file.path()))
        .find(|path| path.is_file() && path.file_stem() == bundle.file_stem())
}

/// Removes what only a debugger reads; the exported names stay.
fn strip(bundle: &Path, binary: &Path) -> Result<()> {
    if cfg!(windows) || !workspace::exists("strip") {
        return Ok(()); // Windows keeps debug information in a file of its own
    }
    let option = if cfg!(target_os = "macos") { "-x" } else { "--strip-unneeded" };
    workspace::run(Command::new("strip").arg(option).arg(binary), "stripping the plugin")?;
    if cfg!(target_os = "macos") {
        // Stripping breaks the signature that the bundler made.
        let signed = Command::new("codesign").args(["-f", "-s", "-"]).arg(bundle).status();
        ensure!(signed.is_ok_and(|status| status.success()), "cannot sign {} again", bundle.display());
    }
    Ok(())
}

//! `cargo xtask install`: both bundles into the folders where this user's hosts look.

use crate::bundle;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Bundles and copies.
pub fn run() -> Result<()> {
    let (clap_folder, vst3_folder) = folders()?;
    let bundles = bundle::run()?;
    println!();
    for (bundle, folder) in [(&bundles.clap, clap_folder), (&bundles.vst3, vst3_folder)] {
        let place = replace(bundle, &folder)?;
        println!("installed {}", place.display());
    }
    println!("\nLet your host scan its plugins again; Earmark and Earmark Control then appear in its list.");
    Ok(())
}

/// The user's own CLAP and VST3 folders, as the two standards name them.
fn folders() -> Result<(PathBuf, PathBuf)> {
    let variable = if cfg!(windows) { "LOCALAPPDATA" } else { "HOME" };
    let home = std::env::var_os(variable)
        .map(PathBuf::from)
        .with_context(|| format!("{variable} is not set: cannot tell where this user's plugins are"))?;
    Ok(if cfg!(windows) {
        let common = home.join("Programs").join("Common");
        (common.join("CLAP"), common.join("VST3"))
    } else if cfg!(target_os = "macos") {
        let plugins = home.join("Library/Audio/Plug-Ins");
        (plugins.join("CLAP"), plugins.join("VST3"))
    } else {
        (home.join(".clap"), home.join(".vst3"))
    })
}

/// Copies a bundle beside its place and then renames: a host that scans meanwhile never sees half a plugin.
fn replace(bundle: &Path, folder: &Path) -> Result<PathBuf> {
    let name = bundle.file_name().context("a bundle has a name")?.to_string_lossy().into_owned();
    let (place, fresh, old) =
        (folder.join(&name), folder.join(format!(".{name}.new")), folder.join(format!(".{name}.old")));
    let in_folder = || format!("cannot install into {}", folder.display());

    std::fs::create_dir_all(folder).with_context(in_folder)?;
    for rest in [&fresh, &old] {
        remove(rest).with_context(in_folder)?;
    }
    copy(bundle, &fresh).with_context(in_folder)?;
    if place.is_dir() {
        // A folder cannot be renamed onto a folder that holds something.
        std::fs::rename(&place, &old).with_context(in_folder)?;
    }
    std::fs::rename(&fresh, &place).with_context(in_folder)?;
    remove(&old).with_context(in_folder)?;
    Ok(place)
}

fn remove(path: &Path) -> std::io::Result<()> {
    match path.symlink_metadata() {
        Err(_) => Ok(()),
        Ok(about) if about.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if from.is_dir() {
        std::fs::create_dir_all(to)?;
        for entry in from.read_dir()? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    std::fs::copy(from, to).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_replaces_an_older_one_and_leaves_nothing_behind() {
        let home = std::env::temp_dir().join(format!("earmark-install-{}", std::process::id()));
        let (from, to) = (home.join("from/A.vst3"), home.join("to"));
        for text in ["first", "second"] {
            std::fs::create_dir_all(from.join("Contents/x")).unwrap();
            std::fs::write(from.join("Contents/x/A.so"), text).unwrap();
            let place = replace(&from, &to).unwrap();
            assert_eq!(std::fs::read_to_string(place.join("Contents/x/A.so")).unwrap(), text);
        }
        assert_eq!(to.read_dir().unwrap().count(), 1);
        std::fs::remove_dir_all(&home).unwrap();
    }
}

//! Debian packages as archives of audio: downloaded and unpacked into a folder, never installed.

use super::files;
use super::tools;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A package and the licence of what we take from it, by its `debian/copyright`.
#[derive(Clone, Copy)]
pub struct Package {
    /// Debian's name.
    pub name: &'static str,
    /// SPDX-like; several where its files differ.
    pub licence: &'static str,
}

impl Package {
    /// The folder that the package is unpacked in, which is done if need be; pk3 archives in it are unpacked too.
    ///
    /// # Errors
    /// One line: not to be had in this release, or not to be unpacked.
    pub fn unpacked(&self, root: &Path) -> Result<PathBuf> {
        let target = root.join("unpacked").join(self.name);
        if target.exists() {
            return Ok(target);
        }
        let archive = self.downloaded(root)?;
        let part = files::folder(root.join("unpacked").join(format!(".part.{}", self.name)))?;
        let what = format!("unpacking {}", archive.display());
        tools::output(Command::new("dpkg").arg("-x").arg(&archive).arg(&part), &what)?;
        for zip in files::below(&part)?.iter().filter(|path| files::has_extension(path, &["pk3"])) {
            let into = zip.parent().unwrap_or(&part);
            let what = format!("unpacking {}", zip.display());
            tools::output(Command::new("unzip").args(["-q", "-o"]).arg(zip).arg("-d").arg(into), &what)?;
        }
        std::fs::rename(&part, &target).with_context(|| format!("cannot make {}", target.display()))?;
        Ok(target)
    }

    /// The package's archive, which is downloaded if it is not there.
    fn downloaded(&self, root: &Path) -> Result<PathBuf> {
        let folder = files::folder(root.join("packages"))?;
        if let Some(archive) = self.archive(&folder)? {
            return Ok(archive);
        }
        println!("  downloading {}", self.name);
        let what = format!("downloading {} (is it in this Debian release? does `apt-get update` help?)", self.name);
        tools::output(Command::new("apt-get").args(["download", self.name]).current_dir(&folder), &what)?;
        self.archive(&folder)?.with_context(|| format!("apt-get downloaded no archive of {}", self.name))
    }

    fn archive(&self, folder: &Path) -> Result<Option<PathBuf>> {
        let start = format!("{}_", self.name);
        let is_ours = |path: &PathBuf| {
            files::has_extension(path, &["deb"])
                && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&start))
        };
        Ok(files::below(folder)?.into_iter().find(is_ours))
    }
}

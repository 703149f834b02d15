//! Files and folders: written whole or not at all, named without surprises.

use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Writes a file by way of a temporary one beside it, so that what exists is complete and a run that was stopped can
/// go on.
///
/// # Errors
/// What `write` reports, or that the file cannot be put in place.
pub fn write_whole(path: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    // The extension stays last: ffmpeg chooses the format by it.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let part = path.with_file_name(format!(".part.{name}"));
    write(&part)?;
    fs::rename(&part, path).with_context(|| format!("cannot write {}; check the directory", path.display()))
}

/// Writes text, whole or not at all.
///
/// # Errors
/// One line naming the path.
pub fn write_text(path: &Path, text: &str) -> Result<()> {
    write_whole(path, |part| fs::write(part, text).with_context(|| format!("cannot write {}", path.display())))
}

/// Makes a folder with those above it and returns its path.
///
/// # Errors
/// One line naming the path.
pub fn folder(path: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&path)
        .with_context(|| format!("cannot make the folder {}; name another one", path.display()))?;
    Ok(path)
}

/// Every file below a folder, sorted by path.
///
/// # Errors
/// One line naming the folder that cannot be read.
pub fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let unreadable = || format!("cannot read the folder {}", folder.display());
        for entry in fs::read_dir(&folder).with_context(unreadable)? {
            let path = entry.with_context(unreadable)?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a file's extension is one of these.
pub fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension().is_some_and(|extension| extensions.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// The file's name without its extension, spaces made underlines.
pub fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().replace(' ', "_")
}

/// A file by another name, without a second copy where the file system can do that.
///
/// # Errors
/// One line naming both.
pub fn link(from: &Path, to: &Path) -> Result<()> {
    write_whole(to, |part| {
        let _ = fs::remove_file(part);
        fs::hard_link(from, part)
            .or_else(|_| fs::copy(from, part).map(|_| ()))
            .with_context(|| format!("cannot put {} at {}", from.display(), to.display()))
    })
}

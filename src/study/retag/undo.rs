//! The list by which written genres are taken back.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::study::outputs::replace;

/// The list's name in the directory that it is of.
pub const UNDO_NAME: &str = ".earmark-undo.jsonl";

/// One change. The field names are a promise to scripts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Path below the directory.
    pub path: PathBuf,
    /// Genres before.
    pub old: Vec<String>,
    /// Genres after.
    pub new: Vec<String>,
    /// Bytes of the file before.
    pub size: u64,
    /// When it had last been changed before, in nanoseconds since 1970.
    pub modified_ns: i64,
}

/// The list of a directory: a line of JSON per change, each on the disk before its file is touched.
pub struct UndoList {
    path: PathBuf,
}

impl UndoList {
    /// The list of `root`; there need be none yet.
    pub fn of(root: &Path) -> Self {
        Self { path: root.join(UNDO_NAME) }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a change, and returns once it is on the disk.
    ///
    /// # Errors
    /// The disk refuses; the file must not be touched then.
    pub fn add(&self, entry: &Entry) -> Result<()> {
        let add = || -> Result<()> {
            let mut file = OpenOptions::new().read(true).append(true).create(true).open(&self.path)?;
            let mut line = serde_json::to_vec(entry)?;
            line.push(b'\n');
            // A line that a crash has cut off must not spoil this one.
            if !ends_whole(&mut file)? {
                line.insert(0, b'\n');
            }
            file.write_all(&line)?;
            Ok(file.sync_data()?)
        };
        add().context("cannot be written, so nothing is changed; check the directory and the free space")
    }

    /// All changes, oldest first. Lines that a crash has cut off are passed over: their files were not touched.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        match fs::read_to_string(&self.path) {
            Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error).context("cannot be read; check its permissions"),
        }
    }

    /// Keeps only these changes; without any the list goes.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn keep(&self, entries: &[Entry]) -> Result<()> {
        if entries.is_empty() {
            return fs::remove_file(&self.path).context("cannot be removed; check the directory's permissions");
        }
        let lines: Vec<String> = entries.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
        replace(&self.path, (lines.join("\n") + "\n").as_bytes())
    }
}

fn ends_whole(file: &mut File) -> std::io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == [b'\n'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_off_spoils_no_other() {
        let directory = std::env::temp_dir().join(format!("earmark-undo-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let list = UndoList::of(&directory);
        assert!(list.entries().unwrap().is_empty());
        let entry = |path: &str| Entry {
            path: path.into(),
            old: vec!["Pop".into()],
            new: vec!["Rock".into()],
            size: 7,
            modified_ns: 8,
        };
        list.add(&entry("a")).unwrap();
        OpenOptions::new().append(true).open(list.path()).unwrap().write_all(b"{\"path\":\"b").unwrap();
        list.add(&entry("c")).unwrap();
        assert_eq!(list.entries().unwrap(), [entry("a"), entry("c")]);
        list.keep(&[entry("c")]).unwrap();
        assert_eq!(list.entries().unwrap(), [entry("c")]);
        list.keep(&[]).unwrap();
        assert!(!list.path().exists());
        fs::remove_dir_all(&directory).unwrap();
    }
}

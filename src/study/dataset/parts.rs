//! A data set as a directory: `part-SSSSS-of-NNNNN-CCCCCC.parquet`, chunk C of shard S of N.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use arrow_array::RecordBatch;

use super::file::{self, Draft};
use crate::study::identity::Stamp;
use crate::study::outputs;
use crate::study::shard::Shard;

/// A draft this old has been left behind: writing one takes a moment.
const LEFT_BEHIND: Duration = Duration::from_secs(600);

/// One shard's parts in the directory of a data set.
pub struct Parts {
    directory: PathBuf,
    shard: Shard,
    origin: String,
    /// Number of the next part.
    next: u32,
    /// The audio files that are there, what they were, and in which part they are.
    known: HashMap<String, (Stamp, PathBuf)>,
    notices: Vec<String>,
    /// Held as long as this is: two processes on the same shard would each write what the other has not yet shown.
    _lock: File,
}

impl Parts {
    /// Opens the directory, or makes it, and looks at what is there of `shard`. `origin` names the version and the nets
    /// that rows come from. Where another process is at the same shard (a worker that was given up for lost may still be),
    /// `wait` is called and it is waited for.
    ///
    /// # Errors
    /// The directory cannot be made or listed; it holds parts of another number of shards or another origin.
    pub fn open(directory: &Path, shard: Shard, origin: &str, wait: impl FnOnce()) -> Result<Self> {
        outputs::make_directory(directory)?;
        let mut notices = Vec::new();
        let lock = lock(directory, shard, wait, &mut notices)?;
        let mut parts = Self {
            directory: directory.to_owned(),
            shard,
            origin: origin.to_owned(),
            next: 0,
            known: HashMap::new(),
            notices,
            _lock: lock,
        };
        let listing = fs::read_dir(directory).context("cannot be listed; check its permissions")?;
        let mut paths: Vec<PathBuf> = listing
            .map(|entry| Ok(entry.context("cannot be listed; check its permissions")?.path()))
            .collect::<Result<_>>()?;
        paths.sort();
        for path in &paths {
            parts.look_at(path)?;
        }
        Ok(parts)
    }

    fn look_at(&mut self, path: &Path) -> Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(".part-") && name.ends_with(".tmp") {
            let age = fs::metadata(path).and_then(|metadata| metadata.modified()).map(|at| at.elapsed());
            if age.is_ok_and(|age| age.is_ok_and(|age| age > LEFT_BEHIND)) {
                // Best effort: readers pass it by.
                let _ = fs::remove_file(path);
            }
            return Ok(());
        }
        let Some((index, count, chunk)) = numbers(&name) else { return Ok(()) };
        ensure!(
            count == self.shard.count(),
            "holds parts of {count} shards, but this is shard {}; go on with --shard i/{count}, or name a new directory",
            self.shard
        );
        if index != self.shard.index() {
            return Ok(());
        }
        self.next = self.next.max(chunk + 1);
        match file::known(path) {
            Ok(known) => {
                ensure!(
                    known.origin == self.origin,
                    "was written by {:?}, this is {:?}; name a new directory, so that one data set means one thing",
                    known.origin,
                    self.origin
                );
                self.known.extend(known.rows.into_iter().map(|(file, stamp)| (file, (stamp, path.to_owned()))));
            }
            // No run of ours leaves such a part, but a full disk or a broken copy may.
            Err(error) => {
                let aside = path.with_extension("damaged");
                fs::rename(path, &aside).with_context(|| format!("{name} is damaged; remove it"))?;
                self.notices.push(format!(
                    "{name} is damaged ({error:#}) and was renamed to {}; its files are heard again",
                    aside.file_name().unwrap_or_default().to_string_lossy()
                ));
            }
        }
        Ok(())
    }

    /// What was odd about the directory, one line each.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Whether the file's row is there and the file unchanged since.
    pub fn has(&self, file: &str, stamp: Stamp) -> bool {
        self.known.get(file).is_some_and(|(then, _)| *then == stamp)
    }

    /// Takes out the rows of these files, which are to be heard again: first, so that no file is ever in it twice.
    ///
    /// # Errors
    /// If a part cannot be written anew.
    pub fn forget(&mut self, files: &[String]) -> Result<()> {
        let mut stale: HashMap<PathBuf, HashSet<&str>> = HashMap::new();
        for file in files {
            if let Some((_, part)) = self.known.remove(file) {
                stale.entry(part).or_default().insert(file);
            }
        }
        for (part, files) in stale {
            file::drop_rows(&part, &self.origin, |file| files.contains(file))
                .with_context(|| format!("{} cannot be brought up to date; remove it", part.display()))?;
        }
        Ok(())
    }

    /// Writes rows as the next part.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn add(&mut self, rows: &RecordBatch) -> Result<()> {
        if self.next > 999_999 {
            bail!("{} holds a million parts of this shard; name a new directory", self.directory.display());
        }
        let (index, count) = (self.shard.index(), self.shard.count());
        let name = format!("part-{index:05}-of-{count:05}-{:06}.parquet", self.next);
        let mut draft = Draft::begin(&self.directory.join(name), rows.schema(), &self.origin)?;
        draft.add(rows)?;
        draft.finish()?;
        self.next += 1;
        Ok(())
    }
}

/// Locks the shard for this process; the system unlocks it when the process ends, however it ends.
fn lock(directory: &Path, shard: Shard, wait: impl FnOnce(), notices: &mut Vec<String>) -> Result<File> {
    let name = format!(".part-{:05}-of-{:05}.lock", shard.index(), shard.count());
    let file = File::create(directory.join(name)).context("cannot be written to; check its permissions")?;
    let locked = match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            wait();
            file.lock()
        }
        Err(TryLockError::Error(error)) => Err(error),
        Ok(()) => Ok(()),
    };
    if let Err(error) = locked {
        notices.push(format!("cannot be locked here ({error}); see to it that no other process has the same shard"));
    }
    Ok(file)
}

/// Shard, number of shards and chunk in a part's name.
fn numbers(name: &str) -> Option<(u32, u32, u32)> {
    let rest = name.strip_prefix("part-")?.strip_suffix(".parquet")?;
    let (index, rest) = rest.split_once("-of-")?;
    let (count, chunk) = rest.split_once('-')?;
    Some((index.parse().ok()?, count.parse().ok()?, chunk.parse().ok()?))
}

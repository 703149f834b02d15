//! Rows on their way into a data set, gathered until they are worth a part.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::{Parts, Row, Single};
use crate::study::identity::Stamp;
use crate::study::shard::Shard;

/// Rows are written after this time at the latest: what a machine that dies takes with it.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// Where the rows go.
pub enum Target {
    /// A directory of parts.
    Parts(Parts),
    /// A single file.
    Single(Box<Single>),
}

impl Target {
    /// A single file where `out` ends in `.parquet`, else a directory.
    ///
    /// # Errors
    /// As [`Parts::open`]; a shard cannot go to a single file.
    pub fn open(out: &Path, shard: Shard, origin: &str, wait: impl FnOnce()) -> Result<Self> {
        if out.extension().is_none_or(|extension| extension != "parquet") {
            return Ok(Self::Parts(Parts::open(out, shard, origin, wait)?));
        }
        ensure!(shard.is_whole(), "is a single file, which shards cannot share; name a directory");
        ensure!(!out.is_dir(), "is a directory but named like a file; name it without .parquet");
        Ok(Self::Single(Box::new(Single::new(out, origin)?)))
    }
}

/// Gathers rows and writes them. Rows not yet written when it is dropped are lost: see [`Self::finish`].
pub struct Sink<R> {
    target: Target,
    waiting: Vec<R>,
    since: Instant,
    most_rows: usize,
}

impl<R: Row> Sink<R> {
    /// Writes `most_rows` rows at a time.
    pub fn new(target: Target, most_rows: usize) -> Self {
        Self { target, waiting: Vec::new(), since: Instant::now(), most_rows: most_rows.max(1) }
    }

    /// Leaves in `files` those still to be heard, each path once: not those whose row is there and which are unchanged
    /// since. Rows of files that have changed are taken out. With `again`, none counts as there.
    ///
    /// # Errors
    /// If a part cannot be written anew.
    pub fn keep_outstanding<T>(&mut self, files: &mut Vec<T>, path: impl Fn(&T) -> &Path, again: bool) -> Result<()> {
        let mut seen = HashSet::new();
        files.retain(|file| seen.insert(path(file).to_owned()));
        if let Target::Parts(parts) = &mut self.target {
            let name = |file: &T| path(file).display().to_string();
            // A file that cannot be looked at is heard, which says what is wrong with it.
            let there = |file: &T| Stamp::of(path(file)).is_ok_and(|stamp| parts.has(&name(file), stamp));
            files.retain(|file| again || !there(file));
            parts.forget(&files.iter().map(name).collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// What was odd about what is there already, one line each.
    pub fn notices(&self) -> &[String] {
        match &self.target {
            Target::Parts(parts) => parts.notices(),
            Target::Single(_) => &[],
        }
    }

    /// Takes a row, and writes those gathered when there are enough or it is time.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn add(&mut self, row: R) -> Result<()> {
        if self.waiting.is_empty() {
            self.since = Instant::now();
        }
        self.waiting.push(row);
        if self.waiting.len() >= self.most_rows || self.since.elapsed() >= LONGEST_WAIT {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<()> {
        let rows = R::table(&self.waiting)?;
        match &mut self.target {
            Target::Parts(parts) => parts.add(&rows)?,
            Target::Single(single) => single.add(&rows)?,
        }
        self.waiting.clear();
        Ok(())
    }

    /// Writes what is waiting. A directory keeps the rows of a run that was stopped; a single file appears only when the
    /// run is `whole`.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn finish(mut self, whole: bool) -> Result<()> {
        let single = matches!(self.target, Target::Single(_));
        // A single file without a row still has its columns.
        if !self.waiting.is_empty() || (single && whole) {
            self.write()?;
        }
        match self.target {
            Target::Single(single) if whole => single.finish(),
            Target::Single(_) | Target::Parts(_) => Ok(()),
        }
    }
}

//! The flags that name a data set, and the data set with a voice: what went wrong with it is said.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use super::console::Console;
use super::inputs::Input;
use crate::engine::ModelSet;
use crate::study::dataset::{Row, Sink, Target};
use crate::study::shard::Shard;

/// Which data set.
#[derive(Debug, Args)]
pub(super) struct DatasetFlags {
    /// Write a row per file to a Parquet data set: a directory that many shards fill and that an interrupted run goes on
    /// with, or a single file if OUT ends in .parquet.
    #[arg(long, value_name = "OUT")]
    pub(super) parquet: Option<PathBuf>,
    /// Files in each part of the directory: what a run that is cut off loses at most.
    #[arg(long, value_name = "N", default_value_t = 64, requires = "parquet", value_parser = clap::value_parser!(u32).range(1..))]
    part_files: u32,
}

/// An open data set.
pub(super) struct Dataset<'a, R> {
    sink: Sink<R>,
    out: &'a Path,
    console: &'a Console,
    /// Whether a row could not be kept.
    failed: bool,
}

impl DatasetFlags {
    /// Opens what the flags name, if they name one, and leaves in `files` those still to be heard; all with `again`.
    ///
    /// # Errors
    /// As [`Target::open`] and [`Sink::keep_outstanding`].
    pub(super) fn open<'a, R: Row>(
        &'a self,
        files: &mut Vec<Input>,
        again: bool,
        shard: Shard,
        origin: &str,
        console: &'a Console,
    ) -> Result<Option<Dataset<'a, R>>> {
        let Some(out) = self.parquet.as_deref() else { return Ok(None) };
        let context = || out.display().to_string();
        let wait = || console.note(Some(out), "another process is at this shard; waiting until it ends");
        let target = Target::open(out, shard, origin, wait).with_context(context)?;
        let mut sink = Sink::new(target, self.part_files as usize);
        for notice in sink.notices() {
            console.note(Some(out), notice);
        }
        let all = files.len();
        sink.keep_outstanding(files, |file| &file.path, again).with_context(context)?;
        if files.len() < all {
            console.note(Some(out), &format!("{} of {all} files are there already", all - files.len()));
        }
        Ok(Some(Dataset { sink, out, console, failed: false }))
    }
}

/// What rows come from: data of other versions or other nets do not belong in the same data set.
pub(super) fn origin(models: &ModelSet) -> String {
    let nets = std::iter::once(models.vocal_card()).chain(models.tagger_cards());
    let nets: Vec<&str> = nets.map(|card| card.name.as_str()).collect();
    format!("earmark {} with {}", env!("CARGO_PKG_VERSION"), nets.join(", "))
}

impl<R: Row> Dataset<'_, R> {
    /// Takes a row. `false` if it cannot be kept, which has then been said.
    pub(super) fn add(&mut self, row: R) -> bool {
        if let Err(error) = self.sink.add(row) {
            self.console.error(Some(self.out), &error);
            self.failed = true;
        }
        !self.failed
    }

    /// Writes what is waiting; `whole` if the run came to its end. `false` if a row was or is not kept, which has then
    /// been said.
    pub(super) fn finish(self, whole: bool) -> bool {
        let Self { sink, out, console, failed } = self;
        !failed && sink.finish(whole).map_err(|error| console.error(Some(out), &error)).is_ok()
    }
}

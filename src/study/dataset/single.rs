//! A data set as one file, which appears when it is whole.

use std::path::{Path, PathBuf};

use anyhow::Result;
use arrow_array::RecordBatch;

use super::file::Draft;
use crate::study::outputs;

/// A single file on its way; dropped before [`Self::finish`], an older one stays as it was.
pub struct Single {
    path: PathBuf,
    origin: String,
    draft: Option<Draft>,
}

impl Single {
    /// Will write `path`, whose directory is made if need be. `origin` names the version and the nets that rows come from.
    ///
    /// # Errors
    /// If the directory cannot be made.
    pub fn new(path: &Path, origin: &str) -> Result<Self> {
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            outputs::make_directory(directory)?;
        }
        Ok(Self { path: path.to_owned(), origin: origin.to_owned(), draft: None })
    }

    /// Adds rows as a row group of their own.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn add(&mut self, rows: &RecordBatch) -> Result<()> {
        let draft = match &mut self.draft {
            Some(draft) => draft,
            none => none.insert(Draft::begin(&self.path, rows.schema(), &self.origin)?),
        };
        draft.add(rows)?;
        draft.flush()
    }

    /// Puts the file in place.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn finish(self) -> Result<()> {
        self.draft.map_or(Ok(()), Draft::finish)
    }
}

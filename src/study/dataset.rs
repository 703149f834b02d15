//! Data sets in Parquet: one row per audio file, written by many machines and read as one table.
//!
//! A data set is a directory of small parts, each written whole or not at all, named for its shard: machines need not
//! know of one another, and what a run that broke off has written is kept. Or it is a single file.

mod analysis_row;
mod columns;
mod file;
mod parts;
mod single;
mod sink;
mod track_row;

use anyhow::Result;
use arrow_array::RecordBatch;

pub use analysis_row::AnalysisRow;
pub use columns::Columns;
pub use parts::Parts;
pub use single::Single;
pub use sink::{Sink, Target};
pub use track_row::TrackRow;

use super::identity::Stamp;

/// What is said of one audio file.
pub trait Row: Sized {
    /// The file's path as given.
    fn file(&self) -> &str;

    /// What the file was when it was heard.
    fn stamp(&self) -> Stamp;

    /// The rows as a table; the columns are the same for any rows, none included. [`Columns::of_files`] come first.
    ///
    /// # Errors
    /// If the columns do not fit together.
    fn table(rows: &[Self]) -> Result<RecordBatch>;
}

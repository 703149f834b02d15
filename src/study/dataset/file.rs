//! One Parquet file: written whole or not at all, and what was written is read again.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::SchemaRef;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::columns::{FILE, MODIFIED, SIZE};
use crate::study::identity::Stamp;

/// Metadata key of a file's origin: the version and the nets that said what is in it.
const ORIGIN: &str = "earmark";

/// A file on its way to be written. Dropped before [`Self::finish`], nothing of it stays.
pub(super) struct Draft {
    path: PathBuf,
    beside: PathBuf,
    writer: Option<ArrowWriter<File>>,
}

impl Draft {
    /// Begins the file that will be at `path`.
    pub(super) fn begin(path: &Path, schema: SchemaRef, origin: &str) -> Result<Self> {
        let name = path.file_name().with_context(|| format!("{} is no name for a file; give one", path.display()))?;
        // The process in the name: a machine that was given up for lost may still be writing the same part. The ending
        // keeps readers of `*.parquet` away.
        let beside = path.with_file_name(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
        let mut draft = Self { path: path.to_owned(), beside, writer: None };
        let file = File::create(&draft.beside).with_context(|| draft.unwritten())?;
        let origin = KeyValue::new(ORIGIN.to_owned(), origin.to_owned());
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("earmark version ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(Some(vec![origin]))
            .build();
        draft.writer = Some(ArrowWriter::try_new(file, schema, Some(properties)).with_context(|| draft.unwritten())?);
        Ok(draft)
    }

    /// Adds rows.
    pub(super) fn add(&mut self, rows: &RecordBatch) -> Result<()> {
        match &mut self.writer {
            Some(writer) => writer.write(rows).with_context(|| self.unwritten()),
            None => bail!("{} is finished already; please report this", self.path.display()),
        }
    }

    /// Ends the current row group, so that its rows need no memory any more.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.writer.as_mut().map_or(Ok(()), ArrowWriter::flush).with_context(|| self.unwritten())
    }

    /// Puts the whole file in place of what may be there.
    pub(super) fn finish(mut self) -> Result<()> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let file = writer.into_inner().with_context(|| self.unwritten())?;
        // Renamed before its bytes are on the disk it could be found empty after a power cut.
        file.sync_all().and_then(|()| fs::rename(&self.beside, &self.path)).with_context(|| self.unwritten())
    }

    fn unwritten(&self) -> String {
        format!("cannot write {}; check the directory and the free space", self.path.display())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After `finish` there is nothing; otherwise best effort, readers pass it by.
        let _ = fs::remove_file(&self.beside);
    }
}

/// What a file in a data set says of itself.
pub(super) struct Known {
    /// Empty where another program wrote the file.
    pub(super) origin: String,
    /// The audio files in it.
    pub(super) rows: Vec<(String, Stamp)>,
}

fn open(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    Ok(ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?)
}

/// Reads origin, names and stamps, and nothing else.
///
/// # Errors
/// If it is no whole Parquet file with the columns of a data set.
pub(super) fn known(path: &Path) -> Result<Known> {
    let builder = open(path)?;
    let entries = builder.metadata().file_metadata().key_value_metadata();
    let origin = entries.into_iter().flatten().find(|entry| entry.key == ORIGIN);
    let origin = origin.and_then(|entry| entry.value.clone()).unwrap_or_default();
    let mask = ProjectionMask::columns(builder.parquet_schema(), [FILE, SIZE, MODIFIED]);
    let mut rows = Vec::new();
    for batch in builder.with_projection(mask).build()? {
        let batch = batch?;
        let column = |name| batch.column_by_name(name).with_context(|| format!("has no column {name}"));
        let files = column(FILE)?.as_string_opt::<i32>().context("names no files")?;
        let sizes = column(SIZE)?.as_primitive_opt::<Int64Type>().context("states no sizes")?;
        let times = column(MODIFIED)?.as_primitive_opt::<TimestampMicrosecondType>().context("states no times")?;
        for row in 0..batch.num_rows() {
            let stamp = Stamp { size: sizes.value(row).unsigned_abs(), modified_us: times.value(row) };
            rows.push((files.value(row).to_owned(), stamp));
        }
    }
    Ok(Known { origin, rows })
}

/// Writes the file anew without the rows of the audio files that `leaves` names; without any row left, it goes.
pub(super) fn drop_rows(path: &Path, origin: &str, leaves: impl Fn(&str) -> bool) -> Result<()> {
    let builder = open(path)?;
    let mut draft = Draft::begin(path, builder.schema().clone(), origin)?;
    let mut left = 0;
    for batch in builder.build()? {
        let batch = batch?;
        let files = batch.column_by_name(FILE).and_then(|files| files.as_string_opt::<i32>());
        let files = files.context("names no files")?;
        for row in (0..files.len()).filter(|&row| !leaves(files.value(row))) {
            draft.add(&batch.slice(row, 1))?;
            left += 1;
        }
    }
    if left > 0 {
        return draft.finish();
    }
    fs::remove_file(path).with_context(|| format!("cannot remove {}; check the directory", path.display()))
}

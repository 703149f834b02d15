//! Columns put together into a table.

use std::sync::Arc;

use anyhow::Result;
use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{
    Array, ArrayRef, Float32Array, Int64Array, ListArray, PrimitiveArray, RecordBatch, StringArray, StructArray,
    TimestampMicrosecondArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{Field, Schema};

use super::Row;

/// Names of the columns by which a row is known again.
pub(super) const FILE: &str = "file";
pub(super) const SIZE: &str = "size_bytes";
pub(super) const MODIFIED: &str = "modified";

/// Columns of equal length, none with gaps.
#[derive(Default)]
pub struct Columns {
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl Columns {
    /// The columns that every data set begins with: `file`, `size_bytes`, `modified` (UTC).
    pub fn of_files<R: Row>(rows: &[R]) -> Self {
        let mut columns = Self::default();
        columns.text(FILE, rows.iter().map(Row::file));
        let sizes = rows.iter().map(|row| i64::try_from(row.stamp().size).unwrap_or(i64::MAX));
        columns.add(SIZE, Int64Array::from_iter_values(sizes));
        let modified = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.stamp().modified_us));
        columns.add(MODIFIED, modified.with_timezone("UTC"));
        columns
    }

    /// Adds a column.
    pub fn add(&mut self, name: &str, array: impl Array + 'static) {
        self.fields.push(Field::new(name, array.data_type().clone(), false));
        self.arrays.push(Arc::new(array));
    }

    /// Adds a column of text.
    pub fn text<T: AsRef<str>>(&mut self, name: &str, values: impl Iterator<Item = T>) {
        self.add(name, StringArray::from_iter_values(values));
    }

    /// Adds a column of numbers.
    pub fn number<T: ArrowPrimitiveType>(&mut self, name: &str, values: impl Iterator<Item = T::Native>) {
        self.add(name, PrimitiveArray::<T>::from_iter_values(values));
    }

    /// Adds a column of lists of numbers.
    ///
    /// # Errors
    /// If all lists together are longer than 2^31.
    pub fn floats<'a>(&mut self, name: &str, lists: impl Iterator<Item = &'a [f32]> + Clone) -> Result<()> {
        let values = Float32Array::from_iter_values(lists.clone().flatten().copied());
        self.lists(name, lists.map(<[f32]>::len), values)
    }

    /// Adds a column of lists of records; the fields of all records of all lists, one after the other, are `records`.
    ///
    /// # Errors
    /// If fields or lengths do not fit together.
    pub fn records(&mut self, name: &str, lengths: impl Iterator<Item = usize>, records: Self) -> Result<()> {
        let values = StructArray::try_new(records.fields.into(), records.arrays, None)?;
        self.lists(name, lengths, values)
    }

    fn lists(&mut self, name: &str, lengths: impl Iterator<Item = usize>, values: impl Array + 'static) -> Result<()> {
        // The name that the Parquet format states for a list's values.
        let field = Arc::new(Field::new("element", values.data_type().clone(), false));
        let offsets = OffsetBuffer::try_from_lengths(lengths)?;
        self.add(name, ListArray::try_new(field, offsets, Arc::new(values), None)?);
        Ok(())
    }

    /// The table.
    ///
    /// # Errors
    /// If the columns differ in length.
    pub fn table(self) -> Result<RecordBatch> {
        Ok(RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.arrays)?)
    }
}

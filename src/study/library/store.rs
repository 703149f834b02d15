//! The index file: tables in a redb database, whose transactions are whole or not there at all.
//!
//! | table | key | value |
//! |---|---|---|
//! | `about` | `header` | [`Header`] |
//! | `tracks` | path | [`Track`] |
//! | `mean`, `max`, `l2` | path | pooled embeddings, 16-bit floats |
//! | `windows` | path | every reading of the taggers, 16-bit floats |
//!
//! Each value begins with a checksum of its own (see [`record`]): the store checks its pages after a crash and before it
//! writes, not at every reading.

use std::fs::File;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redb::{Builder, Database, DatabaseError, Error, ReadOnlyDatabase, ReadTransaction, ReadableDatabase};
use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};

use super::header::{FORMAT, Header};
use super::pooling::{Pooling, pool};
use super::track::{HeardTrack, Track};
use super::unfit::Unfit;
use super::{key, record};
use crate::engine::TaggerShape;
use crate::study::hear::Window;

/// The first bytes of every database of this kind.
const MAGIC: &[u8] = b"redb";
/// Pages kept in memory, in bytes: nearly everything is read once and in order.
const CACHE_BYTES: usize = 64 << 20;

type ByPath = TableDefinition<'static, &'static [u8], &'static [u8]>;

const ABOUT: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("about");
const HEADER: &str = "header";
const TRACKS: ByPath = TableDefinition::new("tracks");
const WINDOWS: ByPath = TableDefinition::new("windows");

fn pooled(pooling: Pooling) -> ByPath {
    TableDefinition::new(pooling.name())
}

/// An open index file.
pub(super) struct Store {
    base: Base,
}

enum Base {
    Read(ReadOnlyDatabase),
    Write(Database),
}

/// One thing to do to the index.
#[derive(Debug)]
pub(super) enum Change {
    /// Add a track, or replace what was known of it.
    Put(Box<HeardTrack>),
    /// Forget a track.
    Remove(PathBuf),
    /// The track at this path lies elsewhere now.
    Rename(PathBuf, Box<Track>),
}

impl Store {
    /// Makes a new index; at `path` lies nothing, or an empty file.
    pub(super) fn create(path: &Path, header: &Header) -> Result<Self, Unfit> {
        unless_it_panics(|| {
            let store = Self { base: Base::Write(Builder::new().set_cache_size(CACHE_BYTES).create(path)?) };
            store.write(header, &[])?;
            Ok(store)
        })
    }

    /// Opens an index for reading; others may read it at the same time.
    pub(super) fn open(path: &Path) -> Result<(Self, Header), Unfit> {
        check_magic(path)?;
        let opened = unless_it_panics(|| match Builder::new().set_cache_size(CACHE_BYTES).open_read_only(path) {
            // A run that ended in the middle: the store puts itself right when it is opened for writing.
            Err(DatabaseError::RepairAborted) => Ok(None),
            opened => Ok(Some(Self { base: Base::Read(opened?) }.with_header()?)),
        });
        opened?.map_or_else(|| Self::open_to_write(path), Ok)
    }

    /// Opens an index for writing, alone, after a look at all of it.
    pub(super) fn open_to_write(path: &Path) -> Result<(Self, Header), Unfit> {
        check_magic(path)?;
        unless_it_panics(|| {
            let mut builder = Builder::new();
            let base = builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true).open(path)?;
            Self { base: Base::Write(base) }.with_header()
        })
    }

    fn with_header(self) -> Result<(Self, Header), Unfit> {
        let header: Header = {
            let about = match self.begin_read()?.open_table(ABOUT) {
                Ok(about) => about,
                // A database of some other program.
                Err(redb::TableError::TableDoesNotExist(_)) => return Err(Unfit::Foreign),
                Err(error) => return Err(Error::from(error).into()),
            };
            let value = about.get(HEADER)?.ok_or(Unfit::Foreign)?;
            // Other formats may know more of themselves; only the number stays.
            let format: Format = record::read(value.value()).map_err(Unfit::damaged)?;
            if format.format != FORMAT {
                return Err(Unfit::Version(format.format));
            }
            record::read(value.value()).map_err(Unfit::damaged)?
        };
        Ok((self, header))
    }

    /// All tracks, in the order of their keys.
    pub(super) fn tracks(&self) -> Result<Vec<Track>, Unfit> {
        let mut tracks = Vec::new();
        self.each(TRACKS, |path, value| {
            tracks.push(Track { path, ..record::read(value).map_err(Unfit::damaged)? });
            Ok(())
        })?;
        Ok(tracks)
    }

    /// Hands out each track's pooled embedding, in the order of the keys; silent tracks have none.
    pub(super) fn each_vector(&self, by: Pooling, mut take: impl FnMut(PathBuf, Vec<f32>)) -> Result<(), Unfit> {
        self.each(pooled(by), |path, value| {
            take(path, record::read_vector(value).map_err(Unfit::damaged)?);
            Ok(())
        })
    }

    /// Hands out each track's readings, in the order of the keys.
    pub(super) fn each_windows(&self, mut take: impl FnMut(PathBuf, Vec<Window>)) -> Result<(), Unfit> {
        self.each(WINDOWS, |path, value| {
            take(path, record::read_windows(value).map_err(Unfit::damaged)?);
            Ok(())
        })
    }

    /// One track; `None` for a path that is not in the index.
    pub(super) fn track(&self, path: &Path) -> Result<Option<Track>, Unfit> {
        self.one(TRACKS, path, |value| Ok(Track { path: path.to_owned(), ..record::read(value)? }))
    }

    /// One track's readings; `None` for a path that is not in the index.
    pub(super) fn windows(&self, path: &Path) -> Result<Option<Vec<Window>>, Unfit> {
        self.one(WINDOWS, path, record::read_windows)
    }

    fn one<T>(
        &self,
        table: ByPath,
        path: &Path,
        read: impl FnOnce(&[u8]) -> anyhow::Result<T>,
    ) -> Result<Option<T>, Unfit> {
        let Some(key) = key::of(path) else { return Ok(None) };
        unless_it_panics(|| {
            let table = self.begin_read()?.open_table(table).map_err(Error::from)?;
            let value = table.get(key.as_slice())?;
            value.map(|value| read(value.value()).map_err(Unfit::damaged)).transpose()
        })
    }

    /// Makes all changes and the header, or none where it fails.
    pub(super) fn write(&self, header: &Header, changes: &[Change]) -> Result<(), Unfit> {
        let Base::Write(base) = &self.base else {
            return Err(Unfit::Refused(std::io::Error::other("it was opened for reading")));
        };
        unless_it_panics(|| {
            let transaction = base.begin_write().map_err(Error::from)?;
            {
                let mut about = transaction.open_table(ABOUT).map_err(Error::from)?;
                about.insert(HEADER, record::write(header).map_err(Unfit::damaged)?.as_slice())?;
                let shapes = header.shapes();
                let mut tables = Tables::open(&transaction)?;
                for change in changes {
                    tables.make(change, &shapes)?;
                }
            }
            transaction.commit().map_err(Error::from)?;
            Ok(())
        })
    }

    fn each(&self, table: ByPath, mut take: impl FnMut(PathBuf, &[u8]) -> Result<(), Unfit>) -> Result<(), Unfit> {
        unless_it_panics(|| {
            let table = self.begin_read()?.open_table(table).map_err(Error::from)?;
            for entry in table.iter()? {
                let (key, value) = entry?;
                take(key::path(key.value()), value.value())?;
            }
            Ok(())
        })
    }

    fn begin_read(&self) -> Result<ReadTransaction, Unfit> {
        let transaction = match &self.base {
            Base::Read(base) => base.begin_read(),
            Base::Write(base) => base.begin_read(),
        };
        Ok(transaction.map_err(Error::from)?)
    }
}

/// All that an index of any format has in its header.
#[derive(serde::Deserialize)]
struct Format {
    format: u32,
}

/// The tables of a transaction, all keyed by path.
struct Tables<'t> {
    tracks: Table<'t, &'static [u8], &'static [u8]>,
    windows: Table<'t, &'static [u8], &'static [u8]>,
    pooled: [Table<'t, &'static [u8], &'static [u8]>; Pooling::ALL.len()],
}

impl<'t> Tables<'t> {
    fn open(transaction: &'t WriteTransaction) -> Result<Self, Unfit> {
        let table = |definition| transaction.open_table(definition).map_err(Error::from);
        let [mean, max, l2] = Pooling::ALL.map(|by| table(pooled(by)));
        Ok(Self { tracks: table(TRACKS)?, windows: table(WINDOWS)?, pooled: [mean?, max?, l2?] })
    }

    fn make(&mut self, change: &Change, shapes: &[TaggerShape]) -> Result<(), Unfit> {
        match change {
            Change::Put(heard) => {
                let HeardTrack { track, windows } = heard.as_ref();
                let Some(key) = key::of(&track.path) else { return Ok(()) };
                let key = key.as_slice();
                self.tracks.insert(key, record::write(track).map_err(Unfit::damaged)?.as_slice())?;
                self.windows.insert(key, record::write_windows(windows).as_slice())?;
                for (by, table) in Pooling::ALL.into_iter().zip(&mut self.pooled) {
                    let vector = pool(windows, shapes, by);
                    if vector.is_empty() {
                        table.remove(key)?;
                    } else {
                        table.insert(key, record::write_vector(&vector).as_slice())?;
                    }
                }
            }
            Change::Remove(path) => {
                let Some(key) = key::of(path) else { return Ok(()) };
                for table in self.all() {
                    table.remove(key.as_slice())?;
                }
            }
            Change::Rename(from, track) => {
                let (Some(from), Some(to)) = (key::of(from), key::of(&track.path)) else { return Ok(()) };
                for table in self.all() {
                    let value = table.remove(from.as_slice())?.map(|value| value.value().to_vec());
                    if let Some(value) = value {
                        table.insert(to.as_slice(), value.as_slice())?;
                    }
                }
                self.tracks.insert(to.as_slice(), record::write(track).map_err(Unfit::damaged)?.as_slice())?;
            }
        }
        Ok(())
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Table<'t, &'static [u8], &'static [u8]>> {
        [&mut self.tracks, &mut self.windows].into_iter().chain(&mut self.pooled)
    }
}

/// The store says of a file that is none of its own that it is corrupt; it must not be taken for a damaged index.
fn check_magic(path: &Path) -> Result<(), Unfit> {
    let mut start = Vec::new();
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(Unfit::Foreign);
    }
    file.take(MAGIC.len() as u64).read_to_end(&mut start)?;
    match start.as_slice() {
        [] => Err(Unfit::Damaged("it is empty".into())),
        MAGIC => Ok(()),
        _ => Err(Unfit::Foreign),
    }
}

/// On files that something else has changed the store may assert what it takes for granted.
fn unless_it_panics<T>(work: impl FnOnce() -> Result<T, Unfit>) -> Result<T, Unfit> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Unfit::Damaged("its pages contradict each other".into())))
}

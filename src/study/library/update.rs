//! Bringing an index up to date: what is heard is put in, and saved now and then, so that a run that ends early is
//! taken up where it ended.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::header::Header;
use super::plan::Plan;
use super::store::{Change, Store};
use super::track::{HeardTrack, Track};
use super::unfit::Unfit;
use super::walk;
use crate::engine::TaggerShape;

/// Tracks heard between two savings at most.
const SAVE_TRACKS: usize = 32;
/// Time between two savings at most.
const SAVE_EVERY: Duration = Duration::from_secs(30);

/// An index that is open for writing.
pub struct Update {
    /// Where the index lies when all is done.
    index: PathBuf,
    /// Where it is written; another place where the file at `index` is to stay until this one is whole.
    written: PathBuf,
    header: Header,
    store: Store,
    changes: Vec<Change>,
    saved: Instant,
    note: Option<String>,
}

impl Update {
    /// Opens the index of `root` for writing, or begins one. A file that cannot be used stays where it is until the
    /// new index is whole ([`Self::finish`]); a new index that did not get so far is taken up again.
    ///
    /// `models`: see [`super::models`].
    ///
    /// # Errors
    /// One line: another run is writing, the index is of another directory, or the place cannot be written.
    pub fn begin(root: &Path, index: &Path, models: &[String]) -> Result<Self, Unfit> {
        let header = Header::new(models.to_vec(), outside(root, index)?);
        let unfit = match open(index, root, &header) {
            Ok((store, header)) => return Ok(Self::new(index, index.to_owned(), header, store, None)),
            Err(Unfit::Missing) => {
                let store = Store::create(index, &header)?;
                return Ok(Self::new(index, index.to_owned(), header, store, None));
            }
            // A slip of the hand must not cost a song.
            Err(Unfit::Foreign) if walk::is_audio(index) || index.is_dir() => return Err(Unfit::Foreign),
            Err(unfit) if unfit.is_replaceable() => unfit,
            Err(unfit) => return Err(unfit),
        };
        let part = beside(index, "part");
        let (store, header) = match open(&part, root, &header) {
            Ok(begun) => begun,
            Err(Unfit::Busy) => return Err(Unfit::Busy),
            Err(_) => {
                // What is no index yet holds nothing worth keeping.
                let _ = fs::remove_file(&part);
                (Store::create(&part, &header)?, header)
            }
        };
        let why = unfit.to_string();
        let why = why.split(';').next().unwrap_or_default();
        let note = Some(format!("{why}; it is made anew, and the file stays until the new index is whole"));
        Ok(Self::new(index, part, header, store, note))
    }

    fn new(index: &Path, written: PathBuf, header: Header, store: Store, note: Option<String>) -> Self {
        Self { index: index.to_owned(), written, header, store, changes: Vec::new(), saved: Instant::now(), note }
    }

    /// Why the index is made anew, where it is.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// What is known so far.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn tracks(&self) -> Result<Vec<Track>, Unfit> {
        self.store.tracks()
    }

    /// Forgets what is gone and takes what was renamed to its new path.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn apply(&mut self, plan: &Plan) -> Result<(), Unfit> {
        self.changes.extend(plan.gone.iter().cloned().map(Change::Remove));
        let renamed = plan.renamed.iter().cloned();
        self.changes.extend(renamed.map(|(from, track)| Change::Rename(from, Box::new(track))));
        self.save()
    }

    /// Takes in a track; `taggers` say what its windows hold. Saves now and then.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn put(&mut self, heard: HeardTrack, taggers: &[TaggerShape]) -> Result<(), Unfit> {
        self.header.learn(taggers);
        self.changes.push(Change::Put(Box::new(heard)));
        if self.changes.len() >= SAVE_TRACKS || self.saved.elapsed() >= SAVE_EVERY { self.save() } else { Ok(()) }
    }

    /// Forgets a track, for instance one whose file cannot be heard any more.
    pub fn forget(&mut self, path: &Path) {
        self.changes.push(Change::Remove(path.to_owned()));
    }

    /// Writes what has been taken in so far; all of it is there afterwards, whatever happens then.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn save(&mut self) -> Result<(), Unfit> {
        self.saved = Instant::now();
        if !self.changes.is_empty() {
            self.store.write(&self.header, &self.changes)?;
            self.changes.clear();
        }
        Ok(())
    }

    /// Saves without calling the index whole, and says where it lies: the next [`Self::begin`] takes it up.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn interrupt(mut self) -> Result<PathBuf, Unfit> {
        self.save()?;
        Ok(self.written)
    }

    /// Saves, and puts a new index in the place of one that could not be used. A file that was no index at all is kept
    /// beside it, as `NAME.old`; its path is returned.
    ///
    /// # Errors
    /// One line: the disk refuses.
    pub fn finish(mut self) -> Result<Option<PathBuf>> {
        self.save()?;
        let Self { index, written, store, .. } = self;
        // Closed before it is moved: some systems move no open file.
        drop(store);
        if written == index {
            return Ok(None);
        }
        let kept = matches!(Store::open(&index), Err(Unfit::Foreign)).then(|| beside(&index, "old"));
        if let Some(kept) = &kept {
            fs::rename(&index, kept).with_context(|| format!("cannot be moved to {}; move it away", kept.display()))?;
        }
        fs::rename(&written, &index)
            .with_context(|| format!("cannot be put in place; rename {} to it", written.display()))?;
        Ok(kept)
    }
}

/// Opens an index for writing, if it is one of this directory and of these models (`wanted`).
fn open(index: &Path, root: &Path, wanted: &Header) -> Result<(Store, Header), Unfit> {
    let (store, mut header) = Store::open_to_write(index)?;
    header.check_models(&wanted.models)?;
    let recorded = header.root.clone().unwrap_or_else(|| directory_of(index));
    // A directory that was moved took its index along, or left it behind with the old name.
    if recorded.exists() && recorded.canonicalize()? != root.canonicalize()? {
        return Err(Unfit::OtherRoot(recorded.display().to_string()));
    }
    header.root.clone_from(&wanted.root);
    Ok((store, header))
}

/// The directory to note in an index that does not lie in it.
fn outside(root: &Path, index: &Path) -> Result<Option<PathBuf>, Unfit> {
    let root = root.canonicalize()?;
    let at = directory_of(index).canonicalize()?;
    Ok((at != root).then_some(root))
}

pub(super) fn directory_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(directory) if directory != Path::new("") => directory.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The file's path with a further ending.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

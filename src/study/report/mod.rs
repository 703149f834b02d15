//! Pages to look at, in a browser, from the disk: one for each file, and an index over several.
//!
//! | what | where |
//! |---|---|
//! | which files are written, and when | here |
//! | a page's frame: template, style, scripts, data, and what it may load | `page` |
//! | what a file's page shows | `track`, `level_picture` |
//! | what the index shows | `index`, [`map`] |
//! | links that work from the disk | [`link`] |
//!
//! A page loads nothing but itself and the audio beside it. Names and tags are data: the scripts put them into the
//! page as text and never as markup.

mod index;
mod level_picture;
pub mod link;
pub mod map;
mod packed;
mod page;
mod track;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};

pub use index::{Failure, Row};

use super::analysis::Analysis;
use super::lab::Labels;
use super::outputs;

/// A report being written.
#[derive(Debug)]
pub struct Report {
    /// The page that the user named, and the directory that it lies in, without symbolic links.
    path: PathBuf,
    directory: PathBuf,
    /// For several files: the folder with a page for each.
    pages: Option<PathBuf>,
}

/// What is known of a file beside its analysis.
pub struct Source<'a> {
    /// The audio itself.
    pub audio: &'a Path,
    /// A name that no other page of the report has.
    pub name: &'a str,
    /// The probability that counts as singing, for the picture.
    pub threshold: f32,
    /// What a person says is sung, where that is known.
    pub truth: Option<&'a Labels>,
}

impl Report {
    /// Makes sure, before any work, that a report on so many files can be written to `path`.
    ///
    /// # Errors
    /// `path` is no name for a page, is a directory, or lies where nothing can be written.
    pub fn begin(path: &Path, files: usize) -> Result<Self> {
        let page = path
            .extension()
            .is_some_and(|extension| ["html", "htm"].iter().any(|known| extension.eq_ignore_ascii_case(known)));
        ensure!(page, "is no name for a page; end it in .html");
        ensure!(!path.is_dir(), "is a directory; name a file in it, such as report.html");
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(|error| unwritable(&error))?;
        let directory = fs::canonicalize(parent).map_err(|error| unwritable(&error))?;
        let part = part_of(path);
        fs::write(&part, "").and_then(|()| fs::remove_file(&part)).map_err(|error| unwritable(&error))?;
        let pages = (files > 1).then(|| {
            let mut folder = path.file_stem().unwrap_or(OsStr::new("report")).to_os_string();
            folder.push("-files");
            directory.join(folder)
        });
        if let Some(pages) = &pages {
            fs::create_dir_all(pages).map_err(|error| unwritable(&error))?;
        }
        Ok(Self { path: path.to_owned(), directory, pages })
    }

    /// Writes a file's page. For several files this is a page of its own beside the index, and the answer is its row
    /// there.
    ///
    /// # Errors
    /// The page cannot be written.
    pub fn add(&self, analysis: &Analysis, source: &Source<'_>) -> Result<Option<Row>> {
        let Some(pages) = &self.pages else {
            let data = track::Data::of(analysis, source, &self.directory, None)?;
            write(&self.path, &page::track(&data)?)
                .map_err(|error| anyhow!("its report {} {error}", self.path.display()))?;
            return Ok(None);
        };
        let path = pages.join(format!("{}.html", source.name));
        let home = link::between(pages, &self.directory.join(self.path.file_name().unwrap_or_default()));
        let data = track::Data::of(analysis, source, pages, Some(home))?;
        outputs::write_whole(pages, source.name, "html", |to| {
            outputs::write_bytes(to, page::track(&data)?.as_bytes())
        })?;
        Ok(Some(Row::of(analysis, source.audio, &self.directory, &path)))
    }

    /// Writes the index over several files; nothing where there was but one.
    ///
    /// # Errors
    /// The index cannot be written.
    pub fn finish(&self, rows: Vec<Row>, failures: Vec<Failure>) -> Result<()> {
        if self.pages.is_none() {
            return Ok(());
        }
        write(&self.path, &page::index(&index::Data::of(rows, failures))?)
    }
}

/// Writes a page so that `path` is either what it was or the whole page.
fn write(path: &Path, page: &str) -> Result<()> {
    let part = part_of(path);
    fs::write(&part, page).and_then(|()| fs::rename(&part, path)).map_err(|error| {
        // Best effort: the error that led here is the one to report.
        let _ = fs::remove_file(&part);
        unwritable(&error)
    })
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".part");
    path.with_file_name(name)
}

fn unwritable(error: &std::io::Error) -> anyhow::Error {
    anyhow!("cannot be written ({error}); check the directory and the free space")
}

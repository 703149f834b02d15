//! The genre in one file.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use lofty::config::{ParseOptions, ParsingMode, WriteOptions};
use lofty::file::{FileType, TaggedFile, TaggedFileExt};
use lofty::probe::Probe;
use lofty::tag::{ItemKey, ItemValue, Tag, TagExt, TagItem};

use crate::study::decode;

/// The genres in the tag that [`write`] changes: the format's own one. Empty where it names none, or is not there.
///
/// # Errors
/// One line: the tags cannot be read, or the format has none that can be written.
pub fn genres(path: &Path) -> Result<Vec<String>> {
    let file = tagged(path)?;
    Ok(file.primary_tag().map(named).unwrap_or_default())
}

/// Replaces the genres in a file; an empty list takes them out. Everything else in the tags stays, and so does the
/// audio, which is decoded and compared before the new file takes the old one's place. Until then the file is untouched.
///
/// # Errors
/// One line with the remedy: read-only, no tags in this format, tags that do not read, a full disk, or a result that
/// does not sound the same. The file is as it was then.
pub fn write(path: &Path, genres: &[String]) -> Result<()> {
    // A link stays a link: what it points to is replaced.
    let path = &path.canonicalize().context("cannot be found; check the path")?;
    let about = fs::metadata(path).context("cannot be read; check its permissions")?;
    ensure!(!about.permissions().readonly(), "is read-only; make it writable");
    tagged(path)?;
    let part = beside(path);
    let written = (|| {
        let refused = "cannot be written beside the file; check the directory and the free space";
        fs::copy(path, &part).context(refused)?;
        change(&part, genres)?;
        same_sound(path, &part)?;
        OpenOptions::new().write(true).open(&part).and_then(|file| file.sync_all()).context(refused)?;
        fs::rename(&part, path).context("cannot be put in place; check the directory's permissions")
    })();
    if written.is_err() {
        // Best effort: the error that led here is the one to report.
        let _ = fs::remove_file(&part);
    } else if let Some(directory) = path.parent() {
        // The new name is on the disk then; some systems cannot sync a directory, and lose nothing else.
        let _ = File::open(directory).and_then(|directory| directory.sync_all());
    }
    written
}

/// Writes the genres into a file's own tag, in place.
fn change(path: &Path, genres: &[String]) -> Result<()> {
    let mut file = tagged(path)?;
    let kind = file.primary_tag_type();
    let mut tag = file.remove(kind).unwrap_or_else(|| Tag::new(kind));
    tag.remove_key(ItemKey::Genre);
    for genre in genres {
        tag.push(TagItem::new(ItemKey::Genre, ItemValue::Text(genre.clone())));
    }
    let unwritable = |error: &dyn std::fmt::Display| anyhow!("has tags that cannot be written ({error}); leave it out");
    if tag.is_empty() {
        kind.remove_from_path(path, WriteOptions::default()).map_err(|error| unwritable(&error))?;
    } else {
        tag.save_to_path(path, WriteOptions::default()).map_err(|error| unwritable(&error))?;
    }
    ensure!(self::genres(path)? == genres, "does not keep the genre \"{}\"; leave it out", genres.join(", "));
    Ok(())
}

/// A file with its tags; nothing in them that is not understood, since it would be lost in writing.
fn tagged(path: &Path) -> Result<TaggedFile> {
    let unread = |error: &dyn std::fmt::Display| anyhow!("has tags that cannot be read ({error}); write them again");
    let options = ParseOptions::new().read_properties(false).parsing_mode(ParsingMode::Strict);
    let probe = Probe::open(path).map_err(|error| unread(&error))?.options(options);
    let probe = probe.guess_file_type().map_err(|error| unread(&error))?;
    let known = probe.file_type().is_some_and(|kind| !matches!(kind, FileType::Custom(_)));
    ensure!(known, "is of a format whose tags cannot be written; convert it, for instance to FLAC");
    probe.read().map_err(|error| unread(&error))
}

fn named(tag: &Tag) -> Vec<String> {
    tag.get_strings(ItemKey::Genre).map(str::to_owned).collect()
}

/// Whether two files decode to the same samples.
fn same_sound(one: &Path, other: &Path) -> Result<()> {
    let differs = "would not sound the same with the new tag; leave it out, and report this with the file";
    let mut files = [decode::open(one)?, decode::open(other).context(differs)?];
    let mut blocks = [Vec::new(), Vec::new()];
    loop {
        let more = files[0].next_block(&mut blocks[0])?;
        ensure!(files[1].next_block(&mut blocks[1]).context(differs)? == more, differs);
        if !more {
            return Ok(());
        }
        let bits = |block: &Vec<Vec<f32>>| block.iter().flatten().map(|x| x.to_bits()).collect::<Vec<u32>>();
        ensure!(bits(&blocks[0]) == bits(&blocks[1]), differs);
    }
}

/// Where the new file is written: hidden, so that no walk takes it for a song; the extension stays last.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".earmark-part-");
    name.push(path.file_name().unwrap_or_default());
    path.with_file_name(name)
}

//! What a file says about itself: artist, album, title, genre.

use std::path::Path;

use anyhow::{Result, anyhow};
use lofty::config::ParseOptions;
use lofty::file::TaggedFileExt;
use lofty::probe::Probe;
use lofty::tag::{ItemKey, Tag};
use serde::{Deserialize, Serialize};

/// The tags in a file that matter here. Nothing is read into them: an empty text counts as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Who plays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artist: Option<String>,
    /// Who the album is by, where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album_artist: Option<String>,
    /// The album.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album: Option<String>,
    /// The piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Genres as the file names them, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub genres: Vec<String>,
}

impl Metadata {
    /// `Artist - Title`, or what of it is known.
    pub fn name(&self) -> Option<String> {
        match (&self.artist, &self.title) {
            (Some(artist), Some(title)) => Some(format!("{artist} - {title}")),
            (one, other) => one.as_ref().or(other.as_ref()).cloned(),
        }
    }
}

/// Reads a file's tags; none where its format has no tags that can be read (CAF, Matroska).
///
/// # Errors
/// One line: the tags are damaged. The audio may be whole all the same.
pub fn read(path: &Path) -> Result<Metadata> {
    let damaged = |error: &dyn std::fmt::Display| anyhow!("has tags that cannot be read ({error}); write them again");
    let options = ParseOptions::new().read_properties(false).read_cover_art(false);
    let probe = Probe::open(path).map_err(|error| damaged(&error))?.options(options);
    let probe = probe.guess_file_type().map_err(|error| damaged(&error))?;
    if probe.file_type().is_none() {
        return Ok(Metadata::default());
    }
    let file = probe.read().map_err(|error| damaged(&error))?;
    // An MP3 may carry old tags beside the new ones: the format's own come first.
    let tags: Vec<&Tag> = file.primary_tag().into_iter().chain(file.tags()).collect();
    let first = |key: ItemKey| tags.iter().find_map(|tag| tag.get_string(key).and_then(said));
    let genres = tags.iter().map(|tag| tag.get_strings(ItemKey::Genre).filter_map(said).collect());
    Ok(Metadata {
        artist: first(ItemKey::TrackArtist),
        album_artist: first(ItemKey::AlbumArtist),
        album: first(ItemKey::AlbumTitle),
        title: first(ItemKey::TrackTitle),
        genres: genres.into_iter().find(|genres: &Vec<String>| !genres.is_empty()).unwrap_or_default(),
    })
}

/// The text, if there is any.
fn said(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty()).then(|| text.to_owned())
}

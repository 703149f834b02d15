//! The map of a library as a picture, for `index` and `similar`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::study::library::{Library, Track};
use crate::study::outputs;
use crate::study::picture::map::{Dot, Mark, save};
use crate::study::similar::Alike;

/// Draws the library into a PNG file. `asked` and `answers` are rows of `alike` that are pointed out.
pub(super) fn draw(library: &Library, alike: &Alike, asked: Option<usize>, answers: &[usize], to: &Path) -> Result<()> {
    let tracks: HashMap<PathBuf, Track> =
        library.tracks()?.into_iter().map(|track| (track.path.clone(), track)).collect();
    let track = |row: usize| tracks.get(&alike.paths[row]);
    let dots: Vec<Dot> = alike
        .layout()
        .into_iter()
        .enumerate()
        .map(|(row, at)| Dot { at, class: track(row).and_then(Track::top_genre) })
        .collect();
    let mark = |row: usize, asked: bool| Mark { dot: row, name: name(track(row), &alike.paths[row]), asked };
    // What was asked about comes last, above the others.
    let marks: Vec<Mark> =
        answers.iter().map(|&row| mark(row, false)).chain(asked.map(|row| mark(row, true))).collect();
    let root = library.root();
    let title = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let title = title.file_name().map_or_else(|| "library".into(), |name| name.to_string_lossy());
    let mut subtitle =
        format!("{} track{}; what sounds alike lies together", dots.len(), if dots.len() == 1 { "" } else { "s" });
    let silent = tracks.len() - dots.len();
    if silent > 0 {
        subtitle += &format!("; {silent} silent, not shown");
    }
    let directory = to.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    outputs::make_directory(directory).with_context(|| format!("{} cannot be written", to.display()))?;
    outputs::write_whole(directory, &outputs::stem(to), "png", |part| save(&title, &subtitle, &dots, &marks, part))?;
    Ok(())
}

/// What a track is called for people.
pub(super) fn name(track: Option<&Track>, path: &Path) -> String {
    track.and_then(|track| track.metadata.name()).unwrap_or_else(|| outputs::stem(path))
}

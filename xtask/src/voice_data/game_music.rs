//! Set `game_music`: the instrumental music of free games, screened for voices.

use super::audio;
use super::files;
use super::hearing::Ears;
use super::index::{Dropped, Harvest, Row, Split};
use super::packages::Package;
use super::screening::{self, Verdict};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

const SET: &str = "game_music";

/// A package, how its files' names begin here, and what they are for.
pub struct Source {
    /// Where the music comes from.
    pub package: Package,
    short: &'static str,
    split: Split,
    /// The folder of that name holds the music; others hold sounds.
    folder: &'static str,
}

const fn source(
    name: &'static str,
    short: &'static str,
    folder: &'static str,
    licence: &'static str,
    split: Split,
) -> Source {
    Source { package: Package { name, licence }, short, split, folder }
}

/// All of them. One whole package, by composers of its own, is for validation.
pub const SOURCES: [Source; 8] = [
    source("hyperrogue-music", "hyperrogue", "music", "CC-BY-SA-3.0", Split::Valid),
    source("nexuiz-music", "nexuiz", "cdtracks", "GPL-2.0-or-later", Split::Train),
    source("singularity-music", "singularity", "music", "CC-BY-SA-3.0", Split::Train),
    source("fretsonfire-songs-muldjord", "muldjord", "muldjord", "CC-BY-SA-3.0", Split::Train),
    source("fretsonfire-songs-sectoid", "sectoid", "sectoid", "MIT", Split::Train),
    source("wesnoth-1.16-music", "wesnoth", "music", "GPL-2.0-or-later", Split::Train),
    source("warzone2100-music", "warzone", "music", "GPL-2.0-or-later", Split::Train),
    source("ufoai-music", "ufoai", "music", UFOAI_LICENCES, Split::Train),
];

const UFOAI_LICENCES: &str = "CC-BY-3.0, CC-BY-SA-3.0, GPL-2.0-or-later or public domain, by file";

/// Screens the music of one package and writes the labels of what is kept.
///
/// # Errors
/// One line: the package, a program, a file.
pub fn gather(root: &Path, ears: &Ears, source: &Source) -> Result<Harvest> {
    let music = music(&source.package.unpacked(root)?, source)?;
    let folder = files::folder(root.join(SET))?;
    let mut harvest = Harvest::default();
    for (number, original) in music.iter().enumerate() {
        let audio = placed(original, &folder, source)?;
        let name = audio.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (verdict, duration_s) = screening::screen(ears, &audio)?;
        let said = match verdict {
            Verdict::Keep(labels) => {
                let lab = audio.with_extension("lab");
                labels.write(&lab)?;
                let row = Row {
                    file: format!("{SET}/{name}"),
                    labels: format!("{SET}/{}.lab", files::stem(&audio)),
                    split: source.split,
                    licence: source.package.licence.to_owned(),
                    seconds: labels.seconds(),
                };
                let said = format!("{:.0} s, {:.0} s unsure", duration_s, row.seconds.unsure);
                harvest.rows.push(row);
                said
            }
            Verdict::Drop(reason) => {
                std::fs::remove_file(&audio).with_context(|| format!("cannot remove {}", audio.display()))?;
                let said = format!("left out: {reason}");
                harvest.dropped.push(Dropped { file: format!("{SET}/{name}"), reason, seconds: duration_s });
                said
            }
        };
        println!("  {}/{} {name}: {said}", number + 1, music.len());
    }
    Ok(harvest)
}

/// The package's pieces of music.
fn music(unpacked: &Path, source: &Source) -> Result<Vec<PathBuf>> {
    let mut files = files::below(unpacked)?;
    files.retain(|file| {
        files::has_extension(file, &["ogg", "opus", "mp3"])
            && file.strip_prefix(unpacked).is_ok_and(|inside| inside.iter().any(|folder| folder == source.folder))
    });
    Ok(files)
}

/// A piece under its name here: linked, or converted where Earmark cannot read the original.
fn placed(original: &Path, folder: &Path, source: &Source) -> Result<PathBuf> {
    let stem = files::stem(original);
    // Songs of stems are folders of files that are all named alike.
    let name = match original.parent() {
        Some(song) if ["guitar", "rhythm", "song"].contains(&stem.as_str()) => format!("{}-{stem}", files::stem(song)),
        _ => stem,
    };
    if files::has_extension(original, &["opus"]) {
        let path = folder.join(format!("{}-{name}.flac", source.short));
        audio::convert(original, &path)?;
        return Ok(path);
    }
    let extension = original.extension().unwrap_or_default().to_string_lossy();
    let path = folder.join(format!("{}-{name}.{extension}", source.short));
    if !path.exists() {
        files::link(original, &path)?;
    }
    Ok(path)
}

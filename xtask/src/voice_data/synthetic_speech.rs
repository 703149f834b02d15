//! Set `speech`, its synthetic part: texts of our own, spoken by espeak-ng.
//!
//! Formant synthesis sounds unlike people, but much like the robot voices of electronic music.

use super::audio;
use super::files;
use super::index::{Harvest, Split};
use super::speech;
use super::texts::TEXTS;
use super::tools;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

/// A way of speaking: espeak-ng's variant, pitch (0..99) and words a minute.
struct Manner {
    variant: &'static str,
    pitch: u32,
    words_per_minute: u32,
    split: Split,
}

/// Each text is spoken in three of these, in turn.
const MANNERS: [Manner; 9] = [
    Manner { variant: "", pitch: 50, words_per_minute: 160, split: Split::Train },
    Manner { variant: "+f3", pitch: 65, words_per_minute: 150, split: Split::Train },
    Manner { variant: "+m5", pitch: 25, words_per_minute: 140, split: Split::Train },
    Manner { variant: "+f5", pitch: 45, words_per_minute: 190, split: Split::Valid },
    Manner { variant: "+m2", pitch: 40, words_per_minute: 175, split: Split::Train },
    Manner { variant: "+f2", pitch: 80, words_per_minute: 130, split: Split::Train },
    Manner { variant: "+croak", pitch: 35, words_per_minute: 150, split: Split::Train },
    Manner { variant: "+m7", pitch: 60, words_per_minute: 120, split: Split::Valid },
    Manner { variant: "+klatt3", pitch: 55, words_per_minute: 165, split: Split::Train },
];
const MANNERS_PER_TEXT: usize = 3;

/// What a program says is nobody's but its user's; the texts are under this project's licence.
const LICENCE: &str = "MIT";

/// Lets every text be spoken.
///
/// # Errors
/// One line: espeak-ng's complaint, a file.
pub fn gather(root: &Path) -> Result<Harvest> {
    let folder = files::folder(root.join("espeak"))?;
    let mut harvest = Harvest::default();
    for (number, (language, text)) in TEXTS.iter().enumerate() {
        for turn in 0..MANNERS_PER_TEXT {
            let manner = &MANNERS[(number * 2 + turn * 4) % MANNERS.len()];
            let spoken = folder.join(format!("{language}-{turn}.wav"));
            let mut command = Command::new("espeak-ng");
            command
                .args(["-v", &format!("{language}{}", manner.variant)])
                .args(["-p", &manner.pitch.to_string(), "-s", &manner.words_per_minute.to_string()])
                .arg("-w")
                .arg(&spoken)
                .arg(text);
            tools::output(&mut command, &format!("speaking {language} with espeak-ng"))?;
            let name = format!("espeak-{language}-{turn}");
            harvest.rows.push(speech::write(root, &name, &audio::decode(&spoken, None)?, manner.split, LICENCE)?);
        }
        println!("  {}/{} {language}", number + 1, TEXTS.len());
    }
    std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    Ok(harvest)
}

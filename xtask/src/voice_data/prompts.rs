//! Set `speech`, its real part: telephone prompts of Asterisk, read by one speaker a language, 16 kHz (G.722).

use super::audio::{self, RATE_HZ};
use super::files;
use super::index::{Harvest, Split};
use super::packages::Package;
use super::random::Random;
use super::speech;
use anyhow::{Result, ensure};
use std::path::{Path, PathBuf};

/// A speaker's prompts, and what they are for.
pub struct Speaker {
    /// Where the prompts come from.
    pub package: Package,
    short: &'static str,
    split: Split,
}

const fn speaker(name: &'static str, short: &'static str, licence: &'static str, split: Split) -> Speaker {
    Speaker { package: Package { name, licence }, short, split }
}

/// All of them. English and Spanish are the same speaker, so neither is for validation.
pub const SPEAKERS: [Speaker; 5] = [
    speaker("asterisk-core-sounds-en-g722", "asterisk-en", "CC-BY-SA-3.0", Split::Train),
    speaker("asterisk-core-sounds-es-g722", "asterisk-es", "CC-BY-SA-3.0", Split::Train),
    speaker("asterisk-core-sounds-fr-g722", "asterisk-fr", "CC-BY-SA-3.0", Split::Train),
    speaker("asterisk-core-sounds-it-g722", "asterisk-it", "CC-BY-3.0", Split::Train),
    speaker("asterisk-core-sounds-ru-g722", "asterisk-ru", "CC-BY-3.0", Split::Valid),
];

/// What is no speech: tones, monkeys, and the folder of silences.
const NOT_SPEECH: [&str; 5] = ["beep", "beeperr", "ascending-2tone", "descending-2tone", "tt-monkeys"];
const SILENCES: &str = "silence";

/// A file is closed once it is this long.
const FILE_S: f64 = 90.0;
const SHORTEST_GAP_S: f64 = 0.1;
const LONGEST_GAP_S: f64 = 0.7;

/// Joins one speaker's prompts, in random order, to files of a minute and a half.
///
/// # Errors
/// One line: the package, a program, a file.
pub fn gather(root: &Path, speaker: &Speaker) -> Result<Harvest> {
    let mut prompts = prompts(&speaker.package.unpacked(root)?)?;
    ensure!(!prompts.is_empty(), "{} holds no G.722 prompts; has the package changed?", speaker.package.name);
    let mut random = Random::named(speaker.short);
    random.shuffle(&mut prompts);

    let mut harvest = Harvest::default();
    let mut samples = Vec::new();
    for (number, prompt) in prompts.iter().enumerate() {
        samples.extend(audio::decode(prompt, Some("g722"))?);
        let gap_s = random.between(SHORTEST_GAP_S, LONGEST_GAP_S);
        samples.resize(samples.len() + (gap_s * f64::from(RATE_HZ)) as usize, 0);
        if audio::duration_s(&samples) >= FILE_S || number + 1 == prompts.len() {
            let name = format!("{}-{:02}", speaker.short, harvest.rows.len() + 1);
            let row = speech::write(root, &name, &samples, speaker.split, speaker.package.licence)?;
            println!("  {}/{} prompts, {name}", number + 1, prompts.len());
            harvest.rows.push(row);
            samples.clear();
        }
    }
    Ok(harvest)
}

fn prompts(unpacked: &Path) -> Result<Vec<PathBuf>> {
    let mut prompts = files::below(unpacked)?;
    prompts.retain(|file| {
        files::has_extension(file, &["g722"])
            && !NOT_SPEECH.contains(&files::stem(file).as_str())
            && file.parent().and_then(Path::file_name).is_some_and(|folder| folder != SILENCES)
    });
    Ok(prompts)
}

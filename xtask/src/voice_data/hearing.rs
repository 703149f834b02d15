//! What Earmark's own general nets hear in a file: a voice curve, and the tags of an audio tagger.

use super::audio;
use super::files;
use super::labels::Stretch;
use super::tools;
use crate::workspace;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Tags of AudioSet, as CED names them, that speak of a voice that sings.
pub const SUNG: [&str; 14] = [
    "Singing",
    "Choir",
    "Yodeling",
    "Chant",
    "Mantra",
    "Male singing",
    "Female singing",
    "Child singing",
    "Synthetic singing",
    "Rapping",
    "Humming",
    "A capella",
    "Vocal music",
    "Opera",
];

/// Tags of AudioSet that speak of a voice that speaks.
pub const SPOKEN: [&str; 9] = [
    "Speech",
    "Male speech, man speaking",
    "Female speech, woman speaking",
    "Child speech, kid speaking",
    "Conversation",
    "Narration, monologue",
    "Speech synthesizer",
    "Shout",
    "Whispering",
];

/// Words of musicnn's two lists that speak of a voice that sings.
pub const VOCAL_WORDS: [&str; 11] = [
    "choir",
    "choral",
    "opera",
    "singing",
    "vocal",
    "vocals",
    "male vocal",
    "female vocal",
    "voice",
    "male voice",
    "female voice",
];

/// The parts of `earmark analyze --json` that matter here.
#[derive(Debug, Deserialize)]
pub struct Hearing {
    /// Length of the audio, in seconds.
    pub duration_s: f64,
    /// Voices over time.
    pub vocal: Curve,
    /// Means of tag probabilities over the file.
    pub tags: Tags,
}

/// The larger of the probabilities of speech and singing.
#[derive(Debug, Deserialize)]
pub struct Curve {
    /// Time from one frame to the next, in seconds.
    pub period_s: f64,
    /// The instant that frame 0 speaks of, in seconds.
    pub first_frame_s: f64,
    /// One per frame.
    pub probability: Vec<f32>,
}

/// Names and probabilities.
#[derive(Debug, Deserialize)]
pub struct Tags {
    /// AudioSet's are written with capitals, unlike the other taggers' in the same list.
    pub labels: Vec<String>,
    /// One per name.
    pub probability: Vec<f32>,
}

impl Hearing {
    /// The strongest of these tags, zero where there is none.
    pub fn strongest(&self, names: &[&'static str]) -> (&'static str, f32) {
        let mut best = ("", 0.0);
        for (label, &probability) in self.tags.labels.iter().zip(&self.tags.probability) {
            if let Some(name) = names.iter().find(|name| *name == label)
                && probability > best.1
            {
                best = (name, probability);
            }
        }
        best
    }

    /// Where the curve is above a threshold, each stretch widened by so much on either side, in order.
    pub fn above(&self, threshold: f32, widen_s: f64) -> Vec<Stretch> {
        let Curve { period_s, first_frame_s, probability } = &self.vocal;
        let frames = probability.iter().enumerate().filter(|(_, probability)| **probability > threshold);
        let around = frames.map(|(frame, _)| {
            let time_s = first_frame_s + frame as f64 * period_s;
            Stretch { start_s: (time_s - widen_s).max(0.0), end_s: (time_s + widen_s).min(self.duration_s) }
        });
        super::labels::union(&around.collect::<Vec<_>>())
    }
}

/// The built `earmark`, with a folder in which what it heard is kept.
pub struct Ears {
    program: PathBuf,
    model: PathBuf,
    cache: PathBuf,
}

impl Ears {
    /// Builds `earmark` if something has changed.
    ///
    /// # Errors
    /// That it does not build.
    pub fn open(root: &Path) -> Result<Self> {
        let build = ["build", "--release", "--bin", "earmark"];
        workspace::run(workspace::cargo().args(build), "building earmark")?;
        let name = format!("earmark{}", std::env::consts::EXE_SUFFIX);
        Ok(Self {
            program: workspace::target_dir()?.join("release").join(name),
            model: workspace::root().join("models/aed.safetensors"),
            cache: files::folder(root.join("screening"))?,
        })
    }

    /// Hears a whole file, once.
    ///
    /// # Errors
    /// One line with what `earmark` complained.
    pub fn hear(&self, file: &Path) -> Result<Hearing> {
        let record = self.cache.join(format!("{}.json", files::stem(file)));
        if !record.exists() {
            self.analyze(&[file.to_path_buf()], &record)?;
        }
        read(&record)?.pop().with_context(|| format!("{} holds nothing; delete it", record.display()))
    }

    /// Hears stretches of a file, each by itself, once: the taggers' means over a whole file say little about a moment.
    /// `None` where ffmpeg cannot read the file, although Earmark can.
    ///
    /// # Errors
    /// As [`Ears::hear`]; that a clip cannot be written.
    pub fn hear_again(&self, file: &Path, stretches: &[Stretch]) -> Result<Option<Vec<Hearing>>> {
        if stretches.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let record = self.cache.join(format!("{}.again.json", files::stem(file)));
        if !record.exists() {
            let Ok(samples) = audio::decode(file, None) else { return Ok(None) };
            let folder = files::folder(self.cache.join("clips").join(files::stem(file)))?;
            let mut clips = Vec::new();
            for (number, stretch) in stretches.iter().enumerate() {
                let sample = |time_s: f64| ((time_s * f64::from(audio::RATE_HZ)) as usize).min(samples.len());
                let clip = folder.join(format!("{number:04}.flac"));
                audio::encode(&samples[sample(stretch.start_s)..sample(stretch.end_s)], &clip)?;
                clips.push(clip);
            }
            self.analyze(&clips, &record)?;
            std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        let hearings = read(&record)?;
        ensure!(
            hearings.len() == stretches.len(),
            "{} is of {} stretches, not {}; delete it and run this again",
            record.display(),
            hearings.len(),
            stretches.len()
        );
        Ok(Some(hearings))
    }

    fn analyze(&self, files: &[PathBuf], record: &Path) -> Result<()> {
        let mut command = Command::new(&self.program);
        command.args(["analyze", "--json", "--vocal-model"]).arg(&self.model).args(files);
        let what = format!("screening {}", files.first().map_or_else(String::new, |file| file.display().to_string()));
        let json = tools::output(&mut command, &what)?;
        files::write_text(record, &String::from_utf8(json).context("earmark wrote something that is not text")?)
    }
}

/// One hearing or a list of them, as `earmark` writes one file's or several files'.
#[derive(Deserialize)]
#[serde(untagged)]
enum Record {
    One(Box<Hearing>),
    Many(Vec<Hearing>),
}

fn read(record: &Path) -> Result<Vec<Hearing>> {
    let text = std::fs::read_to_string(record).with_context(|| format!("cannot read {}", record.display()))?;
    let parsed = serde_json::from_str(&text)
        .with_context(|| format!("{} is not what earmark writes; delete it and run this again", record.display()))?;
    Ok(match parsed {
        Record::One(hearing) => vec![*hearing],
        Record::Many(hearings) => hearings,
    })
}

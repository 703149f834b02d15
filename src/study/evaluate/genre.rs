//! How often the likeliest genre is the right one.
//!
//! The truth stands in the file names: `<class>.<n>.<extension>`, as in GTZAN.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use crate::say::genre::GENRES;
use crate::study::analysis::CLASSES;

/// The classes of GTZAN.
pub const GTZAN: [&str; 10] =
    ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"];

/// A file and the class that its name states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Audio file.
    pub path: PathBuf,
    /// Position in [`GENRES`].
    pub class: usize,
}

/// One file's answer.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// File name.
    pub file: String,
    /// What its name says.
    pub truth: &'static str,
    /// The likeliest of the classes asked for.
    pub top: &'static str,
    /// Mean probability of each of [`GENRES`].
    pub probability: [f32; CLASSES],
}

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Classes that could be chosen.
    pub classes: Vec<&'static str>,
    /// Share of right answers.
    pub accuracy: f64,
    /// Share of right answers where all of [`GENRES`] could be chosen.
    pub accuracy_of_all_classes: f64,
    /// `confusion[truth][answer]`: files, in the order of `classes`.
    pub confusion: Vec<Vec<u32>>,
    /// Each file.
    pub files: Vec<Answer>,
}

/// The labelled files of a directory, or one such file.
///
/// # Errors
/// One line: nothing there, or no name of the form `<class>.<n>.<extension>`.
pub fn entries(path: &Path) -> Result<Vec<Entry>> {
    if !path.is_dir() {
        ensure!(path.exists(), "does not exist; give a directory of audio named <class>.<n>.<extension>");
        let class = class_of(path)?;
        return Ok(vec![Entry { path: path.to_owned(), class }]);
    }
    let listing = std::fs::read_dir(path).context("cannot be listed; check its permissions")?;
    let mut entries = Vec::new();
    for file in listing {
        let file = file.context("cannot be listed; check its permissions")?.path();
        // Other files (a README, labels) may lie beside the audio.
        if let (true, Ok(class)) = (file.is_file(), class_of(&file)) {
            entries.push(Entry { path: file, class });
        }
    }
    ensure!(!entries.is_empty(), "holds no file named <class>.<n>.<extension>, such as rock.00001.wav; rename them");
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

fn class_of(file: &Path) -> Result<usize> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let parts: Vec<&str> = name.split('.').collect();
    let class = GENRES.iter().position(|genre| parts.first() == Some(genre));
    match class {
        Some(class) if parts.len() >= 3 => Ok(class),
        _ => bail!("is not named <class>.<n>.<extension> with one of: {}; rename it", GENRES.join(", ")),
    }
}

/// The classes to choose from: GTZAN's ten where the truth stays within them, all otherwise.
pub fn choices(entries: &[Entry]) -> Vec<usize> {
    let gtzan = |class: usize| GTZAN.contains(&GENRES[class]);
    let within = entries.iter().all(|entry| gtzan(entry.class));
    (0..CLASSES).filter(|&class| !within || gtzan(class)).collect()
}

/// Judges the files' probabilities.
pub fn report(choices: &[usize], heard: &[(&Entry, [f32; CLASSES])]) -> Report {
    let mut confusion = vec![vec![0; choices.len()]; choices.len()];
    let mut files = Vec::with_capacity(heard.len());
    let (mut right, mut right_of_all) = (0_u32, 0_u32);
    let all: Vec<usize> = (0..CLASSES).collect();
    for (entry, probability) in heard {
        let top = likeliest(choices, probability);
        right += u32::from(top == entry.class);
        right_of_all += u32::from(likeliest(&all, probability) == entry.class);
        let place = |class: usize| choices.iter().position(|&choice| choice == class);
        if let (Some(truth), Some(answer)) = (place(entry.class), place(top)) {
            confusion[truth][answer] += 1;
        }
        files.push(Answer {
            file: entry.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            truth: GENRES[entry.class],
            top: GENRES[top],
            probability: *probability,
        });
    }
    let share = |part: u32| f64::from(part) / heard.len().max(1) as f64;
    Report {
        classes: choices.iter().map(|&class| GENRES[class]).collect(),
        accuracy: share(right),
        accuracy_of_all_classes: share(right_of_all),
        confusion,
        files,
    }
}

fn likeliest(choices: &[usize], probability: &[f32; CLASSES]) -> usize {
    let best = choices.iter().copied().max_by(|&a, &b| probability[a].total_cmp(&probability[b]));
    best.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(name: &str) -> usize {
        GENRES.iter().position(|&genre| genre == name).expect("a known genre")
    }

    #[test]
    fn names_state_the_class() {
        assert_eq!(class_of(Path::new("a/HipHop.00012.flac")).unwrap(), class("hiphop"));
        for bad in ["rock.flac", "tango.1.wav", "rock"] {
            assert!(class_of(Path::new(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_the_classes_asked_for_are_chosen() {
        let entry = Entry { path: "rock.1.wav".into(), class: class("rock") };
        let mut probability = [0.0; CLASSES];
        probability[class("electronic")] = 0.6;
        probability[class("rock")] = 0.4;
        let choices = choices(std::slice::from_ref(&entry));
        assert_eq!(choices.len(), GTZAN.len());
        let report = report(&choices, &[(&entry, probability)]);
        assert_eq!((report.accuracy, report.accuracy_of_all_classes), (1.0, 0.0));
        let rock = report.classes.iter().position(|&c| c == "rock").expect("rock is a choice");
        assert_eq!(report.confusion[rock][rock], 1);
    }
}

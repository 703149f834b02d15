//! Windows of real audio, and what a tagger says of each.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::corpus::SAMPLE_RATE_HZ;
use super::super::run::{Progress, read_songs};
use super::super::scene::frames;
use crate::nets::{Model, Net};
use crate::study::json::kept;
use crate::study::outputs::replace;

/// Samples of a window: 3 s.
pub(super) const WINDOW: usize = 3 * SAMPLE_RATE_HZ;
/// Share of the windows to learn from that count as "yes" for a tag: those that the teacher scores highest. A tagger's
/// scores of a rare tag stay low even where it is there, so that one threshold for all would find nothing of most tags.
pub(crate) const YES: f64 = 0.1;
/// Sarle's coefficient above which scores are called bi-modal: that of a uniform distribution, and of an exponential one.
const BIMODAL: f64 = 5.0 / 9.0;

/// A window: its song, and its first sample there.
pub type Window = (usize, usize);

/// The windows of a split with the teacher's scores, `[windows][tags]`.
#[derive(Debug, Clone)]
pub struct Part {
    pub(crate) windows: Vec<Window>,
    pub(crate) scores: Vec<Vec<f32>>,
}

/// What students learn from, and what they are measured on.
pub struct Lessons {
    songs: Vec<Song>,
    /// The teacher's name.
    pub(crate) teacher: String,
    pub(crate) tags: Vec<String>,
    /// The collections learned from.
    collections: BTreeSet<String>,
    pub(crate) train: Part,
    pub(crate) valid: Part,
    /// The score above which a tag counts as "yes".
    pub(crate) threshold: Vec<f32>,
    /// Sarle's coefficient of each tag's scores.
    pub(crate) coefficient: Vec<f64>,
}

struct Song {
    name: String,
    /// Mono, 16 kHz.
    samples: Vec<f32>,
}

/// The teacher's scores as they are kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    teacher: String,
    /// Names of all songs, to learn from and to measure on.
    songs: Vec<String>,
    scores: [Vec<Vec<f32>>; 2],
}

impl Lessons {
    /// Reads the songs of both splits of these indices and asks `teacher` about every 3 s of them; what it says is kept in
    /// the file `kept`.
    ///
    /// # Errors
    /// Unreadable songs; a teacher that is no tagger for windows; a file of another teacher or other songs.
    pub fn read(data: &[PathBuf], teacher: &Model, kept: &Path, progress: &impl Progress) -> Result<Self> {
        let mut songs = Vec::new();
        let mut windows = [Vec::new(), Vec::new()];
        let mut collections = BTreeSet::new();
        for (split, windows) in ["train", "valid"].into_iter().zip(&mut windows) {
            for (entry, song) in read_songs(data, split, &|done, all| progress.reading(done, all))? {
                let mut samples = song.backing;
                if let Some(voice) = song.voice {
                    samples.iter_mut().zip(&voice).for_each(|(backing, voice)| *backing += voice);
                }
                let starts = (0..samples.len() / WINDOW).map(|at| (songs.len(), at * WINDOW));
                windows.extend(starts);
                if split == "train" {
                    collections.insert(entry.set);
                }
                songs.push(Song { name: entry.name, samples });
            }
            ensure!(!windows.is_empty(), "the split {split} has no song of 3 s");
        }
        let of = |window: &Window| -> Result<Vec<f32>> {
            let &(song, first) = window;
            said(teacher, &songs[song].samples[first..first + WINDOW])
        };
        let names: Vec<String> = songs.iter().map(|song| song.name.clone()).collect();
        let scores = match Kept::read(kept, &teacher.card.name, &names)? {
            Some(scores) => scores,
            None => {
                let ask = |windows: &Vec<Window>| windows.par_iter().map(of).collect::<Result<Vec<_>>>();
                let scores = [ask(&windows[0])?, ask(&windows[1])?];
                let kept_now = Kept { teacher: teacher.card.name.clone(), songs: names, scores };
                replace(kept, &serde_json::to_vec(&kept_now)?)?;
                kept_now.scores
            }
        };
        let [train, valid] = scores;
        let of_tag = |tag: usize| train.iter().map(|scores| scores[tag]).collect::<Vec<f32>>();
        let tags = teacher.card.labels.clone();
        let threshold = (0..tags.len()).map(|tag| highest_share(of_tag(tag), YES)).collect();
        let coefficient = (0..tags.len()).map(|tag| sarle(&of_tag(tag))).collect();
        let [to_learn, to_measure] = windows;
        Ok(Self {
            songs,
            teacher: teacher.card.name.clone(),
            tags,
            collections,
            train: Part { windows: to_learn, scores: train },
            valid: Part { windows: to_measure, scores: valid },
            threshold,
            coefficient,
        })
    }

    /// The audio of a window.
    pub(crate) fn samples(&self, (song, first): Window) -> &[f32] {
        &self.songs[song].samples[first..first + WINDOW]
    }

    /// Whether the teacher's scores of a tag are bi-modal.
    pub(crate) fn is_bimodal(&self, tag: usize) -> bool {
        self.coefficient[tag] > BIMODAL
    }

    /// The names of the collections learned from.
    pub(super) fn collections(&self) -> String {
        self.collections.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    /// Songs that are measured on.
    pub(crate) fn measured_songs(&self) -> usize {
        let mut songs: Vec<usize> = self.valid.windows.iter().map(|&(song, _)| song).collect();
        songs.dedup();
        songs.len()
    }
}

impl Kept {
    /// `None` if there is none.
    fn read(path: &Path, teacher: &str, songs: &[String]) -> Result<Option<[Vec<Vec<f32>>; 2]>> {
        let Some(kept) = kept::<Self>(path)? else { return Ok(None) };
        ensure!(
            kept.teacher == teacher && kept.songs == songs,
            "{} is of another teacher or other songs; choose another --run",
            path.display()
        );
        Ok(Some(kept.scores))
    }
}

/// What a tagger says of a window.
fn said(teacher: &Model, samples: &[f32]) -> Result<Vec<f32>> {
    let front_end = &teacher.card.front_end;
    let mut mels = frames(samples, front_end);
    let rows = (WINDOW as f64 / SAMPLE_RATE_HZ as f64 / front_end.hop_s()) as usize;
    mels.truncate(rows * front_end.n_mels);
    let tagging = match &teacher.net {
        Net::Musicnn(net) => net.forward(&mels),
        Net::Ced(net) => net.forward(&mels),
        _ => bail!("{} is no tagger that can teach; those are ced and musicnn", teacher.card.name),
    };
    Ok(tagging?.probability)
}

/// The score above which this share of the scores lies.
fn highest_share(mut scores: Vec<f32>, share: f64) -> f32 {
    scores.sort_unstable_by(f32::total_cmp);
    let at = (scores.len() as f64 * (1.0 - share)) as usize;
    scores.get(at.min(scores.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Sarle's coefficient of bi-modality, `(skewness^2 + 1) / kurtosis`: 1/3 for a normal distribution, 1 for two points.
fn sarle(scores: &[f32]) -> f64 {
    let count = scores.len().max(1) as f64;
    let mean = scores.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    let moment = |power: i32| scores.iter().map(|&x| (f64::from(x) - mean).powi(power)).sum::<f64>() / count;
    let variance = moment(2);
    if variance < 1e-12 {
        return 0.0;
    }
    let (skewness, kurtosis) = (moment(3) / variance.powf(1.5), moment(4) / variance.powi(2));
    (skewness * skewness + 1.0) / kurtosis
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_heaps_are_bimodal_and_one_is_not() {
        let two: Vec<f32> = (0..1000).map(|at| if at % 3 == 0 { 0.9 } else { 0.1 }).collect();
        assert!((sarle(&two) - 1.0).abs() < 1e-6);
        let uniform: Vec<f32> = (0..1000).map(|at| at as f32 / 1000.0).collect();
        assert!((sarle(&uniform) - BIMODAL).abs() < 1e-3);
        // Sums of uniform values come close to a normal distribution.
        let heap: Vec<f32> = (0..1000).map(|at| (0..6).map(|n| ((at * (n * 2 + 7)) % 101) as f32).sum()).collect();
        assert!(sarle(&heap) < 0.45, "{}", sarle(&heap));
        assert_eq!(sarle(&[0.5; 9]), 0.0);
    }

    #[test]
    fn the_threshold_parts_the_highest_tenth() {
        let scores: Vec<f32> = (0..100).map(|at| at as f32).collect();
        let threshold = highest_share(scores.clone(), 0.1);
        assert_eq!(scores.iter().filter(|&&score| score >= threshold).count(), 10);
    }
}

//! One net with one seed: what it said of each frame of each song. Kept as a JSON file, so that a table that was stopped goes
//! on with what is not there yet.

use std::path::Path;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::study::evaluate::index::Entry;
use crate::study::evaluate::vocal::{Frames, THRESHOLD};
use crate::study::json::kept;
use crate::study::outputs::replace;
use crate::study::zoo::interval::interval_of;
use crate::study::zoo::ranked::Ranked;

/// Probabilities are kept in steps of one over this.
const STEPS: f32 = 65_535.0;

/// What was said of each song.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Cell {
    /// `None` for a net that was not trained for the table.
    budget_s: Option<f64>,
    songs: Vec<Song>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Song {
    name: String,
    set: String,
    /// Of each judged frame.
    said: Vec<u16>,
    /// Whether somebody sings, 0 or 1.
    sung: Vec<u8>,
}

/// The figures of a net.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    /// Share of frames judged right, over the sets with singing, with its interval over songs.
    pub(super) accuracy: (f64, [f64; 2]),
    /// Area under the ROC curve there.
    pub(super) auc: (f64, [f64; 2]),
    /// Of precision and recall there.
    pub(super) f1: f64,
    /// Share of frames called sung in the sets where nobody sings; `None` without such.
    pub(super) alarms: Option<f64>,
}

/// Decisions about a song's frames.
#[derive(Default, Clone, Copy)]
struct Decisions {
    hits: f64,
    alarms: f64,
    misses: f64,
    all: f64,
}

impl Cell {
    /// Of what was heard of each entry.
    pub(super) fn of<'a>(entries: impl Iterator<Item = &'a Entry>, heard: &[Frames]) -> Self {
        let song = |(entry, frames): (&Entry, &Frames)| Song {
            name: entry.name.clone(),
            set: entry.set.clone(),
            said: frames.probability.iter().map(|p| (p * STEPS).round() as u16).collect(),
            sung: frames.sung.iter().map(|&sung| u8::from(sung)).collect(),
        };
        Self { budget_s: None, songs: entries.zip(heard).map(song).collect() }
    }

    /// Writes it.
    ///
    /// # Errors
    /// If the disk refuses.
    pub(super) fn written(mut self, path: &Path, budget_s: Option<f64>) -> Result<Self> {
        self.budget_s = budget_s;
        replace(path, &serde_json::to_vec(&self)?)?;
        Ok(self)
    }

    /// Reads it back; `None` if there is none.
    ///
    /// # Errors
    /// If it does not read, or speaks of another table.
    pub(super) fn read<'a>(
        path: &Path,
        budget_s: Option<f64>,
        entries: impl Iterator<Item = &'a Entry>,
    ) -> Result<Option<Self>> {
        let Some(cell) = kept::<Self>(path)? else { return Ok(None) };
        ensure!(
            cell.budget_s == budget_s && cell.songs.iter().map(|song| &song.name).eq(entries.map(|entry| &entry.name)),
            "{} is of a table with other songs or another budget; choose another --run",
            path.display()
        );
        Ok(Some(cell))
    }

    /// Its figures, those of songs of sets with singing together.
    pub(super) fn figures(&self) -> Figures {
        let is_sung = |set: &str| self.songs.iter().any(|song| song.set == set && song.sung.contains(&1));
        let (sung, unsung): (Vec<&Song>, Vec<&Song>) = self.songs.iter().partition(|song| is_sung(&song.set));
        let each: Vec<Decisions> = sung.iter().map(|song| song.decisions()).collect();
        let right = |times: &[f64]| {
            let Decisions { alarms, misses, all, .. } = total(&each, times);
            (all > 0.0).then(|| 1.0 - (alarms + misses) / all)
        };
        let frames = sung.iter().enumerate().flat_map(|(at, song)| {
            song.said.iter().zip(&song.sung).map(move |(&said, &sung)| (f32::from(said), sung == 1, at))
        });
        let ranked = Ranked::new(frames);
        let once = vec![1.0; sung.len()];
        let Decisions { hits, alarms, misses, .. } = total(&each, &once);
        let apart: Vec<Decisions> = unsung.iter().map(|song| song.decisions()).collect();
        let Decisions { alarms: false_alarms, all, .. } = total(&apart, &vec![1.0; unsung.len()]);
        Figures {
            accuracy: (right(&once).unwrap_or(f64::NAN), interval_of(sung.len(), right)),
            auc: (ranked.roc_auc(&once).unwrap_or(f64::NAN), interval_of(sung.len(), |times| ranked.roc_auc(times))),
            f1: 2.0 * hits / (2.0 * hits + alarms + misses),
            alarms: (all > 0.0).then(|| false_alarms / all),
        }
    }
}

impl Song {
    fn decisions(&self) -> Decisions {
        let mut decisions = Decisions::default();
        for (&said, &sung) in self.said.iter().zip(&self.sung) {
            decisions.all += 1.0;
            match (f32::from(said) / STEPS > THRESHOLD, sung == 1) {
                (true, true) => decisions.hits += 1.0,
                (true, false) => decisions.alarms += 1.0,
                (false, true) => decisions.misses += 1.0,
                (false, false) => {}
            }
        }
        decisions
    }
}

/// Of songs that count as often as `times` says.
fn total(songs: &[Decisions], times: &[f64]) -> Decisions {
    songs.iter().zip(times).fold(Decisions::default(), |sum, (song, times)| Decisions {
        hits: sum.hits + times * song.hits,
        alarms: sum.alarms + times * song.alarms,
        misses: sum.misses + times * song.misses,
        all: sum.all + times * song.all,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_match_two_songs_counted_by_hand() {
        let song = |name: &str, set: &str, said: &[f32], sung: &[u8]| Song {
            name: name.to_owned(),
            set: set.to_owned(),
            said: said.iter().map(|p| (p * STEPS) as u16).collect(),
            sung: sung.to_vec(),
        };
        let songs = vec![
            song("a", "songs", &[0.9, 0.8, 0.2, 0.6], &[1, 1, 1, 0]),
            // Nobody sings in it, but in its set.
            song("b", "songs", &[0.1, 0.7], &[0, 0]),
            song("c", "bands", &[0.1, 0.2, 0.3, 0.9], &[0, 0, 0, 0]),
        ];
        let figures = Cell { budget_s: None, songs }.figures();
        assert!((figures.accuracy.0 - 0.5).abs() < 1e-12, "{figures:?}");
        assert!((figures.f1 - 4.0 / 7.0).abs() < 1e-12, "{figures:?}");
        // Pairs won: .9 and .8 over all three, .2 over one: 7 of 9.
        assert!((figures.auc.0 - 7.0 / 9.0).abs() < 1e-12, "{figures:?}");
        assert_eq!(figures.alarms, Some(0.25));
        let [low, high] = figures.accuracy.1;
        assert!(low <= 0.5 && high >= 0.5, "{figures:?}");
    }
}

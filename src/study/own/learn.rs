//! The fit of a head, and how good it is on songs of artists that it has not learned from.

use anyhow::{Context, Result, ensure};

use super::songs::{Song, Songs};
use crate::study::hear::Stopped;
use crate::study::probe::{Choice, Probe, Settings, choose_l2};
use crate::study::votes::Ballot;

/// Penalties that are tried; see [`Settings::l2`].
pub const PENALTIES: [f64; 5] = [1e-2, 3e-2, 1e-1, 3e-1, 1.0];
/// Where the songs are too few to choose.
const USUAL_PENALTY: f64 = 3e-1;
const FOLDS: usize = 4;

/// Someone who watches, and may stop it.
pub trait Watch {
    /// Called after each of `of` parts of the work.
    fn progress(&self, done: usize, of: usize);
    /// Asked before each part; `true` ends the work with [`Stopped`].
    fn stopped(&self) -> bool;
}

/// A head, and what it takes for a tagger that has not spoken.
#[derive(Clone, Debug)]
pub struct Fit {
    /// For features as they are.
    pub probe: Probe,
    /// Mean of each feature.
    pub mean: Vec<f32>,
}

/// What a head says of a held-out song.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Position in [`Songs::songs`].
    pub song: usize,
    /// The votes of its windows.
    pub ballot: Ballot,
}

/// What was learned.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// Fitted to all songs, the held-out ones too: what is shipped.
    pub fit: Fit,
    /// The penalty, and those that were tried.
    pub l2: f64,
    /// Each penalty tried, on folds over artists of the songs that are learned from.
    pub tried: Vec<Choice>,
    /// What a head that has not learned from the held-out songs says of them.
    pub answers: Vec<Answer>,
}

impl Lesson {
    /// Chooses the penalty (unless one is given) on folds over groups, fits to what is not held out, hears the rest, and
    /// fits again to everything with the same penalty.
    ///
    /// # Errors
    /// As [`Probe::fit`], and [`Stopped`].
    pub fn learn(songs: &Songs, l2: Option<f64>, watch: &dyn Watch) -> Result<Self> {
        let part = |held_out: bool| songs.songs.iter().filter(move |song| song.held_out == held_out);
        let learned: Vec<&Song> = part(false).collect();
        ensure!(part(true).next().is_some(), "nothing can be held out; add songs of further artists to each class");
        let candidates: Vec<f64> = l2.map_or_else(|| PENALTIES.to_vec(), |_| Vec::new());
        let parts = candidates.len() + 2;
        let mean = mean(&learned);
        let table = Table::new(&learned, &mean);
        let mut tried = Vec::new();
        for (done, l2) in candidates.into_iter().enumerate() {
            ensure!(!watch.stopped(), Stopped);
            if table.groups() >= 2 {
                tried.extend(table.choose(songs.classes.len(), l2)?);
            }
            watch.progress(done + 1, parts);
        }
        let best = tried.iter().min_by(|a, b| a.loss.total_cmp(&b.loss)).map(|choice| choice.l2);
        let l2 = l2.or(best).unwrap_or(USUAL_PENALTY);
        ensure!(!watch.stopped(), Stopped);
        let first = Fit { probe: table.fit(songs.classes.len(), l2)?, mean };
        let mut answers = Vec::new();
        for (number, song) in songs.songs.iter().enumerate().filter(|(_, song)| song.held_out) {
            let heard: Vec<Vec<f32>> = song.rows.iter().map(|row| first.probability(row)).collect::<Result<_>>()?;
            let ballot = Ballot::count(heard.iter().map(Vec::as_slice)).context("a song without windows was kept")?;
            answers.push(Answer { song: number, ballot });
        }
        watch.progress(parts - 1, parts);
        ensure!(!watch.stopped(), Stopped);
        let all: Vec<&Song> = songs.songs.iter().collect();
        let mean = self::mean(&all);
        let fit = Fit { probe: Table::new(&all, &mean).fit(songs.classes.len(), l2)?, mean };
        watch.progress(parts, parts);
        Ok(Self { fit, l2, tried, answers })
    }

    /// `[truth][answer]`: held-out songs.
    pub fn confusion(&self, songs: &Songs) -> Vec<Vec<u32>> {
        let mut confusion = vec![vec![0; songs.classes.len()]; songs.classes.len()];
        for answer in &self.answers {
            confusion[songs.songs[answer.song].class][answer.ballot.top] += 1;
        }
        confusion
    }

    /// Share of held-out songs that are answered right, 0..=1.
    pub fn accuracy(&self, songs: &Songs) -> f64 {
        let right = self.answers.iter().filter(|answer| songs.songs[answer.song].class == answer.ballot.top).count();
        right as f64 / self.answers.len().max(1) as f64
    }
}

impl Fit {
    /// One probability per class for a row of features, NaN where a tagger has not spoken yet.
    fn probability(&self, row: &[f32]) -> Result<Vec<f32>> {
        self.probe.probability(&filled(row, &self.mean))
    }
}

/// Rows of many songs, with their classes and groups.
struct Table {
    rows: Vec<Vec<f32>>,
    labels: Vec<usize>,
    groups: Vec<String>,
}

impl Table {
    fn new(songs: &[&Song], mean: &[f32]) -> Self {
        let mut table = Self { rows: Vec::new(), labels: Vec::new(), groups: Vec::new() };
        for song in songs {
            table.rows.extend(song.rows.iter().map(|row| filled(row, mean)));
            table.labels.resize(table.rows.len(), song.class);
            table.groups.resize(table.rows.len(), song.group.to_string());
        }
        table
    }

    fn groups(&self) -> usize {
        self.groups.iter().collect::<std::collections::BTreeSet<_>>().len()
    }

    fn rows(&self) -> Vec<&[f32]> {
        self.rows.iter().map(Vec::as_slice).collect()
    }

    fn fit(&self, classes: usize, l2: f64) -> Result<Probe> {
        Probe::fit(&self.rows(), &self.labels, classes, &settings(l2))
    }

    fn choose(&self, classes: usize, l2: f64) -> Result<Vec<Choice>> {
        let groups: Vec<&str> = self.groups.iter().map(String::as_str).collect();
        Ok(choose_l2(&self.rows(), &self.labels, &groups, classes, &[l2], FOLDS, &settings(l2))?.1)
    }
}

/// Classes count alike: a library is rarely even, and a rare class is not a less likely answer to a new song.
fn settings(l2: f64) -> Settings {
    Settings { l2, balanced: true, ..Settings::default() }
}

/// A row with the mean where a tagger has not spoken.
fn filled(row: &[f32], mean: &[f32]) -> Vec<f32> {
    row.iter().zip(mean).map(|(&x, &mean)| if x.is_nan() { mean } else { x }).collect()
}

/// Mean of each feature over the windows in which its tagger has spoken; 0 where it never has.
fn mean(songs: &[&Song]) -> Vec<f32> {
    let rows = || songs.iter().flat_map(|song| &song.rows);
    let width = rows().next().map_or(0, Vec::len);
    let (mut sums, mut counts) = (vec![0.0_f64; width], vec![0_u32; width]);
    for row in rows() {
        for ((sum, count), &x) in sums.iter_mut().zip(&mut counts).zip(row).filter(|(_, x)| !x.is_nan()) {
            *sum += f64::from(x);
            *count += 1;
        }
    }
    sums.into_iter().zip(counts).map(|(sum, count)| (sum / f64::from(count.max(1))) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Patient;

    impl Watch for Patient {
        fn progress(&self, _done: usize, _of: usize) {}

        fn stopped(&self) -> bool {
            false
        }
    }

    #[test]
    fn classes_that_differ_are_told_apart() {
        let song = |number: usize| {
            let class = number % 2;
            let row = |w: usize| vec![if class == 0 { 2.0 } else { -2.0 }, (number * 7 + w) as f32 % 3.0, f32::NAN];
            Song {
                path: format!("{number}.wav").into(),
                class,
                group: number / 2,
                held_out: number >= 12,
                rows: (0..3).map(row).collect(),
            }
        };
        let songs = Songs {
            classes: vec!["a".into(), "b".into()],
            songs: (0..16).map(song).collect(),
            taggers: Vec::new(),
            notes: Vec::new(),
        };
        let lesson = Lesson::learn(&songs, None, &Patient).unwrap();
        assert_eq!((lesson.accuracy(&songs), lesson.answers.len()), (1.0, 4));
        assert_eq!(lesson.confusion(&songs), [[2, 0], [0, 2]]);
        assert!(PENALTIES.contains(&lesson.l2) && lesson.tried.len() == PENALTIES.len());
        assert!(lesson.answers.iter().all(|answer| answer.ballot.votes == 1.0 && answer.ballot.confidence() > 0.8));
    }
}

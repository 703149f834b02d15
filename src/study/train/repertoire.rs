//! Songs to draw from: sets in proportion to the root of their length, so that a small set is heard often enough and a
//! large one does not drown it; within a set, each second alike.

use std::collections::BTreeMap;

use rand::Rng;
use rand::rngs::StdRng;

use super::corpus::Song;

/// Some of the songs, by set.
pub(super) struct Repertoire<'a> {
    sets: Vec<Set<'a>>,
    weight: f64,
}

struct Set<'a> {
    songs: Vec<&'a Song>,
    /// Seconds up to and including each song.
    until_s: Vec<f64>,
    weight: f64,
}

impl<'a> Repertoire<'a> {
    /// Those of `songs` that `keep` keeps.
    pub(super) fn new(songs: &'a [Song], keep: impl Fn(&Song) -> bool) -> Self {
        let mut by_set: BTreeMap<&str, Vec<&Song>> = BTreeMap::new();
        for song in songs.iter().filter(|song| keep(song) && song.duration_s() > 0.0) {
            by_set.entry(&song.set).or_default().push(song);
        }
        let sets: Vec<Set<'_>> = by_set
            .into_values()
            .map(|songs| {
                let mut all_s = 0.0;
                let until = |song: &&Song| {
                    all_s += song.duration_s();
                    all_s
                };
                let until_s: Vec<f64> = songs.iter().map(until).collect();
                Set { songs, until_s, weight: all_s.sqrt() }
            })
            .collect();
        let weight = sets.iter().map(|set| set.weight).sum();
        Self { sets, weight }
    }

    /// Whether there is anything to draw.
    pub(super) fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// Another song of the same set, or any if that set is not here.
    pub(super) fn again(&self, song: &Song, rng: &mut StdRng) -> Option<&'a Song> {
        match self.sets.iter().find(|set| set.songs.first().is_some_and(|first| first.set == song.set)) {
            Some(set) => set.draw(rng),
            None => self.draw(rng),
        }
    }

    /// A song; `None` if there are none.
    pub(super) fn draw(&self, rng: &mut StdRng) -> Option<&'a Song> {
        let mut at = rng.random::<f64>() * self.weight;
        for set in &self.sets {
            if at < set.weight {
                return set.draw(rng);
            }
            at -= set.weight;
        }
        self.sets.last().and_then(|set| set.draw(rng))
    }
}

impl<'a> Set<'a> {
    fn draw(&self, rng: &mut StdRng) -> Option<&'a Song> {
        let at_s = rng.random::<f64>() * self.until_s.last()?;
        let index = self.until_s.partition_point(|&until_s| until_s <= at_s);
        self.songs.get(index.min(self.songs.len() - 1)).copied()
    }
}

//! How good the net is on `valid`, by the very figures of `earmark evaluate vocal`.

use std::collections::HashMap;

use anyhow::Result;
use candle_core::Tensor;
use rayon::prelude::*;

use super::corpus::Song;
use super::learner::Learner;
use super::scene::frames;
use crate::listen::FrontEnd;
use crate::nets::VocalNet;
use crate::study::evaluate::index::Entry;
use crate::study::evaluate::vocal::{Curve, Frames, Report, pair, report};

/// Frames that the net reads at a time.
const PASS: usize = 256;

/// The songs that nothing is learned from.
pub(super) struct Validation<'a> {
    front_end: FrontEnd,
    /// With their frames.
    songs: Vec<(&'a (Entry, Song), Vec<f32>)>,
}

impl<'a> Validation<'a> {
    /// Computes the frames of all songs once.
    pub(super) fn new(front_end: FrontEnd, songs: &'a [(Entry, Song)]) -> Self {
        let heard = |song: &'a (Entry, Song)| (song, frames(&song.1.mix(), &front_end));
        let songs = songs.par_iter().map(heard).collect();
        Self { front_end, songs }
    }

    /// What the net with these tensors says of each song, beside the truth; the probability of its first label.
    ///
    /// # Errors
    /// If they are no tensors of such a net.
    pub(super) fn heard(&self, learner: &dyn Learner, tensors: &HashMap<String, Tensor>) -> Result<Vec<Frames>> {
        self.heard_by(&learner.net(tensors)?)
    }

    /// What this net says of each song, beside the truth; the probability of its first label.
    ///
    /// # Errors
    /// If the net hears other frames.
    pub(super) fn heard_by(&self, net: &VocalNet) -> Result<Vec<Frames>> {
        self.songs.par_iter().map(|((_, song), frames)| self.one(net, song, frames)).collect()
    }

    /// The figures of what was heard.
    pub(super) fn report(&self, name: &str, heard: Vec<Frames>) -> Report {
        let entries = self.songs.iter().map(|((entry, _), _)| entry);
        report(name.to_owned(), "valid", &entries.zip(heard).collect::<Vec<_>>())
    }

    /// The set of each song, in the order of [`Self::heard`].
    pub(super) fn sets(&self) -> impl Iterator<Item = &str> {
        self.songs.iter().map(|((entry, _), _)| entry.set.as_str())
    }

    fn one(&self, net: &VocalNet, song: &Song, frames: &[f32]) -> Result<Frames> {
        let mut stream = net.stream();
        let mut vocal = Vec::with_capacity(frames.len() / self.front_end.n_mels);
        let mut hear = |frames: &[f32], end| -> Result<()> {
            let rows = net.step(&mut [&mut stream], &[frames], end)?.concat();
            vocal.extend(rows.iter().step_by(net.outputs()));
            Ok(())
        };
        for frames in frames.chunks(PASS * self.front_end.n_mels) {
            hear(frames, false)?;
        }
        hear(&[], true)?;
        let curve = Curve {
            probability: &vocal,
            first_frame_s: self.front_end.first_frame_s(),
            period_s: self.front_end.hop_s(),
            duration_s: song.labels.end_s(),
        };
        Ok(pair(&curve, &song.labels))
    }
}

/// One number to select by: AUC and accuracy averaged over the sets with singing, less twice the mean false-alarm rate
/// of those without.
pub(super) fn score(report: &Report) -> f64 {
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let sung = report.sets.iter().filter_map(|set| Some((set.auc? + set.accuracy?) / 2.0)).collect();
    let alarms = report.sets.iter().filter(|set| set.auc.is_none()).filter_map(|set| set.false_alarm_rate).collect();
    mean(sung) - 2.0 * mean(alarms)
}

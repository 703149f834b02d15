//! How good the net is on `valid`, by the very figures of `earmark evaluate vocal`.

use std::collections::HashMap;

use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;

use super::corpus::Song;
use super::scene::{MELS, frames};
use crate::listen::FrontEnd;
use crate::nets::Fsmn;
use crate::study::evaluate::index::Entry;
use crate::study::evaluate::vocal::{Curve, Report, pair, report};

/// The songs that nothing is learned from.
pub(super) struct Validation {
    songs: Vec<(Entry, Song, Vec<f32>)>,
}

impl Validation {
    /// Computes the frames of all songs once.
    pub(super) fn new(songs: Vec<(Entry, Song)>) -> Self {
        let heard = songs.into_iter().map(|(entry, song)| {
            let mix = match &song.voice {
                Some(voice) => song.backing.iter().zip(voice).map(|(backing, voice)| backing + voice).collect(),
                None => song.backing.clone(),
            };
            let frames = frames(&mix);
            (entry, song, frames)
        });
        Self { songs: heard.collect() }
    }

    /// The figures of the net with these tensors.
    ///
    /// # Errors
    /// If they are no causal voice net.
    pub(super) fn report(&self, name: &str, tensors: &HashMap<String, Tensor>) -> Result<Report> {
        let net = Fsmn::new(1, &VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu))?;
        let front_end = FrontEnd::kaldi_fbank_80();
        let mut heard = Vec::new();
        for (entry, song, frames) in &self.songs {
            let mut stream = net.stream();
            let mut vocal = Vec::with_capacity(frames.len() / MELS);
            for frames in frames.chunks(256 * MELS) {
                vocal.extend(net.step(&mut [&mut stream], &[frames], false)?.concat());
            }
            let curve = Curve {
                probability: &vocal,
                first_frame_s: front_end.first_frame_s(),
                period_s: front_end.hop_s(),
                duration_s: song.duration_s(),
            };
            heard.push((entry, pair(&curve, &song.labels)));
        }
        Ok(report(name.to_owned(), "valid", &heard))
    }
}

/// One number to select by: AUC and accuracy averaged over the sets with singing, less what instrumental music costs.
pub(super) fn score(report: &Report) -> f64 {
    let sung: Vec<f64> = report.sets.iter().filter_map(|set| Some((set.auc? + set.accuracy?) / 2.0)).collect();
    let alarms: f64 = report.sets.iter().filter(|set| set.auc.is_none()).filter_map(|set| set.false_alarm_rate).sum();
    sung.iter().sum::<f64>() / sung.len().max(1) as f64 - 2.0 * alarms
}

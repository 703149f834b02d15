//! Puts voice nets together: how much each counts is chosen on `valid`, and the sum is calibrated there.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use candle_core::{Device, Tensor};
use rayon::prelude::*;

use super::calibrate::Platt;
use super::export::{scores, write_model};
use super::run::read_songs;
use super::validate::{Validation, score};
use crate::nets::ensemble::logit;
use crate::nets::registry::read_card;
use crate::nets::{Card, Model, Net, VocalNet};
use crate::study::evaluate::vocal::{Frames, Report};
use crate::study::model_file;
use crate::study::outputs::stem;

/// The first member counts at least as much as any; shares are tried in steps of one of so many.
const STEPS: usize = 10;

/// What is put together, on what.
#[derive(Debug, Clone)]
pub struct EnsembleSettings {
    /// Voice models; the first one's labels are said, the others add to those of them that they say themselves.
    pub members: Vec<PathBuf>,
    /// The indices of labelled songs, whose split `valid` is heard.
    pub data: Vec<PathBuf>,
    /// Each member's share and what is added to the logit of the first label, where they are not to be chosen.
    pub fixed: Option<(Vec<f64>, f64)>,
    /// The model file to write.
    pub out: PathBuf,
}

/// Who watches.
pub trait EnsembleProgress: Sync {
    /// `done` of `all` songs are read.
    fn reading(&self, done: usize, all: usize);
    /// Shares of the members were tried; `best` if they beat all before.
    fn tried(&self, shares: &[f64], report: &Report, score: f64, best: bool);
}

/// One of the nets that are put together.
pub(super) struct Member {
    pub(super) card: Card,
    net: VocalNet,
    pub(super) tensors: HashMap<String, Tensor>,
}

/// The best way to add the members up.
struct Sum {
    shares: Vec<f64>,
    platt: Platt,
    report: Report,
    score: f64,
}

/// Chooses the shares, and writes the ensemble to `settings.out`.
///
/// # Errors
/// Unreadable data, members that do not fit one another, a full disk.
pub fn train_ensemble(settings: &EnsembleSettings, progress: &impl EnsembleProgress) -> Result<()> {
    let [first, others @ ..] = settings.members.as_slice() else { bail!("an ensemble needs members") };
    ensure!(!others.is_empty(), "an ensemble needs at least two members");
    let mut members = vec![Member::read(first, None)?];
    let ahead = members[0].card.look_ahead_frames;
    for other in others {
        members.push(Member::read(other, Some(ahead))?);
    }
    let (first, others) = (&members[0], &members[1..]);
    for other in others {
        let fits = other.card.front_end == first.card.front_end
            && other.card.look_ahead_frames == first.card.look_ahead_frames
            && other.net.outputs() <= first.net.outputs();
        ensure!(
            fits,
            "{} cannot join {}: members must hear the same frames, wait for the same number of them, and the first must \
             say the most labels",
            other.card.name,
            first.card.name
        );
    }
    let songs = read_songs(&settings.data, "valid", &|done, all| progress.reading(done, all))?;
    ensure!(!songs.is_empty(), "there is no row of the split valid to choose on");
    let validation = Validation::new(first.card.front_end.clone(), &songs);
    let heard: Vec<Vec<Frames>> =
        members.iter().map(|member| validation.heard_by(&member.net)).collect::<Result<_>>()?;
    let mut best: Option<Sum> = None;
    let (all, platt) = match &settings.fixed {
        Some((shares, offset)) => {
            ensure!(
                shares.len() == members.len(),
                "{} shares for {} members; give one for each",
                shares.len(),
                members.len()
            );
            (vec![shares.clone()], Some(Platt { factor: 1.0, offset: *offset }))
        }
        None => (all_shares(members.len()), None),
    };
    for shares in all {
        let sum = sum(&validation, &heard, shares, platt);
        let is_best = best.as_ref().is_none_or(|best| sum.score > best.score);
        progress.tried(&sum.shares, &sum.report, sum.score, is_best);
        if is_best {
            best = Some(sum);
        }
    }
    export(settings, &members, &best.context("no shares were tried")?)
}

impl Member {
    /// Reads a net; one that would answer sooner than `look_ahead_frames` answers so late, having heard that much more.
    pub(super) fn read(path: &PathBuf, look_ahead_frames: Option<usize>) -> Result<Self> {
        let name = || path.display().to_string();
        let mut bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", name()))?;
        let mut card = read_card(&bytes).with_context(name)?;
        let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).with_context(name)?;
        if let Some(frames) = look_ahead_frames.filter(|&frames| frames > card.look_ahead_frames) {
            card.look_ahead_frames = frames;
            bytes = model_file::bytes(&card, &tensors)?;
        }
        let Model { card, net, .. } = Model::from_bytes(&bytes).with_context(name)?;
        let (Net::Vocal(net), "fsmn" | "conv_fsmn") = (net, card.architecture.as_str()) else {
            bail!("{} is no voice net that can be put together with others; those are fsmn and conv_fsmn", name());
        };
        Ok(Self { card, net, tensors })
    }
}

/// All ways to share a whole of [`STEPS`] parts among the members, nobody left without.
fn all_shares(members: usize) -> Vec<Vec<f64>> {
    fn parts(members: usize, left: usize) -> Vec<Vec<usize>> {
        if members == 1 {
            return vec![vec![left]];
        }
        let first = 1..=left.saturating_sub(members - 1);
        first
            .flat_map(|own| parts(members - 1, left - own).into_iter().map(move |rest| [vec![own], rest].concat()))
            .collect()
    }
    let shares = |parts: Vec<usize>| parts.into_iter().map(|part| part as f64 / STEPS as f64).collect();
    parts(members, STEPS).into_iter().map(shares).collect()
}

/// The members' first outputs, added up in these shares and calibrated, or changed as `platt` says.
fn sum(validation: &Validation<'_>, heard: &[Vec<Frames>], shares: Vec<f64>, platt: Option<Platt>) -> Sum {
    let songs = heard.first().map_or(0, Vec::len);
    let mut added: Vec<Frames> = (0..songs)
        .into_par_iter()
        .map(|song| {
            let mut frames = heard[0][song].clone();
            for (at, p) in frames.probability.iter_mut().enumerate() {
                let logits = heard.iter().zip(&shares);
                let sum: f64 = logits.map(|(heard, share)| share * f64::from(logit(heard[song].probability[at]))).sum();
                *p = (1.0 / (1.0 + (-sum).exp())) as f32;
            }
            frames
        })
        .collect();
    let platt = platt.unwrap_or_else(|| Platt::fit(validation.sets(), &added));
    added.iter_mut().for_each(|frames| platt.apply(&mut frames.probability));
    let report = validation.report("training", added);
    Sum { shares, platt, score: score(&report), report }
}

fn export(settings: &EnsembleSettings, members: &[Member], sum: &Sum) -> Result<()> {
    let card = &members[0].card;
    let labels = card.labels.len();
    let (mut weight, mut bias) = (Vec::new(), vec![0.0_f32; labels]);
    for label in 0..labels {
        let say = |member: &Member| label < member.net.outputs();
        let whole: f64 =
            members.iter().zip(&sum.shares).filter(|(member, _)| say(member)).map(|(_, share)| share).sum();
        let factor = if label == 0 { sum.platt.factor } else { 1.0 };
        let own = |(member, share): (&Member, &f64)| if say(member) { (factor * share / whole) as f32 } else { 0.0 };
        weight.extend(members.iter().zip(&sum.shares).map(own));
    }
    bias[0] = sum.platt.offset as f32;
    let mut tensors = HashMap::from([
        ("weight".to_owned(), Tensor::from_vec(weight, (labels, members.len()), &Device::Cpu)?),
        ("bias".to_owned(), Tensor::from_vec(bias, labels, &Device::Cpu)?),
    ]);
    for (number, member) in members.iter().enumerate() {
        tensors.extend(member.tensors.iter().map(|(name, tensor)| (format!("member{number}.{name}"), tensor.clone())));
    }
    let name = stem(&settings.out);
    let each: Vec<String> = members
        .iter()
        .zip(&sum.shares)
        .map(|(Member { card, .. }, share)| {
            format!("{share:.1} of {} ({}): {}", card.name, card.architecture, card.training_data)
        })
        .collect();
    let card = Card {
        name,
        architecture: "ensemble".to_owned(),
        members: members.iter().map(|member| member.card.architecture.clone()).collect(),
        training_data: each.join(". "),
        scores: scores(&sum.report, true),
        ..card.clone()
    };
    write_model(&settings.out, &card, tensors.iter())
}

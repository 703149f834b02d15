//! Puts nets for clips beside a coarse net: how much each counts is chosen on labelled spectra, collection by collection.
//!
//! What the taggers say of the clips is kept beside the model file while it is gathered, so an interrupted run goes on.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use candle_core::{Device, Tensor};
use rayon::prelude::*;

use super::coarse::{ClipHearing, Heard, hear};
use super::export::write_model;
use crate::engine::ModelSet;
use crate::nets::coarse::{Coarse, product, tagger_of};
use crate::nets::compact::{Group, groups, sequences};
use crate::nets::{Card, Model, Net, Score};
use crate::study::outputs::stem;

/// Powers that are tried: from nothing on in such steps, so many of them.
const POWER_STEP: f32 = 0.05;
const MOST_POWER_STEPS: usize = 30;

/// What is put together, on what.
#[derive(Debug, Clone)]
pub struct GenreEnsembleSettings {
    /// A coarse net without members, and then nets for clips, trained on the same collections in the same order.
    pub members: Vec<PathBuf>,
    /// The labelled spectra to choose on.
    pub data: Vec<PathBuf>,
    /// The model file to write.
    pub out: PathBuf,
}

/// How much each net counts in one collection.
#[derive(Debug, Clone)]
pub struct Weighed {
    /// The collection.
    pub name: String,
    /// The power of each net's probabilities.
    pub powers: Vec<f32>,
    /// Share of clips whose likeliest class is the right one.
    pub accuracy: f64,
    /// Mean of `-ln` of the right class's probability.
    pub cross_entropy: f64,
    /// The same two of the coarse net alone.
    pub alone: (f64, f64),
}

/// Who watches.
pub trait GenreEnsembleProgress: ClipHearing {
    /// It was found how much each net counts.
    fn weighed(&self, weighed: &Weighed);
}

/// A net with its weights.
struct Member {
    card: Card,
    net: Net,
    tensors: HashMap<String, Tensor>,
}

impl Member {
    fn read(path: &Path) -> Result<Self> {
        let name = || path.display().to_string();
        let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", name()))?;
        let Model { card, net, .. } = Model::from_bytes(&bytes).with_context(name)?;
        Ok(Self { card, net, tensors: candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)? })
    }
}

/// Chooses the powers, and writes the ensemble to `settings.out`. `false` if it was stopped; the same call goes on.
///
/// # Errors
/// Unreadable data, members that do not fit one another, a full disk.
pub fn train_genre_ensemble(settings: &GenreEnsembleSettings, progress: &impl GenreEnsembleProgress) -> Result<bool> {
    crate::engine::keep_products_on_one_thread();
    let members = settings.members.iter().map(|path| Member::read(path)).collect::<Result<Vec<_>>>()?;
    let [Member { card, net: Net::Coarse(base), .. }, others @ ..] = members.as_slice() else {
        bail!("the first member of an ensemble for genres is a coarse net, such as `earmark train coarse` makes");
    };
    ensure!(!others.is_empty(), "an ensemble needs at least two members");
    ensure!(card.members.is_empty(), "{} has members already; name what it was made from", card.name);
    for Member { card: other, net, .. } in others {
        ensure!(
            matches!(net, Net::Stack(_)) && other.labels == card.labels,
            "{} cannot join {}: members are nets for clips such as cnn3x3, trained on the same collections in the same order",
            other.name,
            card.name
        );
    }
    let models = ModelSet::embedded()?.build()?;
    let ced = tagger_of(card, &models.taggers)?;
    let folder = settings.out.with_extension("run");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut collections = Vec::new();
    for file in &settings.data {
        let Some(heard) = hear(file, ced, &folder, progress)? else { return Ok(false) };
        collections.push(heard);
    }
    let mut powers: Vec<Vec<f32>> = Vec::new();
    let mut scores = Vec::new();
    for group in groups(&card.labels) {
        let labels = &card.labels[group.first..][..group.count];
        let (name, _) = labels[0].split_once('/').context("a label without its collection")?;
        let mut answers = Answers::default();
        for heard in &collections {
            let classes = labels.iter().filter_map(|label| label.split_once('/')).map(|(_, class)| class);
            if classes.eq(heard.spectra.classes.iter().map(String::as_str)) {
                answers.add(base, others, group, heard)?;
            }
        }
        ensure!(!answers.truth.is_empty(), "{name} has no clips to choose on; name them with --data");
        let weighed = answers.weigh(name);
        progress.weighed(&weighed);
        let score = |metric: &str, value: f64| Score {
            data: format!("{name}, valid (penalty and powers chosen on it)"),
            metric: metric.to_owned(),
            value: (value * 1e4).round() / 1e4,
        };
        scores.extend([score("accuracy", weighed.accuracy), score("cross-entropy", weighed.cross_entropy)]);
        powers.push(weighed.powers);
    }
    export(settings, &members, &powers, scores)?;
    Ok(true)
}

/// What each net says of the clips of one collection.
#[derive(Default)]
struct Answers {
    /// `[clips][nets][classes]`.
    said: Vec<Vec<Vec<f32>>>,
    truth: Vec<usize>,
}

impl Answers {
    fn add(&mut self, base: &Coarse, others: &[Member], group: Group, heard: &Heard) -> Result<()> {
        let spectra = &heard.spectra;
        let clip = |clip: usize| -> Result<Vec<Vec<f32>>> {
            let of_group = |all: Vec<f32>| all[group.first..][..group.count].to_vec();
            let rows = &spectra.clips[clip];
            let mut all = vec![of_group(base.read(&heard.clips[clip], rows, spectra.stride)?.probability)];
            for other in others {
                all.push(of_group(other.net.tag_sequences(sequences(rows, spectra.stride))?.probability));
            }
            Ok(all)
        };
        self.said.extend((0..spectra.clips.len()).into_par_iter().map(clip).collect::<Result<Vec<_>>>()?);
        self.truth.extend(&spectra.labels);
        Ok(())
    }

    /// Accuracy and cross-entropy with these powers.
    fn judged(&self, powers: &[f32]) -> (f64, f64) {
        let (mut right, mut loss) = (0, 0.0);
        for (said, &truth) in self.said.iter().zip(&self.truth) {
            let count = said.first().map_or(0, Vec::len);
            let said = product(said, powers, &[Group { first: 0, count }]);
            let answer = (0..said.len()).max_by(|&a, &b| said[a].total_cmp(&said[b])).unwrap_or_default();
            right += usize::from(answer == truth);
            loss -= f64::from(said[truth].max(1e-9)).ln();
        }
        let count = self.truth.len().max(1) as f64;
        (right as f64 / count, loss / count)
    }

    /// Finds the powers with the least loss: each in turn, until none is moved any more. The loss is convex in them.
    fn weigh(&self, name: &str) -> Weighed {
        let mut powers = vec![0.0; self.said.first().map_or(0, Vec::len)];
        powers[0] = 1.0;
        let alone = self.judged(&powers);
        let mut least = alone;
        loop {
            let before = least.1;
            for net in 0..powers.len() {
                for step in 0..=MOST_POWER_STEPS {
                    let mut other = powers.clone();
                    other[net] = step as f32 * POWER_STEP;
                    let judged = self.judged(&other);
                    if judged.1 < least.1 {
                        (powers, least) = (other, judged);
                    }
                }
            }
            if least.1 >= before {
                let (accuracy, cross_entropy) = least;
                return Weighed { name: name.to_owned(), powers, accuracy, cross_entropy, alone };
            }
        }
    }
}

/// Writes the model file. `powers`: `[collections][nets]`.
fn export(settings: &GenreEnsembleSettings, members: &[Member], powers: &[Vec<f32>], scores: Vec<Score>) -> Result<()> {
    let (base, others) = members.split_first().context("an ensemble needs members")?;
    let by_net: Vec<f32> = (0..members.len()).flat_map(|net| powers.iter().map(move |all| all[net])).collect();
    let mut tensors = base.tensors.clone();
    tensors.insert("powers".to_owned(), Tensor::from_vec(by_net, (members.len(), powers.len()), &Device::Cpu)?);
    for (number, member) in others.iter().enumerate() {
        let named = |(name, tensor): (&String, &Tensor)| (format!("member{number}.{name}"), tensor.clone());
        tensors.extend(member.tensors.iter().map(named));
    }
    let architectures: Vec<String> = others.iter().map(|other| other.card.architecture.clone()).collect();
    let card = Card {
        name: stem(&settings.out),
        description: format!("{}, and by {}", base.card.description, architectures.join(" and ")),
        source: "Earmark, `earmark train ensemble`".to_owned(),
        members: architectures,
        scores,
        ..base.card.clone()
    };
    write_model(&settings.out, &card, tensors.iter())
}

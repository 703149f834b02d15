//! Genres from coarse spectra: frames of [`FrontEnd::wide_mel_128`] are translated to what CED and musicnn hear
//! ([`Translation`]), and a linear layer reads the genres from what both say of that.
//!
//! The coarse frames are what genre collections can be had as, so this net has learned genres from labels, where the
//! taggers' own words are only names. It carries no copy of the taggers: whoever runs it has them.
//!
//! Beside the layer may stand members, small nets that hear the coarse frames themselves ([`super::stack`]). Their word is
//! weighed in: the product of all probabilities, each to a power of its own for each collection.

use candle_core::{Result, bail};
use candle_nn::VarBuilder;

use super::compact::{BANDS, Group, STRIDE, groups, sequences, softmax};
use super::head::features;
use super::stack::Stack;
use super::systems::system;
use super::{Ced, Model, Musicnn, Net, Tagging};
use crate::listen::{FrontEnd, Translation};

/// Seconds of a window, and of those without which it is not heard.
const WINDOW_S: f64 = 10.0;
const FEWEST_S: f64 = 3.2;
/// Patches that musicnn hears of a window, evenly spread.
const PATCHES: usize = 3;

/// Probabilities are taken no lower than this when they are multiplied.
const LEAST: f32 = 1e-6;

/// Hears coarse frames through the taggers.
pub struct CoarseEar {
    hop_s: f64,
    ced: Translation,
    musicnn: Translation,
}

/// What the taggers hear of a window.
pub struct Windows {
    /// CED's window.
    pub ced: Vec<f32>,
    /// musicnn's patches, of equal length.
    pub musicnn: Vec<Vec<f32>>,
}

/// The taggers that a [`CoarseEar`] hears through.
#[derive(Clone, Copy)]
pub struct Taggers<'a> {
    ced: &'a Ced,
    musicnn: &'a Musicnn,
}

impl<'a> Taggers<'a> {
    /// Those of these names, a CED and then a musicnn, as a coarse net's card lists them.
    ///
    /// # Errors
    /// If one is missing.
    pub fn named(names: &[String], models: &'a [Model]) -> Result<Self> {
        let net = |name: &String| models.iter().find(|model| model.card.name == *name).map(|model| &model.net);
        match names {
            [ced, musicnn] => match (net(ced), net(musicnn)) {
                (Some(Net::Ced(ced)), Some(Net::Musicnn(musicnn))) => Ok(Self { ced, musicnn }),
                _ => bail!("coarse spectra are heard through {ced} and {musicnn}, and one of them is not loaded"),
            },
            _ => bail!("coarse spectra are heard through two taggers, the card names {}", names.len()),
        }
    }
}

impl CoarseEar {
    /// Frames of the usual window: 10 s.
    pub const FRAMES: usize = 129;
    /// Fewest frames of a window.
    pub const FEWEST_FRAMES: usize = 42;

    /// An ear for frames that lie `hop_s` seconds apart.
    #[must_use]
    pub fn new(hop_s: f64) -> Self {
        let wide = FrontEnd::wide_mel_128();
        Self {
            hop_s,
            ced: Translation::new(&wide, &FrontEnd::ced_mel_64()),
            musicnn: Translation::new(&wide, &FrontEnd::musicnn_mel_96()),
        }
    }

    /// Frames from one that a member hears to the next.
    fn stride(&self) -> usize {
        ((STRIDE as f64 * FrontEnd::wide_mel_128().hop_s() / self.hop_s).round() as usize).max(1)
    }

    /// Frames of a window.
    #[must_use]
    pub fn window_frames(&self) -> usize {
        (WINDOW_S / self.hop_s).round() as usize
    }

    /// What the taggers say of a window: logits and embedding of CED, then the means of those of musicnn. `rows`: frames of
    /// 128 bands in dB re power 1.
    ///
    /// # Errors
    /// A window that is too short.
    pub fn features(&self, taggers: Taggers<'_>, rows: &[f32]) -> Result<Vec<f32>> {
        let windows = self.windows(rows)?;
        let ced = taggers.ced.forward(&windows.ced)?;
        let musicnn = windows.musicnn.iter().map(|mels| taggers.musicnn.forward(mels)).collect::<Result<Vec<_>>>()?;
        Ok(Self::joined(&ced, &musicnn))
    }

    /// What the taggers hear of a window; see [`Self::features`].
    ///
    /// # Errors
    /// A window that is too short.
    pub fn windows(&self, rows: &[f32]) -> Result<Windows> {
        let frames = rows.len() / BANDS;
        let length_s = (frames as f64 * self.hop_s).min(WINDOW_S);
        if length_s < FEWEST_S {
            bail!("{length_s:.1} s of frames, {FEWEST_S} s are the fewest");
        }
        let (hop_s, patch_hop_s) = (FrontEnd::ced_mel_64().hop_s(), FrontEnd::musicnn_mel_96().hop_s());
        let count = ((length_s / hop_s) as usize).min(1_000);
        let rest_s = length_s - Musicnn::FRAMES as f64 * patch_hop_s;
        let patch = |patch: usize| {
            let from_s = rest_s * patch as f64 / (PATCHES - 1) as f64;
            self.musicnn.frames(rows, self.hop_s, from_s, Musicnn::FRAMES)
        };
        Ok(Windows { ced: self.ced.frames(rows, self.hop_s, 0.0, count), musicnn: (0..PATCHES).map(patch).collect() })
    }

    /// The features, from what CED says of its window and musicnn of each of its own.
    #[must_use]
    pub fn joined(ced: &Tagging, musicnn: &[Tagging]) -> Vec<f32> {
        let mut all: Vec<f32> = features(&ced.probability, &ced.embedding).collect();
        let mut sums: Vec<f32> = Vec::new();
        for tagging in musicnn {
            let share = features(&tagging.probability, &tagging.embedding).map(|x| x / musicnn.len() as f32);
            if sums.is_empty() {
                sums = share.collect();
            } else {
                sums.iter_mut().zip(share).for_each(|(sum, x)| *sum += x);
            }
        }
        all.extend(sums);
        all
    }
}

/// See the module's text.
pub struct Coarse {
    ear: CoarseEar,
    /// `[labels][width]`, and `[labels]`.
    weight: Vec<f32>,
    bias: Vec<f32>,
    groups: Vec<Group>,
    members: Vec<Stack>,
    /// The powers of the layer's probabilities and of each member's: `[1 + members][groups]`.
    powers: Vec<f32>,
}

impl Coarse {
    /// Builds the net for these labels, `collection/class` each, from `weight` `[labels, width]` and `bias` `[labels]`;
    /// labels of one collection exclude one another. `members`: systems of the zoo, whose tensors are called `memberN.*`;
    /// with them comes `powers` `[1 + members, collections]`.
    ///
    /// # Errors
    /// A missing tensor or one of another shape, or a member that is no such system.
    pub fn new(labels: &[String], members: &[String], vb: &VarBuilder<'_>) -> Result<Self> {
        let weight = vb.get_unchecked("weight")?;
        if weight.dims().len() != 2 || weight.dim(0)? != labels.len() {
            bail!("weights {:?} for {} labels", weight.dims(), labels.len());
        }
        let groups = groups(labels);
        let powers = match members {
            [] => vec![1.0; groups.len()],
            _ => vb.get((1 + members.len(), groups.len()), "powers")?.flatten_all()?.to_vec1()?,
        };
        let member = |(number, name): (usize, &String)| match system(name) {
            Some(system) => Stack::new(system.plan(), labels, &vb.pp(format!("member{number}"))),
            None => bail!("the member {name} is none of the nets that hear clips"),
        };
        Ok(Self {
            ear: CoarseEar::new(FrontEnd::wide_mel_128().hop_s()),
            weight: weight.flatten_all()?.to_vec1()?,
            bias: vb.get(labels.len(), "bias")?.to_vec1()?,
            members: members.iter().enumerate().map(member).collect::<Result<_>>()?,
            powers,
            groups,
        })
    }

    /// Features that it takes.
    #[must_use]
    pub fn width(&self) -> usize {
        self.weight.len() / self.bias.len().max(1)
    }

    /// Tags a window of `mels`, rows of 128 values in dB re power 1; no embedding.
    ///
    /// # Errors
    /// A window that is too short, or taggers that give other features.
    pub fn forward(&self, taggers: Taggers<'_>, mels: &[f32]) -> Result<Tagging> {
        let rows = self.latest(mels);
        self.read(&self.ear, &self.ear.features(taggers, rows)?, rows)
    }

    /// What it hears through.
    #[must_use]
    pub fn ear(&self) -> &CoarseEar {
        &self.ear
    }

    /// What it hears of a window.
    #[must_use]
    pub fn latest<'a>(&self, mels: &'a [f32]) -> &'a [f32] {
        &mels[(mels.len() / BANDS).saturating_sub(CoarseEar::FRAMES) * BANDS..]
    }

    /// The same from [`CoarseEar::features`] of the frames that `ear` heard, and these frames.
    ///
    /// # Errors
    /// Another number of features.
    pub fn read(&self, ear: &CoarseEar, features: &[f32], rows: &[f32]) -> Result<Tagging> {
        if features.len() != self.width() {
            bail!("{} features, this net takes {}", features.len(), self.width());
        }
        let score =
            |(weights, bias): (&[f32], &f32)| bias + weights.iter().zip(features).map(|(w, x)| w * x).sum::<f32>();
        let mut probability: Vec<f32> = self.weight.chunks_exact(self.width()).zip(&self.bias).map(score).collect();
        for group in &self.groups {
            softmax(&mut probability[group.first..][..group.count]);
        }
        if !self.members.is_empty() {
            let heard = sequences(rows, ear.stride());
            let shortest = heard.iter().map(|sequence| sequence.len() / BANDS).min().unwrap_or_default();
            let labels = probability.len();
            let mut said = vec![probability];
            for member in &self.members {
                // For a net that cannot hear so short a window all are alike.
                let enough = shortest * STRIDE >= member.fewest_frames();
                said.push(if enough { member.tag(heard.clone())?.probability } else { vec![1.0; labels] });
            }
            probability = product(&said, &self.powers, &self.groups);
        }
        Ok(Tagging { probability, embedding: Vec::new() })
    }
}

/// What several nets say together: within each group the product of their probabilities, each to its power, divided by
/// the sum. `said`: `[nets][labels]`; `powers`: `[nets][groups]`.
pub(crate) fn product(said: &[Vec<f32>], powers: &[f32], groups: &[Group]) -> Vec<f32> {
    let mut all = vec![0.0; said.first().map_or(0, Vec::len)];
    for (at, group) in groups.iter().enumerate() {
        let labels = group.first..group.first + group.count;
        for (said, powers) in said.iter().zip(powers.chunks_exact(groups.len())) {
            let terms = said[labels.clone()].iter().map(|p| powers[at] * p.max(LEAST).ln());
            all[labels.clone()].iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        }
        softmax(&mut all[labels]);
    }
    all
}

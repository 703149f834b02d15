//! Genres from coarse spectra: frames of [`FrontEnd::wide_mel_128`] are translated to what CED hears ([`Translation`]), and a
//! linear layer reads the genres from what it says of that and from layers within it ([`Tagging::inner`]), so that each class
//! can weigh them (Choi et al., arXiv 1703.09179).
//!
//! Clips whose frames lie further apart than while music plays are heard twice: as they were played, where each frame
//! stands still for longer than music does, and hastened to the pace of the front end. The layer weighs both; what comes at
//! that pace anyway counts as both.
//!
//! The coarse frames are what genre collections can be had as, so this net has learned genres from labels, where the
//! taggers' own words are only names. It carries no copy of CED: whoever runs it has one.
//!
//! Beside the layer may stand members, small nets that hear the coarse frames themselves ([`super::stack`]). Their word is
//! weighed in: the product of all probabilities, each to a power of its own for each collection.

use candle_core::{Result, bail};
use candle_nn::VarBuilder;

use super::compact::{BANDS, Group, STRIDE, groups, sequences, softmax};
use super::head::features;
use super::stack::Stack;
use super::systems::system;
use super::{Card, Ced, Model, Net, Tagging};
use crate::listen::{FrontEnd, Translation};

/// Seconds of a window, and of those without which it is not heard.
const WINDOW_S: f64 = 10.0;
const FEWEST_S: f64 = 3.2;

/// Probabilities are taken no lower than this when they are multiplied.
const LEAST: f32 = 1e-6;

/// Hears coarse frames through CED.
pub struct CoarseEar {
    ced: Translation,
}

/// The tagger of this name, a CED, that a coarse net's card lists (`taggers`).
///
/// # Errors
/// If the card lists another number of taggers, or the one is missing or of another kind.
pub fn tagger_of<'a>(card: &Card, models: &'a [Model]) -> Result<&'a Ced> {
    let [name] = card.taggers.as_slice() else {
        bail!(
            "{} hears through {} taggers, where this version's nets hear through one; train it anew",
            card.name,
            card.taggers.len()
        )
    };
    match models.iter().find(|model| model.card.name == *name).map(|model| &model.net) {
        Some(Net::Ced(ced)) => Ok(ced),
        _ => bail!("coarse spectra are heard through {name}, and it is not loaded"),
    }
}

impl Default for CoarseEar {
    fn default() -> Self {
        Self::new()
    }
}

impl CoarseEar {
    /// Frames of the usual window: 10 s.
    pub const FRAMES: usize = 129;
    /// Fewest frames of a window.
    pub const FEWEST_FRAMES: usize = 42;

    /// An ear with its tables.
    #[must_use]
    pub fn new() -> Self {
        let wide = FrontEnd::wide_mel_128();
        Self { ced: Translation::new(&wide, &FrontEnd::ced_mel_64()) }
    }

    /// Seconds from frame to frame while music plays.
    #[must_use]
    pub fn pace_s() -> f64 {
        FrontEnd::wide_mel_128().hop_s()
    }

    /// Frames of a window if they lie `hop_s` seconds apart.
    #[must_use]
    pub fn window_frames(hop_s: f64) -> usize {
        (WINDOW_S / hop_s).round() as usize
    }

    /// What CED says of a window: logits, embedding and inner layers. `rows`: frames of 128 bands in dB re power 1, `hop_s`
    /// seconds apart.
    ///
    /// # Errors
    /// A window that is too short.
    pub fn features(&self, ced: &Ced, rows: &[f32], hop_s: f64) -> Result<Vec<f32>> {
        Ok(Self::read(&ced.forward(&self.window(rows, hop_s)?)?))
    }

    /// What CED hears of a window; see [`Self::features`].
    ///
    /// # Errors
    /// A window that is too short.
    pub fn window(&self, rows: &[f32], hop_s: f64) -> Result<Vec<f32>> {
        let frames = rows.len() / BANDS;
        let length_s = (frames as f64 * hop_s).min(WINDOW_S);
        if length_s < FEWEST_S {
            bail!("{length_s:.1} s of frames, {FEWEST_S} s are the fewest");
        }
        let count = ((length_s / FrontEnd::ced_mel_64().hop_s()) as usize).min(1_000);
        Ok(self.ced.frames(rows, hop_s, 0.0, count))
    }

    /// The features, from what CED says of its window.
    #[must_use]
    pub fn read(ced: &Tagging) -> Vec<f32> {
        features(&ced.probability, &ced.embedding).chain(ced.inner.iter().copied()).collect()
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
            ear: CoarseEar::new(),
            weight: weight.flatten_all()?.to_vec1()?,
            bias: vb.get(labels.len(), "bias")?.to_vec1()?,
            members: members.iter().enumerate().map(member).collect::<Result<_>>()?,
            powers,
            groups,
        })
    }

    /// Features that the tagger of this card gives: at two paces, [`CoarseEar::features`] each.
    #[must_use]
    pub fn features_of(tagger: &Card) -> usize {
        2 * (tagger.features() + tagger.inner())
    }

    /// Features that it takes.
    #[must_use]
    pub fn width(&self) -> usize {
        self.weight.len() / self.bias.len().max(1)
    }

    /// Tags a window of `mels`, rows of 128 values in dB re power 1; no embedding.
    ///
    /// # Errors
    /// A window that is too short, or a tagger that gives other features.
    pub fn forward(&self, ced: &Ced, mels: &[f32]) -> Result<Tagging> {
        let rows = self.latest(mels);
        self.read_window(&self.ear.features(ced, rows, CoarseEar::pace_s())?, rows)
    }

    /// The same from [`CoarseEar::features`] of the window's frames, and these frames.
    ///
    /// # Errors
    /// Another number of features.
    pub fn read_window(&self, features: &[f32], rows: &[f32]) -> Result<Tagging> {
        self.read(&[features, features].concat(), rows, STRIDE)
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

    /// The same of a clip. `features`: [`CoarseEar::features`] at its own pace, then hastened; `rows`: its frames, of which each
    /// `stride`-th lies as far from the one before as members hear them.
    ///
    /// # Errors
    /// Another number of features.
    pub fn read(&self, features: &[f32], rows: &[f32], stride: usize) -> Result<Tagging> {
        if features.len() != self.width() {
            bail!(
                "{} features, this net takes {}: it was made for another tagger, or by another version; train it anew",
                features.len(),
                self.width()
            );
        }
        let score =
            |(weights, bias): (&[f32], &f32)| bias + weights.iter().zip(features).map(|(w, x)| w * x).sum::<f32>();
        let mut probability: Vec<f32> = self.weight.chunks_exact(self.width()).zip(&self.bias).map(score).collect();
        for group in &self.groups {
            softmax(&mut probability[group.first..][..group.count]);
        }
        if !self.members.is_empty() {
            let heard = sequences(rows, stride);
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
        Ok(Tagging { probability, embedding: Vec::new(), inner: Vec::new() })
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

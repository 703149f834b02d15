//! Labelled spectra as a net for whole clips learns from them: cut, shifted, coloured, masked and mixed.

use rand::Rng;
use rand::rngs::StdRng;

use crate::nets::compact::{BANDS, Group, sequences};
use crate::study::spectra::Spectra;

/// Share of the small collections: all but the largest share it alike.
const SMALL_SHARE: f64 = 0.35;
/// Bands by which a clip moves up or down at most: three semitones or so.
const MOST_SHIFT: i32 = 4;
/// Deviation of a random equaliser at its five points, in units of 40 dB.
const COLOUR: f32 = 0.1;
const MASKED_BANDS: usize = 12;
const MASKED_FRAMES: usize = 8;
/// Mixtures are drawn from Beta(1/2, 1/2), the arcsine distribution.
const MIXED_SHARE: f64 = 0.4;

/// One collection to learn from.
pub(super) struct Collection<'a> {
    pub(super) spectra: &'a Spectra,
    /// Its labels among all.
    pub(super) group: Group,
}

/// What is learned from.
pub(super) struct Clips<'a> {
    pub(super) collections: Vec<Collection<'a>>,
    /// Labels in all.
    pub(super) labels: usize,
    /// Width of the other net's embedding; 1 where there is none.
    pub(super) teacher: usize,
    /// Frames of an example.
    pub(super) frames: usize,
}

/// A sequence with its truth.
#[derive(Clone)]
pub(super) struct Example {
    /// `[frames][bands]`.
    pub(super) sequence: Vec<f32>,
    /// Share of each label.
    pub(super) truth: Vec<f32>,
    /// The other net's embedding, about -2..2, or empty.
    pub(super) teacher: Vec<f32>,
}

impl Clips<'_> {
    /// `size` examples of each collection in turn, mixed within their collection.
    pub(super) fn batch(&self, size: usize, rng: &mut StdRng) -> Vec<Example> {
        let largest = self.collections.iter().enumerate().max_by_key(|(_, c)| c.spectra.clips.len());
        let largest = largest.map_or(0, |(at, _)| at);
        let others = self.collections.len() - 1;
        let mut batch = Vec::with_capacity(size);
        for (at, collection) in self.collections.iter().enumerate() {
            let share = match others {
                0 => 1.0,
                _ if at == largest => 1.0 - SMALL_SHARE,
                _ => SMALL_SHARE / others as f64,
            };
            let count = (size as f64 * share).round() as usize;
            let pure: Vec<Example> = (0..count).map(|_| self.example(collection, rng)).collect();
            batch.extend(pure.iter().map(|example| self.mixed(example, &pure, rng)));
        }
        batch
    }

    fn example(&self, collection: &Collection<'_>, rng: &mut StdRng) -> Example {
        let Collection { spectra, group } = collection;
        let clip = rng.random_range(0..spectra.clips.len());
        let mut all = sequences(&spectra.clips[clip], spectra.stride);
        let sequence = all.swap_remove(rng.random_range(0..all.len()));
        let mut truth = vec![0.0; self.labels];
        truth[group.first + spectra.labels[clip]] = 1.0;
        let teacher = spectra.embeddings.get(clip).map_or_else(Vec::new, |embedding| scaled(embedding));
        Example { sequence: changed(&cut(&sequence, self.frames, rng), rng), truth, teacher }
    }

    /// Some of another example in it (mixup, arXiv 1710.09412), or not.
    fn mixed(&self, example: &Example, others: &[Example], rng: &mut StdRng) -> Example {
        let mut mixed = example.clone();
        if !rng.random_bool(MIXED_SHARE) {
            return mixed;
        }
        let other = &others[rng.random_range(0..others.len())];
        let share = (rng.random::<f32>() * std::f32::consts::FRAC_PI_2).sin().powi(2);
        let share = share.min(1.0 - share);
        let mix = |to: &mut Vec<f32>, from: &[f32]| {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += share * (from - *to));
        };
        mix(&mut mixed.sequence, &other.sequence);
        mix(&mut mixed.truth, &other.truth);
        mix(&mut mixed.teacher, &other.teacher);
        mixed
    }
}

/// An embedding of bytes 0..=255 about zero.
pub(super) fn scaled(embedding: &[f32]) -> Vec<f32> {
    embedding.iter().map(|x| x / 64.0 - 2.0).collect()
}

/// As many frames of a sequence; a shorter one begins again.
fn cut(sequence: &[f32], wanted: usize, rng: &mut StdRng) -> Vec<f32> {
    let frames = sequence.len() / BANDS;
    let first = if frames > wanted { rng.random_range(0..=frames - wanted) } else { 0 };
    sequence.iter().cycle().skip(first * BANDS).take(wanted * BANDS).copied().collect()
}

/// The clip as another player, room or machine might have given it.
fn changed(sequence: &[f32], rng: &mut StdRng) -> Vec<f32> {
    let shift = rng.random_range(-MOST_SHIFT..=MOST_SHIFT);
    let points: [f32; 5] = std::array::from_fn(|_| COLOUR * (rng.random::<f32>() + rng.random::<f32>() - 1.0) * 2.5);
    let colour = |band: usize| {
        let at = band as f32 / (BANDS - 1) as f32 * (points.len() - 1) as f32;
        let low = (at as usize).min(points.len() - 2);
        points[low] + (at - low as f32) * (points[low + 1] - points[low])
    };
    let colours: Vec<f32> = (0..BANDS).map(colour).collect();
    let mut out = Vec::with_capacity(sequence.len());
    for frame in sequence.chunks_exact(BANDS) {
        out.extend((0..BANDS).map(|band| {
            let from = (band as i32 - shift).clamp(0, BANDS as i32 - 1) as usize;
            frame[from] + colours[band]
        }));
    }
    // As the net that runs does: levels count from the maximum.
    let highest = out.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    out.iter_mut().for_each(|x| *x = (*x + 1.0 - highest).max(-1.0));
    let mean = out.iter().sum::<f32>() / out.len() as f32;
    for _ in 0..2 {
        let (first, count) = span(BANDS, MASKED_BANDS, rng);
        out.chunks_exact_mut(BANDS).for_each(|frame| frame[first..first + count].fill(mean));
    }
    let (first, count) = span(out.len() / BANDS, MASKED_FRAMES, rng);
    out[first * BANDS..(first + count) * BANDS].fill(mean);
    out
}

/// Where to mask (SpecAugment, arXiv 1904.08779): fewer than `most` of `all`.
fn span(all: usize, most: usize, rng: &mut StdRng) -> (usize, usize) {
    let count = rng.random_range(0..most);
    (rng.random_range(0..all - count), count)
}

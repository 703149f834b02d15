//! musicnn (arXiv 1711.02520; ISMIR 2019 late-breaking): a musically motivated tagger. Its front end is a set of
//! convolutions shaped like what they look for, tall ones for timbre and long ones for rhythm; then three
//! convolutions over time, pooled by maximum and mean.

use candle_core::{Device, Module, Result, Tensor};
use candle_nn::VarBuilder;

use super::layers::{Activation::Relu, Affine, Dense, keep_highest};
use super::product::Rows;
use super::{Observer, Tagging};

pub(super) const MELS: usize = 96;
pub(super) const EPS: f64 = 1e-3;
pub(super) const TIMBRAL_FILTERS: usize = 204;
pub(super) const TIMBRAL_FRAMES: usize = 7;
pub(super) const TIMBRAL_MELS: [usize; 2] = [38, 67];
pub(super) const TEMPORAL_FILTERS: usize = 51;
pub(super) const TEMPORAL_FRAMES: [usize; 3] = [128, 64, 32];
pub(super) const FRONT: usize = 2 * TIMBRAL_FILTERS + 3 * TEMPORAL_FILTERS;
pub(super) const MID: usize = 64;
pub(super) const MID_FRAMES: usize = 7;
pub(super) const POOLED: usize = 2 * (FRONT + 3 * MID);
pub(super) const PENULTIMATE: usize = 200;

/// musicnn over 96 mel bands and 3 s patches.
pub struct Musicnn {
    input: Affine,
    timbral: Vec<(Dense, usize)>,
    temporal: Vec<(Dense, usize)>,
    mid: Vec<Dense>,
    pool_norm: Affine,
    dense: Dense,
    output: Dense,
}

impl Musicnn {
    /// Frames of a patch: 3 s at 16 ms.
    pub const FRAMES: usize = 187;

    /// Width of the embedding.
    pub const EMBEDDING: usize = PENULTIMATE;

    /// The layers that an observer sees. Rows are frames; `penultimate`, the embedding, and `tags`, the probabilities, are
    /// one row.
    pub const LAYERS: [&'static str; 7] = ["timbral", "temporal", "mid1", "mid2", "mid3", "penultimate", "tags"];

    /// Builds the net with `labels` outputs.
    ///
    /// # Errors
    /// A missing tensor or one of another shape.
    pub fn new(labels: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let front = |name: String, filters: usize, frames: usize, mels: usize| -> Result<Dense> {
            convolution(filters, &[1, frames, mels], &vb.pp("front").pp(name))
        };
        Ok(Self {
            input: Affine::batch_norm(1, EPS, &vb.pp("input_bn"))?,
            timbral: TIMBRAL_MELS
                .iter()
                .map(|&mels| {
                    let name = format!("timbral_{TIMBRAL_FRAMES}x{mels}");
                    Ok((front(name, TIMBRAL_FILTERS, TIMBRAL_FRAMES, mels)?, mels))
                })
                .collect::<Result<_>>()?,
            temporal: TEMPORAL_FRAMES
                .iter()
                .map(|&frames| Ok((front(format!("temporal_{frames}"), TEMPORAL_FILTERS, frames, 1)?, frames)))
                .collect::<Result<_>>()?,
            mid: (0..3)
                .map(|i| {
                    let inputs = if i == 0 { FRONT } else { MID };
                    convolution(MID, &[inputs, MID_FRAMES], &vb.pp(format!("mid.conv{}", i + 1)))
                })
                .collect::<Result<_>>()?,
            pool_norm: Affine::batch_norm(POOLED, EPS, &vb.pp("back.pool_bn"))?,
            dense: Dense::new(POOLED, PENULTIMATE, true, &vb.pp("back.dense"))?
                .activated(Relu)
                .normalised(Affine::batch_norm(PENULTIMATE, EPS, &vb.pp("back.dense_bn"))?),
            output: Dense::new(PENULTIMATE, labels, true, &vb.pp("back.output"))?,
        })
    }

    /// Tags one patch of `mels`, rows of 96 values.
    ///
    /// # Errors
    /// If `mels` is not whole rows.
    pub fn forward(&self, mels: &[f32]) -> Result<Tagging> {
        self.forward_observed(mels, &mut |_, _| Ok(()))
    }

    /// The same, while `observe` sees each of [`Self::LAYERS`].
    ///
    /// # Errors
    /// As [`Self::forward`], and what `observe` reports.
    pub fn forward_observed(&self, mels: &[f32], observe: &mut Observer<'_>) -> Result<Tagging> {
        let [timbral, temporal, mid1, mid2, mid3, penultimate, tags] = Self::LAYERS;
        let mut normalised = mels.to_vec();
        self.input.apply(&mut normalised);
        let frames = normalised.len() / MELS;
        if frames == 0 || !normalised.len().is_multiple_of(MELS) {
            candle_core::bail!("{} values are not rows of {MELS}", mels.len());
        }
        let front = self.front(&normalised, frames);
        let front = Tensor::from_vec(front, (frames, FRONT), &Device::Cpu)?;
        observe(timbral, &front.narrow(1, 0, 2 * TIMBRAL_FILTERS)?)?;
        observe(temporal, &front.narrow(1, 2 * TIMBRAL_FILTERS, FRONT - 2 * TIMBRAL_FILTERS)?)?;
        let mid = |conv: &Dense, x: &Tensor| {
            let width = x.dim(1)?;
            let padded = same(&x.flatten_all()?.to_vec1::<f32>()?, width, MID_FRAMES);
            let piece_stride = MID_FRAMES * width;
            let rows = Rows { values: &padded, count: frames, stride: width, pieces: 1, piece_stride };
            Tensor::from_vec(conv.apply_to(rows), (frames, MID), &Device::Cpu)
        };
        let first = mid(&self.mid[0], &front)?;
        let second = (mid(&self.mid[1], &first)? + &first)?;
        let third = (mid(&self.mid[2], &second)? + &second)?;
        for (name, layer) in [(mid1, &first), (mid2, &second), (mid3, &third)] {
            observe(name, layer)?;
        }
        let all = Tensor::cat(&[&front, &first, &second, &third], 1)?;
        let mut pooled: Vec<f32> = Tensor::stack(&[all.max(0)?, all.mean(0)?], 1)?.flatten_all()?.to_vec1()?;
        self.pool_norm.apply(&mut pooled);
        let embedding = self.dense.forward(&Tensor::from_vec(pooled, (1, POOLED), &Device::Cpu)?)?;
        observe(penultimate, &embedding)?;
        let probability = candle_nn::ops::sigmoid(&self.output.forward(&embedding)?)?;
        observe(tags, &probability)?;
        let (probability, embedding) = (probability.squeeze(0)?.to_vec1()?, embedding.squeeze(0)?.to_vec1()?);
        Ok(Tagging { probability, embedding, inner: Vec::new() })
    }

    /// What the front end's filters make of `x`, `frames` rows of bands: rows of [`FRONT`] values.
    fn front(&self, x: &[f32], frames: usize) -> Vec<f32> {
        let mut columns = Vec::new();
        let padded = same(x, MELS, TIMBRAL_FRAMES);
        for (conv, mels) in &self.timbral {
            // The highest over all places on the mel axis; a filter sees some bands of seven successive frames.
            let places = (0..=MELS - mels).map(|offset| Rows {
                values: &padded[offset..],
                count: frames,
                stride: MELS,
                pieces: TIMBRAL_FRAMES,
                piece_stride: MELS,
            });
            columns.push((highest(conv, places), TIMBRAL_FILTERS));
        }
        // A band's course over time, so that a long filter reads successive values.
        let courses: Vec<f32> = (0..MELS).flat_map(|mel| x[mel..].iter().step_by(MELS).copied()).collect();
        for (conv, taps) in &self.temporal {
            let padded: Vec<Vec<f32>> = courses.chunks_exact(frames).map(|course| same(course, 1, *taps)).collect();
            let bands =
                padded.iter().map(|values| Rows { values, count: frames, stride: 1, pieces: 1, piece_stride: *taps });
            columns.push((highest(conv, bands), TEMPORAL_FILTERS));
        }
        let row =
            |frame: usize| columns.iter().flat_map(move |(values, width)| &values[frame * width..][..*width]).copied();
        (0..frames).flat_map(row).collect()
    }
}

/// The highest that a layer makes of each row anywhere.
fn highest<'a>(conv: &Dense, mut places: impl Iterator<Item = Rows<'a>>) -> Vec<f32> {
    let mut highest = places.next().map(|rows| conv.apply_to(rows)).unwrap_or_default();
    let mut here = vec![0.0; highest.len()];
    for rows in places {
        conv.apply_into(rows, &mut here);
        keep_highest(&mut highest, &here);
    }
    highest
}

/// A convolution as a product with unfolded input, then ReLU and batch normalisation. `shape` is that of one filter:
/// channels first, then frames, then mels if any.
fn convolution(filters: usize, shape: &[usize], vb: &VarBuilder<'_>) -> Result<Dense> {
    let full: Vec<usize> = std::iter::once(filters).chain(shape.iter().copied()).collect();
    let weight = vb.get(full, "conv.weight")?;
    // A row of unfolded input runs over frames first, then over channels (or mels).
    let weight = if shape.len() == 2 { weight.transpose(1, 2)?.contiguous()? } else { weight };
    let dense = Dense::from_tensors(&weight.reshape((filters, ()))?, Some(&vb.get(filters, "conv.bias")?))?;
    Ok(dense.activated(Relu).normalised(Affine::batch_norm(filters, EPS, &vb.pp("bn"))?))
}

/// Zeros before and after the rows of `x` so that a filter of `taps` frames keeps their number; an even filter has its
/// extra zero at the end.
fn same(x: &[f32], width: usize, taps: usize) -> Vec<f32> {
    let before = (taps - 1) / 2 * width;
    let mut padded = vec![0.0; before];
    padded.extend_from_slice(x);
    padded.resize(x.len() + (taps - 1) * width, 0.0);
    padded
}

//! CED, consistent ensemble distillation for audio tagging (arXiv 2308.11957): a small vision transformer over
//! patches of 16 mel bands by 16 frames, taught by an ensemble on AudioSet.

use candle_core::{Device, Result, Tensor};
use candle_nn::VarBuilder;

use super::layers::{Activation::Gelu, Affine, Dense, LayerNorm, softmax_rows};
use super::product::{Panels, Rows};
use super::{Observer, Tagging};

pub(super) const MELS: usize = 64;
pub(super) const PATCH: usize = 16;
pub(super) const BANDS: usize = MELS / PATCH;
pub(super) const DIM: usize = 192;
pub(super) const HEADS: usize = 3;
pub(super) const DEPTH: usize = 12;
pub(super) const MOST_STEPS: usize = 63;
/// Every second block, beginning with the first, goes into [`Tagging::inner`].
pub(super) const INNER_STEP: usize = 2;

/// CED-tiny: 64 mel bands in dB, up to 10 s, 5.5 M parameters.
pub struct Ced {
    input: Affine,
    patch: Dense,
    /// `[bands][dim]` and `[steps][dim]`.
    frequency_position: Vec<f32>,
    time_position: Vec<f32>,
    blocks: Vec<Block>,
    norm: LayerNorm,
    head_norm: LayerNorm,
    head: Dense,
}

struct Block {
    norm: [LayerNorm; 2],
    qkv: Dense,
    projection: Dense,
    mlp: [Dense; 2],
}

impl Ced {
    /// Frames below which there is not even one patch.
    pub const FEWEST_FRAMES: usize = PATCH;
    /// Frames of the longest window.
    pub const MOST_FRAMES: usize = MOST_STEPS * PATCH;

    /// Width of the embedding.
    pub const EMBEDDING: usize = DIM;

    /// Width of [`Tagging::inner`]: means and deviations over the tokens of every second block, then the deviations of `norm`,
    /// whose means are the embedding.
    pub const INNER: usize = (2 * DEPTH.div_ceil(INNER_STEP) + 1) * DIM;

    /// The layers that an observer sees. Rows are tokens, patches of four bands by all steps; `norm` is the last of them,
    /// whose mean is the embedding; `scores`, one row, are the probabilities.
    pub const LAYERS: [&'static str; DEPTH + 3] = [
        "patch", "block1", "block2", "block3", "block4", "block5", "block6", "block7", "block8", "block9", "block10",
        "block11", "block12", "norm", "scores",
    ];

    /// Builds the net with `labels` outputs.
    ///
    /// # Errors
    /// A missing tensor or one of another shape.
    pub fn new(labels: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let patch = {
            let vb = vb.pp("patch_embed");
            let weight = vb.get((DIM, 1, PATCH, PATCH), "weight")?.reshape((DIM, PATCH * PATCH))?;
            Dense::from_tensors(&weight, Some(&vb.get(DIM, "bias")?))?
        };
        let frequency_position = vb.get((1, DIM, BANDS, 1), "freq_pos_embed")?;
        let time_position = vb.get((1, DIM, 1, MOST_STEPS), "time_pos_embed")?;
        Ok(Self {
            input: Affine::batch_norm(MELS, 1e-5, &vb.pp("init_bn"))?,
            patch,
            frequency_position: frequency_position.reshape((DIM, BANDS))?.t()?.flatten_all()?.to_vec1()?,
            time_position: time_position.reshape((DIM, MOST_STEPS))?.t()?.flatten_all()?.to_vec1()?,
            blocks: (0..DEPTH).map(|i| Block::new(&vb.pp(format!("blocks.{i}")))).collect::<Result<_>>()?,
            norm: LayerNorm::new(DIM, 1e-6, &vb.pp("norm"))?,
            head_norm: LayerNorm::new(DIM, 1e-5, &vb.pp("head.norm"))?,
            head: Dense::new(DIM, labels, true, &vb.pp("head"))?,
        })
    }

    /// Tags a window of `mels`, rows of 64 values in dB; frames beyond a whole patch are ignored.
    ///
    /// # Errors
    /// Fewer than [`Self::FEWEST_FRAMES`] or more than [`Self::MOST_FRAMES`] frames.
    pub fn forward(&self, mels: &[f32]) -> Result<Tagging> {
        self.forward_observed(mels, &mut |_, _| Ok(()))
    }

    /// The same, while `observe` sees each of [`Self::LAYERS`].
    ///
    /// # Errors
    /// As [`Self::forward`], and what `observe` reports.
    pub fn forward_observed(&self, mels: &[f32], observe: &mut Observer<'_>) -> Result<Tagging> {
        let [patch, blocks @ .., norm, scores] = Self::LAYERS;
        let frames = mels.len() / MELS;
        let steps = frames / PATCH;
        if steps == 0 || steps > MOST_STEPS {
            candle_core::bail!("{frames} frames are not in {}..{}", Self::FEWEST_FRAMES, Self::MOST_FRAMES);
        }
        let mut normalised = mels[..steps * PATCH * MELS].to_vec();
        self.input.apply(&mut normalised);
        // [step, frame in patch, band, mel in patch] -> [band, step, mel in patch, frame in patch]
        let mut patches = Vec::with_capacity(normalised.len());
        for band in 0..BANDS {
            for step in normalised.chunks_exact(PATCH * MELS) {
                for mel in band * PATCH..(band + 1) * PATCH {
                    patches.extend(step[mel..].iter().step_by(MELS));
                }
            }
        }
        let mut x = self.patch.apply(&patches);
        for (number, token) in x.chunks_exact_mut(DIM).enumerate() {
            add(token, &self.frequency_position[number / steps * DIM..]);
            add(token, &self.time_position[number % steps * DIM..]);
        }
        let mut show = |name, rows: &[f32], width| {
            observe(name, &Tensor::from_slice(rows, (rows.len() / width, width), &Device::Cpu)?)
        };
        show(patch, &x, DIM)?;
        let mut inner = Vec::with_capacity(Self::INNER);
        for (number, (block, name)) in self.blocks.iter().zip(blocks).enumerate() {
            block.forward(&mut x);
            show(name, &x, DIM)?;
            if number.is_multiple_of(INNER_STEP) {
                let [mean, deviation] = moments(&x);
                inner.extend([mean, deviation].concat());
            }
        }
        let normalised = self.norm.apply(&x);
        show(norm, &normalised, DIM)?;
        let [embedding, deviation] = moments(&normalised);
        inner.extend(deviation);
        let mut probability = self.head.apply(&self.head_norm.apply(&embedding));
        probability.iter_mut().for_each(|x| *x = 1.0 / (1.0 + (-*x).exp()));
        show(scores, &probability, probability.len())?;
        Ok(Tagging { probability, embedding, inner })
    }
}

impl Block {
    fn new(vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            norm: [LayerNorm::new(DIM, 1e-6, &vb.pp("norm1"))?, LayerNorm::new(DIM, 1e-6, &vb.pp("norm2"))?],
            qkv: Dense::new(DIM, 3 * DIM, true, &vb.pp("attn.qkv"))?,
            projection: Dense::new(DIM, DIM, true, &vb.pp("attn.proj"))?,
            mlp: [
                Dense::new(DIM, 4 * DIM, true, &vb.pp("mlp.fc1"))?.activated(Gelu),
                Dense::new(4 * DIM, DIM, true, &vb.pp("mlp.fc2"))?,
            ],
        })
    }

    /// `x` `[tokens][dim]`, in place.
    fn forward(&self, x: &mut [f32]) {
        const HEAD: usize = DIM / HEADS;
        let qkv = self.qkv.apply(&self.norm[0].apply(x));
        let tokens = x.len() / DIM;
        let mut attended = vec![0.0; x.len()];
        let mut weights = vec![0.0; tokens * tokens];
        let mut sums = vec![0.0; tokens * HEAD];
        for head in 0..HEADS {
            let part = |which: usize| Rows {
                values: &qkv[which * DIM + head * HEAD..],
                count: tokens,
                stride: 3 * DIM,
                pieces: 1,
                piece_stride: HEAD,
            };
            Panels::of_rows(part(1), HEAD).product_into(part(0), &mut weights);
            softmax_rows(&mut weights, tokens, (HEAD as f32).powf(-0.5));
            Panels::of_columns(part(2), HEAD).product_into(Rows::side_by_side(&weights, tokens), &mut sums);
            for (token, sums) in attended.chunks_exact_mut(DIM).zip(sums.chunks_exact(HEAD)) {
                token[head * HEAD..][..HEAD].copy_from_slice(sums);
            }
        }
        add(x, &self.projection.apply(&attended));
        let hidden = self.mlp[0].apply(&self.norm[1].apply(x));
        add(x, &self.mlp[1].apply(&hidden));
    }
}

/// Mean and standard deviation of the tokens.
fn moments(tokens: &[f32]) -> [Vec<f32>; 2] {
    let count = (tokens.len() / DIM) as f32;
    let mut mean = vec![0.0; DIM];
    tokens.chunks_exact(DIM).for_each(|token| add(&mut mean, token));
    mean.iter_mut().for_each(|x| *x /= count);
    let mut deviation = vec![0.0; DIM];
    for token in tokens.chunks_exact(DIM) {
        deviation.iter_mut().zip(token).zip(&mean).for_each(|((sum, x), mean)| *sum += (x - mean) * (x - mean));
    }
    deviation.iter_mut().for_each(|x| *x = (*x / count).sqrt());
    [mean, deviation]
}

fn add(x: &mut [f32], other: &[f32]) {
    x.iter_mut().zip(other).for_each(|(x, other)| *x += other);
}

//! CED, consistent ensemble distillation for audio tagging (arXiv 2308.11957): a small vision transformer over
//! patches of 16 mel bands by 16 frames, taught by an ensemble on AudioSet.

use candle_core::{D, Device, Module, Result, Tensor};
use candle_nn::{LayerNorm, VarBuilder, layer_norm, ops::softmax_last_dim};

use super::layers::{Activation::Gelu, Affine, Dense};
use super::{Observer, Tagging};

const MELS: usize = 64;
const PATCH: usize = 16;
const BANDS: usize = MELS / PATCH;
const DIM: usize = 192;
const HEADS: usize = 3;
const DEPTH: usize = 12;
const MOST_STEPS: usize = 63;

/// CED-tiny: 64 mel bands in dB, up to 10 s, 5.5 M parameters.
pub struct Ced {
    input: Affine,
    patch: Dense,
    /// `[bands, 1, dim]` and `[1, steps, dim]`.
    frequency_position: Tensor,
    time_position: Tensor,
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
            frequency_position: frequency_position.permute((0, 2, 3, 1))?.squeeze(0)?.contiguous()?,
            time_position: time_position.permute((0, 2, 3, 1))?.squeeze(0)?.contiguous()?,
            blocks: (0..DEPTH).map(|i| Block::new(&vb.pp(format!("blocks.{i}")))).collect::<Result<_>>()?,
            norm: layer_norm(DIM, 1e-6, vb.pp("norm"))?,
            head_norm: layer_norm(DIM, 1e-5, vb.pp("head.norm"))?,
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
        let x = Tensor::from_vec(normalised, (steps, PATCH, BANDS, PATCH), &Device::Cpu)?;
        // [step, frame in patch, band, mel in patch] -> [band, step, mel in patch, frame in patch]
        let x = x.permute((2, 0, 3, 1))?.contiguous()?;
        let x = self.patch.forward(&x.reshape(((), PATCH * PATCH))?)?.reshape((BANDS, steps, DIM))?;
        let x = x.broadcast_add(&self.frequency_position)?;
        let x = x.broadcast_add(&self.time_position.narrow(1, 0, steps)?)?;
        let mut x = x.reshape((BANDS * steps, DIM))?;
        observe(patch, &x)?;
        for (block, name) in self.blocks.iter().zip(blocks) {
            x = block.forward(&x)?;
            observe(name, &x)?;
        }
        let normalised = self.norm.forward(&x)?;
        observe(norm, &normalised)?;
        let embedding = normalised.mean_keepdim(0)?;
        let logits = self.head.forward(&self.head_norm.forward(&embedding)?)?;
        let probability = candle_nn::ops::sigmoid(&logits)?;
        observe(scores, &probability)?;
        Ok(Tagging { probability: probability.squeeze(0)?.to_vec1()?, embedding: embedding.squeeze(0)?.to_vec1()? })
    }
}

impl Block {
    fn new(vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            norm: [layer_norm(DIM, 1e-6, vb.pp("norm1"))?, layer_norm(DIM, 1e-6, vb.pp("norm2"))?],
            qkv: Dense::new(DIM, 3 * DIM, true, &vb.pp("attn.qkv"))?,
            projection: Dense::new(DIM, DIM, true, &vb.pp("attn.proj"))?,
            mlp: [
                Dense::new(DIM, 4 * DIM, true, &vb.pp("mlp.fc1"))?.activated(Gelu),
                Dense::new(4 * DIM, DIM, true, &vb.pp("mlp.fc2"))?,
            ],
        })
    }

    /// `x` `[tokens, dim]`.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let tokens = x.dim(0)?;
        let qkv = self.qkv.forward(&self.norm[0].forward(x)?)?;
        let qkv = qkv.reshape((tokens, 3, HEADS, DIM / HEADS))?.permute((1, 2, 0, 3))?;
        let part = |i: usize| qkv.get(i)?.contiguous();
        let (q, k, v) = ((part(0)? * ((DIM / HEADS) as f64).powf(-0.5))?, part(1)?, part(2)?);
        let weights = softmax_last_dim(&q.matmul(&k.transpose(D::Minus1, D::Minus2)?)?)?;
        let attended = weights.matmul(&v)?.transpose(0, 1)?.contiguous()?.reshape((tokens, DIM))?;
        let x = (x + self.projection.forward(&attended)?)?;
        let hidden = self.mlp[0].forward(&self.norm[1].forward(&x)?)?;
        &x + self.mlp[1].forward(&hidden)?
    }
}

//! CED in tensor operations; see [`crate::nets::Ced`].

use candle_core::{D, Device, Module, Result, Tensor};
use candle_nn::{LayerNorm, Linear, VarBuilder, layer_norm, linear, ops};

use super::Norm;
use crate::nets::Ced;
use crate::nets::ced::{BANDS, DEPTH, DIM, HEADS, INNER_STEP, MELS, MOST_STEPS, PATCH};

/// Width of an attention head.
const HEAD: usize = DIM / HEADS;

/// See the module's text.
pub struct CedTensors {
    input: Norm,
    patch: Linear,
    /// `[bands, 1, dim]` and `[1, steps, dim]`.
    frequency_position: Tensor,
    time_position: Tensor,
    blocks: Vec<Block>,
    norm: LayerNorm,
    head_norm: LayerNorm,
    head: Linear,
}

struct Block {
    norm: [LayerNorm; 2],
    qkv: Linear,
    projection: Linear,
    mlp: [Linear; 2],
}

impl CedTensors {
    /// Mel bands of a frame.
    pub const MELS: usize = MELS;

    /// Builds the net with `labels` outputs on the device of `vb`.
    ///
    /// # Errors
    /// A missing tensor or one of another shape.
    pub fn new(labels: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let patch = vb.pp("patch_embed");
        let weight = patch.get((DIM, 1, PATCH, PATCH), "weight")?.reshape((DIM, PATCH * PATCH))?;
        let frequency_position = vb.get((1, DIM, BANDS, 1), "freq_pos_embed")?.reshape((DIM, BANDS))?.t()?;
        let time_position = vb.get((1, DIM, 1, MOST_STEPS), "time_pos_embed")?.reshape((DIM, MOST_STEPS))?.t()?;
        Ok(Self {
            input: Norm::new(&[MELS], 1e-5, &vb.pp("init_bn"))?,
            patch: Linear::new(weight, Some(patch.get(DIM, "bias")?)),
            frequency_position: frequency_position.contiguous()?.reshape((BANDS, 1, DIM))?,
            time_position: time_position.contiguous()?.reshape((1, MOST_STEPS, DIM))?,
            blocks: (0..DEPTH).map(|i| Block::new(&vb.pp(format!("blocks.{i}")))).collect::<Result<_>>()?,
            norm: layer_norm(DIM, 1e-6, vb.pp("norm"))?,
            head_norm: layer_norm(DIM, 1e-5, vb.pp("head.norm"))?,
            head: linear(DIM, labels, vb.pp("head"))?,
        })
    }

    /// Where the net lies.
    pub fn device(&self) -> &Device {
        self.time_position.device()
    }

    /// Probabilities `[windows, labels]`, embeddings `[windows, dim]` and what lies further within `[windows, Ced::INNER]` of
    /// windows `[windows, frames, mels]`; frames beyond a whole patch are ignored.
    ///
    /// # Errors
    /// Fewer than [`Ced::FEWEST_FRAMES`] or more than [`Ced::MOST_FRAMES`] frames; a device that failed.
    pub fn forward(&self, windows: &Tensor) -> Result<(Tensor, Tensor, Tensor)> {
        let (batch, frames, _) = windows.dims3()?;
        let steps = frames / PATCH;
        if !(1..=MOST_STEPS).contains(&steps) {
            candle_core::bail!("{frames} frames are not in {}..{}", Ced::FEWEST_FRAMES, Ced::MOST_FRAMES);
        }
        let x = self.input.apply(&windows.narrow(1, 0, steps * PATCH)?)?;
        // [step, frame in patch, band, mel in patch] -> [band, step, mel in patch, frame in patch]
        let x = x.reshape((batch, steps, PATCH, BANDS, PATCH))?.permute((0, 3, 1, 4, 2))?.contiguous()?;
        let x = self.patch.forward(&x.reshape((batch, BANDS * steps, PATCH * PATCH))?)?;
        let position = self.frequency_position.broadcast_add(&self.time_position.narrow(1, 0, steps)?)?;
        let mut x = x.broadcast_add(&position.reshape((1, BANDS * steps, DIM))?)?;
        let mut inner = Vec::new();
        for (number, block) in self.blocks.iter().enumerate() {
            x = block.forward(&x)?;
            if number.is_multiple_of(INNER_STEP) {
                inner.extend(moments(&x)?);
            }
        }
        let [embedding, deviation] = moments(&self.norm.forward(&x)?)?;
        inner.push(deviation);
        let probability = ops::sigmoid(&self.head.forward(&self.head_norm.forward(&embedding)?)?)?;
        Ok((probability, embedding, Tensor::cat(&inner, 1)?))
    }
}

/// Mean and standard deviation of the tokens of each window, `[windows, dim]`.
fn moments(tokens: &Tensor) -> Result<[Tensor; 2]> {
    let mean = tokens.mean_keepdim(1)?;
    let deviation = tokens.broadcast_sub(&mean)?.sqr()?.mean(1)?.sqrt()?;
    Ok([mean.squeeze(1)?, deviation])
}

impl Block {
    fn new(vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            norm: [layer_norm(DIM, 1e-6, vb.pp("norm1"))?, layer_norm(DIM, 1e-6, vb.pp("norm2"))?],
            qkv: linear(DIM, 3 * DIM, vb.pp("attn.qkv"))?,
            projection: linear(DIM, DIM, vb.pp("attn.proj"))?,
            mlp: [linear(DIM, 4 * DIM, vb.pp("mlp.fc1"))?, linear(4 * DIM, DIM, vb.pp("mlp.fc2"))?],
        })
    }

    /// `x` `[windows, tokens, dim]`.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, tokens, _) = x.dims3()?;
        let qkv = self.qkv.forward(&self.norm[0].forward(x)?)?;
        // [window, token, which, head, value] -> [which, window, head, token, value]
        let qkv = qkv.reshape((batch, tokens, 3, HEADS, HEAD))?.permute((2, 0, 3, 1, 4))?;
        let part = |which| qkv.get(which)?.contiguous();
        let scores = (part(0)?.matmul(&part(1)?.transpose(2, 3)?.contiguous()?)? * (HEAD as f64).powf(-0.5))?;
        let attended = ops::softmax(&scores, D::Minus1)?.matmul(&part(2)?)?;
        let attended = attended.transpose(1, 2)?.contiguous()?.reshape((batch, tokens, DIM))?;
        let x = (x + self.projection.forward(&attended)?)?;
        let hidden = self.mlp[0].forward(&self.norm[1].forward(&x)?)?.gelu_erf()?;
        x + self.mlp[1].forward(&hidden)?
    }
}
